from __future__ import annotations

from pathlib import Path

from polyteach.report.gate import matrices


def test_metrics_that_pass_come_first_and_what_they_answer_for_is_marked(results: dict) -> None:
    table = matrices(results)[0]
    assert table["language"] == "de"
    assert table["columns"] == ["cut_off", "words_shuffled"]
    assert [row["entry"]["metric"] for row in table["rows"]] == ["rubric", "response_length"]
    assert [cell["answered"] for cell in table["rows"][0]["cells"]] == [False, True]
    assert table["judges"][0]["judge"] == "oracle"


def test_languages_without_a_gate_have_no_table(results: dict) -> None:
    assert matrices({**results, "gate": [], "gate_judges": []}) == []


def test_the_page_shows_the_matrix(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert "The gate" in html
    assert "words shuffled" in html
    assert "answered" in html
    assert "parse rate" in html
