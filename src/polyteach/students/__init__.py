"""Supervised fine-tuning of a base on a cell's data: a student, one a trial."""
