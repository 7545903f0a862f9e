"""What a study is: the YAML as typed data, every mistake in it reported at once."""

from polyteach.study.benchmarks import AnyBenchmark, ListedBenchmark, LmEvalTask, OwnExam, benchmark_name
from polyteach.study.candidates import By, Candidate, Candidates, EndpointModel
from polyteach.study.load import load_candidates, load_study
from polyteach.study.schema import Base, Study
from polyteach.study.sources import FileSource, HubSource, PocketSource
from polyteach.study.teachers import AnyTeacher, Contestant, SimulatedTeacher, Teacher
from polyteach.study.values import METHODS, Method

__all__ = [
    "METHODS",
    "AnyBenchmark",
    "AnyTeacher",
    "Base",
    "By",
    "Candidate",
    "Candidates",
    "Contestant",
    "EndpointModel",
    "FileSource",
    "HubSource",
    "ListedBenchmark",
    "LmEvalTask",
    "Method",
    "OwnExam",
    "PocketSource",
    "SimulatedTeacher",
    "Study",
    "Teacher",
    "benchmark_name",
    "load_candidates",
    "load_study",
]
