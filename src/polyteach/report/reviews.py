"""What native speakers said, as a section of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyteach.report import wording
from polyteach.report.charts import Chart, Interval, intervals
from polyteach.report.charts.axis import mark

Plain = Mapping[str, Any]
_EVEN = 0.5
"""The share of pairs that a teacher wins who is neither better nor worse than the others."""
_SCORES = {"gain": "gain of students", "quality": "quality", "robust": "robust score"}
_FEW_REVIEWERS = 3


def reviews(reviewed: Plain | None, teachers: list[str]) -> list[dict[str, Any]]:
    """The section, language by language; empty where nobody reviewed anything.

    Args:
        reviewed: as in `reviews.json`; None where there is none.
        teachers: of the report; others are not shown.
    """
    return [_language(one, teachers) for one in (reviewed or {"languages": []})["languages"]]


def _language(one: Plain, teachers: list[str]) -> dict[str, Any]:
    rows = [entry for entry in one["teachers"] if entry["teacher"] in teachers]
    return {
        "language": one["language"],
        "sentence": _sentence(rows, one["reviewers"]),
        "chart": _chart(rows, one["language"]),
        "rows": rows,
        "reviewers": one["reviewers"],
        "agreements": list(_agreements(one)),
        "silent": [e["metric"] for e in one["with_metrics"] if e["agreement"]["value"] is None],
        "left_out": [(reason.replace("_", " "), count) for reason, count in one["left_out"].items()],
        "definitions": list(dict.fromkeys(entry[name]["definition"] for entry in rows for name in _FIGURES)),
        "few": len({entry["reviewer"] for entry in one["reviewers"]}) < _FEW_REVIEWERS,
    }


_FIGURES = ("preference", "mark")


def _sentence(rows: list[Plain], reviewers: list[Plain]) -> str:
    """What to read from it, in a sentence."""
    known = [row for row in rows if row["preference"]["value"] is not None]
    if not known:
        return "No pair of answers was judged."
    who = "The reviewer" if len({entry["reviewer"] for entry in reviewers}) == 1 else "The reviewers"
    clear = [row["teacher"] for row in known if _sign(row["preference"]) == ""]
    worse = [row["teacher"] for row in known if _sign(row["preference"]) == "below"]
    if not clear and not worse:
        return f"{who} did not clearly prefer any teacher: every interval reaches one half."
    parts = [f"preferred answers of {', '.join(clear)}"] if clear else []
    parts += [f"liked those of {', '.join(worse)} less than others’"] if worse else []
    return f"{who} clearly {' and '.join(parts)}; nobody knew who had written what."


def _sign(figure: Plain) -> str:
    """How the interval lies to one half; unclear without one."""
    if figure["low"] is None or figure["high"] is None:
        return "unclear"
    return mark(figure["low"] - _EVEN, figure["high"] - _EVEN)


def _chart(rows: list[Plain], language: str) -> Chart | None:
    shown = [
        Interval(
            row["teacher"],
            figure["value"],
            figure["low"],
            figure["high"],
            text=f"{wording.number(figure['value'], 2)} {wording.bounds(figure, 2)}".rstrip(),
            sign=_sign(figure),
            aside=_EVEN,
        )
        for row in rows
        if (figure := row["preference"])["value"] is not None
    ]
    if not shown:
        return None
    title = f"What reviewers preferred in {wording.language(language)}"
    said = "; ".join(f"{row.name}: {row.text}" for row in shown)
    return intervals(shown, title=title, description=said, heads=("", "teacher", "pairs won"), hold=[1.0])


def _agreements(one: Plain) -> Iterator[tuple[str, str, Plain]]:
    """(between whom, as what, figure) of every agreement that has a value; the reviewers' own always."""
    yield "reviewers, marks", "alpha", one["agreement"]["marks"]
    yield "reviewers, pairs", "alpha", one["agreement"]["choices"]
    yield "a reviewer and themselves, marks", "share the same", one["consistency"]["same_mark"]
    yield "a reviewer and themselves, pairs", "share the same", one["consistency"]["same_choice"]
    for entry in one["with_metrics"]:
        if entry["is_judge"]:
            yield "marks and the judge’s", "rho within prompts", entry["agreement"]
        elif entry["agreement"]["value"] is not None:
            yield f"marks and {entry['metric'].replace('_', ' ')}", "rho within prompts", entry["agreement"]
    for name, figure in one["with_scores"].items():
        if figure["value"] is not None:
            yield f"preference and {_SCORES[name]}", "rho over teachers", figure
