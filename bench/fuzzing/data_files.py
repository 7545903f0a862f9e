"""Data files: rows, prompts and exams of users, in every format and layout that commands read."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fuzzing.case import Action, Case
from fuzzing.commands import command, told
from fuzzing.exploring import Target
from fuzzing.mutations import Draw, Mutator
from fuzzing.tables import parquet_bytes
from polyteach.benchmarks.stand_alone import open_exams
from polyteach.curation.recipes import benchmark_named

DATA = Path(os.environ.get("POLYTEACH_DATA", Path(__file__).parents[3] / "shared" / "data"))
KINDS = ("jsonl", "ndjson", "csv", "parquet", "jsonl.gz", "csv.gz", "json", "tsv", "parquet.gz", "txt")
_MOSTLY = (*KINDS[:4] * 3, *KINDS[:6], *KINDS)
_SEED_FILES = (
    *("sft/ja_shaberi_gemma-3-27b-it.jsonl", "sft/de_mtbenchx_gpt4ref.jsonl", "prompts/de_llmzoo100.jsonl"),
    *("sft/en_selfinstruct_user_oriented_human.jsonl", "eval/global_mmlu_lite_tl_dev.jsonl"),
    *("eval/mgsm_de.jsonl", "prompts/ar_llmzoo100.jsonl", "results/judge_de_mtbenchx_gpt4_single.jsonl"),
)
_LAYOUTS: Sequence[dict[str, Any]] = (
    {
        "messages": [
            {"role": "system", "content": "Sei kurz."},
            {"role": "user", "content": "Hallo?"},
            {"role": "assistant", "content": "Guten Tag."},
            {"role": "user", "content": "Und?"},
            {"role": "assistant", "content": "Ja."},
        ]
    },
    {
        "conversations": [
            {"from": "human", "value": "Wie spät ist es?"},
            {"from": "gpt", "value": "Es ist drei Uhr."},
        ]
    },
    {
        "prompt": "Nenne einen Monat.",
        "response": "Januar",
        "messages": [
            {"role": "user", "content": "Nenne einen Monat."},
            {"role": "assistant", "content": "Januar"},
        ],
    },
    {"instruction": "Sag etwas.", "input": "", "output": "Etwas.", "system": "", "history": [["a", "b"]]},
    {"id": "1", "cluster": "c", "question": "1+1?", "choices": ["2", "3"], "answer": "2", "language": "de"},
    {"question": "1+1?", "option_a": "2", "option_b": "3", "option_c": "4", "answer": "A"},
    {"prompt": "Was ist besser?", "chosen": "Das hier.", "rejected": "Das da.", "subset": "x"},
    {"question": "Wie viele?", "answer": "12"},
    {
        "prompt": "a",
        "response": "b",
        "teacher": "t",
        "language": "de",
        "judge_scores": {"gpt-4": 4},
        "judge_scale": "1-5",
        "source_set": "s",
        "finish_reason": "length",
        "method": "respond",
        "source_id": "1",
        "id": "1",
    },
    {
        "inputs": "Habari?",
        "targets": "Nzuri.",
        "language": "Swahili",
        "language_code": "swh",
        "annotation_type": "original-annotations",
        "user_id": "u",
    },
    {
        "conversation": [
            {"role": "user", "content": "Hi", "language": "German", "toxic": False},
            {"role": "assistant", "content": "Hallo"},
        ],
        "language": "German",
        "toxic": False,
        "redacted": False,
        "model": "m",
        "turn": 1,
    },
    {
        "message_id": "a",
        "parent_id": None,
        "text": "Hallo",
        "role": "prompter",
        "lang": "de",
        "deleted": False,
        "review_result": True,
        "tree_state": "ready_for_export",
        "rank": 0,
        "message_tree_id": "a",
    },
    {
        "context": [{"role": "user", "content": "Hi"}],
        "response1": "a",
        "response2": "b",
        "overall_preference": -2,
        "language": "german",
        "domain": "multilingual",
    },
    {
        "input": "Apa ibu kota?",
        "output": "Jakarta",
        "subset_name": "s",
        "template_name": "t",
        "instruction": "Jawab.",
    },
    {
        "conversations": [{"from": "human", "value": "Wer?"}, {"from": "gpt", "value": "Ich."}],
        "dataset": "d",
        "language": "German",
        "uuid": "u",
    },
    {
        "messages": [{"role": "user", "content": "Wer?"}, {"role": "assistant", "content": "Ich."}],
        "source": "s",
        "id": "1",
        "language": "de",
    },
    {
        "prompt": "Wer?",
        "response": "Ich bin es, dein alter Freund.",
        "question": "1+1?",
        "answer": "A",
        "option_a": "2",
        "option_b": "3",
        "language": "de",
    },
)
_SOURCES = (
    "aya",
    "wildchat",
    "oasst2",
    "helpsteer3",
    "cendol",
    "taco",
    "magpie",
    "euroblocks",
    "gsm8k",
    "tulu3",
    "cidar",
)
_KEYS = sorted(
    {key for layout in _LAYOUTS for key in layout} | {"role", "content", "from", "value", "extra", "prompts"}
)
_VALUES = (
    "de",
    "Wie heißt der erste Monat?",
    "Januar",
    "A",
    "user",
    "assistant",
    "system",
    "2",
    "1-5",
    "length",
    [["a", 1]],
)
_JUDGED_TOO = "sft/ja_shaberi_olmo-2-1124-7b-instruct.jsonl"
_NEEDED: dict[str, set[str]] = {
    "export-pairs": {"prompt", "judge_scores"},
    "exam-choice": {"question", "answer"},
    "exam-exact": {"question", "answer"},
    "exam-preference": {"chosen", "rejected"},
    "seed-messages": {"messages"},
    "seed-overlap": {"question"},
    "seed-aya": {"inputs"},
    "seed-wildchat": {"conversation"},
    "seed-oasst2": {"message_id"},
    "seed-helpsteer3": {"context"},
    "seed-cendol": {"input", "output"},
    "seed-cidar": {"instruction", "output"},
    "seed-taco": {"instruction", "output"},
    "seed-magpie": {"conversations"},
    "seed-euroblocks": {"conversations"},
    "seed-gsm8k": {"question", "answer"},
    "seed-tulu3": {"messages"},
}
"""What columns an action wants; where nothing is said, prompts or messages."""
STUDY = """
name: fuzz
languages: [de]
teachers: [{name: a, simulated: {}}, {name: b, data: FILE}]
seed_data: [{file: FILE}]
students: {bases: [{name: c, model: "pocket:base-c"}]}
benchmarks: [pocket-choice, {name: own, file: FILE, kind: KIND, language: de}]
"""


def _exam(kind: str) -> Action:
    def open_file(folder: Path) -> int:
        file = next(folder.glob("data.*")).name
        return told(lambda: open_exams([benchmark_named(f"{kind}:{file}", "de")], "de", None))

    return open_file


def _on_data(*arguments: str) -> Action:
    """A command of which the argument DATA stands for the data file, whatever its ending."""

    def call(folder: Path) -> int:
        file = next(folder.glob("data.*")).name
        return command(*(argument.replace("DATA", file) for argument in arguments))(folder)

    return call


def _study(kind: str) -> Action:
    def plan(folder: Path) -> int:
        file = next(folder.glob("data.*")).name
        text = STUDY.replace("FILE", file).replace("KIND", kind)
        (folder / "study.yaml").write_text(text, encoding="utf-8")
        return command("run", "study.yaml", "--dry-run")(folder)

    return plan


_OWN_COLUMNS = ("seed-data", "--path", "DATA", "--language", "de", "--output", "seed.jsonl", "--limit", "20")
ACTIONS: dict[str, Action] = {
    "measure": _on_data("measure", "DATA", "--language", "de"),
    "measure-json": _on_data("measure", "DATA", "--language", "ja", "--json"),
    "measure-oracle": _on_data("measure", "DATA", "--language", "de", "--judge", "oracle"),
    "filter": _on_data("filter", "DATA", "--output", "kept.parquet", "--dropped", "gone.jsonl", "--json"),
    "filter-language": _on_data("filter", "DATA", "--language", "de", "--output", "kept.jsonl"),
    "filter-judged": _on_data(
        "filter", "DATA", "--language", "de", "--output", "kept.jsonl", "--drop", "judge_below: {least: 3}"
    ),
    "rewrite": _on_data(
        "rewrite",
        "DATA",
        "--language",
        "de",
        "--output",
        "new.parquet",
        "--teacher",
        "pocket:err-03",
        "--dry-run",
    ),
    **{
        f"export-{layout}": _on_data(
            "export",
            "DATA",
            "--output",
            "folder",
            "--layout",
            layout,
            "--format",
            form,
            "--split",
            "test=20%",
        )
        for layout, form in (
            ("messages", "parquet"),
            ("plain", "jsonl"),
            ("sharegpt", "jsonl"),
            ("llama-factory", "parquet"),
        )
    },
    "export-pairs": _on_data(
        "export", "DATA", "--output", "folder", "--pairs", "other.jsonl", "--judge", "scores"
    ),
    "seed-prompts": _on_data(*_OWN_COLUMNS, "--columns", "prompt=prompt,response=response,id=id"),
    "seed-messages": _on_data(*_OWN_COLUMNS, "--columns", "messages=messages,language=language"),
    "seed-overlap": _on_data(*_OWN_COLUMNS, "--columns", "prompt=question", "--without-overlap", "DATA"),
    **{
        f"seed-{name}": _on_data("seed-data", "--source", name, "--path", "DATA", "--output", "seed.parquet")
        for name in _SOURCES
    },
    "exam-choice": _exam("choice"),
    "exam-exact": _exam("exact"),
    "exam-preference": _exam("preference"),
    "study-choice": _study("choice"),
    "study-exact": _study("exact"),
}


def data_target(folder: Path) -> Target:
    """Data files: a few real rows, or rows in the layouts of well-known data sets, changed."""
    real = [rows for name in _SEED_FILES if (rows := _some(DATA / name))]
    seeds = [*real, *([layout] * 3 for layout in _LAYOUTS)]
    fitting = {action: [rows for rows in seeds if _fits(action, rows[0])] or seeds for action in ACTIONS}

    judged = _some(DATA / _JUDGED_TOO)

    @st.composite
    def cases(draw: Draw) -> Case:
        mutator = Mutator(draw, _KEYS, _VALUES, plain=draw(st.booleans()))
        action = mutator.of(sorted(ACTIONS))
        rows = mutator.tree(mutator.of(seeds if mutator.once_in(10) else fitting[action]))
        if mutator.once_in(4):
            more = mutator.of(fitting[action])
            rows = mutator.tree([*(rows if isinstance(rows, list) else [rows]), *more])
        kind = mutator.of(_MOSTLY)
        random = mutator.once_in(25)
        content = mutator.damaged(draw(st.binary(max_size=300))) if random else written(mutator, rows, kind)
        files = {f"data.{kind}": content}
        if action == "export-pairs":
            files["other.jsonl"] = written(mutator, mutator.tree(judged or rows), "jsonl")
        return Case(action, files)

    return Target("data", ACTIONS, cases())


def _fits(action: str, row: dict[str, Any]) -> bool:
    """Whether an action takes rows with such columns, as long as nothing is changed."""
    columns = set(row)
    needed = next((needed for name, needed in _NEEDED.items() if action.startswith(name)), {"prompt"})
    return needed <= columns or (needed == {"prompt"} and "messages" in columns)


def written(mutator: Mutator, rows: Any, kind: str) -> bytes:
    """Rows, or what became of them, as a file of a kind holds them."""
    form, _, packing = kind.partition(".")
    listed = rows if isinstance(rows, list) else [rows]
    if form == "parquet":
        content = parquet_bytes(mutator, listed)
    elif form in ("csv", "tsv"):
        content = mutator.content(_delimited(mutator, listed, "\t" if form == "tsv" else ","))
    elif form == "json":
        content = mutator.content(_json(mutator, rows))
    else:
        content = mutator.content("".join(f"{_json(mutator, row)}\n" for row in listed))
    return mutator.packed(content) if packing else content


def _some(path: Path) -> list[dict[str, Any]]:
    """The first rows of a real file; none where it is missing."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line, _ in zip(file, range(4), strict=False)]


def _json(mutator: Mutator, value: Any) -> str:
    text = json.dumps(_keyed(value), ensure_ascii=mutator.below(2) == 0, default=str)
    return mutator.text(text) if mutator.once_in(12) else text


def _keyed(value: Any) -> Any:
    """A value of which all keys are texts."""
    if isinstance(value, dict):
        return {str(key): _keyed(inner) for key, inner in value.items()}
    return [_keyed(inner) for inner in value] if isinstance(value, list) else value


def _delimited(mutator: Mutator, rows: Sequence[Any], separator: str) -> str:
    records = [row if isinstance(row, dict) else {"prompt": row} for row in rows]
    columns = list(dict.fromkeys(str(key) for record in records for key in record))
    file = io.StringIO()
    writer = csv.writer(
        file, delimiter=mutator.of((separator,) * 8 + (";", "|")), quoting=mutator.of((0, 0, 1))
    )
    lines = [columns, *([_cell(record.get(name, "")) for name in columns] for record in records)]
    writer.writerows([str(cell).replace("\0", "") for cell in line] for line in lines)
    return file.getvalue()


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_keyed(value), ensure_ascii=False, default=str)
