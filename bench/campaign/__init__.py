"""Faults that are tried on a small study: what is broken, when, and what has to hold afterwards."""
