"""Runs compared, in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.comparison.comparing import Comparison, compare_opened, to_json
from polyteach.comparison.decomposition import PARTS, Decomposition
from polyteach.notebook import frames
from polyteach.notebook.frames import COUNT, FLAG, NUMBER, TEXT
from polyteach.notebook.run import Run, open_run

if TYPE_CHECKING:
    import pandas as pd


class Compared:
    """Runs side by side, and why those of later ones are not as the first; see docs/compare.md."""

    def __init__(self, found: Comparison) -> None:
        self.found = found

    def to_json(self) -> dict[str, Any]:
        """What `polyteach compare --json` prints."""
        return to_json(self.found)

    @property
    def summary(self) -> list[str]:
        """What sets the runs apart, in sentences."""
        return [text for change in self.to_json()["changes"] for text in change["summary"]]

    def scores(self) -> pd.DataFrame:
        """One line a teacher and run: score and ranks."""
        columns = {"teacher": TEXT, "run": TEXT, "rank_low": COUNT, "rank_high": COUNT}
        lines = (
            [
                name,
                label,
                *(standing.rank_interval or (None, None)),
                *frames.ends_of(standing.score.to_json()),
            ]
            for name, standings in self.found.standings.items()
            for label, standing in zip(self.found.labels, standings, strict=True)
            if standing
        )
        return frames.frame({**columns, **frames.columns_of("score")}, lines)

    def changes(self) -> pd.DataFrame:
        """One line a teacher and later run: the change of its score with its interval, and its parts.

        The parts (`part_gain`, `part_quality`, ...) sum to the change; they are NA where it cannot be taken
        apart. `paired` is whether the interval is paired by item.
        """
        columns = {
            "teacher": TEXT,
            "run": TEXT,
            **frames.columns_of("score"),
            **{f"part_{name}": NUMBER for name in PARTS},
            "paired": FLAG,
            "clearly": TEXT,
        }
        lines = (
            [
                t.teacher,
                change.after,
                *frames.ends_of(t.score.to_json()),
                *(t.made_of.parts[n] if isinstance(t.made_of, Decomposition) else None for n in PARTS),
                change.errors.paired,
                t.clearly,
            ]
            for change in self.found.changes
            for t in change.teachers
        )
        return frames.frame(columns, lines)

    def settings(self) -> pd.DataFrame:
        """The settings that differ from the first run's."""
        lines = (
            [change.after, c.key, c.before, c.after]
            for change in self.found.changes
            for c in change.settings.changes
        )
        return frames.frame(dict.fromkeys(("run", "setting", "before", "after"), TEXT), lines)

    def __repr__(self) -> str:
        return "\n".join(self.summary)

    def _repr_html_(self) -> str:
        from polyteach.notebook.showing import comparison_html

        return comparison_html(self.found)


def compare(first: Run | str | Path, *others: Run | str | Path) -> Compared:
    """Compares runs with the first of them.

    Raises:
        UserError: there is no other, or one cannot be opened.
    """
    runs = [run if isinstance(run, Run) else open_run(run) for run in (first, *others)]
    return Compared(compare_opened([run.opened for run in runs]))
