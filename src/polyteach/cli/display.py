"""How a run looks in a terminal: bars where somebody watches, plain lines where output goes to a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from polyteach.executors.outcome import Outcome
from polyteach.report.wording import one_line
from polyteach.scoring.numbers import counted
from polyteach.status import last_line
from polyteach.steps import Step

_PLAIN_EVERY_SECONDS = 10.0
_NAMED = 3  # steps without a result, of those that lack it for the same reason
# The first steps wait for imports and models: what they take says little of the others.
_STEPS_BEFORE_ESTIMATE, _SECONDS_BEFORE_ESTIMATE = 3, 10.0


class _Estimate:
    """Time left, from the steps' relative costs and what has been made of them so far."""

    def __init__(self) -> None:
        self._costs: dict[str, float] = {}
        self._made: dict[str, float] = {}
        self._began = time.monotonic()
        self.count = self.ended = self.succeeded = 0

    def begin(self, steps: Sequence[Step]) -> None:
        self._costs = {step.id: step.cost for step in steps}
        self._made = dict.fromkeys(self._costs, 0.0)
        self._began = time.monotonic()
        self.count = len(steps)

    def progress(self, step_id: str, share: float) -> None:
        self._made[step_id] = self._costs[step_id] * share

    def end(self, outcome: Outcome) -> None:
        self._made[outcome.step.id] = outcome.step.cost
        self.ended += 1
        self.succeeded += outcome.state == "done"

    @property
    def seconds_left(self) -> float | None:
        if self.ended == self.count:
            return 0.0
        seconds = time.monotonic() - self._began
        if self.succeeded < _STEPS_BEFORE_ESTIMATE or seconds < _SECONDS_BEFORE_ESTIMATE:
            return None
        made = sum(self._made.values())
        return round(seconds * (sum(self._costs.values()) - made) / made, 1)

    def __str__(self) -> str:
        rate = self.ended / max(time.monotonic() - self._began, 1e-9)
        left = self.seconds_left
        return f"{rate:.2f} steps/s" + (f", about {duration(left)} left" if left is not None else "")


def named(step: Step, where: str) -> str:
    """A step, and the machine it runs on where that is not this one."""
    return f"{step.id} on {where}" if where else step.id


def duration(seconds: float) -> str:
    """Seconds as a person says them: `42 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def ending(made: int, failed: int, reused: int, seconds: float) -> str:
    """What a run did, in a line."""
    done = f"{counted(made, 'step')} made" if made or failed else "nothing to do"
    return f"{done}{f', {failed} failed' if failed else ''}, {reused} there already, {duration(seconds)}"


def without_result(failed: Mapping[str, str]) -> Iterator[str]:
    """Why steps have no result, by their ids, each reason once."""
    steps: dict[str, list[str]] = {}
    for step, error in failed.items():
        steps.setdefault(last_line(error) or "unknown", []).append(step)
    for reason, alike in steps.items():
        more = len(alike) - _NAMED
        named = ", ".join(alike[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield f"without a result: {named}: {one_line(reason)}"


def money(value: float | None, unknown: str = "USD unknown") -> str:
    """An amount of money in words; `unknown` where nobody knows it."""
    return unknown if value is None else f"{value:.4f} USD"


def usd(figure: Mapping[str, Any]) -> str:
    """A foretold amount of money, a figure as JSON, in words."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return f"unknown ({figure['reason']})"
    bounds = "" if low is None else f" (95%: {low:.4f} to {high:.4f})"
    return money(value) if low == value == high else f"about {money(value)}{bounds}"


def foretold(teacher: Mapping[str, Any]) -> str:
    """What a teacher's requests will cost, in words; see `forecast.money`."""
    said = f"{teacher['teacher']}: {usd(teacher['money'])}"
    if not (tokens := teacher["tokens"]):
        return said
    of = f"{teacher['answered']:,} of {teacher['requests']:,}"
    is_whole = teacher["answered"] == teacher["requests"]
    answered = f"all {teacher['requests']:,} requests answered" if is_whole else f"{of} requests answered"
    return f"{said}; {answered}; about {tokens['prompt']:,} tokens sent, {tokens['response']:,} received"


ASKED_AGAIN = "asked again"
"""The unit of rows that are asked for once more."""


NO_TROUBLE: Mapping[str, Any] = {"down": {}, "told_to_wait": 0}


def troubles(facts: Mapping[str, Any]) -> list[str]:
    """What a person should know of an endpoint's troubles, see `models.trouble`, a sentence each."""
    said = [f"{url} was down {counted(times, 'time')}" for url, times in facts["down"].items()]
    if facts["told_to_wait"]:
        said.append(
            f"requests were told to wait {counted(facts['told_to_wait'], 'time')} (http 429, 503, 529)"
        )
    return said


def pace(done: int, total: int, unit: str, seconds: float) -> str:
    """Rate and time left of work that is so far after so many seconds."""
    rate = done / max(seconds, 1e-9)
    unit = "rows" if unit == ASKED_AGAIN else unit
    left = f", about {duration((total - done) / rate)} left" if done else ""
    return f"{rate:.1f} {unit}/s{left}"


class PlainLines:
    """Lines on one piece of work: how far it is, its rate and the time left, every ten seconds."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._began = self._told = time.monotonic()

    def update(self, done: int, total: int, unit: str) -> None:
        """Says how far it is, if it is time to."""
        now = time.monotonic()
        if done and now - self._told >= _PLAIN_EVERY_SECONDS:
            self._told = now
            noun = f"rows {unit}" if unit == ASKED_AGAIN else unit
            say(f"{self._title}: {done}/{total} {noun}, {pace(done, total, unit, now - self._began)}")


def say(message: str) -> None:
    """Prints a line on stderr, at once."""
    print(message, file=sys.stderr, flush=True)


def warn(message: str) -> None:
    """Prints a warning on stderr."""
    say(f"warning: {one_line(message)}")


class PlainDisplay:
    """One line for each step that ends, and some while a long one runs."""

    def __init__(self) -> None:
        self._estimate = _Estimate()
        self._running: dict[str, PlainLines] = {}
        self._where: dict[str, str] = {}

    @property
    def seconds_left(self) -> float | None:
        """See `running.Display`."""
        return self._estimate.seconds_left

    def begin(self, steps: Sequence[Step], reused: int) -> None:
        """Says what is to be done."""
        self._estimate.begin(steps)
        if steps:  # else the end says that there was nothing to do
            self.say(f"{counted(len(steps), 'step')} to make, {reused} there already")

    def started(self, step: Step, where: str = "") -> None:
        """Notes the time, and where it runs."""
        self._running[step.id] = PlainLines(named(step, where))
        self._where[step.id] = where

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Says how far a long step is."""
        if lines := self._running.get(step_id):
            self._estimate.progress(step_id, done / max(total, 1))
            lines.update(done, total, unit)

    def ended(self, outcome: Outcome) -> None:
        """Says what ended, and how far the whole is."""
        self._running.pop(outcome.step.id, None)
        self._estimate.end(outcome)
        seconds = outcome.artifact.seconds if outcome.artifact else 0.0
        what = f"in {seconds:.1f} s" if outcome.artifact else outcome.state
        count = f"[{self._estimate.ended}/{self._estimate.count}]"
        name = named(outcome.step, self._where.pop(outcome.step.id, ""))
        self.say(f"{count} {name} {what}; {self._estimate}")

    def put_back(self, step: Step, why: str) -> None:
        """Says why a step waits again."""
        self._running.pop(step.id, None)
        self._estimate.progress(step.id, 0.0)
        if why:
            self.say(f"{step.id}: {why}")

    def printed(self, step_id: str, text: str) -> None:
        """It is in the run's logs."""

    def waited(self) -> None:
        """Nothing is to be said."""

    def say(self, message: str) -> None:
        """Prints a line on stderr."""
        say(message)

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
            return None
        self.say(f"{counted(len(steps), 'step')} to make, {reused} there already")
        self._whole = self._bars.add_task("[bold]study", total=len(steps), note="")
        return self._bars.start()

    def started(self, step: Step, where: str = "") -> None:
        """Opens a step's bar."""
        with self._lock:
            self._running[step.id] = self._bars.add_task(named(step, where), total=None, note="")
            self._began[step.id] = time.monotonic()

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Moves a step's bar."""
        with self._lock:
            if step_id not in self._running:
                return
            self._estimate.progress(step_id, done / max(total, 1))
            note = pace(done, total, unit, time.monotonic() - self._began[step_id])
            self._bars.update(self._running[step_id], completed=done, total=total, note=note)

    def ended(self, outcome: Outcome) -> None:
        """Closes a step's bar and moves the whole."""
        self._take_away(outcome.step)
        self._estimate.end(outcome)
        if self._whole is not None:
            self._bars.update(self._whole, advance=1, note=str(self._estimate))
        if outcome.state != "done":
            self.say(f"{outcome.state}: {outcome.step.id}")

    def put_back(self, step: Step, why: str) -> None:
        """Takes a step's bar away until it runs again."""
        self._take_away(step)
        self._estimate.progress(step.id, 0.0)
        if why:
            self.say(f"{step.id}: {why}")

    def printed(self, step_id: str, text: str) -> None:
        """It is in the run's logs."""

    def waited(self) -> None:
        """Moves the estimate of the whole."""
        if self._whole is not None:
            self._bars.update(self._whole, note=str(self._estimate))

    def _take_away(self, step: Step) -> None:
        with self._lock:
            if step.id in self._running:
                self._bars.remove_task(self._running.pop(step.id))

    def say(self, message: str) -> None:
        """Prints a line above the bars."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Takes the bars away."""
        self._bars.stop()


def display_for(console: Console) -> PlainDisplay | BarDisplay:
    """Bars for a terminal, lines for anything else."""
    return BarDisplay(console) if console.is_terminal else PlainDisplay()
