"""Files filtered by rules: what stays is written with all its columns, what goes is counted and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.curation.judging import Judged, judge_rows
from polyteach.curation.naming import as_plain
from polyteach.curation.reading import all_columns, judged_rows
from polyteach.curation.writing import Columns, write_records
from polyteach.errors import UserError
from polyteach.files import PARQUET, check_row_file, file_digest, write_atomically, writing
from polyteach.rules import AnyRule
from polyteach.rules.rule import Context
from polyteach.seed_data.turns import has_other_turns

DROPPED_FOR = "dropped_for"
"""The column of dropped rows with the reasons of all rules that found them, in the order of the rules."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is written.

    Attributes:
        rows: the rows that stay.
        summary: counts, rules and inputs, as JSON beside them.
        dropped: the rows that go, with their reasons; None: nowhere.
    """

    rows: Path
    summary: Path
    dropped: Path | None

    @classmethod
    def of(cls, rows: Path, dropped: Path | None) -> Outputs:
        """The files of an output.

        Raises:
            UserError: one is neither Parquet nor JSONL, or a folder, or in none; or both are one.
        """
        for path in (rows, *([dropped] if dropped else [])):
            check_row_file(path)
        if dropped and dropped.resolve() == rows.resolve():
            raise UserError("is the output too", where=str(dropped), fix="name another file with --dropped")
        return cls(rows, rows.with_name(f"{rows.name}.filter.json"), dropped)

    @property
    def are_own(self) -> bool:
        """Whether an earlier run of the command wrote here."""
        return self.summary.is_file()


def filter_files(
    paths: Sequence[Path],
    outputs: Outputs,
    rules: Sequence[AnyRule],
    *,
    language: str | None = None,
    context: Context | None = None,
) -> tuple[dict[str, Any], Judged]:
    """Writes the rows of files that no rule finds, in their order, with all their columns.

    Files are read twice, so that no more is in memory than the rules need: texts of rows that are compared,
    and reasons.

    Args:
        paths: JSONL, CSV or Parquet; several count as one, in this order.
        outputs: where to.
        rules: see `judge_rows`.
        language: what the rows must be in; None: each row's own.
        context: what some rules need.

    Returns:
        The summary as plain data, which is for `outputs.summary`, and what the rules found. Rules see a
        conversation's first pair alone: `kept_with_other_turns` counts the rows that stay and say more.

    Raises:
        UserError: a file cannot be read, or changes meanwhile; or no row is left. Then nothing but the
            dropped rows is written.
    """
    columns = (
        Columns() if PARQUET in {path.suffix for path in (outputs.rows, outputs.dropped) if path} else None
    )
    digests = [file_digest(path) if path.is_file() else "" for path in paths]
    others: list[bool] = []

    def see(record: Mapping[str, Any]) -> None:
        others.append(has_other_turns(record))
        if columns:
            columns.see(record)

    judged = judge_rows(judged_rows(paths, language, see), rules, context)
    if not judged.reasons:
        fix = "a file of examples has at least one row"
        raise UserError("the file has no rows", where=", ".join(map(str, paths)), fix=fix)
    if [file_digest(path) for path in paths] != digests:
        raise UserError("changed while it was read", where=", ".join(map(str, paths)), fix="run it again")
    if outputs.dropped:
        with_reasons = columns.and_also({DROPPED_FOR: ["reason"]}) if columns else None
        _write(outputs.dropped, _dropped(paths, judged), with_reasons)
    summary = {
        "schema_version": 1,
        "kind": "filter",
        "language": language,
        "inputs": [
            {"file": path.name, "sha256": digest} for path, digest in zip(paths, digests, strict=True)
        ],
        "rules": [as_plain(rule) for rule in rules],
        "rows": len(judged.reasons),
        "kept": judged.kept,
        "kept_with_other_turns": sum(
            other and not reasons for other, reasons in zip(others, judged.reasons, strict=True)
        ),
        "by_rule": [
            {
                "reason": rule.reason,
                "found": judged.found.get(rule.reason, 0),
                "dropped": judged.dropped.get(rule.reason, 0),
                "could_not_tell": dict(judged.untold.get(rule.reason, {})),
            }
            for rule in rules
        ],
    }
    if not judged.kept:
        counts = ", ".join(f"{count} {reason}" for reason, count in judged.dropped.items())
        fix = "look at the rows that go (--dropped FILE), and leave out a rule or loosen it"
        raise UserError(f"no row is left ({counts})", where=str(outputs.rows), fix=fix)
    _write(outputs.rows, _kept(paths, judged), columns)
    output = {"file": outputs.rows.name, "sha256": file_digest(outputs.rows)}
    return summary | {"output": output}, judged


def _kept(paths: Sequence[Path], judged: Judged) -> Iterator[Mapping[str, Any]]:
    pairs = zip(all_columns(paths), judged.reasons, strict=True)
    return (record for record, reasons in pairs if not reasons)


def _dropped(paths: Sequence[Path], judged: Judged) -> Iterator[Mapping[str, Any]]:
    pairs = zip(all_columns(paths), judged.reasons, strict=True)
    return ({**record, DROPPED_FOR: list(reasons)} for record, reasons in pairs if reasons)


def _write(path: Path, records: Iterator[Mapping[str, Any]], columns: Columns | None) -> None:
    needed = columns if path.suffix == PARQUET else None
    with writing(path):
        write_atomically(path, lambda temporary: write_records(temporary, records, needed))
