"""The language of a benchmark, only where its name or configuration makes it sure."""

from __future__ import annotations

import re

import langcodes

from polyteach.languages import standard_code

# Benchmarks that exist in many languages and name theirs by a part of the task's name.
_FAMILIES = frozenset(
    {
        "belebele",
        "flores",
        "global",
        "hellaswag",
        "include",
        "m",
        "mgsm",
        "mlqa",
        "mmlu",
        "paws",
        "pawsx",
        "sib200",
        "truthfulqa",
        "tydiqa",
        "xcopa",
        "xlsum",
        "xnli",
        "xquad",
        "xstorycloze",
        "xwinograd",
    }
)
_WITH_SCRIPT = re.compile(r"(?:^|[^a-z])([a-z]{3}_[A-Z][a-z]{3})(?:$|[^a-z])")
_ENGLISH_REASONING = re.compile(r"_en_cot(?=_)")  # mgsm_en_cot_es: asked in Spanish, reasoned in English
_NAMED = re.compile(r"\blanguage=Language\.([A-Z]+)\b")


def of_task(name: str) -> str | None:
    """The language that a task's name gives away.

    `swh_Latn` anywhere; a two-letter code as a part of the name, where the name begins with a benchmark that
    exists in many languages and has just one such part. Three letters alone are no proof: `law` and `bio`
    are languages too.
    """
    scripted = {found.group(1) for found in _WITH_SCRIPT.finditer(name)}
    if scripted:
        return _sure(scripted)
    parts = re.split(r"[_\-:./|]", _ENGLISH_REASONING.sub("", name).lower())
    if parts[0] not in _FAMILIES:
        return None
    return _sure({part for part in parts[1:] if len(part) == 2 and _is_code(part)})


def of_subset(name: object) -> str | None:
    """The language of a data set's subset that is named by nothing but a code: `de`, `swh_Latn`."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z]{2}|[a-z]{3}_[A-Z][a-z]{3}", name):
        return None
    return _sure({name})


def of_description(text: str) -> str | None:
    """The language that lighteval's description of a metric names: `language=Language.ENGLISH`."""
    names = {name.lower() for name in _NAMED.findall(text)}
    if len(names) != 1:
        return None
    try:
        return _sure({str(langcodes.find(names.pop()))})
    except LookupError:
        return None


def without_language(name: str, code: str | None) -> str:
    """A task's name without the part that names its language: what its versions in other languages share."""
    if code is None:
        return name
    pieces = re.split(r"([a-z]{3}_[A-Z][a-z]{3}|[_\-:./|])", name)
    return "".join("*" if _sure({piece}) == code else piece for piece in pieces)


def _is_code(text: str) -> bool:
    return len(text) > 1 and langcodes.tag_is_valid(text.replace("_", "-"))


def _sure(codes: set[str]) -> str | None:
    found = {standard_code(code) for code in codes if _is_code(code)}
    return found.pop() if len(found) == 1 else None
