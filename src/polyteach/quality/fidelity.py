"""Whether prompts and responses are in the language they should be in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import langcodes

from polyteach.languages import standard_code
from polyteach.quality.measured import Measured, measured_share
from polyteach.quality.short_texts import TIMES_LIKELIER, ShortTexts

DEFINITION = (
    "share of the {side}s whose main language py3langid finds to be the language asked for, over texts of "
    "at least {least} letters (vowel signs are letters; one of Han, kana or hangul counts {weight}) outside "
    "code and links; a close relative of the language in a text below {sure} letters is unscored, above it "
    "is wrong; not in arXiv 2604.11290"
)
WITH_SHORT = (
    "; texts of fewer letters by character n-gram models of human texts ({languages}): in the language "
    "unless in no script of it, or {times} times likelier in another of these"
)
LEAST_LETTERS = 20
"""Shorter texts give py3langid too little to go by: they are left unscored rather than guessed."""
SURE_LETTERS = 150
"""Shorter texts are too little to tell close relatives apart, such as Indonesian and Malay."""
WIDE_WEIGHT = 2
"""A CJK letter stands for a syllable or a word, an alphabet's for a sound."""
LEAST_WRITERS = 250_000
"""Languages that fewer people write are no candidates unless asked for: on short texts they attract wrong
answers (Aragonese for Spanish, Bikol for Filipino)."""

VARIETIES = {
    "ar": {"ary", "arz"},
    "ff": {"fuv"},
    "ku": {"sdh"},
    "nb": {"no"},
    "no": {"nn"},
    "uz": {"uzs"},
    "zh": {"wuu", "yue"},
}
"""Labels of py3langid that are varieties of a language with its own code."""
RELATIVES = [
    {"id", "ms"},
    {"da", "nb", "nn", "no"},
    {"bs", "hr", "sr"},
    {"cs", "sk"},
    {"es", "gl"},
    {"en", "pcm"},
    {"fil", "bik"},
]
"""Languages so close that py3langid confuses them in short texts."""

_NOT_PROSE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
_WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Language fidelity, and the language found in each text (None where it was not asked)."""

    measured: Measured
    detected: tuple[str | None, ...]


def language_fidelity(
    texts: Sequence[str], language: str, *, side: str, short: ShortTexts | None = None
) -> Fidelity:
    """Share of texts in a language; a row's value is 1 or 0.

    Unscored: `empty`, `no_letters` (numbers, signs, code alone), `too_short`, `related_language`, and
    `unknown_to_identifier` for every row of a language that py3langid does not know.

    Args:
        texts: prompts or responses; a text in two languages counts as its main one.
        language: standard code; its script is ignored.
        side: `prompt` or `response`, for the definition.
        short: decides on texts that would be `too_short`, if it knows the language and another one.
    """
    target = langcodes.Language.get(language).language or language
    definition = DEFINITION.format(side=side, least=LEAST_LETTERS, weight=WIDE_WEIGHT, sure=SURE_LETTERS)
    judged = [_judge(text, target) for text in texts]
    if short and language in short.languages and len(short.languages) > 1:
        definition += WITH_SHORT.format(languages=", ".join(short.languages), times=TIMES_LIKELIER)
        brief = [place for place, (_, reason, _) in enumerate(judged) if reason == "too_short"]
        found_brief = short.judge([texts[place] for place in brief], language)
        for place, (value, code) in zip(brief, found_brief, strict=True):
            judged[place] = (value, None, code)
    values = [value for value, _, _ in judged]
    reasons = [reason for _, reason, _ in judged]
    return Fidelity(measured_share(values, reasons, definition), tuple(found for _, _, found in judged))


def letters(text: str) -> int:
    """Counts letters outside code and links; those of CJK scripts count `WIDE_WEIGHT` times.

    Vowel signs (Devanagari, Thai) are letters, though Unicode has them as marks; accents and tones are not,
    so that a text has as many letters composed as decomposed.
    """
    prose = _NOT_PROSE.sub(" ", unicodedata.normalize("NFC", text))
    count = sum(char.isalpha() or _is_vowel_sign(char) for char in prose)
    return count + (WIDE_WEIGHT - 1) * len(_WIDE.findall(prose))


def _is_vowel_sign(char: str) -> bool:
    """Whether a mark is written beside or around its letter: class 0, and no variation selector."""
    if unicodedata.category(char) not in ("Mc", "Mn") or unicodedata.combining(char):
        return False
    return not ("\ufe00" <= char <= "\ufe0f" or char >= "\U000e0100")


def _judge(text: str, target: str) -> tuple[float | None, str | None, str | None]:
    """One text: value, reason for having none, language found."""
    count = letters(text)
    if not text.strip():
        return None, "empty", None
    if count < LEAST_LETTERS:
        return None, "too_short" if count else "no_letters", None
    identifier = _identifier(target)
    if identifier is None:
        return None, "unknown_to_identifier", None
    label = identifier.classify(unicodedata.normalize("NFKC", _NOT_PROSE.sub(" ", text)))[0]
    found = standard_code(label)
    if found == target or label in VARIETIES.get(target, ()):
        return 1.0, None, found
    if count < SURE_LETTERS and any({found, target} <= group for group in RELATIVES):
        return None, "related_language", found
    return 0.0, None, found


@lru_cache(maxsize=8)
def _identifier(target: str) -> Any:
    """py3langid over the languages that many write, and the target; None if it does not know the target."""
    identifier = copy(_whole_identifier())
    labels = [label for label in identifier.labels if label != "zxx"]  # zxx: not a language
    varieties = VARIETIES.get(target, set())
    wanted = {label for label in labels if standard_code(label) == target or label in varieties}
    if not wanted:
        return None
    identifier.set_languages(sorted(wanted | {label for label in labels if _writers(label) >= LEAST_WRITERS}))
    return identifier


@cache
def _whole_identifier() -> Any:
    """py3langid over all its languages."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def _writers(label: str) -> int:
    return int(langcodes.Language.get(label).writing_population())
