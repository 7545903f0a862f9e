"""Where prompts and human examples come from: files that users bring, and the pocket world."""

from polyteach.seed_data.files import read_file

__all__ = ["read_file"]
