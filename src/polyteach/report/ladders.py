"""The recipe as a ladder: the base as it is, taught by humans, by rows that exist, by the best teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyteach.analysis.ladders import Difference, ladder
from polyteach.report import wording
from polyteach.report.charts import Chart, Interval, intervals

Plain = Mapping[str, Any]
UNIT = "language and benchmark"
Rungs = dict[str, dict[str, float]]


def ladders(results: Plain) -> list[dict[str, Any]]:
    """One ladder for each base with a benchmark that counts.

    A rung's values are scores above chance, (score - chance) / (1 - chance), of the languages and benchmarks
    that count; a rung is there where it has all of them. The best teacher (and the best rows that exist,
    `kind: data`) is whoever stands first in the leaderboard: chosen by these very figures, so its step is
    rather too large.

    Returns:
        Of each: `base`, `units`, `chart`, `rungs` (`name`, `mean`), `steps` and `whole` (`analysis.ladders`).
    """
    found = []
    for base in results["study"]["bases"]:
        rungs = _rungs(results, base["name"])
        if len(rungs) < 2:
            continue
        made = ladder(rungs, UNIT)
        units = len(next(iter(rungs.values())))
        found.append(
            {
                "base": base["name"],
                "units": units,
                "chart": _chart(base["name"], made.steps),
                "rungs": [{"name": name, "mean": sum(of.values()) / len(of)} for name, of in rungs.items()],
                "steps": made.steps,
                "whole": made.whole,
            }
        )
    return found


def _rungs(results: Plain, base: str) -> Rungs:
    anchors = {
        (anchor["language"], anchor["benchmark"]): anchor
        for anchor in results["anchors"]
        if anchor["base"] == base and anchor["counts"]
    }
    rungs: Rungs = {}

    def add(name: str, scores: Mapping[tuple[str, str], float | None]) -> None:
        values = {
            f"{language} {benchmark}": (score - (chance := anchors[language, benchmark]["chance"]))
            / (1 - chance)
            for (language, benchmark), score in scores.items()
            if score is not None
        }
        if values and len(values) == len(anchors):
            rungs[name] = values

    add("base as it is", {key: anchor["base_score"] for key, anchor in anchors.items()})
    add("human data", {key: anchor["reference_score"] for key, anchor in anchors.items()})
    kinds = {teacher["name"]: teacher.get("kind", "model") for teacher in results["study"]["teachers"]}
    for is_data in (True, False):
        ranked = (e for e in results["leaderboard"] if e["scores"]["robust"]["value"] is not None)
        best = next((e["teacher"] for e in ranked if (kinds.get(e["teacher"]) == "data") == is_data), None)
        if best is not None:
            add(best, _of_teacher(results, base, best, anchors))
    return rungs


def _of_teacher(
    results: Plain, base: str, teacher: str, anchors: Mapping[tuple[str, str], Plain]
) -> dict[tuple[str, str], float | None]:
    cells = {c["language"]: c for c in results["cells"] if (c["base"], c["teacher"]) == (base, teacher)}
    scores = {}
    for language, benchmark in anchors:
        figure = cells[language]["benchmarks"].get(benchmark) if language in cells else None
        scores[language, benchmark] = figure["value"] if figure else None
    return scores


def _chart(base: str, steps: tuple[Difference, ...]) -> Chart:
    rows = []
    for step in steps:
        plain = step.figure.to_json()
        text = f"{wording.number(plain['value'], 3, signed=True)} {wording.bounds(plain)}".rstrip()
        rows.append(
            Interval(f"{step.other} → {step.one}", plain["value"], plain["low"], plain["high"], text=text)
        )
    said = "; ".join(f"{row.name}: {row.text}" for row in rows)
    heads = ("", "step", "change above chance")
    return intervals(rows, title=f"Recipe ladder on {base}", description=said, heads=heads)
