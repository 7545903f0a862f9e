"""What the ranking takes for granted: each check on results where it is so, is not so, and cannot be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyteach.report.assumptions import Check, assumptions


@pytest.fixture(scope="module")
def plain(analysed: Path) -> dict:
    return json.loads((analysed / "analysis.json").read_text(encoding="utf-8"))


def check(name: str, results: dict, plain: dict, manifests: dict | None = None) -> Check:
    (found,) = (c for c in assumptions(results, plain, manifests)["checks"] if name in c.name)
    return found


def with_study(results: dict, **changed: object) -> dict:
    return {**results, "study": results["study"] | changed}


def test_the_doubtful_stand_first_and_all_are_counted(results: dict, plain: dict) -> None:
    found = assumptions(results, plain)
    states = [c.status for c in found["checks"]]
    assert states == sorted(states, key=["doubtful", "not checked", "ok"].index)
    assert sum(found["counts"].values()) == len(states) == 12


def test_languages(results: dict, plain: dict) -> None:
    few = check("languages stand", results, plain)
    assert few.status == "doubtful"
    assert few.evidence.startswith(
        "3 languages in 3 scripts, from Arabic (0.67% of CommonCrawl) to German (5.74%)"
    )
    codes = ["ar", "cs", "de", "es", "id", "ja"]
    known = {
        "sections": plain["sections"] | {"resources": {"languages": {code: [1.0, 0.1] for code in codes}}}
    }
    assert check("languages stand", with_study(results, languages=codes), known).status == "ok"
    unknown = check("languages stand", with_study(results, languages=[*codes, "fil"]), known)
    assert (unknown.status, "Filipino" in unknown.evidence) == ("not checked", True)


def test_equal_rows(results: dict, plain: dict) -> None:
    assert check("equally many rows", results, plain).status == "not checked"  # made up without trainings
    one = {"base": "a", "language": "de", "teacher": "x", "trial": 0, "examples": 600}
    alike = {**results, "trainings": [one, one | {"teacher": "y"}, one | {"language": "ar", "examples": 500}]}
    assert check("equally many rows", alike, plain).status == "ok"
    uneven = check("equally many rows", {**results, "trainings": [one, one | {"examples": 590}]}, plain)
    assert (uneven.status, uneven.evidence) == ("doubtful", "a in German: 590 to 600 rows")


def students(**tokens: int) -> dict:
    return {
        f"students/base-a/{who}/de/0": {
            "kind": "students",
            "facts": {"steps": 228, "tokens": count, "removed": {}},
        }
        for who, count in tokens.items()
    }


def test_equal_steps_and_tokens(results: dict, plain: dict) -> None:
    assert check("equally long", results, plain).status == "not checked"
    assert check("equally long", results, plain, students(x=1000, y=1400)).status == "ok"
    longer = check("equally long", results, plain, students(x=1000, y=1600))
    assert longer.status == "doubtful"
    assert "factor of 1.60 at most (base-a in German), most for y" in longer.evidence
    uneven = students(x=1000, y=1000)
    uneven["students/base-a/y/de/0"]["facts"]["steps"] = 100
    assert "unequal steps" in check("equally long", results, plain, uneven).evidence


@pytest.mark.parametrize(("trials", "status"), [(1, "doubtful"), (2, "doubtful"), (3, "ok")])
def test_trials(results: dict, plain: dict, trials: int, status: str) -> None:
    assert check("luck of training", with_study(results, trials=trials), plain).status == status


def test_anchors(results: dict, plain: dict) -> None:
    assert check("reference shows", results, plain).status == "ok"
    none = [a | {"counts": a["counts"] and a["language"] != "ar"} for a in results["anchors"]]
    lost = check("reference shows", {**results, "anchors": none}, plain)
    assert (lost.status, "in none of Arabic on base-a" in lost.evidence) == ("doubtful", True)
    warned = {"code": "inverted_anchors", "where": "x", "message": "Upside down."}
    inverted = check("reference shows", {**results, "warnings": [warned]}, plain)
    assert (inverted.status, "Upside down." in inverted.evidence) == ("doubtful", True)
    assert check("reference shows", {**results, "anchors": []}, plain).status == "not checked"


def test_families(results: dict, plain: dict) -> None:
    name = "base favours"
    assert check(name, results, plain).status == "not checked"
    teachers = [t | {"family": "one"} for t in results["study"]["teachers"]]
    bases = [b | {"family": "two"} for b in results["study"]["bases"]]
    apart = with_study(results, teachers=teachers, bases=bases)
    assert check(name, apart, plain).status == "ok"
    teachers[0] = teachers[0] | {"family": "two"}
    kin = check(name, with_study(results, teachers=teachers, bases=bases), plain)
    assert (kin.status, "err-03 and base-a are two" in kin.evidence) == ("doubtful", True)


def test_scorers_and_judges(results: dict, plain: dict) -> None:
    scorer = {"metric": "rubric", "model": "m", "family": "one", "teachers": []}
    teachers = [t | {"family": "two"} for t in results["study"]["teachers"]]
    apart = with_study(results, scorers=[scorer], teachers=teachers)
    assert check("scorer favours", apart, plain).status == "ok"
    assert check("scorer favours", with_study(results, scorers=[scorer]), plain).status == "not checked"
    warned = [{"code": "scorer_family", "where": "rubric", "message": "Kin."}]
    kin = check("scorer favours", {**apart, "warnings": warned}, plain)
    assert (kin.status, kin.evidence) == ("doubtful", "Kin.")
    assert check("judge tells", {**results, "gate_judges": []}, plain).status == "not checked"
    doubt = [{"code": "doubtful_judge", "where": "x", "message": "It is moved by pleas."}]
    assert check("judge tells", {**results, "warnings": doubt}, plain).status == "doubtful"


def test_gate_and_overlap(results: dict, plain: dict) -> None:
    assert check("metrics that see damage", results, plain).status == "ok"
    failing = [e | {"passes": e["passes"] and e["language"] != "ja"} for e in results["gate"]]
    lost = check("metrics that see damage", {**results, "gate": failing}, plain)
    assert (lost.status, "Japanese" in lost.evidence) == ("doubtful", True)
    alone = next(e["metric"] for e in results["gate"] if e["passes"])
    one = [e | {"passes": e["metric"] == alone} for e in results["gate"]]
    told = check("metrics that see damage", {**results, "gate": one}, plain).evidence
    assert told == "1 metric passes the gate in each language"
    assert check("taught the exam", results, plain).status == "not checked"
    known = students(x=1)
    known["students/base-a/x/de/0"]["facts"]["removed"] = {"overlaps_benchmark": 4}
    found = check("taught the exam", results, plain, known)
    assert (found.status, found.evidence.startswith("4 rows")) == ("ok", True)
