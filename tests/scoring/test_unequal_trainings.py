"""How students were trained is told in the results, and warned of where rows are not alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.scoring.evidence import read_evidence
from polyteach.scoring.records import StudyFacts, Teacher
from polyteach.scoring.results import results_of

STUDY = StudyFacts("small", ("de",), ("a",), 1, (Teacher("t"),))


def told(folder: Path, **examples: int) -> dict[str, Any]:
    """The results of a study of which only the trainings are known; each student should have 240 rows."""
    inputs = {}
    for who, count in examples.items():
        inputs[f"students/a/{who}/de/0"] = folder / who
        (folder / who).mkdir()
        training = {
            "examples": count,
            "rows_asked_for": 240,
            "removed": {"no_response": 0, "overlaps_benchmark": 240 - count},
            "loss_curve": [[1, 3.0], [4, 1.5]],
        }
        (folder / who / "training.json").write_text(json.dumps(training))
    return results_of(read_evidence(STUDY, inputs, []), study={}, rng_seed=1)


def warned(results: dict[str, Any]) -> list[tuple[str, str]]:
    return [(w["where"], w["message"]) for w in results["warnings"] if w["code"] == "unequal_rows"]


def test_each_students_training_is_in_the_results(tmp_path: Path) -> None:
    reference, student = told(tmp_path, reference=240, t=180)["trainings"]
    assert (reference["teacher"], reference["removed"]) == ("reference", {})
    assert student == {
        "base": "a",
        "teacher": "t",
        "language": "de",
        "trial": 0,
        "examples": 180,
        "wanted": 240,
        "removed": {"overlaps_benchmark": 60},
        "loss_curve": [[1, 3.0], [4, 1.5]],
    }


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ({"reference": 240, "t": 240}, None),
        (
            {"reference": 240, "t": 180},
            "Students were not trained on equally many of the 240 rows asked for: reference 240, t 180. "
            "Rows that were kept from them: t 60 (overlaps benchmark).",
        ),
        (
            {"reference": 180, "t": 180},
            "Students were trained on 180 of the 240 rows asked for. Rows that were kept from them: "
            "reference 60 (overlaps benchmark), t 60 (overlaps benchmark).",
        ),
    ],
)
def test_students_without_equally_many_rows_are_warned_of(
    examples: dict[str, int], said: str | None, tmp_path: Path
) -> None:
    assert warned(told(tmp_path, **examples)) == ([("a/de", said)] if said else [])


@pytest.mark.parametrize(("rows", "is_short"), [(119, True), (120, False)])
def test_a_reference_with_less_than_half_of_its_rows_is_warned_of(
    rows: int, is_short: bool, tmp_path: Path
) -> None:
    found = {w["code"]: w["message"] for w in told(tmp_path, reference=rows, t=240)["warnings"]}
    message = "The reference learned from 119 of 240 rows: add seed rows with responses, or name a model as"
    assert found.get("short_reference", "").startswith(message) == is_short
