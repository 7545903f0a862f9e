"""The controlled teachers are what their file says, and their students those of the program."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from bakeoff.students import RECIPE, examined, trained
from bakeoff.traps import likeliest_wrong, loaded
from bakeoff.world import own_benchmark, parameters, plan, rows_of, teachers

from polyteach.benchmarks.examine import examine_loaded
from polyteach.benchmarks.stand_alone import open_exams
from polyteach.pocket import judge, model_path
from polyteach.students.base import load_base
from polyteach.students.sft import train
from polyteach.study.benchmarks import ListedBenchmark

BENCHMARKS = ("pocket-choice", "pocket-exact")


def marks(teacher: str, language: str = "de", n: int = 600) -> Counter[str]:
    """The oracle's reasons for a teacher's marks."""
    return Counter(
        judge(row.prompt, row.response, language).reason for row in rows_of(teacher, language, "base-a", 1, n)
    )


def test_there_are_24_teachers_and_each_dial_is_in_the_rows() -> None:
    assert len(teachers()) == 24
    assert marks("clean") == {"right": 600}
    assert marks("error-30")["wrong_answer"] == pytest.approx(180, abs=12)
    assert marks("fluent-wrong")["wrong_answer"] == pytest.approx(300, abs=15)
    assert len({(row.prompt, row.response) for row in rows_of("unique-10", "ja", "base-a", 1, 600)}) == 60
    abroad = marks("foreign-30", "ja")
    assert abroad["right"] == pytest.approx(420, abs=40)  # some answers are alike in two languages
    assert marks("right-surprising", "id") == {"right_with_more": 600}
    assert marks("own-samples")["right"] < 60


def test_a_rung_is_a_part_of_the_next() -> None:
    for name in ("error-10+unique-50", "foreign-10", "own-samples"):
        assert rows_of(name, "id", "base-c", 2, 67) == rows_of(name, "id", "base-c", 2, 600)[:67]


def test_most_teachers_share_an_error_and_one_has_its_own() -> None:
    prompts = [row.prompt for row in rows_of("clean", "de", "base-a", 1, 600)]
    right = {row.prompt: row.response for row in rows_of("clean", "de", "base-a", 1, 600)}
    wrong = {
        name: {
            row.prompt for row in rows_of(name, "de", "base-a", 1, 600) if row.response != right[row.prompt]
        }
        for name in ("error-10", "error-30", "private-error-30")
    }
    assert wrong["error-10"] < wrong["error-30"]
    shared = wrong["error-30"] & wrong["private-error-30"]
    assert len(shared) < 0.5 * len(wrong["private-error-30"])
    assert (
        sum(one.dials.error >= 0.1 and not one.trap and one.beliefs_seed == 1 for one in teachers().values())
        == 13
    )
    assert len(prompts) == len(right)


def test_the_likeliest_wrong_answer_is_wrong_and_of_the_right_kind() -> None:
    said = Counter(
        judge(row.prompt, likeliest_wrong("id")[row.source_id.split("/", 2)[2]], "id").reason
        for row in rows_of("clean", "id", "base-a", 1, 184)
    )
    assert set(said) == {"wrong_answer"}


def test_sizes_say_nothing_and_exams_what_a_teacher_knows() -> None:
    sizes, exam = parameters(), own_benchmark()
    low, high = plan()["facts"]["parameters"]
    assert all(low <= size <= high for size in sizes.values())
    assert sizes["clean"] != max(sizes.values())
    assert exam["own-samples"] is None
    assert exam["clean"] == 1 and 0.4 < (exam["error-50"] or 0) < 0.6


@pytest.mark.parametrize(("language", "base"), [("ja", "base-c"), ("de", "base-a")])
def test_a_student_of_the_bank_is_the_programs_own(language: str, base: str, tmp_path: Path) -> None:
    rows = rows_of("error-10+triple", language, base, 3, 67)
    ours, tokens = trained(base, rows, 3)
    training = train(str(model_path(base)), rows, tmp_path, RECIPE, rng_seed=3)
    theirs, _ = load_base(str(tmp_path / "model"))
    assert tokens == RECIPE.epochs * training.tokens
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    exams = open_exams([ListedBenchmark(benchmark=name) for name in BENCHMARKS], language, None)
    fast = examined(ours, base, language)
    for found in examine_loaded(ours, loaded(base)[1], exams):
        answers = [one.score for one in found.results]
        assert sum(a != b for a, b in zip(answers, fast[found.name], strict=True)) <= 1
