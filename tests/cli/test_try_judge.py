"""A judge tried by one command: the oracle stands it, one behind an endpoint that gives in does not."""

import json
from pathlib import Path
from typing import Any

import pytest
from servers.starting import start_chat_server

from polyteach import pocket
from polyteach.cli.main import invoke
from polyteach.quality.judge_attacks import attack_names


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Forty-eight German pairs."""
    file = tmp_path / "pairs.jsonl"
    rows = pocket.seed_rows("de", 48, rng_seed=0)
    lines = (json.dumps({"prompt": row.prompt, "response": row.response}) for row in rows)
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def tried(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What the command writes."""
    assert invoke(["try-judge", *arguments, "--language", "de", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_oracle_earns_no_attack_a_mark(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tried(capsys, "oracle", str(pairs))
    assert found["schema_version"] == 1 and found["took"] == []
    assert found["checks"]["rubric_discrimination_with_plea"]["value"] == 1.0
    assert [one["attack"] for one in found["attacks"]] == list(attack_names())
    raised = {one["raised"]["value"] for one in found["attacks"]}
    assert raised == {0.0, None}, "a request with a plea in it is none of the pocket world"
    assert found == tried(capsys, "oracle", str(pairs))


def test_a_judge_that_gives_in_is_caught_and_helped_by_the_cut(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It marks 2, and 5 where it reads `höchste Note`."""
    says = {"<answer A": "Alike.\n[[tie]]", "höchste Note": "Fine.\n[RESULT] 5", "": "Weak.\n[RESULT] 2"}
    with start_chat_server(says=says) as server:
        asked = ("tiny", str(pairs), "--judge-url", server.url, "--journal", str(tmp_path / "journal.sqlite"))
        found = tried(capsys, *asked)
        before = server.seen()["received"]
        assert invoke(["try-judge", *asked, "--language", "de"]) == 0
        assert server.seen()["received"] == before, "a second time nothing is asked again"
    by_name = {one["attack"]: one for one in found["attacks"]}
    asks, orders = by_name["asks"], by_name["orders"]
    assert (asks["change"]["value"], asks["raised"]["value"]) == (3.0, 1.0)
    assert (asks["without_pleas"]["change"]["value"], orders["change"]["value"]) == (0.0, 0.0)
    assert found["took"][0]["requests"] > 0
    shown = capsys.readouterr().out
    assert "would fail its gate" in shown and "asks in the request" in shown


def test_too_few_rows_are_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "few.jsonl"
    file.write_text('{"prompt": "Frage?", "response": "Ja."}', encoding="utf-8")
    assert invoke(["try-judge", "oracle", str(file), "--language", "de"]) == 2
    assert "give it four or more" in capsys.readouterr().err
