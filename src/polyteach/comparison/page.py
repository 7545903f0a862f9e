"""A comparison as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyteach.comparison.comparing import Change, Comparison, Standing
from polyteach.comparison.decomposition import Decomposition
from polyteach.comparison.words import (
    TITLES,
    parts_shown,
    sentences,
    settings_shown,
    signed,
    signed_bounds,
    why,
)
from polyteach.report.html import STYLES, whole_page

TEMPLATES = Path(__file__).parent / "templates"
TITLE = "polyteach compare"
_HEAD_BYTES = 4096


def comparison_page(found: Comparison) -> str:
    """The page, whole."""
    return whole_page(
        "compare.html.j2",
        styles=(*STYLES, "compare.css"),
        folders=[TEMPLATES],
        page_title=TITLE,
        runs=[
            {
                "label": label,
                "study": run.results.study.model_dump(),
                "verdict": run.results.verdict.model_dump(),
                "digest": run.results.definitions_digest[:12],
            }
            for label, run in zip(found.labels, found.runs, strict=True)
        ],
        standings=[
            {"teacher": name, "runs": [s and _standing(s) for s in standings]}
            for name, standings in found.standings.items()
        ],
        changes=[_change(change) for change in found.changes],
    )


def is_page(path: Path) -> bool:
    """Whether a file is a page of comparisons."""
    with path.open("rb") as file:
        return f"<title>{TITLE}".encode() in file.read(_HEAD_BYTES)


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "rank": list(standing.rank_interval) if standing.rank_interval else None,
        **{name: getattr(standing, name).to_json() for name in ("score", "gain", "quality")},
    }


def _change(change: Change) -> dict[str, Any]:
    used = parts_shown(t.made_of for t in change.teachers)
    return {
        "before": change.before,
        "after": change.after,
        "sentences": sentences(change),
        "settings": settings_shown(change),
        "source": change.settings.source,
        "parts": [TITLES[name] for name in used],
        "teachers": [
            {
                "teacher": t.teacher,
                "figure": t.score.to_json(),
                "score": signed(t.score.value),
                "bounds": signed_bounds(t.score),
                "clearly": t.clearly,
                "parts": [
                    t.made_of.parts[name] if isinstance(t.made_of, Decomposition) else None for name in used
                ],
                "shown": [
                    signed(t.made_of.parts[name]) if isinstance(t.made_of, Decomposition) else "–"
                    for name in used
                ],
                "why": why(t, change),
            }
            for t in change.teachers
        ],
        "definition": next((t.score.definition for t in change.teachers), ""),
    }
