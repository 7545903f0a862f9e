"""Shortcuts that rank teachers without training students on all of them; one file each (`contract.py`)."""
