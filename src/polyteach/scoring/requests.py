"""What became of the requests to each teacher, over all languages and methods: failures, tokens, money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.scoring.records import Evidence, Fruitless, MeasuringFacts, Usage
from polyteach.scoring.unscored import together

MANY_FAILED = 0.05
BEGINNING = 120
"""Characters of an answer that are shown where all of a method failed."""
MANY_ROWS = 10_000
"""Rows for which a price is told: what the paper's teachers write for a language."""


@dataclass(frozen=True, slots=True)
class Requests:
    """One teacher's requests.

    Attributes:
        teacher: its name.
        asked: how many rows it was asked for.
        rows: how many of these came.
        failed: the others by reason, the commonest first.
        usage: what all its answers took.
        fruitless: by language, methods of which no answer made a row.
    """

    teacher: str
    asked: int
    rows: int
    failed: Mapping[str, int]
    usage: Usage
    fruitless: Sequence[tuple[str, Fruitless]] = ()

    @property
    def share(self) -> float:
        """How much of what was asked failed; 0 where nothing was asked."""
        return sum(self.failed.values()) / self.asked if self.asked else 0.0

    @property
    def money_for_many_rows(self) -> float | None:
        """USD for `MANY_ROWS` rows, failures paid for; None where the price is unknown or no row came."""
        if self.usage.money is None or not self.rows:
            return None
        return self.usage.money * MANY_ROWS / self.rows

    def sentence(self) -> str:
        """The share and the reasons, in words, and by which methods all failed."""
        reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in self.failed.items())
        text = f"{self.teacher}: {self.share:.0%} of answers failed ({reasons}; {self.asked} requests)."
        return "".join([text, *(_in_words(language, lost) for language, lost in self.fruitless)])

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        used = self.usage
        plain = {
            "teacher": self.teacher,
            "requests": self.asked,
            "rows": self.rows,
            "failed": dict(self.failed),
            "retried": dict(used.retried),
            "tokens": _tokens(used),
            "money": used.money,
            "money_for_10000_rows": self.money_for_many_rows,
        }
        if self.money_for_many_rows is not None:
            return plain
        return plain | {"reason": "price or use unknown" if used.money is None else "no row came"}


def _in_words(language: str, lost: Fruitless) -> str:
    from polyteach.report.wording import printable, shortened

    asked = sum(lost.failures.values())
    reasons = [f"{count} of {asked} {reason.replace('_', ' ')}" for reason, count in lost.failures.items()]
    begins = printable(" ".join(shortened(lost.answer, BEGINNING).split()))
    said = f"; the first answer: \N{LEFT DOUBLE QUOTATION MARK}{begins}\N{RIGHT DOUBLE QUOTATION MARK}"
    return f" {lost.method} in {language}: {', '.join(reasons)}{said if begins else ''}."


def requests_of(evidence: Evidence) -> list[Requests]:
    """Requests by teacher, in the study's order; every request is a row or a failure. Of contestants, whose
    rows were there already, nothing was asked.
    """
    found = []
    for teacher in evidence.study.teachers:
        cells = [facts for facts in evidence.synthesis if facts.teacher == teacher.name]
        if cells and not teacher.data:
            failed = _commonest_first(together(facts.failures for facts in cells))
            rows = sum(facts.rows for facts in cells)
            usage = _sum([usage for facts in cells for usage in facts.usages])
            fruitless = [(facts.language, lost) for facts in cells for lost in facts.fruitless]
            asked = rows + sum(failed.values())
            found.append(Requests(teacher.name, asked, rows, failed, usage, fruitless))
    return found


def measuring_of(measuring: Iterable[MeasuringFacts]) -> list[dict[str, Any]]:
    """What judges and embedders at endpoints took, one entry each, as the outside view has it."""
    parts: dict[tuple[str, str], list[MeasuringFacts]] = {}
    for facts in measuring:
        parts.setdefault((facts.role, facts.model), []).append(facts)
    found = []
    for (role, model), own in sorted(parts.items(), reverse=True):  # the judge first
        used = _sum([facts.usage for facts in own])
        plain = {"role": role, "model": model, "requests": sum(facts.requests for facts in own)}
        found.append(plain | {"tokens": _tokens(used), "money": used.money})
    return found


def _tokens(used: Usage) -> dict[str, int]:
    return {
        "prompt": used.prompt_tokens,
        "response": used.response_tokens,
        "thinking": used.thinking_tokens,
        "cached": used.cached_tokens,
    }


def _commonest_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: -entry[1]))


def _sum(usages: Sequence[Usage]) -> Usage:
    """All together; the money is unknown if that of any part is."""
    money = [usage.money for usage in usages if usage.money is not None]
    return Usage(
        _commonest_first(together(usage.retried for usage in usages)),
        sum(usage.prompt_tokens for usage in usages),
        sum(usage.response_tokens for usage in usages),
        sum(usage.thinking_tokens for usage in usages),
        sum(usage.cached_tokens for usage in usages),
        sum(money) if len(money) == len(usages) else None,
    )
