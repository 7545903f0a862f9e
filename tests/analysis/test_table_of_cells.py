"""The table of cells: what is read from results, selected, averaged, and what values are made of."""

from __future__ import annotations

from math import log, log1p

import pytest

from polyteach.analysis.table import Column, Row, Table, from_results, with_fluency
from polyteach.figures import Figure
from polyteach.scoring.records import (
    CellMetrics,
    Evidence,
    Exam,
    GatedFigures,
    GateMetric,
    StudyFacts,
    Teacher,
)
from polyteach.scoring.results import results_of

ITEMS = 100
RIGHT = {"good": 80, "poor": 50}


def exam(right: int, benchmark: str, **who) -> Exam:
    ids = tuple(str(i) for i in range(ITEMS))
    scores = tuple(1.0 if i < right else 0.0 for i in range(ITEMS))
    return Exam("a", "de", benchmark, ids, scores, chance=0.0, **who)


@pytest.fixture(scope="module")
def table() -> Table:
    """Two teachers in one language; `counts` has a gap of .5 between base and reference, `flat` has none."""
    metrics = {
        "good": {"perplexity": Figure(3.0, "ppl"), "prompt_diversity": Figure(0.6, "d_x")},
        "poor": {
            "perplexity": Figure(None, "ppl", reason="no scorer"),
            "prompt_diversity": Figure(0.5, "d_x"),
        },
    }
    facts = StudyFacts(
        "s", ("de",), ("a",), 1, (Teacher("good", family="gemma", parameters=8_000_000_000), Teacher("poor"))
    )
    evidence = Evidence(
        facts,
        bases=[exam(30, "counts"), exam(50, "flat")],
        references=[exam(80, "counts"), exam(50, "flat")],
        students=[
            exam(right, name, teacher=teacher, trial=0)
            for teacher, right in RIGHT.items()
            for name in ("counts", "flat")
        ],
        metrics=[CellMetrics(name, "de", figures) for name, figures in metrics.items()],
        gate=[
            GateMetric(
                *("de", "prompt_diversity", "corpus", ("near_duplicates",), True, None),
                human=Figure(0.7, "d_x", n=50),
                corrupted=Figure(0.5, "d_x", n=50),
            )
        ],
        gated=[
            GatedFigures(name, "de", 50, {"prompt_diversity": Figure(value, "d_x", n=50)})
            for name, value in {"good": 0.6, "poor": 0.5}.items()
        ],
    )
    study = {"bases": [{"name": "a", "model": "m", "family": "gemma"}]}
    return from_results(results_of(evidence, study, rng_seed=0))


def test_results_become_rows_with_named_values(table: Table):
    good = table.rows[0]
    assert good.key == ("good", "de", "a")
    assert good.values["gain:counts"] == pytest.approx(0.8 - 0.3)  # chance is zero
    assert good.values["gain"] == pytest.approx(0.5)  # `flat` does not count
    assert good.values["gain:flat"] == pytest.approx(0.3)
    assert good.values["score:counts"] == pytest.approx(0.8)
    assert good.values["fluency"] == pytest.approx(-log1p(3.0))
    assert good.values["quality:prompt_diversity"] == pytest.approx((0.6 - 0.5) / (0.7 - 0.5))
    assert good.values["quality"] == pytest.approx(0.5)
    assert good.values["robust"] == pytest.approx(100 * (0.5 * 0.5 + 0.5 * 0.5))
    assert good.values["log_parameters"] == pytest.approx(log(8))
    assert table.families == {"good": "gemma"}
    assert table.base_families == {"a": "gemma"}


def test_columns_say_what_they_are_made_of(table: Table):
    z = {"prompt_diversity", "response_diversity", "perplexity", "rubric"}
    assert table.parts("gain") == {"score:counts"}
    assert table.parts("gain:flat") == {"score:flat"}
    assert table.parts("published") == z | {"score:counts"}
    assert table.parts("intrinsic") == z
    assert table.parts("fluency") == {"perplexity"}
    assert table.parts("robust") == {"score:counts", "prompt_diversity"}
    assert table.parts("prompt_diversity") == {"prompt_diversity"}
    assert table.parts("never heard of") == {"never heard of"}


def test_incomplete_rows_are_counted_with_the_reason(table: Table):
    selection = table.complete(["gain", "fluency"])
    assert selection.labels("teacher") == ["good"]
    assert selection.dropped == {"no fluency: no scorer": 1}
    assert table.complete(["gain", "log_parameters"]).dropped == {"no log_parameters": 1}
    assert table.complete(["gain"]).n == 2


def test_the_mean_over_bases_needs_all_of_them():
    rows = (
        Row("t", "de", "a", {"gain": 0.1, "d": 0.5}),
        Row("t", "de", "b", {"gain": 0.3, "d": 0.5}),
        Row("u", "de", "a", {"gain": 0.2, "d": 0.7}),
        Row("u", "de", "b", {"gain": None, "d": 0.7}, {"gain": "no student was examined"}),
    )
    one, other = Table(rows).over_bases().rows
    assert one.values["gain"] == pytest.approx(0.2)
    assert one.values["d"] == 0.5
    assert other.values == {"gain": None, "d": 0.7}
    assert other.reasons == {"gain": "no student was examined"}


def test_groups_keep_the_order_of_appearance():
    rows = tuple(Row(t, language, "a", {}) for language in ("ja", "ar") for t in ("x", "y"))
    table = Table(rows)
    assert list(table.group("language")) == ["ja", "ar"]
    assert [row.teacher for row in table.group("language")["ar"].rows] == ["x", "y"]
    assert table.where("teacher", "y").names("language") == ["ja", "ar"]


def test_rows_that_occur_twice_are_a_bug():
    with pytest.raises(ValueError, match="twice"):
        Table((Row("t", "de", "a", {}), Row("t", "de", "a", {})))


def test_what_is_no_number_is_missing():
    rows = (Row("t", "de", "a", {"gain": float("nan")}), Row("u", "de", "a", {"gain": float("inf")}))
    table = Table(rows)
    assert table.column("gain") == [None, None]
    assert table.complete(["gain"]).dropped == {"no gain: not a finite number": 2}
    assert table.over_bases().column("gain") == [None, None]


def test_fluency_is_missing_where_perplexity_is():
    table = with_fluency(Table((Row("t", "de", "a", {}),), {"d": Column("x")}))
    assert table.rows[0].values["fluency"] is None
    with pytest.raises(ValueError, match="no fluency"):
        table.rows[0].numbers(["fluency"])
