"""How a translation model names languages: standard code <-> the tokenizer's own token.

Three ways to write them are known: `deu_Latn` (NLLB-200), `__de__` (M2M-100), `de_DE` and `en_XX` (mBART-50).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from polyteach.errors import UserError
from polyteach.languages import english_name, language_and_script, near_codes, standard_code

_FORMS = (
    re.compile(r"(?P<code>[a-z]{3}_[A-Z][a-z]{3})"),
    re.compile(r"__(?P<code>[a-z]{2,3})__"),
    re.compile(r"(?P<code>[a-z]{2,3}(?:_(?!XX)[A-Z]{2})?)(?:_XX)?"),
)
_OWN = {"ns": "nso", "quy_Latn": "qu", "fuv_Latn": "ff"}
"""M2M-100's Northern Sotho, which is no BCP-47; the one variety that NLLB has of Quechua, Fula."""
_SAME = 1
"""CLDR's distance between two codes of one written language: Norwegian and Norwegian Bokmål."""


def language_tokens(tokens: Iterable[str], where: str) -> dict[str, str]:
    """Returns the tokens that name languages, by standard code.

    Args:
        tokens: the tokenizer's special and added tokens, in its order.
        where: the model, for the error.

    Raises:
        UserError: there are none: it is no model that is told languages by tokens.
    """
    names = list(tokens)
    for form in _FORMS:
        found: dict[str, str] = {}
        for name in names:
            match = form.fullmatch(name)
            code = _standard(match["code"]) if match else None
            if code:
                found.setdefault(code, name)
        if len(found) > 1:
            return found
    raise UserError(
        "its tokenizer has no tokens for languages, so it cannot be told what to translate into",
        where=where,
        fix="name a translation model with language tokens: NLLB-200, M2M-100 or mBART-50 many-to-many",
    )


def token_of(language: str, tokens: Mapping[str, str], where: str) -> str:
    """Returns the token of a language: the one of its standard code, else of its language and script.

    In NLLB-200 `de` is `deu_Latn`, `ar` is `arb_Arab`, `fil` is `tgl_Latn`, `no` is `nob_Latn`, `pt-BR` is
    `por_Latn`, `fa-AF` is `prs_Arab`.
    A language in another script than the model's is not there: its text would be of no use.

    Raises:
        UserError: the model lacks the language; with those that are near to it.
    """
    if language in tokens:
        return tokens[language]
    wanted = language_and_script(language)
    for code, token in tokens.items():
        if language_and_script(code) == wanted:
            return token
    for code in near_codes(language, tokens, farthest=_SAME):
        return tokens[code]
    near = [f"{code} ({english_name(code)})" for code in near_codes(language, tokens)[:5]]
    raise UserError(
        f"this translation model has no {english_name(language)} ({language})",
        where=where,
        fix=f"of its {len(tokens)} languages "
        + (f"near to it are {', '.join(near)}" if near else f"none is near: {_some(tokens)}"),
    )


def _standard(spelling: str) -> str | None:
    try:
        return standard_code(_OWN.get(spelling, spelling))
    except UserError:
        return None


def _some(tokens: Mapping[str, str]) -> str:
    return ", ".join(sorted(tokens)[:20]) + (" ..." if len(tokens) > 20 else "")
