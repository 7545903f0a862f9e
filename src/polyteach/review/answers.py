"""What a reviewer sends back: a JSON file from anybody's hands, so all is checked before it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from polyteach.errors import UserError
from polyteach.files import write_json, writing
from polyteach.review.key import ANSWERS, MARK, PAIR, Key

CANNOT: Literal["cannot"] = "cannot"
LARGEST = 2_000_000
"""Bytes of a file; a page of a thousand items makes one of 40,000."""
_ASK_AGAIN = "ask the reviewer for the file as the page saved it"
_Hex = StringConstraints(pattern=r"^[0-9a-f]{16}$")
_Id = Annotated[str, _Hex]
_Mark = Annotated[int, Field(ge=1, le=5)] | Literal["cannot"]
_Choice = Literal["first", "second", "both_good", "both_bad", "cannot"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Reviewer(_Strict):
    """Who answered: a number that their browser drew, and what they want to be called, maybe nothing.

    The number says who it is; several people may have one name.
    """

    id: _Id
    name: Annotated[str, StringConstraints(max_length=80)] = ""


class Answers(_Strict):
    """One reviewer's file; items that are in neither table were not answered."""

    schema_version: Literal[1]
    kind: Literal["polyteach-review"]
    page: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    language: Annotated[str, StringConstraints(max_length=40)]
    reviewer: Reviewer
    marks: dict[_Id, _Mark]
    choices: dict[_Id, _Choice]


@dataclass(frozen=True, slots=True)
class Counted:
    """How far a reviewer got, in items: `of` is all of the page."""

    answered: int
    cannot: int
    open: int
    of: int


def read_answers(path: Path) -> Answers:
    """Reads a reviewer's file.

    Raises:
        UserError: it is too large, or not what a page saves.
    """
    try:
        if path.stat().st_size > LARGEST:
            what = f"is larger than any such file ({path.stat().st_size:,} bytes; at most {LARGEST:,})"
            raise UserError(what, str(path), _ASK_AGAIN)
        plain = json.loads(path.read_bytes(), object_pairs_hook=_once, parse_constant=_no_number)
        return Answers.model_validate(plain)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"][:3])
        raise UserError(
            f"is not what a review page saves ({place}: {first['msg']})", str(path), _ASK_AGAIN
        ) from error
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", str(path), "check the path") from error
    except (ValueError, RecursionError) as error:
        raise UserError("is no JSON that a review page saves", str(path), _ASK_AGAIN) from error


def of_page(answers: Answers, keys: Mapping[Path, Key], path: Path) -> tuple[Path, Key]:
    """The page that was answered: its folder and its key.

    Raises:
        UserError: none of these pages was, or an answer is not to one of its items.
    """
    found = next(((folder, key) for folder, key in keys.items() if key.page == answers.page), None)
    if found is None:
        known = ", ".join(sorted(f"{key.language} {key.page[:12]}" for key in keys.values())) or "none"
        what = (
            f"answers the page {answers.language[:40]} {answers.page[:12]}, which was not made for this run"
        )
        raise UserError(what, str(path), f"pages of this run: {known}; name the run it was made for")
    items = found[1].by_id
    for kind, given in ((MARK, answers.marks), (PAIR, answers.choices)):
        if strange := [id for id in given if id not in items or items[id].kind != kind]:
            what = f"has an answer to {strange[0]}, which is no {kind} on the page: the file was changed"
            raise UserError(what, str(path), _ASK_AGAIN)
    if answers.language != found[1].language:
        raise UserError("names another language than its page: the file was changed", str(path), _ASK_AGAIN)
    return found


def counted(answers: Answers, key: Key) -> Counted:
    """How far the reviewer got."""
    given = [*answers.marks.values(), *answers.choices.values()]
    cannot = sum(value == CANNOT for value in given)
    return Counted(len(given) - cannot, cannot, len(key.items) - len(given), len(key.items))


def kept_answers(folder: Path) -> dict[Path, Answers]:
    """The answers to a page that were brought back already, by file."""
    return {path: read_answers(path) for path in sorted((folder / ANSWERS).glob("*.json"))}


def kept_at(folder: Path, reviewer: Reviewer) -> Path:
    """Where the answers of a reviewer to a page are: by their browser's number, for a name is anybody's."""
    return folder / ANSWERS / f"{reviewer.id}.json"


def namesakes(folders: Iterable[Path]) -> list[list[Path]]:
    """Answers to one page, from different browsers, under one name: of one person or several, nobody knows.

    Args:
        folders: of pages.
    """
    found: dict[tuple[Path, str], list[Path]] = {}
    for folder in folders:
        for path, kept in kept_answers(folder).items():
            if name := kept.reviewer.name.strip().casefold():
                found.setdefault((folder, name), []).append(path)
    return [paths for paths in found.values() if len(paths) > 1]


def import_answers(
    paths: Sequence[Path], keys: Mapping[Path, Key], *, force: bool
) -> list[tuple[Answers, Key, Counted]]:
    """Checks all files, then keeps them beside their pages' keys; nothing is kept where one is refused.

    Args:
        paths: of the files.
        keys: the pages of the run, by folder.
        force: replaces what the same reviewer sent for the same page before.

    Raises:
        UserError: a file is refused, see `read_answers` and `of_page`; or its reviewer was here already.
    """
    taken: list[tuple[Path, Answers, Key]] = []
    for path in paths:
        answers = read_answers(path)
        folder, key = of_page(answers, keys, path)
        target = kept_at(folder, answers.reviewer)
        if any(kept_at(place, one.reviewer) == target for place, one, _ in taken):
            fix = "name the later of the two alone"
            raise UserError("is the second file of one reviewer", str(path), fix)
        if target.is_file() and not force:
            who = read_answers(target).reviewer
            fix = (
                "add --force to replace what they sent before; a second person in one browser presses "
                "“Somebody else answers now” first"
            )
            what = f"the answers of {who.name.strip() or who.id!r} to this page are there already"
            raise UserError(what, str(path), fix)
        taken.append((folder, answers, key))
    for folder, answers, _ in taken:
        target = kept_at(folder, answers.reviewer)
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_json(target, answers.model_dump(mode="json"))
    return [(answers, key, counted(answers, key)) for _, answers, key in taken]


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names stand once each: which of two is meant, nobody can say."""
    pairs = list(pairs)
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")
