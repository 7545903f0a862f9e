import os
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


def bomb() -> bytes:
    """Ten lists, each of nine aliases of the one before."""
    lists = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(["a0: &a0 [x, x]", *lists]).encode()


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
        "teachers[0]",
        "teachers[0].modle",
        "teachers[0].temperature",
        "seed_data[0].pocket",
        "students.epochs",
    }
    assert str(found["rng_sed"].where).startswith(f"{tmp_path / 'study.yaml'}:3:")
    assert found["rng_sed"].fix == "did you mean `rng_seed`?"
    assert found["teachers[0].modle"].fix == "did you mean `model`?"
    assert "found 'hot'" in found["teachers[0].temperature"].what
    assert all(fault.fix for fault in (found["rng_sed"], found["teachers[0]"], found["seed_data[0].pocket"]))


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
        (("name: a", "name: -a"), "a name is made of"),
        (("name: a", "name: " + "字" * 27), "at most 80 bytes"),
        (("name: a", "name: " + "𐌀" * 21), "at most 80 bytes"),
        (("5e-5", ".inf"), "finite number"),
        (("5e-5", ".nan"), "finite number"),
        (("5e-5", "'inf'"), "finite number"),
        (("pocket: 20", "pocket: 0x" + "f" * 5000), "found a number too long to show"),
        (("de, tl", "de, en"), "`translate` goes from English into another language"),
        (("de, tl", "de, en-GB"), "`translate` goes from English into another language"),
        (("benchmarks:", "benchmark_items: 0\nbenchmarks:"), "greater than or equal to 1"),
    ],
)
def test_each_mistake_says_what_it_is(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert GOOD.count(change[0]) == 1
    (fault,) = faults(tmp_path, GOOD.replace(*change))
    assert message in fault.what


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"# nothing yet\n", "the file is empty"),
        (b"just text", "a study is a mapping"),
        (b"a: [1, 2", "not valid YAML"),
        (b"name: x\nname: y", "`name` stands here twice"),
        (b"name: \xff\xfe", "not UTF-8 at byte 6"),
        (b"!!python/object/apply:os.system ['true']", "not valid YAML"),
        (b"a: " + b"[" * 5000, "nested too deep"),
        (b"a: &a [*a]", "nested too deep"),
        (b"? [a, b]\n: c", "a key is a list or a mapping"),
        (b"name: 2024-13-45", "a value is not what it looks like"),
        (b"rng_seed: 0x_", "a value is not what it looks like"),
        (b"rng_seed: " + b"9" * 5000, "a value is not what it looks like"),
        (b"name: !!bool maybe", "a value is not what it looks like"),
        (b"name: !!timestamp noon", "a value is not what it looks like"),
        (b"name: a\nx: \x07", "a character that may not stand in YAML (code 0x7)"),
        (bomb(), "more than 100,000 values"),
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


def test_a_pipe_is_no_study_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "study.yaml")
    with pytest.raises(UserError, match="no ordinary file"):
        load_study(tmp_path / "study.yaml")


@pytest.mark.parametrize("name", ["हिन्दी", "Ärger-2", "字" * 26, "_x"])
def test_a_name_may_be_written_in_any_script(tmp_path: Path, name: str) -> None:
    study = load_study(written(tmp_path, GOOD.replace("name: a", f"name: {name}")))
    assert study.teachers[0].name == name


def test_english_is_a_language_like_others_where_nothing_is_translated(tmp_path: Path) -> None:
    text = GOOD.replace("de, tl", "de, en") + "synthesis: {methods: [generate, respond]}\n"
    assert load_study(written(tmp_path, text)).languages == ["de", "en"]


def test_a_rehearsal_and_another_rng_seed_have_names_of_their_own(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, GOOD))
    assert study.limited(20).name == "small-limit-20"
    assert study.reseeded(7).name == "small-rng-seed-7"
    assert study.reseeded(7).limited(20).name == "small-rng-seed-7-limit-20"
    assert study.reseeded(7).rng_seed == 7


def test_a_limit_only_ever_lowers(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, GOOD))
    limited = study.limited(7)
    assert (limited.synthesis.rows_per_method, limited.students.rows, limited.benchmark_items) == (7, 7, 7)
    assert study.limited(10**9).students == study.students


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        (("[respond]", "[respnd]"), "did you mean `respond`?"),
        (("[respond]", "[write]"), "choose from generate, translate, respond"),
        (("de, tl", "de, no"), "put it in quotes"),
        (("5e-5", "2"), "above 0 to 1; leave it out for the default, 5e-05"),
    ],
)
def test_a_wrong_word_is_told_the_right_ones(tmp_path: Path, change: tuple[str, str], fix: str) -> None:
    (fault,) = faults(tmp_path, GOOD.replace(*change))
    assert fix in str(fault.fix)


def test_a_name_used_twice_is_said_without_its_surroundings(tmp_path: Path) -> None:
    teachers = GOOD.replace(
        '[{name: a, model: "pocket:err-03"}]', "[{name: a, model: x}, {name: a, model: y}]"
    )
    (fault,) = faults(tmp_path, teachers)
    assert fault.what == "listed twice: a"


def test_a_bad_language_of_a_seed_file_is_one_mistake(tmp_path: Path) -> None:
    text = GOOD.replace("language: de, methods: [respond]", "language: xx")
    (fault,) = faults(tmp_path, text)
    assert "unknown language 'xx'" in fault.what
