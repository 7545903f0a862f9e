from __future__ import annotations

import json
from dataclasses import replace
from math import sqrt

import pytest

from polyteach.figures import Figure, undefined
from polyteach.scoring.records import GatedFigures, GateMetric, Usage
from polyteach.selection.screen.ranking import (
    RankEntry,
    ScreenedCell,
    ScreenedRow,
    Screening,
    blind_points,
    rank_screen,
)

ASKED = 200


def fig(value: float, se: float | None = None) -> Figure:
    return Figure(value, "made up", n=ASKED, se=se)


def metric(name: str, language: str = "de", human: float = 1.0, passes: bool = True) -> GateMetric:
    sees = ("shuffled", "swapped") if name == "rubric" else ("wrong_language",)
    reason = None if passes else "too low"
    return GateMetric(language, name, "row", sees, passes, reason, fig(human), fig(0.0))


GATE = [metric("prompt_fidelity"), metric("response_fidelity"), metric("rubric", human=5.0)]


def cell(
    candidate: str = "a",
    language: str = "de",
    *,
    rubric: float = 5.0,
    wrong: int = 0,
    copies: int = 0,
    failures: dict[str, int] | None = None,
    asked: int = ASKED,
    se: float = 0.0,
    usages: tuple[Usage, ...] = (),
    alike: str = "respond",
) -> ScreenedCell:
    """The first rows are in the wrong language, the last ones copies; the last requests have no row."""
    requests = [f"{alike}/{number}" for number in range(asked)]
    made = requests[: asked - sum((failures or {}).values())]
    rows = [
        ScreenedRow(request, True, place >= wrong, place >= len(made) - copies)
        for place, request in enumerate(made)
    ]
    figures = {
        "prompt_fidelity": fig(1.0),
        "response_fidelity": fig(1 - wrong / max(asked, 1)),
        "rubric": fig(rubric, se),
    }
    gated = GatedFigures(candidate, language, asked, figures)
    return ScreenedCell(candidate, language, requests, rows, failures or {}, {}, gated, usages)


def ranked(
    *cells: ScreenedCell, gate: list[GateMetric] = GATE, languages: tuple[str, ...] = ("de",)
) -> Screening:
    return rank_screen(cells, gate, languages, 1)


def whole(screening: Screening) -> dict[str, RankEntry]:
    return {entry.candidate: entry for entry in screening.ranking if entry.language is None}


def test_score_is_usable_share_times_quality() -> None:
    """160 of 200 requests are usable; the judge gives 4 of 5, fidelities are 1 and .95."""
    measured = cell(rubric=4.0, wrong=10, copies=20, failures={"unparsable": 10})
    one = ranked(measured).cells[0]
    assert one.usable.value == 0.8 and one.usable_rows == 160
    assert one.quality.figure().value == pytest.approx(0.8)
    assert one.figure.value == pytest.approx(100 * 0.8 * 0.8)
    unjudged = ranked(measured, gate=GATE[:2]).cells[0]
    assert unjudged.figure.value == pytest.approx(100 * 0.8 * (1 + 0.95) / 2)


def test_error_of_a_score_is_that_of_a_product() -> None:
    """To first order: that of the share of requests by q = .8, and the rubric's, on its scale, by u = .9."""
    figure = ranked(cell(wrong=20, rubric=4.0, se=0.05)).cells[0].figure
    of_requests = 100 * 0.8 * sqrt(0.9 * 0.1 / (ASKED - 1))
    of_rows = 100 * 0.9 * 0.05 / 5
    assert figure.se == pytest.approx(sqrt(of_requests**2 + of_rows**2))


def test_adding_a_candidate_changes_no_other_score() -> None:
    two = [cell("a", rubric=4.5), cell("b", rubric=4.0, wrong=5)]
    before, after = whole(ranked(*two)), whole(ranked(*two, cell("c", rubric=1.0), cell("d", wrong=90)))
    assert {name: after[name].score for name in before} == {name: one.score for name, one in before.items()}


@pytest.mark.parametrize("fault", [{"wrong": 60}, {"copies": 160}])
def test_who_strays_or_copies_stands_below_a_clean_one_with_a_far_lower_score(fault: dict[str, int]) -> None:
    found = whole(ranked(cell("dirty", **fault), cell("poor", rubric=0.1, failures={"refusal": 185})))
    assert (found["dirty"].score.value or 0) > (found["poor"].score.value or 0)
    assert found["poor"].rank_interval == (1, 1) and found["poor"].excluded is None
    assert found["dirty"].rank_interval == (2, 2) and found["dirty"].excluded


def test_answers_refused_for_their_language_count_even_where_the_rows_are_clean() -> None:
    """60 answers were asked again and came right: 60 of 260 answers."""
    asked_again = cell("strays", usages=(Usage(retried={"wrong_language": 60}),))
    refused = cell("refused", failures={"wrong_language": 60})
    screening = ranked(asked_again, refused, cell("other", rubric=2.0))
    shares = [one.wrong_language.value for one in screening.cells]
    assert shares == pytest.approx([60 / 260, 60 / 200, 0])
    assert screening.verdict.kind == "best" and screening.verdict.candidates == ("other",)


def test_a_share_at_its_limit_excludes_nobody() -> None:
    assert ranked(cell(wrong=20)).cells[0].excluded is None
    assert ranked(cell(copies=100)).cells[0].excluded is None
    assert ranked(cell(wrong=28)).cells[0].excluded is None  # .14, its interval begins at .099
    assert ranked(cell(wrong=29)).cells[0].excluded  # .145, .103


def test_the_identifiers_own_mistakes_raise_the_limit() -> None:
    gate = [metric("prompt_fidelity", human=0.98), metric("response_fidelity", human=0.9)]
    excluded = [ranked(cell(wrong=w), gate=gate).cells[0].excluded for w in (40, 60)]
    assert excluded[0] is None and excluded[1] == "30% of its answers are in another language (limit 22%)"


def test_equal_candidates_tie_and_the_order_given_moves_nothing() -> None:
    cells = [cell(name, rubric=4.0, se=0.05) for name in "abc"]
    screening = ranked(*cells)
    assert screening.verdict.kind == "tie" and screening.verdict.candidates == ("a", "b", "c")
    assert {entry.rank_interval for entry in screening.ranking} == {(1, 3)}
    assert ranked(*reversed(cells)).ranking == screening.ranking


def test_paired_requests_tell_apart_what_independent_ones_do_not() -> None:
    """Ten rows fewer, the same rows else: paired, 10 of 200 differ; unpaired, .2 and .25 of 200 requests."""
    better, worse = cell("a", copies=40), cell("b", copies=50)
    assert ranked(better, worse).verdict.kind == "best"
    other = cell("b", copies=50, alike="generate")
    assert ranked(better, other).verdict.kind == "tie"


def test_who_is_not_among_the_best_is_not_said_to_be_below_each_of_them() -> None:
    """c is surely below b, whose requests it shares, and not below a, whose score is as high as b's."""
    found = ranked(cell("a", copies=40, alike="generate"), cell("b", copies=40), cell("c", copies=50))
    assert found.verdict.candidates == ("a", "b")
    assert whole(found)["b"].surely_above == ("c",) and not whole(found)["a"].surely_above
    assert "Surely below another candidate: c." in found.verdict.text


def test_without_a_judge_a_difference_must_be_beyond_ten_points() -> None:
    """By the fidelities alone 3 points are sure and say nothing of sound answers; 12 points of rows do."""
    sound, odd, poor = cell("sound"), cell("odd", wrong=12), cell("poor", failures={"refusal": 40})
    assert whole(ranked(sound, odd))["sound"].surely_above == ("odd",)
    blind = whole(ranked(sound, odd, poor, gate=GATE[:2]))
    assert blind["sound"].score.value - blind["odd"].score.value == pytest.approx(100 - 94 * 0.97)
    assert blind["sound"].surely_above == ("poor",) and blind["odd"].rank_interval == (1, 3)


def test_one_language_with_a_judge_and_one_without_halve_the_blind_points() -> None:
    gate = GATE + [replace(one, language="ja") for one in GATE[:2]]
    assert [blind_points(gate, places) for places in (["de"], ["ja"], ["de", "ja"], ["fi"])] == [0, 10, 5, 0]


def test_rows_nearer_to_damage_are_warned_of_though_the_judge_likes_them() -> None:
    one = cell("a", wrong=0)
    gated = replace(one.gated, figures={**one.gated.figures, "prompt_fidelity": fig(0.3, 0.01)})
    warnings = ranked(replace(one, gated=gated)).warnings
    assert [caution.message for caution in warnings if caution.code == "near_damage"] == [
        "By prompt_fidelity a's rows are nearer to damaged than to human ones."
    ]


def test_one_candidate_has_nothing_to_be_compared_with() -> None:
    screening = ranked(cell())
    assert screening.verdict.kind == "nothing_to_compare"
    assert whole(screening)["a"].rank_interval == (1, 1)


def test_no_candidate_at_all() -> None:
    screening = rank_screen([], GATE, ["de"], 1)
    assert screening.verdict.kind == "inconclusive" and screening.ranking == []


def test_all_excluded_is_inconclusive() -> None:
    screening = ranked(cell("a", wrong=100), cell("b", copies=180))
    assert screening.verdict.kind == "inconclusive" and screening.verdict.candidates == ()
    assert sorted(entry.rank_interval or () for entry in whole(screening).values()) == [(1, 1), (2, 2)]


def test_without_a_metric_the_usable_share_ranks_and_that_is_said() -> None:
    gate = [replace(one, passes=False, reason="too low") for one in GATE]
    screening = ranked(cell("a"), cell("b", failures={"refusal": 100}), gate=gate)
    assert [one.figure.value for one in screening.cells] == [100.0, 50.0]
    assert screening.cells[0].quality.figure().value is None
    assert screening.verdict.candidates == ("a",) and "usable share alone" in screening.verdict.text
    assert "no_metric_passes" in {caution.code for caution in screening.warnings}
    assert any("no metric passes" in text for text in screening.cannot_see)


def test_a_teacher_that_fails_half_its_requests_has_half_the_score() -> None:
    screening = ranked(cell("half", failures={"refusal": 60, "empty_response": 40}), cell("whole"))
    scores = {name: entry.score.value for name, entry in whole(screening).items()}
    assert scores == {"half": pytest.approx(50), "whole": pytest.approx(100)}
    assert screening.verdict.candidates == ("whole",)
    assert any(caution.code == "failed_requests" for caution in screening.warnings)


def test_requests_that_nobody_answered_are_no_fault_of_the_candidate() -> None:
    one = ranked(cell(failures={"unanswered": 8, "refusal": 2})).cells[0]
    assert one.usable.value == pytest.approx(190 / 192)
    assert one.usable.unscored == {"unanswered": 8}
    assert one.figure.unscored == {"unanswered": 8}


def test_nothing_answered_or_asked_is_no_score() -> None:
    silent = cell("silent", failures={"unanswered": ASKED})
    nothing = cell("nothing", asked=0)
    found = whole(ranked(silent, nothing, cell("other")))
    assert found["silent"].rank_interval is None and found["nothing"].rank_interval is None
    assert found["nothing"].score.reason == "no score in de (nothing was asked)"


def test_quality_that_could_not_be_measured_ranks_nobody() -> None:
    bare = cell("bare")
    gated = replace(bare.gated, figures={**bare.gated.figures, "rubric": undefined("made up", "3 rows")})
    screening = ranked(replace(bare, gated=gated), cell("b"), cell("c"))
    assert whole(screening)["bare"].score.reason == "no score in de (no quality: rubric: 3 rows)"
    assert "Without a score: bare" in screening.verdict.text


def test_overall_is_the_mean_over_languages_for_those_complete_on_them() -> None:
    gate = GATE + [replace(one, language="ja") for one in GATE]
    cells = [cell("a", rubric=5.0), cell("a", "ja", rubric=2.5), cell("b")]
    screening = rank_screen(cells, gate, ["de", "ja"], 1, missing={("b", "ja"): "its step failed"})
    found = whole(screening)
    assert found["a"].score.value == pytest.approx((100 + 50) / 2)
    assert found["b"].score.reason == "no score in ja (its step failed)"
    assert [e.candidate for e in screening.ranking if e.language == "ja"] == ["a", "b"]


def test_excluded_in_one_language_is_excluded_overall() -> None:
    gate = GATE + [replace(one, language="ja") for one in GATE]
    cells = [cell("a"), cell("a", "ja", wrong=100), cell("b", rubric=2.0), cell("b", "ja", rubric=2.0)]
    screening = rank_screen(cells, gate, ["de", "ja"], 1)
    assert whole(screening)["a"].rank_interval == (2, 2)
    assert [e.candidate for e in screening.ranking if e.language == "de"] == ["a", "b"]


def test_what_it_rests_on_and_cannot_see_follows_what_was_measured() -> None:
    judged = ranked(cell("a"), cell("b"))
    assert any("all are the same for all" in text for text in judged.rests_on)
    some = ranked(cell("a"), cell("b"), cell("c", alike="generate"))
    assert any("none is the same for all; where some were asked the same" in t for t in some.rests_on)
    assert any("wrong facts that the judge does not know" in text for text in judged.cannot_see)
    unjudged = ranked(cell("a"), cell("b", alike="generate"), gate=GATE[:2])
    assert any("independent requests" in text for text in unjudged.rests_on)
    assert "de: wrong facts, and which of sound answers is better: no judge was asked." in unjudged.cannot_see
    assert any("cut off" in text for text in unjudged.cannot_see)
    assert "No judge counts here" in unjudged.verdict.text
    failed = ranked(cell("a"), gate=[*GATE[:2], metric("rubric", passes=False)])
    assert any("the judge does not pass the gate (too low)" in text for text in failed.cannot_see)


def test_a_failed_gate_leaves_quality_unknown() -> None:
    screening = rank_screen([cell("a"), cell("b")], [], ["de"], 1, gate_failed=["de"])
    assert screening.verdict.kind == "inconclusive"
    assert whole(screening)["a"].score.reason == "no score in de (no quality: the gate's step failed)"
    assert "gate_failed" in {caution.code for caution in screening.warnings}


def test_money_is_for_ten_thousand_usable_rows() -> None:
    priced = cell(copies=100, usages=(Usage(money=0.3), Usage(money=0.2)))
    assert ranked(priced).cells[0].money_per_10k == pytest.approx(0.5 / 100 * 10_000)
    assert ranked(cell(usages=(Usage(money=None), Usage()))).cells[0].money_per_10k is None
    assert ranked(cell(copies=ASKED, usages=(Usage(money=1.0),))).cells[0].money_per_10k is None


def test_json_is_plain_and_the_same_twice() -> None:
    cells = [cell("a", rubric=4.0, se=0.1), cell("b", wrong=60), cell("c", asked=0)]
    texts = [json.dumps(ranked(*cells).to_json(), allow_nan=False) for _ in range(2)]
    assert texts[0] == texts[1]
    plain = json.loads(texts[0])
    assert {"usable", "wrong_language", "duplicates", "quality", "score", "excluded"} <= set(
        plain["cells"][0]
    )
    assert set(plain) == {"cells", "ranking", "verdict", "rests_on", "cannot_see", "warnings"}
    assert plain["ranking"][-1]["rank_interval"] is None


def test_cells_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="one cell a candidate"):
        ranked(cell("a"), cell("a"))
    with pytest.raises(ValueError, match="of a request each"):
        replace(cell("a"), requests=["respond/0"])
