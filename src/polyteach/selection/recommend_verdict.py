"""From standings to an answer: one candidate, a tie of some, or that nothing can be said yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polyteach.scoring.numbers import listing, number
from polyteach.selection.recommend_candidates import find
from polyteach.selection.recommend_sources import Line
from polyteach.selection.recommend_standing import Option, Standings

Kind = Literal["recommended", "tie", "inconclusive"]
IN_LANGUAGE = ("run", "run_other_definition", "screen")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        teachers: the one recommended, or those that are tied; empty where it is inconclusive.
        text: one sentence or two.
        reason: why there is no single one; None where there is.
        if_you_must: whom to take all the same, where there is no single one; None where nobody is left.
        basis: why that one.
    """

    kind: Kind
    teachers: tuple[str, ...]
    text: str
    reason: str | None = None
    if_you_must: str | None = None
    basis: str | None = None


def decide(standings: Standings, lines: Sequence[Line], language: str, where: str) -> Verdict:
    """The answer for a language.

    Args:
        standings: of all candidates, with those that may be recommended.
        lines: the evidence they come from.
        language: its standard code.
        where: the language in words.
    """
    options = standings.eligible
    if not options:
        reason = _why_nobody(standings.options)
        return Verdict("inconclusive", (), f"Nobody can be recommended for {where}: {reason}.", reason)
    measured = [line for line in lines if line.kind in IN_LANGUAGE and _speaks_of(line, options)]
    gains = _gains(lines, options, standings, language)
    if len(options) == 1:
        return _only_one(standings, options[0], gains, where)
    order = standings.belief.ordered([option.name for option in options])
    if not measured:
        reason = "nothing was measured in this language: this rests on priors and other languages alone"
        return _inconclusive(standings, order, reason, where)
    if gains and not any(low > 0 for _, low in gains.values()):
        reason = "no candidate's students are clearly better than their base"
        return _inconclusive(standings, order, reason, where)
    first = order[0]
    rivals = [name for name in order[1:] if not standings.comparison.told_apart(first, name)]
    if not rivals:
        return _recommended(first, order, measured, where)
    if len(rivals) == len(order) - 1:
        reason = "no candidate can be told from the first"
        return _inconclusive(standings, order, reason, where)
    tied = (first, *rivals)
    choice, basis = standings.cheapest(tied)
    text = f"For {where}, {listing(tied)} are tied: none can be told from {first}; take {choice} ({basis})."
    return Verdict("tie", tied, text, "they cannot be told apart", choice, basis)


def _recommended(first: str, order: Sequence[str], measured: Sequence[Line], where: str) -> Verdict:
    others = "the other candidate" if len(order) == 2 else f"all {len(order) - 1} others"
    trained = [line for line in measured if line.kind != "screen"]
    once = trained and all(source.trials == 1 for line in trained for source in line.of)
    text = f"For {where}, take {first}: it is above {others} beyond the errors of what was measured."
    if once:
        text += " Each student was trained once, so the luck of training is assumed, not measured."
    if not trained:
        text += " No student was trained: this is what a screen can see."
    return Verdict("recommended", (first,), text)


def _inconclusive(standings: Standings, order: Sequence[str], reason: str, where: str) -> Verdict:
    choice, basis = standings.first(order)
    text = f"Inconclusive for {where}: {reason}. If you must choose now: {choice} ({basis})."
    return Verdict("inconclusive", (), text, reason, choice, basis)


def _only_one(
    standings: Standings, option: Option, gains: Mapping[str, tuple[float, float]], where: str
) -> Verdict:
    """One candidate is left: it is recommended only if its students were seen to gain."""
    left = "is the only candidate" if len(standings.options) == 1 else "is the only candidate left"
    if option.name in gains and gains[option.name][1] > 0:
        value, low = gains[option.name]
        text = (
            f"For {where}, take {option.name}: it {left}, and its students gained {number(value)} "
            f"(at least {number(low)} at 95%). Nothing was compared."
        )
        return Verdict("recommended", (option.name,), text)
    shown = (
        "its students are not clearly better than their base"
        if option.name in gains
        else ("no student was trained on its data in this language")
    )
    reason = f"{option.name} {left}, and {shown}"
    text = f"Inconclusive for {where}: {reason}."
    return Verdict("inconclusive", (), text, reason, option.name, "there is no other")


def _speaks_of(line: Line, options: Sequence[Option]) -> bool:
    return line.weighed is not None and sum(o.name in line.weighed.weights for o in options) > 1


def _gains(
    lines: Sequence[Line], options: Sequence[Option], standings: Standings, language: str
) -> dict[str, tuple[float, float]]:
    """Gain in the language and its lower bound, by candidate, of the definition that counts in full."""
    found: dict[str, tuple[float, float]] = {}
    names = {option.name for option in options}
    for line in lines:
        for source in line.of if line.kind == "run" else ():
            for (code, teacher), gain in source.gains.items():
                candidate = find(source.teachers[teacher], standings.candidates)
                known = gain.value is not None and gain.low is not None
                if code == language and known and candidate and candidate.name in names:
                    found.setdefault(candidate.name, (gain.value or 0.0, gain.low or 0.0))
    return found


def _why_nobody(options: Sequence[Option]) -> str:
    if not options:
        return "there is no candidate"
    reasons: dict[str, list[str]] = {}
    for option in options:
        reasons.setdefault(option.status_text, []).append(option.name)
    return "; ".join(f"{listing(names)}: {reason}" for reason, names in reasons.items())
