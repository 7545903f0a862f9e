"""Finished data and students in forms that others read: layouts, splits, preference pairs, cards, hub."""
