from __future__ import annotations

from itertools import product

import pytest

from polyteach.analysis.trainings import Training, distribution


def _all(trials: int = 2) -> list[Training]:
    return [Training(*place) for place in product(("x",), ("a", "b"), ("de", "ar"), range(trials))]


def test_whole_study() -> None:
    found = distribution(_all(), _all())
    assert (found.n, found.planned, found.missing, found.balanced) == (8, 8, (), True)
    assert found.by == {
        "base": {"x": 8},
        "teacher": {"a": 4, "b": 4},
        "language": {"de": 4, "ar": 4},
        "trial": {"0": 4, "1": 4},
    }
    assert found.trials_of_cells == {2: 4}


def test_what_is_missing_is_named_and_counted_as_none() -> None:
    made = [training for training in _all() if training.teacher == "a" and training[2:] != ("ar", 1)]
    found = distribution(made, _all())
    assert found.by["teacher"] == {"a": 3, "b": 0}
    assert found.missing[0] == Training("x", "a", "ar", 1)
    assert len(found.missing) == 5
    assert found.trials_of_cells == {0: 2, 1: 1, 2: 1}
    assert found.balanced is False
    assert found.to_json()["missing"][0] == {"base": "x", "teacher": "a", "language": "ar", "trial": 1}


def test_uneven_bases_are_not_balanced() -> None:
    """As in the paper: one base in all languages, another in some."""
    made = [*_all(1), Training("y", "a", "de", 0)]
    found = distribution(made)
    assert found.by["base"] == {"x": 4, "y": 1}
    assert found.trials_of_cells == {1: 5}
    assert (found.planned, found.missing, found.balanced) == (None, (), False)


def test_degenerate_distributions() -> None:
    none = distribution([])
    assert (none.n, none.balanced, none.by["base"]) == (0, False, {})
    one = distribution([Training("x", "a", "de", 0)])
    assert (one.n, one.balanced) == (1, True)
    with pytest.raises(ValueError, match="twice"):
        distribution(_all() + _all())
