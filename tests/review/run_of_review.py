"""A small finished run with known rows, made through the real store and the real closing steps."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from synthetic_study import SyntheticStudy

from polyteach.analysis.step import analyse
from polyteach.artifacts import Artifact, Store
from polyteach.report.step import report
from polyteach.review.answers import Answers, Reviewer
from polyteach.review.key import MARK, Key, read_keys
from polyteach.rows import Row, read_rows, write_rows
from polyteach.runs import RunFolder
from polyteach.scoring.step import score
from polyteach.steps import Step, StepTask

SKILL = {"teacher-ursa": 0.85, "teacher-lyra": 0.6, "teacher-vega": 0.35}
RANKED = list(SKILL)
TEXTS = {
    "de": ("Was ist {} und warum?", "Antwort {} nach Art {}, ausführlich und klar."),
    "ar": ("ما هو الشيء رقم {}؟", "الجواب {} على طريقة {} بوضوح."),
    "ja": ("{}番のものは何ですか。", "{}番の答え、{}の流儀です。"),
}
STYLES = {"teacher-ursa": "eins", "teacher-lyra": "zwei", "teacher-vega": "drei"}
NAMED: dict[str, Any] = {"sources": [], "benchmarks": [], "base": "made-up"}
"""What the report looks for in the settings of steps."""
HOSTILE = (
    "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"
    '<a href="javascript:window.owned=1">x</a>\x00\u202e'
)
"""Without a lone surrogate: Parquet holds none."""


@dataclass(frozen=True)
class ReviewRun:
    """A run in `folder`; the store is beside it, as a study leaves both. `closing` are its last steps."""

    folder: Path
    store: Store
    closing: tuple[Step, ...]


def make_run(
    root: Path, languages: tuple[str, ...] = ("de",), hostile: str = "", judged: bool = True
) -> ReviewRun:
    """Makes the run: teachers answer the same prompts, each in a way of its own."""
    study = SyntheticStudy(root / "made", languages=languages, skill=dict(SKILL))
    for id, folder in study.inputs.items():
        if id.startswith("synthesis/"):
            _, teacher, language, method = id.split("/")
            _write_rows(folder, teacher, language, method, hostile)
    if judged:
        for language in languages:
            for teacher in SKILL:
                _write_per_row(study.inputs[f"quality/{teacher}/{language}"], teacher, language, study)
    return ReviewRun(*_finished(study, root))


def _write_rows(folder: Path, teacher: str, language: str, method: str, hostile: str) -> None:
    prompt, response = TEXTS[language]
    rows = [
        replace(
            row,
            prompt=prompt.format(n),
            response=response.format(n, STYLES[teacher]) + hostile,
        )
        for n, row in enumerate(read_rows(folder / "rows.parquet"))
    ]
    write_rows(folder / "rows.parquet", rows[:40])


def _write_per_row(folder: Path, teacher: str, language: str, study: SyntheticStudy) -> None:
    """The judge is right in de about everybody; the length says nothing: all are alike."""
    rows: list[tuple[str, Row]] = []
    for method in ("generate", "respond"):
        there = read_rows(study.inputs[f"synthesis/{teacher}/{language}/{method}"] / "rows.parquet")
        rows += [(method, row) for row in there]
    table = {
        "input": [method for method, _ in rows],
        "id": [row.id for _, row in rows],
        "rubric": pa.array([5.0 - 2 * RANKED.index(teacher)] * len(rows), pa.float64()),
        "response_length": pa.array([40.0] * len(rows), pa.float64()),
    }
    pq.write_table(pa.table(table), folder / "per_row.parquet")


def _copied(task: StepTask) -> Mapping[str, Any]:
    """Takes a synthetic artifact into the store."""
    made = Path(task.locations["folder"])
    for path in made.iterdir():
        if path.name != "manifest.json":
            shutil.copyfile(path, task.output / path.name)
    known = made / "manifest.json"
    facts: dict[str, Any] = json.loads(known.read_text())["facts"] if known.exists() else {}
    return facts


def _finished(study: SyntheticStudy, root: Path) -> tuple[Path, Store, tuple[Step, ...]]:
    store, run = Store(root / ".polyteach"), RunFolder(root / "runs" / "synthetic")
    store.prepare()
    run.prepare()
    nowhere = root / "nowhere"
    steps = {
        id: Step(id, id.split("/")[0], _copied, 1, NAMED | {"id": id}, {"folder": str(folder)})
        for id, folder in study.inputs.items()
    }
    rows = {id: one for id, one in steps.items() if id.startswith(("synthesis/", "quality/"))}
    scored = Step("score", "score", score, 1, study.score_task(nowhere).settings, inputs=steps)
    analysed = Step(
        "analysis",
        "analysis",
        analyse,
        1,
        study.analysis_task(nowhere, nowhere).settings,
        inputs={"score": scored} | {id: one for id, one in rows.items() if id.startswith("synthesis/")},
    )
    settings = {"samples": 2} | dict(study.report_task(nowhere, nowhere, nowhere).settings)
    page = Step(
        "report", "report", report, 1, settings, inputs={"score": scored, "analysis": analysed} | rows
    )
    made: dict[str, Artifact] = {}
    for one in (*steps.values(), scored, analysed, page):
        made[one.id] = store.make(one)
        run.link(one, made[one.id])
    run.publish(made[id] for id in ("score", "analysis", "report"))
    return run.path, store, (scored, analysed, page)


def the_key(run: Path) -> Key:
    """The key of the only page made for a run."""
    (key,) = read_keys(run).values()
    return key


def answered(key: Key, who: str, name: str, mark: Any, choose: Any) -> Answers:
    """A reviewer's file: `mark(item)` and `choose(item)` give the answers; None leaves an item open."""
    marks = {item.id: mark(item) for item in key.items if item.kind == MARK}
    choices = {item.id: choose(item) for item in key.items if item.kind != MARK}
    return Answers(
        schema_version=1,
        kind="polyteach-review",
        page=key.page,
        language=key.language,
        reviewer=Reviewer(id=who * 16, name=name),
        marks={id: given for id, given in marks.items() if given is not None},
        choices={id: given for id, given in choices.items() if given is not None},
    )


def saved(answers: Answers, path: Path) -> Path:
    """Writes the file as a reviewer sends it."""
    path.write_text(answers.model_dump_json(), encoding="utf-8")
    return path
