"""Which teacher to take for a language: evidence weighed, one answer, and what would change it."""
