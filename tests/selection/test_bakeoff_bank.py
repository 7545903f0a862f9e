"""The committed bank and scores are whole, and docs/selectors.md says what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from polyteach.selection.bakeoff.compare import Compared, compared, facts_of, lines_of
from polyteach.selection.bakeoff.scores import judgements, read_scores
from polyteach.selection.bakeoff.truth import read_cells

ROOT = Path(__file__).parents[2]
BANK, SCORES = (ROOT / "bench" / "bakeoff" / f"{name}.parquet" for name in ("bank", "scores"))
PLAN = yaml.safe_load((ROOT / "bench" / "bakeoff" / "teachers.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def held_out() -> list[Compared]:
    """The cells that were not looked at."""
    scores, seen = read_scores(SCORES), PLAN["development"]
    return [
        compared(cell, judgements(scores, cell.language, cell.base))
        for cell in read_cells(BANK)
        if cell.language not in seen["languages"] or cell.base not in seen["bases"]
    ]


def test_every_cell_has_all_teachers_trials_and_rungs() -> None:
    cells = read_cells(BANK)
    assert {(cell.language, cell.base) for cell in cells} == {
        (language, base) for language in PLAN["languages"] for base in PLAN["bases"]
    }
    for cell in cells:
        assert sorted(cell.teachers) == sorted(PLAN["teachers"])
        assert cell.trials(cell.teachers) == PLAN["rng_seeds"]
        assert cell.rungs == PLAN["rungs"]
        assert sorted(cell.chance) == sorted(PLAN["benchmarks"])
        if cell.base in PLAN["twins"]["bases"]:
            trials = [*PLAN["rng_seeds"], *PLAN["twins"]["rng_seeds"]]
            assert cell.trials(PLAN["twins"]["teachers"]) == trials
    assert BANK.stat().st_size + SCORES.stat().st_size < 2_000_000


def test_the_truth_is_what_was_built_into_the_teachers(held_out: list[Compared]) -> None:
    for cell in held_out:
        gain = dict(zip(cell.teachers, cell.gains.mean(axis=1), strict=True))
        assert gain["clean"] > gain["error-10"] > gain["error-30"] > gain["error-50"]
        assert gain["clean"] > gain["unique-50"] > gain["unique-10"]
        assert gain["clean"] > gain["triple"] > gain["half"]
        assert gain["own-samples"] < 10 < gain["right-surprising"]
        assert "clean" in facts_of(cell).best


def test_controls_hold(held_out: list[Compared]) -> None:
    lines = {one.selector: one for one in lines_of(held_out, rng_seed=0, samples=200)}
    assert (lines["the truth itself"].tau.value, lines["the truth itself"].regret.value) == (1, 0)
    assert lines["the truth reversed"].tau.value == -1
    assert lines["any teacher"].tau.value == 0
    for chance in ("random", "largest"):
        low, high = lines[chance].tau.low, lines[chance].tau.high
        assert low is not None and high is not None and low < 0 < high


def test_the_document_says_what_the_tables_say(held_out: list[Compared]) -> None:
    text = (ROOT / "docs" / "selectors.md").read_text(encoding="utf-8")
    lines = [one for one in lines_of(held_out, rng_seed=0) if one.tau.value is not None]
    for one in lines:
        shown = next(row for row in text.splitlines() if row.startswith(f"{one.selector}  "))
        assert f" {one.tau.value:.2f} [" in shown
        assert one.regret.value is None or f" {one.regret.value:.1f} [" in shown
        ahead = one.tau_ahead
        assert ahead is None or f" {ahead.value:+.2f} [{ahead.low:+.2f} {ahead.high:+.2f}]" in shown
    assert len(lines) > 30
