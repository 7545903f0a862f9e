"""`polyteach screen` from its file to its page, with simulated teachers and a real server."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from synthesis.scripted_server import Script, scripted

from polyteach.cli.main import invoke
from polyteach.pocket.seed import seed_rows
from polyteach.report.page import render_screen
from polyteach.report.screen_csv import screen_csv

SIMULATED = """
name: sim
languages: [{languages}]
teachers:
  - {{name: foreign, simulated: {{wrong_language: 0.5}}}}
  - {{name: clean, simulated: {{}}}}
seed_data: [{{pocket: 200}}]
synthesis: {{methods: [respond]}}
"""
SERVED = """
name: served
languages: [de]
teachers:
{teachers}
seed_data: [{{pocket: 120}}]
synthesis: {{methods: [respond], attempts: 1, language_gate: false}}
{more}
"""
TEACHER = """
  - name: {name}
    model: {name}
    endpoint: {{urls: ["{url}"], most_at_once: 4, patience_seconds: 1, total_timeout_seconds: 5}}
    price: {{input: 100, output: 400}}
"""
COSTS = (10 * 100 + 20 * 400) / 1e6  # of an answer of the scripted server


def screen(folder: Path, text: str, *options: str) -> int:
    (folder / "file.yaml").write_text(text, encoding="utf-8")
    command = ["screen", str(folder / "file.yaml"), "--output-dir", str(folder), "--workers", "1"]
    return invoke([*command, *options])


def result(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "runs" / name / "screen.json").read_bytes())
    return found


def served(url: str, *names: str, more: str = "") -> str:
    return SERVED.format(teachers="".join(TEACHER.format(name=n, url=url) for n in names), more=more)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A screen of two simulated teachers in two languages."""
    folder = tmp_path_factory.mktemp("two")
    assert screen(folder, SIMULATED.format(languages="de, ja"), "--rows", "90") == 0
    return folder


def test_a_screen_writes_its_ranking_table_and_page(two: Path) -> None:
    found = result(two, "sim-screen")
    assert (found["schema_version"], found["kind"], found["study"]) == (1, "screen", "sim-screen")
    assert (found["rows_per_method"], found["languages"], found["limit"]) == (90, ["de", "ja"], None)
    assert [one["candidate"] for one in found["candidates"]] == ["foreign", "clean"]
    assert {one["kind"] for one in found["candidates"]} == {"simulated"}
    assert [(cell["candidate"], cell["language"]) for cell in found["cells"]] == [
        ("foreign", "de"),
        ("foreign", "ja"),
        ("clean", "de"),
        ("clean", "ja"),
    ]
    assert [cell["requests"] for cell in found["cells"]] == [90] * 4
    overall = [entry for entry in found["ranking"] if entry["language"] is None]
    assert [(entry["candidate"], entry["rank_interval"]) for entry in overall] == [
        ("clean", [1, 1]),
        ("foreign", [2, 2]),
    ]
    assert found["rests_on"]
    assert any("students" in text.lower() for text in found["cannot_see"])
    folder = two / "runs" / "sim-screen"
    with (folder / "screen.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [(line["candidate"], line["language"]) for line in table][:4] == [
        ("clean", ""),
        ("foreign", ""),
        ("clean", "de"),
        ("foreign", "de"),
    ]
    assert float(table[0]["score"]) == overall[0]["score"]["value"]
    page = (folder / "screen.html").read_text(encoding="utf-8")
    assert "http://" not in page
    assert page.count("<script") == 1, "our own"
    assert found["cannot_see"][0] in page
    assert json.loads((folder / "status.json").read_bytes())["state"] == "done"


def test_the_same_screen_again_makes_nothing_and_says_the_same(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = two / "runs" / "sim-screen"
    before = {name: (folder / name).read_bytes() for name in ("screen.json", "screen.csv", "screen.html")}
    capsys.readouterr()
    assert screen(two, SIMULATED.format(languages="de, ja"), "--rows", "90", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steps"]["made"] == 0
    assert told["verdict"] == result(two, "sim-screen")["verdict"]
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_by_method_nothing_is_asked_twice(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    arguments = ("--rows", "90", "--by", "method", "--dry-run", "--json")
    assert screen(two, SIMULATED.format(languages="de, ja"), *arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["requests"] == {"total": 360, "left": 0}
    assert told["kinds"]["quality"] == {"steps": 4, "reused": 4}  # with one method it is the same set of rows


def test_rows_that_exist_are_paired_by_their_prompts_and_not_by_their_places(tmp_path: Path) -> None:
    """`b` has ten of `a`'s prompts, at other places and one of them twice; `c` has none."""
    rows = [{"prompt": row.prompt, "response": row.response} for row in seed_rows("de", 60, 1)]
    for name, mine in {"a": rows[:30], "b": rows[20:50] + rows[20:21], "c": rows[30:]}.items():
        lines = "".join(json.dumps(row) + "\n" for row in mine)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")

    def compared(*names: str) -> dict[str, Any]:
        text = f"name: {''.join(names)}\nlanguages: [de]\nseed_data: [{{pocket: 60}}]\nteachers:\n"
        text += "".join(f"- {{name: {name}, data: {tmp_path / name}.jsonl}}\n" for name in names)
        assert screen(tmp_path, text) == 0
        return result(tmp_path, f"{''.join(names)}-screen")

    found = compared("a", "b")
    assert [cell["requests"] for cell in found["cells"]] == [30, 31]
    assert [cell["rows"] for cell in found["cells"]] == [30, 31]
    assert "; 10 are the same for all (" in found["rests_on"][0]
    assert "so differences are those of independent requests" in compared("a", "c")["rests_on"][0]


def test_a_terminal_of_80_columns_is_enough_and_a_pipe_gets_no_colour(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert screen(two, SIMULATED.format(languages="de, ja"), "--rows", "90") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines()[:-1])) <= 80  # the last line is a path
    for words in ("rank", "usable", "USD/10k", "Rests on:", "Cannot see:"):
        assert words in out


def test_a_dry_run_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert screen(tmp_path, SIMULATED.format(languages="de"), "--dry-run") == 0
    assert "rows to simulate: 400 (of 400)" in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()


def test_one_teacher_is_measured_and_compared_with_nobody(tmp_path: Path) -> None:
    alone = SIMULATED.format(languages="de").replace(
        "  - {name: foreign, simulated: {wrong_language: 0.5}}\n", ""
    )
    assert screen(tmp_path, alone, "--rows", "60", "--limit", "30") == 0
    found = result(tmp_path, "sim-screen-limit-30")
    assert found["verdict"]["kind"] == "nothing_to_compare"
    assert found["cells"][0]["usable"]["value"] > 0.5
    assert found["warnings"][0]["code"] == "rehearsal"


def answers(fault: Any) -> Script:
    """Teacher `half` meets the fault on every second question, by the question alone."""

    def script(conversation: list[dict[str, str]]) -> Any:
        question = conversation[-1]["content"]
        return fault if len(question) % 2 else f"Das weiß hier niemand so genau, sagt man: {question}"

    return script


def test_who_fails_half_its_requests_stays_in_with_its_failures(tmp_path: Path) -> None:
    with scripted(answers({"content": ""})) as half, scripted(lambda _: "Das ist eine Antwort.") as good:
        text = served(half.url, "half") + ""
        text = text.replace(
            "seed_data:", TEACHER.format(name="good", url=good.url).lstrip("\n") + "seed_data:"
        )
        assert screen(tmp_path, text, "--rows", "60") == 0
    found = result(tmp_path, "served-screen")
    cells = {cell["candidate"]: cell for cell in found["cells"]}
    failed = sum(cells["half"]["failures"].values())
    assert 15 < failed < 45
    assert failed + cells["half"]["rows"] == 60
    assert cells["half"]["usable"]["value"] <= 1 - failed / 60 + 1e-9
    assert cells["half"]["money"] == pytest.approx(60 * COSTS)  # failures are paid for
    assert not cells["good"]["failures"]


def test_requests_that_nobody_answers_are_a_fault_to_mend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(answers(400)) as half, scripted(lambda _: "Das ist eine Antwort.") as good:
        text = served(half.url, "half")
        text = text.replace(
            "seed_data:", TEACHER.format(name="good", url=good.url).lstrip("\n") + "seed_data:"
        )
        assert screen(tmp_path, text, "--rows", "40") == 3
    out = capsys.readouterr()
    assert "requests have no answer" in out.err
    found = result(tmp_path, "served-screen")
    assert [cell["candidate"] for cell in found["cells"]] == ["good"]
    entry = next(e for e in found["ranking"] if e["candidate"] == "half" and e["language"] is None)
    assert entry["rank_interval"] is None
    assert "no answer" in entry["score"]["reason"]


def test_a_budget_stops_the_screen_and_a_larger_one_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(lambda c: f"Darauf gibt es viele Antworten: {c[-1]['content']}") as server:
        text = served(server.url, "mini", more=f"budget: {20 * COSTS}")
        assert screen(tmp_path, text, "--rows", "60") == 4
        assert "raise `budget` in the file" in capsys.readouterr().err
        assert not (tmp_path / "runs" / "served-screen" / "screen.json").exists()
        asked = len(server.bodies)
        assert asked < 60
        assert screen(tmp_path, served(server.url, "mini", more="budget: 9"), "--rows", "60") == 0
        assert len(server.bodies) <= 60 + 4  # what was under way when it stopped may be asked again
    assert result(tmp_path, "served-screen")["cells"][0]["money"] == pytest.approx(60 * COSTS)


def test_a_run_asks_only_what_its_screen_did_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(lambda c: f"Darauf gibt es viele Antworten: {c[-1]['content']}") as server:
        text = served(server.url, "mini")
        assert screen(tmp_path, text, "--rows", "20") == 0
        assert len(server.bodies) == 20
        assert screen(tmp_path, text, "--rows", "50") == 0
        assert len(server.bodies) == 50
    assert "results of other settings" in capsys.readouterr().err


def test_hostile_text_stays_text(two: Path) -> None:
    """A screen in which each name and sentence is markup: of those, none is left in the page."""
    name = '<script>alert("1")</script>'
    words = {"foreign", "clean", "sim-screen"}

    def hostile(value: Any) -> Any:
        if isinstance(value, dict):
            return {hostile(key): hostile(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [hostile(entry) for entry in value]
        is_said = isinstance(value, str) and (value in words or " " in value)
        return f"{name} {value}" if is_said else value

    screened = hostile(result(two, "sim-screen"))
    page = render_screen(screened, name)
    assert page.count("<script") == 1, "our own"
    assert "&lt;script&gt;" in page
    assert name.replace('"', '""') in screen_csv(screened)
