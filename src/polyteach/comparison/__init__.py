"""Runs side by side: scores, ranks, and why they changed."""
