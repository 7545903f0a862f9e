"""The number that an answer names, however its language writes it."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_NUMBER = re.compile(r"-?\d+(?: \d{3}(?!\d))*(?:[.,'’\u066b\u066c]\d+)*")
_GROUPED = r"[1-9]\d{0,2}(?:[.,'’\u066c ]\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}"
_WHOLE = re.compile(_GROUPED)
_DECIMAL = re.compile(rf"(\d+|{_GROUPED})[.,\u066b](\d+)")
_MOST_DIGITS = 1000  # far below the million at which Decimal gives up
_SEPARATORS = re.compile(r"[.,'’\u066c ]")


def first_number(text: str) -> str:
    """The first number of a text as a plain one, such as `2125`; empty where it has none."""
    found = numbers(text)
    return found[0] if found else ""


def last_number(text: str) -> str:
    """The last number of a text, likewise."""
    found = numbers(text)
    return found[-1] if found else ""


def numbers(text: str) -> list[str]:
    """All numbers of a text, in plain digits and without what does not count (`18.00` is `18`).

    Digits of any script count. A separator with three digits behind it separates thousands, whatever sign it
    is (`2,125`, `2.125`, `2 125`): what is asked for are whole numbers. So do the commas of Indian grouping
    (`1,14,200`). Any other comma or point is the decimal sign, if it is the only one: `1,2,3`
    are three numbers.
    """
    # A minus counts only where a number can begin: in `5-3` it is none.
    plain = "".join(_digit(character) for character in unicodedata.normalize("NFKC", text))
    plain = re.sub(r"[\u2212\u2013](?=\d)", "-", plain)
    found = (
        (match[0], plain[max(match.start() - 1, 0) : match.start()]) for match in _NUMBER.finditer(plain)
    )
    return [number for written, before in found for number in _read(written, before)]


def _digit(character: str) -> str:
    value = unicodedata.digit(character, None)
    return character if value is None else str(value)


def _read(written: str, before: str) -> list[str]:
    negative = written.startswith("-") and not before.isalnum()
    digits = written.lstrip("-")
    if _WHOLE.fullmatch(digits):
        values = [_SEPARATORS.sub("", digits)]
    elif found := _DECIMAL.fullmatch(digits):
        values = [f"{_SEPARATORS.sub('', found[1])}.{found[2]}"]
    else:
        values = re.findall(r"\d+", digits)
    first, *rest = map(_normal, values)
    return [f"-{first}" if negative and first != "0" else first, *rest]


def _normal(value: str) -> str:
    """Without what does not count; of so many digits that it is no number anybody wrote, as it stands."""
    return value if len(value) > _MOST_DIGITS else format(Decimal(value).normalize(), "f")
