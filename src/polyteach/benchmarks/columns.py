"""What a record of an exam's file says in its columns; what it lacks is told with file, row and column."""

from __future__ import annotations

from difflib import SequenceMatcher
from string import ascii_lowercase

from polyteach.errors import UserError
from polyteach.seed_data.records import Record, kind_of

_LIKE = 0.6
"""How much of two names has to be alike, from 0 to 1, for one to be a misspelling of the other."""


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
    found = ", ".join(map(repr, record.columns)) or "none"
    wanted = " or ".join(map(repr, names))
    near = {
        (SequenceMatcher(None, _plain(column), _plain(name)).ratio(), column, name)
        for column in record.columns
        for name in names
    }
    likeness, column, name = max(near, default=(0.0, "", ""))
    fix = f"rename {column!r} to {name!r}" if likeness >= _LIKE else "rename or add the column"
    return fault(record, f"has no column {wanted}; columns found: {found}", fix)


def _plain(name: str) -> str:
    """A column's name as misspellings leave it: `Option A` is `option_a`."""
    return "_".join(name.casefold().replace("_", " ").replace("-", " ").split())


def options(record: Record) -> list[str]:
    """The choices in `option_a`, `option_b`, ... (at least two); later ones may be missing or blank.

    Raises:
        UserError: there are fewer than two, or one is missing between others.
    """
    texts = [may_say(record, f"option_{letter}") for letter in ascii_lowercase]
    given = [text for text in texts if text]
    if texts[: len(given)] != given:
        missing = f"option_{ascii_lowercase[texts.index('')]}"
        raise fault(record, f"column {missing!r} is blank, but a later choice is not", "close the gap")
    if len(given) < 2:
        found = ", ".join(map(repr, record.columns)) or "none"
        what = f"has fewer than two choices in 'option_a', 'option_b', ...; columns found: {found}"
        raise fault(record, what, "give each choice a column of its own")
    return given


def which(record: Record, name: str, choices: list[str]) -> int:
    """Which choice a column says is right: by its letter, or by its text.

    A number is the text of a choice that is that number; never a place, since nobody says where it starts.

    Raises:
        UserError: none, or it is not clear which.
    """
    answer = said(record, name).strip()
    letters = ", ".join(ascii_lowercase[: len(choices)].upper())
    given = record.columns[name]
    columns = (record.columns.get(f"option_{letter}") for letter in ascii_lowercase)
    if not isinstance(given, str) and given not in columns:
        what = f"column {name!r} is the number {answer}, and no choice is a number"
        raise fault(record, what, f"give one of {letters}, or the choice's own text; places are not read")
    by_text = [at for at, choice in enumerate(choices) if choice.strip() == answer]
    place = ascii_lowercase.find(answer.lower()) if len(answer) == 1 else -1
    by_letter = [place] if 0 <= place < len(choices) else []
    found = sorted({*by_text, *by_letter})
    if len(found) == 1:
        return found[0]
    if not found:
        what = f"column {name!r} says {answer!r}, which is not among the choices"
        raise fault(record, what, f"give one of {letters}, or the choice's own text")
    what = f"column {name!r} says {answer!r}, which fits {len(found)} choices"
    raise fault(record, what, f"give one of {letters}")


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
