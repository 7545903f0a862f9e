"""Fuzzing of what polyteach reads from others: studies, data, results, and what models answer."""
