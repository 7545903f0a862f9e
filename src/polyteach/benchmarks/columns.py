"""What a record of an exam's file says in its columns; what it lacks is told with file, row and column."""

from __future__ import annotations

from difflib import SequenceMatcher
from string import ascii_lowercase

from polyteach.errors import UserError
from polyteach.seed_data.records import Record, kind_of

_LIKE = 0.6
"""How much of two names has to be alike, from 0 to 1, for one to be a misspelling of the other."""
_OPTIONS = [f"option_{letter}" for letter in ascii_lowercase]


def said(record: Record, *names: str) -> str:
    """The text of the first of these columns that is there and not blank; a number counts as its text.

    Raises:
        UserError: there is none such, or it holds something else.
    """
    there = [name for name in names if name in record.columns]
    if not there:
        raise lacks(record, *names)
    texts = {name: _text(record, name) for name in there}
    for text in texts.values():
        if text.strip():
            return text
    raise fault(record, f"column {there[0]!r} is blank", "fill it in, or leave the row out")


def may_say(record: Record, *names: str) -> str:
    """The same, but empty where nothing is said."""
    return next((text for name in names if (text := _text(record, name)).strip()), "")


def lacks(record: Record, *names: str) -> UserError:
    """A record without any of these columns; told with those it has, and the one that seems to be meant."""
    found = _found(record)
    wanted = " or ".join(map(repr, names))
    near = {
        (SequenceMatcher(None, _plain(column), _plain(name)).ratio(), column, name)
        for column in record.columns
        if column not in _OPTIONS
        for name in names
    }
    likeness, column, name = max(near, default=(0.0, "", ""))
    fix = f"rename {column!r} to {name!r}" if likeness >= _LIKE else "rename or add the column"
    if "option_a" in names and {"a", "b"} <= {_plain(column) for column in record.columns}:
        fix = "name the columns of the choices 'option_a', 'option_b', ..."
    return fault(record, f"has no column {wanted}; columns found: {found}", fix)


def _found(record: Record) -> str:
    return ", ".join(map(repr, record.columns)) or "none"


def _plain(name: str) -> str:
    """A column's name as misspellings leave it: `Option A` is `option_a`."""
    return "_".join(name.casefold().replace("_", " ").replace("-", " ").split())


def options(record: Record) -> list[str]:
    """The choices in `option_a`, `option_b`, ... (at least two); later ones may be missing or blank.

    Raises:
        UserError: there are fewer than two, or one is missing between others.
    """
    texts = [may_say(record, option) for option in _OPTIONS]
    given = [text for text in texts if text]
    if texts[: len(given)] != given:
        gap = _OPTIONS[texts.index("")]
        if gap not in record.columns:
            raise lacks(record, gap)
        raise fault(record, f"column {gap!r} is blank, but a later choice is not", "close the gap")
    if len(given) < 2:
        what = f"has fewer than two choices in 'option_a', 'option_b', ...; columns found: {_found(record)}"
        missing = [name for name in ("option_a", "option_b") if name not in record.columns]
        fix = lacks(record, *missing).fix if missing else None
        raise fault(record, what, fix or "give each choice a column of its own")
    return given


def which(record: Record, name: str, choices: list[str]) -> int:
    """Which choice a column says is right: by its letter, or by its text.

    Where choices are letters themselves (AB, A, B, 0), `A` may be either: then the column `NAME_letter` says
    it by the letter alone. A number that is no text is refused: it may be a place, of which nobody says
    where it starts.

    Raises:
        UserError: none, or it is not clear which.
    """
    letters = ", ".join(ascii_lowercase[: len(choices)].upper())
    by_letter = f"{name}_letter"
    letter = may_say(record, by_letter).strip()
    meant = _place(letter, choices) if letter else None
    if letter and meant is None:
        what = f"column {by_letter!r} says {letter!r}, which is not the letter of a choice"
        raise fault(record, what, f"give one of {letters}")
    if meant is not None and not may_say(record, name).strip():
        return meant
    answer = said(record, name).strip()
    if not isinstance(record.columns[name], str):
        fix = f"give one of {letters}, or the choice's own text in quotes; places are not read"
        raise fault(record, f"column {name!r} is the number {answer}, not text", fix)
    by_text = [at for at, choice in enumerate(choices) if choice.strip() == answer]
    place = _place(answer, choices)
    found = {*by_text} | (set() if place is None else {place})
    if not found:
        what = f"column {name!r} says {answer!r}, which is not among the choices"
        raise fault(record, what, f"give one of {letters}, or the choice's own text")
    if meant is not None and meant not in found:
        what = f"column {name!r} says {answer!r}, and {by_letter!r} says {letter!r}, another choice"
        raise fault(record, what, "correct one of them")
    if meant is None and len(found) > 1:
        what = f"column {name!r} says {answer!r}, which fits {len(found)} choices"
        raise fault(record, what, f"add a column {by_letter!r} with one of {letters}")
    return meant if meant is not None else found.pop()


def _place(letter: str, choices: list[str]) -> int | None:
    """The place of the choice with a letter, from 0; None where it is no letter of one."""
    place = ascii_lowercase.find(letter.lower()) if len(letter) == 1 else -1
    return place if 0 <= place < len(choices) else None


def fault(record: Record, what: str, fix: str) -> UserError:
    """A mistake in a record."""
    return UserError(what, where=record.where, fix=fix)


def _text(record: Record, name: str) -> str:
    value = record.columns.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise fault(record, f"column {name!r} is {kind_of(value)}, not text", "make it text")
    return str(value)
