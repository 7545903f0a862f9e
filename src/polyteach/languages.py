"""What a language code means: BCP-47 and `swh_Latn` spellings in, one standard code out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import langcodes

from polyteach.errors import UserError

_SAID_FOR = {"nb": "no", "pbt": "ps"}
"""What data sets call a language of which CLDR has another code: Bokmål, and FLORES-200's only Pashto."""
NEAR = 60
"""CLDR's distance up to which a language is worth naming in another's place: Serbian in Croatian's script is
9 from Croatian, Malay 34 from Indonesian; 80 and more is unrelated."""

RIGHT_TO_LEFT_SCRIPTS = {"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg"}


@lru_cache(maxsize=1024)
def standard_code(spelling: str) -> str:
    """Returns the standard code of a language, without the script that goes without saying.

    `tl` and `tgl` are `fil`, `swh_Latn` is `sw`, `zh-Hant` keeps its script. `nb` is `no`: data sets say
    either and mean Bokmål; Nynorsk is `nn`. `pbt_Arab` is `ps`.

    Raises:
        UserError: the spelling is no known language.
    """
    try:
        language = langcodes.Language.get(spelling.strip().replace("_", "-"))
    except ValueError as error:  # langcodes' own tag error is a ValueError
        raise UserError(f"unknown language {spelling!r}", fix=_meant(spelling)) from error
    if language.language in (None, "und") or not language.is_valid():
        raise UserError(f"unknown language {spelling!r}", fix=_meant(spelling))
    said_for = _SAID_FOR.get(language.language)
    named = language.update_dict({"language": said_for}) if said_for else language
    return str(named.prefer_macrolanguage().simplify_script())


@lru_cache(maxsize=1024)
def code_named(name: str) -> str | None:
    """Returns the standard code of the language of that name, such as `Tagalog`; None where there is none."""
    try:
        return standard_code(str(langcodes.find(name.strip())))
    except (LookupError, UnicodeError, UserError):  # what the table of names cannot look up is in none
        return None


def _meant(spelling: str) -> str:
    """How to mend a spelling that is no code."""
    named = code_named(spelling)
    if named is None:
        return "use a BCP-47 code such as 'sw', 'fil' or 'swh_Latn'"
    return f"write {named!r} for {english_name(named)}"


def english_name(code: str) -> str:
    """Returns the English name of a language, as CLDR has it."""
    return langcodes.Language.get(code).display_name("en")


def script(code: str) -> str:
    """Returns the ISO 15924 code of the script a language is usually written in, such as `Arab`."""
    return langcodes.Language.get(code).maximize().script or "Zyyy"


def is_right_to_left(code: str) -> bool:
    """Says whether the usual script of a language runs from right to left."""
    return script(code) in RIGHT_TO_LEFT_SCRIPTS


@lru_cache(maxsize=4096)
def language_and_script(code: str) -> tuple[str, str]:
    """Returns a language and the script it is written in, whatever the region: (`de`, `Latn`)."""
    likely = langcodes.Language.get(code).maximize()
    return likely.language or "und", likely.script or "Zyyy"


def near_codes(code: str, among: Iterable[str], farthest: int = NEAR) -> list[str]:
    """Returns the codes at most so far from a language by CLDR's distance, nearest first."""
    distances = sorted((langcodes.tag_distance(code, other), other) for other in among)
    return [other for distance, other in distances if distance <= farthest]
