"""Reading what earlier steps wrote into the records that scoring computes with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyteach.artifacts import MANIFEST
from polyteach.figures import Figure
from polyteach.models.completions import LENGTH, TOO_LONG
from polyteach.quality.gate_step import GATE
from polyteach.quality.step import GATED, METRICS, read_metrics
from polyteach.scoring.records import (
    CellMetrics,
    ContestantData,
    Evidence,
    Exam,
    Failure,
    FreeAnswers,
    Fruitless,
    GatedFigures,
    GateMetric,
    JudgeChecks,
    MeasuringFacts,
    Scorer,
    SideEvidence,
    SideExam,
    SourceFacts,
    StudyFacts,
    SynthesisFacts,
    Teacher,
    Training,
    Usage,
)
from polyteach.scoring.unscored import together
from polyteach.side_effects.step import ANSWERS
from polyteach.synthesis.answers import UNANSWERED

SEED_DATA = "seed_data"
REFERENCE, BASE = "reference", "base"
"""What stands in a teacher's place in the ids of steps; no teacher has these names."""
MEASURING = ("judge", "embedder")
"""Who may be asked at an endpoint about rows that are there."""


def study_facts(plain: Mapping[str, Any]) -> StudyFacts:
    """The study's facts as typed data.

    `bases` may be names or objects with a `name`; `family`, `parameters`, `scorers`, `limit`,
    `quality_weight` and `side_effects` may be missing.
    """
    bases = [base if isinstance(base, str) else base["name"] for base in plain["bases"]]
    return StudyFacts(
        name=plain["name"],
        languages=tuple(plain["languages"]),
        bases=tuple(bases),
        trials=plain["trials"],
        teachers=tuple(
            Teacher(
                teacher["name"],
                teacher.get("family"),
                teacher.get("parameters"),
                ContestantData(**teacher["data"]) if teacher.get("data") else None,
            )
            for teacher in plain["teachers"]
        ),
        definitions={b["name"]: b["definition"] for b in plain["benchmarks"] if b.get("definition")},
        scorers=tuple(
            Scorer(s["metric"], s["model"], s.get("family"), tuple(s.get("teachers", ())))
            for s in plain.get("scorers", ())
        ),
        limit=plain.get("limit"),
        minimum_gaps={b["name"]: b["minimum_gap"] for b in plain["benchmarks"] if b.get("minimum_gap")},
        quality_weight=plain.get("quality_weight", 0.5),
        side_languages=tuple(plain["side_effects"]["languages"]) if plain.get("side_effects") else None,
    )


def read_evidence(study: StudyFacts, inputs: Mapping[str, Path], failed: list[Mapping[str, str]]) -> Evidence:
    """Finds each input by the id of the step that made it; what is missing is simply absent."""
    gates = list(_gates(study, inputs))
    places = [(base, language) for base in study.bases for language in study.languages]
    return Evidence(
        study=study,
        bases=[
            exam
            for base, language in places
            for exam in read_exams(inputs.get(f"examination/{base}/base/{language}"), base, language)
        ],
        references=[
            exam
            for base, language in places
            for exam in read_exams(inputs.get(f"examination/{base}/reference/{language}"), base, language)
        ],
        students=[exam for base, language in places for exam in _students(study, inputs, base, language)],
        metrics=list(_metrics(study, inputs)),
        seed_metrics=list(_seed_metrics(study, inputs)),
        synthesis=list(_synthesis(study, inputs)),
        gate=[metric for _, plain in gates for metric in _gate_metrics(plain)],
        gated=list(_gated(study, inputs)),
        judges=[
            JudgeChecks(language, judge, _figures(checks))
            for language, plain in gates
            for judge, checks in sorted(plain["judges"].items())
        ],
        sources=list(_sources(inputs)),
        measuring=list(_measuring(inputs)),
        failures=[Failure(entry["step"], entry["reason"]) for entry in failed],
        side=read_side_effects(study, inputs),
        trainings=list(_trainings(study, inputs)),
    )


def _students(study: StudyFacts, inputs: Mapping[str, Path], base: str, language: str) -> Iterator[Exam]:
    for teacher in study.teachers:
        for trial in range(study.trials):
            folder = inputs.get(f"examination/{base}/{teacher.name}/{language}/{trial}")
            yield from read_exams(folder, base, language, teacher.name, trial)


def _trainings(study: StudyFacts, inputs: Mapping[str, Path]) -> Iterator[Training]:
    """What each student's `training.json` says."""
    for base in study.bases:
        for language in study.languages:
            for who, trial, _ in _models(study):
                folder = inputs.get(f"students/{base}/{who}/{language}/{trial}")
                if folder is None:
                    continue
                plain = json.loads((folder / "training.json").read_bytes())
                yield Training(
                    base=base,
                    who=who,
                    language=language,
                    trial=trial,
                    examples=plain["examples"],
                    wanted=plain["rows_asked_for"],
                    removed={reason: count for reason, count in plain["removed"].items() if count},
                    loss_curve=[(step, loss) for step, loss in plain["loss_curve"]],
                )


def read_exams(
    folder: Path | None, base: str, language: str, teacher: str | None = None, trial: int | None = None
) -> Iterator[Exam]:
    """One exam a benchmark out of an examination's `items.parquet` and `summary.json`."""
    if folder is None:
        return
    import pyarrow.parquet as pq

    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["benchmarks"]
    columns = ["benchmark", "item_id", "cluster", "score", "reason"]
    items: dict[str, list[dict[str, Any]]] = {}
    for item in pq.read_table(folder / "items.parquet", columns=columns).to_pylist():
        items.setdefault(item["benchmark"], []).append(item)
    for benchmark, rows in sorted(items.items()):
        reasons: dict[str, int] = {}
        for row in rows:
            if row["score"] is None:
                reason = row["reason"] or "no score"
                reasons[reason] = reasons.get(reason, 0) + 1
        yield Exam(
            base=base,
            language=language,
            benchmark=benchmark,
            item_ids=tuple(row["item_id"] for row in rows),
            scores=tuple(row["score"] for row in rows),
            chance=float(summary[benchmark]["chance"]),
            teacher=teacher,
            trial=trial,
            reasons=reasons,
            clusters=tuple(row["cluster"] for row in rows),
        )


def read_side_effects(study: StudyFacts, inputs: Mapping[str, Path]) -> SideEvidence:
    """The exams in other languages and the free answers, where they were asked for."""
    places = [(base, language) for base in study.bases for language in study.languages]
    return SideEvidence(
        bases=[
            exam
            for base in study.bases
            for code in study.side_languages or ()
            for exam in read_exams(inputs.get(f"examination/{base}/{BASE}/{code}"), base, code)
        ],
        students=[
            SideExam(who, taught, exam)
            for base, taught in places
            for who, trial, path in _models(study)
            for code in study.side_languages or ()
            for exam in read_exams(
                inputs.get(f"examination/{base}/{who}/in/{code}/{taught}{path}"), base, code, who, trial
            )
        ],
        answers=[
            answers
            for base, language in places
            for who, trial, path in [(BASE, 0, ""), *_models(study)]
            if (folder := inputs.get(f"free_answers/{base}/{who}/{language}{path}"))
            for answers in [_free_answers(folder, base, language, who, trial)]
        ],
    )


def _models(study: StudyFacts) -> list[tuple[str, int, str]]:
    """Who has students: name, trial, and what of the trial stands in a step's id. The reference has one."""
    trials = range(study.trials)
    return [(REFERENCE, 0, ""), *((t.name, trial, f"/{trial}") for t in study.teachers for trial in trials)]


def _free_answers(folder: Path, base: str, language: str, who: str, trial: int) -> FreeAnswers:
    """One model's `answers.parquet`."""
    import pyarrow.parquet as pq

    rows = pq.read_table(folder / ANSWERS).to_pylist()
    ids = tuple(row["prompt_id"] for row in rows)
    untold = Counter(row["reason"] for row in rows if row["in_language"] is None)
    return FreeAnswers(
        who=who,
        in_language=Exam(
            base=base,
            language=language,
            benchmark="free answers",
            item_ids=ids,
            scores=tuple(None if row["in_language"] is None else float(row["in_language"]) for row in rows),
            chance=0.0,
            teacher=who,
            trial=trial,
            reasons=dict(sorted(untold.items())),
        ),
        found=dict(sorted(Counter(row["found"] for row in rows if row["found"]).items())),
        characters={row["prompt_id"]: row["characters"] for row in rows},
        tokens={row["prompt_id"]: row["tokens"] for row in rows},
        cut_off=sum(row["finish_reason"] == LENGTH for row in rows),
        learned=sum(row["learned"] for row in rows),
    )


def _metrics(study: StudyFacts, inputs: Mapping[str, Path]) -> Iterator[CellMetrics]:
    for teacher in study.teachers:
        for language in study.languages:
            folder = inputs.get(f"quality/{teacher.name}/{language}")
            if folder:
                yield CellMetrics(teacher.name, language, read_metrics(folder / METRICS))


def _seed_metrics(study: StudyFacts, inputs: Mapping[str, Path]) -> Iterator[CellMetrics]:
    for language in study.languages:
        folder = inputs.get(f"quality/{SEED_DATA}/{language}")
        if folder:
            yield CellMetrics(None, language, read_metrics(folder / METRICS))


def _gates(study: StudyFacts, inputs: Mapping[str, Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for language in study.languages:
        folder = inputs.get(f"gate/{language}")
        if folder:
            yield language, json.loads((folder / GATE).read_text(encoding="utf-8"))


def _gate_metrics(plain: Mapping[str, Any]) -> Iterator[GateMetric]:
    for name, found in sorted(plain["metrics"].items()):
        yield GateMetric(
            language=plain["language"],
            metric=name,
            level=found["level"],
            answers_for=tuple(found["answers_for"]),
            passes=found["passes"],
            reason=found["reason"],
            human=Figure.from_json(found["human"]),
            corrupted=Figure.from_json(found["corrupted"]),
            corruptions=_figures(found["corruptions"]),
        )


def _gated(study: StudyFacts, inputs: Mapping[str, Path]) -> Iterator[GatedFigures]:
    for teacher in study.teachers:
        for language in study.languages:
            folder = inputs.get(f"quality/{teacher.name}/{language}")
            if folder and (folder / GATED).exists():
                plain = json.loads((folder / GATED).read_text(encoding="utf-8"))
                pairs = {
                    (one, other): value
                    for one, others in plain["correlations"].items()
                    for other, value in others.items()
                }
                yield GatedFigures(teacher.name, language, plain["n"], _figures(plain["figures"]), pairs)


def _figures(plain: Mapping[str, Any]) -> dict[str, Figure]:
    return {name: Figure.from_json(figure) for name, figure in plain.items()}


def _synthesis(study: StudyFacts, inputs: Mapping[str, Path]) -> Iterator[SynthesisFacts]:
    """One record a cell, its methods together."""
    import pyarrow.parquet as pq

    for teacher in study.teachers:
        for language in study.languages:
            prefix = f"synthesis/{teacher.name}/{language}/"
            parts = {n.removeprefix(prefix): inputs[n] for n in sorted(inputs) if n.startswith(prefix)}
            failed = {m: json.loads((f / "failures.json").read_text("utf-8")) for m, f in parts.items()}
            rows = {m: pq.read_metadata(f / "rows.parquet").num_rows for m, f in parts.items()}
            if parts:
                yield SynthesisFacts(
                    teacher.name,
                    language,
                    sum(rows.values()),
                    together({reason: told["count"] for reason, told in f.items()} for f in failed.values()),
                    [_usage(folder) for folder in parts.values()],
                    [
                        _fruitless(method, failed[method])
                        for method in parts
                        if failed[method] and not rows[method]
                    ],
                )


def _fruitless(method: str, failed: Mapping[str, Any]) -> Fruitless:
    answers = [
        answer
        for reason, told in failed.items()
        if reason not in (TOO_LONG, UNANSWERED)  # their examples are prompts
        for answer in told["examples"]
    ]
    counts = {reason: told["count"] for reason, told in failed.items()}
    return Fruitless(method, counts, next(filter(None, answers), ""))


def _sources(inputs: Mapping[str, Path]) -> Iterator[SourceFacts]:
    """The public data sets that seed data was drawn from, by language."""
    for name in sorted(inputs):
        if name.startswith(f"{SEED_DATA}/"):
            for told in _facts(inputs[name]).get("sources", ()):
                for code, wanted in told["wanted"].items():
                    rows = told["rows"].get(code, 0)
                    yield SourceFacts(told["name"], code, wanted, rows, told["dropped"])


def measuring_in(facts: Mapping[str, Any]) -> Iterator[MeasuringFacts]:
    """What a step of measuring says that judge and embedder took, where they are at endpoints."""
    for role in MEASURING:
        if took := facts.get(role):
            yield MeasuringFacts(role, took["model"], took["requests"], _usage_of(took))


def _measuring(inputs: Mapping[str, Path]) -> Iterator[MeasuringFacts]:
    for name in sorted(inputs):
        if name.startswith(("gate/", "quality/")):
            yield from measuring_in(_facts(inputs[name]))


def _facts(folder: Path) -> dict[str, Any]:
    """What a step said of its output."""
    facts: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())["facts"]
    return facts


def _usage(folder: Path) -> Usage:
    """What a synthesis step said of its answers; of rows that no model wrote it says nothing."""
    return _usage_of(_facts(folder))


def _usage_of(facts: Mapping[str, Any]) -> Usage:
    return Usage(**{name: facts[name] for name in Usage.__dataclass_fields__ if name in facts})
