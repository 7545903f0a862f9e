"""Tables in a terminal fit at any width; names are shortened in the middle; what is left out is told."""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from polyteach.cli import main
from polyteach.cli.main import invoke
from polyteach.cli.terminal import output_console
from polyteach.report.race_terminal import print_race
from polyteach.report.tables import Column, fitted, print_table, shortened_names

sys.path.insert(0, str(Path(__file__).parents[1] / "comparison"))
sys.path.insert(0, str(Path(__file__).parents[1] / "selection"))
from made_bank import anchors, taught, write
from made_results import made_results

COLUMNS = (
    Column("rank", left=True),
    Column("teacher", is_name=True),
    Column("score"),
    Column("paper", spare=1),
)
GREEN = ";32m"
LONG = "長い名前の先生-of-an-organisation/with-a-very-long-name-of-seventy-cells-or-so-v1"


def _printed(rows: list[list[str]], width: int, **options: bool) -> str:
    out = io.StringIO()
    print_table(Console(file=out, width=width, **options), COLUMNS, rows)
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_table_fits_and_says_what_it_leaves_out(width: int) -> None:
    rows = [["1", LONG, "80.2", "0.5"], ["2–3", LONG.replace("v1", "v2"), "70.1", "0.4"]]
    text = _printed(rows, width)
    assert all(cell_len(line) <= width for line in text.split("\n"))
    lines = [line for line in text.split("\n") if line.strip()]
    assert lines[1].split()[0] == "1" and "80.2" in lines[1]
    assert "v1" in lines[1] and "v2" in lines[2]
    assert ("paper" in lines[0]) or "Not shown at this width: paper." in text
    assert (LONG in text) == (width == 200)


def test_what_fits_nowhere_is_told_row_by_row_and_whole() -> None:
    text = _printed([["1", LONG, "80.2" * 12, "0.5"]], 40)
    assert f"teacher {LONG}" in " ".join(text.replace("\n", "").split()) or LONG in text.replace("\n", "")
    assert "paper" in text and "0.5" in text


def test_plain_without_a_terminal_and_lines_with_one() -> None:
    rows = [["1", "one", "80.2", "0.5"]]
    assert not set(_printed(rows, 80)) & {"─", "│", "━", "\x1b"}
    assert "─" in _printed(rows, 80, force_terminal=True)


@pytest.mark.parametrize(
    "names", [["a", "b"], [f"org/{'a' * 34}-{end}" for end in "12"]], ids=["short", "long"]
)
def test_a_terminal_shows_the_cells_that_a_file_has(names: list[str]) -> None:
    wide = (*COLUMNS, Column("95% interval", spare=2), Column("published", spare=3))
    rows = [["1–2", name, "80.2", "44.2", "[70.1, 90.3]", "55.1"] for name in names]
    for width in range(40, 161):
        shown = []
        for is_terminal in (False, True):
            out = io.StringIO()
            console = Console(file=out, width=width, force_terminal=is_terminal, color_system=None)
            print_table(console, wide, rows)
            lines = [line.strip() for line in out.getvalue().split("\n")]
            shown.append([re.split(r"\s{2,}", line) for line in lines if line.strip("─ ")])
        assert shown[0] == shown[1], width
        fit = fitted(wide, rows, width)
        assert [list(row) for row in fit.rows] == shown[1][1 : 1 + len(rows)]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_race_keeps_its_teachers_at_any_width(is_terminal: bool) -> None:
    figure = {"value": 0.5, "low": -0.4, "high": 0.6}
    teachers = [
        {"teacher": name, "left_at": left, "gain": figure, "gap": figure, "student_tokens": 123_456_789}
        for name, left in ((f"{LONG}1", None), (f"{LONG}2", 2))
    ]
    cost = {"share": 0.19, "student_tokens": 246_913_578}
    verdict = {"kind": "tied", "text": "Two remain."}
    for width in range(40, 161):
        out = io.StringIO()
        console = Console(file=out, width=width, force_terminal=is_terminal, color_system=None)
        print_race({"teachers": teachers, "verdict": verdict, "cost": cost}, console)
        lines = out.getvalue().split("\n")
        assert all(cell_len(line) <= width for line in lines)
        assert [line[0] for line in lines if re.search(r"v1[12] ", line)] == ["長", "長"], width
        assert sum("remains  50.0" in line or "rung 2   50.0" in line for line in lines) == 2


def test_no_colour_where_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed() -> str:
        cost = {"share": None, "student_tokens": 1}
        verdict = {"kind": "found", "text": "One remains."}
        print_race({"teachers": [], "verdict": verdict, "cost": cost}, output_console())
        return capsys.readouterr().out

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert GREEN in printed()
    monkeypatch.setenv("NO_COLOR", "1")
    assert GREEN not in printed()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.delenv("FORCE_COLOR")  # a file or another program
    assert "\x1b" not in printed()


def test_whatever_commands_print_for_people_goes_through_output_console() -> None:
    """A console made otherwise has its own width and colours numbers; those of bars write to stderr."""
    commands = Path(main.__file__).parent
    made = {
        f"{path.name}:{node.lineno}"
        for path in commands.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Console"
        if "stderr" not in {keyword.arg for keyword in node.keywords}
    }
    assert len(made) == 2 and {name.split(":")[0] for name in made} == {"terminal.py"}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("aé-/長い1", min_size=1, max_size=60), min_size=1, max_size=6, unique=True),
    st.integers(10, 40),
)
def test_shortened_names_fit_or_are_whole_and_stay_different(names: list[str], cells: int) -> None:
    short = shortened_names(names, cells)
    assert len(set(short)) == len(names)
    if short != names:
        assert all(cell_len(name) <= cells for name in short)
    assert all(s == n or (s[0] == n[0] and "…" in s) for s, n in zip(short, names, strict=True))


def test_names_that_differ_only_in_the_middle_stay_different() -> None:
    names = [f"an-organisation/model-{number}-instruct-of-the-year" for number in (1, 2)]
    first, second = shortened_names(names, 20)
    assert first != second


def test_hostile_names_stay_on_their_line() -> None:
    fit = fitted(COLUMNS, [["1", "a\nfake 99\x1b[2J\u202e", "1.0", ""]], 80)
    assert not set(fit.rows[0][1]) & {"\n", "\x1b", "\u202e"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = {("de", "b"): {"x": 0.4, "y": 0.6}}
    gains = {LONG: place, "two": {("de", "b"): {"x": 0.3, "y": 0.5}}}
    results = made_results(gains, {name: {"de": {"m": 0.5}} for name in gains})
    root = tmp_path_factory.mktemp("widths")
    for name in ("one", "other"):
        (root / name).mkdir()
        (root / name / "results.json").write_text(json.dumps(results), encoding="utf-8")
    rows = [{"prompt": f"Frage {n}?", "response": f"Antwort {n}.", "teacher": LONG} for n in range(12)]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (root / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    students = {
        (name, trial, rows): (7 - rank, 7)
        for rank, name in enumerate([LONG, "two", "three"])
        for trial in (1, 2)
        for rows in (2, 6)
    }
    write(root / "bank.parquet", [*anchors(), *taught(students)])
    return root


COMMANDS = {
    "compare": ["compare", "{}/one", "{}/other"],
    "bundle": ["bundle", "show", "polyglot-teachers-2026"],
    "published": ["published"],
    "bakeoff": ["bakeoff", "{}/bank.parquet"],
    "measure": ["measure", "{}/rows.jsonl", "--language", "de", "--embedder", "lexical"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_fit_when_piped(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for width in (60, 80, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        assert invoke([part.format(folder) for part in COMMANDS[name]]) == 0
        printed = capsys.readouterr().out
        assert len(printed) > 200
        assert not set(printed) & {"\x1b", "─", "│", "━"}
        assert not [line for line in printed.split("\n") if cell_len(line) > width]
