"""How far a run is: `status.json`, rewritten whole within seconds of each change."""

from __future__ import annotations

import math
import os
import platform
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.artifacts import SCHEMA_VERSION
from polyteach.executors.outcome import Outcome
from polyteach.models.journal import Journal, Spent
from polyteach.models.trouble import summed
from polyteach.processes import process_tag
from polyteach.runs import RUNNING, RunFolder
from polyteach.scoring.evidence import measuring_in
from polyteach.scoring.requests import measuring_of
from polyteach.steps import Step

_WRITE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays for a study's answers, and where that is written down.

    Attributes:
        journal: the store's, whether there is one yet or not.
        payer: the study's name in it.
        budget: USD that may be spent; None for no cap.
    """

    journal: Path
    payer: str
    budget: float | None = None

    def spent(self) -> Spent | None:
        """What all its runs took so far, judges' answers included; None where no model was ever asked."""
        if not self.journal.is_file():
            return None
        with Journal(self.journal, self.payer) as journal:
            return journal.spent()


class StatusWriter:
    """Keeps `status.json` up to date with what happens to each step.

    Args:
        folder: the run's folder.
        steps: the study's steps.
        requests: how many requests each synthesis step sends, by its id.
        identity: what the run's results depend on, as a digest.
        account: who pays.

    Attributes:
        seconds_left: as the steps made so far foretell it; None while they do not.
        state, reason: of the run, and why it was stopped.
    """

    def __init__(
        self,
        folder: RunFolder,
        steps: Sequence[Step],
        requests: Mapping[str, int],
        identity: str,
        account: Account,
    ) -> None:
        self._folder = folder
        self._account = account
        self._identity = identity
        self._steps: dict[str, dict[str, Any]] = {}
        self._requests = requests
        self._reached: Counter[str] = Counter()
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._measuring: dict[str, Mapping[str, Any]] = {}
        self._clock = _Clock()
        self._pace = _Pace()
        self._served = any("endpoint" in step.locations for step in steps if step.kind == "synthesis")
        self.state = RUNNING
        self.reason: str | None = None
        self.seconds_left: float | None = None
        self._written = -math.inf
        self.add(steps)

    def add(self, steps: Iterable[Step], *, closing: bool = False) -> None:
        """Adds steps that wait; `closing` ones are no part of the study's cells, but make its results."""
        for step in steps:
            self._steps[step.id] = {
                "id": step.id,
                "kind": step.kind,
                "key": step.key,
                "state": "waiting",
                "closing": closing,
                "where": None,
                "reused": None,
                "progress": None,
                "error": None,
            }

    def started(self, step: Step, where: str = "") -> None:
        """Notes that a step runs, and on which machine if not on this one."""
        self._steps[step.id] |= {"state": RUNNING, "where": where or None}
        if step.id in self._requests:
            self._clock.start(step.id)

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        """Notes how far a running step is; may come from another thread."""
        if self._steps[step_id]["state"] == RUNNING:  # not what comes late, after the step's end
            self._steps[step_id]["progress"] = {"done": done, "total": total, "unit": unit}

    def put_back(self, step: Step) -> None:
        """Notes that a step waits again; what was answered stays answered."""
        self._put_back(step.id)

    def _put_back(self, id: str) -> None:
        self._note_reached(id)
        self._steps[id] |= {"state": "waiting", "where": None, "progress": None}
        self._clock.stop(id)

    def _note_reached(self, id: str) -> None:
        if id in self._requests:
            self._reached[id] = self._under_way(id)

    def stopped(self, state: str, reason: str | None = None) -> None:
        """Notes how the run ended, and why if not by itself; what still ran waits for the next run."""
        for id, step in self._steps.items():
            if step["state"] == RUNNING:
                self._put_back(id)
        self.state, self.reason = state, reason

    def ended(self, outcome: Outcome) -> None:
        """Notes how a step ended."""
        entry = self._steps[outcome.step.id]
        self._note_reached(outcome.step.id)
        entry |= {"state": outcome.state, "progress": None, "error": last_line(outcome.error) or None}
        self._clock.stop(outcome.step.id)
        if outcome.artifact:
            entry["reused"] = outcome.artifact.reused
            if outcome.step.kind == "synthesis":
                self._facts[outcome.step.id] = outcome.artifact.facts
            elif outcome.step.kind in ("gate", "quality"):
                self._measuring[outcome.step.id] = outcome.artifact.facts

    def write(self) -> None:
        """Writes the file."""
        self._folder.write_status(self.to_json())
        self._written = time.monotonic()

    def write_soon(self) -> None:
        """Writes it, but at most once a second: of many steps it is long, and is written whole."""
        if time.monotonic() - self._written >= _WRITE_SECONDS:
            self.write()

    def to_json(self) -> dict[str, Any]:
        """The status as the outside view has it."""
        facts = list(self._facts.values())
        failed: Counter[str] = Counter()
        retried: Counter[str] = Counter()
        for fact in facts:
            failed.update(fact.get("failed", {}))
            retried.update(fact.get("retried", {}))
        left = self._left()
        rate = self._pace.rate(self._clock.seconds, self._made())
        return {
            "schema_version": SCHEMA_VERSION,
            "state": self.state,
            "reason": self.reason,
            "pid": os.getpid(),
            "host": platform.node(),
            "process": process_tag(),
            "identity": self._identity,
            "steps": [dict(step) for step in self._steps.values()],
            "requests": {
                "done": sum(self._answered(id) for id in self._facts)
                + sum(self._under_way(id) for id in self._open()),
                "failed": dict(sorted(failed.items())),
                "retried": dict(sorted(retried.items())),
                "left": left,
            },
            "endpoint": summed(
                facts["endpoint"]
                for id, facts in self._facts.items()
                if "endpoint" in facts and not self._steps[id]["reused"]
            ),
            **self._bill(),
            "measuring": measuring_of(
                part for facts in self._measuring.values() for part in measuring_in(facts)
            ),
            "rate": rate,
            "seconds_left": self._seconds_left(left, rate),
        }

    def _bill(self) -> dict[str, Any]:
        """Tokens and money: what the payer's answers took, else what the steps say of theirs."""
        spent = self._account.spent() or _told_by(self._facts.values())
        cap = self._account.budget
        return {
            "tokens": {
                "prompt": spent.prompt_tokens,
                "response": spent.completion_tokens,
                "thinking": spent.thinking_tokens,
                "cached": spent.cached_tokens,
            },
            "money": None if spent.unpriced else round(spent.money, 6),
            "unpriced": spent.unpriced,
            "budget": cap if cap is None else {"cap": cap, "left": round(max(0.0, cap - spent.money), 6)},
        }

    def _answered(self, id: str) -> int:
        """Requests of a step that is done; 0 where it asks no teacher, but translates or takes rows."""
        return int(self._facts[id].get("attempts", 0)) if self._requests[id] else 0

    def _left(self) -> int:
        """Requests without an answer; those of a failed step too, which the next run sends."""
        return sum(self._requests[id] - self._under_way(id) for id in self._open())

    def _open(self) -> list[str]:
        """The synthesis steps that are not made."""
        return [id for id in self._requests if self._steps[id]["state"] != "done"]

    def _under_way(self, id: str) -> int:
        """Requests of a step that have an answer; all of them while bad ones are asked again."""
        progress = self._steps[id]["progress"]
        if not progress:
            return self._reached[id]
        if progress["unit"] != "rows":
            return self._requests[id]
        return max(self._reached[id], min(int(progress["done"]), self._requests[id]))

    def _made(self) -> int:
        """Requests answered in this run."""
        ended = sum(self._answered(id) for id in self._facts if not self._steps[id]["reused"])
        return ended + sum(self._under_way(id) for id in self._open())

    def _seconds_left(self, left: int, rate: float | None) -> float | None:
        """As the steps foretell it, but no less than the requests to endpoints will take."""
        if not (self._served and left and rate):
            return self.seconds_left
        return max(self.seconds_left or 0.0, round(left / rate, 1))


def last_line(error: str) -> str:
    """The last line of a traceback, or of a message: what went wrong, without where."""
    lines = error.strip().splitlines()
    return lines[-1].removeprefix("polyteach.errors.StepImpossible: ") if lines else ""


def _told_by(facts: Iterable[Mapping[str, Any]]) -> Spent:
    """The sum of what finished steps say; of rows that no model wrote nothing was paid."""
    total = Spent()
    for fact in facts:
        money = fact.get("money", 0.0)
        total = Spent(
            total.answers + int(fact.get("attempts", 0)),
            total.prompt_tokens + int(fact.get("prompt_tokens", 0)),
            total.completion_tokens + int(fact.get("response_tokens", 0)),
            total.thinking_tokens + int(fact.get("thinking_tokens", 0)),
            total.cached_tokens + int(fact.get("cached_tokens", 0)),
            total.money + (money or 0.0),
            total.unpriced + (int(fact["attempts"]) if money is None else 0),
        )
    return total


class _Pace:
    """Requests for each second in which a teacher wrote, over the last minute of such seconds.

    What a journal already has is counted within an instant: it is out of the rate a minute later.
    """

    SECONDS = 60.0

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque([(0.0, 0)])

    def rate(self, seconds: float, made: int) -> float | None:
        """Notes how many were made in so many seconds; returns the rate, None before the first."""
        self._looks.append((seconds, made))
        while len(self._looks) > 2 and self._looks[1][0] < seconds - self.SECONDS:
            self._looks.popleft()
        since, before = self._looks[0]
        return round((made - before) / (seconds - since), 3) if made > before and seconds > since else None


class _Clock:
    """Counts the seconds during which at least one of several things goes on."""

    def __init__(self) -> None:
        self._going_on: set[str] = set()
        self._before = self._since = 0.0

    def start(self, name: str) -> None:
        if not self._going_on:
            self._since = time.monotonic()
        self._going_on.add(name)

    def stop(self, name: str) -> None:
        if name in self._going_on:
            before = self.seconds
            self._going_on.remove(name)
            if not self._going_on:
                self._before = before

    @property
    def seconds(self) -> float:
        return self._before + (time.monotonic() - self._since if self._going_on else 0.0)
