"""Simulated races end where real ones do."""

import numpy as np

from polyteach.selection.race.foresee import Assumptions, Design, foresee
from polyteach.selection.race.settings import Rules

DESIGN = Design(teachers=4, languages=1, bases=1, trials=2, shares=(1 / 9, 1 / 3, 1.0))
QUIET = {"luck": (1e-4, 2e-4), "items": (1e-4, 2e-4), "order": (1e-6, 2e-6)}


def test_a_race_of_teachers_that_are_all_alike_ends_after_its_first_rung() -> None:
    alike = Assumptions(apart=(1e-3, 2e-3), **QUIET)
    told = foresee(DESIGN, Rules(0.06, 0.0, None), 1, alike, draws=200)
    assert (told.running[0] == 4).all() and not told.running[1:].any()


def test_teachers_that_nobody_can_tell_apart_race_to_the_end_where_nothing_caps_it() -> None:
    alike = Assumptions(apart=(1e-3, 2e-3), luck=(20.0, 21.0), items=(1e-4, 2e-4), order=(1e-6, 2e-6))
    told = foresee(DESIGN, Rules(0.06, 0.0, None), 1, alike, draws=200)
    assert np.mean(told.running[2] > 0) > 0.9


def test_the_cap_leaves_references_out() -> None:
    """Two teachers, two trials, a reference of a row each: the second rung takes 4 of 9 of their tokens."""
    close = Assumptions(apart=(1e-3, 2e-3), luck=(20.0, 21.0), reference=(1.0, 1.001), tokens=(1e-6, 2e-6))
    told = foresee(Design(2, 1, 1, 2, DESIGN.shares), Rules(0.06, 0.0, 0.5), 1, close, draws=200)
    assert np.mean(told.running[1] > 0) > 0.9 and not told.running[2].any()
