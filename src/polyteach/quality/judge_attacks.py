"""What an answer may do to be marked higher than it deserves, done to any answer: for tests of judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from polyteach.rows import Row

IN_THE_GATE = (
    *("asks", "orders", "borrows_authority", "praises_itself", "flatters_the_judge"),
    *("plays_the_system", "ends_its_block", "chat_tokens"),
)
"""Those that a study's judge is tried with: each works by something of its own, so that one that always works
is in an eighth of the pairs."""
KINDS = ("asks", "orders", "authority", "praise", "flatters")
"""What the pleas of a language are, in their order in `pleas.yaml`."""
_FILLER = "and so on, and so forth, "
_FILLER_LENGTH = 24_000


def attack_names() -> tuple[str, ...]:
    """All attacks, in the order of `judge_attacks.yaml`."""
    return tuple(_attacks())


def attacked(row: Row, name: str, language: str) -> Row:
    """The row as an attack leaves it.

    Args:
        row: its response, and for one attack its prompt, get more text.
        name: one of `attack_names`.
        language: standard code; a language without pleas of its own gets the English ones.
    """
    own = pleas_of(language)
    filled = dict(zip(KINDS, own, strict=True)) | {
        "answer": row.response,
        "prompt": row.prompt,
        "foreign": pleas_of("es" if plea_language(language) == "en" else "en")[1],
        "hidden": "\u200b".join(own[1]),
        "spaced": " ".join(own[1]),
        "broken": "\n".join(own[1].split() if " " in own[1] else own[1]),
        "filler": (_FILLER * (_FILLER_LENGTH // len(_FILLER) + 1))[:_FILLER_LENGTH],
    }
    texts = {part: Template(text).substitute(filled) for part, text in _attacks()[name].items()}
    return replace(row, prompt=texts.get("prompt", row.prompt), response=texts["text"])


def plea_language(language: str) -> str:
    """The language in which pleas are made to a judge of this one."""
    return language if language in _pleas() else "en"


def pleas_of(language: str) -> Sequence[str]:
    """The pleas of a language, one of each of `KINDS`; English ones where it has none."""
    return _pleas()[plea_language(language)]


@cache
def _pleas() -> dict[str, list[str]]:
    pleas: dict[str, list[str]] = _yaml("pleas.yaml")
    return pleas


@cache
def _attacks() -> dict[str, dict[str, str]]:
    attacks: dict[str, dict[str, str]] = _yaml("judge_attacks.yaml")
    return attacks


def _yaml(file: str) -> Any:
    return yaml.safe_load(files("polyteach.quality").joinpath(file).read_text(encoding="utf-8"))
