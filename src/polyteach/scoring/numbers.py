"""Numbers as people read them, in sentences and tables alike."""

from __future__ import annotations

NONE = "–"


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A number with a true minus sign; a dash where there is none.

    What rounds to zero has no sign.
    """
    if value is None:
        return NONE
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")
