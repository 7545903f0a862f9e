"""What a study is: the YAML as typed data, every mistake in it reported at once."""

from polyteach.study.load import load_study
from polyteach.study.schema import METHODS, Base, FileSource, Method, PocketSource, Study, Teacher

__all__ = [
    "METHODS",
    "Base",
    "FileSource",
    "Method",
    "PocketSource",
    "Study",
    "Teacher",
    "load_study",
]
