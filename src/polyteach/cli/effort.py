"""What a study will take of GPUs and money, in lines of a terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from rich.filesize import decimal

_LEAST_SHOWN = 0.1
_LEAST_ASSUMED = 1e9  # bytes; what fewer are reckoned from need not be said


def unasked_lines(money: Mapping[str, Any]) -> Iterator[str]:
    """The money of endpoints before anything is asked; see `gpu_hours.money_unasked`."""
    paid = [part for part in money["parts"] if part["money"]]
    free = [part["model"] for part in money["parts"] if part["money"] == 0]
    unknown = ", ".join(money["unknown"])
    if paid:
        yield f"money at listed prices: about {money['value']:,.2f} USD ({money['assumption']})"
        for part in paid:
            each = f"{part['money']:,.2f} USD, {part['requests']:,} requests"
            yield f"  {part['model']}: {each} ({part['source']})"
    elif not unknown:
        yield "money: none"
    if unknown:
        yield f"{'  not in it' if paid else 'money: unknown'}: {unknown}, whose price is not known"
    if free:
        yield f"  own servers, whose price is 0 (see GPU hours): {', '.join(free)}"


def disk_lines(space: Mapping[str, Any]) -> Iterator[str]:
    """Disk space that students will take, what is assumed, and what is in no sum; see `disk.disk`."""
    free = "" if space["free"] is None else f", {decimal(space['free'])} free"
    students, checkpoints = space["students"], space["checkpoints"]
    if students:
        parts = f"students {decimal(students)}, checkpoints while they train {decimal(checkpoints)}"
        yield f"disk: about {decimal(students + checkpoints)} ({parts}){free}"
        if students + checkpoints >= _LEAST_ASSUMED:
            yield f"  taken: {space['assumption']}"
    if space["unknown"]:
        unknown = ", ".join(space["unknown"])
        where = "  not in it" if students else f"disk: unknown{free}"
        yield f"{where}: students of {unknown}, whose parameters are not known"


def gpu_hours_lines(effort: Mapping[str, Any]) -> Iterator[str]:
    """GPU hours by device, the kinds of steps that take them, what is assumed, and what is in no sum."""
    if not effort["parts"]:
        return
    yield f"GPU hours: {_by_device(effort['hours'])}"
    if effort["unknown"]:
        yield f"  not in it, since it is not known: {'; '.join(effort['unknown'])}"
    if max(effort["hours"].values()) < _LEAST_SHOWN:
        return
    kinds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for part in effort["parts"]:
        for device, hours in (part["hours"] or {}).items():
            kinds[part["kind"]][device] += hours
    for kind, hours in kinds.items():
        yield f"  {kind:<12} {_by_device(hours)}"
    yield f"  taken: {effort['assumption']}"


def _by_device(hours: Mapping[str, float]) -> str:
    return ", or ".join(f"{_rounded(value)} {device} hours" for device, value in hours.items())


def _rounded(hours: float) -> str:
    return (
        f"about {hours:,.0f}"
        if hours >= 10
        else f"about {hours:.1f}"
        if hours >= _LEAST_SHOWN
        else "below 0.1"
    )
