"""What does `polyteach rewrite` mend? A set with known defects, rewritten by a pocket teacher.

    python bench/rewrite.py [--rows 20] [--clean 200] [--language de] [--teacher pocket:err-03] [--rng-seed 1]

Right rows of the pocket world, some of each damaged by one kind of defect: known ones (`curation_known.py`)
and some held out from the making of the rules (`curation_held_out.py`). The command rewrites them twice: by
the default rules, and with the oracle's marks (`judge_below`) besides, the best that a judge could do. The
oracle also says whether a new response is right. Prints, as Markdown, for each kind the rows planted, those
that a rule found, those mended (rewritten, and right), rewritten but wrong, and left as they were; and the
same of untouched rows.

The pocket world's answers are a word or two, so `wrong_language` gets texts to know short ones by (`short`):
rows that are not in the set, of which many have an answer that is.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from curation_held_out import HELD_OUT
from curation_known import KNOWN

from polyteach.cli.main import invoke
from polyteach.curation.judging import judge_rows
from polyteach.curation.naming import as_plain, read_rules
from polyteach.curation.reading import judged_rows
from polyteach.pocket import judge, seed_rows
from polyteach.quality.judge import oracle_judge
from polyteach.rows import Row
from polyteach.rules import DEFAULTS, Context

RIGHT = 4
"""The oracle's lowest mark of a right answer."""
UNTOUCHED = "untouched"
OTHER = {"de": "en", "en": "de"}
WORLD = 920
"""Rows of the pocket world in a language."""


@dataclass(frozen=True)
class Planted:
    """A set with defects, and texts that are not in it.

    Attributes:
        kinds: of each row, or `untouched`.
        rows: as they are rewritten.
        known: texts by language, for `short`.
    """

    kinds: Sequence[str]
    rows: Sequence[Row]
    known: dict[str, Sequence[Row]]


def planted(language: str, each: int, clean: int, rng_seed: int) -> Planted:
    """Untouched rows, and behind them damaged ones of every kind; each of other rows of the world."""
    kinds = [*KNOWN, *HELD_OUT]
    pool, other = seed_rows(language, WORLD, 1), OTHER.get(language, "en")
    others = seed_rows(other, WORLD, 1)
    used = clean + each * len(kinds)
    found = [(UNTOUCHED, row) for row in pool[:clean]]
    for number, kind in enumerate(kinds):
        start = clean + number * each
        part = pool[:each] if kind.beside else pool[start : start + each]
        found += [(kind.name, row) for row in kind.damaged(part, others[:used], rng_seed)]
    known = {language: pool[used:], other: others[used:]}
    return Planted([kind for kind, _ in found], [row for _, row in found], known)


def write(path: Path, rows: Sequence[Row]) -> None:
    """Rows as a user's JSONL; how an answer ended stands there where it is known."""
    lines = []
    for row in rows:
        record: dict[str, Any] = {"prompt": row.prompt, "response": row.response}
        record |= {"finish_reason": row.finish_reason} if row.finish_reason else {}
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    path.write_text("".join(lines), encoding="utf-8")


def rules_file(folder: Path, known: dict[str, Sequence[Row]], with_judge: bool) -> Path:
    """The default rules with texts to know short answers by, and the judge's last."""
    short = {}
    for code, rows in known.items():
        write(folder / f"{code}.jsonl", rows)
        short[code] = str(folder / f"{code}.jsonl")
    rules = [as_plain(rule) for rule in DEFAULTS]
    for rule in rules:
        if "wrong_language" in rule:
            rule["wrong_language"]["short"] = short
    path = folder / "rules.yaml"
    more = [{"judge_below": {"least": 3}}] if with_judge else []
    path.write_text(yaml.safe_dump({"rules": [*rules, *more]}), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Rewritten:
    """Lines before and after, whether a rule found each row before, and the command's summary."""

    before: Sequence[str]
    after: Sequence[str]
    found: Sequence[bool]
    summary: dict[str, Any]

    def counts(self, places: Sequence[int], language: str) -> list[int]:
        """Rows planted, found, mended, rewritten but wrong, left."""
        changed = [json.loads(self.after[n]) for n in places if self.before[n] != self.after[n]]
        right = sum((judge(row["prompt"], row["response"], language).score or 0) >= RIGHT for row in changed)
        found = sum(self.found[place] for place in places)
        return [len(places), found, right, len(changed) - right, len(places) - len(changed)]


def rewritten(planted: Planted, language: str, teacher: str, rng_seed: int, with_judge: bool) -> Rewritten:
    """Runs the command on files of its own."""
    with TemporaryDirectory() as name:
        data, output = Path(name) / "data.jsonl", Path(name) / "out.jsonl"
        write(data, planted.rows)
        rules = rules_file(Path(name), planted.known, with_judge)
        options = ["--language", language, "--teacher", teacher, "--rng-seed", str(rng_seed)]
        options += ["--rules", str(rules), *(["--judge", "oracle"] if with_judge else [])]
        with redirect_stdout(io.StringIO()):
            code = invoke(["rewrite", str(data), "--output", str(output), *options])
        if code:
            raise SystemExit(code)
        context = Context(rng_seed=rng_seed, judge=oracle_judge(language) if with_judge else None)
        reasons = judge_rows(judged_rows([data], language, len), read_rules(rules), context).reasons
        return Rewritten(
            data.read_text(encoding="utf-8").splitlines(),
            output.read_text(encoding="utf-8").splitlines(),
            [bool(of_row) for of_row in reasons],
            json.loads((Path(name) / "out.jsonl.rewrite.json").read_text(encoding="utf-8")),
        )


def table(planted: Planted, done: Rewritten, language: str) -> Iterator[str]:
    """A line a kind, known ones first, then those held out; untouched rows last."""
    yield "| kind | planted | found | mended | rewritten, wrong | left |"
    yield "|---|---|---|---|---|---|"

    def line(words: str, names: Sequence[str]) -> str:
        places = [place for place, kind in enumerate(planted.kinds) if kind in names]
        return f"| {words} | " + " | ".join(map(str, done.counts(places, language))) + " |"

    for words, kinds in (("", KNOWN), ("held out: ", HELD_OUT)):
        for kind in kinds:
            if kind.name in planted.kinds:
                yield line(f"{words}{kind.name}", [kind.name])
        yield line(f"**{words}all**", [kind.name for kind in kinds])
    yield line(UNTOUCHED, [UNTOUCHED])


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20, help="of each kind")
    parser.add_argument("--clean", type=int, default=200)
    parser.add_argument("--language", default="de")
    parser.add_argument("--teacher", default="pocket:err-03")
    parser.add_argument("--rng-seed", type=int, default=1)
    given = parser.parse_args()
    made = planted(given.language, given.rows, given.clean, given.rng_seed)
    for with_judge, title in ((False, "Default rules"), (True, "Default rules, and the oracle's marks")):
        done = rewritten(made, given.language, given.teacher, given.rng_seed, with_judge)
        told = done.summary
        print(f"\n{title}: {told['weak']} of {told['rows']} rows weak, {told['rewritten']} rewritten\n")
        print("\n".join(table(made, done, given.language)))
        print(f"\nleft: {json.dumps(told['left'], ensure_ascii=False)}")


if __name__ == "__main__":
    main()
