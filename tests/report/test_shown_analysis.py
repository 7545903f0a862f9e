from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from polyteach.report.analysis import analysis
from polyteach.report.page import render_page


@pytest.fixture
def plain(analysed: Path) -> dict:
    return json.loads((analysed / "analysis.json").read_text(encoding="utf-8"))


def test_the_least_p_of_few_teachers_is_said_and_hopeless_columns_are_left_out(
    results: dict, plain: dict
) -> None:
    found = analysis(plain)["correlations"]
    assert (found["teachers"], found["least_p"]) == (4, 1 / 24)
    assert found["least_holm"] == pytest.approx(min(1, found["tested"] / 24))
    section = render_page(results, plain, {}, "").split('<section id="analysis">')[1].split("</section>")[0]
    assert "With 4 teachers p cannot be below 0.042 (0.083 where" in section
    assert "p, Holm" not in section
    plain["sections"]["correlations"] |= {"teachers": 9, "least_p": 1e-4}
    section = render_page(results, plain, {}, "").split('<section id="analysis">')[1].split("</section>")[0]
    assert "With 9 teachers p cannot be below 0.0001.</p>" in section
    assert "p, Holm" in section
    plain["sections"]["correlations"] |= {"teachers": 3, "least_p": None}
    section = render_page(results, plain, {}, "").split('<section id="analysis">')[1].split("</section>")[0]
    assert "No p can be given: too few teachers" in section.split("</table>")[0]
    assert '<th class="num">p</th>' not in section.split("</table>")[0]


def test_the_smallest_gap_says_what_it_leaves_out(results: dict, plain: dict) -> None:
    page = render_page(results, plain, {}, "")
    line = next(line for line in page.split("\n") if "Smallest gap in gain" in line)
    assert "(over items only: there was one trial, so the luck of training" in line
    known = copy.deepcopy(plain)
    known["sections"]["power"]["caveat"] = None
    line = next(line for line in render_page(results, known, {}, "").split("\n") if "Smallest gap" in line)
    assert "(" not in line


def test_a_prediction_worse_than_the_mean_has_no_number(plain: dict) -> None:
    for r2, told in ((-498.5, "worse than the mean"), (-0.01, "worse than the mean"), (0.25, "0.25")):
        for part in plain["sections"]["claim"]["held_out"]:
            part["r2"] = r2
        shown = analysis(plain)["regressions"][1]["held_out"]
        assert {part["told"] for part in shown} == {told}


def test_too_few_languages_have_no_correlation(plain: dict) -> None:
    found = analysis(plain)["resources"]
    assert found["agreement"]["n"] == 3
    assert found["reason"] == "3 languages are too few: at least 5 are needed"
    plain["sections"]["resources"]["agreement"]["n"] = 5
    assert analysis(plain)["resources"]["reason"] is None
