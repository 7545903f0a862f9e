"""How runs and comparisons look in a notebook: small tables, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from polyteach.report import wording

if TYPE_CHECKING:
    from polyteach.comparison.comparing import Comparison
    from polyteach.notebook.run import Run

MOST_WARNINGS = 5


def run_html(run: Run) -> str:
    """Verdict, ranking and the first warnings."""
    rows = []
    for entry in run.results["leaderboard"]:
        score = entry["scores"]["robust"]
        rows.append(
            [
                wording.ranks(entry["rank_interval"]),
                entry["teacher"],
                wording.number(score["value"], 1),
                wording.bounds(score, 1),
                wording.number(entry["gain"]["value"]),
                wording.number(entry["quality"]["value"]),
            ]
        )
    warnings = run.results["warnings"]
    told = "".join(f"<li>{_safe(warning['message'])}</li>" for warning in warnings[:MOST_WARNINGS])
    more = len(warnings) - MOST_WARNINGS
    told += f"<li>{more} more: <code>run.warnings</code></li>" if more > 0 else ""
    table = _table(("rank", "teacher", "score", "95% interval", "gain", "quality"), rows)
    return f"<p><strong>{_safe(run.name)}</strong>: {_safe(run.verdict.text)}</p>{table}<ul>{told}</ul>"


def comparison_html(found: Comparison) -> str:
    """What sets the runs apart, and why scores changed."""
    from polyteach.comparison.words import sentences, signed, why

    parts = []
    for change in found.changes:
        rows = [[t.teacher, signed(t.score.value), " ".join(why(t, change))] for t in change.teachers]
        said = "".join(f"<li>{_safe(text)}</li>" for text in sentences(change))
        title = _safe(f"{change.after}, compared with {change.before}")
        parts.append(
            f"<p><strong>{title}</strong></p><ul>{said}</ul>{_table(('teacher', 'score', 'why'), rows)}"
        )
    return "".join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_safe(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_safe(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _safe(text: str) -> str:
    return escape(wording.printable(text))
