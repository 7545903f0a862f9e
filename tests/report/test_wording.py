from __future__ import annotations

import pytest

from polyteach.report import wording


@pytest.mark.parametrize(
    ("value", "digits", "signed", "expected"),
    [
        (0.456, 2, False, "0.46"),
        (-0.456, 2, False, "−0.46"),
        (0.456, 2, True, "+0.46"),
        (-0.001, 2, True, "0.00"),
        (None, 2, False, "–"),
    ],
)
def test_numbers(value: float | None, digits: int, signed: bool, expected: str) -> None:
    assert wording.number(value, digits, signed=signed) == expected


def test_bounds_and_ranks() -> None:
    assert wording.bounds({"low": -0.1, "high": 0.25}) == "[−0.10, 0.25]"
    assert wording.bounds({"low": -0.1, "high": 0.25}, 1, scale=100) == "[−10.0, 25.0]"
    assert wording.bounds({"low": None, "high": None}) == ""
    assert [wording.ranks(r) for r in ([1, 1], [2, 4], None)] == ["1", "2–4", "–"]
    assert [wording.parameters(n) for n in (530_000, 8_030_000_000, 12, None)] == ["530k", "8.03B", "12", "–"]


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("ما هي عاصمة مصر؟", "ar", "rtl"),
        ("GPT هي كلمة إنجليزية", "ar", "rtl"),
        ("An English answer to an Arabic question", "ar", "ltr"),
        ("12:30", "ar", "rtl"),
        ("12:30", "de", "ltr"),
        ("", "ja", "ltr"),
        ("שלום עולם", "de", "rtl"),
    ],
)
def test_direction_follows_the_text(text: str, code: str, expected: str) -> None:
    assert wording.direction(text, code) == expected


def test_texts_are_printable_and_short() -> None:
    assert wording.printable("a\x00b\x1b[31m\r\nc\td") == "a␀b␛[31m\nc\td"
    assert wording.printable("\ud800") == "⟨U+D800⟩"
    assert wording.printable("a\u202eb\u2066c\u2069\x7f") == "a⟨U+202E⟩b⟨U+2066⟩c⟨U+2069⟩⟨U+007F⟩"
    kept = (
        "می\u200cخواهم \u200f👩\u200d👧 क\u094d\u200dष �"  # joiners and marks that languages are written with
    )
    assert wording.printable(kept) == kept
    assert wording.shortened("abcdef", 3) == "abc … (3 more characters)"
    assert wording.shortened("abc", 3) == "abc"
