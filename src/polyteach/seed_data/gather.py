"""Seed data from several sources: filtered, drawn in the numbers asked for, without copies.

Each record of a source ends as one row or under one reason, so that what was dropped can be counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError
from polyteach.languages import code_named, standard_code
from polyteach.seed_data.draw import Draw, prompt_key
from polyteach.seed_data.files import agree
from polyteach.seed_data.origin import Origin, records_of
from polyteach.seed_data.overlap import Listed
from polyteach.seed_data.sources import Dropped, Example, Source
from polyteach.steps import Progress, SilentProgress

if TYPE_CHECKING:
    from polyteach.rows import Row

SPARE = 2
"""So many times the rows wanted are drawn, since some turn out to be near copies of others."""

ALL = "all"
"""Stands for the languages where none is named."""

COPY = "a copy of another prompt"
NEAR = "a near copy of another prompt"
NOT_DRAWN = "not drawn"
OVERLAPS = "shares a passage with the listed texts"


@dataclass(frozen=True, slots=True)
class Part:
    """A source in a mixture.

    Attributes:
        source: the data set.
        origin: where it is read.
        rows: wanted by language, under `ALL` where no language is named; None takes all there are.
        read_at_most: records read at most; None reads the whole data set.
    """

    source: Source
    origin: Origin
    rows: Mapping[str, int] | None = None
    read_at_most: int | None = None

    def languages(self, asked: Sequence[str] | None) -> list[str]:
        """Of the languages asked for those that the source can have and is wanted in, or `ALL`."""
        if asked is None:
            return [ALL]
        own = self.source.language
        able = [code for code in asked if own is None or agree(own, code)]
        return [code for code in able if self.rows is None or code in self.rows]


@dataclass(slots=True)
class Account:
    """What became of a part's records: `read` is the sum of `rows` and `dropped`."""

    part: Part
    read: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """As plain data, with how many rows fewer there are than wanted."""
        source = self.part.source
        return {
            "name": source.name,
            "hub": source.hub,
            "revision": self.part.origin.revision,
            "licence": source.licence,
            "wanted": None if self.part.rows is None else dict(self.part.rows),
            "read": self.read,
            "rows": dict(sorted(self.rows.items())),
            "dropped": dict(sorted(self.dropped.items())),
            "shortfall": self.shortfall,
        }

    @property
    def shortfall(self) -> dict[str, int]:
        """By language how many of the rows wanted are missing, where any are."""
        missing = {
            code: wanted - (self.rows.total() if code == ALL else self.rows[code])
            for code, wanted in (self.part.rows or {}).items()
        }
        return {code: count for code, count in missing.items() if count > 0}


def gather(
    parts: Sequence[Part],
    *,
    languages: Sequence[str] | None,
    rng_seed: int,
    listed: Listed | None = None,
    progress: Progress | None = None,
) -> tuple[list[Row], list[Account]]:
    """Draws rows from sources; which prompts are drawn depends on `rng_seed`, not on the records' order.

    Prompts that are copies or near copies (`quality.duplicates`) of another one drawn are left out, also
    across sources; the earlier record or source keeps its own. In memory is at most `SPARE` times what is
    wanted.

    Args:
        parts: the sources.
        languages: standard codes; None takes every language.
        rng_seed: of the draw.
        listed: texts with which neither prompt nor response may share a passage.
        progress: told of each source that is read.

    Returns:
        The rows, by source and language, in random order therein, with the source's name in `Row.source` and
        its licence in `Row.extra`; and what became of each source's records.

    Raises:
        UserError: a source cannot be read, or two parts have the same name.
    """
    _refuse_twins(parts)
    progress = progress or SilentProgress()
    progress.start(len(parts), "sources")
    accounts: list[Account] = []
    drawn: list[tuple[Account, str, list[tuple[int, Row]]]] = []
    for part in parts:
        account = Account(part)
        accounts.append(account)
        draws = _Draws(account, languages, rng_seed, listed)
        draws.take(part.source.read(_counted(account, rng_seed)))
        drawn += [(account, code, draw.items()) for code, draw in draws.by_language.items()]
        progress.advance()
    return _without_copies(drawn, rng_seed), accounts


def _refuse_twins(parts: Sequence[Part]) -> None:
    names = Counter(part.source.name for part in parts)
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise UserError(f"source {twice[0]!r} is listed twice", fix="list each source once")


def _counted(account: Account, rng_seed: int) -> Iterable[Any]:
    part = account.part
    for record in records_of(part.source, part.origin, most=part.read_at_most, rng_seed=rng_seed):
        account.read += 1
        yield record


class _Draws:
    """The draws from one source, one for each language asked for."""

    def __init__(
        self, account: Account, languages: Sequence[str] | None, rng_seed: int, listed: Listed | None
    ) -> None:
        part = account.part
        self._account, self._languages = account, part.languages(languages)
        self._rng_seed, self._listed = rng_seed, listed
        self.by_language: dict[str, Draw[Row]] = {
            code: Draw(None if part.rows is None else SPARE * part.rows[code]) for code in self._languages
        }

    def take(self, found: Iterable[Example | Dropped]) -> None:
        """Keeps the examples that are wanted and counts the rest by reason."""
        for example in found:
            reason = example.reason if isinstance(example, Dropped) else self._keep(example)
            if reason:
                self._account.dropped[reason] += 1

    def _keep(self, example: Example) -> str | None:
        """Keeps an example, or says why not."""
        source = self._account.part.source
        if not example.prompt.strip():
            return "the prompt is empty"
        code = source.language if example.language is None else code_of(example.language)
        if code is None:
            return "of an unknown language"
        if ALL not in self.by_language:
            code = next((wanted for wanted in self._languages if agree(code, wanted)), None)
            if code is None:
                return "in another language"
        draw = self.by_language.get(code) or self.by_language[ALL]
        key = prompt_key(example.prompt, code, self._rng_seed)
        if key in draw:
            return COPY
        if not draw.wants(key):
            return NOT_DRAWN
        if source.mixed and not _is_in(example, code):
            return "in another language, as py3langid finds"
        if self._listed and any(self._listed.overlaps(t) for t in (example.prompt, example.response)):
            return OVERLAPS
        return NOT_DRAWN if draw.add(key, _row(source, example, code)) else None


def _without_copies(drawn: Sequence[tuple[Account, str, list[tuple[int, Row]]]], rng_seed: int) -> list[Row]:
    """The rows that each draw was to give, copies left out; counts what is left out."""
    from polyteach.quality.duplicates import near_duplicates

    seen: set[int] = set()
    unique: list[list[Row]] = []
    for account, _, items in drawn:
        fresh = [(key, row) for key, row in items if key not in seen]
        account.dropped[COPY] += len(items) - len(fresh)
        seen.update(key for key, _ in fresh)
        unique.append([row for _, row in fresh])
    prompts = [row.prompt for rows in unique for row in rows]
    is_near = iter(near_duplicates(prompts, side="prompt", rng_seed=rng_seed).values)
    chosen: list[Row] = []
    for (account, code, _), rows in zip(drawn, unique, strict=True):
        distinct = [row for row, near in zip(rows, is_near, strict=False) if not near]
        kept = distinct if account.part.rows is None else distinct[: account.part.rows[code]]
        account.rows.update(row.language for row in kept)
        account.dropped.update({NEAR: len(rows) - len(distinct), NOT_DRAWN: len(distinct) - len(kept)})
        chosen += kept
    for account, _, _ in drawn:
        account.dropped = +account.dropped  # reasons that nothing was dropped for are none
    return chosen


def _row(source: Source, example: Example, language: str) -> Row:
    from polyteach.rows import Row

    extra: Mapping[str, Any] = {"licence": source.licence, **example.extra}
    return Row(
        id=f"{source.name}/{language}/{prompt_key(example.prompt, language, 0):032x}",
        language=language,
        method="human",
        teacher="",
        source=source.name,
        source_id=example.id,
        prompt=example.prompt,
        response=example.response if example.response.strip() else "",
        extra=extra,
    )


def _is_in(example: Example, code: str) -> bool:
    from polyteach.identification import identify

    return all(identify(text, code).matches is not False for text in (example.prompt, example.response))


_ASCII_NAMES = {"Bokmal": "Bokmål"}
"""Names of languages as data sets spell them without their accents, which CLDR does not find."""


@lru_cache(maxsize=4096)
def code_of(spelling: str) -> str | None:
    """The standard code of a language that a data set names by a code or in English; None if unknown."""
    try:
        return standard_code(spelling)
    except UserError:
        return code_named(_ASCII_NAMES.get(spelling, spelling))
