"""Asks selectors about the teachers of a cell: the table that a comparison reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from polyteach.errors import UserError
from polyteach.selection.bakeoff.scores import Scored

if TYPE_CHECKING:
    from polyteach.rows import Row
    from polyteach.selection.selectors.contract import Pool, Selector
    from polyteach.selection.selectors.tools import Tools


def asked(pool: Pool, tools: Tools, groups: Mapping[str, Sequence[Selector]]) -> list[Scored]:
    """What selectors say of a pool, and what each took.

    Args:
        pool: one language and one student base.
        tools: what selectors may use.
        groups: selectors by kind, see `Scored.kind`.
    """
    from polyteach.selection.selectors.choose import choose

    kinds = {one.name: kind for kind, group in groups.items() for one in group}
    table = choose(pool, tools, [one for group in groups.values() for one in group])
    return [
        Scored(kind=kinds[record["selector"]], gated=table.gate.excluded.get(record["teacher"]), **record)
        for record in table.to_records()
    ]


def pool_of(
    rows: Sequence[Row], human: Sequence[Row], language: str, base: str, most: int, rng_seed: int
) -> Pool:
    """The pool of a cell: equally many rows of each teacher, in equal shares of methods, drawn by rng_seed.

    Args:
        rows: of all teachers and languages.
        human: human pairs, of all languages.
        language: the cell's.
        base: the cell's.
        most: rows a teacher, or what the teacher with the fewest has.
        rng_seed: of the draw.

    Raises:
        UserError: there are no rows of the language.
    """
    from polyteach.selection.selectors.contract import Pool
    from polyteach.students.data import choose_rows

    by_teacher: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if row.language == language and row.response.strip():
            by_teacher.setdefault(row.teacher, {}).setdefault(row.method, []).append(row)
    if not by_teacher:
        raise UserError(f"there are no rows of {language}", "--rows", "give rows of each language compared")
    count = min(most, *(sum(map(len, methods.values())) for methods in by_teacher.values()))
    languages = sorted({row.language for row in human} - {language})
    return Pool(
        language,
        base,
        {name: choose_rows(methods, count, rng_seed).rows for name, methods in by_teacher.items()},
        seed_rows=[row for row in human if row.language == language],
        other_rows={other: [row for row in human if row.language == other] for other in languages},
        rng_seed=rng_seed,
    )
