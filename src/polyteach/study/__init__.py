"""What a study is: the YAML as typed data, every mistake in it reported at once."""

from polyteach.study.load import load_study
from polyteach.study.schema import Study, Teacher

__all__ = ["Study", "Teacher", "load_study"]
