"""No text of a model, a server, a file or a name makes a terminal do anything, whichever command shows it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evil_server import evil_server

from polyteach.cli.terminal import print_json

sys.path.append(str(Path(__file__).parents[1] / "comparison"))
from made_results import made_results

WORD = "owned"
HOSTILE = (
    f"\x1b]0;{WORD}\x07\x1b[2J\x1b[1;1H\x1b]8;;http://a.example\x1b\\{WORD}\x9b31m\x9d52;c;b3duZWQ=\x9c"
    "\r\u202e\u2066\x08\x7f\u2028"
)
"""Another title, an empty screen, a link, the clipboard, a line written over, text turned round."""
NAME = HOSTILE.replace("/", "_").replace("\\", "_")[:60]
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f]")
OF_RICH = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[0-2]?K|\x1b\[[0-9]*[AB]|\r")
MARK = "=====command "
DRIVER = """
import json, sys
from polyteach.cli.main import invoke
from polyteach.cli.terminal import guard_output
from polyteach.report.wording import one_line
guard_output()
for number, arguments in enumerate(json.loads(sys.stdin.read())):
    try:
        code = invoke(arguments)
    except Exception:
        import traceback
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    print(f"=====command {number} {code}", flush=True)
"""


def rows_file(folder: Path) -> str:
    folder.mkdir()
    row = {"prompt": f"Was ist {HOSTILE}?", "response": HOSTILE, "teacher": NAME, HOSTILE: HOSTILE}
    path = folder / f"{NAME}.jsonl"
    path.write_text("".join(json.dumps(row | {"n": n}) + "\n" for n in range(3)), encoding="utf-8")
    return str(path)


def results_file(folder: Path, gain: float) -> str:
    """Results of a run as another program may have written them."""
    gains = {NAME: {("de", NAME): {NAME: gain}}, "other": {("de", NAME): {NAME: 0.1}}}
    content = made_results(gains, {name: {"de": {NAME: 0.5}} for name in gains})
    content["verdict"]["text"] = HOSTILE
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
    return str(folder)


def status_file(run: Path) -> str:
    """How far a run is, as whoever may write to its folder can have it."""
    run.mkdir(parents=True)
    tokens = {"prompt": 0, "response": 0, "thinking": 0, "cached": 0}
    content: dict[str, Any] = {
        "state": "failed",
        "reason": HOSTILE,
        "pid": 1,
        "steps": [{"id": NAME, "kind": NAME, "state": "failed", "progress": None, "error": HOSTILE}],
        "requests": {"done": 0, "left": 0, "failed": {NAME: 1}, "retried": {}},
        "tokens": tokens,
        "endpoint": {"down": {HOSTILE: 1}, "told_to_wait": 0},
        **dict.fromkeys(("money", "budget", "rate", "seconds_left")),
    }
    (run / "status.json").write_text(json.dumps(content), encoding="utf-8")
    return str(run)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[str]]]:
    """Commands that show what others wrote."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = rows_file(folder / "rows")
    result = {
        "results": {NAME: {"acc": 0.5, HOSTILE: 0.5}},
        "versions": {},
        "config": {"model_args": f"pretrained={NAME}"},
    }
    (folder / f"{NAME}.json").write_text(json.dumps(result), encoding="utf-8")
    (folder / "study.yaml").write_text(
        f"name: a\n{json.dumps(HOSTILE)}: 1\nlanguages: [{json.dumps(NAME)}]\n", encoding="utf-8"
    )
    prompts = folder / "de.jsonl"
    prompts.write_text('{"prompt": "Was ist der Mond?"}\n' * 9, encoding="utf-8")
    to_write = ["--language", "de", "--seed-data", str(prompts), "--method", "respond", "--rows", "3"]
    with (
        evil_server(lambda to: to.send(400, HOSTILE.encode())) as (refusing, _),
        evil_server(lambda to: to.send(401, HOSTILE.encode())) as (closed, _),
    ):

        def teacher(url: str) -> list[str]:
            output = folder / f"{url.rpartition(':')[2].partition('/')[0]}.parquet"
            return ["synthesize", *to_write, "--output", str(output), "--url", url, "--model", NAME]

        yield [
            [NAME],
            ["run", f"--{NAME}"],
            ["run", str(folder / NAME)],
            ["run", str(folder / "study.yaml")],
            ["ingest", str(folder)],
            ["ingest", str(folder), "--json"],
            ["ingest", str(folder / f"{NAME}.gone")],
            ["measure", rows, "--language", "de", "--judge", "oracle"],
            ["measure", rows, "--language", "de", "--judge", "oracle", "--json"],
            ["filter", rows, "--language", "de", "--output", str(folder / f"{NAME}.out.jsonl")],
            ["export", rows, "--language", "de", "--licence", "MIT", "--output", str(folder / "export")],
            ["seed-data", "--source", NAME, "--path", rows, "--output", str(folder / "seed.jsonl")],
            teacher(refusing),
            teacher(closed),
            ["status", status_file(folder / "runs" / "a")],
            ["compare", results_file(folder / "one", 0.1), results_file(folder / "two", 0.2)],
            ["recommend", NAME],
            ["bundle", "show", str(folder / f"{NAME}.json")],
            ["review", "import", str(folder / NAME), rows],
            ["gc", "--output-dir", str(folder / NAME)],
        ]


def shown(commands: list[list[str]], *, on_a_terminal: bool) -> list[str]:
    """What each command shows, on both streams."""
    ours, theirs = pty.openpty() if on_a_terminal else os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdin=subprocess.PIPE, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        assert process.stdin is not None
        process.stdin.write(json.dumps(commands).encode())
        process.stdin.close()
        parts = []
        while part := _read(ours):
            parts.append(part)
    os.close(ours)
    text = b"".join(parts).decode("utf-8").replace("\r\n", "\n")
    return re.split(rf"{MARK}\d+ \d+\n", text)[: text.count(MARK)]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 2**16)
    except OSError:  # so does a terminal end whose other side is closed
        return b""


@pytest.mark.parametrize("on_a_terminal", [False, True])
def test_no_command_lets_a_text_command_the_terminal(commands: list[list[str]], on_a_terminal: bool) -> None:
    told = shown(commands, on_a_terminal=on_a_terminal)
    assert len(told) == len(commands)
    silent = [arguments[0] for arguments, text in zip(commands, told, strict=True) if WORD not in text]
    assert silent == []  # what shows nothing of it proves nothing
    for arguments, text in zip(commands, told, strict=True):
        rest = OF_RICH.sub("", text) if on_a_terminal else text
        assert OBEYED.findall(rest) == [], arguments[0]


def test_json_is_the_same_for_programs_and_harmless_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": f"{HOSTILE} نمی\u200cشود 日本 \U0001f600\ttab", NAME: [HOSTILE]}
    print_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == value
    assert OBEYED.findall(text) == []
    assert "نمی\u200cشود 日本 \U0001f600" in text
