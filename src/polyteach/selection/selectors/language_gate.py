"""Who writes in another language than asked for is no teacher of it: the gate before any selector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from polyteach.figures import Figure
from polyteach.selection.screen.scores import WRONG_LANGUAGE_LIMIT, ScreenedRow
from polyteach.selection.selectors.contract import Pool
from polyteach.selection.selectors.human import human_of

if TYPE_CHECKING:
    from polyteach.quality.short_texts import ShortTexts
    from polyteach.rows import Row
    from polyteach.selection.selectors.tools import Tools

DEFINITION = (
    "share of rows whose prompt or response is found to be in another language (py3langid; short texts by "
    "models of human ones); rows of which it cannot be told are unscored"
)


@dataclass(frozen=True, slots=True)
class LanguageGate:
    """Who passes.

    Attributes:
        wrong: by teacher, the share of its rows in another language.
        limit: the share whose whole interval must not lie above it.
        excluded: why a teacher does not pass.
    """

    wrong: Mapping[str, Figure]
    limit: float
    excluded: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "limit": self.limit,
            "wrong": {teacher: figure.to_json() for teacher, figure in self.wrong.items()},
            "excluded": dict(self.excluded),
        }


def language_gate(pool: Pool, tools: Tools) -> LanguageGate:
    """Excludes teachers of which surely more than `limit` of the rows are in another language.

    The rule of a screen: the limit is .10 (`screen.scores.WRONG_LANGUAGE_LIMIT`) and what of human rows is
    found astray by mistake, and the whole 95% interval must lie above it: 16 of 100 rows are too many
    where human rows have none. A teacher of whose rows nothing can be told passes. Short answers are told
    only from those languages of which the pool has human rows (`Pool.other_rows`): give it those into which
    teachers stray, English first.
    """
    return tools.once(pool, "language gate", lambda: _gate(pool, tools))


def _gate(pool: Pool, tools: Tools) -> LanguageGate:
    human = human_of(pool, tools)
    short = human.texts.short
    limit = WRONG_LANGUAGE_LIMIT + (_wrong(human.clean, pool.language, short).value or 0.0)
    wrong = {teacher: _wrong(rows, pool.language, short) for teacher, rows in pool.rows.items()}
    excluded = {
        teacher: f"{figure.value:.0%} of its rows are in another language (limit {limit:.0%})"
        for teacher, figure in wrong.items()
        if figure.value is not None and figure.low is not None and figure.low > limit
    }
    return LanguageGate(wrong, limit, excluded)


def _wrong(rows: Sequence[Row], language: str, short: ShortTexts) -> Figure:
    from polyteach.quality.fidelity import language_fidelity
    from polyteach.quality.metric_result import measured_share

    def found(side: str, texts: list[str]) -> tuple[float | None, ...]:
        return language_fidelity(texts, language, side=side, short=short).measured.values

    prompts = found("prompt", [row.prompt for row in rows])
    responses = found("response", [row.response for row in rows])
    told = [
        ScreenedRow(row.id, _known(prompt), _known(response), is_copy=False).in_language
        for row, prompt, response in zip(rows, prompts, responses, strict=True)
    ]
    values = [None if known is None else float(not known) for known in told]
    reasons = ["language not told" if value is None else None for value in values]
    return measured_share(values, reasons, DEFINITION).figure


def _known(value: float | None) -> bool | None:
    return None if value is None else value == 1.0
