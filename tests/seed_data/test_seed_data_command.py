"""`polyteach seed-data`: the list, a seed file with its account, and mistakes told in one message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from upstream import ALL, AYA, WILDCHAT, written

from polyteach.cli.main import invoke
from polyteach.seed_data.files import read_file

Captured = pytest.CaptureFixture[str]


def run(*arguments: str | Path) -> int:
    return invoke(["seed-data", *map(str, arguments)])


def test_the_list_names_methods_licence_and_filters(capsys: Captured) -> None:
    assert run("--json") == 0
    sources = {one["name"]: one for one in json.loads(capsys.readouterr().out)["sources"]}
    assert list(sources) == list(ALL)
    assert sources["oasst2"]["methods"] == ["respond"]
    assert {name for name, one in sources.items() if one["methods"] == ["translate"]} == {
        "tulu3",
        "gsm8k",
        "magpie",
    }
    assert all(one["licence"] and one["languages"] for one in sources.values())
    assert run() == 0
    shown = capsys.readouterr().out
    assert all(f"{one['name']}: {one['hub']}" in shown for one in sources.values())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    written(tmp_path / "chat/train-0.parquet", WILDCHAT)
    written(tmp_path / "aya/train.jsonl", AYA)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drawn(capsys: Captured, *arguments: str) -> dict[str, Any]:
    assert run(*arguments, "--json") == 0
    return dict(json.loads(capsys.readouterr().out))


MIXTURE = ("--source", "wildchat", "--source", "aya", "--path", "wildchat=chat", "--path", "aya=aya")


@pytest.mark.parametrize("name", ["seed.jsonl", "seed.parquet"])
def test_a_mixture_is_drawn_written_and_accounted_for(name: str, here: Path, capsys: Captured) -> None:
    facts = drawn(capsys, *MIXTURE, "--language", "de", "--language", "ja", "--limit", "2", "--output", name)
    assert (facts["rows"], facts["languages"]) == (2, ["de", "ja"])
    chat, aya = facts["sources"]
    assert (chat["rows"], chat["wanted"], chat["shortfall"]) == ({"de": 1}, {"de": 1, "ja": 1}, {"ja": 1})
    assert (aya["rows"], aya["shortfall"]) == ({"ja": 1}, {"de": 1})
    for account in (chat, aya):
        assert account["read"] == sum(account["rows"].values()) + sum(account["dropped"].values())
    assert sorted(row.language for row in read_file(here / name)) == ["de", "ja"]


def test_the_same_seed_gives_the_same_file_and_text_tells_what_was_dropped(
    here: Path, capsys: Captured
) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        assert run(*MIXTURE, "--output", name) == 0
    shown = capsys.readouterr()
    assert (here / "a.jsonl").read_bytes() == (here / "b.jsonl").read_bytes()
    assert "b.jsonl: 6 rows" in shown.out
    assert "1 redacted: personal data was cut out" in shown.out


def test_overlap_with_a_list_and_a_benchmark_is_left_out(here: Path, capsys: Captured) -> None:
    (here / "exam.txt").write_text("Sag: Wie backe ich Brot?\nWas ist ein Fjord?\n", encoding="utf-8")
    without = ("--without-overlap", "exam.txt", "--without-overlap", "pocket-exact")
    facts = drawn(
        capsys, "--source", "wildchat", "--path", "chat", "--language", "de", *without, "--output", "a.jsonl"
    )
    assert facts["sources"][0]["dropped"]["shares a passage with the listed texts"] == 1
    assert facts["without_overlap"]["texts"] > 300 and "13 words" in facts["without_overlap"]["rule"]
    assert [row.prompt for row in read_file(here / "a.jsonl")] == ["Wie backe ich Brot?"]


def test_any_local_data_set_by_its_columns(here: Path, capsys: Captured) -> None:
    written(here / "own.jsonl", [{"q": "Was?", "a": "Das."}, {"q": "Wer?", "a": None}])
    columns = ("--columns", "prompt=q,response=a", "--licence", "CC0")
    facts = drawn(capsys, "--path", "own.jsonl", *columns, "--language", "de", "--output", "a.parquet")
    assert facts["sources"][0]["name"] == "own" and facts["sources"][0]["licence"] == "CC0"
    rows = read_file(here / "a.parquet")
    assert {(row.prompt, row.response, row.extra["licence"]) for row in rows} == {
        ("Was?", "Das.", "CC0"),
        ("Wer?", "", "CC0"),
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--source", "aya", "--path", "aya"], "no file to write is named"),
        (["--output", "a.jsonl"], "no source is named"),
        (["--source", "aya", "--path", "aya", "--output", "a.txt"], "is no Parquet or JSONL file"),
        (["--source", "aya", "--path", "aya", "--output", "no/a.jsonl"], "is in no folder that exists"),
        (["--source", "aja", "--output", "a.jsonl"], "did you mean 'aya'?"),
        (["--source", "aya=many", "--output", "a.jsonl"], "no source with a number of rows"),
        (["--source", "aya=10%", "--path", "aya", "--output", "a.jsonl"], "--limit"),
        (["--source", "aya", "--source", "aya", "--path", "aya=aya", "--output", "a.jsonl"], "listed twice"),
        ([*MIXTURE[:4], "--path", "aya", "--output", "a.jsonl"], "belongs to no source"),
        (["--source", "aya", "--path", "none", "--output", "a.jsonl"], "no such file or folder"),
        (["--source", "aya", "--path", "aya", "--language", "xx", "--output", "a.jsonl"], "unknown language"),
        (
            ["--source", "aya", "--path", "aya", "--language", "fr", "--output", "a.jsonl"],
            "no row is left (aya",
        ),
        (
            ["--source", "cidar", "--path", "aya", "--language", "de", "--output", "a.jsonl"],
            "in Arabic, not in",
        ),
        (["--source", "aya", "--path", "chat", "--output", "a.jsonl"], "row 1: has no column 'inputs'"),
        (["--source", "aya", "--output", "a.jsonl"], "the hub gave no such data set"),
        (["--path", "aya", "--columns", "prompt", "--output", "a.jsonl"], "maps no columns"),
        (["--source", "aya/train.jsonl", "--columns", "prompt=q", "--output", "a.jsonl"], "--path aya/train"),
        (
            ["--path", "aya/train.jsonl", "--columns", "prompt=inputs", "--output", "a.jsonl"],
            "with one --language what",
        ),
        (
            ["--path", "aya/train.jsonl", "--columns", "prompt=q", "--output", "a.jsonl"],
            "fix: correct --columns prompt=q",
        ),
    ],
)
def test_mistakes_end_with_one_message_and_no_file(
    arguments: list[str], says: str, here: Path, capsys: Captured
) -> None:
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert says in error and "fix: " in error and "Traceback" not in error
    assert not list(here.glob("a.*"))


def test_nothing_is_written_over_that_is_read_or_was_there(here: Path, capsys: Captured) -> None:
    written(here / "own.jsonl", [{"prompt": "Was?", "response": "Das."}])
    own, columns = (here / "own.jsonl").read_bytes(), ("--columns", "prompt=prompt", "--language", "de")
    (here / "link.jsonl").symlink_to(here / "own.jsonl")
    for read in ("own.jsonl", "."):
        for output in ("own.jsonl", "link.jsonl"):
            for more in ((), ("--force",)):
                assert run("--path", read, *columns, "--output", output, *more) == 2
                assert "is read by this command" in capsys.readouterr().err
    lists = ("--without-overlap", "own.jsonl")
    assert run("--path", "aya/train.jsonl", "--source", "aya", *lists, "--output", "own.jsonl") == 2
    (here / "other.jsonl").write_text("precious", encoding="utf-8")
    assert run("--path", "own.jsonl", *columns, "--output", "other.jsonl") == 2
    assert "is there already" in capsys.readouterr().err
    assert (here / "other.jsonl").read_text(encoding="utf-8") == "precious"
    assert run("--path", "own.jsonl", *columns, "--output", "other.jsonl", "--force") == 0
    assert (here / "own.jsonl").read_bytes() == own
    assert [row.prompt for row in read_file(here / "other.jsonl")] == ["Was?"]
