"""Models asked in words: at an endpoint through its journal, and on this machine."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from servers import ChatServer, start_chat_server

from polyteach.cli.main import USER_ERROR, invoke

KEY_ENV = "POLYTEACH_TEST_KEY"
CHOICE = """id,question,option_a,option_b,answer
red,Was ist rot?,Tomate,Gras,A
green,Was ist grün?,Tomate,Gras,B
blue,Was ist blau?,Himmel,Gras,A
loud,Was ist laut?,Donner,Gras,A
"""
SAYS = {
    "rot": "<think>B? No.</think>ANSWER: A",
    "grün": "The answer is A, I think.",
    "blau": "Weder noch.",
    "laut": "",
    "": "Die Antwort ist 70.000.",
}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A model that answers by the words of the question."""
    with start_chat_server(says=SAYS, key="right-key") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exam.csv").write_text(CHOICE, encoding="utf-8")
    mgsm = {"id": "mgsm:2", "question": "Wie viel Gewinn macht er?", "answer": "70000", "language": "de"}
    (tmp_path / "mgsm.jsonl").write_text(json.dumps(mgsm), encoding="utf-8")
    pair = {"id": 1, "prompt": "Grüß.", "chosen": "Hallo!", "rejected": "Nein.", "subset": "mt-bench-easy"}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair), encoding="utf-8")
    return tmp_path


def command(folder: Path, who: str, benchmark: str, file: str, *more: str) -> list[str]:
    options = ["--benchmark", benchmark, "--language", "de", "--file", str(folder / file)]
    return ["examine", who, *options, "--output", str(folder / "out"), *more]


def items(folder: Path) -> dict[str, dict[str, Any]]:
    return {item["item_id"]: item for item in pq.read_table(folder / "out" / "items.parquet").to_pylist()}


@pytest.fixture
def at_server(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv(KEY_ENV, "right-key")
    return ["--model", "tiny", "--key-env", KEY_ENV]


def test_letters_are_asked_in_words_once_and_read_with_care(
    server: ChatServer, at_server: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = command(folder, server.url, "colours", "exam.csv", "--kind", "choice", *at_server)
    assert invoke([*asked, "--json"]) == 0
    printed = capsys.readouterr().out
    assert "right-key" not in printed and server.url not in printed
    figures = json.loads(printed)["benchmarks"]["colours"]
    assert (figures["accuracy"]["value"], figures["accuracy"]["n"], figures["chance"]) == (0.25, 4, 0.5)
    assert figures["accuracy"]["definition"].startswith("asked in words at temperature 0: share of questions")
    found = items(folder)
    assert {id: (item["answer"], item["score"]) for id, item in found.items()} == {
        "red": ("A", 1.0),
        "green": ("A", 0.0),
        "blue": ("", 0.0),
        "loud": ("", 0.0),
    }
    received = server.seen()["received"]
    assert invoke(asked) == 0
    assert server.seen()["received"] == received, "the journal has the answers"
    assert "colours (de): 0.250 [" in capsys.readouterr().out


def test_a_letter_may_stand_behind_a_line_break(
    server: ChatServer, at_server: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "exam.csv").write_text(
        "question,option_a,option_b,answer\nWas?,Tomate,Gras,B\n", encoding="utf-8"
    )
    (folder / "words.csv").write_text("question,answer\nWas?,Gras\n", encoding="utf-8")
    server.change(says={"": "Let me think…\n\nAnswer: B"})
    assert invoke(command(folder, server.url, "grass", "exam.csv", "--kind", "choice", *at_server)) == 0
    (item,) = items(folder).values()
    assert (item["answer"], item["score"]) == ("B", 1.0)
    server.change(says={"": "Gras\nBut I am not sure."})
    assert (
        invoke(command(folder, server.url, "word", "words.csv", "--kind", "exact", *at_server, "--force"))
        == 0
    )
    (item,) = items(folder).values()
    assert (item["answer"], item["score"]) == ("Gras", 1.0), "a written answer ends at its line break"


def test_numbers_and_pairs_at_an_endpoint(
    server: ChatServer, at_server: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(command(folder, server.url, "mgsm", "mgsm.jsonl", "--few-shot", "0", *at_server)) == 0
    assert items(folder)["mgsm:2"]["score"] == 1.0
    server.change(says={"": "A"})
    assert invoke(command(folder, server.url, "m-rewardbench", "pairs.jsonl", *at_server, "--force")) == 0
    (item,) = items(folder).values()
    assert (item["score"], item["answer"], item["group"]) == (0.5, "A | A", "mt-bench-easy")
    printed = capsys.readouterr().out
    assert "weighted accuracy: undefined: no pair of Chat Hard" in printed and "Chat: 0.500" in printed


def test_what_was_not_answered_is_counted_and_the_exit_code_says_so(
    server: ChatServer, at_server: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"q{number},Frage {number}?,Tomate,Gras,A" for number in range(40)]
    head = CHOICE.splitlines()[0]
    (folder / "exam.csv").write_text(
        "\n".join([head, *rows, "bad,Verboten?,Tomate,Gras,A"]), encoding="utf-8"
    )
    server.change(says={"": "A"}, on={"Verboten": "400"})
    asked = command(folder, server.url, "many", "exam.csv", "--kind", "choice", *at_server)
    assert invoke(asked) == 3
    assert "not scored: 1, no answer from the server" in capsys.readouterr().out
    assert (items(folder)["bad"]["score"], items(folder)["q1"]["score"]) == (None, 1.0)


def test_a_local_model_is_asked_in_words_as_an_endpoint_is(folder: Path) -> None:
    asked = command(folder, "pocket:base-a", "colours", "exam.csv", "--kind", "choice")
    assert invoke([*asked, "--in-words", "--max-new-tokens", "8"]) == 0
    in_words = items(folder)
    assert len(in_words) == 4 and not (in_words["red"]["score_norm"])
    assert invoke([*asked, "--force"]) == 0
    assert {item["reason"] for item in items(folder).values()} == {None}
    assert all(item["answer"] in ("A", "B") for item in items(folder).values())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["http://127.0.0.1:9/v1", "mgsm", "mgsm.jsonl", "--few-shot", "0"], "it is not clear who is asked"),
        (["pocket:base-a", "mgsm", "mgsm.jsonl", "--model", "x"], "it is not clear who is asked"),
        (["pocket:base-a", "mgsm", "mgsm.jsonl"], "mgsm shows 5 examples, and their file in de is not named"),
        (
            ["pocket:base-a", "x", "exam.csv", "--kind", "exact", "--few-shot", "1"],
            "--few-shot: is of a benchm",
        ),
        (["pocket:base-a", "lm_eval:xcopa_id", "exam.csv"], "--file: tasks of lm-eval name their own data"),
        (["pocket:base-a", "mgms", "mgsm.jsonl"], "there is no benchmark 'mgms'"),
        (
            ["pocket:base-a", "x", "exam.csv", "--kind", "essay"],
            "--kind: .*'choice', 'exact' or 'preference'",
        ),
    ],
)
def test_mistakes_are_told(
    folder: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    who, benchmark, file, *more = arguments
    assert invoke(command(folder, who, benchmark, file, *more)) == USER_ERROR
    assert re.search(says, capsys.readouterr().err)


def test_texts_cannot_be_compared_in_words(
    server: ChatServer, at_server: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--benchmark", "pocket-choice", "--language", "de", "--output", str(tmp_path)]
    assert invoke(["examine", server.url, *options, *at_server]) == USER_ERROR
    assert "'pocket-choice' compares log-likelihoods of texts" in capsys.readouterr().err
    assert invoke(["examine", "pocket:base-a", *options, "--language", "sw"]) == USER_ERROR
    assert "no items in sw" in capsys.readouterr().err


def test_an_adapter_stands_for_its_base_with_it(folder: Path) -> None:
    """Examined by log-likelihood and in words, as the model that it was merged into would be."""
    from peft import LoraConfig, get_peft_model

    from polyteach import pocket
    from polyteach.students.base import load_base

    base = str(pocket.model_path("base-a"))
    model, tokenizer = load_base(base)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    adapted.peft_config["default"].base_model_name_or_path = base
    adapted.save_pretrained(folder / "adapter")
    tokenizer.save_pretrained(folder / "adapter")
    adapted.merge_and_unload().save_pretrained(folder / "merged")
    tokenizer.save_pretrained(folder / "merged")
    for more in ([], ["--in-words", "--max-new-tokens", "8"]):
        answers = {}
        for who in ("adapter", "merged"):
            shutil.rmtree(folder / "out", ignore_errors=True)
            asked = command(folder, str(folder / who), "colours", "exam.csv", "--kind", "choice", *more)
            assert invoke(asked) == 0
            answers[who] = {id: item["answer"] for id, item in items(folder).items()}
        assert answers["adapter"] == answers["merged"]
