"""Files of candidates, and teachers that are used in some ways only."""

from pathlib import Path

import pytest

from polyteach.errors import UserError, UserErrors
from polyteach.study import Candidates, Study, load_candidates, load_study

CANDIDATES = """
name: two
languages: [de]
teachers:
  - {name: a, simulated: {}, methods: [respond, generate]}
  - {name: b, simulated: {error: 0.3}}
  - {name: humans, data: seed_data}
seed_data: [{pocket: 40}]
"""
TRAINING = """
students: {bases: [{name: base-a, model: "pocket:base-a"}]}
benchmarks: [pocket-choice]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_candidates_need_no_students_and_a_study_is_a_study(tmp_path: Path) -> None:
    assert type(load_candidates(written(tmp_path, CANDIDATES))) is Candidates
    assert type(load_candidates(written(tmp_path, CANDIDATES + TRAINING))) is Study


def test_a_study_is_checked_whole_when_it_is_screened(tmp_path: Path) -> None:
    with pytest.raises(UserErrors) as told:
        load_candidates(written(tmp_path, CANDIDATES + TRAINING + "trials: 0\n"))
    assert [error.where for error in told.value.errors] == [f"{tmp_path / 'file.yaml'}:12: trials"]


def test_a_run_says_in_one_message_what_candidates_lack(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lacks students and benchmarks") as told:
        load_study(written(tmp_path, CANDIDATES))
    assert not isinstance(told.value, UserErrors)
    assert "polyteach screen" in str(told.value.fix)


def test_a_key_of_a_study_that_is_misspelt_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(UserErrors, match="did you mean `trials`"):
        load_candidates(written(tmp_path, CANDIDATES + "trails: 3\n"))


def test_teachers_have_the_studys_methods_or_some_of_them(tmp_path: Path) -> None:
    found = load_candidates(written(tmp_path, CANDIDATES))
    assert [found.methods_of(teacher) for teacher in found.teachers] == [
        ["generate", "respond"],  # in the order of the study's
        ["generate", "translate", "respond"],
        [],
    ]
    assert [one.name for one in found.compared()] == ["a", "b", "humans"]
    by_method = [(one.name, one.methods) for one in found.compared("method")]
    assert by_method[:2] == [("a/generate", ["generate"]), ("a/respond", ["respond"])]
    assert [name for name, _ in by_method[2:]] == ["b/generate", "b/translate", "b/respond", "humans"]


def test_a_teachers_method_is_one_of_the_studys(tmp_path: Path) -> None:
    with pytest.raises(UserErrors, match="a is to `generate`, which is not among the methods"):
        load_candidates(written(tmp_path, CANDIDATES + "synthesis: {methods: [respond]}\n"))


def test_a_simulated_teacher_that_does_not_translate_stands_beside_a_translation_model(
    tmp_path: Path,
) -> None:
    translated = "synthesis: {translate: model, translator: ./nllb}\n"
    with pytest.raises(UserErrors, match="b is simulated"):
        load_candidates(written(tmp_path, CANDIDATES + translated))
    without_b = CANDIDATES.replace("  - {name: b, simulated: {error: 0.3}}\n", "")
    assert load_candidates(written(tmp_path, without_b + translated)).synthesis.translator


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CANDIDATES + "budget: 0\n", "greater than 0.*--dry-run"),
        (CANDIDATES.replace("seed_data: [{pocket: 40}]", ""), "seed_data: missing.*teachers start from"),
        (CANDIDATES.replace("name: b", "name: ../b"), "a name is made of letters"),
    ],
)
def test_bad_candidates_are_told_with_their_fix(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserErrors, match=f"(?s){told}"):
        load_candidates(written(tmp_path, text))


def test_a_study_hands_over_what_its_data_is_measured_by(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, CANDIDATES + TRAINING)).limited(5)
    alone = study.candidates()
    assert type(alone) is Candidates
    assert alone.quality.perplexity_model == "pocket:base-a"
    assert alone.model_dump(exclude={"quality"}) == study.model_dump(
        include={*Candidates.model_fields} - {"quality"}
    )
