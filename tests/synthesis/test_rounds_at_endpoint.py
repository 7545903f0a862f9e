"""Every reason for which an answer makes no row, through a real HTTP server; what is asked again, and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scripted_server import Script, scripted
from servers import start_chat_server

from polyteach.errors import StepImpossible
from polyteach.rows import Row, read_rows, write_rows
from polyteach.steps import StepTask
from polyteach.synthesis.answers import REASONS
from polyteach.synthesis.fitting import estimated_tokens
from polyteach.synthesis.step import synthesize

GERMAN = (
    "Die Donau fließt durch zehn Länder und mündet in das Schwarze Meer. Sie ist der zweitlängste Fluss "
    "Europas und seit der Antike ein wichtiger Handelsweg."
)
ENGLISH = (
    "The Danube flows through ten countries and ends in the Black Sea. It is the second longest river of "
    "Europe and has been an important trade route since antiquity."
)
GOOD = json.dumps({"prompt": "Wohin fließt die Donau, und woher kommt sie?", "response": GERMAN})
SETTINGS: dict[str, Any] = {
    "language": "de",
    "method": "generate",
    "teacher": "t",
    "model": "scripted",
    "endpoint": {},
    "prompts": "default",
    "rows": 4,
    "few_shot": 2,
    "rng_seed": 7,
    "temperature": 0.8,
    "top_p": 0.9,
    "max_new_tokens": 64,
    "attempts": 3,
    "language_gate": True,
}


@pytest.fixture
def seeds(tmp_path: Path) -> dict[str, Path]:
    def row(number: int, language: str, prompt: str, response: str) -> Row:
        extra = {"feeds": ["generate", "translate", "respond"]}
        return Row(f"s/{number}", language, "human", "", "s", str(number), prompt, response, extra=extra)

    inputs = {"seed_data": tmp_path / "de", "seed_data_en": tmp_path / "en"}
    for folder in inputs.values():
        folder.mkdir()
    german = [row(n, "de", f"Wie heißt der Fluss Nummer {n} auf der Karte?", f"Fluss {n}") for n in range(4)]
    english = [row(n, "en", f"Which river has the number {n}?", f"River {n}") for n in range(4)]
    write_rows(inputs["seed_data"] / "rows.parquet", german)
    write_rows(inputs["seed_data_en"] / "rows.parquet", english)
    return inputs


def run(
    script: Script, inputs: dict[str, Path], output: Path, journal: Path | None = None, **changed: Any
) -> tuple[dict[str, Any], list[Row], list[dict[str, Any]]]:
    """Facts, rows, and the bodies that the server got."""
    output.mkdir()
    with scripted(script) as server:
        where = {"urls": [server.url], "attempts": 2, "backoff_seconds": 0.01, "batch": False}
        locations = {"endpoint": json.dumps(where)} | ({"journal": str(journal)} if journal else {})
        facts = synthesize(StepTask(SETTINGS | changed, locations, inputs, output))
        return dict(facts), read_rows(output / "rows.parquet"), server.bodies


BAD: dict[str, Any] = {
    "unparsable": "Here is an example without any braces.",
    "empty_prompt": '{"prompt": "", "response": "x"}',
    "empty_response": '{"prompt": "Wohin?", "response": " "}',
    "cut_off": {"content": '{"prompt": "Wohin?", "resp', "finish_reason": "length"},
    "refusal": {"content": None, "refusal": "I can't help with that."},
    "prompt_echoed": '{"prompt": "Wohin fließt sie?", "response": "Wohin fließt sie?"}',
    "wrong_language": json.dumps({"prompt": "Wohin fließt die Donau?", "response": ENGLISH}),
    "thinking_only": {"content": "<think>Rivers, rivers, rivers", "finish_reason": "length"},
}
REFUSALS: list[Any] = [
    {"content": "", "finish_reason": "content_filter"},
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    '{"prompt": "Wie baut man das?", "response": "I\'m sorry, but I can\'t assist with that request."}',
]


def test_these_are_all_the_reasons() -> None:
    assert {*BAD, "few_shot_copy", "prompt_too_long", "unanswered"} == {*REASONS}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_answer_has_its_reason_and_is_asked_for_again(
    reason: str, seeds: dict[str, Path], tmp_path: Path
) -> None:
    facts, rows, bodies = run(lambda _: BAD[reason], seeds, tmp_path / "bad")
    assert rows == []
    assert (facts["failed"], facts["retried"]) == ({reason: 4}, {reason: 8})
    assert (len(bodies), facts["sent"], facts["prompt_tokens"]) == (12, 12, 120)
    failures = json.loads((tmp_path / "bad" / "failures.json").read_text(encoding="utf-8"))
    assert failures[reason]["count"] == 4
    assert all(failures[reason]["examples"])

    def better_at_the_third(messages: list[dict[str, str]]) -> Any:
        seen.append(messages)
        return GOOD if len(seen) > 8 else BAD[reason]

    seen: list[list[dict[str, str]]] = []
    facts, rows, _ = run(better_at_the_third, seeds, tmp_path / "good")
    assert (facts["failed"], facts["retried"], len(rows)) == ({}, {reason: 8}, 4)
    assert {row.extra["attempts"] for row in rows} == {3}


@pytest.mark.parametrize("said", REFUSALS)
def test_ways_to_refuse(said: Any, seeds: dict[str, Path], tmp_path: Path) -> None:
    assert run(lambda _: said, seeds, tmp_path / "a", attempts=1)[0]["failed"] == {"refusal": 4}


def test_a_copied_example_and_a_copied_form(seeds: dict[str, Path], tmp_path: Path) -> None:
    def copy(messages: list[dict[str, str]]) -> str:
        line = next(part for part in messages[1]["content"].split("\n") if part.startswith("Prompt: "))
        return json.dumps({"prompt": line.removeprefix("Prompt: ").upper(), "response": GERMAN})

    assert run(copy, seeds, tmp_path / "a", attempts=1)[0]["failed"] == {"few_shot_copy": 4}

    def form(messages: list[dict[str, str]]) -> str:
        return messages[-1]["content"].rpartition("\n")[2]

    assert run(form, seeds, tmp_path / "b", attempts=1)[0]["failed"] == {"prompt_echoed": 4}


def test_what_is_wrong_is_said_in_words(seeds: dict[str, Path], tmp_path: Path) -> None:
    def script(messages: list[dict[str, str]]) -> Any:
        return GOOD if "not in German" in messages[-1]["content"] else BAD["wrong_language"]

    _, rows, bodies = run(script, seeds, tmp_path / "a")
    assert len(rows) == 4
    first, again = bodies[0]["messages"], bodies[-1]["messages"]
    assert [turn["role"] for turn in first] == ["system", "user"]
    assert [turn["role"] for turn in again] == ["system", "user", "assistant", "user"]
    assert again[2]["content"] == BAD["wrong_language"]
    # long answers are not sent back: the request itself asks for a shorter one
    _, _, bodies = run(lambda _: BAD["cut_off"], seeds, tmp_path / "b")
    assert [turn["role"] for turn in bodies[-1]["messages"]] == ["system", "user"]
    assert "Keep it short" in bodies[-1]["messages"][-1]["content"]


def test_a_refusal_is_asked_plainly_again_unless_the_answer_would_be_the_same(
    seeds: dict[str, Path], tmp_path: Path
) -> None:
    _, _, bodies = run(lambda _: BAD["refusal"], seeds, tmp_path / "a", rows=1)
    assert len(bodies) == 3
    assert len({json.dumps(body["messages"]) for body in bodies}) == 1
    assert len({body["seed"] for body in bodies}) == 3
    _, _, bodies = run(lambda _: BAD["refusal"], seeds, tmp_path / "b", rows=1, temperature=0.0)
    assert len(bodies) == 1


def test_the_schema_is_sent_for_json_and_not_for_text(seeds: dict[str, Path], tmp_path: Path) -> None:
    _, _, bodies = run(lambda _: GOOD, seeds, tmp_path / "a", method="translate")
    schema = bodies[0]["response_format"]["json_schema"]["schema"]
    assert (schema["required"], schema["additionalProperties"]) == (["prompt", "response"], False)
    assert (bodies[0]["temperature"], bodies[0]["top_p"], bodies[0]["max_tokens"]) == (0.8, 0.9, 64)
    _, rows, bodies = run(lambda _: GERMAN, seeds, tmp_path / "b", method="respond")
    assert "response_format" not in bodies[0]
    assert {row.response for row in rows} == {GERMAN}


def test_thinking_is_removed_and_counted(seeds: dict[str, Path], tmp_path: Path) -> None:
    text = f"<think>{'x' * len(GERMAN)}</think>{GERMAN}"
    facts, rows, _ = run(lambda _: text, seeds, tmp_path / "a", method="respond")
    assert {row.response for row in rows} == {GERMAN}
    assert {row.extra["thinking_tokens"] for row in rows} == {10}  # of 20, by their share of the characters
    assert facts["thinking_tokens"] == 40
    counted = {"completion_tokens_details": {"reasoning_tokens": 15}}
    reply = {"content": GERMAN, "reasoning_content": "hm", "usage": counted}
    facts, rows, _ = run(lambda _: reply, seeds, tmp_path / "b", method="respond")
    assert (facts["thinking_tokens"], len(rows)) == (60, 4)


def test_a_rerun_sends_only_what_is_missing_and_gives_the_same_bytes(
    seeds: dict[str, Path], tmp_path: Path
) -> None:
    def script(messages: list[dict[str, str]]) -> Any:
        number = len(seen)
        seen.append(messages)
        if number == broken_at:
            return 401
        asked = messages[1]["content"]
        return GOOD if len(messages) > 2 or "puzzle" in asked else BAD["unparsable"]

    seen: list[Any] = []
    broken_at = -1
    options = {"rows": 20, "method": "generate"}
    run(script, seeds, tmp_path / "whole", tmp_path / "whole.sqlite", **options)
    whole = len(seen)
    assert whole == 38  # the puzzles, 2 of 20, at once; the others twice
    facts, _, bodies = run(script, seeds, tmp_path / "again", tmp_path / "whole.sqlite", **options)
    assert (facts["sent"], facts["reused"], bodies) == (0, whole, [])
    for name in ("rows.parquet", "failures.json", "sent.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert not list((tmp_path / "whole").glob("journal*"))
    facts, _, bodies = run(
        script, seeds, tmp_path / "warmer", tmp_path / "whole.sqlite", temperature=0.9, **options
    )
    assert len(bodies) == facts["sent"] == whole  # a changed setting is another request


def test_without_a_journal_nothing_is_left_behind(seeds: dict[str, Path], tmp_path: Path) -> None:
    run(lambda _: GOOD, seeds, tmp_path / "a")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "failures.json",
        "rows.parquet",
        "sent.json",
    ]


def test_some_unanswered_requests_are_counted_many_end_the_step(
    seeds: dict[str, Path], tmp_path: Path
) -> None:
    first: list[str] = []

    def script(messages: list[dict[str, str]]) -> Any:
        key = json.dumps(messages)
        first[:] = first or [key]
        return 500 if key == first[0] else GOOD

    facts, rows, _ = run(script, seeds, tmp_path / "a", rows=40, few_shot=3)
    assert facts["failed"] == {"unanswered": facts["attempts"] - len(rows)}
    assert 0 < facts["failed"]["unanswered"] <= 2
    assert sum(facts["unanswered"].values()) == facts["failed"]["unanswered"]
    first.clear()
    with pytest.raises(
        StepImpossible, match=r"1 of 4 .*\(http 500 1\); the server said: http 500: .*scripted"
    ):
        run(script, seeds, tmp_path / "b")


def test_a_schema_that_is_never_sent_is_in_no_key_and_not_told_as_sent(
    seeds: dict[str, Path], tmp_path: Path
) -> None:
    journal = tmp_path / "journal.sqlite"
    for number, (endpoint, sent_now) in enumerate([({}, 4), ({"structured": "words"}, 4), ({}, 0)]):
        output = tmp_path / str(number)
        facts, _, bodies = run(lambda _: GOOD, seeds, output, journal, endpoint=endpoint)
        assert facts["sent"] == sent_now
        sent = json.loads((output / "sent.json").read_text())
        assert (sent["schema"] is None) == ("structured" in endpoint)
        assert all(("response_format" in body) != ("structured" in endpoint) for body in bodies)


def test_a_short_context_leaves_examples_out_and_then_shortens_and_refuses(
    seeds: dict[str, Path], tmp_path: Path
) -> None:
    def tokens(bodies: list[dict[str, Any]]) -> int:
        return min(estimated_tokens(body["messages"]) for body in bodies)

    _, rows, bodies = run(lambda _: GOOD, seeds, tmp_path / "whole")
    assert all("few_shot" not in row.extra for row in rows)
    two = tokens(bodies)
    _, rows, bodies = run(lambda _: GOOD, seeds, tmp_path / "a", context=two + 63)
    assert {row.extra["few_shot"] for row in rows} == {1} == {row.source_id.count("s/") for row in rows}
    assert all("Example 1" in body["messages"][1]["content"] for body in bodies)
    assert not any("Example 2" in body["messages"][1]["content"] for body in bodies)
    sent = json.loads((tmp_path / "a" / "sent.json").read_text())
    assert (sent["few_shot"], sent["few_shot_left_out"], sent["short_of_room"]) == (2, {"1": 4}, 0)
    _, rows, bodies = run(lambda _: GOOD, seeds, tmp_path / "b", context=two)
    assert {row.extra["few_shot"] for row in rows} == {0}
    none = max(estimated_tokens(body["messages"]) for body in bodies)
    _, rows, bodies = run(lambda _: GOOD, seeds, tmp_path / "d", context=none + 10)
    room = sorted(none + 10 - estimated_tokens(body["messages"]) for body in bodies)
    assert sorted(row.extra["max_new_tokens"] for row in rows) == room
    assert sorted(body["max_tokens"] for body in bodies) == room
    facts, _, bodies = run(lambda _: GOOD, seeds, tmp_path / "c", context=200)
    assert (facts["failed"], bodies) == ({"prompt_too_long": 4}, [])


def test_what_the_server_does_not_take_is_told_of_a_rerun_as_well(
    seeds: dict[str, Path], tmp_path: Path
) -> None:
    with start_chat_server(refuses=["temperature", "response_format"], says={"": GOOD}) as server:
        where = {"endpoint": json.dumps({"urls": [server.url]}), "journal": str(tmp_path / "journal.sqlite")}
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            facts = synthesize(StepTask(SETTINGS, where, seeds, tmp_path / name))
            sent = json.loads((tmp_path / name / "sent.json").read_text())
            assert sent["fields_left_out"] == {"response_format": 4, "temperature": 4}
    assert facts["reused"] == 4


def test_prices_are_those_of_all_answers(seeds: dict[str, Path], tmp_path: Path) -> None:
    with scripted(lambda _: BAD["unparsable"]) as server:
        locations = {
            "endpoint": json.dumps({"urls": [server.url]}),
            "price": json.dumps({"input": 1.0, "output": 2.0}),
            "budget": "1",
            "payer": "study",
            "journal": str(tmp_path / "j.sqlite"),
        }
        (tmp_path / "a").mkdir()
        facts = synthesize(StepTask(SETTINGS, locations, seeds, tmp_path / "a"))
    assert facts["money"] == pytest.approx(12 * (10 * 1.0 + 20 * 2.0) / 1e6)
    (tmp_path / "b").mkdir()
    with scripted(lambda _: BAD["unparsable"]) as server:
        locations = {"endpoint": json.dumps({"urls": [server.url]})}
        assert synthesize(StepTask(SETTINGS, locations, seeds, tmp_path / "b"))["money"] is None


def test_where_nothing_is_answered_model_and_url_are_named(seeds: dict[str, Path], tmp_path: Path) -> None:
    """As of a server that says http 500 of a model it does not have."""
    with pytest.raises(
        StepImpossible,
        match=rf"every request so far ended with http 500: is the model {SETTINGS['model']} served at http://127",
    ):
        run(lambda _: 500, seeds, tmp_path / "none")
