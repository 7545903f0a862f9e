"""Intrinsic metrics: what the data itself shows, one file each, each a pure function of texts or rows."""
