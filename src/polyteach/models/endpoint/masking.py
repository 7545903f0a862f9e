"""Keeps a key out of all that is shown, without altering what a model says.

A server may repeat a key as it stands, within JSON, in a URL or in HTML. One that wants to hide a key in an
answer can do so, by any code: it knows it, and nothing here can tell.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from urllib.parse import quote

_SURE = 16  # characters, from which on a text that holds the key can hold nothing else: dummy keys are words
_PIECE = 4  # characters of the key at the end of a shortened text, from which on they are taken for it


def masked(text: str, key: str | None) -> str:
    """A text that will be shown, with the key replaced; a short one only where it stands as a word.

    So is the beginning of the key where the text, which may have been shortened, breaks off in it.
    """
    if not key:
        return text
    for form in _forms(key):
        if len(key) >= _SURE:
            text = text.replace(form, "***")
        else:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "***", text)
    for length in range(len(key) - 1, _PIECE - 1, -1):
        if text.endswith(key[:length]):
            return f"{text[:-length]}***"
    return text


def masked_answer(content: bytes, key: str | None) -> bytes:
    """A server's answer, with the key replaced if it is long enough to be no word of an answer."""
    if key and len(key) >= _SURE:
        for form in _forms(key):
            content = content.replace(form.encode(), b"***")
    return content


@cache
def _forms(key: str) -> tuple[str, ...]:
    """A key as it stands, and as JSON (with and without `\\/`), URLs and HTML write it."""
    inside = json.dumps(key)[1:-1]
    forms = (key, inside, inside.replace("/", "\\/"), quote(key, safe=""), quote(key), html.escape(key))
    return tuple(dict.fromkeys(forms))
