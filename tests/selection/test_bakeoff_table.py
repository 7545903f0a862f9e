"""The truth as it is read, controls and selectors held against it, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_bank import anchors, line, taught, write

from polyteach.cli.main import invoke
from polyteach.errors import UserError
from polyteach.pocket import seed_rows
from polyteach.rows import write_rows
from polyteach.selection.bakeoff.compare import compared, facts_of, lines_of
from polyteach.selection.bakeoff.scores import Scored, judgements, read_scores, write_scores
from polyteach.selection.bakeoff.truth import Cell, read_cells
from polyteach.selection.selectors.contract import NOT_FINITE

# three teachers, three trials, two rungs. At 6 rows good has 7, 7, 8 of 8 right in both exams, fair 5, 5, 6,
# bad 3, 3, 4; at 2 rows good and fair are the other way round in trial 3.
TOP = {"good": (7, 7, 8), "fair": (5, 5, 6), "bad": (3, 3, 4)}
FEW = {"good": (4, 4, 3), "fair": (3, 3, 4), "bad": (2, 2, 2)}
STUDENTS = {
    (teacher, trial, rows): (right, right)
    for rows, of in ((2, FEW), (6, TOP))
    for teacher, trials in of.items()
    for trial, right in enumerate(trials, start=1)
}


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return write(tmp_path / "bank.parquet", [*anchors(), *taught(STUDENTS)])


def cell_of(path: Path) -> Cell:
    (cell,) = read_cells(path)
    return cell


def test_gain_by_hand(bank: Path) -> None:
    # good, trial 1, 6 rows: choice (7 - 2) / 8 / .75 = .8333, exact 7 / 8 = .875: mean .85417, 85.417 points
    cell = cell_of(bank)
    assert cell.chance == {"pocket-choice": 0.25, "pocket-exact": 0.0}
    assert cell.gains(["good"], [1], 6)[0, 0] == pytest.approx(100 * (5 / 6 + 7 / 8) / 2)
    assert cell.rungs == [2, 6]
    assert cell.trained_tokens(["good", "fair"], [1, 2], 6) == 120


def test_only_trials_that_all_teachers_have(tmp_path: Path) -> None:
    more = taught({("good", 4, 2): (8, 8), ("good", 4, 6): (8, 8)})
    cell = cell_of(write(tmp_path / "more.parquet", [*anchors(), *taught(STUDENTS), *more]))
    assert cell.trials(["good", "fair"]) == [1, 2, 3]
    assert cell.trials(["good"]) == [1, 2, 3, 4]


def test_a_benchmark_that_tells_base_and_reference_not_apart_does_not_count(tmp_path: Path) -> None:
    lines = [one for one in anchors() if (one["teacher"], one["benchmark"]) != ("reference", "pocket-choice")]
    lines.append(line("reference", 1, 6, "pocket-choice", 3))  # base has 2
    cell = cell_of(write(tmp_path / "one.parquet", [*lines, *taught(STUDENTS)]))
    assert list(cell.chance) == ["pocket-exact"]
    assert cell.gains(["good"], [1], 6)[0, 0] == pytest.approx(87.5)


def broken(lines: list[dict[str, Any]], fault: str) -> list[dict[str, Any]]:
    if fault == "no base":
        return [one for one in lines if one["teacher"]]
    if fault == "no column":
        return [{name: value for name, value in one.items() if name != "items"} for one in lines]
    return [one | {"items": 9} for one in lines]


@pytest.mark.parametrize(
    ("fault", "what"),
    [("no base", "no benchmark counts"), ("no column", "no column items"), ("few bits", "fewer answers")],
)
def test_a_broken_table_is_the_users_mistake(tmp_path: Path, fault: str, what: str) -> None:
    path = write(tmp_path / "broken.parquet", broken([*anchors(), *taught(STUDENTS)], fault))
    with pytest.raises(UserError, match=what):
        read_cells(path)


def test_controls_by_hand(bank: Path) -> None:
    # The truth separates all: no two trials differ once their means are taken off, so any difference counts.
    found = compared(cell_of(bank), [])
    lines = {one.selector: one for one in lines_of([found], rng_seed=1, samples=200)}
    assert lines["the truth itself"].tau.value == 1
    assert lines["the truth itself"].regret.value == 0
    assert lines["the truth reversed"].tau.value == -1
    assert lines["the truth reversed"].hits.value == 0
    # 4 of 8 items are 4 * (1 / 6 + 1 / 8) / 2 * 100 = 58.333 points: fair loses half of it, bad all of it
    assert lines["the truth reversed"].regret.value == pytest.approx(58.3333, abs=1e-3)
    assert lines["any teacher"].tau.value == 0
    assert lines["any teacher"].regret.value == pytest.approx((0 + 29.1667 + 58.3333) / 3, abs=1e-3)
    assert lines["any teacher"].hits.value == pytest.approx(1 / 3)
    # students of 2 rows: trials 1 and 2 have the right order, trial 3 has one of three pairs reversed
    small = lines["students of 2 rows"]
    assert small.tau.value == pytest.approx((1 + 1 + 1 / 3) / 3)
    assert small.regret.value == pytest.approx(29.1667 / 3, abs=1e-3)
    assert small.forward_tokens == 3 * 10 * 2
    assert small.tokens == 3 * 3 * 10 * 2
    assert small.cost_share == pytest.approx(1 / 3)


def test_the_control_of_few_rows_never_meets_its_own_trial(tmp_path: Path) -> None:
    # Trial 3 turns everything round, in both rungs. Held against trials 1 and 2, it is wrong throughout.
    turned = {
        (teacher, trial, rows): (of[4 - place if trial == 3 else place],) * 2
        for place, teacher in enumerate(("bad", "fair", "good"), start=1)
        for trial in (1, 2, 3)
        for rows, of in ((2, range(9)), (6, range(9)))
    }
    found = compared(cell_of(write(tmp_path / "turned.parquet", [*anchors(), *taught(turned)])), [])
    views = found.views["students of 2 rows"]
    assert [view.gains.shape for view in views] == [(3, 2)] * 3
    assert np.allclose(views[2].gains, found.gains[:, :2])
    assert (np.argsort(views[2].scores) == [2, 1, 0]).all()


def test_a_selector_is_held_against_the_trials_of_the_students_it_is_compared_with(tmp_path: Path) -> None:
    # Only b varies. Over all trials, and over 1 and 2, all but a and d are apart: a selector with the order
    # a, b, c, d has three of five pairs right, tau 1/5. Over 1 and 3, and 2 and 3, b alone is apart from
    # the others: two of three pairs, tau 1/3. The students are right about all.
    right = {"a": (0, 0, 0), "b": (4, 4, 5), "c": (1, 1, 1), "d": (0, 0, 0)}
    students = {
        (name, trial, rows): (of[trial - 1],) * 2
        for name, of in right.items()
        for trial in (1, 2, 3)
        for rows in (2, 6)
    }
    said = [score(name, value) for name, value in (("a", 4.0), ("b", 3.0), ("c", 2.0), ("d", 1.0))]
    cell = cell_of(write(tmp_path / "one.parquet", [*anchors(), *taught(students)]))
    found = compared(cell, judgements(said, "de", "base-a"))
    lines = {one.selector: one for one in lines_of([found], rng_seed=1, samples=200)}
    guess, small = lines["guess"], lines["students of 2 rows"]
    assert guess.tau.value == pytest.approx(1 / 5) and small.tau.value == 1
    assert guess.tau_ahead is not None
    assert guess.tau_ahead.value == pytest.approx((1 / 3 + 1 / 3 + 1 / 5) / 3 - 1)
    assert small.tau_ahead is not None and small.tau_ahead.value == 0
    # what is left of b, less the means: -1/4, -1/4, 1/2 of an item; of the three others a third with the
    # other sign: 1/2 in squares, over 6; an item is 100 (1/6 + 1/8) / 2 points
    assert facts_of(found).trial_sd == pytest.approx(100 * (1 / 6 + 1 / 8) / 2 * (0.5 / 6) ** 0.5)


def test_half_of_the_trials_has_no_such_difference(tmp_path: Path) -> None:
    students = STUDENTS | {
        (name, 4, rows): right for (name, trial, rows), right in STUDENTS.items() if trial == 3
    }
    found = compared(cell_of(write(tmp_path / "four.parquet", [*anchors(), *taught(students)])), [])
    lines = {one.selector: one for one in lines_of([found], rng_seed=1, samples=50)}
    assert lines["the other half of trials"].tau_ahead is None
    assert lines["the truth itself"].tau_ahead is not None


def score(teacher: str, value: float | None, gated: str | None = None) -> Scored:
    reason = None if value is not None else "gated" if gated else "nothing to say"
    return Scored("guess", "free", "de", "base-a", teacher, value, reason, gated, 100, 50, 1.5)


def test_selectors_beside_controls(bank: Path, tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    write_scores(path, [score("good", None, "half of it is English"), score("fair", 1.0), score("bad", 2.0)])
    found = compared(cell_of(bank), judgements(read_scores(path), "de", "base-a"))
    lines = {one.selector: one for one in lines_of([found], rng_seed=1, samples=200)}
    guess = lines["guess"]
    assert guess.tau.value == -1  # the best is shut out, the worst is taken
    assert guess.regret.value == pytest.approx(58.3333, abs=1e-3)
    assert guess.tokens == 200
    assert facts_of(found).gated == ("good",)
    assert lines["any that passes the gate"].tau.value == pytest.approx(
        -2 / 3
    )  # good is wrong twice, one level


def test_undefined_scores_are_counted_and_claim_nothing(bank: Path) -> None:
    scores = [score("good", 2.0), score("fair", None), score("bad", 1.0)]
    found = compared(cell_of(bank), judgements(scores, "de", "base-a"))
    guess = next(one for one in lines_of([found], rng_seed=1, samples=200) if one.selector == "guess")
    assert guess.tau.value == 1
    assert guess.tau.unscored == {"nothing to say": 1}
    rounded = [score("good", 0.1 + 0.2), score("fair", 0.3), score("bad", 0.1)]
    assert judgements(rounded, "de", "base-a")[0].of(["good"]) == judgements(rounded, "de", "base-a")[0].of(
        ["fair"]
    )
    one_of_three = [score("good", 2.0), score("fair", None), score("bad", None)]
    assert np.isnan(judgements(one_of_three, "de", "base-a")[0].of(["good", "fair", "bad"])).all()
    broken = [score("good", 2.0), score("fair", float("nan")), score("bad", float("-inf"))]
    (judged,) = judgements(broken, "de", "base-a")
    assert np.isnan(judged.of(["fair", "bad"])).all() and judged.undefined == {NOT_FINITE: 2}
    nobody = compared(cell_of(bank), judgements([score("good", None)], "de", "base-a"))
    guess = next(one for one in lines_of([nobody], rng_seed=1, samples=50) if one.selector == "guess")
    assert guess.tau.value is None and guess.regret.value is None


def test_a_cell_of_one_trial_has_no_order(tmp_path: Path) -> None:
    students = {key: right for key, right in STUDENTS.items() if key[1] == 1}
    with pytest.raises(UserError, match="1 trials in common"):
        compared(cell_of(write(tmp_path / "one.parquet", [*anchors(), *taught(students)])), [])


def test_the_command(bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scores.parquet"
    write_scores(path, [score("good", 3.0), score("fair", 2.0), score("bad", 1.0)])
    assert invoke(["bakeoff", str(bank), str(path), "--json"]) == 0
    first = capsys.readouterr().out
    found = json.loads(first)
    assert found["schema_version"] == 1
    assert found["cells"][0]["best"] == ["good"]
    guess = next(one for one in found["selectors"] if one["selector"] == "guess")
    assert guess["tau"]["value"] == 1 and guess["hits"]["definition"]
    assert invoke(["bakeoff", str(bank), str(path), "--json"]) == 0
    assert capsys.readouterr().out == first
    assert invoke(["bakeoff", str(bank), "--without", "good"]) == 0
    assert "fair" in capsys.readouterr().out
    assert invoke(["bakeoff", str(bank), "--without", "nobody"]) == 2
    assert invoke(["bakeoff", str(bank), "--language", "sw"]) == 2
    assert invoke(["bakeoff", str(path)]) == 2
    assert invoke(["bakeoff", __file__]) == 2


def test_the_command_asks_selectors_of_rows(
    bank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    human, rows, scores = (tmp_path / f"{name}.parquet" for name in ("human", "rows", "scores"))
    write_rows(human, [*seed_rows("de", 40, 5), *seed_rows("ja", 40, 5)])
    written = [
        replace(row, id=f"{teacher}/{row.id}", teacher=teacher, response=row.response[:letters])
        for teacher, letters in (("good", 50), ("fair", 3), ("bad", 1))
        for row in seed_rows("de", 12, 6)
    ]
    write_rows(rows, written)
    command = ["bakeoff", str(bank), "--rows", str(rows), "--human", str(human), "--rows-a-teacher", "10"]
    assert invoke([*command, "--json"]) == 2  # nobody says where base-a lies
    assert invoke([*command, "--model", "base-a=pocket:base-a", "--json", "-o", str(scores)]) == 0
    found = {one["selector"]: one for one in json.loads(capsys.readouterr().out)["selectors"]}
    assert found["NLL"]["tau"]["value"] is not None and found["NLL"]["forward_tokens"] > 0
    assert found["length"]["tau"]["value"] == 1  # more letters, better teacher: so it was made up
    assert found["GRACE"]["backward_tokens"] > 0
    assert found["reward"]["tau"]["value"] is None  # nobody marks
    assert invoke(["bakeoff", str(bank), str(scores), "--json"]) == 0
    again = {one["selector"]: one for one in json.loads(capsys.readouterr().out)["selectors"]}
    assert again == found
    assert invoke([*command, "--model", "base-a=pocket:base-a", "-o", str(rows)]) == 2
