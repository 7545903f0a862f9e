"""Layouts, splits, and rows nobody wants to meet: what is written is what `datasets` reads."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exporting import Export

from polyteach.cli.main import invoke

Lines = Callable[..., Path]
TURNS = [
    {"role": "system", "content": "Sei kurz."},
    {"role": "user", "content": "Hallo?"},
    {"role": "assistant", "content": "Hallo!"},
    {"role": "user", "content": "Wer bist du?"},
    {"role": "assistant", "content": "Ein Modell."},
]


def load(folder: Path, tmp_path: Path) -> Any:
    datasets = pytest.importorskip("datasets")
    return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("messages", {"messages": TURNS}),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": name, "value": turn["content"]}
                    for name, turn in zip(("system", "human", "gpt", "human", "gpt"), TURNS, strict=True)
                ]
            },
        ),
        (
            "llama-factory",
            {
                "instruction": "Wer bist du?",
                "input": "",
                "output": "Ein Modell.",
                "system": "Sei kurz.",
                "history": [["Hallo?", "Hallo!"]],
            },
        ),
    ],
)
def test_a_conversation_comes_back_as_its_layout_has_it(
    export: Export, lines: Lines, tmp_path: Path, layout: str, format: str, expected: dict[str, Any]
) -> None:
    rows = [{"messages": TURNS, "teacher": "t", "language": "de"}]
    rows += [{"prompt": f"Frage {n}?", "response": f"Antwort {n}"} for n in range(5)]
    told = export(lines("rows.jsonl", rows), "--layout", layout, "--format", format)
    loaded = load(told["folder"], tmp_path)["train"]
    assert loaded.num_rows == 6
    first = loaded[0]
    assert {name: first[name] for name in expected} == expected
    assert (first["teacher"], first["language"], first["id"]) == ("t", "de", "1")


def test_the_plain_layout_holds_one_turn_and_counts_the_others(
    export: Export, lines: Lines, tmp_path: Path
) -> None:
    rows = [{"messages": TURNS}, {"prompt": "Frage?", "response": "Antwort", "category": "x"}]
    told = export(lines("rows.jsonl", rows), "--layout", "plain")
    assert told["left_out"] == {"more_than_one_turn": 1}
    assert told["columns_left_out"] == ["category"]
    loaded = load(told["folder"], tmp_path)["train"]
    assert (loaded[0]["prompt"], loaded[0]["completion"]) == ("Frage?", "Antwort")


def test_llama_factory_is_told_of_each_split(export: Export, lines: Lines) -> None:
    rows = [{"prompt": f"Frage {n}?", "response": "Ja"} for n in range(10)]
    told = export(lines("rows.jsonl", rows), "--layout", "llama-factory", "--split", "test=20%")
    described = json.loads((told["folder"] / "dataset_info.json").read_text(encoding="utf-8"))
    assert set(described) == {"out", "out_test"}
    assert described["out"]["columns"] == {"prompt": "instruction", "query": "input", "response": "output"}
    for one in described.values():
        assert (told["folder"] / one["file_name"]).is_file()
        assert one["formatting"] == "alpaca"


def test_no_prompt_stands_in_two_splits_and_a_seed_draws_the_same(
    export: Export, lines: Lines, tmp_path: Path
) -> None:
    rows = [
        {"prompt": f"FRAGE  {n % 20}?" if n % 2 else f"frage {n % 20}?", "response": f"{n}"}
        for n in range(60)
    ]
    path = lines("rows.jsonl", rows)
    options = ("--split", "test=10", "--split", "validation=25%")
    told = export(path, *options)
    assert {name: split["rows"] for name, split in told["splits"].items()} == {
        "train": 36,
        "test": 9,
        "validation": 15,
    }, "three rows share each prompt"
    loaded = load(told["folder"], tmp_path)
    prompts = [
        {row[0]["content"].casefold().split()[1] for row in part["messages"]} for part in loaded.values()
    ]
    assert sum(map(len, prompts)) == len(set.union(*prompts)) == 20
    ids = [row_id for part in loaded.values() for row_id in part["id"]]
    assert len(set(ids)) == 60
    assert export(path, *options)["files"] == told["files"]
    assert export(path, *options, "--rng-seed", "1")["files"] != told["files"]


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("test", "is no split"),
        ("train=3", "is no split"),
        ("test=5", "no row is left"),
        ("test=0", "stays empty"),
    ],
)
def test_a_split_that_cannot_be_is_refused(export: Export, lines: Lines, split: str, said: str) -> None:
    rows = [{"prompt": f"Frage {n}?", "response": "Ja"} for n in range(5)]
    told = export(lines("rows.jsonl", rows), "--split", split, code=2)
    assert said in told["stderr"] and not told["folder"].exists()


HOSTILE = [
    ("Wer?", '=HYPERLINK("http://x";"y")'),
    ("+1+1|cmd", "@SUM(A1)"),
    ("w" * 100_000, "W" * 100_000),
    ("mit \x00 Null", "und \x00 hier"),
    ("Zeile\u2028Zeile\x85", "A\r\nB\tC"),
    ("\u202eumgekehrt", "---\nlicense: mit\n---\n| a | <script> |"),
]


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
@pytest.mark.parametrize("layout", ["messages", "plain", "sharegpt", "llama-factory"])
def test_hostile_text_is_kept_and_what_cannot_be_written_is_counted(
    export: Export, lines: Lines, tmp_path: Path, layout: str, format: str
) -> None:
    rows: list[dict[str, Any]] = [{"prompt": prompt, "response": response} for prompt, response in HOSTILE]
    rows += [
        {"prompt": "half \ud83d", "response": "x"},
        {"prompt": "x", "response": "half", "teacher": "\udc00"},
        {"prompt": "x", "response": "  "},
        {"prompt": "x"},
        {"prompt": " ", "response": "x"},
        {"prompt": 3, "response": "x"},
        {"prompt": "x", "response": "y", "language": "klingonisch"},
        {"messages": [{"role": "assistant", "content": "zuerst"}]},
        {"messages": TURNS[:2]},
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
    ]
    told = export(lines("rows.jsonl", rows), "--layout", layout, "--format", format)
    assert told["left_out"] == {
        "empty_prompt": 1,
        "half_a_character": 2,
        "message_is_no_text": 2,
        "no_answer": 3,
        "turns_do_not_alternate": 1,
        "unknown_language": 1,
    }
    assert told["read"] == told["rows"] + sum(told["left_out"].values())
    loaded = load(told["folder"], tmp_path)["train"]
    both = {
        "messages": lambda row: tuple(turn["content"] for turn in row["messages"]),
        "plain": lambda row: (row["prompt"], row["completion"]),
        "sharegpt": lambda row: tuple(turn["value"] for turn in row["conversations"]),
        "llama-factory": lambda row: (row["instruction"], row["output"]),
    }[layout]
    assert [both(row) for row in loaded] == HOSTILE


def test_a_row_of_two_texts_is_left_out_and_what_extra_holds_is_named(export: Export, lines: Lines) -> None:
    rows = [
        {"prompt": "Hallo?", "response": "Hallo!", "messages": TURNS},
        {"prompt": "Hallo?", "response": "Hello!", "messages": TURNS},
        {"prompt": "x", "response": "y", "extra": {"category": "a"}},
        {"prompt": "x", "response": "z", "extra": '{"licence": "mit"}'},
    ]
    told = export(lines("rows.jsonl", rows))
    assert (told["rows"], told["left_out"]) == (3, {"prompt_and_messages_differ": 1})
    assert told["columns_left_out"] == ["category", "licence"]


def test_nothing_left_says_why(export: Export, lines: Lines) -> None:
    told = export(lines("rows.jsonl", [{"prompt": "allein"}, {"prompt": "x"}]), code=2)
    assert "no row is left to export (no_answer 2)" in told["stderr"]


def test_a_folder_with_other_things_is_refused_and_an_edited_card_too(
    export: Export, lines: Lines, tmp_path: Path
) -> None:
    path = lines("rows.jsonl", [{"prompt": f"Frage {n}?", "response": "Ja"} for n in range(8)])
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine", encoding="utf-8")
    assert "is there already" in export(path, code=2)["stderr"]
    export(path, "--force", "--split", "test=2")
    assert (folder / "data" / "test.parquet").is_file()
    export(path)
    assert not (folder / "data" / "test.parquet").exists(), "what the earlier export wrote is gone"
    assert (folder / "diary.txt").read_text(encoding="utf-8") == "mine"
    (folder / "README.md").write_text("# by hand\n", encoding="utf-8")
    assert "is there already" in export(path, code=2)["stderr"]
    own = folder / "data" / "train.parquet"
    assert "lies in the output folder" in export(own, "--force", code=2)["stderr"]


def test_ids_stay_unique_over_files(export: Export, lines: Lines, tmp_path: Path) -> None:
    rows = [{"id": "a", "prompt": "Frage?", "response": "Ja"}]
    told = export(lines("one.jsonl", rows), lines("two.jsonl", rows))
    assert load(told["folder"], tmp_path)["train"]["id"][:] == ["a", "a-2"]


def test_names_of_files_that_are_no_utf8_are_told_with_a_question_mark(tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/r\xff.jsonl"))
    path.write_text('{"prompt": "Frage?", "response": "Ja"}\n', encoding="utf-8")
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/o\xff"))
    assert invoke(["export", str(path), "--output", str(folder)]) == 0
    row = pq.read_table(pa.BufferReader((folder / "data" / "train.parquet").read_bytes())).to_pylist()[0]
    assert row["source"] == "r?.jsonl"
    assert "# o?\n" in (folder / "README.md").read_text(encoding="utf-8")
