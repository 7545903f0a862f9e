"""The page: one self-contained HTML file, in the look of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10
from pathlib import Path
from typing import Any

from polyteach.report.html import STYLES, whole_page
from polyteach.scoring.numbers import NONE, number

TEMPLATES = Path(__file__).parent / "templates"
MOST_COLUMNS = 10
MOST_DIGITS = 4
LEAST_FILLED = 0.6
FURTHER = {"p": "p", "vif": "VIF", "p_holm": "p, Holm", "p_signs": "p, signs"}
"""What estimates have besides an interval, and its heading."""
LEAST_P = 0.001
STATUS = {"match": "match", "differs": "differs", "not_released": "not released"}


@dataclass(frozen=True, slots=True)
class Matrix:
    """Entries whose keys are a row and a column; cells are entries or None."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Mapping[str, Any] | None]]]


def render_page(study: Mapping[str, Any]) -> str:
    """Renders what `study.recompute` returns."""
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for finding in study["audit"]:
        parts.setdefault(finding["part"], []).append(finding)
    ranked = [one for one in study["rankings"] if one["teachers"]]
    return whole_page(
        "published.html.j2",
        styles=(*STYLES, "published.css"),
        folders=(TEMPLATES,),
        digits=digits,
        ours=ours,
        FURTHER=FURTHER,
        further=further,
        status_name=STATUS.__getitem__,
        study=study,
        parts=parts,
        figures=[(figure, name_of(figure["id"]), *layout(figure["entries"])) for figure in study["figures"]],
        ranking=ranking_table(ranked),
        ranked=ranked,
        rankings=study["rankings"],
    )


def name_of(figure_id: str) -> str:
    """`table_1` as people write it."""
    kind, _, count = figure_id.partition("_")
    return f"{kind.capitalize()} {count}"


def digits(precision: float) -> int:
    """How many decimals a figure of such a precision is shown with."""
    return min(MOST_DIGITS, max(0, ceil(-log10(precision) - 1e-9)))


def ours(entry: Mapping[str, Any]) -> str:
    """Our figure, with one digit more than the published one."""
    return number(entry["ours"], digits(entry["precision"]) + 1)


def further(name: str, value: float | None) -> str:
    """A variance inflation or a p, which is never shown as zero."""
    if name != "vif" and value is not None and value < LEAST_P / 2:
        return f"<{number(LEAST_P, 3)}"
    return number(value, 2 if name == "vif" else 3)


def layout(entries: Sequence[Mapping[str, Any]]) -> tuple[Matrix | None, list[Mapping[str, Any]]]:
    """Entries as a matrix where their keys are one (`row, column`), and the rest as a list."""
    placed: dict[str, dict[str, Mapping[str, Any]]] = {}
    rest = []
    for entry in entries:
        row, comma, column = entry["key"].rpartition(", ")
        if comma:
            placed.setdefault(row, {})[column] = entry
        else:
            rest.append(entry)
    columns = list(dict.fromkeys(column for row in placed.values() for column in row))
    filled = sum(map(len, placed.values()))
    dense = filled >= LEAST_FILLED * len(placed) * len(columns)
    if len(placed) < 2 or len(columns) > MOST_COLUMNS or not dense:
        return None, list(entries)
    rows = [(name, [row.get(column) for column in columns]) for name, row in placed.items()]
    return Matrix(columns, rows), rest


def ranking_table(rankings: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Teachers in the first ranking's order; by definition a rank and the ranks that remain possible."""
    places = [
        {one["teacher"]: (str(one["rank"]), _span(one["rank_interval"])) for one in ranking["teachers"]}
        for ranking in rankings
    ]
    return [(teacher, [place.get(teacher, (NONE, "")) for place in places]) for teacher in places[0]]


def _span(interval: Sequence[int] | None) -> str:
    return f"{interval[0]}–{interval[1]}" if interval else ""
