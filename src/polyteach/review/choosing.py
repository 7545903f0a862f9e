"""Which rows a page shows: the same examples for all teachers, in an order and on sides nobody can foretell.

First come single answers to be marked, then pairs to choose from. As far as there are enough, pairs answer
the same prompt and rest on examples that were not marked. Some of both are asked again later, a pair with its
sides changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from polyteach.review.key import MARK, PAIR, Item, Kind, Shown, opaque
from polyteach.review.reading import Written

REPEATED = 0.1
"""Share of the items of a kind that is asked again; at least two where there are six or more."""
_FEW = 6
Examples = Mapping[str, Mapping[str, Written]]
"""Example -> teacher -> row."""


def choose_items(written: Sequence[Written], names: Iterable[str], rows: int, secret: str) -> list[Item]:
    """Chooses the items of a page, in the order they are to stand in.

    Args:
        written: all rows of the language.
        names: examples in whose rows one of these stands are taken last.
        rows: answers of each teacher to be marked; and as many examples give pairs.
        secret: everything that looks random comes from it.
    """
    telling = {row.example for row in written if names_in(row, names)}
    examples = _examples(written, telling, secret)
    marked, used = _to_mark(examples, rows)
    paired = _to_pair(examples, used, rows, secret)
    marks = [_item(MARK, (row,), secret) for row in marked]
    pairs = [_item(PAIR, _sides(pair, secret), secret) for pair in paired]
    return [*_in_order(marks, secret), *_in_order(pairs, secret)]


def names_in(row: Written, names: Iterable[str]) -> bool:
    """Whether a text of a row holds one of the names as a word, in whatever case."""
    text = f"{row.prompt}\n{row.response}"
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in names)


def _examples(written: Sequence[Written], telling: set[str], secret: str) -> Examples:
    """Examples with the first row of each teacher; those of most teachers first, methods in turn."""
    found: dict[str, dict[str, Written]] = {}
    for row in written:
        found.setdefault(row.example, {}).setdefault(row.teacher, row)
    lots = {example: opaque(secret, "example", example) for example in found}
    turns: Counter[tuple[bool, int, str]] = Counter()
    order = []
    for example in sorted(found, key=lambda one: (lots[one], one)):
        kind = (example in telling, -len(found[example]), example.partition("/")[0])
        order.append((kind[:2], turns[kind], lots[example], example))
        turns[kind] += 1
    return {example: found[example] for *_, example in sorted(order)}


def _to_mark(examples: Examples, rows: int) -> tuple[list[Written], set[str]]:
    """So many rows of each teacher, and the examples they rest on."""
    counts: Counter[str] = Counter()
    marked: list[Written] = []
    used: set[str] = set()
    for example, by_teacher in examples.items():
        wanted = [row for teacher, row in by_teacher.items() if counts[teacher] < rows]
        counts.update(row.teacher for row in wanted)
        marked += wanted
        used |= {example} if wanted else set()
    return marked, used


def _to_pair(examples: Examples, used: set[str], rows: int, secret: str) -> list[tuple[Written, Written]]:
    """Pairs on so many examples: of teachers that have met least, each once an example."""
    shared = [example for example, by_teacher in examples.items() if len(by_teacher) > 1]
    asked = {example: len({row.prompt for row in examples[example].values()}) for example in shared}
    met: Counter[tuple[str, str]] = Counter()
    shown: Counter[str] = Counter()
    pairs: list[tuple[Written, Written]] = []
    for example in sorted(shared, key=lambda example: (asked[example] > 1, example in used)):
        if rows == 0:
            break
        free, before = set(examples[example]), len(pairs)
        while differing := _differing(examples[example], free):
            one, other = min(
                differing,
                key=lambda pair: (
                    met[pair],
                    shown[pair[0]] + shown[pair[1]],
                    opaque(secret, example, *pair),
                ),
            )
            met[one, other] += 1
            shown.update((one, other))
            free -= {one, other}
            pairs.append((examples[example][one], examples[example][other]))
        rows -= len(pairs) > before
    return pairs


def _differing(by_teacher: Mapping[str, Written], free: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of teachers whose texts are not the same: the same text is neither better nor worse."""
    pairs = combinations(sorted(free), 2)
    return [(one, other) for one, other in pairs if by_teacher[one].digest != by_teacher[other].digest]


def _sides(pair: tuple[Written, Written], secret: str) -> tuple[Written, ...]:
    one, other = pair
    swapped = int(opaque(secret, "side", one.teacher, one.id, other.teacher, other.id), 16) % 2
    return (other, one) if swapped else (one, other)


def _item(kind: Kind, rows: tuple[Written, ...], secret: str) -> Item:
    shown = tuple(Shown(teacher=row.teacher, row=row.id, digest=row.digest) for row in rows)
    return Item(id=_id(kind, shown, secret), kind=kind, example=rows[0].example, shown=shown)


def _id(kind: str, shown: tuple[Shown, ...], secret: str, again: str = "") -> str:
    return opaque(secret, kind, again, *(part for one in shown for part in (one.teacher, one.row)))


def _in_order(items: Sequence[Item], secret: str) -> list[Item]:
    """A random order; items of its first half are asked again among those of its last third."""
    order = sorted(items, key=lambda item: opaque(secret, "order", item.id))
    half, third = len(order) // 2, 2 * len(order) // 3
    count = min(half, max(2, round(REPEATED * len(order)))) if len(order) >= _FEW else 0
    again = list(_again((order[half * place // count] for place in range(count)), secret))
    tail = sorted([*order[third:], *again], key=lambda item: opaque(secret, "tail", item.id))
    return [*order[:third], *tail]


def _again(items: Iterable[Item], secret: str) -> Iterator[Item]:
    for item in items:
        shown = item.shown[::-1]
        id = _id(item.kind, shown, secret, "again")
        yield Item(id=id, kind=item.kind, example=item.example, shown=shown, repeats=item.id)
