"""Who runs the steps. Every executor makes each step through `Store.make`; they differ only in where."""
