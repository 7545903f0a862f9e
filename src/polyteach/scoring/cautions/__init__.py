"""What a reader of the results must know before believing them; each caution is derived from the numbers."""

from __future__ import annotations

from polyteach.scoring.cautions import (
    of_benchmarks,
    of_contestants,
    of_data,
    of_side_effects,
    of_students,
)
from polyteach.scoring.cautions.caution import Caution
from polyteach.scoring.cells import Scored
from polyteach.scoring.leaderboard import Ranking
from polyteach.scoring.side_effects import SideEffects

__all__ = ["Caution", "cautions"]


def cautions(scored: Scored, ranking: Ranking, effects: SideEffects | None) -> list[Caution]:
    """All cautions of a study, the gravest (`report.view.GRAVE`) first, each kind in the study's order."""
    return [
        *of_students.rehearsal(scored),
        *of_students.nothing_learned(scored, ranking),
        *of_data.failed_requests(scored),
        *of_students.little_worth(ranking),
        *of_students.little_worth_raw(scored, ranking),
        *of_students.short_reference(scored),
        *of_students.failures(scored),
        *of_benchmarks.no_reference(scored),
        *of_benchmarks.no_benchmark(scored),
        *of_benchmarks.inverted_anchors(scored),
        *of_students.one_trial(scored),
        *of_students.gain_disagrees(ranking),
        *of_students.unequal_rows(scored),
        *of_side_effects.lost_languages(effects),
        *of_side_effects.other_language_answers(effects),
        *of_benchmarks.left_out(scored),
        *of_benchmarks.lacks_language(scored),
        *of_benchmarks.one_benchmark(scored),
        *of_benchmarks.identical(scored),
        *of_benchmarks.unscored(scored),
        *of_contestants.seed_data_competes(scored),
        *of_contestants.fewer_rows(scored),
        *of_data.short_sources(scored.evidence),
        *of_data.no_metric_passes(scored),
        *of_data.doubtful_judge(scored.evidence),
        *of_data.asks_the_judge(scored),
        *of_data.low_fidelity(scored),
        *of_data.low_rows(scored),
        *of_data.scorer_family(scored.evidence),
        *of_data.components(scored),
    ]
