"""What a fault is, how it is tried, and what has to hold afterwards."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from campaign.place import AT_ONCE, Place, Stamp, World

Inject = Callable[[Place, World], None]
Mend = Callable[[Place], None]
_NO_MEMORY = "OpenBLAS error: Memory allocation still failed"  # it ends the process itself
FRESH = frozenset(("everything",))
"""As `Fault.without`: the run starts from nothing."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        kind: what, as the table names it.
        step: the kind of step it hits; empty where it hits none.
        moment: when, and how much, in words; with `kind` and `step` it names the fault.
        inject: brings it about, with the runs that meet it; when it returns, what passes has passed.
        without: the kinds of artifacts that the run has to make; `FRESH` for all.
        mend: what a user does whom the rerun told to mend something; None where no rerun should.
        in_flight: answers that it may cost, because whoever waited for them was killed.
    """

    kind: str
    step: str
    moment: str
    inject: Inject
    without: frozenset[str] = frozenset()
    mend: Mend | None = None
    in_flight: int = 0

    @property
    def name(self) -> str:
        """All three in one."""
        return f"{self.kind} | {self.step or '-'} | {self.moment}"


@dataclass
class Verdict:
    """What came of a fault.

    Attributes:
        fault: which.
        seconds: that it took in all.
        during: how the runs that met it ended.
        told: the message of the rerun, where it ended with one.
        identical: whether the results were the same byte for byte in the end.
        lost: finished artifacts that were gone or made again.
        paid_twice: answers beyond one for each request and those in flight.
        tracebacks: their last lines.
        wrong: whatever else should not be.
        notes: what happened.
    """

    fault: Fault
    seconds: float = 0.0
    during: list[int | None] = field(default_factory=list)
    told: str = ""
    identical: bool = False
    lost: int = 0
    paid_twice: int = 0
    tracebacks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all is as it has to be."""
        return self.identical and not (self.lost or self.paid_twice or self.tracebacks or self.wrong)

    def line(self) -> str:
        """The verdict on one line."""
        what = "identical" if self.identical else "DIFFERENT"
        if self.told and self.identical:
            what = "told, then identical"
        parts = [what]
        parts += [f"LOST {self.lost}"] if self.lost else []
        parts += [f"PAID TWICE {self.paid_twice}"] if self.paid_twice else []
        parts += [f"TRACEBACK {line}" for line in self.tracebacks]
        parts += [f"WRONG {line}" for line in self.wrong]
        ends = ",".join("hung" if code is None else str(code) for code in self.during) or "-"
        about = "; ".join(self.notes)
        return f"{self.fault.name}: met by {ends}{f' ({about})' if about else ''}: {', '.join(parts)}"


def tried(fault: Fault, number: int, world: World) -> Verdict:
    """Brings a fault about in a place of its own, runs the study again, and judges."""
    began = time.monotonic()
    verdict = Verdict(fault)
    folder = world.folder.parent / f"fault-{number}"
    with Place(folder, world.port) as place:
        if fault.without != FRESH:
            place.copy_of(world, fault.without)
        before = place.whole()
        fault.inject(place, world)
        verdict.during = [run.code for run in place.runs]
        kept = {**before, **place.whole()}
        again = place.run()
        if again.code == 2 and again.is_clear_message:
            verdict.told = again.message
            if fault.mend is None:
                verdict.wrong.append(f"the rerun asks for a mend: {again.message[:200]}")
            else:
                fault.mend(place)
                again = place.run()
        if again.code != 0:
            verdict.wrong.append(f"the rerun ended with {again.code}: {again.said.strip()[-300:]}")
        _judge(verdict, place, world, kept)
    verdict.notes += place.notes
    if verdict.holds:
        shutil.rmtree(folder)
    verdict.seconds = time.monotonic() - began
    return verdict


def _judge(verdict: Verdict, place: Place, world: World, kept: dict[str, Stamp]) -> None:
    """Looks at what is there in the end."""
    there = place.whole()
    verdict.identical = place.results() == world.results
    gone = {key for key, stamp in kept.items() if there.get(key) != stamp} - place.damaged
    verdict.lost = len(gone)
    verdict.notes += sorted(f"{world.kinds.get(key, 'unknown')} made again" for key in gone)
    verdict.paid_twice = max(0, place.paid_twice() - verdict.fault.in_flight)
    verdict.tracebacks = place.tracebacks()
    verdict.wrong += place.wrong
    if any(run.code is None for run in place.runs):
        verdict.wrong.append("a run hung")
    for run in place.runs:
        if run.code == 2 and not run.is_clear_message:
            verdict.wrong.append(f"exit code 2 without a clear message: {run.said.strip()[-300:]}")
        elif run.code == 1 and _NO_MEMORY in run.said:
            verdict.notes.append("ended by OpenBLAS, without memory")
        elif run.code == 1:
            verdict.wrong.append(f"exit code 1: {run.said.strip()[-200:]}")
    if missing := world.kinds.keys() - there.keys():
        verdict.wrong.append(f"{len(missing)} artifacts are not whole")
    if left := _left_over(place.store / "partial") - place.planted:
        verdict.wrong.append(f"left half made: {left}")
    if alive := place.left_behind():
        verdict.wrong.append(f"processes left: {alive}")


def _left_over(partial: Path) -> set[str]:
    return {path.name for path in partial.iterdir()} if partial.is_dir() else set()


LOST_WITH_A_PROCESS = AT_ONCE + 8
"""Answers that a killed process may take along: those in flight, and one commit of the journal."""
