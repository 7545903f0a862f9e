"""What a screen measured of one candidate in one language, and the score that follows from it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from polyteach.figures import Figure, undefined
from polyteach.quality.metric_result import measured_share
from polyteach.scoring.intervals import Estimate, combine, interval, item_mean
from polyteach.scoring.quality import MetricQuality, Quality, cell_quality, metric_quality, passing
from polyteach.scoring.records import GatedFigures, GateMetric, Usage
from polyteach.scoring.requests import MANY_ROWS
from polyteach.scoring.unscored import together
from polyteach.synthesis.answers import UNANSWERED, WRONG_LANGUAGE

SCALE = 100.0
JUDGE = "rubric"
BLIND_POINTS = 10.0
"""Points of the score that a difference must exceed where no judge passes. The other metrics find damage and
do not grade sound answers: the data of five real teachers spread over 9 points by them, in an order that has
nothing to do with the marks of six judges (docs/screening.md)."""
WRONG_LANGUAGE_LIMIT = 0.10
"""Of answers. With .10 of them in another language students of simulated teachers lose 3 points of the robust
score, with .25 10 (docs/scoring.md); a student that is asked for a letter hardly shows it."""
COPIES_LIMIT = 0.50
"""Of rows: most of what was paid for is there already. The usable share tells fewer copies, in proportion."""
USABLE = (
    "share of all requests that made a row which is in its language (or of which that cannot be told) and is "
    "no surplus copy, exact or near, of another; requests that nobody answered are unscored"
)
ANSWERS_ASTRAY = (
    "share of answers in another language than asked for: rows whose prompt or response is found to be "
    "(py3langid; short texts by models of human ones), and answers refused for it, asked again or not"
)
COPIES = (
    "share of rows that are surplus in groups of exact or near duplicates (see the metric near_duplicates)"
)
SCORE = (
    "screen score = 100 * usable share * quality, quality being that by the judge where it passes the gate, "
    "else the mean over the metrics that pass"
)
SCORE_WITHOUT_QUALITY = "screen score = 100 * usable share: no metric passes the gate in this language"


@dataclass(frozen=True, slots=True)
class ScreenedRow:
    """A row, as far as a screen must know it.

    Attributes:
        request: the request that made it, one of the cell's `requests`.
        prompt_in_language, response_in_language: None where the language could not be told.
        is_copy: a surplus member of a group of exact or near duplicates (`quality.duplicates`).
    """

    request: str
    prompt_in_language: bool | None
    response_in_language: bool | None
    is_copy: bool

    @property
    def in_language(self) -> bool | None:
        """Whether both sides are; None where neither is found to be another, and one is not told."""
        sides = (self.prompt_in_language, self.response_in_language)
        return False if False in sides else None if None in sides else True

    @property
    def usable(self) -> bool:
        """Whether it adds something in the language."""
        return self.in_language is not False and not self.is_copy


@dataclass(frozen=True, slots=True)
class ScreenedCell:
    """What a screen measured of one candidate in one language.

    Attributes:
        candidate: its name; teacher, methods and settings stand elsewhere.
        requests: all requests that were planned, each named alike for candidates that were asked the same:
            `method/number` stands for the same seed examples; rows that exist are named by their prompts.
        rows: those that were made, each of a request of its own.
        failures: requests without a row by the reason of their last answer (`synthesis.answers.REASONS`).
        metrics: the intrinsic metrics of all rows (`metrics.json`); shown, and in no score.
        gated: the same on the gate's scale and number of rows; None where there is no gate.
        usages: what the answers took, one entry a method; with `retried`, answers that were asked for again.
    """

    candidate: str
    language: str
    requests: Sequence[str]
    rows: Sequence[ScreenedRow]
    failures: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, Figure] = field(default_factory=dict)
    gated: GatedFigures | None = None
    usages: Sequence[Usage] = ()

    def __post_init__(self) -> None:
        made = [row.request for row in self.rows]
        if len(set(made)) < len(made) or not set(made) <= set(self.requests):
            raise ValueError(f"rows of {self.candidate} in {self.language} are not of a request each")

    @property
    def money(self) -> float | None:
        """USD for all answers; None where the price is unknown."""
        known = [usage.money for usage in self.usages if usage.money is not None]
        return sum(known) if len(known) == len(self.usages) else None


@dataclass(frozen=True, slots=True)
class CellScore:
    """A candidate's score in a language; no other candidate has a part in it.

    Attributes:
        usable, wrong_language, copies: shares, see their definitions.
        quality: what the score is made with: by the judge, or by all metrics that pass.
        qualities: by each metric that passes, those that a judge stands for too.
        estimate: the score; None where it is undefined, `reason` says why.
        excluded: why it stands below all candidates that are not excluded; None: it is not.
        usable_rows: how many rows the usable share is of.
    """

    cell: ScreenedCell
    usable: Figure
    wrong_language: Figure
    copies: Figure
    quality: Quality
    qualities: Mapping[str, MetricQuality]
    estimate: Estimate | None
    reason: str | None
    excluded: str | None
    usable_rows: int

    @property
    def figure(self) -> Figure:
        """The score with its interval over requests and rows."""
        definition = SCORE if self.quality.counts else SCORE_WITHOUT_QUALITY
        if self.estimate is None:
            return undefined(definition, self.reason or "undefined")
        return score_figure(self.estimate, definition, self.usable.unscored)

    @property
    def money_per_10k(self) -> float | None:
        """USD for 10,000 usable rows, all answers paid for; None where unknown, or no row is usable."""
        money = self.cell.money
        return None if money is None or not self.usable_rows else money * MANY_ROWS / self.usable_rows

    def to_json(self) -> dict[str, Any]:
        """As `screen.json` has it."""
        cell = self.cell
        return {
            "candidate": cell.candidate,
            "language": cell.language,
            "requests": len(cell.requests),
            "rows": len(cell.rows),
            "usable_rows": self.usable_rows,
            "failures": dict(sorted(cell.failures.items())),
            "retried": dict(together(usage.retried for usage in cell.usages)),
            "usable": self.usable.to_json(),
            "wrong_language": self.wrong_language.to_json(),
            "duplicates": self.copies.to_json(),
            "quality": self.quality.figure().to_json(),
            "qualities": {name: q.figure().to_json() for name, q in self.qualities.items()},
            "score": self.figure.to_json(),
            "metrics": {name: figure.to_json() for name, figure in sorted(cell.metrics.items())},
            "tokens": {
                "prompt": sum(usage.prompt_tokens for usage in cell.usages),
                "response": sum(usage.response_tokens for usage in cell.usages),
                "thinking": sum(usage.thinking_tokens for usage in cell.usages),
            },
            "money": cell.money,
            "money_per_10k": self.money_per_10k,
            "excluded": self.excluded,
        }


def score_cell(cell: ScreenedCell, gate: Sequence[GateMetric], *, gate_failed: bool = False) -> CellScore:
    """Scores one candidate in one language.

    Args:
        cell: what was measured.
        gate: what the gate found of the metrics; other languages' are not read.
        gate_failed: the language's gate did not end well: quality is unknown, which is not the same as none.
    """
    here = [metric for metric in gate if metric.language == cell.language]
    passed = passing(here, cell.language)
    counted = [metric for metric in passed if metric.metric == JUDGE] or passed
    quality = cell_quality(cell.candidate, counted, cell.gated, gate_failed=gate_failed)
    figures = cell.gated.figures if cell.gated else {}
    values, reasons = _fates(cell)
    share = measured_share(list(values.values()), list(reasons.values()), USABLE).figure
    wrong, copies = _answers_astray(cell), _copies(cell)
    estimate, why = _score(cell, values, share, quality)
    return CellScore(
        cell=cell,
        usable=share,
        wrong_language=wrong,
        copies=copies,
        quality=quality,
        qualities={m.metric: metric_quality(cell.candidate, m, figures.get(m.metric)) for m in passed},
        estimate=estimate,
        reason=why,
        excluded=_excluded(wrong, copies, _human_astray(here)),
        usable_rows=sum(row.usable for row in cell.rows),
    )


def score_figure(estimate: Estimate, definition: str, unscored: Mapping[str, int] | None = None) -> Figure:
    """A screen score as a figure; its interval ends where the scale does."""
    bounds = interval(estimate, None)
    return Figure(
        value=estimate.value,
        definition=f"{definition}; 95% interval over requests and rows",
        n=estimate.n,
        se=bounds.se,
        low=max(bounds.low, 0.0),
        high=min(bounds.high, SCALE),
        unscored=unscored or {},
    )


def _fates(cell: ScreenedCell) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """By request, whether it made a usable row, and why that is unknown.

    Which of the requests without a row were left unanswered is in no record: the last ones stand for them.
    """
    made = {row.request: float(row.usable) for row in cell.rows}
    without = [request for request in cell.requests if request not in made]
    lost = set(without[len(without) - cell.failures.get(UNANSWERED, 0) :])
    values = {r: None if r in lost else made.get(r, 0.0) for r in cell.requests}
    return values, {r: UNANSWERED if r in lost else None for r in cell.requests}


def _answers_astray(cell: ScreenedCell) -> Figure:
    refused = cell.failures.get(WRONG_LANGUAGE, 0)
    refused += sum(usage.retried.get(WRONG_LANGUAGE, 0) for usage in cell.usages)
    told = [row.in_language for row in cell.rows]
    values = [1.0] * refused + [None if known is None else float(not known) for known in told]
    reasons = [None if value is not None else "language not told" for value in values]
    return measured_share(values, reasons, ANSWERS_ASTRAY).figure


def _copies(cell: ScreenedCell) -> Figure:
    values = [float(row.is_copy) for row in cell.rows]
    return measured_share(values, [None] * len(values), COPIES).figure


def _human_astray(gate: Sequence[GateMetric]) -> float:
    """What of human text is found to be in another language, by mistake; 0 where that is unknown."""
    told = {metric.metric: metric.human.value for metric in gate}
    sides = [told.get(name) for name in ("prompt_fidelity", "response_fidelity")]
    return sum(1 - side for side in sides if side is not None)


def _excluded(wrong: Figure, copies: Figure, human_astray: float) -> str | None:
    """Why a candidate cannot stand above a clean one: a share whose whole interval is above its limit."""
    found = []
    limit = WRONG_LANGUAGE_LIMIT + human_astray
    if wrong.value is not None and wrong.low is not None and wrong.low > limit:
        found.append(f"{wrong.value:.0%} of its answers are in another language (limit {limit:.0%})")
    if copies.value is not None and copies.low is not None and copies.low > COPIES_LIMIT:
        found.append(f"{copies.value:.0%} of its rows are copies (limit {COPIES_LIMIT:.0%})")
    return "; ".join(found) or None


def _score(
    cell: ScreenedCell, values: Mapping[str, float | None], share: Figure, quality: Quality
) -> tuple[Estimate | None, str | None]:
    """The product, its error to first order; the errors of the two parts are taken as independent.

    A request's influence is named by language and request, so that candidates asked the same are paired.
    """
    known = {request: value for request, value in values.items() if value is not None}
    if not known:
        return None, share.reason if cell.requests else "nothing was asked"
    usable = item_mean(known, {request: f"{cell.language}/{request}" for request in known}, 1)
    if not quality.counts:
        return combine([(SCALE, usable)]), None
    if quality.estimate is None:
        return None, f"no quality: {quality.reason}"
    q = quality.estimate
    whole = combine([(SCALE * q.value, usable), (SCALE * usable.value, q)])
    return replace(whole, value=SCALE * usable.value * q.value), None
