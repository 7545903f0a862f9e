"""A preview asks some requests of each cell; the forecast stands on them, and the run asks them no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from synthesis.scripted_server import Script, Scripted, scripted

from polyteach.artifacts import Store
from polyteach.forecast import forecast
from polyteach.pipeline import cell_steps
from polyteach.preview import ask_preview, served_steps
from polyteach.resources import Resources, find_resources
from polyteach.running import look_up
from polyteach.steps import SilentProgress, Step
from polyteach.study import Study

ROWS = 60
INPUT, OUTPUT = 1.0, 4.0  # USD per million tokens


def tokens(conversation: Sequence[dict[str, str]]) -> tuple[int, int]:
    """What a conversation takes: it varies, and follows from the words alone."""
    mark = hashlib.sha256(json.dumps(conversation).encode()).digest()
    return 50 + mark[0], 20 + 2 * mark[1]


def refusing_once() -> Script:
    """Answers; but one request in eight is refused until it is asked again."""
    refused: set[bytes] = set()

    def script(conversation: list[dict[str, str]]) -> dict[str, Any]:
        prompt, answer = tokens(conversation)
        usage = {"usage": {"prompt_tokens": prompt, "completion_tokens": answer}}
        mark = hashlib.sha256(conversation[-1]["content"].encode()).digest()
        if mark[0] < 32 and mark not in refused:
            refused.add(mark)
            return usage | {"refusal": "no"}
        return usage | {"content": f"Die Antwort ist {mark[1]}, das steht fest."}

    return script


def study(url: str, *teachers: str, priced: bool = True) -> Study:
    price = {"price": {"input": INPUT, "output": OUTPUT}} if priced else {}
    endpoint = {"urls": [url], "most_at_once": 4}
    return Study.model_validate(
        {
            "name": "served",
            "languages": ["de"],
            "teachers": [
                {"name": name, "model": f"{name}-1", "endpoint": endpoint} | price for name in teachers
            ],
            "seed_data": [{"pocket": 240}],
            "synthesis": {"rows_per_method": ROWS, "methods": ["respond"], "language_gate": False},
            "quality": {"judge": "oracle"},
            "students": {"bases": [{"name": "base-c", "model": "pocket:base-c"}], "rows": ROWS},
            "benchmarks": ["pocket-choice"],
        }
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def paid(server: Scripted) -> float:
    """USD for everything the server was asked."""
    each = [tokens(body["messages"]) for body in server.bodies]
    return sum(prompt * INPUT + answer * OUTPUT for prompt, answer in each) / 1e6


def preview(asked: Study, resources: Resources, store: Store, size: int) -> list[Step]:
    steps = served_steps(look_up(cell_steps(asked, resources), store).missing)
    ask_preview(steps, store, size, 1, SilentProgress())
    return steps


def test_a_preview_is_paid_once_and_foretells_the_cost(store: Store, tmp_path: Path) -> None:
    with scripted(refusing_once()) as server:
        asked = study(server.url, "mini", "maxi")
        resources = find_resources(asked, tmp_path)
        blank = forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)
        assert blank["money"]["value"] is None
        assert blank["money"]["reason"] == "nothing of it was asked yet"

        steps = preview(asked, resources, store, 40)
        sent = len(server.bodies)
        assert 40 < sent < 60  # some were asked again
        assert not any(store.find(step) for step in steps)
        told = forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)
        assert [(one["teacher"], one["answered"]) for one in told["teachers"]] == [("mini", 20), ("maxi", 20)]
        assert told["money"]["n"] == 40
        assert told["money"]["value"] == pytest.approx(3 * paid(server))

        money = [store.make(step).facts["money"] for step in steps]
        assert sum(money) == pytest.approx(paid(server))
        assert told["money"]["low"] < sum(money) < told["money"]["high"]
        keys = [(body["model"], body["seed"], json.dumps(body["messages"])) for body in server.bodies]
        assert len(set(keys)) == len(keys)
        done = forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)
        assert done["money"]["value"] == done["money"]["high"] == pytest.approx(sum(money))
        assert [one["money"]["value"] for one in done["teachers"]] == pytest.approx(money)


def test_a_server_that_counts_no_tokens_costs_nobody_knows_what(store: Store, tmp_path: Path) -> None:
    usage = {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    with scripted(lambda _: usage | {"content": "Das ist eine Antwort auf die Frage."}) as server:
        asked = study(server.url, "mini")
        resources = find_resources(asked, tmp_path)
        (step,) = preview(asked, resources, store, 6)
        told = forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)
        facts = store.make(step).facts
    assert told["money"]["value"] is None
    assert (facts["rows"], facts["money"]) == (ROWS, None)  # not nothing


def test_where_a_price_is_unknown_the_money_is_and_the_tokens_are_not(store: Store, tmp_path: Path) -> None:
    with scripted(lambda _: "Das ist eine Antwort auf die Frage.") as server:
        asked = study(server.url, "mini", priced=False)
        resources = find_resources(asked, tmp_path)
        preview(asked, resources, store, 6)
        told = forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)
    assert told["money"]["value"] is None
    assert told["money"]["reason"] == "the price of the model is unknown"
    assert told["teachers"][0]["tokens"] == {
        "prompt": 10 * ROWS,
        "response": 20 * ROWS,
        "thinking": 0,
        "cached": 0,
    }
