"""What evidence counts, and how often: rehearsals, runs of other recipes, repetitions, unknown errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_sources import bundle_of, run_of, write_screen
from synthetic_study import SyntheticStudy

from polyteach.bundles.bundle import Bundle
from polyteach.figures import Figure
from polyteach.scoring.step import score
from polyteach.selection.recommend.answer import recommend
from polyteach.selection.recommend.bundles import evidence_of
from polyteach.selection.recommend.evidence import Evidence, definition_of, mean_of, recipe_of
from polyteach.selection.recommend.reading import read_run, read_screen
from polyteach.selection.recommend.standing import Wish
from polyteach.selection.recommend.text import lines_of_text
from polyteach.selection.recommend.weighing import Reading
from polyteach.steps import digest_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Skills .80, .70, .55, .26 in German and Japanese, one trial."""
    return run_of(tmp_path_factory.mktemp("run"), languages=("de", "ja"))


def edited(run: Path, folder: Path, **study: object) -> Path:
    """A run's results under other facts of its study."""
    plain = json.loads((run / "results.json").read_text())
    plain["study"] |= study
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(plain))
    return folder


def with_artifacts(run: Path, folder: Path, epochs: int) -> Path:
    """The run with artifacts that say for how many epochs its students were trained."""
    keys = {kind: digest_of(kind) for kind in ("score", "examination", "students")}
    made = {
        "score": {"examination/base-a/small/de/0": keys["examination"]},
        "examination": {"student": keys["students"]},
        "students": {},
    }
    for kind, inputs in made.items():
        own = folder / "store" / kind / keys[kind]
        own.mkdir(parents=True)
        manifest = {"key": keys[kind], "inputs": inputs, "settings": {}, "facts": {}, "version": 1}
        if kind == "students":
            manifest["settings"] = {"epochs": epochs, "language": "de"}
        (own / "manifest.json").write_text(json.dumps(manifest))
    for place in (folder / "store" / "score" / keys["score"], folder / "run"):
        place.mkdir(exist_ok=True)
        (place / "results.json").write_bytes((run / "results.json").read_bytes())
    (folder / "run" / "artifacts").mkdir()
    (folder / "run" / "artifacts" / "score").symlink_to(folder / "store" / "score" / keys["score"])
    return folder / "run"


def test_a_teacher_whose_students_were_never_examined_has_no_score(tmp_path: Path) -> None:
    study = SyntheticStudy(tmp_path / "study", languages=("de",))
    for step in [step for step in study.inputs if step.startswith("examination/base-a/big/")]:
        del study.inputs[step]
    (tmp_path / "run").mkdir()
    score(study.score_task(tmp_path / "run"))
    evidence = read_run(tmp_path / "run")
    assert ("de", "big") not in evidence.readings and evidence.bases["de", "big"] == {}
    assert recommend("de", [evidence], Wish()).verdict.teachers == ("err-03",)


def test_a_rehearsal_of_a_run_has_no_weight(run: Path, tmp_path: Path) -> None:
    rehearsal = read_run(edited(run, tmp_path / "r", name="synthetic-limit-30", limit=30))
    turned = {key: Reading(-reading.value, reading.se / 9) for key, reading in rehearsal.readings.items()}
    rehearsal = replace(rehearsal, readings=turned)
    alone, both = (
        recommend("de", sources, Wish()) for sources in ([read_run(run)], [read_run(run), rehearsal])
    )
    assert both.standings.belief.means.tolist() == alone.standings.belief.means.tolist()
    assert both.skipped == ("run synthetic-limit-30: a rehearsal (--limit 30), so it has no weight",)
    assert "left out: run synthetic-limit-30" in "\n".join(lines_of_text(both))
    only = recommend("de", [rehearsal], Wish())
    assert only.verdict.kind == "inconclusive" and len(only.standings.options) == 4
    assert not any(line.weight for line in only.lines)


def test_a_rehearsal_of_a_screen_has_no_weight_and_excludes_nobody(tmp_path: Path) -> None:
    folder = write_screen(tmp_path / "s", {"a": 90.0, "b": 60.0, "c": 50.0}, limit=5)
    plain = json.loads((folder / "screen.json").read_text())
    plain["cells"][0]["excluded"] = "80% of its rows are copies"
    (folder / "screen.json").write_text(json.dumps(plain))
    found = recommend("de", [read_screen(folder)], Wish())
    assert {option.status for option in found.standings.options} == {"fits"}
    assert "screen s: a rehearsal (--limit 5)" in found.skipped[0]
    assert not any(line.weight for line in found.lines)
    whole = read_screen(write_screen(tmp_path / "whole", {"a": 90.0, "b": 60.0}))
    both = recommend("de", [read_screen(folder), whole], Wish()).standings.options
    assert both[0].money.text == "as screen whole paid, failures paid for"
    assert both[2].money.text == "as screen s paid, failures paid for"


def of_two_bases(bundle: Bundle, **gain: float | None) -> Evidence:
    """The evidence of a run's bundle, as if students of two bases had gained so."""
    figure = Figure(definition="gain", n=100, **gain)  # type: ignore[arg-type]
    cells = [
        cell.model_copy(update={"scored": True, "base": base, "figures": {**cell.figures, "gain": figure}})
        for cell in bundle.cells
        for base in ("base-a", "base-b")
    ]
    return evidence_of(bundle.model_copy(update={"kind": "run", "cells": cells}))[0]


def test_students_of_two_bases_that_lost_recommend_nobody(run: Path) -> None:
    bundle = bundle_of(read_run(run), "robust", "theirs")
    lost = recommend("de", [of_two_bases(bundle, value=-0.3, se=0.02, low=-0.34, high=-0.26)], Wish())
    assert lost.verdict.kind == "inconclusive" and "better than their base" in str(lost.verdict.reason)
    gained = of_two_bases(bundle, value=0.3, se=0.02, low=0.26, high=0.34)
    assert gained.gains["de", "big"].low == pytest.approx(0.26)
    assert recommend("de", [gained], Wish()).verdict.kind == "recommended"
    one = [gained.teachers["small"]]
    assert "gained 0.30 (at least 0.26" in recommend("de", [gained], Wish(), one).verdict.text


def test_a_gain_without_an_interval_is_not_shown(run: Path) -> None:
    bundle = bundle_of(read_run(run), "robust", "theirs")
    found = recommend("de", [of_two_bases(bundle, value=0.3)], Wish())
    assert found.verdict.kind == "inconclusive" and "better than their base" in str(found.verdict.reason)
    only = recommend("de", [found.evidence[0]], Wish(), [found.evidence[0].teachers["small"]])
    assert only.verdict.kind == "inconclusive" and "no student was trained" not in only.verdict.text
    without = replace(read_run(run), gains={})
    assert recommend("de", [without], Wish()).verdict.kind == "inconclusive"


def test_means_over_bases_have_an_interval() -> None:
    mean = mean_of([Figure(0.2, "g", 9, 0.1), Figure(0.4, "g", 9, 0.3)])
    assert (mean.value, mean.se) == pytest.approx((0.3, 0.2))
    assert (mean.low, mean.high) == pytest.approx((0.3 - 1.96 * 0.2, 0.3 + 1.96 * 0.2), abs=1e-4)
    undefined = Figure(None, "g", reason="no benchmark counts")
    assert mean_of([Figure(0.2, "g"), undefined]) == undefined


def test_students_trained_otherwise_are_another_definition(run: Path, tmp_path: Path) -> None:
    few, many = (read_run(edited(run, tmp_path / f"{rows} rows", student_rows=rows)) for rows in (600, 6000))
    assert few.definition != many.definition
    folders = [with_artifacts(run, tmp_path / str(n), epochs) for n, epochs in enumerate((2, 9, 9))]
    trained = [read_run(folder) for folder in folders]
    assert trained[0].definition != trained[1].definition == trained[2].definition
    recipes: list[Mapping[str, object]] = [
        {"students.epochs": 2, "base model base-a": "0a"},
        {"students.epochs": 9, "base model base-a": "0a"},
        {"base model base-a": "0a"},
    ]
    said = [recipe_of(recipe) for recipe in recipes]
    assert len(set(said)) == 3 and said[2] == "unknown"
    assert definition_of("0a", ["b", "a"], 600, said[0]) == definition_of("0a", ["a", "b"], 600, said[0])


def test_screens_that_repeat_an_answer_do_not_make_it_sure(tmp_path: Path) -> None:
    scores = {"a": 90.0, "b": 60.0, "c": 30.0}
    screens = [
        read_screen(
            write_screen(tmp_path / f"s{n}", {k: v + n * i for i, (k, v) in enumerate(scores.items())})
        )
        for n in range(40)
    ]
    few, many = (recommend("de", screens[:count], Wish()) for count in (1, 40))
    assert [line.kind for line in many.lines].count("screen") == 1
    assert many.lines[0].weight < 0.44**2 / (1 - 0.44**2)
    assert many.verdict.kind == few.verdict.kind == "inconclusive"
    assert many.standings.belief.error("a") > 0.95 * few.standings.belief.error("a")
    elsewhere = recommend("sw", screens, Wish())
    assert [line.kind for line in elsewhere.lines].count("screen_other_languages") == 1
    assert max(line.weight for line in elsewhere.lines) < 0.04


def test_runs_that_repeat_another_language_are_one_line(run: Path) -> None:
    once = read_run(run)
    runs = [
        replace(
            once,
            id=f"run {n}",
            definition=f"definition {n}",
            readings={key: Reading(r.value + n, r.se) for key, r in once.readings.items() if key[0] == "ja"},
        )
        for n in range(30)
    ]
    found = recommend("de", runs, Wish())
    lines = [line for line in found.lines if line.kind == "run_other_languages"]
    assert len(lines) == 1 and lines[0].weight < 0.42**2 / (1 - 0.42**2)
    assert found.standings.comparison.surely_better == frozenset()


def test_the_order_in_which_runs_are_named_changes_nothing(run: Path) -> None:
    first = read_run(run)
    turned = {key: Reading(-reading.value, reading.se) for key, reading in first.readings.items()}
    other = replace(first, id="run of more trials", definition="another", readings=turned, trials=3)
    one, two = (recommend("de", sources, Wish()) for sources in ([first, other], [other, first]))
    assert one.verdict == two.verdict and one.verdict.teachers == ("big",)
    assert "run synthetic measured as many candidates in another way" in one.verdict.text
    assert "recommended (err-03)" in one.verdict.text
    alike = replace(other, readings={k: Reading(r.value + 1, r.se) for k, r in first.readings.items()})
    assert "in another way" not in recommend("de", [first, alike], Wish()).verdict.text


def test_a_screen_that_is_left_out_excludes_nobody(tmp_path: Path) -> None:
    folder = write_screen(tmp_path / "s", {"a": 90.0, "b": 60.0})
    plain = json.loads((folder / "screen.json").read_text())
    plain["cells"][0]["excluded"] = "80% of its rows are copies"
    plain["cells"] += [cell | {"language": "ja", "excluded": None} for cell in plain["cells"]]
    (folder / "screen.json").write_text(json.dumps(plain))
    found = recommend("de", [read_screen(folder)], Wish())
    left = next(c for c in found.would_change if c.kind == "left_out" and c.what == "screen s")
    assert found.verdict.if_you_must == "b"
    assert left.flips and left.first == "a"


def test_an_unknown_error_is_no_certainty(run: Path, tmp_path: Path) -> None:
    scores = {"a": 90.0, "b": 60.0, "c": 30.0}
    folder = write_screen(tmp_path / "s", scores)
    plain = json.loads((folder / "screen.json").read_text())
    for cell, se in zip(plain["cells"], (None, 0.0, 1.0), strict=True):
        cell["score"]["se"] = se
    (folder / "screen.json").write_text(json.dumps(plain))
    screen = read_screen(folder)
    assert set(screen.readings) == {("de", "c")} and set(screen.figures) == {("de", n) for n in scores}
    assert "a in de, b in de: no standard error" in screen.doubts[-1]

    results = json.loads((run / "results.json").read_text())
    results["components"] = None
    for cell in results["cells"]:
        for unknown in (cell["gain"], cell["scores"]["robust"]):
            unknown["se"] = None
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "results.json").write_text(json.dumps(results))
    blind = read_run(tmp_path / "r")
    assert blind.readings == {} and len(blind.figures) == 8
    found = recommend("de", [blind], Wish())
    assert found.verdict.kind == "inconclusive" and not any(line.weight for line in found.lines)
    assert "no standard error" in next(o.speaks_against for o in found.lines if o.kind == "run_without_score")

    bundle = bundle_of(read_run(run), "robust", "theirs")
    cells = [
        c.model_copy(
            update={"scored": True, "figures": {n: replace(f, se=None) for n, f in c.figures.items()}}
        )
        for c in bundle.cells
    ]
    theirs = evidence_of(bundle.model_copy(update={"kind": "run", "cells": cells}))[0]
    assert theirs.readings == {} and theirs.kind == "run"


def test_methods_are_those_that_were_tried(run: Path, tmp_path: Path) -> None:
    respond = recommend("de", [read_run(edited(run, tmp_path / "r", methods=["respond"]))], Wish()).methods
    assert respond.value == ("respond",) and respond.is_measured
    assert "nothing else was tried" in respond.text
    every = ["generate", "translate", "respond"]
    mixed = recommend("de", [read_run(edited(run, tmp_path / "e", methods=every))], Wish()).methods
    assert mixed.value == tuple(every) and not mixed.is_measured
