from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from polyteach.published.comparing import Entry, Recomputed
from polyteach.published.components import correlations, rows_fitted, target
from polyteach.published.paper import BASE, Paper
from polyteach.published.scores import pooled_z
from polyteach.published.study import figures

STATUS = {
    "table_1": ("match", 70, 0, 0),
    "table_2": ("not_released", 0, 0, 27),
    "table_3": ("match", 6, 0, 0),
    "table_4": ("match", 18, 0, 0),
    "table_11": ("match", 60, 0, 240),
    "table_12": ("differs", 51, 9, 0),
    "table_13": ("not_released", 0, 0, 60),
    "table_14": ("match", 10, 0, 0),
    "table_15": ("differs", 6, 3, 0),
    "table_16": ("match", 3, 0, 18),
    "table_19": ("match", 4, 0, 8),
    "figure_2": ("differs", 35, 11, 0),
    "figure_3": ("match", 6, 0, 36),
    "figure_4": ("match", 3, 0, 0),
    "figure_5": ("differs", 2, 13, 15),
    "figure_6": ("match", 12, 0, 0),
    "figure_7": ("differs", 3, 1, 0),
    "figure_8": ("differs", 0, 1, 0),
    "figure_9": ("differs", 10, 1, 0),
}


@pytest.fixture(scope="module")
def found(paper: Paper) -> dict[str, Recomputed]:
    return {figure.id: figure for figure in figures(paper)}


def entry(figure: Recomputed, key: str) -> Entry:
    (only,) = (one for one in figure.entries if one.key == key)
    return only


def test_every_table_and_figure_and_its_status(found: dict[str, Recomputed]) -> None:
    counts = {
        id_: (one.status, *(one.count(status) for status in ("match", "differs", "not_released")))
        for id_, one in found.items()
    }
    assert counts == STATUS
    assert all(one.recipe and one.title for one in found.values())
    assert all(one.said for one in found.values() if one.status == "differs")
    keys = [(one.id, e.key) for one in found.values() for e in one.entries]
    assert len(keys) == len(set(keys))


def test_an_entry_matches_if_ours_rounds_to_it() -> None:
    assert Entry("a", 0.7264, 0.726, 0.001).status == "match"
    assert Entry("a", 0.7266, 0.726, 0.001).status == "differs"
    assert Entry("a", 0.7265, 0.726, 0.001).status == "match"  # between two: either
    assert Entry("a", None, 0.726, 0.001).status == "not_released"


def test_a_figure_matches_only_if_every_known_entry_does() -> None:
    good, bad, cited = Entry("a", 1.0, 1.0, 0.1), Entry("b", 2.0, 1.0, 0.1), Entry("c", None, 1.0, 0.1)

    def status(*entries: Entry) -> str:
        return Recomputed("x", "", "", entries).status

    assert [status(good, cited), status(good, bad), status(cited)] == ["match", "differs", "not_released"]
    said = Recomputed("x", "", "", (good, bad, cited), "Why.").said
    assert said == "1 of 2 recomputed figures differs, by at most 1.000 (b). Why."


def test_pinned_values(found: dict[str, Recomputed]) -> None:
    # (0.3636420059 - 0.0737199415) / 2 = 0.1449610322
    assert entry(found["table_1"], "Gemma 3 27B Inst., ar").ours == pytest.approx(0.1449610322)
    assert entry(found["table_3"], "log_size, standard error").ours == pytest.approx(0.0803, abs=5e-5)
    assert entry(found["table_3"], "benchmark_mean, p").ours == pytest.approx(0.529, abs=5e-4)
    # 100 * (0.497 - 0.138) / 0.138 = 260.1
    assert entry(found["table_14"], "Llama 3.1 70B Inst., Llama 3 8B").ours == pytest.approx(
        260.145, abs=1e-3
    )
    # 100 * (-1.349 + 0.058) / 0.058 = -2225.9
    assert entry(found["table_15"], "Aya Expanse 32B, ar, Respond").ours == pytest.approx(-2225.862, abs=1e-3)
    # the mean of 42.7717, 51.0928, 52.9336 and 52.7600
    assert entry(found["figure_9"], "10K-Aya (stated in its report)").ours == pytest.approx(49.8895, abs=1e-4)
    assert entry(found["figure_4"], "R2").ours == pytest.approx(0.6640039249311516, abs=1e-12)  # as released
    assert entry(found["figure_8"], "rho").ours == pytest.approx(5 / 7)  # 1 - 6 * 10 / (6 * 35)


def test_z_by_another_definition(paper: Paper) -> None:
    keys = list(paper.metrics)
    columns = np.array(
        [
            [m["prompt_diversity"], m["response_diversity"], -np.log(1 + m["perplexity"]), m["rubric"]]
            for m in paper.metrics.values()
        ]
    )
    expected = ((columns - columns.mean(axis=0)) / columns.std(axis=0)).mean(axis=1)
    ours = pooled_z(paper)
    assert [ours[key] for key in keys] == pytest.approx(list(expected))


def test_weights_by_scipy(paper: Paper, found: dict[str, Recomputed]) -> None:
    cells = paper.of_base(BASE)
    half, z = [c.z + c.pgr for c in cells], [c.z for c in cells]
    assert entry(found["figure_7"], "a = 0.5 and a = 1 (text)").ours == pytest.approx(
        spearmanr(half, z).statistic
    )


def test_the_regressions_rows_are_those_whose_mean_is_the_intercept(paper: Paper) -> None:
    rows = rows_fitted(paper)
    assert len(rows) == 58
    assert {("ar", "GPT 4o mini"), ("ja", "Llama 3.1 70B Inst.")}.isdisjoint(rows)
    assert np.mean(target(paper)) == pytest.approx(paper.components.intercept, abs=1e-12)
    shifted = replace(paper, components=replace(paper.components, intercept=0.9))
    assert len(rows_fitted(shifted)) == 60  # no subset fits: none is left out


def test_components_are_a_correlation_matrix(paper: Paper) -> None:
    matrix = correlations(paper)
    assert np.diag(matrix) == pytest.approx(np.ones(6))
    assert np.allclose(matrix, matrix.T)


def with_cell(paper: Paper, base: str, language: str, teacher: str, **changes: float) -> Paper:
    key = base, language, teacher
    return replace(paper, cells={**paper.cells, key: replace(paper.cells[key], **changes)})


def with_table(paper: Paper, name: str, table: Any) -> Paper:
    return replace(paper, tables={**paper.tables, name: table})


def with_metric(paper: Paper) -> Paper:
    key = "de", "Command A"
    return replace(paper, metrics={**paper.metrics, key: {**paper.metrics[key], "rubric": 1.0}})


def with_sizes(paper: Paper) -> Paper:
    return replace(paper, teachers=tuple(replace(t, billions=t.billions_printed) for t in paper.teachers))


def with_shares(paper: Paper) -> Paper:
    parts = paper.components
    return replace(paper, components=replace(parts, shares=(*parts.shares[:5], parts.shares[5] * 1.1)))


def with_weights(paper: Paper) -> Paper:
    first, *rest = paper.components.weights
    return replace(
        paper, components=replace(paper.components, weights=(tuple(-0.5 * w for w in first), *rest))
    )


def with_coefficients(paper: Paper) -> Paper:
    parts = paper.components
    return replace(paper, components=replace(parts, coefficients=(0.3, *parts.coefficients[1:])))


def with_average(paper: Paper) -> Paper:
    table = paper.tables["table_16"]
    rows = {name: {**row, "cells": [0.0, *row["cells"][1:]]} for name, row in table["rows"].items()}
    return with_table(paper, "table_16", {**table, "rows": rows})


def with_categories(paper: Paper) -> Paper:
    first, *rest = paper.tagalog
    return replace(
        paper, tagalog=(replace(first, categories={**first.categories, "GENERATION": 60.0}), *rest)
    )


def with_translation(paper: Paper) -> Paper:
    first, *rest = paper.translation
    return replace(paper, translation=(replace(first, result=first.result + 0.01), *rest))


CHANGES: dict[str, Callable[[Paper], Paper]] = {
    "table_1": lambda paper: with_cell(paper, BASE, "de", "Command A", z=0.0),
    "table_3": with_sizes,
    "table_4": with_shares,
    "table_11": with_metric,
    "table_14": lambda paper: with_cell(paper, "Llama 3 8B", "de", "Gemma 3 4B Inst.", pgr=0.0),
    "table_16": with_average,
    "table_19": with_categories,
    "figure_3": with_weights,
    "figure_4": with_coefficients,
    "figure_6": with_translation,
}


def test_each_figure_that_matches_has_a_change() -> None:
    assert list(CHANGES) == [id_ for id_, (status, *_) in STATUS.items() if status == "match"]


@pytest.mark.parametrize("id_", CHANGES)
def test_a_changed_input_turns_a_match_into_a_difference(paper: Paper, id_: str) -> None:
    (figure,) = (one for one in figures(CHANGES[id_](paper)) if one.id == id_)
    assert figure.status == "differs"
    assert figure.said is not None
    assert "recomputed figures differ" in figure.said


def test_a_mended_print_turns_a_difference_into_a_match(paper: Paper) -> None:
    mended = with_table(paper, "figure_8", {"rho": 0.714})
    assert {one.id: one.status for one in figures(mended)}["figure_8"] == "match"
    mended = with_table(paper, "figure_7", {**paper.tables["figure_7"], "a = 0.5 and a = 1 (figure)": 0.74})
    assert {one.id: one.status for one in figures(mended)}["figure_7"] == "match"
