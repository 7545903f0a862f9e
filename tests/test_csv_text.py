"""Tables as CSV: nothing in them is a formula to a spreadsheet, and numbers stay numbers."""

from __future__ import annotations

import csv
import io

import pytest

from polyteach.files import csv_text
from polyteach.report.leaderboard_csv import leaderboard_csv


def _read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "value",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "=", "+1e5x", "-1,5", "-٣"],
)
def test_a_formula_is_a_text(value: str) -> None:
    assert _read(csv_text([value], [{value: value}])) == [[f"'{value}"], [f"'{value}"]]


@pytest.mark.parametrize("value", ["-5", "+5", "-0.25", "-.5", "-1e-7", "plain", "1=1", "'", ""])
def test_numbers_and_plain_texts_are_as_they_were(value: str) -> None:
    assert _read(csv_text(["a", "b"], [{"a": value, "b": 1}])) == [["a", "b"], [value, "1"]]


def test_numbers_and_nothing() -> None:
    assert _read(csv_text(["a", "b"], [{"a": -0.5, "b": None}]))[1] == ["-0.5", ""]


def test_the_leaderboard_goes_through_it() -> None:
    figure = {"value": -1.0, "se": None, "low": None, "high": None}
    entry = {"teacher": "=HYPERLINK(1)", "parameters": None, "rank_interval": None, "gain": figure}
    entry |= {"quality": figure, "pgr": figure}
    entry["scores"] = dict.fromkeys(("robust", "published", "paper", "paper_eq3"), figure)
    lines = _read(leaderboard_csv({"leaderboard": [entry]}))
    assert lines[1][0] == "'=HYPERLINK(1)"
    assert "-1.0" in lines[1]


def test_a_bare_carriage_return_begins_no_line() -> None:
    text = csv_text(["a"], [{"a": "one\r=1+1"}])
    assert _read(text) == [["a"], ["one\r=1+1"]]
    assert '"one\r=1+1"' in text


def test_a_column_that_nobody_has_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="other"):
        csv_text(["a"], [{"a": 1, "other": 2}])
