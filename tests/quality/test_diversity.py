"""Diversity against the n x n definition and the leave-one-out jackknife."""

import numpy as np
import pytest

from polyteach.quality.diversity import diversity


def by_definition(vectors: np.ndarray) -> float:
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units @ units.T
    return 1 - cosines[np.triu_indices(len(units), 1)].mean()


def test_value_and_rows_equal_the_matrix() -> None:
    vectors = np.random.default_rng(0).normal(size=(57, 9)) + 0.5
    measured = diversity(vectors, side="prompt", embedder="e")
    assert measured.figure.value == pytest.approx(by_definition(vectors), abs=1e-12)
    assert np.mean([value for value in measured.values if value is not None]) == pytest.approx(
        measured.figure.value, abs=1e-12
    )


def test_error_equals_leaving_each_row_out() -> None:
    vectors = np.random.default_rng(3).normal(size=(23, 5)) + 0.3
    left_out = np.array([by_definition(np.delete(vectors, i, axis=0)) for i in range(23)])
    expected = np.sqrt(22 / 23 * ((left_out - left_out.mean()) ** 2).sum())
    assert diversity(vectors, side="prompt", embedder="e").figure.se == pytest.approx(expected, rel=1e-9)


def test_error_is_the_spread_between_samples() -> None:
    rng = np.random.default_rng(5)
    figures = [diversity(rng.normal(size=(80, 4)) + 0.5, side="p", embedder="e").figure for _ in range(300)]
    spread = np.std([f.value for f in figures], ddof=1)
    assert np.mean([f.se for f in figures]) == pytest.approx(spread, rel=0.15)


def test_hand_worked() -> None:
    # cosines 0, -1, 0: the mean is -1/3
    vectors = np.array([[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]])
    measured = diversity(vectors, side="prompt", embedder="e")
    assert measured.figure.value == pytest.approx(4 / 3)
    assert measured.values == pytest.approx((1.5, 1.0, 1.5))


def test_degenerate() -> None:
    same = diversity(np.ones((50, 3)) / 3, side="prompt", embedder="e").figure
    assert same.value == pytest.approx(0, abs=1e-12)
    assert same.se == pytest.approx(0, abs=1e-12)
    assert diversity(np.eye(2), side="prompt", embedder="e").figure.se is None
    lone = diversity(np.array([[1.0, 0.0], [0.0, 0.0]]), side="prompt", embedder="e")
    assert lone.figure.value is None
    assert dict(lone.figure.unscored) == {"empty": 1, "fewer than two rows": 1}
    nothing = diversity(np.zeros((0, 3)), side="prompt", embedder="e")
    assert (nothing.figure.value, nothing.values) == (None, ())
