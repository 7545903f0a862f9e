"""What is exported: conversations that end in an answer; what is no such thing is counted with its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.languages import standard_code
from polyteach.seed_data.files import agree, unfolded
from polyteach.seed_data.records import Record, stream_records
from polyteach.seed_data.turns import ASSISTANT, NO_PROMPT, SYSTEM, USER, NoTurns, Turn, turns_of

NO_ANSWER = "no_answer"
NOT_IN_TURN, HALF_CHARACTER = "turns_do_not_alternate", "half_a_character"
OTHER_LANGUAGE, UNKNOWN_LANGUAGE = "another_language", "unknown_language"
OTHER_TEACHER, OTHER_METHOD = "another_teacher", "another_method"
_HALF = re.compile("[\ud800-\udfff]")
_EXPORTED = (
    *("id", "language", "method", "teacher", "source", "source_id", "prompt", "response", "messages"),
    *("finish_reason", "prompt_tokens", "response_tokens"),  # of our own rows; a card tells what they say
)


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation whose last turn is the answer to be learned.

    Attributes:
        id, language, method, teacher, source, source_id: as of a `Row`; empty where nobody said.
        turns: perhaps one of the system, then user and assistant in turn.
        cut_off: whether the answer ended where its room ended; None where nobody said.
        extra: what the source knows beyond this. It is not exported.
    """

    id: str
    language: str
    method: str
    teacher: str
    source: str
    source_id: str
    turns: tuple[Turn, ...]
    cut_off: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> tuple[Turn, ...]:
        """All before the answer."""
        return self.turns[:-1]

    @property
    def answer(self) -> str:
        """What is to be learned."""
        return self.turns[-1][1]

    @property
    def first_prompt(self) -> str:
        """What the user says first."""
        return next(text for role, text in self.turns if role == USER)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a source are taken; all where a part says nothing.

    A row that does not say its language, teacher or method is taken as of the one that is wanted.
    """

    languages: Sequence[str] = ()
    teachers: Sequence[str] = ()
    methods: Sequence[str] = ()


@dataclass(slots=True)
class Taken:
    """What was read of a source.

    Attributes:
        examples: those to export, in the source's order.
        read: rows that were read.
        left_out: the others, by reason.
        columns: names of columns that are not exported.
    """

    examples: list[Example] = field(default_factory=list)
    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    columns: set[str] = field(default_factory=set)

    def add(self, found: Example | str) -> None:
        """Counts one row: an example, or the reason why it is none."""
        self.read += 1
        if isinstance(found, str):
            self.left_out[found] += 1
        else:
            self.examples.append(found)


def take_files(paths: Iterable[Path], wanted: Wanted) -> Taken:
    """Reads files of rows: ours, or JSONL, CSV and Parquet with `prompt` and `response`, or `messages`.

    Unlike `seed_data.files.read_file`, which refuses a file for one bad row, a row that cannot be exported is
    left out and counted; and all turns of `messages` are kept, see `turns_of`.

    Raises:
        UserError: a file is missing, damaged or no such file; a row has no such column.
    """
    taken = Taken()
    for path in paths:
        for number, record in enumerate(stream_records(path, half_characters=True), start=1):
            extra = unfolded(record.columns, _EXPORTED)
            taken.columns |= set(extra)
            taken.add(_example(record, extra, str(number), name_of(path), wanted))
    taken.examples = with_own_ids(taken.examples)
    return taken


def name_of(path: Path) -> str:
    """A file's name, with a question mark for each byte that is no UTF-8."""
    return path.name.encode("utf-8", "replace").decode("utf-8")


def checked(example: Example) -> Example | str:
    """The example, or the reason why it is none that can be learned from and written."""
    turns = example.turns[1:] if example.turns and example.turns[0][0] == SYSTEM else example.turns
    if not turns or not turns[0][1].strip():
        return NO_PROMPT
    if any(role != (USER, ASSISTANT)[place % 2] for place, (role, _) in enumerate(turns)):
        return NOT_IN_TURN
    if len(turns) % 2 or not example.answer.strip():
        return NO_ANSWER
    written = (example.id, example.method, example.teacher, example.source, example.source_id)
    if any(_HALF.search(text) for text in (*written, *(content for _, content in example.turns))):
        return HALF_CHARACTER
    return example


def with_own_ids(examples: Sequence[Example]) -> list[Example]:
    """The examples with ids that are unique: one used before gets a number."""
    seen: Counter[str] = Counter()
    found = []
    for example in examples:
        seen[example.id] += 1
        again = seen[example.id] > 1
        found.append(replace(example, id=f"{example.id}-{seen[example.id]}") if again else example)
    return found


def _example(
    record: Record, extra: Mapping[str, Any], number: str, source: str, wanted: Wanted
) -> Example | str:
    columns = record.columns
    language = _language(_text(columns, "language"), wanted.languages)
    if language in (UNKNOWN_LANGUAGE, OTHER_LANGUAGE):
        return language
    teacher = _one_of(_text(columns, "teacher"), wanted.teachers)
    method = _one_of(_text(columns, "method"), wanted.methods)
    if teacher is None or method is None:
        return OTHER_TEACHER if teacher is None else OTHER_METHOD
    try:
        turns = turns_of(record)
    except NoTurns as fault:
        return fault.reason
    row_id = _text(columns, "id") or number
    end = columns.get("finish_reason")
    return checked(
        Example(
            id=row_id,
            language=language,
            method=method,
            teacher=teacher,
            source=_text(columns, "source") or source,
            source_id=_text(columns, "source_id") or row_id,
            turns=turns,
            cut_off=end == "length" if isinstance(end, str) and end else None,
            extra=extra,
        )
    )


def _language(spelling: str, wanted: Sequence[str]) -> str:
    """A row's language as its source says it, or that which is wanted; or the reason why it is not taken."""
    if not spelling:
        return wanted[0] if len(wanted) == 1 else ""
    try:
        code = standard_code(spelling)
    except UserError:
        return UNKNOWN_LANGUAGE
    if not wanted:
        return code
    return next((one for one in wanted if agree(code, one)), OTHER_LANGUAGE)


def _one_of(said: str, wanted: Sequence[str]) -> str | None:
    """What a row says, or what is wanted where it says nothing; None where it says something else."""
    if not said:
        return wanted[0] if len(wanted) == 1 else ""
    return said if said in wanted or not wanted else None


def _text(columns: Mapping[str, Any], name: str) -> str:
    value = columns.get(name)
    return "" if value is None else str(value)
