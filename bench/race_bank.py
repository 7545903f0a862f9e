"""Races on a bank of trained students: what a race would train is looked up, and judged as a race does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from polyteach.pocket.exam import exam
from polyteach.scoring.anchors import anchors_of
from polyteach.scoring.gain import CellEstimate, benchmark_gain, cell_mean
from polyteach.scoring.intervals import Estimate, mean_of
from polyteach.scoring.records import Exam
from polyteach.selection.race.elimination import ALPHA, Decision, decide, paired_spread
from polyteach.selection.race.settings import Rules

ROWS = (67, 200, 600)
CHANCE = {"pocket-choice": 0.25, "pocket-exact": 0.0}
Key = tuple[str, str, str, int]
"""Base, language, teacher, rows."""


class Bank:
    """Trained students of controlled teachers.

    Args:
        path: of the table, see `bench/bakeoff/build.py`.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.exams: dict[Key, dict[int, dict[str, Exam]]] = defaultdict(dict)
        self.tokens: dict[Key, dict[int, int]] = defaultdict(dict)
        for row in pq.read_table(path).to_pylist():
            key = (row["base"], row["language"], row["teacher"], row["rows"])
            self.exams[key].setdefault(row["rng_seed"], {})[row["benchmark"]] = _exam(row)
            self.tokens[key][row["rng_seed"]] = row["student_tokens"]
        self._cells: dict[tuple[Key, tuple[int, ...]], CellEstimate] = {}
        self.counting = {
            (base, language): self._counting(base, language)
            for base, language, teacher, _ in list(self.exams)
            if teacher == "reference"
        }

    def teachers(self) -> list[str]:
        """Names of all controlled teachers."""
        return sorted({teacher for _, _, teacher, _ in self.exams if teacher not in ("", "reference")})

    def rng_seeds(self, base: str, teachers: Sequence[str] = ()) -> tuple[int, ...]:
        """Those that all cells of a base have, of some teachers or of all."""
        wanted = [
            set(trials)
            for (own, _, teacher, rows), trials in self.exams.items()
            if own == base and rows and (teacher in teachers or (not teachers and teacher != "reference"))
        ]
        return tuple(sorted(set.intersection(*wanted)))

    def _counting(self, base: str, language: str) -> list[str]:
        """The benchmarks that count, by base and a reference on all rows, as in a study."""
        below = self.exams[base, language, "", 0][0]
        above = self.exams[base, language, "reference", ROWS[-1]]
        least = dict.fromkeys(CHANCE, 0.15)
        found = anchors_of(below.values(), above[min(above)].values(), minimums=least)
        return [anchor.benchmark for anchor in found if anchor.counts]

    def cell(
        self, base: str, language: str, teacher: str, rows: int, rng_seeds: Sequence[int]
    ) -> CellEstimate:
        """The gain of a teacher's students of one base and language."""
        key = (base, language, teacher, rows)
        known = (key, tuple(rng_seeds))
        if known not in self._cells:
            below = self.exams[base, language, "", 0][0]
            parts = [
                benchmark_gain({s: self.exams[key][s][name] for s in rng_seeds}, below[name])
                for name in self.counting[base, language]
            ]
            self._cells[known] = cell_mean([part for part in parts if part])
        return self._cells[known]


def _exam(row: Mapping[str, Any]) -> Exam:
    right = np.unpackbits(np.frombuffer(row["correct"], np.uint8))[: row["items"]]
    ids, clusters = _items(row["language"])
    name = row["benchmark"]
    return Exam(
        row["base"],
        row["language"],
        name,
        tuple(f"{name}/{id}" for id in ids),
        tuple(float(one) for one in right),
        CHANCE[name],
        row["teacher"] or None,
        row["rng_seed"],
        clusters=clusters,
    )


@cache
def _items(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    asked = exam(language).choice
    return tuple(item.id for item in asked), tuple(item.cluster for item in asked)


@dataclass(frozen=True)
class Field:
    """Who races in what; a name may stand for another teacher's independent trials."""

    names: tuple[str, ...]
    bases: tuple[str, ...]
    languages: tuple[str, ...]
    rng_seeds: tuple[int, ...]
    copies: Mapping[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)

    def of(self, name: str) -> tuple[str, tuple[int, ...]]:
        """Whose students a name's are, and of which trials."""
        return self.copies.get(name, (name, self.rng_seeds))


@dataclass(frozen=True)
class Replay:
    """What became of a race.

    Attributes:
        decisions: of its rungs.
        final: who remains.
        share: student tokens, of the full study's.
    """

    decisions: tuple[Decision, ...]
    final: tuple[str, ...]
    share: float


def cells_of(bank: Bank, field: Field, name: str, rows: int) -> dict[tuple[str, str], CellEstimate]:
    """A name's gains by base and language; trials are numbered alike for all, as those of a study are."""
    teacher, rng_seeds = field.of(name)
    found = {}
    for base in field.bases:
        for language in field.languages:
            cell = bank.cell(base, language, teacher, rows, rng_seeds)
            trials = dict(enumerate(cell.per_trial.values()))
            found[base, language] = CellEstimate(cell.estimate, trials, cell.answer_noise)
    return found


def overall_gain(cells: Mapping[tuple[str, str], CellEstimate]) -> Estimate:
    """The mean over bases, then languages: all cells are there, so it is their mean."""
    return mean_of([cell.estimate for cell in cells.values()])


def tokens_of(bank: Bank, field: Field, name: str, rows: int) -> int:
    """Student tokens of one rung."""
    teacher, rng_seeds = field.of(name)
    return sum(
        bank.tokens[base, language, teacher, rows][rng_seed]
        for base in field.bases
        for language in field.languages
        for rng_seed in rng_seeds
    )


def reference_tokens(bank: Bank, field: Field) -> int:
    """One reference a base and language, as in a study; in the race and in the full study alike."""
    return sum(
        min(bank.tokens[base, language, "reference", ROWS[-1]].items())[1]
        for base in field.bases
        for language in field.languages
    )


def replay(bank: Bank, field: Field, rules: Rules) -> Replay:
    """Races a field, as `selection/race/run.py` does."""
    remaining = field.names
    spent = reference = reference_tokens(bank, field)
    full = reference + sum(tokens_of(bank, field, name, ROWS[-1]) for name in field.names)
    most = None if rules.most is None else reference + rules.most * (full - reference)
    decisions = []
    for number, rows in enumerate(ROWS, 1):
        cost = sum(tokens_of(bank, field, name, rows) for name in remaining)
        if number > 1 and most is not None and spent + cost > most:
            break
        spent += cost
        decisions.append(judge(bank, field, remaining, rows, rules))
        remaining = decisions[-1].remaining
        if decisions[-1].settled:
            break
    return Replay(tuple(decisions), remaining, spent / full)


def judge(bank: Bank, field: Field, names: Sequence[str], rows: int, rules: Rules) -> Decision:
    """Decides one rung."""
    cells = {name: cells_of(bank, field, name, rows) for name in names}
    places = [(base, language) for base in field.bases for language in field.languages]
    spread = paired_spread([{name: cells[name][place] for name in names} for place in places])
    if spread is None:
        raise SystemExit("a field needs two teachers and two rng_seeds")
    return decide(
        {name: overall_gain(cells[name]) for name in names},
        spread,
        margin=rules.margin(rows / ROWS[-1]),
        alike=rules.alike(rows / ROWS[-1]),
        level=1 - ALPHA / len(ROWS),
        rng_seed=1,
    )
