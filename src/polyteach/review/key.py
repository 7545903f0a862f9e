"""The key of a page: whose texts stand behind its opaque ids. It stays in the run's folder."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from polyteach.errors import UserError

KEY, REVIEWS, ANSWERS = "key.json", "reviews", "answers"
"""Names in a run's folder: REVIEWS/<language>-<page>/{KEY, ANSWERS/<reviewer>.json}."""
Kind = Literal["mark", "pair"]
MARK: Kind = "mark"
PAIR: Kind = "pair"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(_Strict):
    """A row on the page.

    Attributes:
        row: its id among its teacher's rows of the language.
        digest: of its texts, see `Written.digest`.
    """

    teacher: str
    row: str
    digest: str


class Item(_Strict):
    """One question to the reviewer.

    Attributes:
        id: opaque; the only thing of this item that the page knows, beside the texts.
        shown: one row to be marked, or two to choose from, as they stand on the page: A first.
        example: what the rows rest on, the same for rows on the same seed data.
        repeats: the id of the item that this one asks again, for a pair with its sides changed.
    """

    id: str
    kind: Kind
    example: str
    shown: tuple[Shown, ...]
    repeats: str | None = None


class Key(_Strict):
    """All of one page.

    Attributes:
        page: digest of the page's items, which the reviewers' files carry.
        secret: of the ids; nobody has it who has the page alone.
        rng_seed, rows: with which the page was made.
        telling: rows on the page in which a teacher's or a model's name stands.
    """

    schema_version: Literal[1] = 1
    kind: Literal["polyteach-review-key"] = "polyteach-review-key"
    page: str
    language: str
    instructions: str
    rng_seed: int
    rows: int
    secret: str
    telling: int
    items: tuple[Item, ...]

    @property
    def by_id(self) -> dict[str, Item]:
        """The items by their opaque ids."""
        return {item.id: item for item in self.items}


def opaque(secret: str, *what: str | int) -> str:
    """A keyed hash: 16 hex digits that say nothing of `what` to who lacks the secret."""
    text = json.dumps(what, ensure_ascii=False)
    return hmac.digest(secret.encode(), text.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]


def folder_of(run: Path, language: str, page: str) -> Path:
    """Where a page's key and its reviewers' answers are."""
    return run / REVIEWS / f"{language}-{page[:12]}"


def has_reviews(run: Path) -> bool:
    """Whether somebody's answers were brought back to a run."""
    return any((run / REVIEWS).glob(f"*/{ANSWERS}/*.json"))


def read_keys(run: Path) -> dict[Path, Key]:
    """The keys of all pages made for a run, by the folders they lie in.

    Raises:
        UserError: one cannot be read.
    """
    found = {}
    for path in sorted((run / REVIEWS).glob(f"*/{KEY}")):
        try:
            found[path.parent] = Key.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            fix = "make the page again with the same --rows and --rng-seed: it has the same key"
            raise UserError("this key cannot be read", str(path), fix) from error
    return found
