"""A race as people read it: who left when, why and at what cost; one picture a rung."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.report import wording
from polyteach.scoring.numbers import NONE, number

_LEFT, _WIDTH, _RIGHT, _LINE, _TOP = 150.0, 420.0, 110.0, 26.0, 8.0
"""Of a picture: room for names, for the axis, for figures; a teacher's height; above the first."""
_TICKS = 5
_Ends = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A teacher in a rung's picture: places in its coordinates, None where it has no figure."""

    name: str
    y: float
    dot: float | None
    low: float | None
    high: float | None
    state: str
    figure: str


@dataclass(frozen=True, slots=True)
class Picture:
    """How far behind the leader each teacher of a rung is, in points of gain."""

    width: float
    height: float
    left: float
    right: float
    bottom: float
    ticks: Sequence[tuple[float, str]]
    margin: float | None
    marks: Sequence[Mark]


def render_race(race: Mapping[str, Any], settings_text: str) -> str:
    """Renders the page of `race.json`.

    Args:
        race: as there.
        settings_text: the study as its user would write it, shown as it is.
    """
    from polyteach.report.page import _environment

    headline, _, rest = race["verdict"]["text"].partition(". ")
    return (
        _environment()
        .get_template("race.html.j2")
        .render(
            race=race,
            kind=race["verdict"]["kind"] or "under way",
            headline=f"{headline.rstrip('.')}.",
            rest=rest,
            teachers=[_line(one) for one in race["teachers"]],
            rungs=[(rung, picture_of(rung)) for rung in race["rungs"]],
            paid=any(one["money"] for one in race["teachers"]),
            settings_text=wording.printable(settings_text),
        )
    )


def picture_of(rung: Mapping[str, Any]) -> Picture:
    """Places the gaps of a rung; the leader is at 0, to the right is behind."""
    names = _by_gain(rung)
    gaps = {name: _points(figure) for name, figure in rung["gaps"].items()}
    margin: float = 100 * rung["margin"]
    least = min([0.0, *(low for _, low, _ in gaps.values())])
    most = max([margin, 1.0, *(high for _, _, high in gaps.values())])

    def place(points: float) -> float:
        return round(_LEFT + _WIDTH * (points - least) / (most - least), 1)

    bottom = _TOP + _LINE * len(names)
    step = _nice((most - least) / _TICKS)
    first = -int(-least // step) if least < 0 else 0
    ticks = [(place(at * step), number(at * step, 0 if step >= 1 else 1)) for at in range(first, 50)]
    return Picture(
        width=_LEFT + _WIDTH + _RIGHT,
        height=bottom + 24,
        left=_LEFT,
        right=_LEFT + _WIDTH,
        bottom=bottom,
        ticks=[(x, text) for x, text in ticks if x <= _LEFT + _WIDTH + 0.1],
        margin=place(margin) if gaps else None,
        marks=[_mark(name, at, rung, gaps, place) for at, name in enumerate(names)],
    )


def _mark(
    name: str, at: int, rung: Mapping[str, Any], gaps: Mapping[str, _Ends], place: Callable[[float], float]
) -> Mark:
    y = _TOP + _LINE * (at + 0.5)
    state = "left" if name in rung["left"] else "stays"
    if name == rung["leader"]:
        return Mark(name, y, place(0.0), None, None, "leads", "leads")
    if name not in gaps:
        return Mark(name, y, None, None, None, state, "not compared")
    value, low, high = gaps[name]
    figure = f"{number(value, 1)} [{number(low, 1)}, {number(high, 1)}]"
    return Mark(name, y, place(value), place(low), place(high), state, figure)


def _by_gain(rung: Mapping[str, Any]) -> list[str]:
    gains = {name: figure["value"] for name, figure in rung["gains"].items()}
    return sorted(rung["ran"], key=lambda name: (-gains.get(name, float("-inf")), name))


def _points(figure: Mapping[str, Any]) -> _Ends:
    """A figure and its interval, in points."""
    return 100 * figure["value"], 100 * figure["low"], 100 * figure["high"]


def _nice(step: float) -> float:
    """The next of 1, 2, 5, 10, 20 ... (or .1, .2, .5) above a step."""
    size = 0.1
    while True:
        for factor in (1, 2, 5):
            if size * factor >= step:
                return size * factor
        size *= 10


def _line(one: Mapping[str, Any]) -> dict[str, Any]:
    """A teacher's line of the table, in points."""
    gain = one["gain"]
    return {
        **one,
        "gain_text": number(100 * gain["value"], 1) if gain else NONE,
        "gain_bounds": f"[{number(100 * gain['low'], 1)}, {number(100 * gain['high'], 1)}]" if gain else "",
    }
