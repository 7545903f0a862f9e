"""From standings to an answer: one candidate, a tie of some, or that nothing can be said yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polyteach.figures import Figure
from polyteach.scoring.numbers import listing, number
from polyteach.selection.recommend.candidates import find
from polyteach.selection.recommend.evidence import mean_of
from polyteach.selection.recommend.line import Line
from polyteach.selection.recommend.standing import Option, Standings
from polyteach.selection.recommend.weighing import compare

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


def decide(standings: Standings, language: str, where: str) -> Verdict:
    """The answer for a language.

    Args:
        standings: of all candidates, with those that may be recommended, and the evidence they come from.
        language: its standard code.
        where: the language in words.
    """
    options, lines = standings.eligible, standings.lines
    if not options:
        reason = _why_nobody(standings.options)
        return Verdict("inconclusive", (), f"Nobody can be recommended for {where}: {reason}.", reason)
    names = compared(standings, lines)
    gains = _gains(lines, names, standings, language)
    order = standings.belief.ordered(names)
    if len(names) == 1:
        return _only_one(standings, names[0], gains, where)
    if not _measured(lines):
        reason = "nothing was measured in this language: this rests on priors and other languages alone"
        return _inconclusive(reason, *standings.first(order), where)
    trained = any(line.kind == "run" for line in _measured(lines))
    if trained and not any(_is_shown(gain) for gain in gains.values()):
        reason = "no candidate's students are clearly better than their base"
        return _inconclusive(reason, *standings.first(order), where)
    first = order[0]
    told = compare(standings.belief, order)
    rivals = [name for name in order[1:] if not told.told_apart(first, name)]
    if not rivals:
        return _recommended(first, order, lines, where)
    tied = (first, *rivals)
    known = _as_well_known(first, tied, lines)
    best, basis = standings.cheapest(known)
    if len(known) == 1:
        basis = "the only one of these that was measured so well"
    if len(tied) == len(order):
        if all(line.kind == "screen" for line in _measured(lines)):
            return _inconclusive(_why_none(lines), *standings.first(order), where)
        return _inconclusive(_why_none(lines), best, basis, where)
    text = f"For {where}, {listing(tied)} are tied: none can be told from {first}; take {best} ({basis})."
    return Verdict("tie", tied, text, "they cannot be told apart", best, basis)


def compared(standings: Standings, lines: Sequence[Line]) -> list[str]:
    """The candidates that are compared: of those that may be recommended, what was measured in the language.

    One that nobody measured could be anything, so it would tie with any. All of them where nothing was.
    """
    names = [option.name for option in standings.eligible]
    measured = {name for line in _measured(lines) if line.weighed for name in line.weighed.names}
    return [name for name in names if name in measured] or names


def _measured(lines: Sequence[Line]) -> list[Line]:
    """Lines of what was measured in the language itself."""
    return [line for line in lines if line.kind in IN_LANGUAGE and line.weighed and line.weighed.names]


def _as_well_known(first: str, tied: Sequence[str], lines: Sequence[Line]) -> list[str]:
    """Of those tied, whose equality was measured: they are in the heaviest line that has the first."""
    own = [line for line in _measured(lines) if line.weighed and first in line.weighed.names]
    heaviest = max(own, key=lambda line: line.weight, default=None)
    if heaviest is None or heaviest.weighed is None:
        return list(tied)
    return [name for name in tied if name in heaviest.weighed.names]


def _recommended(first: str, order: Sequence[str], lines: Sequence[Line], where: str) -> Verdict:
    others = "the other candidate" if len(order) == 2 else f"all {len(order) - 1} others"
    trained = [line for line in _measured(lines) if line.kind != "screen"]
    once = trained and all(source.trials == 1 for line in trained for source in line.of)
    text = f"For {where}, take {first}: it is above {others} beyond the errors of what was measured."
    if once:
        text += " Each student was trained once, so the luck of training is assumed, not measured."
    if not trained:
        text += " No student was trained: this is what a screen can see."
    return Verdict("recommended", (first,), text)


def _inconclusive(reason: str, best: str | None, basis: str, where: str) -> Verdict:
    must = f"If you must choose now: {best} ({basis})" if best else f"{basis[0].upper()}{basis[1:]}"
    text = f"Inconclusive for {where}: {reason}. {must}."
    return Verdict("inconclusive", (), text, reason, best, basis)


def _only_one(standings: Standings, name: str, gains: Mapping[str, Figure], where: str) -> Verdict:
    """One candidate is left: it is recommended only if its students were seen to gain."""
    left = "is the only candidate"
    if len(standings.eligible) > 1:
        left += " that was measured in this language"
    elif len(standings.options) > 1:
        left += " left"
    gain = gains.get(name)
    if gain and _is_shown(gain):
        text = (
            f"For {where}, take {name}: it {left}, and its students gained {number(gain.value)} "
            f"(at least {number(gain.low)} at 95%). Nothing was compared."
        )
        return Verdict("recommended", (name,), text)
    shown = (
        "its students are not clearly better than their base"
        if gain
        else ("no student was trained on its data in this language")
    )
    reason = f"{name} {left}, and {shown}"
    text = f"Inconclusive for {where}: {reason}."
    return Verdict("inconclusive", (), text, reason, name, "there is no other")


def _is_shown(gain: Figure) -> bool:
    """Whether students are clearly better than their base; without an interval they are not."""
    return gain.low is not None and gain.low > 0


def _gains(
    lines: Sequence[Line], names: Sequence[str], standings: Standings, language: str
) -> dict[str, Figure]:
    """Gain in the language, by candidate, of the definition that counts in full.

    Of several runs their mean with the mean of their errors, for they share what the base scored.
    """
    found: dict[str, list[Figure]] = {}
    for line in lines:
        for source in line.of if line.kind == "run" else ():
            for (code, teacher), gain in source.gains.items():
                candidate = find(source.teachers[teacher], standings.candidates)
                known = code == language and gain.value is not None
                if known and candidate and candidate.name in names:
                    found.setdefault(candidate.name, []).append(gain)
    return {name: mean_of(figures) for name, figures in found.items()}


def _why_none(lines: Sequence[Line]) -> str:
    measured = _measured(lines)
    if all(line.kind == "screen" for line in measured):
        r = max(line.r for line in measured)
        return (
            "no student was trained, and what a screen sees foretells gains too weakly (r about "
            f"{r:g}) to tell the candidates apart"
        )
    return "no candidate can be told from the first"


def _why_nobody(options: Sequence[Option]) -> str:
    if not options:
        return "there is no candidate"
    reasons: dict[str, list[str]] = {}
    for option in options:
        reasons.setdefault(option.status_text, []).append(option.name)
    return "; ".join(f"{listing(names)}: {reason}" for reason, names in reasons.items())
