"""A recommendation as people read it: at most 80 columns, the answer first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from polyteach.models.licences import CHECK
from polyteach.scoring.numbers import number
from polyteach.selection.recommend.answer import Recommendation
from polyteach.selection.recommend.line import Line
from polyteach.selection.recommend.money import Money
from polyteach.selection.recommend.standing import Option

WIDTH = 80
_NAME = 24
_TRAINING = {
    "permissive": "permissive",
    "conditional": "conditions",
    "non_commercial": "non-commercial",
    "forbidden": "not to compete",
    "unknown": "unknown",
}


def lines_of_text(found: Recommendation) -> Iterator[str]:
    """The lines, without colours."""
    yield from _wrapped(found.verdict.text)
    yield ""
    yield from _table(found)
    yield ""
    yield from _chosen(found)
    yield ""
    yield "Evidence, with its weight (what is known beforehand weighs 1):"
    silent = [
        line
        for line in found.lines
        if line.kind == "prior" and line.moves == "teacher" and not line.says_anything
    ]
    for line in sorted(found.lines, key=lambda line: -line.weight):
        if line not in silent:
            yield from _evidence(line)
    if silent:
        names = ", ".join(line.id for line in silent)
        yield from _wrapped(f"{0:6.2f} {names}: nothing is known of these candidates", "", " " * 7)
    if found.would_change:
        yield ""
        yield "What would change the answer:"
        for text in _changes(found):
            yield from _wrapped(text, "- ", "  ")
    for text in found.skipped:
        yield from _wrapped(f"left out: {text}")


def _table(found: Recommendation) -> Iterator[str]:
    head = f"{'rank':5} {'candidate':{_NAME}} {'standing (95%)':20} {'USD/10k rows':>13}  licence"
    yield head
    for option in found.standings.order:
        ranks = found.standings.comparison.rank_interval(option.name) if option.status == "fits" else None
        rank = "–" if ranks is None else str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}–{ranks[1]}"
        figure = found.standing(option)
        standing = (
            f"{number(figure.value, signed=True)} ({number(figure.low, 1)} to {number(figure.high, 1)})"
        )
        training = _TRAINING[option.licence.training]
        yield f"{rank:5} {_cut(option.name):{_NAME}} {standing:20} {_usd(option.money):>13}  {training}"
        if option.status != "fits":
            yield from _wrapped(option.status_text, "      ", "      ")
    yield from _wrapped(
        "standing: how far from the mean candidate, in standard deviations of teachers, by all evidence. "
        "USD: ~ is an estimate from prices and tokens; free is your own machine's time."
    )


def _usd(money: Money) -> str:
    if money.per_10k is None:
        return "unknown"
    if money.basis == "free":
        return "free"
    return f"{'~' if money.basis == 'estimate' else ''}{money.per_10k:,.2f}"


def _chosen(found: Recommendation) -> Iterator[str]:
    names = found.verdict.teachers or tuple(name for name in (found.verdict.if_you_must,) if name)
    by_name = {option.name: option for option in found.standings.options}
    for name in names:
        yield from _option(found, by_name[name])
    yield from _wrapped(f"Methods: {found.methods.text}.", "", "  ")
    yield from _wrapped(f"Student: {found.base.text}.", "", "  ")


def _option(found: Recommendation, option: Option) -> Iterator[str]:
    cost = option.money.of(found.wish.rows)
    if cost is None:
        price = f"price unknown ({option.money.text})"
    elif option.money.basis == "free":
        price = f"{found.wish.rows:,} rows are free ({option.money.text})"
    else:
        bounds = ""
        if option.money.low is not None and option.money.high is not None:
            part = found.wish.rows / 10_000
            bounds = f", perhaps {option.money.low * part:,.2f} to {option.money.high * part:,.2f}"
        kind = "estimated" if option.money.basis == "estimate" else "measured"
        price = f"{found.wish.rows:,} rows cost {cost:,.2f} USD{bounds} ({kind}: {option.money.text})"
    yield from _wrapped(f"{option.name}: {price}.", "", "  ")
    for measured in found.measured(option):
        figure = measured.figure
        if figure.value is not None:
            bounds = (
                "" if figure.low is None else f" (95%: {number(figure.low, 1)} to {number(figure.high, 1)})"
            )
            gain = measured.gain
            if gain and gain.value is not None:
                bounds += f"; its students gained {number(gain.value)}"
                if gain.low is not None:
                    bounds += f" ({number(gain.low)} to {number(gain.high)})"
            yield from _wrapped(
                f"Measured by {measured.source}: {number(figure.value, 1)}{bounds}.", "  ", "  "
            )
    licence = option.licence
    read = f"; read {licence.read}, {licence.url}" if licence.url else ""
    yield from _wrapped(
        f"Licence of its output: {licence.licence}; {licence.conditions}{read} ({CHECK}).", "  ", "  "
    )


def _evidence(line: Line) -> Iterator[str]:
    moves = "" if line.moves == "teacher" else f" [{line.moves}]"
    yield from _wrapped(f"{line.weight:6.2f} {line.id}{moves}: {line.statement}", "", " " * 7)
    yield from _wrapped(f"for: {line.speaks_for}", " " * 7, " " * 9)
    yield from _wrapped(f"against: {line.speaks_against}", " " * 7, " " * 9)


def _changes(found: Recommendation) -> Sequence[str]:
    """Those that flip the answer, what would tell; the others in one line."""
    shown = [c for c in found.would_change if c.flips or c.kind in ("closest", "more")]
    rest = [c for c in found.would_change if c not in shown]
    texts = [change.text for change in shown]
    for kind, words in (("left_out", "leaving out"), ("believed", "believing")):
        names = [change.what for change in rest if change.kind == kind]
        if names:
            texts.append(f"computed anew, {words} {' or '.join(names)} changes nothing")
    return texts


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 3]}..."


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    ) or [first]
