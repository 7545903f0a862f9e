"""What models and their servers answer: HTTP, batch files, vectors, rows, verdicts, exams, reports."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fuzzing.case import DONE, Action, Case
from fuzzing.commands import command, told
from fuzzing.data_files import written
from fuzzing.exploring import Target
from fuzzing.mutations import TEXTS, Draw, Mutator
from fuzzing.replies import BATCH, BODIES, BODY, LINE, SAID, VECTORS, http_answer, http_reply
from fuzzing.serving import answering
from fuzzing.small_run import REVIEW, RUN, make_small_run
from polyteach.benchmarks.letters import read_letter
from polyteach.benchmarks.numbers import first_number, last_number
from polyteach.models.asks import Ask, Sampling
from polyteach.models.batch.lines import result_of, why_failed
from polyteach.models.completions import LENGTH, STOP, Completion
from polyteach.models.embeddings import embed_to
from polyteach.models.endpoint.answerer import EndpointAnswerer
from polyteach.models.endpoint.answers import completion_of
from polyteach.models.endpoint.settings import EndpointSettings
from polyteach.models.journal import Journal
from polyteach.models.translation.pieces import pieces
from polyteach.quality.pairwise import parse_choice
from polyteach.quality.rubric import parse_score
from polyteach.steps import SilentProgress
from polyteach.synthesis.answers import BadAnswer, Expected, pair_schema, read_answer

REPLY, TEXT, LINES, ROWS, PROMPTS, EXAM = (
    "reply.bin",
    "text.json",
    "lines.jsonl",
    "rows.jsonl",
    "prompts.jsonl",
    "exam.csv",
)
_IN_RUN = f"{RUN}/artifacts/synthesis/clean/de/respond/rows.parquet"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_QUESTIONS = "question,option_a,option_b,answer\n1+1?,2,3,A\n2+2?,5,4,B\n"


def _settings(url: str) -> EndpointSettings:
    return EndpointSettings(
        urls=(url,),
        model="m",
        attempts=2,
        backoff_seconds=0.001,
        patience_seconds=0.2,
        total_timeout_seconds=3.0,
        idle_timeout_seconds=2.0,
    )


def _asked(folder: Path) -> int:
    """Two requests at a server; what the journal has of them is read as rows."""
    asks = [
        Ask.of(
            "m",
            [{"role": "user", "content": "Hallo"}],
            Sampling(9, 0.5),
            number=n,
            rng_seed=1,
            schema=pair_schema() if n else None,
        )
        for n in range(2)
    ]

    def work(url: str) -> None:
        with Journal(folder / "journal.sqlite") as journal:
            EndpointAnswerer(_settings(url)).answer(asks, journal, SilentProgress())
            for ask in asks:
                if completion := journal.get(ask.key):
                    _read(completion)

    with answering((folder / REPLY).read_bytes()) as url:
        return told(lambda: work(url))


def _embedded(folder: Path) -> int:
    with answering((folder / REPLY).read_bytes()) as url:
        return told(lambda: embed_to(folder / "vectors", ["Hallo", "Welt"], _settings(url)))


def _text(folder: Path) -> int:
    """An answer as its server wraps it: what no file can hold is replaced on the way."""
    facts = json.loads((folder / TEXT).read_bytes())
    for finish in (STOP, LENGTH):
        choice = {
            "message": {"content": facts["text"], "reasoning": facts["thinking"]},
            "finish_reason": finish,
        }
        _read(completion_of({"choices": [choice]})[0])
    return DONE


def _read(completion: Completion) -> None:
    """All readings of an answer: as a row, a verdict, an answer to an exam, a text to be translated."""
    for form, prompt in (("json", None), ("lines", None), ("text", "Was ist das?")):
        for language in ("de", "ja", "ar", None):
            try:
                pair = read_answer(completion, Expected(form, "Schreib etwas.", prompt, ("Was?",), language))
            except BadAnswer as bad:
                assert bad.reason
            else:
                (pair.prompt + pair.response).encode()
    for parse in (parse_score, parse_choice):
        parse(completion)
    text = completion.text
    assert read_letter(text, "ABCD") in {"", *"ABCD"}
    first_number(text), last_number(text)
    for language in ("de", "ja", "th"):
        found = pieces(text[:4000], language, lambda piece: len(piece) < 60)
        assert isinstance(found, list)


def _lines(folder: Path) -> int:
    for line in (folder / LINES).read_bytes().split(b"\n"):
        result = result_of(line)
        if result and result.completion:
            _read(result.completion)
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            why_failed(found)
    return DONE


def _served(*arguments: str) -> Action:
    """A command of which the argument URL stands for a server that answers the case's reply."""

    def call(folder: Path) -> int:
        with answering((folder / REPLY).read_bytes()) as url:
            return command(*(argument.replace("URL", url) for argument in arguments))(folder)

    return call


def _page(folder: Path) -> int:
    """The report of a run whose teacher wrote what the case holds: nothing in it that a browser obeys."""
    code = command("review", "import", RUN, REVIEW)(folder)
    for name in (f"{RUN}/report.html", "again.html"):
        if (folder / name).is_file() and (
            found := _CONTROL.search((folder / name).read_text(encoding="utf-8"))
        ):
            raise AssertionError(f"{name} holds {found[0]!r}")
    return code


ACTIONS: dict[str, Action] = {
    "http": _asked,
    "vectors": _embedded,
    "text": _text,
    "batch-lines": _lines,
    "synthesize": _served(
        "synthesize",
        "--url",
        "URL",
        "--model",
        "m",
        "--language",
        "de",
        "--seed-data",
        PROMPTS,
        "--rows",
        "6",
        "--attempts",
        "1",
        "--method",
        "respond",
        "--method",
        "generate",
        "--output",
        "new.jsonl",
        "--price",
        "1,1",
    ),
    "judge": _served(
        "measure",
        ROWS,
        "--language",
        "de",
        "--judge",
        "m",
        "--judge-url",
        "URL",
        "--journal",
        "journal.sqlite",
    ),
    "examine": _served(
        "examine",
        "URL",
        "--model",
        "m",
        "--benchmark",
        "own",
        "--file",
        EXAM,
        "--kind",
        "choice",
        "--language",
        "de",
        "--output",
        "exam",
    ),
    "rewrite": _served(
        "rewrite",
        ROWS,
        "--language",
        "de",
        "--output",
        "better.jsonl",
        "--url",
        "URL",
        "--model",
        "m",
        "--drop",
        "too_short: {characters: 4000}",
        "--attempts",
        "1",
    ),
    "measure": command("measure", ROWS, "--language", "de"),
    "report": _page,
    "review-page": command("review", "page", RUN, "--rows", "4", "--output", "again.html"),
}
_OF_ROWS = ("measure", "report", "review-page")


def answer_target(folder: Path) -> Target:
    """What models answer: texts, envelopes around them, and files of them, changed."""
    if not folder.is_dir():
        make_small_run(folder)
    import pyarrow.parquet as pq

    rows: Sequence[dict[str, Any]] = pq.read_table(folder / _IN_RUN).to_pylist()[:8]
    fixed = {PROMPTS: _jsonl(rows), ROWS: _jsonl(rows), EXAM: _QUESTIONS.encode()}

    @st.composite
    def cases(draw: Draw) -> Case:
        mutator = Mutator(
            draw, ("content", "text", "choices", "message", "error", "usage", "custom_id"), SAID
        )
        action = mutator.of(sorted(ACTIONS))
        if action == "text":
            facts = {"text": _said(mutator), "thinking": mutator.of(("", "hm", *TEXTS))}
            return Case(action, {TEXT: json.dumps(facts).encode()})
        if action == "batch-lines":
            lines = [mutator.tree(mutator.of((LINE, BATCH))) for _ in range(4)]
            return Case(action, {LINES: mutator.content("\n".join(json.dumps(line) for line in lines))})
        if action in _OF_ROWS:
            said = [
                row
                | {"response": _said(mutator)}
                | ({"prompt": _said(mutator)} if mutator.once_in(4) else {})
                for row in rows
            ]
            if action == "measure":
                return Case(action, {ROWS: _jsonl(said)})
            return Case(
                action, {_IN_RUN: written(mutator, said, "parquet") if mutator.once_in(12) else _table(said)}
            )
        if action == "vectors":
            return Case(action, {REPLY: http_answer(mutator, mutator.tree(VECTORS))})
        if action == "http":
            return Case(action, {REPLY: http_answer(mutator, mutator.tree(mutator.of(BODIES)))})
        body = json.loads(json.dumps(BODY))
        body["choices"][0]["message"]["content"] = _said(mutator)
        body["choices"][0]["finish_reason"] = mutator.of(("stop", "stop", "length", "content_filter"))
        return Case(action, fixed | {REPLY: http_reply("200 OK", [], json.dumps(body).encode())})

    return Target("answers", ACTIONS, cases(), folder, ACTIONS.keys() - {"report", "review-page"})


def _said(mutator: Mutator) -> str:
    """What a model might say: something that is asked for, changed, or anything at all."""
    kind = mutator.below(4)
    if kind == 0:
        return str(mutator.of(TEXTS))
    if kind == 1:
        return mutator.text(mutator.of(SAID)) + mutator.of(TEXTS) * mutator.of((1, 1, 30))
    if kind == 2:
        return mutator.of(TEXTS) + mutator.of(SAID) + mutator.of(TEXTS)
    value = mutator.value()
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(_row(row))}\n" for row in rows).encode()


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if name in ("id", "prompt", "response", "language", "teacher")
    }


def _table(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows as a step of a run writes them: what no file can hold has been replaced before."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    whole = [
        {k: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for k, v in row.items()}
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(whole), file)
    return file.getvalue()
