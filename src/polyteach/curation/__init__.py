"""Data sets made better: rows judged by rules that one can read, kept or taken away, or answered again."""
