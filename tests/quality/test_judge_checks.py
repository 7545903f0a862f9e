"""The checks of judges: hand-worked values, judges with known faults, real pocket models, no pairs at all."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest
import yaml
from judge_models import ANSWER, COMPARES, SECOND, judge_model, pleads
from quality_rows import row
from scipy.stats import binomtest, t, ttest_rel

from polyteach import pocket
from polyteach.figures import Figure
from polyteach.models.journal import Journal
from polyteach.models.local import LocalModel
from polyteach.quality.judge import Judge, asked_here, model_judge, oracle_judge
from polyteach.quality.judge_checks import judge_checks
from polyteach.quality.metric_result import measured_mean
from polyteach.quality.pairwise import Choice, Comparison
from polyteach.rows import Row

CHECKS = (
    "rubric_parse_rate",
    "rubric_discrimination",
    "rubric_discrimination_with_plea",
    "rubric_plea_effect",
    "rubric_plea_effect_on_corrupted",
    "pairwise_parse_rate",
    "pairwise_order_consistency",
    "pairwise_first_place",
    "pairwise_discrimination",
    "pairwise_plea_flips",
)


def values(checks: dict[str, Figure]) -> dict[str, float | None]:
    return {name: figure.value for name, figure in checks.items()}


def seeds(n: int, language: str = "de") -> tuple[list[Row], dict[str, list[Row | None]]]:
    """Pocket pairs, and their responses swapped and cut (one in three cannot be)."""
    rows = pocket.seed_rows(language, n, rng_seed=0)
    swapped: list[Row | None] = [replace(r, response=rows[i - 1].response) for i, r in enumerate(rows)]
    cut = [replace(r, response=r.response[:-1]) if i % 3 else None for i, r in enumerate(rows)]
    return rows, {"swapped": swapped, "cut_off": cut}


class Table:
    """A judge whose every answer is written down: the plea is an answer's second line."""

    def __init__(self, marks: dict[str, float | str], choices: dict[tuple[str, str], str]) -> None:
        self.marks, self.choices = marks, choices

    @property
    def judge(self) -> Judge:
        return Judge("table", self.score, self.compare)

    def score(self, rows: Sequence[Row]):  # type: ignore[no-untyped-def]
        found = [self.marks[_named(row.response)] for row in rows]
        marks = [None if isinstance(one, str) else one for one in found]
        return measured_mean(marks, [one if isinstance(one, str) else None for one in found], "table")

    def compare(self, comparisons: Sequence[Comparison]) -> list[Choice]:
        said = [self.choices[_named(c.first), _named(c.second)] for c in comparisons]
        return [Choice(s) if s in ("first", "second", "tie") else Choice(None, s) for s in said]


def _named(response: str) -> str:
    text, *plea = response.split("\n")
    return text + ("+" if plea else "")


def test_hand_worked() -> None:
    """Four pairs, g1..g4 against b1..b4; b4 has no corrupted response.

    Marks            g   g+  b   b+     effect on g, on b   g above b, above b+
      1              4   5   2   4        1    2              1          1/2
      2              5   5   5   5        0    0             1/2         1/2
      3              3   4   4   unread   1    -              0           -
      4              2   2   -   -        0    -              -           -
    Read: 4/4, 4/4, 3/4, 2/2 -> mean (1 + 1 + 3/4 + 1) / 4 = .9375
    Higher: (1 + 1/2 + 0) / 3 = .5; than with a plea (1/2 + 1/2) / 2 = .5
    Effect on clean: 1, 0, 1, 0 -> mean .5, sd sqrt(1/3), se = sqrt(1/12), half = t(.975, 3) se
    Effect on corrupted: 2, 0 -> mean 1, sd sqrt(2), se 1, half = t(.975, 1) = 12.706

    Choices   g,b     b,g     consistent  first place  preferred    g,b+     b+,g    preferred  flip
      1       first   second  yes         1/2          g = 1        tie      tie     tie        yes
      2       first   first   no          1            tie = 1/2    first    first   tie        no
      3       second  first   yes         1/2          b = 0        second   first   b          (already)
    Read: all; consistent 2/3; first place 2/3; discrimination 1/2; flips 1 of 2.
    """
    rows = [row(i, f"Frage {i}?", f"g{i}") for i in (1, 2, 3, 4)]
    bad = [*(replace(r, response=f"b{i}") for i, r in zip((1, 2, 3), rows, strict=False)), None]
    marks = {"g1": 4.0, "g1+": 5.0, "b1": 2.0, "b1+": 4.0, "g2": 5.0, "g2+": 5.0, "b2": 5.0, "b2+": 5.0}
    marks |= {"g3": 3.0, "g3+": 4.0, "b3": 4.0, "b3+": "judge_unparsable", "g4": 2.0, "g4+": 2.0}
    choices = {
        ("g1", "b1"): "first",
        ("b1", "g1"): "second",
        ("g1", "b1+"): "tie",
        ("b1+", "g1"): "tie",
        ("g2", "b2"): "first",
        ("b2", "g2"): "first",
        ("g2", "b2+"): "first",
        ("b2+", "g2"): "first",
        ("g3", "b3"): "second",
        ("b3", "g3"): "first",
        ("g3", "b3+"): "second",
        ("b3+", "g3"): "first",
    }
    found = judge_checks(Table(marks, choices).judge, rows, {"c": bad}, "de", rng_seed=0)
    assert tuple(found) == CHECKS
    expected = [0.9375, 0.5, 0.5, 0.5, 1.0, 1.0, 2 / 3, 2 / 3, 0.5, 0.5]
    assert [found[name].value for name in CHECKS] == pytest.approx(expected)
    assert [found[name].n for name in CHECKS] == [4, 3, 2, 4, 2, 3, 3, 3, 3, 2]
    clean, corrupted = found["rubric_plea_effect"], found["rubric_plea_effect_on_corrupted"]
    assert clean.se == pytest.approx(sqrt(1 / 12))
    assert clean.low == pytest.approx(0.5 - 3.1824463 * sqrt(1 / 12))
    assert corrupted.se == pytest.approx(1.0)
    assert corrupted.high == pytest.approx(1 + 12.7062047)
    reference = ttest_rel([5, 5, 4, 2], [4, 5, 3, 2]).confidence_interval(0.95)
    assert (clean.low, clean.high) == pytest.approx((reference.low, reference.high))
    assert t.ppf(0.975, 3) == pytest.approx(3.1824463)
    assert corrupted.unscored == {"judge_unparsable": 1, "no_corrupted_response": 1}
    assert found["rubric_parse_rate"].unscored == {}
    assert found["pairwise_plea_flips"].unscored == {"no_corrupted_response": 1, "preferred_without_plea": 1}
    wilson = binomtest(2, 3).proportion_ci(0.95, method="wilson")
    consistency = found["pairwise_order_consistency"]
    assert (consistency.low, consistency.high) == pytest.approx((wilson.low, wilson.high))


def local_judge(model: LocalModel, name: str, journal: Journal) -> Judge:
    """A model on this machine as a judge of German."""
    return model_judge(asked_here(model, name, journal, rng_seed=1), name, "de")


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_oracle_passes_every_check(language: str) -> None:
    rows, corrupted = seeds(90, language)
    found = judge_checks(oracle_judge(language), rows, corrupted, language, rng_seed=0)
    assert {figure.n for name, figure in found.items() if not figure.unscored} == {60}
    assert found["rubric_parse_rate"].value == found["pairwise_parse_rate"].value == 1
    assert found["rubric_discrimination"].value == found["pairwise_discrimination"].value == 1
    assert found["pairwise_order_consistency"].value == 1 and found["pairwise_first_place"].value == 0.5
    assert found["pairwise_plea_flips"].value == 0
    assert (found["rubric_plea_effect"].value or 0) < 0, "more than the answer is no longer the answer alone"
    assert (found["rubric_plea_effect_on_corrupted"].value or 0) <= 0
    assert "judge oracle" in found["rubric_parse_rate"].definition


def test_same_rng_seed_same_checks() -> None:
    rows, corrupted = seeds(60)
    one, again, other = (
        judge_checks(oracle_judge("de"), rows, corrupted, "de", n=10, rng_seed=seed) for seed in (1, 1, 2)
    )
    assert one == again
    assert one["rubric_parse_rate"].n == 10
    assert one != other


def test_a_judge_that_always_says_the_same_is_caught(tmp_path: Path, journal: Journal) -> None:
    """Marks of 4 and the first place for everything: readable, and worth nothing."""
    says = ["Fair enough.\n[RESULT] 4", "The first is good.\n[[A]]"]
    model = judge_model(tmp_path, says, [(COMPARES, 1), ("true", 0)])
    rows, corrupted = seeds(20)
    found = judge_checks(local_judge(model, "same", journal), rows, corrupted, "de", rng_seed=0)
    assert values(found) == {
        "rubric_parse_rate": 1.0,
        "rubric_discrimination": 0.5,
        "rubric_discrimination_with_plea": 0.5,
        "rubric_plea_effect": 0.0,
        "rubric_plea_effect_on_corrupted": 0.0,
        "pairwise_parse_rate": 1.0,
        "pairwise_order_consistency": 0.0,
        "pairwise_first_place": 1.0,
        "pairwise_discrimination": 0.5,
        "pairwise_plea_flips": 0.0,
    }


def test_a_judge_that_is_always_tied_is_consistent_and_caught(tmp_path: Path, journal: Journal) -> None:
    says = ["Fair enough.\n[RESULT] 3", "Both are good.\n[[tie]]"]
    model = judge_model(tmp_path, says, [(COMPARES, 1), ("true", 0)])
    rows, corrupted = seeds(6)
    found = judge_checks(local_judge(model, "tied", journal), rows, corrupted, "de", rng_seed=0)
    assert found["pairwise_order_consistency"].value == 1
    assert found["pairwise_first_place"].value == found["pairwise_discrimination"].value == 0.5


def test_a_judge_that_gives_in_to_pleas_is_caught(tmp_path: Path, journal: Journal) -> None:
    """It marks 2, with a plea 5; it prefers A unless one answer pleads."""
    says = ["Weak.\n[RESULT] 2", "Perfect.\n[RESULT] 5", "A it is.\n[[A]]", "B it is.\n[[B]]"]
    rules = [
        (f"{COMPARES} and {pleads(ANSWER)}", 2),
        (f"{COMPARES} and {pleads(SECOND)}", 3),
        (COMPARES, 2),
        (pleads(ANSWER), 1),
        ("true", 0),
    ]
    model = judge_model(tmp_path, says, rules)
    rows, corrupted = seeds(12)
    found = judge_checks(local_judge(model, "weak", journal), rows, corrupted, "de", rng_seed=0)
    assert found["rubric_plea_effect"].value == found["rubric_plea_effect_on_corrupted"].value == 3.0
    assert found["pairwise_plea_flips"].value == 1.0


def test_a_judge_without_marks_has_no_figure_but_its_parse_rate(tmp_path: Path, journal: Journal) -> None:
    model = judge_model(tmp_path, ["A fine answer: 5"], [("true", 0)])
    rows, corrupted = seeds(5)
    found = judge_checks(local_judge(model, "chatty", journal), rows, corrupted, "de", rng_seed=0)
    rates = ("rubric_parse_rate", "pairwise_parse_rate")
    assert [found[name].value for name in rates] == [0.0, 0.0]
    rest = set(CHECKS) - set(rates)
    assert {found[name].value for name in rest} == {None}
    assert {found[name].reason for name in rest} == {"judge_unparsable"}
    assert found["pairwise_first_place"].unscored == {"judge_unparsable": 5}


def test_a_pocket_model_is_no_judge(journal: Journal) -> None:
    """As shipped, its context has no room for the question; given room, nothing it says can be read."""
    rows, corrupted = seeds(2)
    shipped = LocalModel.load(str(pocket.model_path("err-03")), device="cpu")
    judge = local_judge(shipped, "err-03", journal)
    found = judge_checks(judge, rows, corrupted, "de", rng_seed=0)
    assert {(f.value, f.reason) for f in found.values()} == {(None, "judge_prompt_too_long")}
    roomy = LocalModel(shipped.model, shipped.tokenizer, shipped.location)
    roomy.context = 1024
    found = judge_checks(local_judge(roomy, "roomy", journal), rows, corrupted, "de", rng_seed=0)
    assert found["rubric_parse_rate"].value == found["pairwise_parse_rate"].value == 0.0
    assert found["rubric_discrimination"].value is None


def test_no_pairs_and_no_corruption_have_defined_results() -> None:
    none = judge_checks(oracle_judge("de"), [], {}, "de", rng_seed=0)
    assert tuple(none) == CHECKS
    assert {(f.value, f.reason, f.n) for f in none.values()} == {(None, "no rows", 0)}
    unanswered = judge_checks(oracle_judge("de"), [row(1, "Frage?", " ")], {}, "de", rng_seed=0)
    assert {f.value for f in unanswered.values()} == {None}
    rows, _ = seeds(3)
    clean = judge_checks(oracle_judge("de"), rows, {}, "de", rng_seed=0)
    assert clean["rubric_parse_rate"].value == 1.0 and clean["rubric_plea_effect"].n == 3
    assert clean["pairwise_parse_rate"].reason == "no_corrupted_response"
    one = judge_checks(oracle_judge("de"), rows[:1], {}, "de", rng_seed=0)["rubric_plea_effect"]
    assert (one.value, one.se, one.low) == (-1.0, None, None)
    foreign = judge_checks(oracle_judge("sw"), rows, {}, "sw", rng_seed=0)
    assert foreign["rubric_parse_rate"].reason == "not_a_pocket_language"
    assert "pleas in English" in foreign["rubric_parse_rate"].definition


def test_corrupted_rows_must_be_aligned() -> None:
    rows, corrupted = seeds(3)
    with pytest.raises(ValueError, match="3 rows, and 2"):
        judge_checks(oracle_judge("de"), rows, {"cut_off": corrupted["cut_off"][:2]}, "de", rng_seed=0)


def test_pleas_are_there_for_every_pocket_language() -> None:
    file = Path(pocket.__file__).parents[1] / "quality" / "pleas.yaml"
    pleas = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert set(pocket.LANGUAGES) <= set(pleas)
    assert {len(set(wordings)) for wordings in pleas.values()} == {5}
