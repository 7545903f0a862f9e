"""How a race stands after some of its rungs: whether it goes on, who is left, and what it has cost.

Cost is counted in student tokens: tokens of rows that students of teachers and references are trained on, all
epochs. The full study's are not known before it is run; they are told from what each teacher's students took
in its last rung, in proportion to rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from polyteach.artifacts import SCHEMA_VERSION
from polyteach.scoring.numbers import counted, listing
from polyteach.selection.race.elimination import GAP_DEFINITION

Kind = Literal["found", "tied", "inconclusive", "undefined"]
_UNDER_WAY, _OVER = "under_way", "over"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a race took, in student tokens.

    Attributes:
        teachers: of teachers' students in all rungs so far.
        reference: of the references' students; the same in a race and in the full study.
        full: of the full study.
        next_rung: of those who remain in the next rung; None after the last.
    """

    teachers: float
    reference: float
    full: float
    next_rung: float | None

    @property
    def share(self) -> float | None:
        """Of the full study; None where no student was trained."""
        return (self.teachers + self.reference) / self.full if self.full else None

    def allows_next(self, most: float | None) -> bool:
        """Whether the next rung fits into a share of the full study's tokens; None: whatever it takes.

        References are left out of both: they are the same in both, and would be most of a small race.
        """
        if most is None or self.next_rung is None:
            return True
        return self.teachers + self.next_rung <= most * (self.full - self.reference)


def cost_of(rungs: Sequence[Mapping[str, Any]], rows: Sequence[int]) -> Cost:
    """Sums up what rungs took.

    Args:
        rungs: as in `rung.json`, the first first; at least one.
        rows: of a student in each rung of the race, those to come included.
    """
    tokens = [
        {name: one["student_tokens"] for name, one in rung["cost"]["teachers"].items()} for rung in rungs
    ]
    reference = max(rung["cost"]["reference_tokens"] for rung in rungs)
    full = float(reference)
    for name in rungs[0]["ran"]:
        last = max(at for at, held in enumerate(tokens) if name in held)
        full += tokens[last][name] * rows[-1] / rows[last]
    at = len(rungs)
    following = (
        sum(tokens[-1][name] for name in rungs[-1]["remaining"]) * rows[at] / rows[at - 1]
        if at < len(rows)
        else None
    )
    return Cost(float(sum(sum(held.values()) for held in tokens)), float(reference), full, following)


def standing_of(
    study: str, rungs: Sequence[Mapping[str, Any]], rows: Sequence[int], most: float | None
) -> dict[str, Any]:
    """A race as `race.json` has it; see `docs/race.md`.

    Args:
        study: its name.
        rungs: as in `rung.json`, the first first.
        rows: of a student in each rung of the race.
        most: the share of the full study's student tokens that may be spent; None for no cap.
    """
    last = rungs[-1]
    cost = cost_of(rungs, rows)
    why = _why_over(last, cost, most, is_last=len(rungs) == len(rows))
    kind, text = _verdict(rungs, why)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "race",
        "study": study,
        "state": _OVER if why else _UNDER_WAY,
        "why_over": why,
        "verdict": {"kind": kind if why else None, "text": text, "teachers": list(last["remaining"])},
        "settings": {
            **{name: last[name] for name in ("epsilon", "level")},
            "rows": list(rows),
            "most": most,
        },
        "teachers": [_teacher(name, rungs) for name in _order(rungs)],
        "rungs": [dict(rung) for rung in rungs],
        "cost": {
            "student_tokens": int(cost.teachers + cost.reference),
            "full_study": round(cost.full),
            "share": cost.share,
            "definition": "tokens that students (teachers' and references') are trained on, all epochs; of "
            "the full study as each teacher's last rung foretells it, in proportion to rows",
        },
        "definition": GAP_DEFINITION,
    }


def is_over(standing: Mapping[str, Any]) -> bool:
    """Whether no rung follows."""
    return bool(standing["state"] == _OVER)


def _why_over(rung: Mapping[str, Any], cost: Cost, most: float | None, *, is_last: bool) -> str | None:
    """Why no rung follows; None where one does."""
    if rung["undefined"]:
        return f"nothing can be compared: {rung['undefined']}"
    if rung["settled"]:
        one = len(rung["remaining"]) == 1
        points = f"{100 * rung['epsilon']:g} points"
        return "one teacher remains" if one else f"all who remain are surely within {points} of the leader"
    if is_last:
        return "this was the last rung"
    if not cost.allows_next(most):
        share = f"{most:.0%} of the full study's student tokens"
        return f"the next rung would take more than {share}, references aside"
    return None


def _verdict(rungs: Sequence[Mapping[str, Any]], why: str | None) -> tuple[Kind, str]:
    last = rungs[-1]
    names, ran = last["remaining"], len(rungs[0]["ran"])
    if last["undefined"]:
        return "undefined", f"No teacher can be chosen: {last['undefined']}."
    gone = ran - len(names)
    lost = gone - sum(name in rung["gaps"] for rung in rungs for name in rung["left"])
    others = "The other" if gone == 1 else f"The other {gone}"
    behind = f"{others} left, surely behind the leader of a rung" if gone else ""
    behind += f", but for {lost} not compared." if lost else "." if gone else ""
    if why is None:
        return "inconclusive", f"{counted(len(names), 'teacher')} of {ran} go on. {behind}".rstrip()
    if len(names) == 1:
        return "found", f"{names[0]} remains of {ran} teachers. {behind}".rstrip()
    kind: Kind = "tied" if gone or last["settled"] else "inconclusive"
    alike = (
        f"within {100 * last['epsilon']:g} points of gain any of them does"
        if last["settled"]
        else f"this race cannot tell {'them' if len(names) == 2 else listing(names[:1]) + ' from the others'}"
        " apart"
    )
    if kind == "inconclusive":
        return kind, f"Inconclusive: nobody left. {listing(names)}: {alike}; {why}."
    return kind, f"{listing(names)} remain of {ran} teachers: {alike}; {why}. {behind}".rstrip()


def _order(rungs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who remains first, then who left last; within a rung by gain, those without one last."""
    order = list(rungs[-1]["remaining"])
    for rung in reversed(rungs):
        gains = {name: figure["value"] for name, figure in rung["gains"].items()}
        order += sorted(rung["left"], key=lambda name: (-gains.get(name, float("-inf")), name))
    return order


def _teacher(name: str, rungs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What became of a teacher: when it left, why, at what cost."""
    ran = [rung for rung in rungs if name in rung["ran"]]
    last = ran[-1]
    costs = [rung["cost"]["teachers"][name] for rung in ran]
    return {
        "teacher": name,
        "left_at": last["rung"] if name in last["left"] else None,
        "why": last["left"].get(name),
        "gain": last["gains"].get(name),
        "gap": last["gaps"].get(name),
        "student_tokens": sum(one["student_tokens"] for one in costs),
        "requests": costs[-1]["requests"],
        "money": costs[-1]["money"],
    }
