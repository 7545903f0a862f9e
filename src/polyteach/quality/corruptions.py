"""Controlled damage to human examples: what a metric that claims to see quality has to see.

Each function takes clean rows of one language and gives for each row a damaged copy, or why there is none (a
response of one word cannot be shuffled). All randomness comes from the generator handed in. Nothing depends
on the language: words are what blanks part; where a script has none (Chinese, Japanese, Thai ...) they are
runs of one kind of character, see `units`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from polyteach.texts import normalised

if TYPE_CHECKING:
    from polyteach.rows import Row

SHUFFLED, WRONG_LANGUAGE, CUT_OFF, BOILERPLATE = "shuffled", "wrong_language", "cut_off", "boilerplate"
SWAPPED, NOISE, NEAR_DUPLICATES = "swapped", "noise", "near_duplicates"
CORRUPTIONS = {
    SHUFFLED: "the words of the response in random order",
    WRONG_LANGUAGE: "prompt and response of another language of the seed data",
    CUT_OFF: "the response ends after 30 to 70% of its characters",
    BOILERPLATE: "one stock phrase, repeated around each response until it is half of it",
    SWAPPED: "two rows exchange their responses",
    NOISE: "15% of the response's letters replaced, left out or exchanged with the next",
    NEAR_DUPLICATES: "half of a set's rows become copies of one other, with another mark at an end",
}
NOISE_SHARE = 0.15
PHRASE_UNITS = 12
"""Words of a stock phrase: about a short sentence."""
_TRIES = 20
_END_MARKS = ("", "!", ".", "…")


@dataclass(frozen=True, slots=True)
class Corrupted:
    """Damaged rows, aligned with the clean ones.

    Attributes:
        rows: None where the damage changes nothing or cannot be done.
        reasons: why, there; None where there is a row.
        clusters: rows with the same cluster share texts, so that their values are not independent.
    """

    rows: tuple[Row | None, ...]
    reasons: tuple[str | None, ...]
    clusters: tuple[Hashable, ...]


def corrupt_all(
    rows: Sequence[Row],
    *,
    held_out: Sequence[Row],
    others: Sequence[Row],
    group: int,
    rng_seed: int,
) -> dict[str, Corrupted]:
    """All corruptions of the same clean rows, in the order of `CORRUPTIONS`; each has its own random stream.

    Args:
        rows: clean pairs of one language.
        held_out: further clean rows of it: what the language's own responses are, and its stock phrases.
        others: rows of other languages; a prompt alone stands for its response too.
        group: rows in whose second half near duplicates of one row stand.
        rng_seed: same rows and rng_seed, same damage.
    """
    streams = {name: stream(name, rng_seed) for name in CORRUPTIONS}
    own = {normalised(row.response) for row in (*rows, *held_out)}
    return {
        SHUFFLED: shuffled(rows, streams[SHUFFLED]),
        WRONG_LANGUAGE: wrong_language(rows, others, own, streams[WRONG_LANGUAGE]),
        CUT_OFF: cut_off(rows, streams[CUT_OFF]),
        BOILERPLATE: boilerplate(rows, held_out or rows, streams[BOILERPLATE]),
        SWAPPED: swapped(rows, streams[SWAPPED]),
        NOISE: noise(rows, streams[NOISE]),
        NEAR_DUPLICATES: near_duplicates(rows, group, streams[NEAR_DUPLICATES]),
    }


def stream(name: str, rng_seed: int) -> np.random.Generator:
    """The random stream of one corruption."""
    return np.random.default_rng([rng_seed, crc32(name.encode())])


def shuffled(rows: Sequence[Row], rng: np.random.Generator) -> Corrupted:
    """The response's units in random order, blanks and line breaks where they were."""

    def damaged(text: str) -> str | None:
        parts = _UNIT.split(text)  # what is no unit at even places, units at odd ones
        pieces = parts[1::2]
        for _ in range(_TRIES if len(set(pieces)) > 1 else 0):
            parts[1::2] = [pieces[place] for place in rng.permutation(len(pieces))]
            if "".join(parts) != text:
                return "".join(parts)
        return None

    return _each_response(rows, damaged, "fewer than two different words")


def cut_off(rows: Sequence[Row], rng: np.random.Generator) -> Corrupted:
    """The response's first 30 to 70% of characters; no mark is parted from its letter."""

    def damaged(text: str) -> str | None:
        end = round(rng.uniform(0.3, 0.7) * len(text))
        while end < len(text) and unicodedata.category(text[end]).startswith("M"):
            end += 1
        return text[: max(end, 1)].rstrip()

    return _each_response(rows, damaged, "too short to cut")


def noise(rows: Sequence[Row], rng: np.random.Generator) -> Corrupted:
    """Each letter is hit with probability .15, one at least: another of the language's letters in its place,
    left out, or exchanged with the next character."""
    pool = [char for row in rows for char in row.response if char.isalpha()]

    def damaged(text: str) -> str | None:
        letters = [place for place, char in enumerate(text) if char.isalpha()]
        if not letters:
            return None
        for _ in range(_TRIES):
            hit = [place for place in letters if rng.random() < NOISE_SHARE] or [int(rng.choice(letters))]
            chars = [*text]
            for place in hit:
                match int(rng.integers(3)):
                    case 0:
                        chars[place] = pool[int(rng.integers(len(pool)))]
                    case 1:
                        chars[place] = ""
                    case _ if place + 1 < len(chars):
                        chars[place], chars[place + 1] = chars[place + 1], chars[place]
            if (after := "".join(chars)).strip() and normalised(after) != normalised(text):
                return after
        return None

    return _each_response(rows, damaged, "no letter to change")


def boilerplate(rows: Sequence[Row], source: Sequence[Row], rng: np.random.Generator) -> Corrupted:
    """The same stock phrase before and after every response, repeated until it is at least half of it.

    The phrase is the beginning of one human response of middling length or more.
    """
    texts = sorted(
        {row.response.strip() for row in source if row.response.strip()}, key=lambda t: (len(t), t)
    )
    if not texts:
        return Corrupted((None,) * len(rows), ("no phrase",) * len(rows), tuple(range(len(rows))))
    longer = texts[len(texts) // 2 :]
    phrase = _beginning(longer[int(rng.integers(len(longer)))])

    def damaged(text: str) -> str:
        times = max(1, round(len(text) / (2 * len(phrase))))
        return "\n".join([*[phrase] * times, text, *[phrase] * times])

    return _each_response(rows, damaged, "")


def swapped(rows: Sequence[Row], rng: np.random.Generator) -> Corrupted:
    """Rows exchange responses in pairs, so that pairs are independent of each other."""
    left = [int(place) for place in rng.permutation(len(rows))]
    found: list[Row | None] = [None] * len(rows)
    clusters: list[Hashable] = [*range(len(rows))]
    while left:
        one = left.pop(0)
        other = next(
            (p for p in left if normalised(rows[p].response) != normalised(rows[one].response)), None
        )
        if other is None:
            continue
        left.remove(other)
        for here, there in ((one, other), (other, one)):
            found[here] = _with_response(rows[here], rows[there].response)
            clusters[here] = min(one, other)
    reasons = tuple(None if row else "no row with another response" for row in found)
    return Corrupted(tuple(found), reasons, tuple(clusters))


def wrong_language(
    rows: Sequence[Row], others: Sequence[Row], own: Set[str], rng: np.random.Generator
) -> Corrupted:
    """Whole pairs of other languages, each used once and all languages alike.

    A text that is also a response in the row's own language ("Helsinki") is not in a wrong one: such pairs
    are left out.
    """
    donors: dict[str, list[Row]] = {}
    for place in rng.permutation(len(others)):
        row = others[int(place)]
        response = row.response if row.response.strip() else row.prompt
        if normalised(response) not in own:
            donors.setdefault(row.language, []).append(_with_response(row, response))
    found: list[Row | None] = []
    names = sorted(donors)
    while len(found) < len(rows) and names:
        names = [name for name in names if donors[name]]
        found += [donors[name].pop() for name in names]
    chosen = (found + [None] * len(rows))[: len(rows)]
    reason = "too little text of other languages" if others else "no text of another language"
    reasons = tuple(None if row else reason for row in chosen)
    damaged = tuple(
        row and replace(clean, prompt=row.prompt, response=row.response, prompt_tokens=0, response_tokens=0)
        for clean, row in zip(rows, chosen, strict=True)
    )
    return Corrupted(damaged, reasons, tuple(range(len(rows))))


def near_duplicates(rows: Sequence[Row], group: int, rng: np.random.Generator) -> Corrupted:
    """In each run of `group` rows the second half become copies of the first row, with other end marks."""
    found: list[Row | None] = []
    for place, row in enumerate(rows):
        number = place % group
        first = rows[place - number]
        if number < group - group // 2:
            found.append(row)
            continue
        marks = [_END_MARKS[int(rng.integers(len(_END_MARKS)))] for _ in range(2)]
        copy = replace(first, id=row.id, prompt=first.prompt + marks[0])
        found.append(_with_response(copy, first.response + marks[1]))
    return Corrupted(tuple(found), (None,) * len(rows), tuple(place // group for place in range(len(rows))))


def units(text: str) -> list[str]:
    """What is shuffled: words between blanks. Where a script has no blanks between words: single Han
    characters, runs of hiragana or of katakana, and four letters with their marks of Thai, Lao, Tibetan,
    Burmese or Khmer."""
    return _UNIT.findall(text)


def _unit_pattern() -> re.Pattern[str]:
    ranges = ((0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF))
    codes = [chr(code) for first, last in ranges for code in range(first, last + 1)]
    marks = "".join(char for char in codes if unicodedata.category(char).startswith("M"))
    letters = "".join(char for char in codes if unicodedata.category(char).startswith("L"))
    han, hiragana, katakana = (
        "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
        "\u3041-\u309f",
        "\u30a1-\u30ff",
    )
    unspaced = f"{han}{hiragana}{katakana}{letters}{marks}"
    kinds = [f"[{han}]", f"[{hiragana}]+", f"[{katakana}]+", f"(?:[{letters}][{marks}]*){{1,4}}"]
    return re.compile(f"({'|'.join(kinds)}|[^\\s{unspaced}]+)")


_UNIT = _unit_pattern()


def _beginning(text: str) -> str:
    """The first words of a text, on one line."""
    line = " ".join(text.split())
    ends = [match.end() for match in _UNIT.finditer(line)][:PHRASE_UNITS]
    return line[: ends[-1]] if ends else line


def _each_response(rows: Sequence[Row], damaged: object, reason: str) -> Corrupted:
    found: list[Row | None] = []
    for row in rows:
        text = damaged(row.response) if callable(damaged) else None
        found.append(None if text is None or text == row.response else _with_response(row, text))
    reasons = tuple(None if row else reason for row in found)
    return Corrupted(tuple(found), reasons, tuple(range(len(rows))))


def _with_response(row: Row, response: str) -> Row:
    return replace(row, response=response, prompt_tokens=0, response_tokens=0)
