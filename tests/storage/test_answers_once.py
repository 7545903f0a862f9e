"""Two runs of one study that ask a server: no question is sent twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from servers import start_chat_server

SAYS = "Die Donau fließt durch zehn Länder und mündet nach einer langen Reise in das Schwarze Meer."
STUDY = """
name: asked
languages: [de]
teachers:
  - {{name: one, model: one, endpoint: {{urls: ["{url}"], most_at_once: 4}}}}
  - {{name: two, model: two, endpoint: {{urls: ["{url}"], most_at_once: 4}}}}
seed_data: [{{pocket: 80}}]
synthesis: {{methods: [respond], rows_per_method: 30, attempts: 1, language_gate: false}}
"""


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "polyteach.cli.main", "screen", str(folder / "study.yaml"), "--json"]
    return subprocess.Popen(
        [*command, "--workers", "1", "--output-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def asked(folder: Path, runs: int) -> tuple[dict[str, Any], bytes]:
    """What a server saw of so many runs at once, and their result."""
    folder.mkdir()
    with start_chat_server(says={"": SAYS}, seconds=0.05) as server:
        (folder / "study.yaml").write_text(STUDY.format(url=server.url), encoding="utf-8")
        processes = [start(folder) for _ in range(runs)]
        told = [process.communicate(timeout=300) for process in processes]
        assert [process.returncode for process in processes] == [0] * runs, told
        (results,) = folder.glob("runs/*/screen.json")
        made = sum(json.loads(out)["steps"]["made"] for out, _ in told)
        steps = json.loads(results.with_name("status.json").read_bytes())["steps"]
        assert made == len([step for step in steps if not step["closing"]])
        return server.seen(), results.read_bytes()


def test_two_runs_ask_no_more_than_one(tmp_path: Path) -> None:
    alone, results = asked(tmp_path / "alone", 1)
    both, same = asked(tmp_path / "both", 2)
    assert alone["received"] == 60
    assert both["received"] == alone["received"]
    assert both["again"] == 0
    assert same == results
