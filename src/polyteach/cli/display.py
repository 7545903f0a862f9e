"""How a run looks in a terminal: bars where somebody watches, plain lines where output goes to a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from polyteach.executors.outcome import Outcome
from polyteach.steps import Step

_PLAIN_EVERY_SECONDS = 10.0


class _Estimate:
    """Time left, from the steps' relative costs and what has been made so far."""

    def __init__(self) -> None:
        self.total = self.done = 0.0
        self.count = self.ended = 0
        self.began = time.monotonic()

    def begin(self, steps: Sequence[Step]) -> None:
        self.total, self.count = sum(step.cost for step in steps), len(steps)
        self.began = time.monotonic()

    def end(self, step: Step) -> None:
        self.done += step.cost
        self.ended += 1

    @property
    def rate(self) -> float:
        """Steps a second so far."""
        return self.ended / max(time.monotonic() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        if not self.done:
            return None
        return round((time.monotonic() - self.began) * (self.total - self.done) / self.done, 1)

    def __str__(self) -> str:
        left = self.seconds_left
        return f"{self.rate:.2f} steps/s" + (f", about {duration(left)} left" if left is not None else "")


def duration(seconds: float) -> str:
    """Seconds as a person says them: `42 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class PlainDisplay:
    """One line for each step that ends."""

    def __init__(self) -> None:
        self._estimate = _Estimate()
        self._started: dict[str, float] = {}
        self._told: dict[str, float] = {}

    @property
    def seconds_left(self) -> float | None:
        """See `running.Display`."""
        return self._estimate.seconds_left

    def begin(self, steps: Sequence[Step], reused: int) -> None:
        """Says what is to be done."""
        self._estimate.begin(steps)
        self.say(f"{len(steps)} steps to make, {reused} there already" if steps else "nothing to do")

    def started(self, step: Step) -> None:
        """Notes the time."""
        self._started[step.id] = self._told[step.id] = time.monotonic()

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Says how far a long step is, every ten seconds."""
        now = time.monotonic()
        if now - self._told.get(step_id, now) < _PLAIN_EVERY_SECONDS or not done:
            return
        self._told[step_id] = now
        rate = done / (now - self._started[step_id])
        left = duration((total - done) / rate)
        self.say(f"{step_id}: {done}/{total} {unit}, {rate:.1f} {unit}/s, about {left} left")

    def ended(self, outcome: Outcome) -> None:
        """Says what ended, and how far the whole is."""
        self._estimate.end(outcome.step)
        seconds = outcome.artifact.seconds if outcome.artifact else 0.0
        what = f"in {seconds:.1f} s" if outcome.artifact else outcome.state
        count = f"[{self._estimate.ended}/{self._estimate.count}]"
        self.say(f"{count} {outcome.step.id} {what}; {self._estimate}")

    def say(self, message: str) -> None:
        """Prints a line on stderr."""
        print(message, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is open."""


class BarDisplay:
    """A bar for the whole, and one for each step that runs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._estimate = _Estimate()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
        )
        self._whole: TaskID | None = None
        self._running: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}
        self._lock = Lock()

    @property
    def seconds_left(self) -> float | None:
        """See `running.Display`."""
        return self._estimate.seconds_left

    def begin(self, steps: Sequence[Step], reused: int) -> None:
        """Opens the bars."""
        self._estimate.begin(steps)
        if not steps:
            return self.say("nothing to do")
        self.say(f"{len(steps)} steps to make, {reused} there already")
        self._whole = self._bars.add_task("[bold]study", total=len(steps), note="")
        return self._bars.start()

    def started(self, step: Step) -> None:
        """Opens a step's bar."""
        with self._lock:
            self._running[step.id] = self._bars.add_task(step.id, total=None, note="")
            self._began[step.id] = time.monotonic()

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Moves a step's bar."""
        with self._lock:
            if step_id not in self._running:
                return
            seconds = time.monotonic() - self._began[step_id]
            rate = done / max(seconds, 1e-9)
            left = f", {duration((total - done) / rate)} left" if done else ""
            note = f"{rate:.1f} {unit}/s{left}"
            self._bars.update(self._running[step_id], completed=done, total=total, note=note)

    def ended(self, outcome: Outcome) -> None:
        """Closes a step's bar and moves the whole."""
        self._estimate.end(outcome.step)
        with self._lock:
            if outcome.step.id in self._running:
                self._bars.remove_task(self._running.pop(outcome.step.id))
        if self._whole is not None:
            self._bars.update(self._whole, advance=1, note=str(self._estimate))
        if outcome.state != "done":
            self.say(f"{outcome.state}: {outcome.step.id}")

    def say(self, message: str) -> None:
        """Prints a line above the bars."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Takes the bars away."""
        self._bars.stop()


def display_for(console: Console) -> PlainDisplay | BarDisplay:
    """Bars for a terminal, lines for anything else."""
    return BarDisplay(console) if console.is_terminal else PlainDisplay()
