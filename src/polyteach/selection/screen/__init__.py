"""Candidates compared by a few rows each, before anything is trained."""
