from __future__ import annotations

import numpy as np
import pytest

from polyteach.quality.gated import correlations


def test_a_correlation_by_hand() -> None:
    # Deviations (-1, 0, 1) and (-1, 2, -1): 0; with (0, -1, 1) instead: 1 / (sqrt 2 * sqrt 2).
    found = correlations({"a": [1, 2, 3], "b": [0, 3, 0], "c": [1, 0, 2]})
    assert found == {"a": {"b": 0.0, "c": 0.5}, "b": {"c": pytest.approx(-0.866025)}, "c": {}}


def test_it_is_that_of_the_means_errors() -> None:
    # The correlation of two means over many samples of rows is that of the rows' values.
    rng = np.random.default_rng(1)
    rows = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=(4000, 50))
    means = rows.mean(axis=1)
    pooled = rows.reshape(-1, 2)
    known = correlations({"a": list(pooled[:, 0]), "b": list(pooled[:, 1])})["a"]["b"]
    assert np.corrcoef(means.T)[0, 1] == pytest.approx(known, abs=0.04)


def test_unscored_rows_and_constant_metrics_move_nothing() -> None:
    assert correlations({"a": [1.0, None, 3.0], "b": [2.0, 9.0, 4.0]})["a"]["b"] == pytest.approx(
        4 / (2**0.5 * ((-3) ** 2 + 4**2 + (-1) ** 2) ** 0.5) / 2, abs=1e-6
    )
    assert correlations({"a": [1.0, 1.0], "b": [1.0, 2.0]}) == {"a": {"b": 0.0}, "b": {}}
    assert correlations({"a": [None, None], "b": [1.0, 2.0]})["a"]["b"] == 0.0
