"""Controlled teachers whose students are all trained: the truth that selectors and races are held against."""
