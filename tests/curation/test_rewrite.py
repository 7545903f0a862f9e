"""`polyteach rewrite`: weak rows get better responses or stay; strong ones stay untouched; all is counted."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow.parquet as pq
import pytest
from servers import ChatServer, start_chat_server

from polyteach import pocket
from polyteach.cli.main import invoke
from polyteach.rows import Row, write_rows

Captured = pytest.CaptureFixture[str]
DONAU = "Die Donau fließt durch zehn Länder und mündet am Ende in das Schwarze Meer."
ENGLISH = "The Danube flows through ten countries and ends in the Black Sea, far away from its source."
ALPEN = "Die Alpen sind ein Gebirge in Europa, und ihr höchster Gipfel ist der Mont Blanc."
NEW = "Diese Antwort ist neu und sagt in ganzen Sätzen, was über die Sache zu wissen ist"
STRONG = f'{{"prompt":  "Wohin fließt die Donau?", "response": "{DONAU}", "n": 1.50, "x": "\\u00e4"}}'
LINES: list[str | dict[str, Any]] = [
    STRONG,
    {"prompt": "Was sind die Alpen?", "response": "", "n": 2},
    {"prompt": "Wie lang ist der Rhein?", "response": ENGLISH},
    STRONG,
    {"prompt": "Which river is the longest of Europe, and where does it end?", "response": DONAU},
    {"prompt": "Wie tief ist der Bodensee?", "response": "<p>Er ist tief.</p>", "teacher": "old"},
    {"prompt": "Ist der Main lang?", "response": "Er", "finish_reason": "length", "judge_scores": {"j": 2}},
    {"prompt": "Verweigert wird was?", "response": ""},
    {"messages": [{"role": "user", "content": "Wo liegt Ulm?"}, {"role": "assistant", "content": " "}]},
    {"messages": [
        {"role": "user", "content": "Wo liegt Linz?"}, {"role": "assistant", "content": ""},
        {"role": "user", "content": "Und Graz?"}, {"role": "assistant", "content": "In Österreich."},
    ]},
]  # fmt: skip
SAYS = {"Bodensee": "<p>Auch diese Antwort ist voller Zeichen, die niemand lesen will.</p>"}
PRICE = ["--price", "10,10"]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    words = ("Alpen", "Rhein", "Main", "Ulm", "Donau")
    says = SAYS | {word: f"{NEW}: {word}." for word in words}
    with start_chat_server(says=says, on={"Verweigert": "refusal"}) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return written(tmp_path / "data.jsonl", LINES)


def written(path: Path, lines: list[str | dict[str, Any]]) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def run(data: Path, output: Path, *options: object) -> int:
    return invoke(["rewrite", str(data), "--language", "de", "--output", str(output), *map(str, options)])


def at(server: ChatServer, *options: object) -> list[object]:
    return ["--url", server.url, "--model", "m", *options]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def summary(output: Path) -> dict[str, Any]:
    return json.loads(output.with_name(f"{output.name}.rewrite.json").read_text(encoding="utf-8"))


def test_weak_rows_are_rewritten_and_all_others_stay_byte_for_byte(
    data: Path, tmp_path: Path, server: ChatServer, capsys: Captured
) -> None:
    output = tmp_path / "out.jsonl"
    assert run(data, output, *at(server, *PRICE), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    before, after = lines(data), lines(output)
    changed = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert changed == [1, 2, 6, 8]
    rows = [json.loads(after[place]) for place in changed]
    assert rows[0] == {
        "prompt": "Was sind die Alpen?",
        "response": f"{NEW}: Alpen.",
        "n": 2,
        "original_response": "",
        "rewritten_by": "m",
        "rewritten_because": ["empty"],
    }
    assert (rows[1]["original_response"], rows[1]["rewritten_because"]) == (ENGLISH, ["wrong_language"])
    assert (rows[2]["finish_reason"], rows[2]["judge_scores"]) == ("stop", None)
    assert rows[2]["original_columns"] == {"finish_reason": "length", "judge_scores": {"j": 2}}
    assert rows[3]["messages"][1]["content"] == f"{NEW}: Ulm."
    assert (rows[3]["original_response"], "response" in rows[3]) == (" ", False)
    assert told["left"] == {
        "no_new_response_mends": {"exact_duplicates": 1, "other_turns": 1, "wrong_language_prompt": 1},
        "no_answer": {"refusal": 1},
        "new_response_found": {"html": 1},
        "not_asked": 0,
    }
    assert (told["rows"], told["weak"], told["rewritten"]) == (10, 9, 4)
    assert told["caution"] is None, "no judge chose"
    assert told["weak"] == sum(rule["weak"] for rule in told["by_rule"])
    assert told["asked"]["money"] > 0
    assert summary(output) == {name: value for name, value in told.items() if name != "took"}


def test_before_and_after_are_measured_with_intervals(
    data: Path, tmp_path: Path, server: ChatServer, capsys: Captured
) -> None:
    output = tmp_path / "out.jsonl"
    assert run(data, output, *at(server)) == 0
    told, said = summary(output), capsys.readouterr()
    empty = next(rule for rule in told["by_rule"] if rule["reason"] == "empty")
    assert (empty["found"], empty["rewritten"]) == (4, 2)
    assert (empty["before"]["value"], empty["after"]["value"]) == (0.4, 0.2)
    assert empty["before"]["low"] < 0.4 < empty["before"]["high"]
    cut = next(rule for rule in told["by_rule"] if rule["reason"] == "cut_off")
    assert cut["before"]["unscored"] == {"not_said": 9}
    fidelity = [told["metrics"][when]["response_fidelity"] for when in ("before", "after")]
    assert (fidelity[0]["value"], fidelity[1]["value"]) == (0.75, 1.0)
    assert told["metrics"]["before"]["prompt_length"] == told["metrics"]["after"]["prompt_length"]
    assert "empty 4 2 40.0% [16.8%, 68.7%] -> 20.0% [5.7%, 51.0%]" in " ".join(said.out.split())
    assert "no new response mends them: 3 weak rows (exact_duplicates 1," in said.err
    assert "`polyteach filter` takes them out" in said.err


def test_the_same_again_asks_nothing_and_gives_the_same_bytes(
    data: Path, tmp_path: Path, server: ChatServer
) -> None:
    for name in ("out.jsonl", "out.parquet"):
        output = tmp_path / name
        assert run(data, output, *at(server)) == 0
        first, asked = output.read_bytes(), server.seen()["received"]
        assert run(data, output, *at(server)) == 0
        assert (output.read_bytes(), server.seen()["received"]) == (first, asked)
    rows = pq.read_table(output).to_pylist()
    assert [row["original_response"] for row in rows].count(None) == 6


def test_a_budget_stop_keeps_what_was_answered_and_the_same_command_goes_on(
    tmp_path: Path, server: ChatServer, capsys: Captured
) -> None:
    empty = [{"prompt": f"Was sind die Alpen im Jahr {n}?", "response": ""} for n in range(30)]
    data, output = written(tmp_path / "many.jsonl", [STRONG, *empty]), tmp_path / "out.jsonl"
    server.change(says={f"Jahr {n}?": f"{NEW}, im Jahr {n} und danach." for n in range(30)})
    options = [*at(server, "--price", "100,100"), "--most-at-once", "2"]
    options += ["--max-new-tokens", "30", "--drop", "empty"]
    assert run(data, output, *options, "--budget", "0.03") == 4
    told, said = summary(output), capsys.readouterr().err
    assert told["state"] == "budget_reached"
    assert 3 <= told["rewritten"] <= 25
    assert told["left"]["not_asked"] == 30 - told["rewritten"]
    assert f"{told['rewritten']} of 30 weak rows are rewritten in {output}" in said
    assert sum("rewritten_by" in line for line in lines(output)) == told["rewritten"]
    assert run(data, output, *options, "--budget", "1") == 0
    assert (summary(output)["rewritten"], server.seen()["different"]) == (30, 30)
    assert summary(output)["asked"]["reused"] == told["rewritten"]


def test_a_dry_run_says_what_is_weak_and_asks_nobody(
    data: Path, tmp_path: Path, server: ChatServer, capsys: Captured
) -> None:
    output = tmp_path / "out.jsonl"
    options = [*at(server, *PRICE), "--key-env", "NO_SUCH_KEY", "--attempts", "2", "--max-new-tokens", "100"]
    assert run(data, output, *options, "--dry-run", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["weak"], told["asked"], server.seen()["received"]) == (9, 6, 0)
    assert told["no_new_response_mends"] == {
        "exact_duplicates": 1,
        "other_turns": 1,
        "wrong_language_prompt": 1,
    }
    most = told["at_most"]
    assert (most["requests"], most["response_tokens"]) == (12, 1200)
    assert most["money"] == pytest.approx((most["prompt_tokens"] + 1200) * 10e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl"]
    assert run(data, output, *at(server), "--dry-run", "--limit", "2") == 0
    said = capsys.readouterr().out
    assert "2 would be asked for" in said
    assert "its price is unknown" in said


def test_what_is_foretold_at_most_holds_where_every_answer_is_bad(
    data: Path, tmp_path: Path, server: ChatServer, capsys: Captured
) -> None:
    output = tmp_path / "out.jsonl"
    server.change(says={"": ENGLISH}, on={})
    options = [*at(server, *PRICE), "--max-new-tokens", "60"]
    assert run(data, output, *options, "--dry-run", "--json") == 0
    most = json.loads(capsys.readouterr().out)["at_most"]
    assert run(data, output, *options) == 3
    told = summary(output)
    assert (told["rewritten"], told["left"]["no_answer"]) == (0, {"wrong_language": 6})
    assert server.seen()["received"] == most["requests"]
    assert 0 < told["asked"]["money"] <= most["money"]
    assert lines(output) == lines(data)


def test_a_limit_leaves_the_rest_and_more_asks_only_for_more(
    data: Path, tmp_path: Path, server: ChatServer
) -> None:
    output = tmp_path / "out.jsonl"
    assert run(data, output, *at(server), "--limit", "2") in (0, 3)
    told = summary(output)
    assert (told["left"]["not_asked"], told["asked"]["sent"] >= 2) == (4, True)
    assert run(data, output, *at(server)) == 0
    assert summary(output)["asked"]["reused"] >= 2


def test_our_own_rows_tell_of_the_new_response(tmp_path: Path, server: ChatServer) -> None:
    data, output = tmp_path / "own.parquet", tmp_path / "out.parquet"
    known = {"language": "de", "source": "s", "prompt_tokens": 3, "finish_reason": "stop"}
    write_rows(
        data,
        [
            Row("a", method="generate", teacher="t", source_id="1", prompt="Wohin?", response=DONAU, **known),
            Row("b", method="generate", teacher="t", source_id="2", prompt="Wo ist der Main?", response="",
                extra={"attempts": 2, "category": "qa", "judge_scores": {"j": 1}}, **known),
        ],
    )  # fmt: skip
    assert run(data, output, *at(server)) == 0
    old, new = pq.read_table(data).to_pylist(), pq.read_table(output).to_pylist()
    assert {name: new[0][name] for name in old[0]} == old[0]
    assert (new[1]["teacher"], new[1]["method"], new[1]["source_id"]) == ("m", "respond", "2")
    assert new[1]["messages"][1] == {"role": "assistant", "content": f"{NEW}: Main."}
    assert json.loads(new[1]["extra"]) == {"category": "qa"}
    assert new[1]["original_columns"]["teacher"] == "t"
    assert json.loads(new[1]["original_columns"]["extra"])["attempts"] == 2
    again = tmp_path / "again.jsonl"
    server.change(says={"Main": ALPEN})
    assert run(output, again, *at(server), "--drop", "pattern: {regex: Antwort}") == 0
    twice = json.loads(lines(again)[1])
    assert (twice["response"], twice["original_response"]) == (ALPEN, "")
    assert twice["rewritten_because"] == ["pattern"]


def test_a_new_response_that_copies_a_strong_row_is_not_taken(tmp_path: Path, server: ChatServer) -> None:
    strong = {"prompt": "Was sind die Alpen genau?", "response": ALPEN}
    weak = {"prompt": "Was sind die Alpen?", "response": ""}
    data, output = written(tmp_path / "data.jsonl", [weak, strong]), tmp_path / "out.jsonl"
    server.change(says={"Alpen": ALPEN})
    drop = ["--drop", "empty", "--drop", "exact_duplicates: {side: response}"]
    assert run(data, output, *at(server), *drop) == 0
    assert summary(output)["left"]["new_response_found"] == {"exact_duplicates_response": 1}
    assert lines(output) == lines(data)


def test_an_answer_that_is_cut_off_is_never_taken(tmp_path: Path, server: ChatServer) -> None:
    data = written(tmp_path / "data.jsonl", [STRONG, {"prompt": "Was ist lang?", "response": ""}])
    output = tmp_path / "out.jsonl"
    server.change(on={"lang": "length"}, says={"lang": NEW})
    assert run(data, output, *at(server), "--drop", "empty", "--no-language-gate") == 0
    assert summary(output)["left"]["new_response_found"] == {"cut_off": 1}


def test_overlap_with_a_benchmark_is_mended_only_where_the_response_has_it(
    tmp_path: Path, server: ChatServer
) -> None:
    passage = "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    exam = written(tmp_path / "exam.jsonl", [{"question": passage}])
    rows = [
        {"prompt": f"Zähle so: {passage}", "response": DONAU},
        {"prompt": "Zähle auf den Alpen!", "response": f"Gern: {passage}"},
    ]
    data, output = written(tmp_path / "data.jsonl", [STRONG, *rows]), tmp_path / "out.jsonl"
    assert run(data, output, *at(server), "--drop", f"benchmark_overlap: {{files: [{exam}]}}") == 0
    told = summary(output)
    assert told["left"]["no_new_response_mends"] == {"benchmark_overlap": 1}
    assert (told["weak"], told["rewritten"]) == (2, 1)


def test_a_pocket_teacher_by_name_and_from_a_study_with_a_judge(tmp_path: Path, capsys: Captured) -> None:
    rows = [{"prompt": row.prompt, "response": row.response} for row in pocket.seed_rows("de", 30, 1)]
    for row in rows[::6]:
        row["response"] = "Quatsch"
    data = written(tmp_path / "data.jsonl", rows)
    marks = ["--judge", "oracle", "--drop", "judge_below: {least: 3}", "--json"]
    told = {}
    study = tmp_path / "study.yaml"
    study.write_text(
        "name: s\nlanguages: [de]\nseed_data: [{pocket: 20}]\nteachers:\n"
        "- {name: mine, model: 'pocket:err-03', prompts: pocket}\n- {name: sim, simulated: {}}\n"
    )
    for name, who in (
        ("a", ["--teacher", "pocket:err-03"]),
        ("b", ["--teacher-from", study, "mine"]),
    ):
        assert run(data, tmp_path / f"{name}.jsonl", *who, *marks) == 0
        told[name] = json.loads(capsys.readouterr().out)
    new = [json.loads(line) for line in lines(tmp_path / "a.jsonl")]
    changed = [place for place, row in enumerate(new) if "rewritten_by" in row]
    assert set(changed) <= {0, 6, 12, 18, 24}
    assert len(changed) >= 4
    assert all(pocket.judge(new[n]["prompt"], new[n]["response"], "de").score >= 3 for n in changed)
    rubric = [told["a"]["metrics"][when]["rubric"]["value"] for when in ("before", "after")]
    assert rubric[0] < rubric[1]
    assert "the judge that chose" in told["a"]["caution"]
    assert told["b"]["teacher"] == "mine"
    assert [json.loads(line)["response"] for line in lines(tmp_path / "b.jsonl")] == [
        row["response"] for row in new
    ]
    for name, said in (("sim", "is no model that answers"), ("none", "there is no teacher 'none'")):
        assert run(data, tmp_path / "c.jsonl", "--teacher-from", study, name) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "models there: mine" in error
    assert run(data, tmp_path / "c.jsonl", "--teacher-from", study, "mine", "--top-k", "3") == 2
    assert "--top-k" in capsys.readouterr().err


def test_a_set_without_weak_rows_is_copied_and_nobody_is_asked(tmp_path: Path, capsys: Captured) -> None:
    data, output = written(tmp_path / "data.jsonl", [STRONG]), tmp_path / "out.jsonl"
    assert run(data, output, "--url", "http://127.0.0.1:9/v1", "--model", "m") == 0
    assert output.read_bytes() == data.read_bytes()
    assert "0 of 1 rows are weak" in capsys.readouterr().out


def test_a_server_that_fails_some_leaves_these_as_they_were(
    data: Path, tmp_path: Path, server: ChatServer, capsys: Captured
) -> None:
    server.change(on={"Rhein": "400", "Verweigert": "refusal"})
    output = tmp_path / "out.jsonl"
    assert run(data, output, *at(server)) == 3
    told = summary(output)
    assert (told["rewritten"], told["left"]["no_answer"]) == (3, {"refusal": 1, "unanswered": 1})
    assert "without an answer: 1 request; run it again" in capsys.readouterr().err


def test_mistakes_are_told_before_anything_is_written(data: Path, tmp_path: Path, capsys: Captured) -> None:
    new, foreign = tmp_path / "new.jsonl", tmp_path / "there.jsonl"
    foreign.write_text("mine")
    here = ["--teacher", "pocket:err-03"]
    served = ["--url", "http://127.0.0.1:9/v1", "--model", "m"]
    for output, options, said in (
        (data, here, "would be written over"),
        (foreign, here, "was not written by this command"),
        (tmp_path / "new.csv", here, "no Parquet or JSONL"),
        (new, [], "it is not clear who is asked"),
        (new, [*here, *served], "it is not clear who is asked"),
        (new, ["--teacher", "pocket:none"], "no pocket model"),
        (new, [*here, "--budget", "1"], "is for a model at an endpoint"),
        (new, [*here, *PRICE], "is for a model at an endpoint"),
        (new, [*served, "--budget", "1"], "the price of m is unknown"),
        (new, [*here, "--drop", "judge_below: {least: 3}"], "marks of the old responses"),
        (new, [*here, "--drop", "dupes"], "there is no rule 'dupes'"),
        (new, [*here, "--drop", "empty", "--rules", "r.yaml"], "two ways to say one thing"),
        (new, [*here, "--prompts", "odd"], "there is no prompt set"),
        (new, ["--teacher-from", tmp_path / "none.yaml", "x"], "no such study file"),
    ):
        assert run(data, output, *options) == 2
        assert said in capsys.readouterr().err
    assert foreign.read_text() == "mine"
    assert not new.exists()
    assert lines(data) == lines(written(tmp_path / "same.jsonl", LINES))


def test_a_judge_at_a_server_marks_both_and_is_paid_from_the_same_budget(
    tmp_path: Path, server: ChatServer, capsys: Captured
) -> None:
    weak = {"prompt": "Wie lang ist der Rhein?", "response": "Er ist Quatsch, und das war schon immer so."}
    data, output = written(tmp_path / "data.jsonl", [STRONG, weak]), tmp_path / "out.jsonl"
    rules = ["--drop", "judge_below: {least: 3}", "--judge", "j", "--judge-price", "10,10"]
    with start_chat_server(says={"Quatsch": "Schlecht. [RESULT] 1", "": "Gut. [RESULT] 5"}) as marking:
        options = [*at(server, *PRICE), *rules, "--judge-url", marking.url]
        assert run(data, output, *options, "--dry-run") == 0
        assert "judge_below: not asked in a dry run" in capsys.readouterr().err
        assert run(data, output, *options, "--budget", "0.00001") == 4
        assert not output.exists()
        assert run(data, output, *options, "--budget", "1", "--json") == 0
        asked = marking.seen()
    told = json.loads(capsys.readouterr().out)
    assert told["rewritten"] == 1
    rubric = [told["metrics"][when]["rubric"] for when in ("before", "after")]
    assert [one["value"] for one in rubric] == [3.0, 5.0]
    assert (asked["received"], asked["different"]) == (3, 3)
    assert told["took"][0]["requests"] == 3
    assert server.seen()["received"] == 1


def test_ctrl_c_keeps_what_was_answered(tmp_path: Path, server: ChatServer) -> None:
    empty = [{"prompt": f"Was sind die Alpen im Jahr {n}?", "response": ""} for n in range(30)]
    data, output = written(tmp_path / "many.jsonl", [STRONG, *empty]), tmp_path / "out.jsonl"
    server.change(seconds=0.1)
    options = [*at(server), "--most-at-once", "1", "--drop", "empty"]

    def stop() -> None:
        while server.seen()["answered"] < 3:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=stop, daemon=True).start()
    assert run(data, output, *options) == 130
    told = summary(output)
    assert told["state"] == "interrupted"
    assert told["rewritten"] >= 3
    assert told["rewritten"] + told["left"]["not_asked"] == 30
    assert sum("rewritten_by" in line for line in lines(output)) == told["rewritten"]
    assert server.seen()["received"] - told["rewritten"] in (0, 1)
