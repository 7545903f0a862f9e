"""Which of a study's languages a text of a few words is in: too short for a general identifier."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from polyteach.quality.characters import CharacterModel

TIMES_LIKELIER = 10
"""Evidence against a language: ten to one, since half the words of a short answer may be names."""
LEAST_SHARE = 0.01
"""A script with fewer of a language's letters is a guest in it (a Latin brand name in Arabic)."""


class ShortTexts:
    """Character models of some languages, which tell short texts of them apart.

    A text is in a language unless none of its letters are in a script of the language, or another language's
    model makes it ten times likelier than the language's own. So a name that is the same in both ("Helsinki")
    is in both.

    Args:
        texts: human texts by language; languages without any are left out.
    """

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        filled = {code: own for code, own in sorted(texts.items()) if any(text.strip() for text in own)}
        self._models = {code: CharacterModel(own) for code, own in filled.items()}
        self._scripts = {code: _main_scripts(own) for code, own in filled.items()}

    @property
    def languages(self) -> tuple[str, ...]:
        """Those with a model."""
        return tuple(self._models)

    def judge(self, texts: Sequence[str], language: str) -> list[tuple[float, str | None]]:
        """For each text 1 or 0, and the likeliest language; None where it is in no script of any.

        Raises:
            KeyError: the language has no model.
        """
        bits = {
            code: [float(each.sum()) for each in model.bits(texts)] for code, model in self._models.items()
        }
        results: list[tuple[float, str | None]] = []
        for number, text in enumerate(texts):
            scripts = _scripts(text).keys()
            able = [code for code in self._models if scripts & self._scripts[code]]
            if language not in able:
                results.append((0.0, min(able, key=lambda code: bits[code][number], default=None)))
                continue
            best = min(able, key=lambda code: (bits[code][number], code))
            against = bits[language][number] - bits[best][number]
            inside = against < math.log2(TIMES_LIKELIER)
            results.append((float(inside), language if inside else best))
        return results


def _main_scripts(texts: Sequence[str]) -> set[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts += _scripts(text)
    least = LEAST_SHARE * np.sum([*counts.values()])
    return {script for script, count in counts.items() if count >= least}


def _scripts(text: str) -> Counter[str]:
    """Letters by script: the first word of a character's Unicode name (LATIN, CJK, HIRAGANA ...)."""
    letters = [char for char in unicodedata.normalize("NFC", text) if char.isalpha()]
    return Counter(unicodedata.name(char, "?").split(" ")[0] for char in letters)
