"""What the study took, and what to do next: the two sentences that stand under the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.report.costs import usd
from polyteach.scoring.numbers import counted, listing

Plain = Mapping[str, Any]


def took(results: Plain) -> str:
    """Requests, tokens, money and trainings of a study, in a sentence; empty where it took none."""
    asked = [*results["requests"], *results["measuring"]]
    requests = sum(row["requests"] for row in asked)
    parts = []
    if requests:
        # What is cached and what is thought is counted in these two already.
        tokens = sum(row["tokens"][name] for row in asked for name in ("prompt", "response"))
        parts = [_many(requests, "request"), _many(tokens, "token"), _money(asked)]
    students = len(results["trainings"])
    trained = (
        f"{counted(students, 'student')} {'was' if students == 1 else 'were'} trained" if students else ""
    )
    if not parts:
        return f"{trained}." if trained else ""
    return f"It took {listing(parts)}{'; ' if trained else ''}{trained}."


def next_step(results: Plain) -> str:
    """What a reader may do now, by the verdict's kind."""
    verdict = results["verdict"]
    first, kind = verdict["teachers"], verdict["kind"]
    if results["study"].get("limit") is not None:
        return "Next: run the study without its limit; a rehearsal shows that it works, and decides nothing."
    if kind == "wins":
        return f"Next: read some samples of {first[0]}, then make more data with it (polyteach synthesize)."
    if kind == "leads":
        return (
            f"Next: read some samples of {first[0]}; two more trials would show how much of its lead is luck "
            "of training, before much is paid for its data."
        )
    if kind == "tied":
        cheapest = _cheapest(results, first)
        choose = (
            f"take {cheapest}, the cheapest of them" if cheapest else "take the one that is easiest to use"
        )
        return f"Next: any of {listing(first)} will do as far as this study can tell: {choose}."
    if kind == "inconclusive":
        return "Next: choose no teacher by these figures; polyteach power says what a study would need."
    return "Next: read warnings and benchmarks; they say what has to change before teachers can be ranked."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _money(asked: list[Plain]) -> str:
    known = [row["money"] for row in asked if row["money"] is not None]
    if len(known) < len(asked):
        return (
            f"at least {usd(sum(known))} USD (not every price is known)" if sum(known) else "an unknown price"
        )
    return f"{usd(sum(known))} USD"


def _cheapest(results: Plain, among: list[str]) -> str | None:
    """The teacher whose rows cost least; None where a price is unknown or the least is not one teacher's."""
    prices = {row["teacher"]: row["money_for_10000_rows"] for row in results["requests"]}
    found = [(prices.get(name), name) for name in among]
    known = sorted((price, name) for price, name in found if price is not None)
    if len(known) < len(found) or len(known) < 2 or known[0][0] == known[1][0]:
        return None
    return str(known[0][1])
