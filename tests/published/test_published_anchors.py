from __future__ import annotations

import pytest

from polyteach.published.anchors import solve, solve_all
from polyteach.published.paper import BASE, Paper


def test_three_students_on_a_line() -> None:
    # base .2, reference .6: PGR = (result - .2) / .4, so .3, .4, .1 give .25, .5, -.25
    found = solve([0.3, 0.4, 0.1], [0.25, 0.5, -0.25])
    assert found.base == pytest.approx(0.2)
    assert found.reference == pytest.approx(0.6)
    assert found.gap == pytest.approx(0.4)
    assert found.residual < 1e-12
    assert found.missing == (0, 0, 0)
    assert found.level_known
    assert found.pgr(0.5) == pytest.approx(0.75)


def test_a_reference_below_the_base_is_found_as_such() -> None:
    # base .5, reference .4: PGR = (result - .5) / -.1, so .45, .42, .3 give .5, .8, 2
    found = solve([0.45, 0.42, 0.3], [0.5, 0.8, 2.0])
    assert (found.base, found.reference) == (pytest.approx(0.5), pytest.approx(0.4))
    assert found.gap < 0


def test_fractions_give_the_slope_and_the_missing_whole_numbers_but_no_level() -> None:
    # base .5, reference .49: PGR = (.5 - result) * 100: 0.5, 2.25, 3.75, 4.5; left are .5, .25, .75, .5
    found = solve([0.495, 0.4775, 0.4625, 0.455], [0.5, 0.25, 0.75, 0.5])
    assert found.gap == pytest.approx(-0.01)
    assert found.missing == (0, 2, 3, 4)
    assert not found.level_known
    assert found.base == pytest.approx(0.5)  # the lowest level, here the true one


def test_the_level_found_is_the_lowest() -> None:
    # the same students 3 higher: 3.5, 5.25, 6.75, 7.5 leave the same fractions
    low = solve([0.495, 0.4775, 0.4625, 0.455], [0.5, 0.25, 0.75, 0.5])
    assert min(low.missing) == 0
    assert low.pgr(0.495) + 3 == pytest.approx(3.5)


def test_what_is_on_no_line_is_refused() -> None:
    with pytest.raises(ValueError, match="on a line"):
        solve([0.1, 0.2, 0.3, 0.45], [0.11, 0.5, 0.12, 0.97])
    with pytest.raises(ValueError, match="three different results"):
        solve([0.1, 0.2, 0.2], [0.0, 1.0, 1.0])


def test_the_papers_anchors(paper: Paper) -> None:
    found = solve_all(paper, BASE)
    assert {
        code: (round(one.base, 4), round(one.reference, 4)) for code, one in found.items() if one.level_known
    } == {
        "ar": (0.4235, 0.4384),
        "cs": (0.5294, 0.5090),
        "de": (0.3796, 0.3606),
        "es": (0.4214, 0.3784),
        "id": (0.4706, 0.4558),
    }
    japanese = found["ja"]
    assert round(japanese.gap, 4) == -0.0053
    assert dict(zip(paper.names, japanese.missing, strict=True))["Aya Expanse 32B"] == 8
    # the two anchors that go with whole numbers from 2 to 10 are two gaps higher
    assert round(japanese.base - 2 * japanese.gap, 4) == 0.3460
    assert round(japanese.reference - 2 * japanese.gap, 4) == 0.3407
    assert max(one.residual for one in found.values()) < 2e-8
