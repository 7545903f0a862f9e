"""Kinds of defects that nobody looked at while the rules were made; see `curation.py`.

This file was written after the rules were committed (docs/curation.md names the commits).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from random import Random

from curation_known import Kind, each, said

from polyteach.quality.corruptions import Corrupted, noise, shuffled, stream, swapped
from polyteach.rows import Row

_CYRILLIC = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "абцдефгхийклмнопкрстуввхызАБЦДЕФГХИЙКЛМНОПКРСТУВВХЫЗ",
)
_LOOKALIKES = str.maketrans("aeopcxyAEOPCXTKMH", "аеорсхуАЕОРСХТКМН")
_PREAMBLES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "Certainly! I'd be happy to help you with that. Here is a detailed answer to your question:",
        "Great question! Let me provide you with a comprehensive response.",
    ),
    "de": (
        "Natürlich! Gerne helfe ich Ihnen dabei. Hier ist eine ausführliche Antwort auf Ihre Frage:",
        "Das ist eine hervorragende Frage! Lassen Sie mich das für Sie beantworten.",
    ),
    "ja": (
        "もちろんです！喜んでお手伝いいたします。以下にご質問への詳しい回答を示します。",
        "素晴らしい質問ですね！それでは詳しくお答えいたします。",
    ),
}
_SIGN_OFFS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "I hope this helps! Let me know if you have any other questions.",
        "Feel free to reach out if you need more help!",
    ),
    "de": (
        "Ich hoffe, das hilft Ihnen weiter! Bei weiteren Fragen stehe ich gerne zur Verfügung.",
        "Lassen Sie mich wissen, ob ich noch etwas für Sie tun kann!",
    ),
    "ja": (
        "お役に立てれば幸いです！他にご質問があれば、お気軽にお尋ねください。",
        "何かご不明な点がございましたら、いつでもお知らせください。",
    ),
}
_TABLES: Mapping[str, str] = {
    "en": "| Name | Value | Note |\n|---|---|\n| first | 10 | good | extra |\n| second 20 |\n|| third",
    "de": "| Name | Wert | Hinweis |\n|---|---|\n| erstens | 10 | gut | mehr |\n| zweitens 20 |\n|| drittens",
    "ja": "| 名前 | 値 | 備考 |\n|---|---|\n| 一番 | 10 | 良い | 余り |\n| 二番 20 |\n|| 三番",
}


def _transliterated(row: Row, rng: Random) -> Row | None:
    """The answer in another script: Latin letters as Cyrillic, kana by their names in Latin letters."""
    if row.language == "ja":
        return said(row, "".join(map(_roman, row.response)))
    plain = unicodedata.normalize("NFKD", row.response)
    return said(row, plain.translate(_CYRILLIC))


def _roman(char: str) -> str:
    name = unicodedata.name(char, "")
    found = re.fullmatch(r"(?:HIRAGANA|KATAKANA) LETTER (?:SMALL )?(\w+)", name)
    return found[1].lower() if found else char


def _half(rows: Sequence[Row], others: Sequence[Row], rng_seed: int) -> list[Row]:
    """The first half of the answer, then half of an answer in another language."""
    rng = Random(f"half {rng_seed}")
    found = []
    for row in rows:
        other = rng.choice(others).response
        found.append(said(row, row.response[: len(row.response) // 2] + " " + other[len(other) // 2 :]))
    return found


def _few_foreign_words(row: Row, rng: Random) -> Row | None:
    """Letters of every third word become Cyrillic ones that look alike."""
    words = row.response.split(" ")
    if len(words) < 4:
        return None
    return said(row, " ".join(w.translate(_LOOKALIKES) if n % 3 == 0 else w for n, w in enumerate(words)))


def _mojibake(row: Row, rng: Random) -> Row:
    """UTF-8 that was read as Latin-1."""
    return said(row, row.response.encode("utf-8").decode("latin-1"))


def _corrupted(
    name: str, damage: Callable[[Sequence[Row], object], Corrupted]
) -> Callable[[Sequence[Row], Sequence[Row], int], list[Row]]:
    def damaged(rows: Sequence[Row], others: Sequence[Row], rng_seed: int) -> list[Row]:
        return [row for row in damage(rows, stream(name, rng_seed)).rows if row]

    return damaged


HELD_OUT = (
    Kind("answer in another script", (), each("script", _transliterated)),
    Kind("half of it in another language", (), _half),
    Kind("answer to another question", (), _corrupted("swapped", swapped)),  # type: ignore[arg-type]
    Kind("broken table", (), each("table", lambda r, rng: said(r, f"{r.response}\n\n{_TABLES[r.language]}"))),
    Kind(
        "preamble",
        (),
        each("preamble", lambda r, rng: said(r, f"{rng.choice(_PREAMBLES[r.language])}\n\n{r.response}")),
    ),
    Kind(
        "sign-off",
        (),
        each("sign-off", lambda r, rng: said(r, f"{r.response}\n\n{rng.choice(_SIGN_OFFS[r.language])}")),
    ),
    Kind("letters of look-alike scripts", (), each("look-alike", _few_foreign_words)),
    Kind("UTF-8 read as Latin-1", (), each("mojibake", _mojibake)),
    Kind("words in random order", (), _corrupted("shuffled", shuffled)),  # type: ignore[arg-type]
    Kind("15% of letters damaged", (), _corrupted("noise", noise)),  # type: ignore[arg-type]
)
