"""PCA of metrics: by hand for two metrics, against scikit-learn for more, and where it is refused."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from polyteach.analysis.pca import fit_on_components, intrinsic_pca, mostly, principal_components
from polyteach.analysis.table import Row, Table


def cells(data: np.ndarray, teachers: int) -> Table:
    return Table(
        tuple(
            Row(f"t{i % teachers}", f"l{i // teachers}", "a", {f"m{j}": float(v) for j, v in enumerate(row)})
            for i, row in enumerate(data)
        )
    )


def test_two_metrics_by_hand():
    # x = 1 2 3 4 and y = 1 3 2 4: sum of products about the means 4, of squares 5 and 5, so r = .8.
    # The correlation matrix [[1, r], [r, 1]] has eigenvalues 1 + r and 1 - r: shares .9 and .1.
    found = principal_components({"x": [1, 2, 3, 4], "y": [1, 3, 2, 4]})
    assert found.shares == pytest.approx([0.9, 0.1])
    first, second = found.components
    assert first.weights == pytest.approx({"x": sqrt(0.5), "y": sqrt(0.5)})
    assert first.loadings == pytest.approx({"x": sqrt(1.8 / 2), "y": sqrt(1.8 / 2)})
    assert second.weights == pytest.approx(
        {"x": sqrt(0.5), "y": -sqrt(0.5)}
    )  # of equals the first is positive
    # a loading is the correlation of metric and score
    scores = np.array(found.scores)
    assert np.corrcoef([1, 2, 3, 4], scores[:, 0])[0, 1] == pytest.approx(first.loadings["x"])
    assert scores.var(axis=0) == pytest.approx([1.8, 0.2])
    assert mostly(first) == ["x", "y"]
    assert mostly(second) == []


def test_six_metrics_as_scikit_learn_has_them():
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(5)
    data = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6)) + [1, 10, 100, 0, 5, 7]
    theirs = PCA().fit(StandardScaler().fit_transform(data))
    ours = principal_components({str(j): list(data[:, j]) for j in range(6)})
    assert ours.shares == pytest.approx(theirs.explained_variance_ratio_)
    for component, vector in zip(ours.components, theirs.components_, strict=True):
        weights = np.array(list(component.weights.values()))
        assert abs(weights @ vector) == pytest.approx(1)
        assert weights[np.argmax(abs(weights))] > 0


def test_what_chance_would_give():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(60, 4))
    alone = intrinsic_pca(cells(noise, 10), [f"m{j}" for j in range(4)], draws=200)
    assert not any(component.beyond_chance for component in alone.components)
    shared = noise + 3 * rng.normal(size=(60, 1))
    found = intrinsic_pca(cells(shared, 10), [f"m{j}" for j in range(4)], draws=200)
    assert [component.beyond_chance for component in found.components] == [True, False, False, False]
    assert all(c.low is not None and c.high is not None and c.low <= c.high for c in found.components)
    assert found.to_json() == intrinsic_pca(cells(shared, 10), found.metrics, draws=200).to_json()


def test_intervals_need_five_teachers():
    data = np.random.default_rng(2).normal(size=(24, 3))
    found = intrinsic_pca(cells(data, 4), ["m0", "m1", "m2"], draws=50)
    assert found.components[0].low is None
    assert found.components[0].chance is not None


def test_what_cannot_enter_is_left_out_and_said():
    rows = tuple(
        Row(
            f"t{i}",
            "de",
            "a",
            {"x": float(i), "y": float(i * i), "same": 1.0, "z": None if i == 3 else i % 2},
        )
        for i in range(8)
    )
    found = intrinsic_pca(Table(rows), ["x", "y", "z", "same", "rubric"], draws=20)
    assert found.metrics == ("x", "y", "z")
    assert found.left_out == {"rubric": "not measured", "same": "the same in every cell"}
    assert found.dropped == {"no z": 1}
    assert found.n == 7
    assert sum(found.shares) == pytest.approx(1)


def test_several_bases_are_one_row_of_data():
    rows = tuple(
        Row(f"t{i}", "de", base, {"x": float(i), "y": float((i * 3) % 5)}) for base in "ab" for i in range(6)
    )
    assert intrinsic_pca(Table(rows), ["x", "y"], draws=20).n == 6


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"x": [1, 2, 3], "y": [1, 3, 2], "z": [3, 1, 2]}, "3 complete cells are too few for 3 metrics"),
        ({"x": [1, 2, 3]}, "fewer than two metrics"),
        ({"x": [1, 1, 1], "y": [2, 2, 2]}, "fewer than two metrics"),
        ({}, "fewer than two metrics"),
        ({"x": [1, 2, 3, 4], "y": [2, 1, float("nan"), 4]}, "not a finite number"),
    ],
)
def test_refusals_have_a_reason(metrics, reason):
    found = principal_components(metrics)
    assert found.components == ()
    assert reason in (found.reason or "")
    assert found.to_json()["reason"] == found.reason


def test_a_study_without_cells_is_undefined():
    found = intrinsic_pca(Table(()), ["x", "y"])
    assert found.n == 0
    assert found.reason


def test_r2_from_coefficients_alone():
    # One component: two metrics in step (share 1 and 0), target = 1 + 2 * metric's standard score + rest.
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3))
    y = x @ [1.0, -2.0, 0.5] + rng.normal(size=50)
    found = principal_components({str(j): list(x[:, j]) for j in range(3)})
    design = np.column_stack([np.ones(50), np.array(found.scores)])
    slopes = np.linalg.lstsq(design, y, rcond=None)[0]
    residual = y - design @ slopes
    r2, rmse = fit_on_components(list(slopes[1:]), found.shares, list(y))
    assert r2 == pytest.approx(1 - residual.var() / y.var())
    assert rmse == pytest.approx(sqrt((residual**2).mean()))
    with pytest.raises(ValueError, match="nothing to explain"):
        fit_on_components([1.0], [1.0], [2.0, 2.0])
