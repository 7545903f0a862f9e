"""Simulated studies whose truth is known, for `bench/coverage.py`."""
