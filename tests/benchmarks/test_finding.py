"""What a student's training needs to know of the exams whose questions it must not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.benchmarks.finding import Found, as_listed, asked_texts, find_exam
from polyteach.errors import UserError
from polyteach.study import ListedBenchmark, OwnExam

PROBLEMS = [{"question": "Wie viel ist 2.000 und 125?", "answer": "2125"}]
SHOTS = [{"question": "Frage: Wie viel ist 1 und 1?", "answer": "Antwort: 1 und 1 ist 2."}] * 8


def written(path: Path, records: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def mgsm(folder: Path, name: str, few_shot: int) -> Found:
    files = {"de": written(folder / "mgsm.jsonl", PROBLEMS)}
    shots = {"de": written(folder / "shots.jsonl", SHOTS)} if few_shot else None
    return find_exam(
        ListedBenchmark(benchmark=name, file=files, shots=shots, few_shot=few_shot), "de", Path()
    )


def own(folder: Path, name: str) -> Found:
    file = written(folder / "own.jsonl", [{"question": "Was ist rot?", "answer": "Tomate"}])
    return find_exam(OwnExam(name=name, file=file, kind="exact", language="de"), "de", Path())


def test_how_an_exam_is_asked_and_called_is_no_part_of_what_training_keeps_out(tmp_path: Path) -> None:
    bare = as_listed({("mgsm", "de"): mgsm(tmp_path, "mgsm", 0), ("own", "de"): own(tmp_path, "own")})
    others = {("a", "de"): own(tmp_path, "a"), ("mgsm-cot", "de"): mgsm(tmp_path, "mgsm-cot", 8)}
    assert as_listed(others) == bare, "another name, order, form and examples: the same questions"
    listed, locations = bare
    assert sorted(locations.values()) == sorted(str(tmp_path / name) for name in ("mgsm.jsonl", "own.jsonl"))
    assert sorted(asked_texts(listed, locations)) == ["Was ist rot?", PROBLEMS[0]["question"]]


def test_a_corrected_answer_leaves_what_training_keeps_out_as_it_was(tmp_path: Path) -> None:
    first = own(tmp_path, "own")
    before = as_listed({("own", "de"): first})
    record = {"question": "Was ist rot?", "answer": "Blut"}
    file = written(tmp_path / "own.jsonl", [record])
    exam = OwnExam(name="own", file=file, kind="exact", language="de")
    found = find_exam(exam, "de", Path())
    assert as_listed({("own", "de"): found}) == before
    assert found.settings != first.settings, "who is examined is examined anew"
    written(tmp_path / "own.jsonl", [record | {"question": "Was ist blau?"}])
    with pytest.raises(UserError, match="asks something else since the study was read"):
        list(asked_texts(*before))
    other = as_listed({("own", "de"): find_exam(exam, "de", Path())})
    assert other[0] != before[0]
    assert list(asked_texts(*other)) == ["Was ist blau?"]


def test_questions_that_two_exams_ask_are_listed_once(tmp_path: Path) -> None:
    both = {(name, "de"): mgsm(tmp_path, name, 0) for name in ("mgsm", "mgsm-cot")}
    pocket = {(n, "de"): find_exam(n, "de", Path()) for n in ("pocket-choice", "pocket-exact")}
    listed, locations = as_listed(both | pocket)
    assert len(listed) == 2
    assert len(list(asked_texts(listed, locations))) == 1 + 368


def test_other_questions_and_languages_are_other_exams(tmp_path: Path) -> None:
    def only(found: Found, language: str = "de") -> list[dict[str, Any]]:
        return as_listed({("mgsm", language): found})[0]

    before = mgsm(tmp_path, "mgsm", 0)
    assert only(before) != only(before, "es")
    file = written(tmp_path / "other.jsonl", [{"question": "Wie viel ist 3 und 4?", "answer": "7"}])
    other = ListedBenchmark(benchmark="mgsm", file={"de": file}, few_shot=0)
    assert only(before) != only(find_exam(other, "de", Path()))
    task = Found({"lm_eval": "xcopa_id", "tasks": "d"}, {"d": str(tmp_path)})
    assert as_listed({("xcopa_id", "id"): task}) == ([], {}), "read when it runs"


def shown(folder: Path, name: str, shots: list[dict[str, Any]]) -> Found:
    files = {
        "de": written(folder / "mgsm.jsonl", [*PROBLEMS, {"question": "Wie viel ist 7?", "answer": "7"}])
    }
    named = {"de": written(folder / "shots.jsonl", shots)}
    return find_exam(
        ListedBenchmark(benchmark=name, file=files, shots=named, few_shot=len(shots)), "de", Path()
    )


@pytest.mark.parametrize("name", ["mgsm", "mgsm-cot"])
def test_an_example_is_none_of_the_items(tmp_path: Path, name: str) -> None:
    item = {"question": f"Frage:  {PROBLEMS[0]['question']}", "answer": "Antwort: Es sind 2125."}
    with pytest.raises(
        UserError, match=r"shots.jsonl:2: is shown as an example, and asked at .*mgsm.jsonl:1"
    ):
        shown(tmp_path, name, [SHOTS[0], item])
    shown(tmp_path, name, SHOTS[:1])


def test_examples_are_in_the_language_of_the_exam(tmp_path: Path) -> None:
    for spelling in ("de", "German"):
        shown(tmp_path, "mgsm", [SHOTS[0] | {"language": spelling}])
    with pytest.raises(UserError, match=r"shots.jsonl:1: column 'language' says 'en', not 'de'"):
        shown(tmp_path, "mgsm", [SHOTS[0] | {"language": "en"}])
