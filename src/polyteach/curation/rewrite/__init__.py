"""Weak rows answered again by a teacher; what was good stays as it is."""
