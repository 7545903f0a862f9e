"""Cards: read by `huggingface_hub` without a warning, and true."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from exporting import Export

from polyteach import __version__

Lines = Callable[..., Path]


def card_of(folder: Path) -> Any:
    from huggingface_hub import DatasetCard

    return DatasetCard.load(folder / "README.md")


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_card_of_a_run_says_what_the_run_knows(
    export: Export, run_folder: Path, no_warning: None
) -> None:
    told = export(run_folder, "--teacher", "faulty", "--split", "test=10", "--licence", "CC BY 4.0")
    card = card_of(told["folder"])
    data, text = card.data.to_dict(), card.text
    assert (data["language"], data["license"], data["size_categories"]) == (["de"], "cc-by-4.0", ["n<1K"])
    assert data["tags"] == ["polyteach", "synthetic", "sft"]
    files = {one["split"]: one["path"] for one in data["configs"][0]["data_files"]}
    assert files == {"train": "data/train.parquet", "test": "data/test.parquet"}
    results = json.loads((run_folder / "results.json").read_text(encoding="utf-8"))
    cell = next(cell for cell in results["cells"] if cell["teacher"] == "faulty")
    measured = section(text, "What was measured")
    rubric = cell["metrics"]["rubric"]
    bounds = f"{rubric['low']:.4g} to {rubric['high']:.4g}"
    assert f"| faulty | de | rubric | {rubric['value']:.4g} | {bounds} | {rubric['n']} |" in measured
    assert f"undefined: {cell['gain']['reason']}" in measured, "without a reference no benchmark counts"
    assert "error 0.5" in section(text, "How it was made")
    assert "Stated by who exported it: CC BY 4.0." in section(text, "Licence")
    assert results["verdict"]["text"][:40] in section(text, "Known limits")
    provenance = section(text, "Provenance")
    status = json.loads((run_folder / "status.json").read_text(encoding="utf-8"))
    assert f"exported by: polyteach {__version__}" in provenance
    assert status["identity"] in provenance and results["definitions_digest"] in provenance
    assert str(run_folder) not in text and "faultless:" not in text


def test_what_is_not_known_is_said_and_not_guessed(export: Export, lines: Lines, no_warning: None) -> None:
    path = lines("rows.jsonl", [{"prompt": f"Frage {n}?", "response": "Ja"} for n in range(1200)])
    told = export(path)
    card = card_of(told["folder"])
    data = card.data.to_dict()
    assert "language" not in data and data["license"] == "unknown"
    assert data["size_categories"] == ["1K<n<10K"]
    assert data["tags"] == ["polyteach", "sft"], "nobody said that a model wrote it"
    text = card.text
    assert "Unknown: nobody stated one" in section(text, "Licence")
    assert "Nothing that is known here" in section(text, "What was measured")
    assert "How a teacher was asked is not known" in section(text, "How it was made")
    for words in ("failed is not known", "cut off at the end of their room is not known", "is not known."):
        assert words in section(text, "Failures, and what was left out")
    assert "Who wrote the answers of 1200 rows is not known." in section(text, "Known limits")
    assert any("no licence was stated" in warning for warning in told["warnings"])


def test_terms_of_teachers_and_seed_data_are_told(export: Export, lines: Lines) -> None:
    row = {"prompt": "Frage?", "response": "Ja", "language": "zh_Hant", "licence": "CC BY-NC 4.0"}
    rows = [row | {"teacher": name} for name in ("gpt-4o-mini", "Qwen3-8B", "nobody-knows-7b")]
    told = export(lines("rows.jsonl", rows), "--licence", "my own words")
    parts = {part["what"]: part for part in told["licence"]["parts"]}
    assert parts["answers of gpt-4o-mini"]["commercial_use"] is False
    assert parts["answers of Qwen3-8B"]["licence"] == "Apache 2.0"
    assert parts["answers of nobody-knows-7b"]["licence"] is None
    assert parts["seed data: rows that say 'CC BY-NC 4.0'"]["commercial_use"] is False
    data = card_of(told["folder"]).data.to_dict()
    assert (data["license"], data["license_name"]) == ("other", "my own words")
    assert (data["language"], data["language_bcp47"]) == (["zh"], ["zh-Hant"])
    assert len(told["warnings"]) == 3


def test_figures_of_measure_and_notes_of_synthesize_and_filter_come_in(
    export: Export, lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str], no_warning: None
) -> None:
    from polyteach.cli.main import invoke

    made, kept = tmp_path / "made.jsonl", tmp_path / "kept.jsonl"
    asked = ["synthesize", "--language", "de", "--seed-data", "pocket:40", "--teacher", "pocket:err-03"]
    asked += ["--method", "respond", "--rows", "20", "--max-new-tokens", "24", "--temperature", "0.5"]
    assert invoke([*asked, "--output", str(made)]) == 0
    summary = json.loads(Path(f"{made}.summary.json").read_text(encoding="utf-8"))
    assert (
        invoke(["filter", str(made), "--language", "de", "--output", str(kept), "--drop", "near_duplicates"])
        == 0
    )
    capsys.readouterr()
    assert invoke(["measure", str(kept), "--language", "de", "--judge", "oracle", "--json"]) == 0
    (tmp_path / "figures.json").write_text(capsys.readouterr().out, encoding="utf-8")
    text = card_of(export(kept, "--measured", tmp_path / "figures.json")["folder"]).text
    assert "temperature 0.5" in section(text, "How it was made")
    assert f"| {summary['rows']} | {summary['attempts']} |" in section(text, "How it was made")
    assert "| err-03 | de | rubric |" in section(text, "What was measured")
    counts = json.loads(Path(f"{kept}.filter.json").read_text(encoding="utf-8"))
    dropped = {
        one["reason"].replace("_", "\\_"): one["dropped"] for one in counts["by_rule"] if one["dropped"]
    }
    said = ", ".join(f"{reason} {count}" for reason, count in dropped.items()) or "none"
    assert f"as far as is known: {said}" in section(text, "Failures, and what was left out")
    shutil.copy(made, tmp_path / "edited.jsonl")
    shutil.copy(f"{made}.summary.json", tmp_path / "edited.jsonl.summary.json")
    with (tmp_path / "edited.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"prompt": "noch eine?", "response": "Ja", "language": "de"}\n')
    text = card_of(export(tmp_path / "edited.jsonl")["folder"]).text
    assert "How a teacher was asked is not known" in text, "the notes are of other rows"


def test_notes_of_other_rows_than_a_files_own_say_nothing_though_they_are_as_many(
    export: Export, lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that `synthesize` wrote is written over by `rewrite --force`: of as many rows, by others."""
    from polyteach.cli.main import invoke

    made, data = tmp_path / "made.jsonl", tmp_path / "data.jsonl"
    asked = ["--language", "de", "--max-new-tokens", "24", "--teacher", "pocket:err-03"]
    pocket = ["--seed-data", "pocket:20", "--method", "respond", "--rows", "8"]
    assert invoke(["synthesize", *asked, *pocket, "--output", str(made)]) == 0
    rows = [json.loads(line) for line in made.read_text(encoding="utf-8").splitlines()]
    plain = [{"prompt": row["prompt"], "response": "", "teacher": "someone"} for row in rows]
    lines("data.jsonl", plain)
    asked[-1] = "pocket:err-40"
    rewriting = ["rewrite", str(data), *asked, "--drop", "empty", "--output", str(made), "--force"]
    assert invoke(rewriting) == 0
    notes = json.loads(Path(f"{made}.rewrite.json").read_text(encoding="utf-8"))
    assert Path(f"{made}.summary.json").is_file() and notes["rewritten"] > 0
    told = section(card_of(export(made)["folder"]).text, "How it was made")
    assert "| err-40 | de | respond |" in told and "err-03" not in told
    rewritten = f"err-40 gave new responses to {notes['rewritten']} of 8 weak rows, of 8 rows in all"
    assert f"{rewritten}; rules that found these: empty {notes['rewritten']} (several" in told
    filtered = tmp_path / "filtered.jsonl"
    dropping = ["filter", str(made), "--language", "de", "--drop", "empty", "--output", str(filtered)]
    assert invoke(dropping) == 0
    assert rewritten in card_of(export(filtered, "--force")["folder"]).text, "it is from the rewritten file"


def test_prompts_held_out_that_are_nearly_ones_of_train_are_counted(export: Export, lines: Lines) -> None:
    """Each prompt stands there twice, with and without a full stop; but for one row all are in pairs."""
    things = ["die Donau bei Ulm", "das Wetter auf dem Brocken", "der Zug nach Wien", "ein Apfel vom Baum"]
    texts = [
        f"Erzähle mir bitte ganz genau, was {thing} heute macht{end}" for thing in things for end in ".!"
    ]
    rows = [{"prompt": text, "response": "Ja", "language": "de"} for text in [*texts, "Was?"]]
    told = export(lines("rows.jsonl", rows), "--split", "test=2", "--split", "dev=1", "--rng-seed", "3")
    read = {}
    for split in ("train", "test", "dev"):
        file = told["folder"] / told["splits"][split]["file"]
        turns = pq.read_table(file, columns=["messages"]).to_pylist()
        read[split] = [row["messages"][0]["content"] for row in turns]
    trained = {text[:-1] for text in read["train"]}
    near = {split: sum(text[:-1] in trained for text in read[split]) for split in ("test", "dev")}
    assert told["near_train"] == near and sum(near.values()) > 0
    text = card_of(told["folder"]).text
    assert f"nearly the same as one in train: {near['test']} of test, {near['dev']} of dev." in text
    assert "no two of them have a row with the same text as its prompt" in text
    assert export(lines("rows.jsonl", rows), "--force")["near_train"] == {}


def test_other_files_of_those_names_say_nothing(export: Export, lines: Lines, tmp_path: Path) -> None:
    path = lines("rows.jsonl", [{"prompt": "Frage?", "response": "Ja"}])
    (tmp_path / "rows.jsonl.filter.json").write_text('{"kind": "filter"}', encoding="utf-8")
    (tmp_path / "rows.jsonl.summary.json").write_text("[1", encoding="utf-8")
    text = card_of(export(path)["folder"]).text
    assert "Whether rows were filtered before is not known." in text
    told = export(path, "--measured", tmp_path / "rows.jsonl.filter.json", code=2)
    assert "is no JSON of polyteach measure" in told["stderr"]


def test_names_that_are_markup_stay_text(export: Export, lines: Lines, no_warning: None) -> None:
    name = "a|b\n---\nlicense: mit\n# x <script>[y](z)`"
    rows = [{"prompt": "Frage?", "response": "Ja", "teacher": name, "language": "de", "source": name}]
    card = card_of(export(lines("rows.jsonl", rows))["folder"])
    assert card.data.to_dict()["license"] == "unknown"
    assert "<script>" not in card.text.replace("\\<script\\>", "")
    assert "\n# x" not in card.text and "a\\|b" in card.text
