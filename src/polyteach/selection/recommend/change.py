"""What would change an answer: lines left out or believed, computed anew; what would tell two apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Any

from polyteach.scoring.numbers import number
from polyteach.scoring.power import items_needed, trials_needed
from polyteach.selection.recommend.candidates import find
from polyteach.selection.recommend.evidence import Evidence
from polyteach.selection.recommend.line import BELIEVED, Line, believed, without
from polyteach.selection.recommend.standing import Standings
from polyteach.selection.recommend.verdict import Verdict, compared, decide
from polyteach.selection.recommend.weighing import combine, compare

MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that could be otherwise.

    Attributes:
        kind: `left_out`, `believed`, or `more` for what would tell the first two apart.
        flips: whether the answer's kind, its teachers, or who stands first would be another.
        first: who would stand first; None where that is not the question.
    """

    kind: str
    what: str
    text: str
    flips: bool
    first: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "kind": self.kind,
            "what": self.what,
            "text": self.text,
            "flips": self.flips,
            "first": self.first,
        }


def changes(
    standings: Standings,
    by_lines: Callable[[Sequence[Line]], Standings],
    verdict: Verdict,
    language: str,
    where: str,
) -> list[Change]:
    """All of them: what would tell the first two apart, lines left out, priors believed.

    Args:
        standings: by all lines.
        by_lines: standings by other lines; who is excluded depends on them too.
        verdict: the answer by all lines.
        language: its standard code.
        where: the language in words.
    """
    lines = standings.lines
    found = _more(standings, lines, language) if len(compared(standings, lines)) > 1 else []
    for line in lines:
        excludes = any(code == language for source in line.of for code, _ in source.excluded)
        if line.weight > 0 or (line.kind == "screen" and excludes):
            other = by_lines(without(lines, line))
            found.append(_otherwise("left_out", line, standings, other, verdict, language, where))
        elif trusted := believed(line):
            other = by_lines([trusted if one is line else one for one in lines])
            found.append(_otherwise("believed", line, standings, other, verdict, language, where))
    return found


def _otherwise(
    kind: str,
    line: Line,
    standings: Standings,
    other: Standings,
    verdict: Verdict,
    language: str,
    where: str,
) -> Change:
    """The answer by other lines."""
    found = decide(other, language, where)
    first, was = _first(other), _first(standings)
    flips = found.kind != verdict.kind or found.teachers != verdict.teachers or first != was
    how = (
        f"without {line.id}"
        if kind == "left_out"
        else f'believing {line.id} ("{line.statement}", r {BELIEVED:g})'
    )
    if not flips:
        said = f"{how} the answer stays"
    else:
        answer = found.kind + (f" ({', '.join(found.teachers)})" if found.teachers else "")
        said = f"{how} the answer is {answer}" + (f", with {first} first" if first else "")
    return Change(kind, line.id, said, flips, first)


def _first(standings: Standings) -> str | None:
    """Who stands first of those that are compared; None where nobody is left."""
    return next(iter(standings.belief.ordered(compared(standings, standings.lines))), None)


def _more(standings: Standings, lines: Sequence[Line], language: str) -> list[Change]:
    """What would tell the two that stand first apart, from the noise that was measured."""
    order = standings.belief.ordered(compared(standings, lines))
    one, other = order[:2]
    gap, error = standings.belief.difference(one, other)
    apart = compare(standings.belief, order).told_apart(one, other)
    said = f"{one} stands {number(gap)} above {other} (standard error {number(error)}, in SDs of teachers)"
    if apart:
        return [Change("closest", other, f"{said}: they are told apart", False, one)]
    found = [Change("closest", other, said, False, one)]
    source = next((s for line in lines if line.kind == "run" for s in line.of if s.noise and s.plan), None)
    if source and (text := _items_and_trials(source, standings, language, one, other)):
        found.append(Change("more", other, text, False, one))
        return found
    screen = next((line for line in lines if line.kind == "screen" and line.weight > 0), None)
    if screen:
        found.append(Change("more", other, _rows(screen, standings, lines, one, other), False, one))
    else:
        text = "a screen of the candidates in this language, then students of those that stand first"
        found.append(Change("more", other, text, False, one))
    return found


def _items_and_trials(
    source: Evidence, standings: Standings, language: str, one: str, other: str
) -> str | None:
    """Items or trials for which such a study tells the gap in gain, all candidates compared at once."""
    gains = {}
    for (code, teacher), gain in source.gains.items():
        candidate = find(source.teachers[teacher], standings.candidates)
        if code == language and candidate and gain.value is not None:
            gains[candidate.name] = gain.value
    if one not in gains or other not in gains or not (source.noise and source.plan):
        return None
    gap = abs(gains[one] - gains[other])
    if gap < 1e-9:
        return (
            f"{one} and {other} gained the same in {source.id}: no difference was seen that more could tell"
        )
    plan = replace(
        source.plan,
        teachers=max(len(compared(standings, standings.lines)), 2),
        trials=max(source.plan.trials, 2),
    )
    items, trials = items_needed(source.noise, plan, gap), trials_needed(source.noise, plan, gap)
    ways = []
    if items.value:
        ways.append(f"{items.value:,} items a language instead of {source.plan.items:,}")
    if trials.value:
        ways.append(f"{trials.value:,} trials instead of {source.plan.trials:,}")
    lead = f"were their gap in gain the one seen ({number(gap, 3)}), such a run would tell {one} from {other}"
    if not ways:
        return f"{lead} neither with more items nor with more trials alone: it takes both"
    return f"{lead} in 80% of studies with {' or with '.join(ways)}"


def _rows(screen: Line, standings: Standings, lines: Sequence[Line], one: str, other: str) -> str:
    """Rows of a screen, errors falling with their root; none if a screen without error would not do."""
    names = [option.name for option in standings.options]
    among = compared(standings, lines)

    def tells(factor: float) -> bool:
        assert screen.weighed is not None
        sharper = replace(
            screen.weighed, scales=tuple(scale.sharper(factor) for scale in screen.weighed.scales)
        )
        weighed = [sharper if line is screen else line.weighed for line in lines if line.weighed]
        return compare(combine(names, [w for w in weighed if w]), among).told_apart(one, other)

    if not tells(inf):
        return (
            f"no number of screened rows tells {one} from {other}: a screen weighs at most "
            f"{screen.r**2 / (1 - screen.r**2):.2f}, what is known beforehand 1; train students of both"
        )
    rows = max(sum(source.rows for source in screen.of), 1)
    factor = 1.0
    while not tells(factor):
        factor *= 2
        if rows * factor > MOST_ROWS:
            return f"more than {MOST_ROWS:,} screened rows of each: train students of both"
    low = factor / 2
    while factor / low > 1.01:
        middle = (low * factor) ** 0.5
        low, factor = (low, middle) if tells(middle) else (middle, factor)
    return f"about {ceil(rows * factor):,} screened rows of each (now {rows:,}) would tell {one} from {other}"
