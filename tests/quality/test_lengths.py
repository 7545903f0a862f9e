"""Lengths in code points and in reported tokens."""

import pytest

from polyteach.quality.lengths import character_lengths, token_lengths


def test_characters_are_code_points_after_nfc() -> None:
    # decomposed é is one; a family emoji is five code points; blanks at the ends are none
    mean, median = character_lengths(["cafe\u0301", " 日本 ", "👨‍👩‍👧", ""], side="prompt")
    assert mean.values == (4.0, 2.0, 5.0, None)
    assert mean.figure.value == pytest.approx(11 / 3)
    assert median.figure.value == 4.0
    assert dict(mean.figure.unscored) == {"empty": 1}


def test_tokens_only_where_somebody_counted() -> None:
    mean, _ = token_lengths([10, 0, 20], side="response")
    assert (mean.figure.value, mean.figure.n) == (15.0, 2)
    assert token_lengths([0, 0], side="response")[0].figure.reason == "not reported"
