"""Resources of languages against scores: by hand, the paper's Fig. 8, and where nothing can be said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyteach.analysis.resources_of_languages import COMMON_CRAWL, resources
from polyteach.analysis.table import Row, Table


def scored(means: dict[str, float], teachers: tuple[str, ...] = ("t", "u")) -> Table:
    return Table(
        tuple(
            Row(teacher, language, "a", {"gain": mean + (0.1 if i else -0.1)})
            for language, mean in means.items()
            for i, teacher in enumerate(teachers)
        )
    )


def test_six_languages_by_hand():
    # By share: ar id cs es ja de. Scores in that order but ar with id and ja with de changed:
    # d^2 = 4, rho = 1 - 6 * 4 / (6 * 35) = .886. Orders of six with d^2 of at most 4 (Olds 1938): 1 + 5 + 6
    # = 12 of 720, and as many reversed: p = 24 / 720.
    found = resources(scored({"id": 1, "ar": 2, "cs": 3, "es": 4, "de": 5, "ja": 6}))
    assert found.agreement.figure.value == pytest.approx(31 / 35)
    assert found.agreement.p == pytest.approx(24 / 720)
    assert found.languages["de"] == (5.7391, pytest.approx(5))
    assert found.teachers == 2
    # without ar or id, or without ja or de, five are left with d^2 = 2: .9; without cs or es, d^2 = 4: .8
    assert found.without_one == pytest.approx((0.8, 0.9))


def test_figure_8_of_the_paper(real_data: Path):
    text = (real_data / "paper" / "authors_pg_scores_base_olmo3.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    table = Table(tuple(Row(r["teacher_model"], r["target_lang"], "o", {"pg": r["pg_score"]}) for r in rows))
    found = resources(table, "pg")
    assert found.agreement.figure.value == pytest.approx(0.714, abs=5e-4)
    assert found.agreement.p == pytest.approx(0.136, abs=5e-4)
    assert found.without_one == pytest.approx((0.5, 0.9))


def test_means_are_over_teachers_that_have_all_languages():
    table = scored({"de": 0.0, "ja": 1.0, "ar": 2.0})
    more = Table((*table.rows, Row("v", "de", "a", {"gain": 9.0}), Row("v", "ja", "a", {"gain": None})))
    found = resources(more)
    assert found.teachers == 2
    assert found.languages["de"][1] == pytest.approx(0)
    assert found.dropped == {"no gain": 1}


def test_languages_of_unknown_resources_are_named():
    found = resources(scored({"de": 1, "ja": 2, "fil": 3}))
    assert found.unknown == ("fil",)
    assert found.agreement.figure.value is None
    assert found.agreement.p is None
    shares = {**COMMON_CRAWL, "fil": 0.01}
    assert resources(scored({"de": 1, "ja": 2, "fil": 3}), shares=shares).agreement.figure.n == 3


@pytest.mark.parametrize(
    "table", [scored({"de": 1.0}), scored({"de": 1.0, "ja": 1.0, "ar": 1.0, "id": 1.0}), Table(())]
)
def test_one_language_or_equal_scores_are_undefined(table):
    found = resources(table)
    assert found.agreement.figure.value is None
    assert found.agreement.figure.reason
    assert found.without_one is None
    json.dumps(found.to_json(), allow_nan=False)
