"""Choosing a teacher: plans studies, stops them, and says what was found. Nothing below knows it."""
