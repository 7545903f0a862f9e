"""Answers from results of a made-up study of known truth, from screens, and from nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_sources import bundle_of, run_of, write_screen

from polyteach.bundles import write
from polyteach.errors import UserError
from polyteach.selection.recommend.answer import Recommendation, recommend
from polyteach.selection.recommend.bundles import evidence_of, published_evidence, read_bundle
from polyteach.selection.recommend.candidates import Candidate
from polyteach.selection.recommend.line import without
from polyteach.selection.recommend.reading import read_run, read_screen
from polyteach.selection.recommend.standing import Wish
from polyteach.selection.recommend.text import lines_of_text
from polyteach.selection.recommend.weighing import Reading


@pytest.fixture(scope="module")
def clear_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Skills .80, .70, .55, .26 on 240 items in three languages, one trial."""
    return run_of(tmp_path_factory.mktemp("clear"))


@pytest.fixture(scope="module")
def close_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two teachers that differ a little and one far below, in German, two trials."""
    skill = {"err-03": 0.72, "small": 0.68, "big": 0.30}
    return run_of(tmp_path_factory.mktemp("close"), skill=skill, languages=("de",), trials=2)


def change(found: Recommendation, kind: str) -> list[str]:
    return [c.text for c in found.would_change if c.kind == kind]


def test_a_clear_run_recommends_its_best(clear_run: Path) -> None:
    found = recommend("de", [read_run(clear_run), *published_evidence()], Wish())
    assert (found.verdict.kind, found.verdict.teachers) == ("recommended", ("err-03",))
    assert "trained once" in found.verdict.text
    plain = found.to_json()
    assert [c["candidate"] for c in plain["candidates"]] == ["err-03", "small", "err-30", "big"]
    assert plain["candidates"][0]["rank_interval"] == [1, 1]
    weights = {line["kind"]: line["weight"] for line in plain["evidence"]}
    assert weights["run"] > 10 > 1 > weights["run_other_languages"] > 0 == weights["prior"]
    assert any("without run" in text and "inconclusive" in text for text in change(found, "left_out"))
    json.dumps(plain, allow_nan=False)


def test_another_language_alone_is_no_measurement(clear_run: Path) -> None:
    found = recommend("sw", [read_run(clear_run)], Wish())
    assert found.verdict.kind == "inconclusive" and "nothing was measured" in str(found.verdict.reason)
    assert found.verdict.if_you_must == "err-03"
    line = next(line for line in found.lines if line.kind == "run_other_languages")
    assert line.weight == pytest.approx(line.r**2 / (1 - line.r**2), rel=0.05)  # its errors are small
    assert found.standings.comparison.surely_better == frozenset()


def test_two_that_cannot_be_told_apart_are_tied_and_more_items_are_named(close_run: Path) -> None:
    found = recommend("de", [read_run(close_run)], Wish())
    assert found.verdict.kind == "tie" and set(found.verdict.teachers) == {"err-03", "small"}
    assert found.standings.comparison.rank_interval("big") == (3, 3)
    told = change(found, "more")
    assert len(told) == 1 and "instead of" in told[0] and "in 80% of studies" in told[0]


def test_errors_of_a_run_are_paired_and_smaller_than_its_own(close_run: Path) -> None:
    evidence = read_run(close_run)
    for key, reading in evidence.readings.items():
        own = evidence.figures[key].se
        assert own is not None and 0 < reading.se < 0.95 * own


def test_the_cheapest_of_a_tie_is_taken(close_run: Path) -> None:
    prices = {"err-03": {"input": 5.0, "output": 5.0}, "small": {"input": 1.0, "output": 1.0}}
    known = [Candidate(name, f"pocket:{name}", price=price) for name, price in prices.items()]
    evidence = replace(read_run(close_run), costs={})
    known = [*known, *(c for n, c in evidence.teachers.items() if n == "big")]
    known = [c if c.price else Candidate(c.name, c.model, price={"input": 9.0, "output": 9.0}) for c in known]
    found = recommend("de", [evidence], Wish(), known)
    assert found.verdict.kind == "tie"
    assert (found.verdict.if_you_must, found.verdict.basis) == ("small", "the cheapest of these")
    money = found.standings.options[1].money
    assert money.basis == "estimate"
    # 700 prompt and 600 response tokens at 1 USD a million, 10,000 rows
    assert money.per_10k == pytest.approx(13.0)
    assert (money.low, money.high) == pytest.approx((13 / 3, 39.0))


def test_what_nobody_measured_ties_with_nobody(clear_run: Path) -> None:
    evidence = read_run(clear_run)
    known = [*evidence.teachers.values(), Candidate("unseen", "org/unseen-9b")]
    found = recommend("de", [evidence], Wish(), known)
    assert found.verdict.teachers == ("err-03",)
    assert "not compared: unseen" in found.verdict.text
    assert found.standings.belief.error("unseen") == pytest.approx(1.0)


def test_a_screen_alone_is_too_little_and_says_so(tmp_path: Path) -> None:
    screen = read_screen(write_screen(tmp_path / "s", {"a": 90.0, "b": 60.0, "c": 58.0}))
    found = recommend("de", [screen], Wish())
    assert found.verdict.kind == "inconclusive" and "no student was trained" in str(found.verdict.reason)
    assert found.verdict.if_you_must == "a"
    assert "no number of screened rows" in change(found, "more")[0]
    line = found.lines[0]
    assert line.kind == "screen" and line.weight < 0.44**2 / (1 - 0.44**2)


def test_who_a_screen_excludes_is_not_recommended(tmp_path: Path) -> None:
    folder = write_screen(tmp_path / "s", {"a": 90.0, "b": 60.0})
    plain = json.loads((folder / "screen.json").read_text())
    plain["cells"][0]["excluded"] = "80% of its rows are copies"
    (folder / "screen.json").write_text(json.dumps(plain))
    found = recommend("de", [read_screen(folder)], Wish())
    status = {option.name: option.status for option in found.standings.options}
    assert status == {"a": "excluded", "b": "fits"}
    assert found.lines[0].weighed is not None and set(found.lines[0].weighed.names) == {"b"}
    assert found.verdict.if_you_must == "b" and "only candidate left" in found.verdict.text


def test_students_outweigh_what_a_screen_excludes(clear_run: Path, tmp_path: Path) -> None:
    run = read_run(clear_run)
    out = replace(
        read_screen(write_screen(tmp_path / "s", {"err-03": 1.0, "small": 60.0})),
        teachers={name: run.teachers[name] for name in ("err-03", "small")},
        excluded={("de", "err-03"): "copies"},
    )
    assert recommend("de", [run, out], Wish()).verdict.teachers == ("err-03",)
    alone = recommend("de", [out], Wish())
    assert {option.name: option.status for option in alone.standings.options}["err-03"] == "excluded"


def test_nobody_is_recommended_whose_students_do_not_gain(tmp_path: Path) -> None:
    skill = {"err-03": 0.28, "big": 0.10}  # the base has .28
    found = recommend("de", [read_run(run_of(tmp_path, skill=skill, languages=("de",)))], Wish())
    assert found.verdict.kind == "inconclusive" and "better than their base" in str(found.verdict.reason)


def test_a_budget_shows_what_fits(tmp_path: Path) -> None:
    screen = read_screen(write_screen(tmp_path / "s", {"a": 90.0, "b": 60.0, "c": 50.0}))
    found = recommend("de", [screen], Wish(rows=20_000, budget=12.5))
    options = {option.name: option for option in found.standings.options}
    # 5, 6 and 7 USD for 10,000 rows: 20,000 cost 10, 12 and 14
    assert [options[n].status for n in "abc"] == ["fits", "fits", "over_budget"]
    assert options["c"].fits_rows == 17_857 and "17,857" in options["c"].status_text
    none = recommend("de", [screen], Wish(budget=0.0))
    assert none.verdict.kind == "inconclusive" and "not free" in none.verdict.text
    assert none.verdict.teachers == () and none.verdict.if_you_must is None


def test_zero_budget_leaves_free_candidates(clear_run: Path) -> None:
    found = recommend("de", [read_run(clear_run), *published_evidence()], Wish(budget=0.0))
    assert found.verdict.teachers == ("err-03",) and "free" in found.verdict.text


def test_an_unknown_price_is_never_guessed(tmp_path: Path) -> None:
    folder = write_screen(tmp_path / "s", {"a": 90.0, "b": 60.0})
    plain = json.loads((folder / "screen.json").read_text())
    for cell in plain["cells"]:
        cell["money_per_10k"] = None
    (folder / "screen.json").write_text(json.dumps(plain))
    found = recommend("de", [read_screen(folder)], Wish(budget=100.0))
    assert {option.status for option in found.standings.options} == {"price_unknown"}
    assert found.to_json()["candidates"][0]["money"]["per_10k"] is None
    assert found.to_json()["candidates"][0]["money"]["reason"]


def test_a_price_that_is_given_counts_with_measured_tokens(tmp_path: Path) -> None:
    # 100,000 sent and 50,000 received for 200 rows: 500 and 250 a row; at 2 and 4 USD a million .002 a row
    screen = read_screen(write_screen(tmp_path / "s", {"a": 90.0, "b": 60.0}))
    prices = {"input": 2.0, "output": 4.0}
    known = [
        Candidate("a", "org/a", is_local=False, price=prices, urls=("http://127.0.0.1:9/v1",)),
        Candidate("b", "org/b", is_local=True),
    ]
    found = recommend("de", [screen], Wish(), known)
    money = {option.name: option.money for option in found.standings.options}
    assert money["a"].per_10k == pytest.approx(20.0) and "its own rows" in money["a"].text
    assert money["b"].basis == "free"


def test_a_host_is_not_free_because_a_run_was(close_run: Path) -> None:
    evidence = read_run(close_run)
    hosted = [
        replace(c, is_local=False, urls=("https://nowhere.invalid/v1",)) for c in evidence.teachers.values()
    ]
    found = recommend("de", [evidence], Wish(), hosted)
    assert {option.money.basis for option in found.standings.options} == {"unknown"}


def test_another_definition_counts_less_until_it_is_alone(clear_run: Path) -> None:
    first = read_run(clear_run)
    turned = {key: Reading(-r.value, r.se) for key, r in first.readings.items()}
    other = replace(first, id="run turned", definition="another", readings=turned)
    found = recommend("de", [first, other], Wish())
    assert found.verdict.teachers == ("err-03",)
    weights = {line.id: line.weight for line in found.lines if line.kind.startswith("run")}
    assert weights["run turned"] == pytest.approx(0.6**2 / (1 - 0.6**2), rel=0.1)
    left = next(c for c in found.would_change if c.kind == "left_out" and c.what == first.id)
    assert left.flips and left.first == "big"
    heir = next(line for line in without(found.lines, found.lines[0]) if line.id == "run turned")
    assert heir.kind == "run" and heir.weight > 10


def test_a_bundle_of_a_run_answers_as_the_run_and_counts_once(clear_run: Path) -> None:
    run = read_run(clear_run)
    bundle = bundle_of(run, "robust", "theirs")
    cells = [cell.model_copy(update={"scored": True}) for cell in bundle.cells]  # as if with its evidence
    theirs = evidence_of(bundle.model_copy(update={"kind": "run", "cells": cells}))
    assert [source.kind for source in theirs] == ["run"] and theirs[0].definition == run.definition
    found = recommend("de", theirs, Wish())
    assert found.verdict.teachers == ("err-03",) and found.lines[0].kind == "run"
    both = recommend("de", [run, *theirs], Wish())
    assert both.standings.belief.means == pytest.approx(recommend("de", [run], Wish()).standings.belief.means)


def test_published_figures_weigh_next_to_nothing(clear_run: Path, tmp_path: Path) -> None:
    write(bundle_of(read_run(clear_run), "result", "paper"), tmp_path / "paper.json")
    found = recommend("de", read_bundle(tmp_path / "paper.json"), Wish())
    assert found.verdict.kind == "inconclusive" and "nothing was measured" in str(found.verdict.reason)
    assert found.lines[0].kind == "prior" and found.lines[0].weight < 0.04


def test_a_licence_takes_candidates_out() -> None:
    evidence = published_evidence()
    found = recommend("de", evidence, Wish(licence="permissive"))
    assert {o.name for o in found.standings.eligible} == {"IBM Granite 4.0", "IBM Granite Micro"}
    left = recommend("de", evidence, Wish(licence="non-commercial")).standings.eligible
    assert len(left) == 9 and "GPT 4o mini" not in {option.name for option in left}


def test_nothing_at_hand_is_inconclusive() -> None:
    found = recommend("fil", published_evidence(), Wish())
    assert found.verdict.kind == "inconclusive" and found.verdict.if_you_must is None
    assert len(found.standings.options) == 10
    assert max(line.weight for line in found.lines) == pytest.approx(0.18**2 / (1 - 0.18**2))
    texts = [c for c in found.would_change if c.kind == "believed" and c.what == "published_score"]
    assert texts and texts[0].first == "Gemma 3 27B Inst." and texts[0].flips
    empty = recommend("fil", [], Wish())
    assert empty.verdict.kind == "inconclusive" and "no candidate" in empty.verdict.text


def test_one_candidate_is_not_compared(clear_run: Path) -> None:
    evidence = read_run(clear_run)
    found = recommend("de", [evidence], Wish(), [evidence.teachers["small"]])
    assert found.verdict.kind == "recommended" and "Nothing was compared" in found.verdict.text
    alone = recommend("de", [], Wish(), [Candidate("x", "org/x")])
    assert alone.verdict.kind == "inconclusive" and alone.would_change == ()


def test_all_alike_are_inconclusive(tmp_path: Path) -> None:
    screen = read_screen(write_screen(tmp_path / "s", {"a": 70.0, "b": 70.0, "c": 70.0}))
    found = recommend("de", [screen], Wish())
    assert found.verdict.kind == "inconclusive"
    assert found.standings.belief.means.tolist() == pytest.approx([0.0, 0.0, 0.0])
    assert found.verdict.if_you_must == "a" and "cheapest" in str(found.verdict.basis)


def test_the_same_results_twice_count_once(clear_run: Path) -> None:
    once, twice = (recommend("de", [read_run(clear_run)] * count, Wish()) for count in (1, 2))
    assert twice.standings.belief.means == pytest.approx(once.standings.belief.means)


def test_methods_that_competed_are_compared(tmp_path: Path) -> None:
    folder = write_screen(tmp_path / "s", {"t-generate": 60.0, "t-respond": 90.0})
    plain = json.loads((folder / "screen.json").read_text())
    for candidate, method in zip(plain["candidates"], ("generate", "respond"), strict=True):
        candidate |= {"model": "org/t-8b", "teacher": "t", "methods": [method]}
    (folder / "screen.json").write_text(json.dumps(plain))
    found = recommend("de", [read_screen(folder)], Wish())
    assert found.methods.value == ("respond",) and found.methods.is_measured
    assert "not clearly better" in found.methods.text


def test_text_fits_80_columns(clear_run: Path) -> None:
    found = recommend("de", [read_run(clear_run), *published_evidence()], Wish(budget=3.0))
    lines = list(lines_of_text(found))
    assert lines[0].startswith("For German, take err-03")
    long = [line for line in lines if len(line) > 80 and "https://" not in line]
    assert not long


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("results.json", "{", "cannot be read"),
        ("results.json", '{"schema_version": 1}', "damaged"),
        ("results.json", '{"schema_version": 9}', "damaged"),
        ("screen.json", '{"schema_version": 1, "kind": "run", "candidates": [], "cells": []}', "damaged"),
        ("screen.json", "[" * 100_000, "cannot be read"),
    ],
)
def test_mangled_files_are_told(tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / name).write_text(content)
    read = read_run if name == "results.json" else read_screen
    with pytest.raises(UserError, match=says):
        read(tmp_path)
    with pytest.raises(UserError, match="there is no"):
        read(tmp_path / "nowhere")


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "polyteach.cli.main", "recommend", *arguments],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip


def test_the_command_reads_what_is_there(clear_run: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(clear_run)
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "results.json").write_text("{")
    (tmp_path / "runs" / "stopped").mkdir()
    (tmp_path / "runs" / "stopped" / "status.json").write_text("{}")
    done = command("de", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    plain = json.loads(done.stdout)
    assert plain["schema_version"] == 1 and plain["recommendation"]["teachers"] == ["err-03"]
    broken, stopped = plain["skipped"]
    assert "broken" in broken and stopped.endswith("stopped: not finished")
    assert command("de", "--json", folder=tmp_path).stdout == done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("klingonese",), "unknown language"),
        (("de", "--run", "nowhere"), "there is no results.json"),
        (("de", "--bundle", "nowhere.json"), "cannot be read"),
        (("de", "--candidates", "nowhere.yaml"), "no such"),
        (("de", "--budget", "inf"), "no amount of money"),
        (("de", "--budget", "-1"), "--budget"),
        (("de", "--licence", "open"), "licence"),
    ],
)
def test_mistakes_of_users(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = command(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr
