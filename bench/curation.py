"""What do the rules of `polyteach filter` find? Sets with known defects: precision and recall per rule.

    python bench/curation.py [--rows 150] [--rng-seed 1]

Real answers (Japanese, English, German; `POLYTEACH_DATA`, default ../shared/data) and rows of the pocket
world, untouched and with one planted defect each. Some kinds of defect were written only after the rules
were (`curation_held_out.py`). Prints, as Markdown: per rule its recall on the kinds it is for, the share of
untouched rows it takes, and its precision in a set half untouched, half damaged by all kinds alike; per
held-out kind the share found, and by which rule. Untouched rows of models hold true defects (answers cut off,
loops), so the share taken is more than the false positives.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from curation_held_out import HELD_OUT
from curation_known import KNOWN, Kind

from polyteach.curation.judging import judge_rows
from polyteach.curation.rules import DEFAULTS
from polyteach.pocket.seed import seed_rows
from polyteach.rows import Row
from polyteach.seed_data.files import read_file

SETS = {
    "ja": (
        "ja_shaberi_gemma-3-27b-it",
        "ja_shaberi_llama-3.1-70b-instruct-turbo",
        "ja_shaberi_aya-expanse-32b",
    ),
    "en": ("en_llmzoo_gpt35", "en_llmzoo_vicuna-7b", "en_selfinstruct_user_oriented_human"),
    "de": ("de_mtbenchx_gpt4ref",),
}
FOREIGN = {"ja": "en", "en": "de", "de": "en"}
Counts = dict[str, tuple[int, Counter[str]]]
"""Rows, and how many each rule found (`any`: one or more), by kind; `untouched` is one."""


def sets(data: Path, rows: int) -> Iterator[tuple[str, list[Row], list[Row]]]:
    """Name, rows, and rows of another language."""
    read = {code: _spread([_read(data, name, code) for name in names], rows) for code, names in SETS.items()}
    for code, own in read.items():
        yield code, own, read[FOREIGN[code]]
    yield "pocket de", seed_rows("de", rows, 1), seed_rows("en", rows, 1)


def _read(data: Path, name: str, code: str) -> list[Row]:
    return [row for row in read_file(data / "sft" / f"{name}.jsonl", language=code) if row.response.strip()]


def _spread(parts: Sequence[Sequence[Row]], rows: int) -> list[Row]:
    """About as many rows of each part, spread over it."""
    share = -(-rows // len(parts))
    return [part[i * len(part) // share] for part in parts for i in range(min(share, len(part)))][:rows]


def counted(rows: Sequence[Row], others: Sequence[Row], kinds: Sequence[Kind], rng_seed: int) -> Counts:
    """What the default rules find in untouched rows, and in those of each kind."""
    found: Counts = {"untouched": _found([], rows)}
    for kind in kinds:
        damaged = kind.damaged(rows, others, rng_seed)
        found[kind.name] = _found(rows if kind.beside else [], damaged)
    return found


def _found(before: Sequence[Row], rows: Sequence[Row]) -> tuple[int, Counter[str]]:
    reasons = judge_rows([*before, *rows], DEFAULTS).reasons[len(before) :]
    counts = Counter(reason for of_row in reasons for reason in of_row)
    counts["any"] = sum(bool(of_row) for of_row in reasons)
    return len(rows), counts


def _share(counts: Sequence[tuple[int, int]]) -> float | None:
    n = sum(all_ for all_, _ in counts)
    return sum(found for _, found in counts) / n if n else None


def _shown(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def rule_table(by_set: Mapping[str, Counts]) -> Iterator[str]:
    """One line a rule: recall on its own kinds, share of untouched rows taken, precision."""
    yield "| rule | " + " | ".join(f"{name}: recall / untouched taken / precision" for name in by_set) + " |"
    yield "|---|" + "---|" * len(by_set)
    for rule in (rule.reason for rule in DEFAULTS):
        cells = []
        for counts in by_set.values():
            own = [counts[kind.name] for kind in KNOWN if rule == kind.rules[0]]
            recall = _share([(n, of[rule]) for n, of in own])
            n, clean = counts["untouched"]
            rates = {
                kind.name: _share([(counts[kind.name][0], counts[kind.name][1][rule])]) or 0.0
                for kind in KNOWN
            }
            mine = sum(rates[kind.name] for kind in KNOWN if rule in kind.rules) / len(KNOWN)
            taken = clean[rule] / n
            precision = mine / (mine + taken) if mine + taken else None
            cells.append(f"{_shown(recall)} / {clean[rule]} of {n} / {_shown(precision)}")
        yield f"| `{rule}` | " + " | ".join(cells) + " |"


def kind_table(by_set: Mapping[str, Counts], kinds: Sequence[Kind]) -> Iterator[str]:
    """One line a kind: the share that any rule found, and the rules that found most."""
    yield "| kind | " + " | ".join(by_set) + " |"
    yield "|---|" + "---|" * len(by_set)
    for kind in kinds:
        cells = []
        for counts in by_set.values():
            n, of = counts[kind.name]
            untouched = counts["untouched"][1]["any"] / counts["untouched"][0]
            by = ", ".join(f"`{rule}` {count}" for rule, count in of.most_common(3) if rule != "any")
            share = f"{of['any'] / n:.2f} of {n}" if n else "-"
            cells.append(f"{share} (untouched {untouched:.2f}){': ' + by if by else ''}" if n else "-")
        yield f"| {kind.name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=150)
    parser.add_argument("--rng-seed", type=int, default=1)
    arguments = parser.parse_args()
    data = Path(os.environ.get("POLYTEACH_DATA", "../shared/data"))
    by_set = {
        name: counted(rows, others, [*KNOWN, *HELD_OUT], arguments.rng_seed)
        for name, rows, others in sets(data, arguments.rows)
    }
    print("Rules on the kinds they were made for:\n")
    print("\n".join(rule_table(by_set)))
    print("\nKnown kinds, found by any rule:\n")
    print("\n".join(kind_table(by_set, KNOWN)))
    print("\nHeld-out kinds, found by any rule:\n")
    print("\n".join(kind_table(by_set, HELD_OUT)))


if __name__ == "__main__":
    main()
