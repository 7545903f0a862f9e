"""One run in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from polyteach.comparison.reading import OpenedRun, open_results
from polyteach.errors import UserError
from polyteach.notebook import frames
from polyteach.notebook.frames import COUNT, FLAG, NUMBER, TEXT
from polyteach.runs import find_run

if TYPE_CHECKING:
    import pandas as pd

    from polyteach.rows import Row

HUMAN = "seed data"
"""What stands for a teacher where figures are of the seed data."""
_SCORES = ("published", "paper")
_ROWS = ("teacher", "language", "method", "source_id", "prompt", "response")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run found; `kind` as in docs/results.md."""

    kind: str
    text: str
    teachers: tuple[str, ...]

    def __str__(self) -> str:
        return self.text


class Run:
    """The results of a run, as data frames.

    Columns of a figure are its value under its name, then `_se`, `_low` and `_high`, the bounds of the 95%
    interval. What is undefined is NA, never 0, and `reason` says why.
    """

    def __init__(self, opened: OpenedRun) -> None:
        self.opened = opened

    @property
    def name(self) -> str:
        """The study's name."""
        return self.opened.results.study.name

    @property
    def results(self) -> dict[str, Any]:
        """All of `results.json`."""
        return self.opened.plain

    @property
    def verdict(self) -> Verdict:
        """What the study found, in a sentence."""
        found = self.opened.results.verdict
        return Verdict(found.kind, found.text, tuple(found.teachers))

    @property
    def warnings(self) -> pd.DataFrame:
        """What to beware of, the gravest first: `code`, `where`, `message`."""
        columns = dict.fromkeys(("code", "where", "message"), TEXT)
        return frames.frame(columns, ([w[name] for name in columns] for w in self.results["warnings"]))

    def leaderboard(self) -> pd.DataFrame:
        """One line a teacher, best first: ranks that are possible, score (robust), gain, quality and PGR."""
        columns = {
            "teacher": TEXT,
            "family": TEXT,
            "parameters": COUNT,
            "rank_low": COUNT,
            "rank_high": COUNT,
            **frames.columns_of("score"),
            **frames.columns_of("gain"),
            **frames.columns_of("quality"),
            "pgr": NUMBER,
            **dict.fromkeys(_SCORES, NUMBER),
            "reason": TEXT,
        }
        return frames.frame(columns, (_entry(entry) for entry in self.results["leaderboard"]))

    def cells(self) -> pd.DataFrame:
        """One line a teacher, language and base: score, gain, quality and PGR."""
        columns = {
            **dict.fromkeys(("teacher", "language", "base"), TEXT),
            "trials": COUNT,
            **frames.columns_of("score"),
            **frames.columns_of("gain"),
            **frames.columns_of("quality"),
            "pgr": NUMBER,
            "reason": TEXT,
        }
        return frames.frame(columns, (_cell(cell) for cell in self.results["cells"]))

    def gain(self, by: Literal["language", "base", "benchmark"] = "language") -> pd.DataFrame:
        """Gains of each teacher: in each language, for each base, or on each benchmark of each cell.

        Raises:
            UserError: `by` is none of these.
        """
        if by == "benchmark":
            return self._by_benchmark()
        if by not in ("language", "base"):
            raise UserError(f"there are no gains by {by!r}", "gain", "language, base or benchmark")
        columns = {"teacher": TEXT, by: TEXT, **frames.FIGURE}
        lines = (
            [entry["teacher"], name, *frames.long_of(figure)]
            for entry in self.results["leaderboard"]
            for name, figure in entry[f"gain_by_{by}"].items()
        )
        return frames.frame(columns, lines)

    def _by_benchmark(self) -> pd.DataFrame:
        counts = {(a["language"], a["base"], a["benchmark"]): a["counts"] for a in self.results["anchors"]}
        place = dict.fromkeys(("teacher", "language", "base", "benchmark"), TEXT)
        lines = (
            [
                *(cell[name] for name in ("teacher", "language", "base")),
                name,
                counts.get((cell["language"], cell["base"], name)),
                *frames.long_of(figure),
            ]
            for cell in self.results["cells"]
            for name, figure in cell["gains"].items()
        )
        return frames.frame({**place, "counts": FLAG, **frames.FIGURE}, lines)

    def quality(self) -> pd.DataFrame:
        """Quality (0 as corrupted data, 1 as human data) of each teacher in each language, by metric."""
        columns = {**dict.fromkeys(("teacher", "language", "metric"), TEXT), **frames.FIGURE}
        return frames.frame(columns, self._of_data("qualities"))

    def metrics(self) -> pd.DataFrame:
        """All intrinsic metrics, as measured; the seed data's own stand under `seed data`."""
        columns = {**dict.fromkeys(("teacher", "language", "metric"), TEXT), **frames.FIGURE}
        human = (
            [HUMAN, seed["language"], name, *frames.long_of(figure)]
            for seed in self.results["seed_data"]
            for name, figure in seed["metrics"].items()
        )
        return frames.frame(columns, [*human, *self._of_data("metrics")])

    def _of_data(self, part: str) -> Iterator[list[Any]]:
        """Figures of the data itself, which is the same for all bases."""
        known = set()
        for cell in self.results["cells"]:
            place = cell["teacher"], cell["language"]
            if place not in known:
                known.add(place)
                for name, figure in cell[part].items():
                    yield [*place, name, *frames.long_of(figure)]

    def anchors(self) -> pd.DataFrame:
        """Which benchmarks count: scores of base and reference, chance, and why one does not count."""
        columns = {
            **dict.fromkeys(("benchmark", "language", "base"), TEXT),
            **dict.fromkeys(("base_score", "reference_score", "chance", "gap_se"), NUMBER),
            "n": COUNT,
            "counts": FLAG,
            "reason": TEXT,
        }
        return frames.frame(columns, ([a[name] for name in columns] for a in self.results["anchors"]))

    def gate(self) -> pd.DataFrame:
        """Which metrics count: their values on human and on corrupted data, and why one does not pass."""
        columns = {
            **dict.fromkeys(("language", "metric"), TEXT),
            "passes": FLAG,
            "human": NUMBER,
            "corrupted": NUMBER,
            "reason": TEXT,
        }
        lines = (
            [
                g["language"],
                g["metric"],
                g["passes"],
                g["human"]["value"],
                g["corrupted"]["value"],
                g["reason"],
            ]
            for g in self.results["gate"]
        )
        return frames.frame(columns, lines)

    def rows(self, teacher: str, language: str) -> pd.DataFrame:
        """The rows that a teacher wrote in a language, from the run's artifacts.

        Raises:
            UserError: there are none: the artifacts are gone, or the names are wrong.
        """
        columns = dict.fromkeys(_ROWS, TEXT)
        found = self._rows(teacher, language)
        return frames.frame(columns, ([getattr(row, name) for name in columns] for row in found))

    def samples(self, language: str, count: int = 5) -> pd.DataFrame:
        """What the teachers made of the same seed examples, those that most of them share; a line an answer.

        Args:
            language: its code, as the study has it.
            count: seed examples.
        """
        answers: dict[tuple[str, str], dict[str, Row]] = {}
        for entry in self.opened.results.leaderboard:
            for row in self._rows(entry.teacher, language):
                if row.source_id is not None:
                    answers.setdefault((row.method, str(row.source_id)), {}).setdefault(row.teacher, row)
        chosen = sorted(answers, key=lambda key: (-len(answers[key]), key))[:count]
        lines = (
            [method, source, teacher, row.prompt, row.response]
            for method, source in chosen
            for teacher, row in answers[method, source].items()
        )
        names = ("method", "source_id", "teacher", "prompt", "response")
        return frames.frame(dict.fromkeys(names, TEXT), lines)

    def _rows(self, teacher: str, language: str) -> list[Row]:
        from polyteach.rows import read_rows_of_run

        study = self.opened.results.study
        known = {"teacher": [t.name for t in study.teachers], "language": study.languages}
        for what, name in (("teacher", teacher), ("language", language)):
            if name not in known[what]:
                raise UserError(f"no {what} {name!r} in this run", fix=f"one of {', '.join(known[what])}")
        folder = (
            (self.opened.folder or self.opened.path.parent) / "artifacts" / "synthesis" / teacher / language
        )
        paths = sorted(folder.glob("*/rows.parquet"))
        if not paths:
            fix = "open the run's folder where its store is, or run the study again"
            raise UserError("the rows are not at hand", str(folder), fix)
        return [row for path in paths for row in read_rows_of_run(path)]

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.verdict.text}>"

    def _repr_html_(self) -> str:
        from polyteach.notebook.showing import run_html

        return run_html(self)


def open_run(path: str | Path, output_dir: str | Path = ".") -> Run:
    """Opens a run.

    Args:
        path: its folder, its `results.json`, or its name in `OUTPUT_DIR/runs`; as `runs.find_run` finds it.
        output_dir: where `runs` is.

    Raises:
        UserError: there is none, or its results are damaged or of another version.
    """
    return Run(open_results(find_run(str(path), Path(output_dir)).path))


def _entry(entry: Mapping[str, Any]) -> list[Any]:
    scores = entry["scores"]
    return [
        *(entry[name] for name in ("teacher", "family", "parameters")),
        *(entry["rank_interval"] or (None, None)),
        *frames.ends_of(scores["robust"]),
        *frames.ends_of(entry["gain"]),
        *frames.ends_of(entry["quality"]),
        entry["pgr"]["value"],
        *(scores[name]["value"] for name in _SCORES),
        scores["robust"].get("reason"),
    ]


def _cell(cell: Mapping[str, Any]) -> list[Any]:
    return [
        *(cell[name] for name in ("teacher", "language", "base", "trials")),
        *frames.ends_of(cell["scores"]["robust"]),
        *frames.ends_of(cell["gain"]),
        *frames.ends_of(cell["quality"]),
        cell["pgr"]["mean"]["value"],
        cell["scores"]["robust"].get("reason"),
    ]
