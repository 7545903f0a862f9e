"""A preview asks the judge about the rows that come; the forecast has what judge and embedder will cost."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import ChatServer, start_chat_server
from synthesis.scripted_server import Scripted, scripted

from polyteach.artifacts import Store
from polyteach.cli.main import USER_ERROR, invoke
from polyteach.forecast import forecast
from polyteach.measuring_costs import ask_judges, measuring_steps, rows_to_judge
from polyteach.pipeline import cell_steps
from polyteach.preview import ask_preview, served_steps
from polyteach.resources import find_resources
from polyteach.running import look_up
from polyteach.steps import SilentProgress
from polyteach.study import Study

ROWS, SHOWN, GATE = 40, 12, 6
JUDGE_INPUT, JUDGE_OUTPUT = 3.0, 7.0  # USD per million tokens
MOST_OF_THE_GATE = GATE * 8 - GATE // 2 + 7 * GATE  # clean and corrupted rows once, the checks of the judge


def judge_tokens(body: dict[str, Any]) -> tuple[int, int]:
    """What a request to the judge takes: it varies, and follows from the words alone."""
    mark = hashlib.sha256(json.dumps(body["messages"]).encode()).digest()
    return 100 + mark[0], 30 + mark[1]


def judging(conversation: list[dict[str, str]]) -> dict[str, Any]:
    prompt, answer = judge_tokens({"messages": conversation})
    says = "[[tie]]" if "[[tie]]" in conversation[-1]["content"] else "[RESULT] 4"
    usage = {"prompt_tokens": prompt, "completion_tokens": answer}
    return {"content": f"Natural and right.\n{says}", "usage": usage}


def writing(conversation: list[dict[str, str]]) -> str:
    mark = hashlib.sha256(conversation[-1]["content"].encode()).digest()
    return f"Die Antwort ist {mark[0]}-{mark[1]}-{mark[2]}, das steht fest."


@pytest.fixture
def judge() -> Iterator[Scripted]:
    with scripted(judging) as server:
        yield server


@pytest.fixture
def teacher() -> Iterator[Scripted]:
    with scripted(writing) as server:
        yield server


@pytest.fixture
def vectors() -> Iterator[ChatServer]:
    with start_chat_server() as server:
        yield server


def study(teacher: str | None, judge: str, vectors: str) -> dict[str, Any]:
    def served(model: str, url: str, output: float) -> dict[str, Any]:
        price = {"input": JUDGE_INPUT, "output": output}
        return {"model": model, "endpoint": {"urls": [url], "most_at_once": 4}, "price": price}

    local = {"model": "pocket:err-03", "prompts": "pocket"}
    return {
        "name": "measured",
        "languages": ["de"],
        "teachers": [{"name": "mini"} | (served("mini-1", teacher, 4.0) if teacher else local)],
        "seed_data": [{"pocket": 60}],
        "synthesis": {"rows_per_method": ROWS, "methods": ["respond"], "language_gate": False},
        "quality": {
            "judge": served("judge-1", judge, JUDGE_OUTPUT),
            "embedder": served("vectors-1", vectors, 0.0),
            "gate_rows": GATE,
        },
        "students": {"bases": [{"name": "base-c", "model": "pocket:base-c"}], "rows": ROWS},
        "benchmarks": ["pocket-choice"],
    }


def paid(bodies: list[dict[str, Any]]) -> float:
    """USD for what a judge was asked."""
    each = [judge_tokens(body) for body in bodies]
    return sum(sent * JUDGE_INPUT + received * JUDGE_OUTPUT for sent, received in each) / 1e6


def test_the_judge_is_asked_about_the_preview_and_not_again(
    teacher: Scripted, judge: Scripted, vectors: ChatServer, tmp_path: Path
) -> None:
    asked = Study.model_validate(study(teacher.url, judge.url, vectors.url))
    resources = find_resources(asked, tmp_path)
    store = Store(tmp_path / "store")
    store.prepare()

    def told() -> dict[str, Any]:
        return forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)

    most = ROWS + 60 + MOST_OF_THE_GATE  # the teacher's rows, the seed data's, and the gate
    blank = told()
    assert blank["money"]["value"] is None
    assert [one["requests"] for one in blank["measuring"]] == [most, 2 + 2 + 2]  # 64 texts in a request
    assert {one["money"]["reason"] for one in blank["measuring"]} == {"nothing of it was asked yet"}

    planned = look_up(cell_steps(asked, resources), store)
    ask_preview(served_steps(planned.missing), store, SHOWN, 1, SilentProgress())
    without = told()["measuring"][0]
    assert (without["answered"], without["money"]["value"]) == (0, None)
    rows = rows_to_judge(planned.steps, planned.there, store, SHOWN, 1)
    ask_judges(planned.steps, rows, store, SilentProgress())
    assert len(teacher.bodies) == len(judge.bodies) == SHOWN
    assert not vectors.seen()["received"]

    first = told()
    marks, embedded = first["measuring"]
    assert (marks["role"], marks["model"], marks["answered"]) == ("judge", "judge-1", SHOWN)
    counted = marks["requests"]  # the gate's seed data is there
    assert most - MOST_OF_THE_GATE < counted < most
    assert marks["money"]["value"] == pytest.approx(paid(judge.bodies) * counted / SHOWN)
    assert marks["tokens"]["response"] == round(
        sum(judge_tokens(body)[1] for body in judge.bodies) * counted / SHOWN
    )
    parts = [first["teachers"][0], marks, embedded]
    assert first["money"]["value"] == pytest.approx(sum(part["money"]["value"] for part in parts))
    assert first["money"]["low"] < first["money"]["value"] < first["money"]["high"]

    for step in [*served_steps(planned.steps), *measuring_steps(planned.steps, "judge")]:
        for parent in step.inputs.values():
            store.make(parent)
        store.make(step)
    done = told()
    marks, embedded = done["measuring"]
    conversations = [json.dumps(body["messages"]) for body in judge.bodies]
    assert len(set(conversations)) == len(conversations)
    assert len(conversations) <= marks["requests"] == marks["answered"] == counted
    assert marks["money"]["low"] == marks["money"]["value"] == marks["money"]["high"]
    assert marks["money"]["value"] >= paid(judge.bodies)  # what sets share is paid once
    assert marks["money"]["value"] < first["measuring"][0]["money"]["high"]
    assert embedded["money"]["value"] == pytest.approx(embedded["tokens"]["prompt"] * JUDGE_INPUT / 1e6)
    assert embedded["requests"] == vectors.seen()["received"] == 6


def test_a_judge_behind_a_batch_api_is_asked_directly_and_foretold_at_its_price(
    teacher: Scripted, judge: Scripted, vectors: ChatServer, tmp_path: Path
) -> None:
    plain = study(teacher.url, judge.url, vectors.url)
    plain["quality"]["judge"]["endpoint"]["batch"] = True
    plain["quality"]["judge"]["price"]["batch_factor"] = 0.25
    asked = Study.model_validate(plain)
    resources = find_resources(asked, tmp_path)
    store = Store(tmp_path / "store")
    store.prepare()
    planned = look_up(cell_steps(asked, resources), store)
    ask_preview(served_steps(planned.missing), store, SHOWN, 1, SilentProgress())
    rows = rows_to_judge(planned.steps, planned.there, store, 5, 1)
    ask_judges(planned.steps, rows, store, SilentProgress())
    assert len(judge.bodies) == 5  # of the rows that are there, as many as were asked for
    marks, _ = forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)["measuring"]
    assert marks["money"]["value"] == pytest.approx(paid(judge.bodies) / 4 * marks["requests"] / 5)


def test_the_command_says_what_a_judge_will_cost_or_how_much_it_is_asked(
    teacher: Scripted,
    judge: Scripted,
    vectors: ChatServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command(option: str, *more: str, who: str | None = teacher.url) -> tuple[int, str]:
        path = tmp_path / "study.json"
        path.write_text(json.dumps(study(who, judge.url, vectors.url)))
        code = invoke(["run", str(path), "--output-dir", str(tmp_path / str(bool(who))), option, *more])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    most = ROWS + 60 + MOST_OF_THE_GATE
    code, out = command("--dry-run")
    assert code == 0
    assert f"  and of the judge judge-1: at most {most:,}\n" in out
    code, out = command("--preview", str(SHOWN))
    assert code == 0
    assert len(judge.bodies) == SHOWN
    assert "  judge judge-1: about " in out
    counted = re.search(rf"judge-1: about .*; {SHOWN} of (\d+) requests answered; about ", out)
    assert counted
    assert ROWS + 60 < int(counted[1]) < most
    assert "  embedder vectors-1: about " in out

    code, out = command("--preview", str(SHOWN), who=None)
    assert code == USER_ERROR
    assert "no row waits for a judge" in out
    code, out = command("--dry-run", who=None)
    assert code == 0
    assert f"  and of the judge judge-1: at most {most:,}\n" in out
