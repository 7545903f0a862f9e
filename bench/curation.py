"""What do the rules of `polyteach filter` find? Sets with known defects: precision and recall per rule.

    python bench/curation.py [--rows 150] [--rng-seed 1]

Real answers (Japanese, English, German; `POLYTEACH_DATA`, default ../shared/data) and rows of the pocket
world, untouched and with one planted defect each. Some kinds of defect were written only after the rules
were (`curation_held_out.py`). Prints, as Markdown: per rule (the defaults and
`unfinished`) its recall on the kinds it is for, the share of
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
from curation_known import KNOWN, Kind, said

from polyteach.curation.judging import judge_rows
from polyteach.pocket.seed import seed_rows
from polyteach.pocket.simulated import Dials, answer, answered
from polyteach.quality.judge import oracle_judge
from polyteach.rows import Row
from polyteach.rules import DEFAULTS, AnyRule, Context
from polyteach.rules.endings import Unfinished
from polyteach.rules.judged import JudgeBelow
from polyteach.rules.likelihood import Likelihood
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
RULES: tuple[AnyRule, ...] = (*DEFAULTS, Unfinished())
FOREIGN = {"ja": "en", "en": "de", "de": "en"}
_LETTERS = ("15% of letters damaged", "answer to another question")
Counts = dict[str, tuple[int, Counter[str]]]
"""Rows, and how many each rule found (`any`: one or more of the defaults), by kind; `untouched` is one."""


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
    counts = [min(share, len(part)) for part in parts]
    pairs = zip(parts, counts, strict=True)
    return [part[i * len(part) // count] for part, count in pairs for i in range(count)][:rows]


def counted(rows: Sequence[Row], others: Sequence[Row], kinds: Sequence[Kind], rng_seed: int) -> Counts:
    """What the default rules find in untouched rows, and in those of each kind."""
    found: Counts = {"untouched": _found([], rows)}
    for kind in kinds:
        damaged = kind.damaged(rows, others, rng_seed)
        found[kind.name] = _found(rows if kind.beside else [], damaged)
    return found


def _found(before: Sequence[Row], rows: Sequence[Row]) -> tuple[int, Counter[str]]:
    reasons = judge_rows([*before, *rows], RULES).reasons[len(before) :]
    counts = Counter(reason for of_row in reasons for reason in of_row)
    defaults = {rule.reason for rule in DEFAULTS}
    counts["any"] = sum(not defaults.isdisjoint(of_row) for of_row in reasons)
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
    for rule in (rule.reason for rule in RULES):
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
    """One line a kind: the share that the defaults found, and the rules that found most."""
    yield "| kind | " + " | ".join(by_set) + " |"
    yield "|---|" + "---|" * len(by_set)
    for name in ("untouched", *(kind.name for kind in kinds)):
        cells = []
        for counts in by_set.values():
            n, of = counts[name]
            by = ", ".join(f"`{rule}` {count}" for rule, count in of.most_common(3) if rule != "any")
            share = f"{of['any'] / n:.2f} of {n}" if n else "-"
            cells.append(f"{share}{': ' + by if by else ''}" if n else "-")
        yield f"| {name} | " + " | ".join(cells) + " |"


def model_table(rows: int, rng_seed: int) -> Iterator[str]:
    """Rules that need a model, on the pocket world: one damaged row on nine untouched ones."""
    clean, few = seed_rows("de", rows, 1), seed_rows("de", rows // 9 + rows, 1)[rows:]
    questions = answered("de", [row.prompt for row in few])
    sets = {
        "wrong facts": [
            said(row, answer(question, Dials(error=1.0), 1).text)
            for row, question in zip(few, questions, strict=True)
            if question
        ],
        **{
            kind.name: kind.damaged(few, seed_rows("en", rows, 1), rng_seed)
            for kind in (*KNOWN, *HELD_OUT)
            if kind.name in ("response of another language", "loop", "answer in another script", *_LETTERS)
        },
    }
    rules: list[AnyRule] = [Likelihood(model="pocket:base-c", low=0.0, high=0.9), JudgeBelow(least=3)]
    context = Context(judge=oracle_judge("de"))
    yield "| kind | " + " | ".join(f"`{rule.reason}`: found / untouched taken" for rule in rules) + " |"
    yield "|---|" + "---|" * len(rules)
    for name, damaged in sets.items():
        cells = []
        for rule in rules:
            bad = rule.find([*clean, *damaged], context).bad
            cells.append(f"{sum(bad[rows:])} of {len(damaged)} / {sum(bad[:rows])} of {rows}")
        yield f"| {name} | " + " | ".join(cells) + " |"


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
    print("\nKnown kinds, share found by the defaults, and the rules that found most:\n")
    print("\n".join(kind_table(by_set, KNOWN)))
    print("\nRules that ask a model (`likelihood` takes a tenth of any set; the oracle knows the facts):\n")
    print("\n".join(model_table(arguments.rows, arguments.rng_seed)))
    print("\nHeld-out kinds, likewise:\n")
    print("\n".join(kind_table(by_set, HELD_OUT)))


if __name__ == "__main__":
    main()
