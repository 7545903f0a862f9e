"""The area under the ROC curve and its interval: by hand, by scikit-learn, by simulation, degenerate."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from polyteach.quality.auc import auc


def test_two_pairs_by_hand() -> None:
    # Clean 3 and 1; their corruptions 0 and 2. Of the four pairs 3>0, 3>2, 1>0 and not 1>2: AUC 3/4.
    # Placements: clean 3 -> 1, 1 -> 1/2; corrupted 0 -> 1, 2 -> 1/2.
    # D_first = (1 - .75)/2 + (1 - .75)/2 = .25, D_second = -.25; Var = 2/1 (.25^2 + .25^2) = .25, se .5.
    # Effective n = .75 x .25 / .25 = .75. Wilson: centre (.75 + 3.8415/1.5) / (1 + 3.8415/.75) = .5408,
    # half 1.96/6.1219 sqrt(.1875/.75 + 3.8415/(4 x .5625)) = .4479.
    figure = auc([3, 1], [0, 2], [0, 1], [0, 1], "d")
    assert (figure.value, figure.se, figure.n) == (0.75, 0.5, 2)
    assert figure.low == pytest.approx(0.5408 - 0.4479, abs=2e-4)
    assert figure.high == pytest.approx(0.5408 + 0.4479, abs=2e-4)


def test_as_scikit_learn_has_it_ties_included() -> None:
    rng = np.random.default_rng(0)
    clean, bad = rng.integers(0, 9, 40), rng.integers(0, 7, 30)
    figure = auc(clean, bad, range(40), range(100, 130), "d")
    truth = roc_auc_score([1] * 40 + [0] * 30, [*clean, *bad])
    assert figure.value == pytest.approx(truth, abs=1e-12)


def test_independent_rows_have_delongs_error() -> None:
    """With every value a cluster of its own: S10 / m + S01 / n, up to the K / (K - 1) of all clusters."""
    rng = np.random.default_rng(1)
    clean, bad = rng.normal(1, 1, 50), rng.normal(0, 1, 80)
    wins = (clean[:, None] > bad[None, :]).astype(float)
    delong = wins.mean(1).var(ddof=1) / 50 + wins.mean(0).var(ddof=1) / 80
    figure = auc(clean, bad, range(50), range(50, 130), "d")
    assert figure.se is not None and figure.se**2 == pytest.approx(delong, rel=0.02)


@pytest.mark.parametrize(("clusters", "enough"), [(15, False), (16, True)])
def test_perfect_separation_of_few_rows_is_no_certainty(clusters: int, enough: bool) -> None:
    # k / (k + 1.96^2): 15 / 18.84 = .796, 16 / 19.84 = .806
    figure = auc([1.0] * clusters, [0.0] * clusters, range(clusters), range(clusters), "d")
    assert figure.value == 1.0 and figure.low == pytest.approx(clusters / (clusters + 1.959964**2))
    assert figure.low is not None and (figure.low >= 0.8) is enough


def test_copies_of_one_row_are_one_witness() -> None:
    clean, bad = [3.0, 1.0, 2.5, 0.5], [0.0, 2.0, 0.2, 1.5]
    single = auc(clean, bad, range(4), range(4), "d")
    tenfold = [[k for k in range(4) for _ in range(10)]] * 2
    many = auc(np.repeat(clean, 10), np.repeat(bad, 10), *tenfold, "d")
    assert many.value == single.value and many.n == 4
    assert many.se == pytest.approx(single.se) and many.low == pytest.approx(single.low)


def test_intervals_of_pairs_cover_the_truth() -> None:
    """20 pairs that vary together, AUC .921 (a difference of 2 between normals of SD 1)."""
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        shared, own = rng.normal(0, 0.6, 20), rng.normal(0, 0.8, (2, 20))
        figure = auc(2 + shared + own[0], shared + own[1], range(20), range(20), "d")
        assert figure.low is not None and figure.high is not None
        covered += figure.low <= 0.92135 <= figure.high
    assert 0.93 <= covered / 400 <= 1.0


def test_all_alike_one_row_and_none() -> None:
    alike = auc([1, 1, 1], [1, 1, 1], range(3), range(3), "d")
    assert alike.value == 0.5 and alike.low is not None and alike.low < 0.2
    lone = auc([1], [0], [0], [0], "d")
    assert (lone.value, lone.se, lone.low, lone.n) == (1.0, None, None, 1)
    nothing = auc([], [0.0], [], [1], "d", {"empty": 3})
    assert nothing.value is None and nothing.reason == "no clean row has a value"
    assert nothing.unscored == {"empty": 3}
