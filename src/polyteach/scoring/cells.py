"""Every cell of a study, for every base: scores, gains, quality, PGR, the three PG-Scores."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum

from polyteach.figures import Figure
from polyteach.scoring import gain, pg_score, pgr, quality, robust
from polyteach.scoring.anchors import Anchor, anchors_of
from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.overall import CellKey, Known
from polyteach.scoring.pg_score import Intrinsic
from polyteach.scoring.pgr import BenchmarkPgr
from polyteach.scoring.quality import Quality
from polyteach.scoring.records import Evidence, Exam
from polyteach.scoring.unscored import Counts, together, unscored

LEAST_SCORED = 0.8
"""Of the answers to items its base was scored on: who fails on more is not measured by the rest."""
ExamKey = tuple[str, str, str]
"""Base, language, benchmark."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of one teacher's students of one base in one language.

    Attributes:
        exams: by benchmark, then trial.
        gains: by benchmark, whether it counts or not.
        differences: student - base by benchmark, in the score's own unit; likewise.
        gain: mean over the benchmarks that count; None where undefined, `reason` says why.
        pgr_pooled: PGR of the scores averaged over all benchmarks first, anchors of any sign.
        pgr_written: Eq. 2 as written, over all benchmarks, likewise; `pgr_reason` says why there is neither.
        counted: the benchmarks that count.
        score_unscored, gain_unscored, pgr_unscored: the answers missing from each, by benchmark, then reason.
    """

    base: str
    language: str
    teacher: str
    exams: Mapping[str, Mapping[int, Exam]]
    scores: Mapping[str, CellEstimate]
    gains: Mapping[str, CellEstimate]
    differences: Mapping[str, CellEstimate]
    gain: CellEstimate | None
    reason: str | None
    pgrs: Mapping[str, BenchmarkPgr]
    pgr: CellEstimate | None
    pgr_pooled: float | None
    pgr_written: float | None
    pgr_reason: str | None
    counted: tuple[str, ...]
    score_unscored: Mapping[str, Counts]
    gain_unscored: Mapping[str, Counts]
    pgr_unscored: Mapping[str, Counts]

    @property
    def key(self) -> CellKey:
        """Base, language, teacher."""
        return self.base, self.language, self.teacher

    @property
    def trials(self) -> int:
        """Trials that were examined on anything."""
        return len({trial for trials in self.exams.values() for trial in trials})

    def over_counted(self, by_benchmark: Mapping[str, Counts]) -> Counts:
        """Counts of the benchmarks that count together."""
        return together(by_benchmark[name] for name in self.counted if name in by_benchmark)


@dataclass(frozen=True, slots=True)
class Scored:
    """A study's evidence, computed; nothing is rounded or worded yet.

    Attributes:
        counts: the benchmarks that count, by (base, language); pairs without any are absent.
        qualities: by (language, teacher): data is the same for every base.
        robust: the robust PG-Score of each cell.
        published_z: pooled over all cells; keys are (language, teacher).
        paper_z: across the teachers of a language, by language; keys likewise.
    """

    evidence: Evidence
    anchors: list[Anchor]
    counts: Mapping[tuple[str, str], list[str]]
    cells: Mapping[CellKey, Cell]
    metrics: Mapping[tuple[str, str], Mapping[str, Figure]]
    qualities: Mapping[tuple[str, str], Quality]
    robust: Mapping[CellKey, Known]
    published_z: Intrinsic
    paper_z: Mapping[str, Intrinsic]
    paper_eq3: Mapping[Hashable, float] = field(default_factory=dict)


def score_evidence(evidence: Evidence) -> Scored:
    """Computes everything per cell, in the study's order."""
    study = evidence.study
    anchors = _in_order(
        evidence,
        anchors_of(evidence.bases, evidence.references, _failed_references(evidence), study.minimum_gaps),
    )
    bases = {(exam.base, exam.language, exam.benchmark): exam for exam in evidence.bases}
    references = {(exam.base, exam.language, exam.benchmark): exam for exam in evidence.references}
    students = _students(evidence.students)
    cells = {
        (base, language, teacher.name): _cell(
            (base, language, teacher.name),
            students.get((base, language, teacher.name), {}),
            [anchor for anchor in anchors if (anchor.base, anchor.language) == (base, language)],
            bases,
            references,
        )
        for base in study.bases
        for language in study.languages
        for teacher in study.teachers
    }
    metrics = {(m.language, m.teacher): m.figures for m in evidence.metrics if m.teacher is not None}
    paper_z = {
        language: pg_score.intrinsic(_pool(metrics, [language]))
        for language in dict.fromkeys(study.languages)
    }
    qualities = _qualities(evidence)
    return Scored(
        evidence=evidence,
        anchors=anchors,
        counts=gain.counting(anchors),
        cells=cells,
        metrics=metrics,
        qualities=qualities,
        robust={
            key: robust.cell_score(
                cell.gain, cell.reason, qualities[cell.language, cell.teacher], study.quality_weight
            )
            for key, cell in cells.items()
        },
        published_z=pg_score.intrinsic(_pool(metrics, study.languages)),
        paper_z=paper_z,
        paper_eq3=_eq3(cells.values(), paper_z),
    )


def _qualities(evidence: Evidence) -> dict[tuple[str, str], Quality]:
    found = {(gated.language, gated.teacher): gated for gated in evidence.gated}
    failed = {failure.step for failure in evidence.failures}
    passing = {language: quality.passing(evidence.gate, language) for language in evidence.study.languages}
    return {
        (language, teacher.name): quality.cell_quality(
            teacher.name,
            passing[language],
            found.get((language, teacher.name)),
            gate_failed=f"gate/{language}" in failed,
        )
        for language in evidence.study.languages
        for teacher in evidence.study.teachers
    }


def _failed_references(evidence: Evidence) -> set[tuple[str, str]]:
    failed = {failure.step for failure in evidence.failures}
    return {
        (base, language)
        for base in evidence.study.bases
        for language in evidence.study.languages
        if f"examination/{base}/reference/{language}" in failed
    }


def _students(exams: Iterable[Exam]) -> dict[CellKey, dict[str, dict[int, Exam]]]:
    students: dict[CellKey, dict[str, dict[int, Exam]]] = {}
    for exam in exams:
        if exam.teacher is None or exam.trial is None:
            raise ValueError("a student's exam names its teacher and trial")
        cell = students.setdefault((exam.base, exam.language, exam.teacher), {})
        cell.setdefault(exam.benchmark, {})[exam.trial] = exam
    return students


def _cell(
    key: CellKey,
    exams: Mapping[str, Mapping[int, Exam]],
    anchors: list[Anchor],
    bases: Mapping[ExamKey, Exam],
    references: Mapping[ExamKey, Exam],
) -> Cell:
    base, language, teacher = key
    scores, gains, differences, pgrs = {}, {}, {}, {}
    for anchor in anchors:
        trials = exams.get(anchor.benchmark)
        if not trials:
            continue
        exam_key = (base, language, anchor.benchmark)
        if score := gain.benchmark_score(trials):
            scores[anchor.benchmark] = score
        if exam_key in bases and (learned := gain.benchmark_gain(trials, bases[exam_key])):
            gains[anchor.benchmark] = learned
            differences[anchor.benchmark] = gain.scaled(learned, 1 - anchor.chance)
        pgrs[anchor.benchmark] = pgr.benchmark_pgr(
            trials, bases.get(exam_key), references.get(exam_key), anchor
        )
    counted = [anchor for anchor in anchors if anchor.counts]
    known = {a.benchmark: bases[at] for a in counted if (at := (base, language, a.benchmark)) in bases}
    reason = _why_no_gain(counted, exams, gains, known)
    asked = {
        name: (list(trials.values()), bases.get(at := (base, language, name)), references.get(at))
        for name, trials in exams.items()
    }
    pooled, written, no_ratio = _unguarded(anchors, scores)
    ratios = [ratio for a in counted if a.benchmark in pgrs and (ratio := pgrs[a.benchmark].cell)]
    return Cell(
        base=base,
        language=language,
        teacher=teacher,
        exams=exams,
        scores=scores,
        gains=gains,
        differences=differences,
        gain=None if reason else gain.cell_mean([gains[a.benchmark] for a in counted]),
        reason=reason,
        pgrs=pgrs,
        pgr=gain.cell_mean(ratios) if not reason and len(ratios) == len(counted) else None,
        pgr_pooled=pooled,
        pgr_written=written,
        pgr_reason=no_ratio,
        counted=tuple(anchor.benchmark for anchor in counted),
        score_unscored={name: unscored(taught) for name, (taught, _, _) in asked.items()},
        gain_unscored={name: unscored(taught, below) for name, (taught, below, _) in asked.items()},
        pgr_unscored={name: unscored(*whole) for name, whole in asked.items()},
    )


def _why_no_gain(
    counted: list[Anchor],
    exams: Mapping[str, Mapping[int, Exam]],
    gains: Mapping[str, CellEstimate],
    bases: Mapping[str, Exam],
) -> str | None:
    if not counted:
        return "no benchmark counts"
    if not exams:
        return "no student was examined"
    missing = [anchor.benchmark for anchor in counted if anchor.benchmark not in gains]
    if missing:
        return f"no item of {', '.join(missing)} was scored for student and base"
    for name, below in bases.items():
        asked = len(below.by_item) * len(exams[name])
        scored = sum(len(below.by_item.keys() & exam.by_item.keys()) for exam in exams[name].values())
        if scored < LEAST_SCORED * asked:
            return f"{name}: only {scored} of {asked} answers could be scored"
    return None


def _unguarded(
    anchors: list[Anchor], scores: Mapping[str, CellEstimate]
) -> tuple[float | None, float | None, str | None]:
    """PGR over all benchmarks in both of the paper's ways, or why there is none."""
    if not anchors:
        return None, None, "no benchmark was examined"
    students, below, above = [], [], []
    for anchor in anchors:
        if anchor.base_score is None or anchor.reference_score is None:
            return None, None, f"{anchor.benchmark}: {anchor.reason}"
        if anchor.benchmark not in scores:
            return None, None, f"no student was examined on {anchor.benchmark}"
        students.append(scores[anchor.benchmark].estimate.value)
        below.append(anchor.base_score)
        above.append(anchor.reference_score)
    pooled, written = pgr.pooled_pgr(students, below, above), pgr.written_pgr(students, below, above)
    return pooled, written, "reference - base is zero" if pooled is None or written is None else None


def _pool(
    metrics: Mapping[tuple[str, str], Mapping[str, Figure]], languages: Iterable[str]
) -> dict[Hashable, dict[str, float | None]]:
    wanted = set(languages)
    return {
        key: {name: figure.value for name, figure in figures.items()}
        for key, figures in metrics.items()
        if key[0] in wanted
    }


def _eq3(cells: Iterable[Cell], paper_z: Mapping[str, Intrinsic]) -> dict[Hashable, float]:
    sums: dict[tuple[str, str], dict[Hashable, float]] = {}
    for cell in cells:
        z = paper_z[cell.language].values.get((cell.language, cell.teacher))
        if z is not None and cell.pgr_written is not None:
            total = fsum((z, cell.pgr_written))
            sums.setdefault((cell.base, cell.language), {})[cell.key] = total
    merged: dict[Hashable, float] = {}
    for group in sums.values():
        merged |= pg_score.paper_eq3(group)
    return merged


def _in_order(evidence: Evidence, anchors: list[Anchor]) -> list[Anchor]:
    """Anchors in the study's order of bases and languages, benchmarks by name: no order of files leaks in."""
    study = evidence.study
    return sorted(
        anchors, key=lambda a: (study.bases.index(a.base), study.languages.index(a.language), a.benchmark)
    )
