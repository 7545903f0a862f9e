from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_study import SyntheticStudy

from polyteach.report.nothing_taught import scores_without_gain, sentence


def test_it_is_what_gain_leaves_of_the_score(results: dict) -> None:
    found = scores_without_gain(results)
    assert list(found) == [entry["teacher"] for entry in results["leaderboard"]]
    for entry in results["leaderboard"]:
        gained = 50 * entry["gain"]["value"]
        assert found[entry["teacher"]] == pytest.approx(entry["scores"]["robust"]["value"] - gained)


def test_languages_without_a_metric_give_nothing(results: dict) -> None:
    for languages, share in ((["de"], 1 / 3), ([], 0)):
        gate = [entry | {"passes": entry["language"] in languages} for entry in results["gate"]]
        cells = [cell | {"quality": cell["quality"] | {"value": 0.8}} for cell in results["cells"]]
        found = scores_without_gain({**results, "gate": gate, "cells": cells})
        assert list(found.values()) == pytest.approx([40 * share] * 4)


def test_in_words(results: dict) -> None:
    low, high = (f"{end(scores_without_gain(results).values()):.1f}" for end in (min, max))
    assert f"here {low} to {high}; a lower score means a gain below zero" in sentence(results)
    assert "quality does not count" in sentence({**results, "gate": []})
    assert sentence({**results, "leaderboard": []}) == ""


def test_it_stands_under_the_ranking_and_in_each_row(results: dict, page: Path) -> None:
    html = page.read_text(encoding="utf-8").split('<section id="ranking">')[1].split("</section>")[0]
    assert sentence(results) in html
    wide = html.split('<svg class="wide"')[1].split("</svg>")[0]
    assert wide.count('<line class="aside"') == 4
    assert ">100</text>" in wide  # the axis goes to the top score


def test_a_study_without_a_ranking_says_nothing(study: SyntheticStudy, results: dict) -> None:
    unknown = {"scores": {"robust": {"value": None}}}
    assert sentence({**results, "leaderboard": [e | unknown for e in results["leaderboard"]]}) == ""
