"""Which selector finds the best teacher? All of them, on the 24 controlled teachers of `bench/bakeoff`.

    python bench/which_selector.py development [--scratch FOLDER]
    python bench/which_selector.py held-out [--scratch FOLDER]
    python bench/which_selector.py tables

(Not `selectors.py`: that is a module of Python's own, which scripts beside it would then miss.)

The first two compute what every selector says of 200 rows a teacher, cell by cell, and write it as a small
table beside the bank (`bench/bakeoff/scores-development.parquet`, `scores.parquet`); a cell that is there in
the scratch folder is not computed again. Development: the cells and dials that were looked at; its pools hold
no teacher with a held-out dial or trap, but `private-error-30` is in them. Held out: all cells and teachers,
computed once, after signs and settings were committed. `tables` needs no model: it holds both tables against
the bank.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from bakeoff.students import RECIPE
from bakeoff.world import own_benchmark, parameters, plan, rows_of, teachers

from polyteach.pocket import judge, model_path, seed_rows
from polyteach.selection.bakeoff.compare import Compared, compared, facts_of, lines_of
from polyteach.selection.bakeoff.measures import hits, regret, separated
from polyteach.selection.bakeoff.scores import Scored, judgements, read_scores, write_scores
from polyteach.selection.bakeoff.truth import read_cells

HERE = Path(__file__).parent / "bakeoff"
BANK = HERE / "bank.parquet"
TABLES = {"development": HERE / "scores-development.parquet", "held-out": HERE / "scores.parquet"}
ROWS = 200
RNG_SEED = 11  # of the rows that selectors see; those of the trainings are 1 to 4
HUMAN_ROWS, HUMAN_RNG_SEED = 400, 12
FOUND_BY = "pocket oracle"
HAIR = 0.01  # of gated quality, which is from 0 to 1


def developed() -> list[str]:
    """Teachers without a held-out dial or trap; `private-error-30` is one of them."""
    held = plan()["held_out"]
    asked = plan()["teachers"]
    return [
        name
        for name, of in asked.items()
        if not any(dial in of for dial in held["dials"]) and of.get("trap") not in held["traps"]
    ]


def cells(part: str) -> Iterator[tuple[str, str, list[str]]]:
    """Language, base and teachers of each pool."""
    of = plan()["development"] if part == "development" else plan()
    names = developed() if part == "development" else list(teachers())
    for base in of["bases"]:
        yield from ((language, base, names) for language in of["languages"])


def mark(prompt: str, response: str, language: str) -> float | None:
    """The oracle's mark, 1 to 5."""
    return judge(prompt, response, language).score


def scored(language: str, base: str, names: Sequence[str]) -> list[Scored]:
    """What all selectors say of one pool."""
    import torch

    from polyteach.models.local import LocalModel
    from polyteach.selection.bakeoff.asking import asked
    from polyteach.selection.selectors.all import FORWARD, FREE, GRADIENT
    from polyteach.selection.selectors.contract import Pool, TeacherFacts
    from polyteach.selection.selectors.rose import Rose
    from polyteach.selection.selectors.tools import Reward, Tools

    torch.set_num_threads(1)
    exam, sizes = own_benchmark(), parameters()
    pool = Pool(
        language,
        base,
        {name: rows_of(name, language, base, RNG_SEED, ROWS) for name in names},
        seed_rows=seed_rows(language, HUMAN_ROWS, HUMAN_RNG_SEED),
        other_rows={
            code: seed_rows(code, HUMAN_ROWS, HUMAN_RNG_SEED)
            for code in ("en", *plan()["languages"])
            if code != language
        },
        facts={name: TeacherFacts(sizes[name], exam[name]) for name in names},
        rng_seed=RNG_SEED,
    )
    tools = Tools(student=LocalModel.load(str(model_path(base))), reward=Reward(FOUND_BY, mark))
    groups = {"free": FREE, "forward": FORWARD, "gradient": GRADIENT, "training": (Rose(RECIPE),)}
    return asked(pool, tools, groups)


def compute(part: str, scratch: Path, workers: int) -> None:
    """Computes the cells that are missing, then writes the table."""
    scratch.mkdir(parents=True, exist_ok=True)
    asked = [(scratch / f"{part}.{cell[0]}.{cell[1]}.json", *cell) for cell in cells(part)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in pool.map(keep, asked):
            print(f"{part}: {done}", flush=True)
    found = [Scored(**one) for path, *_ in asked for one in json.loads(path.read_text(encoding="utf-8"))]
    write_scores(TABLES[part], found)


def keep(asked: tuple[Path, str, str, list[str]]) -> str:
    """Computes one cell and keeps it, unless it is there; returns what was done."""
    path, language, base, names = asked
    if not path.is_file():
        said = [asdict(one) for one in scored(language, base, names)]
        path.with_suffix(".part").write_text(json.dumps(said), encoding="utf-8")
        path.with_suffix(".part").replace(path)
    return f"{language}, {base}: {len(names)} teachers"


def cells_of(part: str, wanted: Collection[tuple[str, str]]) -> list[Compared]:
    """Some cells with what selectors said of them."""
    scores, names = read_scores(TABLES[part]), developed() if part == "development" else None
    return [
        compared(cell, judgements(scores, cell.language, cell.base), names)
        for cell in read_cells(BANK)
        if (cell.language, cell.base) in wanted
    ]


def show(title: str, part: str, wanted: Collection[tuple[str, str]]) -> None:
    """Prints one comparison, over some cells."""
    from polyteach.cli.bakeoff_tables import print_bakeoff

    found = cells_of(part, wanted)
    facts = [facts_of(one) for one in found]
    print(f"\n## {title}\n", flush=True)
    print_bakeoff(facts, lines_of(found, rng_seed=0))
    luck = sorted(one.trial_sd for one in facts)
    ranges = sorted(one.best_gain - one.worst_gain for one in facts)
    print(f"Points of gain, by cell: SD of a trial {luck[0]:.1f} to {luck[-1]:.1f};", end=" ")
    print(f"from the worst teacher to the best {ranges[0]:.0f} to {ranges[-1]:.0f}", flush=True)


def by_a_hair() -> None:
    """Prints what gated quality finds in held-out cells where it takes no heed of a hair's breadth."""
    found: dict[float, list[tuple[float, float]]] = {0.0: [], HAIR: []}
    for one in cells_of("held-out", everywhere() - looked_at()):
        (view,) = one.views["gated quality"]
        best, apart, each = np.nanmax(view.scores), separated(view.gains), np.ones((1, len(one.teachers)))
        for breadth, cells_found in found.items():
            level = np.where(view.scores >= best - breadth, best, view.scores)
            tied = hits(level, view.truth, apart, each)[0]
            cells_found.append((regret(level, view.truth, each)[0], tied))
    print("\n## By a hair: gated quality, where scores near its highest count as level to it\n")
    for breadth, each_cell in found.items():
        lost, tied = np.mean(each_cell, axis=0)
        print(f"within {breadth:g}: regret {lost:.1f}, its first in the tie set {tied:.2f}")


def places() -> None:
    """Prints where each selector puts each trap, beside its true place, mean over the held-out cells."""
    scores = read_scores(TABLES["held-out"])
    shown = [name for name, of in teachers().items() if of.trap or of.beliefs_seed != 1]
    found: dict[str, list[list[float]]] = {}
    for cell in read_cells(BANK):
        if (cell.language, cell.base) in looked_at():
            continue
        gains = cell.gains(cell.teachers, cell.trials(cell.teachers), cell.rungs[-1]).mean(axis=1)
        words = {one.selector: one.of(cell.teachers) for one in judgements(scores, cell.language, cell.base)}
        for selector, values in {"(the truth)": gains, **words}.items():
            known = np.array([value for value in values if not np.isnan(value)])
            row = []
            for name in shown:
                own = values[cell.teachers.index(name)]
                above, level = (known > own).sum(), (known == own).sum()
                row.append(float("nan") if np.isnan(own) else float(above + (level + 1) / 2))
            found.setdefault(selector, []).append(row)
    print("\n## Where the traps stand (1 is first), mean over held-out cells\n")
    heads = [f"{name} (in development)" if name in developed() else name for name in shown]
    print("| selector |", " | ".join(heads), "|\n|---|" + "---:|" * len(shown))
    for selector, rows in found.items():
        if np.isnan(rows).all():
            continue
        print(f"| {selector} |", " | ".join(f"{value:.1f}" for value in np.mean(rows, axis=0)), "|")


def looked_at() -> set[tuple[str, str]]:
    """The development cells."""
    of = plan()["development"]
    return {(language, base) for language in of["languages"] for base in of["bases"]}


def everywhere() -> set[tuple[str, str]]:
    """All cells."""
    return {(language, base) for language in plan()["languages"] for base in plan()["bases"]}


def main() -> None:
    """Computes a part, or prints all tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*TABLES, "tables"])
    parser.add_argument("--scratch", type=Path, default=Path("bench-selectors"))
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    if asked.part != "tables":
        return compute(asked.part, asked.scratch, asked.workers)
    held = everywhere() - looked_at()
    show("Development: 16 teachers, de and id, base-a", "development", looked_at())
    show("Held out: 24 teachers, another language, another base, or both", "held-out", held)
    show("Of these, the language alone is new: ja, base-a", "held-out", {("ja", "base-a")})
    show("The base alone is new: de and id, base-c", "held-out", {("de", "base-c"), ("id", "base-c")})
    show("Both are new: ja, base-c", "held-out", {("ja", "base-c")})
    show("Traps and dials alone are new: de and id, base-a", "held-out", looked_at())
    by_a_hair()
    return places()


if __name__ == "__main__":
    main()
