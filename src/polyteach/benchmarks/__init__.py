"""Exams of students, through lm-eval with our own task files; per-item results are kept."""
