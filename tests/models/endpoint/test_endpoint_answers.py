"""What servers answer, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from endpoint_asks import SCHEMA, answered, ask, kept, many, one, right, settings
from servers import ChatServer, start_chat_server

from polyteach.errors import UserError
from polyteach.models.asks import Sampling
from polyteach.models.completions import Completion


def test_answers_come_with_their_tokens_and_are_asked_once(server: ChatServer, path: Path) -> None:
    asks = many(50, "plain")
    outcome = answered(asks, path, settings(server.url))
    assert (outcome.sent, outcome.reused, outcome.unanswered) == (50, 0, {})
    for request in asks:
        completion = kept(path, request)
        assert completion is not None
        assert completion.text == right(request)
        assert (completion.prompt_tokens, completion.completion_tokens) == (
            len(f"plain {request.number}") // 4 + 1,
            6,
        )
    before = server.seen()["received"]
    again = answered([*asks, *many(52, "plain")[50:]], path, settings(server.url))
    assert (again.sent, again.reused) == (2, 50)
    assert server.seen()["received"] == before + 2


def test_what_is_asked_is_sent(server: ChatServer, path: Path) -> None:
    how = settings(server.url, extra={"reasoning_effort": "low"})
    one("সব", path, how, schema=SCHEMA)
    body = server.seen()["bodies"][-1]
    seed = body.pop("seed")
    assert body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "সব"}],
        "max_tokens": 50,
        "temperature": 0.5,
        "top_p": 0.9,
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    }
    one("সব", path, how, number=1, schema=SCHEMA)
    assert server.seen()["bodies"][-1]["seed"] != seed


@pytest.mark.parametrize(
    ("odd", "completion"),
    [
        ("reasoning", Completion("{}", "stop", 3, 6, 3, 1, "let me think")),
        ("refusal", Completion("", "stop", 3, 6, refusal="I cannot help with that.")),
        ("content_filter", Completion("", "content_filter", 5, 6)),
        ("length", Completion("answ", "length", 3, 6)),
        ("empty", Completion("", "stop", 2, 6)),
        ("null", Completion("", "stop", 2, 6)),
        ("parts", Completion("{}", "stop", 2, 6, thinking="hm")),
        ("surrogate", Completion("half \ufffd of a pair", "stop", 3, 6)),
        ("too-long", Completion("", "prompt_too_long", 0, 0)),
    ],
)
def test_odd_answers(server: ChatServer, path: Path, odd: str, completion: Completion) -> None:
    found = one(f"<{odd}>", path, settings(server.url))
    assert found is not None
    fields = {name: getattr(found, name) for name in Completion.__slots__}
    if completion.text == "{}":
        assert fields["text"] == right(ask(f"<{odd}>"))
        fields["text"] = "{}"
    assert Completion(**fields) == completion


def test_a_server_without_usage_gives_no_tokens_and_no_price(path: Path) -> None:
    with start_chat_server(usage=False) as server:
        found = one("x", path, settings(server.url))
    assert found is not None
    assert (found.prompt_tokens, found.completion_tokens) == (0, 0)


@pytest.mark.parametrize(
    ("refused", "left_out"),
    [
        (["response_format"], "response_format"),
        (["max_tokens"], "max_tokens"),
        (["seed"], "seed"),
        (["seed", "max_tokens", "response_format"], "seed"),
    ],
)
def test_what_a_server_does_not_take_is_left_out_from_then_on(
    path: Path, refused: list[str], left_out: str
) -> None:
    with start_chat_server(refuses=refused) as server:
        how = settings(server.url, most_at_once=4)
        outcome = answered(many(40, schema=SCHEMA), path, how)
        seen = server.seen()
    assert (outcome.sent, outcome.unanswered) == (40, {})
    assert seen["received"] - seen["answered"] <= 4 * len(refused)
    body = seen["bodies"][-1]
    assert left_out not in body
    assert ("max_completion_tokens" in body) == ("max_tokens" in refused)


REFUSALS = {
    "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is "
    "supported.": "temperature",
    "Unsupported parameter: 'top_p' is not supported with this model.": "top_p",
    "Unrecognized request argument supplied: top_k": "top_k",
    "[{'loc': ('body', 'top_k'), 'msg': 'Extra inputs are not permitted'}]": "top_k",
    "property 'top_k' is unsupported; supported are temperature, top_p": "top_k",
    "`temperature` is deprecated for this model.": "temperature",
    "`temperature` and `top_p` cannot both be specified for this model. Please use only one.": "top_p",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_sampling_that_a_model_does_not_take_is_left_out_and_kept_with_the_answers(
    path: Path, words: str
) -> None:
    field = REFUSALS[words]
    with start_chat_server(refuses=[field], refusal=words) as server:
        asks = [replace(each, sampling=Sampling(50, 0.5, 0.9, 20)) for each in many(20)]
        outcome = answered(asks, path, settings(server.url, most_at_once=4))
        seen = server.seen()
    assert (outcome.sent, outcome.unanswered) == (20, {})
    assert seen["received"] - seen["answered"] <= 4
    assert {"temperature", "top_p", "top_k", "seed"} - set(seen["bodies"][-1]) == {field}
    assert {completion.left_out for each in asks if (completion := kept(path, each))} == {field}


def test_all_that_a_reasoning_model_does_not_take_is_left_out(path: Path) -> None:
    refused = ["temperature", "top_p", "max_tokens", "seed", "response_format"]
    with start_chat_server(refuses=refused) as server:
        found = one("q", path, settings(server.url), schema=SCHEMA)
        body = server.seen()["bodies"][-1]
    assert found is not None
    assert found.left_out == "temperature top_p seed response_format"
    assert set(body) == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize(
    "words",
    [
        "Input validation error: `temperature` must be strictly positive",
        "Invalid value for 'temperature': 0.5 is greater than the maximum of 0.4",
        "Unsupported language of 'messages'; the request was " + "x" * 80 + ", 'temperature': 0.5",
    ],
)
def test_a_value_that_is_out_of_range_is_told_and_not_left_out(path: Path, words: str) -> None:
    with start_chat_server(refuses=["temperature"], refusal=words) as server:
        with pytest.raises(UserError, match="refuses what it is sent"):
            answered(many(60), path, settings(server.url))
        assert all("temperature" in body for body in server.seen()["bodies"])


def test_a_schema_that_must_be_kept_is_not_left_out(path: Path) -> None:
    with start_chat_server(refuses=["response_format"]) as server, pytest.raises(UserError, match="400"):
        answered(many(40, schema=SCHEMA), path, settings(server.url, structured="json_schema"))


def test_a_schema_in_words_only_is_not_sent(server: ChatServer, path: Path) -> None:
    one("words", path, settings(server.url, structured="words"), schema=SCHEMA)
    assert "response_format" not in server.seen()["bodies"][-1]


def test_half_of_a_surrogate_pair_can_be_asked(server: ChatServer, path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        "\ud83d".encode()
    assert one("half \ud83d", path, settings(server.url)) is not None
