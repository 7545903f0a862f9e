"""What is said of contestants: of fewer rows than a teacher is asked for, and of seed data that competes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from polyteach.scoring.records import ContestantData, Evidence, Exam, StudyFacts, Teacher
from polyteach.scoring.results import results_of


@pytest.fixture
def evidence(make_exam) -> Evidence:
    def students(name: str, scores: list[int]) -> Exam:
        return make_exam(scores * 20, teacher=name, trial=0)

    return Evidence(
        study=StudyFacts("small", ("de",), ("a",), 1, (Teacher("t"), Teacher("humans"))),
        bases=[make_exam([0, 0, 0, 1] * 20)],
        references=[make_exam([1, 1, 1, 0] * 20)],
        students=[students("t", [1, 0, 0, 1]), students("humans", [1, 1, 0, 1])],
        metrics=[],
    )


def told(evidence: Evidence, data: ContestantData | None) -> dict[str, tuple[str, str]]:
    study = replace(evidence.study, teachers=(Teacher("t"), Teacher("humans", data=data)))
    warnings = results_of(replace(evidence, study=study), study={}, rng_seed=1)["warnings"]
    wanted = ("fewer_rows", "seed_data_competes")
    return {w["code"]: (w["where"], w["message"]) for w in warnings if w["code"] in wanted}


def test_a_contestant_of_equal_size_gives_no_warning(evidence: Evidence) -> None:
    assert told(evidence, None) == {}
    assert told(evidence, ContestantData({"de": 70}, {"de": 70}, False)) == {}


def test_fewer_rows_are_told_with_both_numbers(evidence: Evidence) -> None:
    found = told(evidence, ContestantData({"de": 40}, {"de": 70}, False))
    text = "humans has 40 rows, a teacher is asked for 70: not of equal size."
    assert found == {"fewer_rows": ("humans/de", text)}


def test_seed_data_as_a_contestant_is_told(evidence: Evidence) -> None:
    found = told(evidence, ContestantData({"de": 99}, {"de": 70}, True))
    assert list(found) == ["seed_data_competes"]
    assert found["seed_data_competes"][0] == "humans"
    assert "reference" in found["seed_data_competes"][1]
