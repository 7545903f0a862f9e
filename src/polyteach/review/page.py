"""The page that a reviewer gets: one file, blinded, with the instructions in their language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import langcodes

from polyteach.languages import is_right_to_left
from polyteach.report.html import whole_page
from polyteach.report.wording import direction, printable, shortened
from polyteach.review.choosing import choose_items, names_in
from polyteach.review.key import MARK, Item, Key
from polyteach.review.reading import Written
from polyteach.review.words import FALLBACK, words_for
from polyteach.steps import digest_of

TEMPLATES = Path(__file__).parent / "templates"
STYLES, SCRIPTS = ("page.css", "review.css"), ("page/theme.js", "review.js")
MARKER = "polyteach-review-page"
"""Stands in every page of ours, and in no other file."""
MOST_CHARACTERS = 20_000
"""Of one text; a reviewer reads no more, and one mad row must not swell the page."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and the key that must not leave the run's folder."""

    html: str
    key: Key


def make_page(
    written: Sequence[Written],
    names: Sequence[str],
    language: str,
    *,
    rows: int,
    rng_seed: int,
    instructions: str | None = None,
) -> Page | None:
    """Makes the page of a language; None where there is nothing to be reviewed.

    Args:
        written: all rows of the language.
        names: by which a text would tell who wrote it.
        language: standard code of the texts.
        rows: answers of each teacher to be marked.
        rng_seed: of choice, order and sides; the same with the same rows gives the same page.
        instructions: the language they should be in; by default that of the texts.
    """
    content = sorted([row.teacher, row.id, row.digest] for row in written)
    secret = digest_of(["polyteach review", rng_seed, rows, language, content])
    items = choose_items(written, names, rows, secret)
    if not items:
        return None
    known = {(row.teacher, row.id): row for row in written}
    code, words = words_for(instructions or language)
    shown = [_shown(item, known, language) for item in items]
    page = digest_of({"language": language, "items": shown})
    rows_shown = {(one.teacher, one.row) for item in items for one in item.shown}
    key = Key(
        page=page,
        language=language,
        instructions=code,
        rng_seed=rng_seed,
        rows=rows,
        secret=secret,
        telling=sum(names_in(known[place], names) for place in rows_shown),
        items=tuple(items),
    )
    html = whole_page(
        "review.html.j2",
        styles=STYLES,
        scripts=SCRIPTS,
        folders=(TEMPLATES,),
        page_language=code,
        page_direction="rtl" if is_right_to_left(code) else "ltr",
        marker=MARKER,
        words=words,
        fallback=_fallback(code, instructions or language, words.fallback),
        own_questions=any(len(one["prompts"]) > 1 for one in shown),
        autonym=langcodes.Language.get(language).autonym(),
        data={"page": page, "language": language, "items": shown, "words": _of_script(words)},
    )
    return Page(html, key)


def is_page(path: Path) -> bool:
    """Whether a file is a page of ours."""
    return path.is_file() and MARKER.encode() in path.read_bytes()


def _shown(item: Item, known: Mapping[tuple[str, str], Written], language: str) -> dict[str, Any]:
    """An item as the page knows it: texts under an opaque id. A question asked of both stands once."""
    rows = [known[one.teacher, one.row] for one in item.shown]
    prompts = [_text(row.prompt, language) for row in rows]
    alike = all(prompt == prompts[0] for prompt in prompts)
    return {
        "id": item.id,
        "kind": item.kind,
        "prompts": prompts[:1] if alike or item.kind == MARK else prompts,
        "answers": [_text(row.response, language) for row in rows],
    }


def _text(text: str, language: str) -> dict[str, str]:
    plain = printable(shortened(text, MOST_CHARACTERS))
    return {"text": plain, "dir": direction(plain, language)}


def _of_script(words: Any) -> dict[str, Any]:
    names = ("question", "answer", "ask_mark", "ask_choice", "progress", "kept", "not_kept", "copied")
    return {name: getattr(words, name) for name in (*names, "finished", "unfinished", "other_sure")}


def _fallback(code: str, wanted: str, text: str) -> str:
    """What is said where the wanted language has no instructions."""
    if code != FALLBACK or langcodes.Language.get(wanted).language == FALLBACK:
        return ""
    return text.format(language=langcodes.Language.get(wanted).display_name("en"))
