"""Draws cases of a target one after the other, and keeps the account of what came of them."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzzing.case import Action, Case
from fuzzing.watching import REFUSED, WRONG, Ended, watch

_BATCH = 200  # examples; after each the clock is looked at, and hypothesis begins anew


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of input.

    Attributes:
        name: as `--target` has it.
        actions: what can be done with its cases, by name.
        cases: draws them.
        base: a folder that lies beside a case's files; None for none.
        alone: the actions for which it does not.
    """

    name: str
    actions: Mapping[str, Action]
    cases: st.SearchStrategy[Case]
    base: Path | None = None
    alone: Container[str] = ()

    def watch(self, case: Case, scratch: Path) -> Ended:
        """Runs one case."""
        base = None if case.action in self.alone else self.base
        return watch(case, self.actions[case.action], scratch, base)


@dataclass(slots=True)
class Account:
    """What came of a target's cases.

    Attributes:
        outcomes: how many were accepted, refused, wrong.
        actions: outcomes by action.
        refusals: distinct messages (without their values), and how often each.
        faults: the first case of each distinct fault, with what came of it.
        slowest: seconds, and the case.
        seconds: that all took.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: dict[str, tuple[Case, Ended]] = field(default_factory=dict)
    slowest: tuple[float, Case | None] = (0.0, None)
    seconds: float = 0.0

    def add(self, case: Case, ended: Ended) -> None:
        """Takes a case in."""
        self.outcomes[ended.kind] += 1
        self.actions[case.action, ended.kind] += 1
        if ended.kind == REFUSED:
            self.refusals[ended.sign] += 1
        if ended.kind == WRONG:
            self.faults.setdefault(f"{case.action}: {ended.sign}", (case, ended))
        if ended.seconds > self.slowest[0]:
            self.slowest = (ended.seconds, case)


def explore(target: Target, seconds: float, rng_seed: int) -> Account:
    """Runs cases until the time is over; the same rng_seed draws the same cases in the same order."""
    account, began = Account(), time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        batch = 0
        while time.monotonic() - began < seconds:
            _batch(target, account, Path(scratch), began + seconds, rng_seed * 1_000_003 + batch)
            batch += 1
    account.seconds = time.monotonic() - began
    return account


def _batch(target: Target, account: Account, scratch: Path, until: float, rng_seed: int) -> None:
    @seed(rng_seed)
    @settings(
        max_examples=_BATCH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.cases)
    def run(case: Case) -> None:
        if time.monotonic() < until:
            account.add(case, target.watch(case, scratch))

    run()
