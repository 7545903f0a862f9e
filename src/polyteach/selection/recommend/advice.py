"""Beside the teacher: which methods, which student base, and what each rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.scoring.numbers import listing, number
from polyteach.selection.recommend.candidates import Candidate, find, is_same_model
from polyteach.selection.recommend.evidence import Evidence
from polyteach.selection.recommend.standing import Standings
from polyteach.study.values import METHODS

MUCH_TEXT = 2.0
"""Percent of CommonCrawl: in the paper German (5.7) is high-resourced, Indonesian (1.0), Arabic (0.7) not."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to take, and what that rests on.

    Attributes:
        value: methods, or a base's name; None where nothing can be said.
        is_measured: in this language, with the teacher recommended.
    """

    value: tuple[str, ...] | str | None
    text: str
    is_measured: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"value": value, "text": self.text, "measured": self.is_measured}


def methods_for(
    teacher: Candidate | None,
    candidates: Sequence[Candidate],
    evidence: Sequence[Evidence],
    standings: Standings,
    language: str,
) -> Advice:
    """The mix of methods: the candidate's own where ways to use its model competed, else equal shares.

    No method is clearly better anywhere in the published figures, so a language's resources decide nothing.
    """
    usual = tuple(m for m in METHODS if m != "translate") if language.split("-")[0] == "en" else METHODS
    weak = "no mix is clearly better than another anywhere (evidence: method_by_resources)"
    if rule := _published_rule(language):
        weak += f"; the published rule would be {rule}"
    if teacher is None:
        return Advice(usual, f"equal shares of {listing(usual)}: {weak}")
    ways = [c for c in standings.candidates if is_same_model(c, teacher) and c.methods]
    if teacher.methods and len({frozenset(c.methods) for c in ways}) > 1:
        rivals = [c.name for c in ways if c.name != teacher.name]
        clear = [name for name in rivals if (teacher.name, name) in standings.comparison.surely_better]
        surely = "clearly better than" if len(clear) == len(rivals) else "not clearly better than"
        return Advice(
            teacher.methods,
            f"{listing(teacher.methods)}: as it was measured, {surely} {listing(rivals)}",
            True,
        )
    if teacher.methods and set(teacher.methods) != set(usual):
        return Advice(
            teacher.methods, f"{listing(teacher.methods)}: as it is named; nothing else was measured"
        )
    tried = () if teacher.methods else _tried(teacher, candidates, evidence, language)
    if tried and set(tried) != set(usual):
        return Advice(tried, f"{listing(tried)}: as it was measured; nothing else was tried", True)
    return Advice(usual, f"equal shares of {listing(usual)}: {weak}")


def _tried(
    teacher: Candidate, candidates: Sequence[Candidate], evidence: Sequence[Evidence], language: str
) -> tuple[str, ...]:
    """The methods of the runs whose students a teacher that names none had in the language."""
    found = [
        method
        for source in evidence
        for code, name in source.readings
        if code == language and find(source.teachers[name], candidates) == teacher
        for method in source.methods
    ]
    return tuple(dict.fromkeys(found))


def _published_rule(language: str) -> str | None:
    """What the paper's rule of thumb says of a language; None where its share of CommonCrawl is not known."""
    from polyteach.analysis.resources_of_languages import COMMON_CRAWL

    share = COMMON_CRAWL.get(language)
    if share is None:
        return None
    way = "generate" if share >= MUCH_TEXT else "respond or translate"
    return f"{way} ({number(share, 1)}% of CommonCrawl)"


def base_for(
    teacher: Candidate | None,
    candidates: Sequence[Candidate],
    evidence: Sequence[Evidence],
    language: str,
) -> Advice:
    """The student base: of those tried, the one whose students of this teacher score highest here."""
    weak = "a match of families is no reason (evidence: family_match)"
    scores: dict[str, list[float]] = {}
    for source in evidence:
        for (code, name), by_base in source.bases.items():
            is_theirs = teacher is not None and find(source.teachers[name], candidates) == teacher
            if code == language and is_theirs:
                for base, score in by_base.items():
                    scores.setdefault(base, []).append(score)
    if not scores:
        text = "no student of this teacher was trained in this language: take the base you mean to use"
        return Advice(None, f"{text}; {weak}")
    means = {base: sum(values) / len(values) for base, values in scores.items()}
    best = max(means, key=lambda base: means[base])
    if len(means) == 1:
        return Advice(
            best, f"{best}, the only one tried, so nothing says it is better than another; {weak}", True
        )
    said = ", ".join(f"{base} {number(value, 3)}" for base, value in means.items())
    return Advice(best, f"{best}, by its students' mean score here ({said}), untested; {weak}", True)
