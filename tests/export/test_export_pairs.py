"""Preference pairs: kept where both orders agree; ties, disagreements and silence are counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from exporting import Export
from servers import ChatServer, start_chat_server

Lines = Callable[..., Path]


def pairs_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(told["folder"] / "data" / "train.parquet").to_pylist()
    return rows


def test_the_oracle_chooses_the_right_answer_of_two_teachers(export: Export, run_folder: Path) -> None:
    told = export(
        run_folder, "--teacher", "faulty", "--pairs", "faultless", "--judge", "oracle", "--method", "respond"
    )
    found = told["pairs"]
    assert found["kept"] == found["compared"] == told["rows"] > 0
    assert found["kept"] + told["left_out"]["same_answer"] == 30
    assert (found["first_chosen"], found["figures"]["first_chosen"]["value"]) == (0, 0.0)
    assert found["figures"]["order_consistency"]["value"] == 1.0
    for row in pairs_of(told):
        assert (row["chosen_teacher"], row["rejected_teacher"]) == ("faultless", "faulty")
        assert [turn["role"] for part in ("prompt", "chosen", "rejected") for turn in row[part]] == [
            "user",
            "assistant",
            "assistant",
        ]
        assert row["chosen"] != row["rejected"]


def test_one_run_is_joined_with_a_file(export: Export, run_folder: Path, lines: Lines) -> None:
    rows = pq.read_table(run_folder / "artifacts/synthesis/faultless/de/respond/rows.parquet").to_pylist()
    others = [{"prompt": f" {row['prompt'].upper()}", "response": "weiß nicht"} for row in rows[:4]]
    others += [
        {"prompt": "Nie gefragt?", "response": "weiß nicht"},
        {"prompt": others[0]["prompt"], "response": "?"},
    ]
    told = export(
        run_folder,
        *("--teacher", "faultless", "--method", "respond", "--language", "de", "--judge", "oracle"),
        *("--pairs", lines("others.jsonl", others), "--layout", "plain"),
    )
    assert told["pairs"]["kept"] == 4
    assert told["left_out"]["prompt_only_in_second"] == told["left_out"]["repeated_prompt"] == 1
    assert told["read"] == 36
    assert {row["rejected"] for row in pairs_of(told)} == {"weiß nicht"}
    assert {row["prompt"] for row in pairs_of(told)} == {row["prompt"] for row in rows[:4]}


PROMPTS = {
    "agrees": ("gut", "schlecht"),
    "places": ("eins", "zwei"),
    "ties": ("gleich", "ebenso"),
    "mumbles": ("dies", "das"),
    "same": ("Ja", " ja "),
}


@pytest.fixture
def judge() -> Iterator[ChatServer]:
    """A judge that sees where the good answer stands; by the first of these that its question holds."""
    says = {
        "gut\n</answer A": "Die erste ist besser. [[A]]",
        "gut\n</answer B": "Die zweite ist besser. [[B]]",
        "places": "Ich nehme immer die erste. [[A]]",
        "ties": "Gleich gut. [[tie]]",
        "mumbles": "Hm.",
    }
    with start_chat_server(says=says, key="right-key") as running:
        yield running


def sources(lines: Lines) -> tuple[Path, Path]:
    both = []
    for place, name in enumerate(("one", "two")):
        rows = [
            {"prompt": key, "response": answers[place], "teacher": name} for key, answers in PROMPTS.items()
        ]
        both.append(lines(f"{name}.jsonl", rows))
    return both[0], both[1]


def test_a_judge_at_a_server_is_asked_in_both_orders_and_once(
    export: Export, lines: Lines, judge: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYTEACH_TEST_KEY", "right-key")
    one, two = sources(lines)
    command = [one, "--pairs", two, "--language", "de", "--judge", "tiny", "--judge-url", judge.url]
    command += ["--key-env", "POLYTEACH_TEST_KEY", "--journal", tmp_path / "journal.sqlite", "--price", "1,1"]
    told = export(*command)
    found = told["pairs"]
    assert (found["compared"], found["kept"], found["first_chosen"]) == (4, 1, 1)
    assert found["left_out"] == {"judge_unparsable": 1, "orders_disagree": 1, "tie": 1}
    assert told["left_out"] == {"same_answer": 1}
    assert found["figures"]["order_consistency"]["value"] == pytest.approx(2 / 3)
    pair = pairs_of(told)[0]
    assert (pair["chosen_teacher"], pair["rejected_teacher"]) == ("one", "two")
    assert (pair["chosen"][0]["content"], pair["rejected"][0]["content"]) == ("gut", "schlecht")
    assert told["took"][0]["requests"] == judge.seen()["received"] == 8, "in both orders"
    assert told["took"][0]["money"] > 0
    assert export(*command)["pairs"] == found
    assert judge.seen()["received"] == 8, "a rerun asks for nothing"
    card = (told["folder"] / "README.md").read_text(encoding="utf-8")
    assert "| kept | 1 |" in card and "judge\\_unparsable | 1 |" in card
    assert judge.url not in card and "right-key" not in card


def test_a_budget_stops_before_anything_is_sent(
    export: Export, lines: Lines, judge: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYTEACH_TEST_KEY", "right-key")
    one, two = sources(lines)
    command = [one, "--pairs", two, "--language", "de", "--judge", "tiny", "--judge-url", judge.url]
    command += ["--key-env", "POLYTEACH_TEST_KEY", "--journal", tmp_path / "journal.sqlite"]
    assert "cannot be kept" in export(*command, "--budget", "1", code=2)["stderr"], "its price is unknown"
    told = export(*command, "--price", "1,1", "--budget", "0", code=4)
    assert judge.seen()["received"] == 0 and not told["folder"].exists()


def test_scores_that_rows_carry_decide_where_all_judges_agree(export: Export, lines: Lines) -> None:
    def rows(teacher: str, scores: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                "prompt": f"Frage {n}?",
                "response": f"{teacher} sagt {n}",
                "teacher": teacher,
                "judge_scores": own,
                "judge_scale": "1-10",
                "source_set": "s",
            }
            for n, own in enumerate(scores)
        ]

    ours = [
        {"p": 8, "q": 9},
        {"p": 8, "q": 3},
        {"p": 8, "q": 8},
        {"p": 8, "q": 5},
        {"p": None, "q": 2},
        {"r": 1},
    ]
    theirs = [
        {"p": 6, "q": 7},
        {"p": 6, "q": 7},
        {"p": 8, "q": 8},
        {"p": 6, "q": 4},
        {"p": 6, "q": 5},
        {"p": 1},
    ]
    one, two = lines("one.jsonl", rows("one", ours)), lines("two.jsonl", rows("two", theirs))
    told = export(one, "--pairs", two, "--judge", "scores", "--margin", "2", "--layout", "plain")
    assert told["pairs"]["left_out"] == {
        "judges_disagree": 1,
        "tie": 1,
        "below_margin": 1,
        "no_common_judge": 1,
    }
    assert told["pairs"]["judges_of_a_pair"] == {"1": 1, "2": 1}
    assert [(row["chosen"], row["rejected"]) for row in pairs_of(told)] == [
        ("one sagt 0", "two sagt 0"),
        ("two sagt 4", "one sagt 4"),
    ]


def test_real_scores_of_two_real_teachers(export: Export, real_data: Path) -> None:
    files = [
        real_data / "sft" / f"ja_shaberi_{name}.jsonl"
        for name in ("gemma-3-27b-it", "olmo-2-1124-7b-instruct")
    ]
    told = export(files[0], "--pairs", files[1], "--judge", "scores", "--format", "jsonl")
    found = told["pairs"]
    assert found["kept"] + sum(found["left_out"].values()) == found["compared"] > 300
    assert found["first_chosen"] > 0.9 * found["kept"] > 0, "27B against 7B"
    by_prompt = []
    for path in files:
        read = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        by_prompt.append({row["prompt"]: row for row in read})
    for line in (told["folder"] / "data" / "train.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
        pair = json.loads(line)
        first, second = (rows[pair["prompt"][0]["content"]] for rows in by_prompt)
        chosen, rejected = (first, second) if pair["chosen_teacher"] == "gemma-3-27b-it" else (second, first)
        assert pair["chosen"][0]["content"] == chosen["response"]
        for judge in chosen["judge_scores"].keys() & rejected["judge_scores"].keys():
            scores = (chosen["judge_scores"][judge], rejected["judge_scores"][judge])
            assert None in scores or scores[0] >= scores[1] + 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--pairs", "faulty"), "nobody says which answer is better"),
        (("--pairs", "nobody", "--judge", "oracle"), "no file, and no teacher"),
        (("--pairs", "faulty", "--judge", "oracle", "--teacher", "faulty"), "compared with itself"),
        (("--judge", "oracle"), "is for preference pairs"),
        (("--pairs", "faulty", "--judge", "oracle", "--budget", "1"), "is for a judge at a server"),
        (("--pairs", "faulty", "--judge", "scores", "--margin", "0", "--teacher", "faultless"), "is above 0"),
    ],
)
def test_what_does_not_go_together_is_refused(
    export: Export, run_folder: Path, options: tuple[str, ...], said: str
) -> None:
    teacher = () if "--teacher" in options else ("--teacher", "faultless")
    assert said in export(run_folder, *teacher, *options, code=2)["stderr"]
