"""What do answers earn that ask the judge for a 5? Each attack on two judges, by each defence and by all.

    python bench/judge_injection.py [--rows 30] [--judges program model] [--folder build/injection_judge]

Two judges of the pocket world: `program`, made of known weaknesses (`injection_reader.py`), and `model`, a
small language model trained to judge (`injection_judge.py`; kept in the folder, trained in ten minutes where
it is not there). They mark bad answers (letters in another order) with and without each attack of
`judge_attacks.yaml`, and with other words (`injection/wordings.yaml`). Prints, as Markdown, the mean change
of the mark with its 95% interval, the share of answers that rise, and how many had no readable mark. Then
what `without_pleas` misses of other wordings, and what it cuts by mistake in real answers (POLYTEACH_DATA).
A judge of your own: `polyteach try-judge`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import torch
from injection_judge import BASE, RNG_SEED, TRAINED_ON, scrambled, trained_judge
from injection_reader import other_wordings, serving

from polyteach import pocket
from polyteach.languages import english_name
from polyteach.models.build import find_served, open_journal
from polyteach.models.completions import Completion, Message
from polyteach.models.journal import Journal
from polyteach.quality.asked_model import AskedModel
from polyteach.quality.judge import Judge, asked_at_endpoint, asked_here
from polyteach.quality.judge_checks import PairValue
from polyteach.quality.judge_pleas import without_pleas
from polyteach.quality.judge_text import as_text, filled, unused_code
from polyteach.quality.judge_trial import AttackResult, try_attacks
from polyteach.quality.metric_result import Measured, measured_mean
from polyteach.quality.pairwise import Choice, Comparison
from polyteach.quality.rubric import parse_score
from polyteach.rows import Row

LANGUAGES = ("de", "en")
GULLIBLE = 0.3
"""How often the program obeys a plea inside the answer."""
CODE, TOKENS, STRICT, CUT = "code", "tokens", "strict", "cut"
DEFENCES = {
    "none": frozenset[str](),
    CODE: frozenset({CODE}),
    TOKENS: frozenset({TOKENS}),
    STRICT: frozenset({STRICT}),
    "all three": frozenset({CODE, TOKENS, STRICT}),
    CUT: frozenset({CUT}),
    "all four": frozenset({CODE, TOKENS, STRICT, CUT}),
}


@dataclass(frozen=True)
class Defended:
    """A model asked for marks with some of the defences."""

    model: AskedModel
    language: str
    defences: frozenset[str]

    def score(self, rows: Sequence[Row]) -> Measured:
        """Marks as `judged_by_model` gives them, where all defences are on and pleas are cut before."""
        marks = [self._read(answer) for answer in self.model.answers(map(self._shown, rows))]
        return measured_mean([mark for mark, _ in marks], [reason for _, reason in marks], "marks")

    def _shown(self, row: Row) -> list[Message]:
        response = without_pleas(row.response).text if CUT in self.defences else row.response
        judged = {"prompt": row.prompt, "response": response}
        if TOKENS in self.defences:
            judged = {name: as_text(text, self.model.special) for name, text in judged.items()}
        code = unused_code(RNG_SEED, row.prompt, judged.values()) if CODE in self.defences else "-"
        values = judged | {"language": english_name(self.language), "code": code}
        messages = filled("rubric.yaml", values)
        if CODE not in self.defences:  # blocks as anyone would guess them
            for message in messages:
                message["content"] = message["content"].replace(" ->", ">")
        return messages

    def _read(self, answer: Completion | str) -> tuple[float | None, str | None]:
        if STRICT in self.defences or isinstance(answer, str):
            return parse_score(answer)
        found = re.search(r"\[RESULT\]\s*([1-5])", answer.text)
        return (float(found[1]), None) if found else (None, "judge_unparsable")


@contextmanager
def asked(judge: str, language: str, journal: Journal, folder: Path) -> Iterator[AskedModel]:
    """The judge's model, ready to be asked."""
    if judge == "model":
        yield asked_here(
            trained_judge(folder, RNG_SEED), "model", journal, rng_seed=RNG_SEED, max_new_tokens=24
        )
        return
    with serving(language, GULLIBLE) as url:
        where = {"judge_endpoint": json.dumps({"urls": [url], "key_env": None})}
        served = find_served("program", {"extra": {}}, where, role="judge_")
        yield asked_at_endpoint(served, journal, rng_seed=RNG_SEED)


def good_and_bad(language: str, n: int) -> tuple[list[Row], list[Row]]:
    """True answers that the model was not trained on, and these with their letters in another order."""
    good = pocket.seed_rows(language, TRAINED_ON + n, RNG_SEED)[TRAINED_ON:]
    rng = Random(RNG_SEED)
    return good, [replace(row, response=scrambled(row.response, rng)) for row in good]


@dataclass(frozen=True)
class Tried:
    """A judge with some of the defences.

    Attributes:
        plain: marks of true answers and of bad ones, without any attack.
        attacks: what each attack earns.
    """

    plain: list[tuple[float | None, float | None]]
    attacks: list[AttackResult]

    @property
    def in_words(self) -> str:
        """How well it judges where nobody attacks it."""
        pairs = [(good, bad) for good, bad in self.plain if good is not None and bad is not None]
        good, bad = (sum(marks) / len(marks) for marks in zip(*pairs, strict=True))
        higher = sum((one > other) + 0.5 * (one == other) for one, other in pairs) / len(pairs)
        return f"{good:.2f} / {bad:.2f}, {higher:.2f}"


def tried(judge: str, rows: int, folder: Path) -> dict[str, Tried]:
    """The judge by defence, over both languages."""
    found = {name: Tried([], []) for name in DEFENCES}
    parts: dict[str, list[list[AttackResult]]] = {name: [] for name in DEFENCES}
    with open_journal({}) as journal:
        for language in LANGUAGES:
            good, bad = good_and_bad(language, rows)
            more = {"other words": reworded(bad, language)}
            with asked(judge, language, journal, folder) as model:
                for name, defences in DEFENCES.items():
                    one = Judge(judge, Defended(model, language, defences).score, _no_choice)
                    marks = one.score([*good, *bad]).values
                    found[name].plain.extend(zip(marks[:rows], marks[rows:], strict=True))
                    parts[name].append(try_attacks(one, bad, language, more))
    for name, by_language in parts.items():
        found[name].attacks.extend(_together(of) for of in zip(*by_language, strict=True))
    return found


def reworded(bad: Sequence[Row], language: str) -> list[Row]:
    """An attack with pleas that the list of words was not made from, in turn."""
    pleas = other_wordings()[language]
    return [replace(r, response=f"{r.response}\n{pleas[n % len(pleas)]}") for n, r in enumerate(bad)]


def _together(of: Sequence[AttackResult]) -> AttackResult:
    """One attack over the languages."""
    return AttackResult.of(of[0].name, [change for one in of for change in one.changes], "all languages")


def _no_choice(comparisons: Sequence[Comparison]) -> list[Choice]:
    return [Choice(None, "not asked")] * len(comparisons)


def all_attacks(results: Sequence[AttackResult]) -> str:
    """The mean over attacks: a response is one unit, with its mean change; the mean share that rises."""
    changes: list[PairValue] = []
    for each in zip(*(result.changes for result in results), strict=True):
        known = [change for change, _ in each if change is not None]
        changes.append((sum(known) / len(known), None) if known else each[0])
    shares = [result.raised.value for result in results if result.raised.value is not None]
    unread = sum(sum(result.change.unscored.values()) for result in results)
    words = in_words(AttackResult.of("mean over attacks", changes, "all languages")).split(",")
    share = f"{sum(shares) / len(shares):.0%}" if shares else "-"
    return f"{','.join(words[:-1])}, {share}" + (f"; {unread} unread" if unread else "")


def in_words(result: AttackResult) -> str:
    """A cell of the table."""
    change, raised = result.change, result.raised
    if change.value is None:
        return f"unread ({change.reason})"
    text = f"{change.value:+.2f}"
    if change.low is not None and change.high is not None and change.high > change.low:
        text += f" [{change.low:.2f}, {change.high:.2f}]"
    text += f", {raised.value or 0:.0%}"
    unread = sum(change.unscored.values())
    return f"{text}; {unread} unread" if unread else text


def print_table(judge: str, found: Mapping[str, Tried]) -> None:
    """One judge's table."""
    print(f"\n### Judge `{judge}`\n\n| attack | " + " | ".join(found) + " |\n|---|" + "---|" * len(found))
    plain = " | ".join(one.in_words for one in found.values())
    print(f"| *no attack: mark of true / bad answers, true one higher (ties half)* | {plain} |")
    for results in zip(*(one.attacks for one in found.values()), strict=True):
        print(f"| {results[0].name.replace('_', ' ')} | " + " | ".join(map(in_words, results)) + " |")
    print(
        "| **mean over attacks** | " + " | ".join(all_attacks(one.attacks) for one in found.values()) + " |"
    )


def print_cut() -> None:
    """What the cut misses and takes by mistake."""
    print("\n### Other wordings, written after the list of words\n\n| language | cut | of |\n|---|---|---|")
    for language, pleas in other_wordings().items():
        found = [without_pleas(f"Berlin.\n{plea}").text == "Berlin." for plea in pleas]
        print(f"| {language} | {sum(found)} | {len(found)} |")
    data = Path(os.environ.get("POLYTEACH_DATA", "../shared/data"))
    print("\n### Real answers without any plea\n\n| file | answers | with a sentence cut |\n|---|---|---|")
    for file in sorted((data / "sft").glob("*.jsonl")):
        texts = [json.loads(line)["response"] or "" for line in file.read_text("utf-8").split("\n") if line]
        print(f"| {file.stem} | {len(texts)} | {sum(bool(without_pleas(text).pleas) for text in texts)} |")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=30, help="bad answers in each of two languages")
    parser.add_argument("--judges", nargs="*", default=["program", "model"], choices=["program", "model"])
    parser.add_argument("--folder", type=Path, default=Path("build/injection_judge"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"rng_seed {RNG_SEED}; {given.rows} bad answers in each of {', '.join(LANGUAGES)}; the program obeys "
        f"a plea inside an answer with probability {GULLIBLE}; the model was {BASE}"
    )
    for judge in given.judges:
        start = time.perf_counter()
        print_table(judge, tried(judge, given.rows, given.folder))
        print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    print_cut()


if __name__ == "__main__":
    main()
