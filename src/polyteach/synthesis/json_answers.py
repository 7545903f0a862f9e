"""A pair in JSON as models write it: read as it stands, or repaired where that loses and adds nothing."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict

MOST_ASTRAY = 3
"""So many letters and digits a repair may lose or add, such as those of an escape that it reads otherwise."""
LONGEST_REPAIRED = 100_000
"""Characters. What is longer is not repaired: a guess at a megabyte takes minutes."""

_OBJECT = re.compile(r"""\{\s*(?:["'“]|prompt\s*:)""")
_ESCAPE = re.compile(r"\\(?:[\\\"/\n]|u[0-9a-fA-F]{4}|$|(?P<word>[A-Za-z]+)|(?P<sign>.))", re.DOTALL)
_WRITTEN = re.compile(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|.)", re.DOTALL)
_COMMANDS = re.compile(
    r"n(?:abla|atural|eq|ewcommand|ewline|ewpage|geq|leq|oindent|olimits|onumber|ormalsize|otin|subseteq)|"
    r"t(?:ableofcontents|ag|ext|ext[a-z]+|frac|herefore|heta|hinspace|ilde|imes|iny|itle|oprule|riangle[a-z]*)"
)
"""LaTeX whose backslash and first letter are also JSON's line break or tab."""
_WORDLIKE_COMMANDS = re.compile(r"n(?:e|eg|exists|i|mid|ot|u)|t(?:an|anh|au|o|op)")
"""Others, which are a word of some language after the line break or tab: commands in a formula alone."""
_PAIR = re.compile(
    r'\{\s*"prompt"\s*:\s*"(?P<prompt>.*)"\s*,\s*"response"\s*:\s*"(?P<response>.*)"\s*,?\s*\}\s*(?:```)?\s*\Z',
    re.DOTALL,
)
_SEPARATOR = re.compile(r'"\s*,\s*"response"\s*:\s*"')
_FIELD = re.compile(r'"\s*,\s*"\w{1,30}"\s*:')
_SUM = re.compile(r'(?<!\\)"\s*\+\s*"')


class Pair(BaseModel):
    """What generate and translate ask for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    prompt: str
    response: str


class _OnlyPair(Pair):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Unclosed(ValueError):
    """No JSON object is whole in the text as it stands."""


def first_pair(text: str) -> Pair:
    """Reads the first JSON object of a text, which has `prompt` and `response`; other keys do not count.

    What stands around it (a code fence, a remark) is ignored. A number counts as the text it is written as.
    Backslashes that are none of JSON's, those of LaTeX above all, are read as they are meant, doubled.

    Raises:
        Unclosed: no object, or one that is not JSON.
        ValueError: it has not these two texts.
    """
    start = _start(text)
    decoder = json.JSONDecoder(strict=False, parse_float=str, parse_int=str, parse_constant=str)
    try:
        value, _ = decoder.raw_decode(_doubled(text[start:]))
    except (ValueError, RecursionError) as error:
        raise Unclosed(str(error)) from error
    return _valid(value, Pair)


def repaired_pair(text: str) -> Pair:
    """Reads a pair from what is almost JSON, such as quotation marks that are not escaped.

    A repair can end a text early, or take a part of it for another field. So what it gives must have just
    the two keys, and the letters and digits of the text, all but `MOST_ASTRAY`. A text that is added up from
    strings is none.

    Raises:
        ValueError: it cannot be read so.
    """
    if len(text) > LONGEST_REPAIRED:
        raise ValueError("too long to be repaired")
    raw = _doubled(text[_start(text) :])
    if _SUM.search(raw) or not all(name in raw for name in Pair.model_fields):
        raise ValueError("a sum of strings, or without a key")
    pair = _between_the_keys(raw) or _guessed(raw)
    shown = _WRITTEN.sub(lambda match: chr(int(match["code"], 16)) if match["code"] else "", raw)
    missing = _count(shown) - _count("promptresponse") - _count(pair.prompt + pair.response)
    if abs(missing) > MOST_ASTRAY:
        raise ValueError("the repair changes the text")
    return pair


def _doubled(text: str) -> str:
    """JSON in which each backslash that is meant as one is doubled.

    Meant as one is what JSON does not know (`\\sqrt`, `\\(`); a backspace, a form feed, or a return before
    letters (`\\beta`, `\\frac`, `\\rho`), which nobody writes; and a line break or a tab that is a command of
    LaTeX with the letters after it (`\\theta`). An apostrophe needs no backslash, and loses it.
    """

    formulas = _Formulas(text)

    def meant(match: re.Match[str]) -> str:
        written, word, sign = match[0], match["word"], match["sign"]
        if sign:
            return sign if sign == "'" else f"\\{written}"
        if not word or word == "r":
            return written
        is_kept = word[0] in "nt" and not (
            _COMMANDS.fullmatch(word)
            or (_WORDLIKE_COMMANDS.fullmatch(word) and formulas.is_open_at(match.start()))
        )
        return written if is_kept else f"\\{written}"

    return _ESCAPE.sub(meant, text)


class _Formulas:
    """Which places of a text are in a formula. Asked for in their order, each character is read once."""

    def __init__(self, text: str) -> None:
        self._text, self._read, self._dollars = text, 0, 0
        self._last = dict.fromkeys((r"\(", r"\)", r"\[", r"\]"), -1)

    def is_open_at(self, place: int) -> bool:
        """Whether a formula is open there."""
        self._dollars += self._text.count("$", self._read, place)
        for mark, last in self._last.items():
            self._last[mark] = max(last, self._text.rfind(mark, max(self._read - 1, 0), place))
        self._read = place
        round_, square = ((self._last[f"\\{a}"] > self._last[f"\\{b}"]) for a, b in ("()", "[]"))
        return self._dollars % 2 == 1 or round_ or square


def _between_the_keys(text: str) -> Pair | None:
    """The pair of an object with bare quotation marks; None where another reading is as good."""
    match = _PAIR.match(text) if len(_SEPARATOR.findall(text)) == 1 else None
    if match is None:
        return None
    response = match["response"]
    fields = (response[: field.start()] for field in _FIELD.finditer(response))
    if any(before.count("{") <= before.count("}") for before in fields):
        return None  # a third field of the object, not one of an object in the response
    try:
        values = {name: _unescaped(match[name]) for name in ("prompt", "response")}
    except ValueError:
        return None
    return _valid(values, _OnlyPair)


def _unescaped(text: str) -> Any:
    quoted = re.sub(r'(\\.)|"', lambda match: match[1] or r"\"", text, flags=re.DOTALL)
    return json.loads(f'"{quoted}"', strict=False)


def _guessed(text: str) -> Pair:
    from json_repair import repair_json

    try:
        return _valid(repair_json(text, return_objects=True, ensure_ascii=False), _OnlyPair)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _count(text: str) -> int:
    return sum(map(str.isalnum, text))


def _start(text: str) -> int:
    found = _OBJECT.search(text)
    if found is None:
        raise Unclosed("no object")
    return found.start()


def _valid(value: object, model: type[Pair]) -> Pair:
    pair = model.model_validate(value)
    (pair.prompt + pair.response).encode()  # half of a surrogate pair is no text: UnicodeEncodeError
    return Pair(prompt=pair.prompt.strip(), response=pair.response.strip())
