"""Rows that exist take part as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.errors import UserError
from polyteach.files import file_digest
from polyteach.rows import Row, read_rows
from polyteach.seed_data.step import seed_data
from polyteach.steps import StepTask
from polyteach.synthesis.contestant import draw_rows, take_rows


def settings(**changed: Any) -> dict[str, Any]:
    return {"language": "de", "teacher": "mine", "file": None, "rows": 6, "rng_seed": 3} | changed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    records = [
        {"id": f"r{n}", "prompt": f"Frage {n}?", "response": f" Antwort {n}", "score": n} for n in range(10)
    ]
    records += [{"prompt": "Ohne Antwort?"}, {"prompt": "Leer?", "response": "  "}]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def run(output: Path, asked: dict[str, Any], **rest: Any) -> tuple[dict[str, Any], list[Row]]:
    output.mkdir()
    task = StepTask(asked, rest.get("locations", {}), rest.get("inputs", {}), output)
    facts = dict(take_rows(task))
    assert json.loads((output / "failures.json").read_text()) == {}
    return facts, read_rows(output / "rows.parquet")


def test_rows_of_a_file_are_drawn_and_left_as_they_are(file: Path, tmp_path: Path) -> None:
    digest = file_digest(file)
    asked, where = settings(file=digest), {digest: str(file)}
    facts, rows = run(tmp_path / "a", asked, locations=where)
    assert facts == {"rows": 6, "without_response": 2, "shortfall": 0}
    numbers = [int(row.source_id.removeprefix("r")) for row in rows]
    assert numbers == sorted(set(numbers))  # each at most once, in the file's order
    assert [(row.prompt, row.response) for row in rows] == [(f"Frage {n}?", f" Antwort {n}") for n in numbers]
    assert [row.id for row in rows] == [f"mine/de/data/{n}" for n in range(6)]
    assert {(row.method, row.teacher, row.source) for row in rows} == {
        ("data", "mine", f"file:{digest[:12]}")
    }
    assert rows[0].extra == {"score": numbers[0]}
    run(tmp_path / "b", asked, locations=where)
    assert (tmp_path / "a/rows.parquet").read_bytes() == (tmp_path / "b/rows.parquet").read_bytes()
    _, others = run(tmp_path / "c", settings(file=digest, rng_seed=4), locations=where)
    assert [row.source_id for row in others] != [row.source_id for row in rows]


def test_fewer_rows_than_wanted_are_all_taken_and_counted(file: Path, tmp_path: Path) -> None:
    digest = file_digest(file)
    facts, rows = run(tmp_path / "a", settings(file=digest, rows=25), locations={digest: str(file)})
    assert facts == {"rows": 10, "without_response": 2, "shortfall": 15}
    assert [row.source_id for row in rows] == [f"r{n}" for n in range(10)]


def test_seed_data_takes_part_without_what_it_feeds(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    source = {"kind": "pocket", "rows": 20, "methods": ["respond"]}
    seed_data(StepTask({"language": "de", "sources": [source], "rng_seed": 1}, {}, {}, tmp_path / "seeds"))
    facts, rows = run(tmp_path / "a", settings(), inputs={"seed_data": tmp_path / "seeds"})
    assert facts == {"rows": 6, "without_response": 0, "shortfall": 0}
    seeds = {row.id: row for row in read_rows(tmp_path / "seeds" / "rows.parquet")}
    assert all(seeds[row.source_id].response == row.response for row in rows)
    assert all(row.extra == {} and row.source == "pocket" for row in rows)


def test_a_file_that_changed_meanwhile_is_a_users_error(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has changed or gone"):
        run(tmp_path / "a", settings(file="0" * 64), locations={"0" * 64: str(file)})


def test_a_draw_of_fewer_rows_is_part_of_a_draw_of_more() -> None:
    rows = [Row(str(n), "de", "human", "", "s", str(n), "p", "r") for n in range(30)]
    few, many = draw_rows(rows, 5, 1), draw_rows(rows, 12, 1)
    assert {row.id for row in few} < {row.id for row in many}
    assert draw_rows(rows, 0, 1) == []
    assert draw_rows([], 5, 1) == []
    assert draw_rows(rows, 99, 1) == rows


@pytest.mark.parametrize(
    ("name", "language"), [("ja_shaberi_aya-expanse-32b", "ja"), ("de_mtbenchx_gpt4ref", "de")]
)
def test_public_data_takes_part_as_published(
    name: str, language: str, real_data: Path, tmp_path: Path
) -> None:
    path = real_data / "sft" / f"{name}.jsonl"
    digest = file_digest(path)
    asked = settings(file=digest, language=language, rows=25)
    facts, rows = run(tmp_path / "a", asked, locations={digest: str(path)})
    lines = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    published = {(line["prompt"], line["response"]) for line in lines}
    assert facts["rows"] == len(rows) == 25
    assert {(row.prompt, row.response) for row in rows} <= published
    assert {row.teacher for row in rows} == {"mine"}  # the contestant's name, whoever wrote it
