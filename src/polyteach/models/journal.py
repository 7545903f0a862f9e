"""Every answer of a model, kept as it arrives: what was answered once is never asked, or paid for, again.

One SQLite file in WAL mode, which processes and studies share. Answers are committed in groups of at most
`GROUP`, so that a process killed at any moment loses at most that many; a power cut may lose the last seconds
as well, never damage the file (`synchronous=NORMAL`). SQLite sees damage only where a page makes no sense. So
each answer has a digest: one that is not what was written is asked again, not used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from polyteach.errors import UserError
from polyteach.models.completions import FILTERED, TOO_LONG, Completion
from polyteach.models.reservations import Reservations

GROUP = 8
"""Answers in one commit, at most."""
PAUSE_SECONDS = 0.001
"""An answer that arrives this long after the last commit is committed at once, not grouped."""

_APPLICATION = 0x504C5943  # marks the file as a journal of ours; any other SQLite file is refused
_VERSION = 1
_BUSY_SECONDS = 120  # how long another process may hold the file
_AGAIN_SECONDS = 0.01
_KEYS_AT_ONCE = 500

_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT NOT NULL UNIQUE, text TEXT NOT NULL, finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    thinking_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    thinking TEXT NOT NULL, refusal TEXT NOT NULL, payer TEXT NOT NULL, model TEXT NOT NULL, money REAL,
    left_out TEXT NOT NULL DEFAULT '', digest TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS spent (
    payer TEXT PRIMARY KEY, answers INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, thinking_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    money REAL NOT NULL, unpriced INTEGER NOT NULL
);
"""
_UNKNOWN = "none"  # the digest of answers that were there before there were digests
_LATER = {"left_out": "", "digest": _UNKNOWN}  # columns that older journals lack, and what they have there
_COLUMNS = tuple(column.name for column in fields(Completion))
_FREE = (
    f"answers.finish_reason IN ('{TOO_LONG}', '{FILTERED}') "
    "AND answers.prompt_tokens = 0 AND answers.completion_tokens = 0"
)
_INSERT = (
    f"INSERT INTO answers (key, {', '.join(_COLUMNS)}, digest, payer, model, money) "
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 5))}) ON CONFLICT (key) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS, "digest", "payer", "model", "money"))
    + f" WHERE {_FREE}"
)
_SELECT = f"SELECT rowid, key, {', '.join(_COLUMNS)}, digest FROM answers WHERE key"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a payer's answers took so far.

    Attributes:
        answers: how many were kept; what failed is not counted.
        prompt_tokens, completion_tokens, thinking_tokens, cached_tokens: sums over them, as in `Completion`.
        money: USD, over the answers whose price is known; those that came a second time are paid as well.
        unpriced: kept answers whose price is unknown.
    """

    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thinking_tokens: int = 0
    cached_tokens: int = 0
    money: float = 0.0
    unpriced: int = 0

    def plus(self, completion: Completion, money: float | None) -> Spent:
        """With one more answer."""
        return Spent(
            self.answers + 1,
            self.prompt_tokens + completion.prompt_tokens,
            self.completion_tokens + completion.completion_tokens,
            self.thinking_tokens + completion.thinking_tokens,
            self.cached_tokens + completion.cached_tokens,
            self.money + (money or 0.0),
            self.unpriced + (money is None),
        )


_TOTALS = tuple(column.name for column in fields(Spent))
_ADD_SPENT = (
    f"INSERT INTO spent VALUES ({', '.join('?' * (len(_TOTALS) + 1))}) ON CONFLICT (payer) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _TOTALS)
)


class Journal:
    """The answers so far, by the key of their request; use it in one thread, and close it.

    Any number of processes may have the same file open, each through its own `Journal`. A `Journal` holds no
    more than `GROUP` answers in memory.

    Args:
        path: the file; made with its folder where there is none.
        payer: whose spending new answers are counted as, such as a study's name.

    Raises:
        UserError: it cannot be opened or written (damaged, read-only, disk full, not a journal), here and in
            all methods. What was committed before stays.
    """

    def __init__(self, path: Path, payer: str = "") -> None:
        self.path = path
        self.payer = payer
        self._waiting: dict[str, tuple[Completion, str, float | None]] = {}
        self._paid_again = 0.0  # USD for second answers to what is waiting
        self._committed_at = 0.0
        self._reservations: dict[Path | None, Reservations] = {}
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._file.text_factory = _text
        try:
            with self._told():
                self._open()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        """Itself, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commits what is waiting and closes."""
        self.close()

    def close(self) -> None:
        """Commits what is waiting and closes the file; a second time does nothing."""
        try:
            self.flush()
            for reservations in self._reservations.values():
                reservations.let_go()
        finally:
            with self._told():
                self._file.close()

    def get(self, key: str) -> Completion | None:
        """The answer to a request; None where there is none yet, or it is damaged."""
        if key in self._waiting:
            return self._waiting[key][0]
        with self._told():
            row = self._file.execute(f"{_SELECT} = ?", (key,)).fetchone()
        return Completion(*row[2:-1]) if row and _is_whole(row[1:]) else None

    def known(self, keys: Sequence[str]) -> set[str]:
        """Which of these requests are answered; damaged answers are given up, to be asked again."""
        found = {key for key in keys if key in self._waiting}
        damaged: list[int] = []
        with self._told():
            for chunk in _chunks(keys, _KEYS_AT_ONCE):
                for number, *row in self._file.execute(f"{_SELECT} IN ({_marks(chunk)})", chunk):
                    found.add(row[0]) if _is_whole(row) else damaged.append(number)
            if damaged:
                self._give_up(damaged)
        return found

    def _give_up(self, numbers: Sequence[int]) -> None:
        """Takes answers out that are not what was written, by their rows' numbers."""
        _LOG.warning("%s: %d answers are damaged, and are asked again", self.path, len(numbers))
        self._file.execute("BEGIN IMMEDIATE")
        self._file.executemany("DELETE FROM answers WHERE rowid = ?", [(one,) for one in numbers])
        self._file.execute("COMMIT")

    def refused(self, keys: Sequence[str]) -> set[str]:
        """Which of these a server refused before any model read them (too long, or filtered), for nothing.

        A server that was changed meanwhile may answer them: an answer takes the place of such a refusal.
        """
        found: set[str] = set()
        with self._told():
            for chunk in _chunks(keys, _KEYS_AT_ONCE):
                asked = f"SELECT key FROM answers WHERE key IN ({_marks(chunk)}) AND {_FREE}"
                found.update(key for (key,) in self._file.execute(asked, chunk))
        return found

    def put(self, key: str, completion: Completion, *, money: float | None = None, model: str = "") -> None:
        """Keeps an answer; it is durable with the group's commit.

        The commit is now, unless the last one was less than `PAUSE_SECONDS` ago: then with the next answers,
        or when `flush` is called. Who stops putting, calls `flush`.

        Args:
            key: of the request; an answer that is there already is kept, unless it is `refused`. The new one
                is ignored but for its money, which was paid all the same.
            completion: the answer.
            money: USD it took; None where the price is unknown.
            model: who answered, for those who look into the file.
        """
        if key in self._waiting:
            self._paid_again += money or 0.0
        else:
            self._waiting[key] = (completion, model, money)
        if len(self._waiting) >= GROUP or time.monotonic() - self._committed_at > PAUSE_SECONDS:
            self.flush()

    @property
    def waiting(self) -> int:
        """Answers that are not committed yet."""
        return len(self._waiting)

    def flush(self) -> None:
        """Commits what is waiting.

        Raises:
            UserError: it cannot be written; the answers of this group (at most `GROUP`) are given up, so that
                they are asked again by the next run, and the file stays as it was.
        """
        if not self._waiting:
            return
        group, self._waiting = self._waiting, {}
        paid_again, self._paid_again = self._paid_again, 0.0
        with self._told(len(group)):
            try:
                self._commit(group, paid_again)
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise
        self._committed_at = time.monotonic()

    def spent(self) -> Spent:
        """What this payer's answers took, over all processes and runs; as quick for a million as for one."""
        with self._told():
            row = self._file.execute("SELECT * FROM spent WHERE payer = ?", (self.payer,)).fetchone()
        total = Spent(*row[1:]) if row else Spent()
        for completion, _, money in self._waiting.values():
            total = total.plus(completion, money)
        return replace(total, money=total.money + self._paid_again) if self._paid_again else total

    def reservations(self, batches: Path | None = None) -> Reservations:
        """What the payer is going to spend here, and elsewhere.

        Args:
            batches: the list of open batches that is to be paid; None for what this process sends itself.
        """
        if batches not in self._reservations:
            self._reservations[batches] = Reservations(self._file, self.payer, batches, self._told)
        return self._reservations[batches]

    def _open(self) -> None:
        """Checks that it is a journal, and makes one of an empty file."""
        self._file.execute("BEGIN")  # all three at one moment: another process may be making it
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        (tables,) = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._file.execute("COMMIT")
        if tables and (application != _APPLICATION or version != _VERSION):
            what = "is another SQLite file, or a journal of another version of polyteach"
            raise UserError(
                what, where=str(self.path), fix="name another file for the journal, or move this one away"
            )
        self._use_wal()
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("PRAGMA journal_size_limit = 67108864")
        if not tables:
            self._file.execute("BEGIN IMMEDIATE")
            for statement in _TABLES.split(";")[:-1]:
                self._file.execute(statement)
            self._file.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._file.execute(f"PRAGMA user_version = {_VERSION}")
            self._file.execute("COMMIT")
        elif self._lacking():  # a journal older than these columns, which have a default
            self._file.execute("BEGIN IMMEDIATE")
            for name in self._lacking():
                self._file.execute(
                    f"ALTER TABLE answers ADD COLUMN {name} TEXT NOT NULL DEFAULT '{_LATER[name]}'"
                )
            self._file.execute("COMMIT")

    def _use_wal(self) -> None:
        """Sets WAL mode. SQLite does not wait here for another process that is about to do the same."""
        end = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self._file.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
            time.sleep(_AGAIN_SECONDS)

    def _lacking(self) -> list[str]:
        there = {row[1] for row in self._file.execute("PRAGMA table_info(answers)")}
        return [name for name in _LATER if name not in there]

    def _commit(self, group: dict[str, tuple[Completion, str, float | None]], paid_again: float) -> None:
        """Writes one group, and what it adds to the payer's total, in one transaction."""
        added = Spent()
        self._file.execute("BEGIN IMMEDIATE")
        for key, (completion, model, money) in group.items():
            values = (key, *_values(completion))
            row = (*values, _digest(values), self.payer, model, money)
            if self._file.execute(_INSERT, row).rowcount:
                added = added.plus(completion, money)
            else:
                paid_again += money or 0.0
        if added.answers or paid_again:
            if paid_again:
                added = replace(added, money=added.money + paid_again)
            self._file.execute(_ADD_SPENT, (self.payer, *astuple(added)))
        self._file.execute("COMMIT")

    @contextmanager
    def _told(self, unwritten: int = 0) -> Iterator[None]:
        """Turns what SQLite or the system says into a user's message."""
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            what, fix = _explained(error)
            if unwritten:
                what += f"; {unwritten} answers that had just arrived are asked again by the next run"
            raise UserError(what, where=str(self.path), fix=f"{fix}; answers kept before are safe") from error


def _values(completion: Completion) -> Iterable[str | int]:
    """The columns of an answer, without the deep copy of `dataclasses.astuple`."""
    return (getattr(completion, name) for name in _COLUMNS)


def _text(content: bytes) -> str:
    """Text of the file, also where it is damaged: then its digest does not hold."""
    return content.decode("utf-8", "replace")


def _digest(values: Iterable[str | int]) -> str:
    """Of an answer with its key, as they stand in the file."""
    return hashlib.sha256(json.dumps(list(values), default=repr).encode()).hexdigest()[:16]


def _is_whole(row: Sequence[Any]) -> bool:
    """Whether a row is what was written: key, answer, digest."""
    return row[-1] in (_UNKNOWN, _digest(row[:-1]))


def _marks(keys: Sequence[str]) -> str:
    return ", ".join("?" * len(keys))


def _chunks(keys: Sequence[str], size: int) -> Iterator[list[str]]:
    """The keys in lists of at most `size`."""
    return (list(keys[start : start + size]) for start in range(0, len(keys), size))


def _explained(error: sqlite3.Error | OSError) -> tuple[str, str]:
    """What went wrong with the file, and what to do."""
    if isinstance(error, OSError):
        return f"the journal's folder cannot be made ({error.strerror})", "give a folder you may write to"
    code = getattr(error, "sqlite_errorcode", None)
    kind = code & 0xFF if code is not None else None
    if kind == sqlite3.SQLITE_FULL:
        return "the journal cannot be written: the disk is full", "free space and run again"
    if kind == sqlite3.SQLITE_IOERR:
        return (
            f"the journal cannot be read or written ({error})",
            "check the disk and its free space; run again",
        )
    if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return (
            f"the journal cannot be opened for writing ({error})",
            "give a file and folder you may write to",
        )
    if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        fix = "move it away, and save what can be read: sqlite3 OLD .recover | sqlite3 NEW"
        return f"the journal is damaged ({error})", fix
    if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "the journal is held by another process", "end that process, or wait, and run again"
    return f"the journal cannot be used ({error})", "move it away and run again"
