"""Polyteach: which language model, used how, teaches a language best."""
