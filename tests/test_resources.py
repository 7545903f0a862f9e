"""What a study names is found and checked before its first step: all mistakes at once, with their place."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from polyteach import pocket
from polyteach.errors import UserError, UserErrors
from polyteach.resources import find_embedder, find_model, find_resources
from polyteach.study import Study

PAIRS = "".join(json.dumps({"prompt": f"Frage {i}?", "response": f"Antwort {i}"}) + "\n" for i in range(4))
BOTH = ["pocket-choice", "pocket-exact"]


def study(**changes: object) -> Study:
    plain = {
        "name": "small",
        "languages": ["de"],
        "teachers": [{"name": "t", "model": "pocket:base-c", "prompts": "pocket"}],
        "seed_data": [{"path": "seed.jsonl", "language": "de"}],
        "synthesis": {"methods": ["generate", "respond"]},
        "students": {"bases": [{"name": "a", "model": "pocket:base-c"}]},
        "benchmarks": ["pocket-choice"],
    }
    return Study.model_validate(plain | changes)


def mistakes(folder: Path, **changes: object) -> str:
    with pytest.raises(UserErrors) as caught:
        find_resources(study(**changes), folder)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seed.jsonl").write_text(PAIRS, encoding="utf-8")
    assert find_resources(study(), tmp_path).files["seed.jsonl"].pairs == 4
    return tmp_path


def test_the_same_rows_twice_are_refused_whatever_the_file_is_called(folder: Path) -> None:
    shutil.copyfile(folder / "seed.jsonl", folder / "copy.jsonl")
    files = [{"path": name, "language": "de"} for name in ("seed.jsonl", "copy.jsonl")]
    assert "seed_data[1]: the same rows as seed_data[0]" in mistakes(folder, seed_data=files)
    worlds = [{"pocket": 20}, {"pocket": 30}]
    assert "seed_data[1]: the same rows as seed_data[0]" in mistakes(folder, seed_data=worlds)


def test_the_pocket_world_has_only_so_many_rows(folder: Path) -> None:
    message = mistakes(folder, seed_data=[{"pocket": 5000}])
    assert message.startswith("seed_data[0].pocket: ")
    assert f"at most {pocket.SEED_ROW_COUNT}" in message
    find_resources(study(seed_data=[{"pocket": pocket.SEED_ROW_COUNT}]), folder)


def test_few_shot_needs_as_many_pairs(folder: Path) -> None:
    methods = ["generate", "respond"]
    assert "4 examples feed `generate` in de, it shows 5" in mistakes(
        folder, synthesis={"methods": methods, "few_shot": 5}
    )
    find_resources(study(synthesis={"methods": methods, "few_shot": 4}), folder)
    find_resources(study(synthesis={"methods": ["respond"], "few_shot": 5}), folder)


def test_a_file_is_checked_for_every_language_it_is_listed_under(folder: Path) -> None:
    sources = [{"path": "seed.jsonl", "language": code} for code in ("de", "id")]
    find_resources(study(languages=["de", "id"], seed_data=sources), folder)
    rows = [json.loads(line) | {"language": "de"} for line in PAIRS.splitlines()]
    (folder / "seed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    message = mistakes(folder, languages=["de", "id"], seed_data=sources)
    assert message.startswith("seed_data[1].path: ")
    assert "is in language 'de', not 'id'" in message


@pytest.mark.parametrize("name", ["x" * 300, "~nosuchuser/x"])
def test_a_strange_name_is_nowhere(folder: Path, name: str) -> None:
    teachers = [{"name": "t", "model": name}]
    assert "teachers[0].model: there is no model" in mistakes(folder, teachers=teachers)
    assert "quality.embedder: there is no model" in mistakes(folder, quality={"embedder": name})
    sources = [{"path": f"{name}.jsonl", "language": "de"}]
    assert "seed_data[0].path: " in mistakes(folder, seed_data=sources)


def test_a_pipe_is_no_seed_file(folder: Path) -> None:
    (folder / "seed.jsonl").unlink()
    os.mkfifo(folder / "seed.jsonl")
    assert "is a pipe or device" in mistakes(folder)


def test_packages_that_lack_are_told_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trl", None)  # as Python marks what cannot be imported
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    message = mistakes(folder)
    assert "a study needs trl, lm_eval" in message
    assert "pip install 'polyteach[train]'" in message


def test_parameters_are_those_of_the_files_a_model_is_loaded_from(tmp_path: Path) -> None:
    shutil.copytree(pocket.model_path("base-c"), tmp_path / "m")
    size = find_model("m", tmp_path).parameters
    assert size == find_model("pocket:base-c", tmp_path).parameters
    assert size and size > 10_000
    shutil.copyfile(tmp_path / "m" / "model.safetensors", tmp_path / "m" / "consolidated.safetensors")
    assert find_model("m", tmp_path).parameters == size
    (tmp_path / "m" / "consolidated.safetensors").write_bytes(b"damaged")
    assert find_model("m", tmp_path).parameters == size


def test_an_embedder_is_looked_for_from_the_studys_folder(folder: Path) -> None:
    (folder / "embedder").mkdir()
    with pytest.raises(UserError, match="is no embedding model"):
        find_embedder("embedder", folder)
    (folder / "embedder" / "modules.json").write_text("[", encoding="utf-8")
    with pytest.raises(UserError, match="no readable JSON"):
        find_embedder("embedder", folder)


def english(folder: Path, **more: object) -> list[dict[str, object]]:
    (folder / "en.jsonl").write_text('{"prompt": "How are you?"}\n', encoding="utf-8")
    files = [{"path": "seed.jsonl", "language": "de"}, {"path": "en.jsonl", "language": "en"} | more]
    return [dict(file) for file in files]


def test_an_english_file_feeds_translate_unless_it_says_otherwise(folder: Path) -> None:
    asked = study(seed_data=english(folder), synthesis={})
    assert find_resources(asked, folder).feeding(asked, "translate", "de") == 1
    message = mistakes(folder, seed_data=english(folder, methods=["respond"]), synthesis={})
    assert message.startswith("seed_data: nothing feeds `translate`: seed_data[1] is English, but")
    assert "add `translate` to the methods there" in message
    assert "add English prompts" in mistakes(folder, languages=["de", "id"], synthesis={})


@pytest.mark.parametrize(
    ("language", "fix"), [("en", "add `en`"), ("sw", "add `sw`"), ("de-DE", "write `de`, as the study does")]
)
def test_a_file_in_a_language_that_is_not_asked_for_is_refused(folder: Path, language: str, fix: str) -> None:
    message = mistakes(folder, seed_data=english(folder, language=language))
    assert message.startswith("seed_data[1].language: ")
    assert "is no language of this study (de)" in message
    assert fix in message


def test_a_locale_is_told_the_language_that_a_benchmark_has(folder: Path) -> None:
    sources = [{"path": "seed.jsonl", "language": "de-DE"}]
    assert "write `de` for `de-DE`" in mistakes(folder, languages=["de-DE"], seed_data=sources)


def test_a_language_without_items_is_told_with_all_other_mistakes(folder: Path) -> None:
    message = mistakes(
        folder, languages=["sw"], seed_data=[{"path": "missing.jsonl", "language": "sw"}], benchmarks=BOTH
    )
    assert "missing.jsonl" in message
    assert "benchmarks 'pocket-choice' and 'pocket-exact' have no items in sw" in message
    assert "no items" not in mistakes(folder, languages=["sw"], benchmarks=["mmlu"])


def test_a_judge_that_looks_like_the_oracle_is_asked_about(folder: Path) -> None:
    assert "did you mean `oracle`?" in mistakes(folder, quality={"judge": "orakel"})
    assert "did you mean" not in mistakes(folder, quality={"judge": "./models/oracle"})


def test_all_files_that_are_missing_are_told_at_once(folder: Path) -> None:
    files = [{"path": name, "language": "de"} for name in ("one.jsonl", "two.jsonl")]
    exam = {"name": "mine", "kind": "choice", "file": {"de": "three.csv", "ja": "four.csv"}}
    message = mistakes(folder, languages=["de", "ja"], seed_data=files, benchmarks=[exam])
    for name in ("one.jsonl", "two.jsonl", "three.csv", "four.csv"):
        assert f"{name}: there is no such file" in message
    assert message.count("benchmarks[0]: ") == 2


def test_what_is_wrong_with_an_exam_in_every_language_is_told_once(folder: Path) -> None:
    exam = {"name": "mgsm", "kind": "choice", "file": {"de": "three.csv", "ja": "four.csv"}}
    message = mistakes(folder, languages=["de", "ja"], benchmarks=[exam])
    assert message.count("has the name of a benchmark") == 1
