"""The page of a comparison in a browser: readable on a telephone, its tables and columns told apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "comparison"))
from made_results import made_results

from polyteach.comparison.comparing import compare
from polyteach.comparison.page import comparison_page

LABELS = ("first", "second", "third")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compared")
    for step, label in enumerate(LABELS):
        place = {("de", "b"): {"x": 0.4 + step / 10, "y": 0.6}}
        results = made_results(
            {"one": place, "two": {("de", "b"): {"x": 0.3, "y": 0.5}}},
            {name: {"de": {"m": 0.5}} for name in ("one", "two")},
        )
        results["study"]["name"] = label
        results["study"]["rng_seed"] = step
        results["verdict"]["text"] = "No teacher can be told from the other by what was measured here. " * 2
        (root / label).mkdir()
        (root / label / "results.json").write_text(json.dumps(results), encoding="utf-8")
    path = root / "compare.html"
    path.write_text(comparison_page(compare([root / label for label in LABELS])), encoding="utf-8")
    return path


def test_a_verdict_is_no_column_of_single_words(visit, page: Path) -> None:
    tab = visit(page, width=390)
    box = tab.locator("#runs tbody tr:first-child td").first.bounding_box()
    assert box["width"] >= 256
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_tables_and_columns_have_names_of_their_own(visit, page: Path) -> None:
    tab = visit(page)
    names = tab.locator("table[data-name]").evaluate_all(
        "tables => tables.map((table) => table.dataset.name)"
    )
    assert len(set(names)) == len(names) == 6
    assert "Why scores changed: third, compared with first" in names
    for table in tab.locator("table[data-name]").all():
        heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]
        assert len(set(heads)) == len(heads)
    heads = tab.locator("#standings thead th").all_inner_texts()
    assert all(head.strip().startswith(LABELS) for head in heads[1:])


def test_axe_finds_nothing_but_minor_things(visit, page: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    found = axe.run(visit(page, bypass_csp=True)).response["violations"]
    assert [one["id"] for one in found if one["impact"] != "minor"] == []
