"""Figures and texts as people read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from polyteach.scoring.numbers import NONE
from polyteach.scoring.numbers import number as number
from polyteach.scoring.numbers import parameters as parameters

UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
"""What is unseen and changes what is seen, but for line feeds and tabs; see `printable`."""
_PICTURES = 0x2400  # of control characters, in their order


def bounds(figure: Mapping[str, Any], digits: int = 2, *, scale: float = 1.0) -> str:
    """The interval of a figure, times `scale`, in brackets; empty where it has none."""
    if figure["low"] is None or figure["high"] is None:
        return ""
    return f"[{number(scale * figure['low'], digits)}, {number(scale * figure['high'], digits)}]"


def few_scored(figure: Mapping[str, Any]) -> bool:
    """Whether a figure is over fewer than half of the rows it was asked of."""
    return figure["value"] is not None and figure["n"] < sum(figure["unscored"].values())


def ranks(interval: list[int] | None) -> str:
    """A rank interval, such as `1`, `2–3`; a dash where there is none."""
    if interval is None:
        return NONE
    low, high = interval
    return str(low) if low == high else f"{low}–{high}"


def language(code: str) -> str:
    """A language's English name."""
    from polyteach.languages import english_name

    return english_name(code)


def direction(text: str, code: str) -> str:
    """`rtl` or `ltr`, by the majority of a text's letters; by its language where it has none.

    A response may be in another language than asked for, so the language alone does not tell.
    """
    from polyteach.languages import is_right_to_left

    classes = [unicodedata.bidirectional(character) for character in text]
    right = sum(found in ("R", "AL") for found in classes)
    left = sum(found == "L" for found in classes)
    if right == left:
        return "rtl" if is_right_to_left(code) else "ltr"
    return "rtl" if right > left else "ltr"


def printable(text: str) -> str:
    """A text that can be shown anywhere: what is unseen and changes what is seen has a visible mark.

    Control characters become their pictures (NUL is `␀`, ESC is `␛`), line ends `\\n`; tabs stay. What turns
    the direction of the text around it (embeddings, overrides, isolates), lone surrogates and what Unicode
    keeps free become `⟨U+202E⟩` and the like. Joiners and the marks U+200E, U+200F and U+061C stay: Persian,
    Hindi, Arabic and emoji are written with them, and they reorder no text but their own.
    """
    return UNPRINTABLE.sub(_mark, text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """A text as it may stand in a terminal's line: nothing in it is obeyed."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def _mark(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    return f"⟨U+{code:04X}⟩"


def headline(text: str) -> tuple[str, str]:
    """The first sentence of a verdict, which stands above a page, and the rest; empty where there is none."""
    first, _, rest = text.partition(". ")
    return f"{first.rstrip('.')}.", rest


def shortened(text: str, limit: int) -> str:
    """A text of at most so many characters, saying how many more it had."""
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()} … ({len(text) - limit} more characters)"
