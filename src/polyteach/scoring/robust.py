"""The robust PG-Score: 100 * [(1 - a) * mean gain + a * mean quality], the score teachers are ranked by.

Both parts are read between anchors that no teacher touches: gain between base and a perfect student, quality
between corrupted and human data. So higher student accuracy never lowers it, and adding or removing a teacher
changes no other teacher's score. Ranks and rank intervals do depend on who takes part.
"""

from __future__ import annotations

from polyteach.scoring.gain import CellEstimate
from polyteach.scoring.intervals import combine
from polyteach.scoring.overall import Known
from polyteach.scoring.quality import Quality

SCALE = 100.0
DEFINITION = (
    "robust PG-Score = 100 * [(1 - a) * gain + a * quality]; a is 0 in a language where no metric "
    "passes the gate"
)
TEACHER_DEFINITION = f"{DEFINITION}; mean over bases, then over languages"


def cell_score(gain: CellEstimate | None, no_gain: str | None, quality: Quality, weight: float) -> Known:
    """The score of one teacher in one language, for one base.

    The error over trials stays on the gain's scale: the weight is in `trial_load`, so the trials' variance of
    gains, pooled over cells, serves every language whatever its weight.

    Args:
        gain: over the benchmarks that count.
        no_gain: why there is none.
        quality: of the cell's data.
        weight: a; without any metric that passes it is 0 here.
    """
    if gain is None:
        return Known(None, no_gain or "no gain")
    a = weight if quality.counts else 0.0
    parts = [(SCALE * (1 - a), gain.estimate)]
    if a > 0:
        if quality.estimate is None:
            return Known(None, f"no quality: {quality.reason}")
        parts.append((SCALE * a, quality.estimate))
    return Known(combine(parts))
