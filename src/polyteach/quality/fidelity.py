"""Whether prompts and responses are in the language they should be in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyteach.identification import LEAST_LETTERS, SURE_LETTERS, WIDE_WEIGHT, identify
from polyteach.quality.metric_result import Measured, measured_share
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


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Language fidelity, and the language found in each text (None where it was not asked)."""

    measured: Measured
    detected: tuple[str | None, ...]


def language_fidelity(
    texts: Sequence[str], language: str, *, side: str, short: ShortTexts | None = None
) -> Fidelity:
    """Share of texts in a language; a row's value is 1 or 0.

    Unscored, see `identify`: `empty`, `no_letters`, `too_short`, `related_language`, `unknown_to_identifier`.

    Args:
        texts: prompts or responses; a text in two languages counts as its main one.
        language: standard code; its script is ignored.
        side: `prompt` or `response`, for the definition.
        short: decides on texts that would be `too_short`, if it knows the language and another one.
    """
    definition = DEFINITION.format(side=side, least=LEAST_LETTERS, weight=WIDE_WEIGHT, sure=SURE_LETTERS)
    identified = [identify(text, language) for text in texts]
    judged: list[tuple[float | None, str | None, str | None]] = [
        (None if one.matches is None else float(one.matches), one.reason, one.found) for one in identified
    ]
    if short and language in short.languages and len(short.languages) > 1:
        definition += WITH_SHORT.format(languages=", ".join(short.languages), times=TIMES_LIKELIER)
        brief = [place for place, (_, reason, _) in enumerate(judged) if reason == "too_short"]
        found_brief = short.judge([texts[place] for place in brief], language)
        for place, (value, code) in zip(brief, found_brief, strict=True):
            judged[place] = (value, None, code)
    values = [value for value, _, _ in judged]
    reasons = [reason for _, reason, _ in judged]
    return Fidelity(measured_share(values, reasons, definition), tuple(found for _, _, found in judged))
