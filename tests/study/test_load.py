from pathlib import Path

import pytest

from polyteach.errors import UserError, UserErrors
from polyteach.study import load_study

GOOD = """
name: small
languages: [de, tl]
teachers: [{name: a, model: "pocket:err-03"}]
seed_data: [{pocket: 20}, {path: seed.jsonl, language: de, methods: [respond]}]
students:
  bases: [{name: b, model: "pocket:base-a"}]
  learning_rate: 5e-5
benchmarks: [pocket-choice]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[UserError]:
    with pytest.raises(UserErrors) as caught:
        load_study(written(folder, text))
    return caught.value.errors


def test_a_study_gets_the_papers_settings_where_it_says_nothing(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, GOOD))
    assert study.languages == ["de", "fil"]  # kept as standardised
    assert (study.students.epochs, study.students.batch_size, study.students.weight_decay) == (2, 32, 0.001)
    assert (study.synthesis.rows_per_method, study.synthesis.few_shot, study.trials) == (3500, 3, 3)
    assert study.students.learning_rate == 5e-5  # YAML 1.1 reads this as text


def test_all_mistakes_are_reported_at_once_with_line_path_value_and_fix(tmp_path: Path) -> None:
    text = GOOD.replace("name: small", "name: small study\nrng_sed: 3").replace(
        "bases:", "epochs: 1.5\n  bases:"
    )
    text = text.replace("{pocket: 20}", "{pocket: many}").replace("model:", "temperature: hot, modle:", 1)
    found = {str(fault.where).split(": ", 1)[1]: fault for fault in faults(tmp_path, text)}
    assert set(found) == {
        "name",
        "rng_sed",
        "teachers[0].model",
        "teachers[0].modle",
        "teachers[0].temperature",
        "seed_data[0].pocket",
        "students.epochs",
    }
    assert str(found["rng_sed"].where).startswith(f"{tmp_path / 'study.yaml'}:3:")
    assert found["rng_sed"].fix == "did you mean `rng_seed`?"
    assert "found 'hot'" in found["teachers[0].temperature"].what
    assert all(
        fault.fix for fault in (found["rng_sed"], found["teachers[0].model"], found["seed_data[0].pocket"])
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("de, tl", "de, xx"), "unknown language 'xx'"),
        (("de, tl", "de, de"), "listed twice: de"),
        (("de, tl", "tl, fil"), "listed twice: fil"),
        (("[de, tl]", "[]"), "at least 1 item"),
        (("name: a", "name: ../a"), "a name is made of"),
        (("name: a", "name: base"), "this name is taken"),
        (("[respond]", "[reply]"), "'generate', 'translate' or 'respond'"),
    ],
)
def test_each_mistake_says_what_it_is(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert GOOD.count(change[0]) == 1
    (fault,) = faults(tmp_path, GOOD.replace(*change))
    assert message in fault.what


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a study is a mapping"),
        (b"just text", "a study is a mapping"),
        (b"a: [1, 2", "not valid YAML"),
        (b"name: x\nname: y", "`name` stands here twice"),
        (b"name: \xff\xfe", "not UTF-8 at byte 6"),
        (b"!!python/object/apply:os.system ['true']", "not valid YAML"),
        (b"a: " + b"[" * 5000, "not valid YAML"),
    ],
)
def test_what_is_no_study_at_all_is_said_in_one_message(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_study(path)
    assert message in caught.value.what


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such study file"):
        load_study(tmp_path / "nowhere.yaml")
    with pytest.raises(UserError, match="this is a folder"):
        load_study(tmp_path)


def test_a_limit_only_ever_lowers(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, GOOD))
    limited = study.limited(7)
    assert (limited.synthesis.rows_per_method, limited.students.rows, limited.benchmark_items) == (7, 7, 7)
    assert study.limited(10**9).students == study.students
