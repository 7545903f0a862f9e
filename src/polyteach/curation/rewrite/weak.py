"""Which rows of a set are weak, and which of these a new response could mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyteach.curation.judging import Judged, judge_rows
from polyteach.rules import AnyRule
from polyteach.rules.endings import CutOff
from polyteach.rules.overlap import BenchmarkOverlap
from polyteach.rules.rule import Context

if TYPE_CHECKING:
    from polyteach.rows import Row

OTHER_TURNS = "other_turns"
"""Why a row is left whose conversation is more than a prompt and its response: turns that follow rest on the
old response, and a system's turn is not shown to the teacher."""


@dataclass(frozen=True, slots=True)
class Weak:
    """What rules found in a set, and what follows from it.

    Attributes:
        judged: what the rules found.
        to_ask: places of the rows that a new response could mend, in their order.
        left: why each of the other weak rows is left, by its place: the reason of a rule that looks at the
            prompt, or `OTHER_TURNS`.
    """

    judged: Judged
    to_ask: Sequence[int]
    left: Mapping[int, str]

    @property
    def rows(self) -> int:
        """How many rows are weak."""
        return len(self.to_ask) + len(self.left)

    @property
    def strong(self) -> list[int]:
        """Places of the rows that no rule found."""
        return [place for place, reasons in enumerate(self.judged.reasons) if not reasons]

    @property
    def left_for(self) -> dict[str, int]:
        """Rows that are left, by why."""
        return dict(sorted(Counter(self.left.values()).items()))


def weak_rows(
    rows: Sequence[Row], rules: Sequence[AnyRule], context: Context, other_turns: Iterable[int] = ()
) -> Weak:
    """Judges rows, and parts the weak ones.

    Args:
        rows: in their order.
        rules: as `judge_rows` has them.
        context: what some rules need.
        other_turns: places of rows whose conversation is not just a prompt and a response.
    """
    judged = judge_rows(rows, rules, context)
    left: dict[int, str] = {}
    for rule in rules:
        found = [place for place, reasons in enumerate(judged.reasons) if rule.reason in reasons]
        for place in _by_prompt(rule, found, rows, context):
            left.setdefault(place, rule.reason)
    for place in other_turns:
        if judged.reasons[place]:
            left.setdefault(place, OTHER_TURNS)
    to_ask = [place for place, reasons in enumerate(judged.reasons) if reasons and place not in left]
    return Weak(judged, to_ask, dict(sorted(left.items())))


def _by_prompt(rule: AnyRule, found: Sequence[int], rows: Sequence[Row], context: Context) -> Iterable[int]:
    """Places that a rule found for their prompts, which another response would not change.

    A rule of both sides is asked about prompts alone; so a row that repeats another one is left where its
    prompt does, and asked again where only a long response made the two alike.
    """
    from dataclasses import replace

    side = getattr(rule, "side", "response")
    if not found or (side == "response" and not isinstance(rule, BenchmarkOverlap)):
        return ()
    if side == "prompt":
        return found
    if isinstance(rule, BenchmarkOverlap):
        bare = [replace(rows[place], response="") for place in found]
        return [place for place, bad in zip(found, rule.find(bare, context).bad, strict=True) if bad]
    bad = rule.model_copy(update={"side": "prompt"}).find(rows, context).bad
    return [place for place in found if bad[place]]


def why_not_taken(
    rows: Sequence[Row],
    answered: Mapping[int, Row],
    weak: Weak,
    rules: Sequence[AnyRule],
    context: Context,
) -> dict[int, str]:
    """Judges rows with their new responses, among the strong rows of the set.

    Strong rows come first: of a new response and a strong row that are alike the strong one stays. A response
    that was cut off is not taken, whether or not a rule of the list says so.

    Args:
        rows: the set as it was.
        answered: rows with new responses, by place.
        weak: of the set.
        rules: that found it weak; a new response has to pass all of them.
        context: what some rules need.

    Returns:
        The first reason against each response that is not taken, by place.
    """
    places = sorted(answered)
    if not any(isinstance(rule, CutOff) for rule in rules):
        rules = [CutOff(), *rules]
    strong = [rows[place] for place in weak.strong]
    reasons = judge_rows([*strong, *(answered[place] for place in places)], rules, context).reasons
    found = zip(places, reasons[len(strong) :], strict=True)
    return {place: of_row[0] for place, of_row in found if of_row}
