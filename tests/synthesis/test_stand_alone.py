"""Data without a study, by a local model and through a real server."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer
from scripted_server import scripted
from typer.testing import CliRunner

from polyteach import pocket
from polyteach.cli.synthesize import synthesize
from polyteach.errors import UserError
from polyteach.rows import read_rows

app = typer.Typer()
app.command()(synthesize)

LOCAL = ["--teacher", "pocket:err-03", "--max-new-tokens", "48", "--batch-size", "64"]
RESPONSE = "Die Donau fließt durch zehn Länder und mündet in das Schwarze Meer, nachdem sie Wien sah."


def run(*arguments: str) -> dict[str, Any]:
    """The summary that --json prints."""
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    records = [{"prompt": f"Welcher Fluss hat die Nummer {n}?", "response": f"Fluss {n}"} for n in range(30)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_local_teacher_writes_methods_in_turn_and_resumes(tmp_path: Path) -> None:
    output = tmp_path / "de.parquet"
    options = [
        *LOCAL,
        "--language",
        "de",
        "--seed-data",
        "pocket:100",
        "--rows",
        "31",
        "--output",
        str(output),
    ]
    summary = run(*options)
    rows = read_rows(output)
    assert Counter(row.method for row in rows) == {"generate": 11, "translate": 10, "respond": 10}
    assert [row.method for row in rows[:4]] == ["generate", "translate", "respond", "generate"]
    assert {(row.language, row.teacher) for row in rows} == {("de", "err-03")}
    verdicts = [pocket.judge(row.prompt, row.response, "de").score for row in rows]
    assert sum(score is not None and score >= 4 for score in verdicts) >= 20
    assert (summary["rows"], summary["attempts"], summary["sent"]) == (31, 31, 31)
    assert summary["methods"]["translate"]["asked"]["sampling"]["temperature"] == 0.8
    written = output.read_bytes()
    output.unlink()
    again = run(*options)
    assert (again["sent"], again["reused"], output.read_bytes()) == (0, 31, written)


def test_jsonl_has_the_same_rows_as_parquet(tmp_path: Path) -> None:
    options = [*LOCAL, "--language", "de", "--seed-data", "pocket:50", "--rows", "12"]
    run(*options, "--output", str(tmp_path / "a.parquet"))
    run(*options, "--output", str(tmp_path / "a.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = read_rows(tmp_path / "a.parquet")
    assert [(line["id"], line["prompt"], line["response"]) for line in lines] == [
        (row.id, row.prompt, row.response) for row in rows
    ]
    assert lines[0]["messages"] == rows[0].messages


def test_an_endpoint_with_a_budget_keeps_what_it_paid_for(tmp_path: Path, prompts: Path) -> None:
    output = tmp_path / "de.jsonl"
    options = ["--model", "m", "--language", "de", "--seed-data", str(prompts), "--method", "respond"]
    options += ["--rows", "30", "--output", str(output), "--price", "10,10", "--most-at-once", "2"]
    with scripted(lambda _: RESPONSE) as server:  # 30 tokens an answer: 0.0003 USD
        url = ["--url", server.url]
        small = [*options, *url, "--budget", "0.003", "--max-new-tokens", "20"]
        stopped = CliRunner().invoke(app, small)
        assert stopped.exit_code == 4
        assert "the budget is reached" in stopped.stderr and "fix: raise --budget" in stopped.stderr
        told = json.loads((tmp_path / "de.jsonl.summary.json").read_bytes())
        assert f"{told['rows']} rows so far are in {output}; {told['left']} requests" in stopped.stderr
        assert (told["state"], told["unanswered"], told["sent"]) == ("budget_reached", 0, told["rows"])
        assert told["methods"]["respond"]["failed"] == {} and told["rows"] + told["left"] == 30
        paid = len(server.bodies)
        assert 5 <= paid <= 13
        assert len(output.read_text(encoding="utf-8").splitlines()) == paid
        summary = run(*options, *url, "--budget", "1", "--max-new-tokens", "20")
        assert len(server.bodies) == 30
    assert (summary["rows"], summary["reused"], summary["sent"]) == (30, paid, 30 - paid)
    assert summary["money"] == pytest.approx(0.009)
    assert server.bodies[0]["temperature"] == 0.8


def test_thirty_rows_more_are_thirty_requests_more(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds.jsonl"
    records = [{"prompt": f"Welches Land hat die Nummer {n}?", "response": f"Land {n}"} for n in range(600)]
    seeds.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")

    def script(messages: list[dict[str, str]]) -> str:
        prompt = f"Wie heißt es {len(messages[-1]['content'])}?"
        is_respond = messages[-1]["content"].startswith("Welches")
        return RESPONSE if is_respond else json.dumps({"prompt": prompt, "response": RESPONSE})

    with scripted(script) as server:
        for method in ("generate", "translate", "respond"):
            named = f"en={seeds}" if method == "translate" else str(seeds)
            options = ["--model", "m", "--language", "de", "--seed-data", named, "--method", method]
            options += ["--output", str(tmp_path / f"{method}.jsonl"), "--url", server.url]
            first = run(*options, "--rows", "300")
            few = (tmp_path / f"{method}.jsonl").read_text(encoding="utf-8")
            more = run(*options, "--rows", "330")
            assert (first["sent"], more["sent"], more["reused"]) == (300, 30, 300)
            assert (tmp_path / f"{method}.jsonl").read_text(encoding="utf-8").startswith(few)


def test_a_file_named_twice_is_refused_however_it_is_spelled(tmp_path: Path, prompts: Path) -> None:
    twice = str(prompts.parent / ".." / prompts.parent.name / prompts.name)
    for other in (twice, f"en={prompts}"):
        with pytest.raises(UserError, match="named twice"):
            run(
                *(*LOCAL, "--language", "de", "--rows", "3", "--output", str(tmp_path / "o.jsonl")),
                *("--seed-data", str(prompts), "--seed-data", other),
            )


def test_a_preview_foretells_the_cost_and_its_answers_are_used(tmp_path: Path, prompts: Path) -> None:
    options = ["--model", "m", "--language", "de", "--seed-data", str(prompts), "--method", "respond"]
    options += ["--rows", "30", "--output", str(tmp_path / "de.jsonl"), "--price", "10,10"]
    with scripted(lambda _: RESPONSE) as server:  # 30 tokens an answer: 0.0003 USD
        told = run(*options, "--url", server.url, "--preview", "10")
        assert len(server.bodies) == 10
        assert not (tmp_path / "de.jsonl").exists()
        summary = run(*options, "--url", server.url)
        assert len(server.bodies) == 30
    assert (told["requests"], told["answered"]) == (30, 10)
    assert told["tokens"]["response"] == 600
    assert told["money"]["value"] == pytest.approx(0.009)
    assert (summary["rows"], summary["reused"], summary["sent"]) == (30, 10, 20)


def test_what_ctrl_c_left_is_written(tmp_path: Path, prompts: Path) -> None:
    output = tmp_path / "de.jsonl"
    options = ["--model", "m", "--language", "de", "--seed-data", str(prompts), "--method", "respond"]
    options += ["--rows", "30", "--output", str(output), "--most-at-once", "1"]

    def script(_: list[dict[str, str]]) -> str:
        if len(server.bodies) == 12:
            os.kill(os.getpid(), signal.SIGINT)
        return RESPONSE

    with scripted(script) as server:
        stopped = CliRunner().invoke(app, [*options, "--url", server.url])
        assert stopped.exit_code == 130
        rows = len(output.read_text(encoding="utf-8").splitlines())
        assert 11 <= rows <= 12 and f"{rows} rows so far are in {output}" in stopped.stderr
        assert json.loads((tmp_path / "de.jsonl.summary.json").read_bytes())["state"] == "interrupted"
        assert run(*options, "--url", server.url)["rows"] == 30


def warned(*arguments: str, code: int = 0) -> tuple[dict[str, Any], list[str]]:
    """The summary, and the warnings on stderr."""
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == code, result.output
    lines = [line.removeprefix("warning: ") for line in result.stderr.splitlines() if "warning: " in line]
    return json.loads(result.stdout), lines


def test_too_few_prompts_for_the_rows_is_said(tmp_path: Path, prompts: Path) -> None:
    options = ["--language", "de", "--seed-data", str(prompts), "--method", "respond", "--method", "generate"]
    options += ["--output", str(tmp_path / "a.jsonl"), "--rows", "80", "--attempts", "1", "--model", "m"]
    with scripted(lambda _: RESPONSE) as server:
        summary, warnings = warned(*options, "--url", server.url)
    assert summary["shortfall"] == {"respond": {"asked_for": 40, "prompts": 30}}
    assert warnings == ["respond: 40 rows asked for, and there are only 30 prompts: 10 fewer"]


def test_rows_of_other_languages_are_counted_not_lost(tmp_path: Path) -> None:
    seeds = tmp_path / "mixed.jsonl"

    def written(*languages: str | None) -> None:
        records = [{"prompt": f"Was ist {n}?", "language": code} for n, code in enumerate(languages)]
        seeds.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")

    options = ["--seed-data", str(seeds), "--method", "respond", "--rows", "4", "--model", "m"]
    options += ["--output", str(tmp_path / "a.jsonl")]
    with scripted(lambda _: RESPONSE) as server:
        url = ["--url", server.url, "--language", "de"]
        written("de", "tl", "de-AT", "fr", "tl")
        summary, warnings = warned(*options, *url)
        assert summary["rows"] == 2
        assert "mixed.jsonl: 3 rows are left out for their language: 2 in fil, 1 in fr" in warnings[0]
        written("de", None, "de")
        assert warned(*options, *url)[0]["rows"] == 3
        for languages, message in (
            (("fr", "fr", "tl"), "no row is of use for data in de: 2 are in fr, 1 are in fil"),
            (("en",), "English prompts are for --method translate"),
            (("fr", None), r"mixed.jsonl:2: 1 rows name no language, and others name fr"),
        ):
            written(*languages)
            with pytest.raises(UserError, match=message):
                run(*options, *url)


def test_prompts_in_another_language_than_told_are_doubted(tmp_path: Path, prompts: Path) -> None:
    options = ["--seed-data", str(prompts), "--method", "respond", "--rows", "2", "--model", "m"]
    options += ["--output", str(tmp_path / "a.jsonl"), "--no-language-gate"]
    with scripted(lambda _: RESPONSE) as server:
        assert warned(*options, "--url", server.url, "--language", "de")[1] == []
        _, (warning,) = warned(*options, "--url", server.url, "--language", "hu")
    assert warning.startswith("prompts.jsonl: 0% of 30 prompts are in Hungarian (hu)")
    assert warning.endswith("most of the others in de")


def test_answers_that_ended_with_their_room_are_counted(tmp_path: Path, prompts: Path) -> None:
    options = ["--language", "de", "--seed-data", str(prompts), "--method", "respond", "--rows", "12"]
    options += ["--output", str(tmp_path / "a.jsonl"), "--model", "m", "--most-at-once", "2"]

    def script(_: list[dict[str, str]]) -> Any:
        return {"content": RESPONSE, "finish_reason": "length" if len(server.bodies) < 4 else "stop"}

    with scripted(script) as server:
        summary, warnings = warned(*options, "--url", server.url)
    assert (summary["rows"], summary["methods"]["respond"]["cut_off"]) == (12, 3)
    assert warnings == ["3 of 12 rows end where their room ended; raise --max-new-tokens"]


def test_a_dead_server_and_waits_are_said_at_the_end(tmp_path: Path, prompts: Path) -> None:
    options = ["--language", "de", "--seed-data", str(prompts), "--method", "respond", "--rows", "12"]
    options += ["--output", str(tmp_path / "a.jsonl"), "--model", "m", "--most-at-once", "2"]
    dead = "http://127.0.0.1:1/v1"
    with scripted(lambda _: 429 if len(server.bodies) == 4 else RESPONSE) as server:
        summary, warnings = warned(*options, "--url", dead, "--url", server.url)
    assert (summary["endpoint"]["down"], summary["endpoint"]["told_to_wait"]) == ({dead: 1}, 1)
    waited = "requests were told to wait 1 time (http 429, 503, 529)"
    assert warnings == [f"{dead} was down 1 time", waited]


def test_no_row_at_all_is_no_success(tmp_path: Path, prompts: Path) -> None:
    options = ["--language", "de", "--seed-data", str(prompts), "--method", "generate", "--rows", "3"]
    options += ["--output", str(tmp_path / "a.jsonl"), "--model", "m", "--attempts", "1"]
    with scripted(lambda _: "no JSON at all") as server:
        summary, warnings = warned(*options, "--url", server.url, code=3)
    assert (summary["rows"], warnings) == (0, ["no row came of 3 requests"])


def test_a_language_of_files_and_what_they_feed(tmp_path: Path, prompts: Path) -> None:
    english = tmp_path / "english.jsonl"
    english.write_text('{"prompt": "What is the capital of Norway?", "response": "Oslo"}\n', encoding="utf-8")
    mixed = tmp_path / "mixed.jsonl"
    records = [{"language": "de", "prompt": "Wo?"}, {"language": "en", "prompt": "Where?"}]
    mixed.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    pair = json.dumps({"prompt": "Wie heißt die Hauptstadt von Norwegen, bitte?", "response": RESPONSE})

    def script(messages: list[dict[str, str]]) -> str:
        return pair if "JSON" in messages[-1]["content"] else RESPONSE

    with scripted(script) as server:
        summary = run(
            *("--url", server.url, "--model", "m", "--language", "de", "--rows", "99"),
            *("--seed-data", str(prompts), "--seed-data", f"en={english}", "--seed-data", str(mixed)),
            *("--output", str(tmp_path / "a.parquet")),
        )
    found = {method: facts["attempts"] for method, facts in summary["methods"].items()}
    assert found == {"generate": 33, "translate": 2, "respond": 31}
    assert {row.source for row in read_rows(tmp_path / "a.parquet") if row.method == "translate"} == {
        "english.jsonl",
        "mixed.jsonl",
    }


def test_an_adapter_stands_for_its_base_with_it(tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = pocket.model_path("err-03")
    model = AutoModelForCausalLM.from_pretrained(base)
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, weights in adapted.named_parameters():
        if "lora_B" in name:
            weights.data.normal_(generator=torch.Generator().manual_seed(1))
    adapted.save_pretrained(tmp_path / "adapter")
    options = ["--language", "de", "--seed-data", "pocket:20", "--rows", "8", "--method", "respond"]
    options += ["--prompts", "pocket", "--max-new-tokens", "12", "--no-language-gate", "--attempts", "1"]
    first = ["--teacher", str(base), "--adapter", str(tmp_path / "adapter")]
    run(*options, *first, "--output", str(tmp_path / "a.jsonl"))
    run(*options, "--teacher", str(tmp_path / "adapter"), "--output", str(tmp_path / "b.jsonl"))
    run(*options, "--teacher", str(base), "--output", str(tmp_path / "c.jsonl"))

    def responses(name: str) -> list[str]:
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["response"] for line in lines]

    assert responses("a.jsonl") == responses("b.jsonl") != responses("c.jsonl")


MISTAKES: dict[str, tuple[list[str], str]] = {
    "nobody": ([], "not clear who is asked"),
    "two": (["--teacher", "pocket:err-03", "--url", "http://x/v1", "--model", "m"], "not clear who is asked"),
    "no model name": (["--url", "http://127.0.0.1:1/v1"], "not clear who is asked"),
    "no such model": (["--teacher", "nowhere"], "there is no model"),
    "no model folder": (["--teacher", "TMP"], "is no model folder"),
    "no adapter": (["--teacher", "pocket:err-03", "--adapter", "TMP"], "is no LoRA adapter"),
    "method": (["--teacher", "pocket:err-03", "--method", "teach"], "there is no method 'teach'"),
    "prompts": (["--teacher", "pocket:err-03", "--prompts", "mine"], "there is no prompt set"),
    "dtype": (["--teacher", "pocket:err-03", "--dtype", "int3"], "there is no dtype"),
    "price": (["--url", "http://127.0.0.1:1/v1", "--model", "m", "--price", "cheap"], "is no price"),
    "unknown price": (
        ["--url", "http://127.0.0.1:1/v1", "--model", "m", "--budget", "1"],
        "price .* unknown",
    ),
    "down": (["--url", "http://127.0.0.1:1/v1", "--model", "m"], "cannot be reached"),
    "no URL": (["--url", "example", "--model", "m"], "is no URL"),
    "no key": (
        ["--url", "http://127.0.0.1:1/v1", "--model", "m", "--key-env", "NO_SUCH_KEY"],
        "no key for m",
    ),
    "seed file": (["--teacher", "pocket:err-03", "--seed-data", "none.jsonl"], "none.jsonl"),
    "seed twice": (["--teacher", "pocket:err-03", "--seed-data", "pocket:50"], "named twice"),
    "output": (["--teacher", "pocket:err-03", "--output", "data.csv"], "no Parquet or JSONL"),
    "folder": (["--teacher", "pocket:err-03", "--output", "/no/such/a.jsonl"], "no folder that exists"),
    "language": (["--teacher", "pocket:err-03", "--language", "klingonese"], "unknown language"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_message(name: str, tmp_path: Path) -> None:
    own, message = MISTAKES[name]
    options = [
        "--language",
        "de",
        "--seed-data",
        "pocket:50",
        "--rows",
        "3",
        "--output",
        str(tmp_path / "a.jsonl"),
    ]
    with pytest.raises(UserError, match=message) as caught:
        run(*options, *(str(tmp_path) if word == "TMP" else word for word in own))
    assert "\n" not in caught.value.what
    assert not (tmp_path / "a.jsonl").exists()


def test_translating_into_english_and_unfed_methods_are_refused(tmp_path: Path, prompts: Path) -> None:
    options = [*LOCAL, "--rows", "3", "--output", str(tmp_path / "a.jsonl")]
    with pytest.raises(UserError, match="from English into another language"):
        run(*options, "--language", "en", "--seed-data", "pocket:50", "--method", "translate")
    with pytest.raises(
        UserError,
        match=r"nothing feeds translate.*(\n.*)--seed-data en=FILE.*--method generate --method respond",
    ):
        run(*options, "--language", "de", "--seed-data", str(prompts))
    assert "translate" not in run(*options, "--language", "en", "--seed-data", "pocket:50")["methods"]


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    output = tmp_path / "a.jsonl"
    options = [*LOCAL, "--language", "de", "--seed-data", "pocket:50", "--rows", "3", "--output", str(output)]
    run(*options)
    journal = tmp_path / "a.jsonl.journal.sqlite"
    journal.write_bytes(b"no journal at all" * 100)
    with pytest.raises(UserError, match="damaged"):
        run(*options)
