"""How texts are compared where small differences of writing do not count."""

from __future__ import annotations

import unicodedata


def normalised(text: str) -> str:
    """The text in NFKC, case folded, with runs of white space as one blank."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
