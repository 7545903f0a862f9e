"""Which metric sees which damage, on real Japanese and German data and on the pocket languages; and whether
our metrics agree with real judges, item by item.

    python bench/real_gate.py [--data DIR] [--rng-seed 1] [--resamples 400]

Prints Markdown. The gate is the one a study runs (`polyteach.quality.gate_step.gate_rows`). On real data no
language model is used but the small one of characters, trained on the held-out half. About two minutes.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from polyteach import pocket
from polyteach.models.embeddings import LEXICAL, embed
from polyteach.quality.cell import ORACLE, Named, measure_each_row
from polyteach.quality.corruptions import CORRUPTIONS
from polyteach.quality.gate import GateResult, split
from polyteach.quality.gate_step import gate_rows
from polyteach.quality.gated import row_values
from polyteach.quality.held_out import HeldOut
from polyteach.rows import Row
from polyteach.seed_data.files import read_file
from polyteach.steps import SilentProgress

ROOT = Path(__file__).parents[1]
POCKET = ("de", "id", "ar", "ja", "fil", "en")
POCKET_BASE = Path(pocket.__file__).parent / "models" / "base-a"
TEACHERS = ("aya-expanse-32b", "gemma-3-27b-it", "llama-3.1-70b-instruct-turbo", "llama-3.1-8b-instruct")
ALL_TEACHERS = (*TEACHERS, "olmo-2-1124-7b-instruct")
LEAST_ITEMS = 30
"""Prompts that a judge must have marked in a set for an agreement to be computed."""
COMPARED = ("response_fidelity", "bits_per_character", "ending_bits", "relevance", "response_length")
LESS_IS_BETTER = ("bits_per_character", "ending_bits")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    default = os.environ.get("POLYTEACH_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--rng-seed", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=400)
    asked = parser.parse_args()
    for title, language, rows in _real_sets(asked.data):
        others = _others(asked.data, language)
        print_matrix(title, *test_metrics(language, rows, others, asked.rng_seed))
    seeds = {code: pocket.seed_rows(code, 600, asked.rng_seed) for code in POCKET}
    for code in POCKET[:-1]:
        others = [row for other in POCKET if other != code for row in seeds[other]]
        found = test_metrics(code, seeds[code], others, asked.rng_seed, pocket_world=True)
        print_matrix(f"{code}, pocket seed data", *found)
    print_agreement(asked.data, asked.rng_seed, asked.resamples)


def test_metrics(
    language: str, rows: Sequence[Row], others: Sequence[Row], rng_seed: int, pocket_world: bool = False
) -> tuple[list[GateResult], int, int]:
    """The gate on rows of a language: results, rows damaged, rows held out."""
    by_language: dict[str, list[Row]] = {}
    for row in others:
        by_language.setdefault(row.language, []).append(row)
    clean, held_out = split(rows, 200, rng_seed)
    parts = {code: split(own, 200, rng_seed) for code, own in sorted(by_language.items())}
    texts = HeldOut.of(len(clean), language, {language: held_out} | {code: p[1] for code, p in parts.items()})
    results, _ = gate_rows(
        clean,
        held_out,
        [row for damaging, _ in parts.values() for row in damaging],
        texts,
        language,
        embedder=Named(LEXICAL),
        perplexity_model=Named("base-a", str(POCKET_BASE)) if pocket_world else None,
        judge=ORACLE if pocket_world else None,
        rng_seed=rng_seed,
        progress=SilentProgress(),
    )
    return results, len(clean), len(held_out)


def print_matrix(title: str, results: Sequence[GateResult], clean: int, held_out: int) -> None:
    """AUC with the lower bound of its interval; bold where the metric answers for the corruption."""
    print(f"\n### {title}: {clean} rows damaged, {held_out} held out\n")
    print("| metric | " + " | ".join(name.replace("_", " ") for name in CORRUPTIONS) + " | passes |")
    print("|---|" + "---|" * (len(CORRUPTIONS) + 1))
    for result in results:
        cells = []
        for name in CORRUPTIONS:
            area = result.corruptions[name]
            low = "?" if area.low is None else f"{area.low:.2f}"
            text = "-" if area.value is None else f"{area.value:.2f} ({low})"
            cells.append(f"**{text}**" if name in result.metric.answers_for else text)
        verdict = "yes" if result.passes else "no" if result.metric.answers_for else "never counts"
        print(f"| {result.metric.name} | {' | '.join(cells)} | {verdict} |")


def _real_sets(data: Path) -> Iterator[tuple[str, str, list[Row]]]:
    answers = _japanese(data, "gemma-3-27b-it")
    references = [
        replace(row, response=str(row.extra["reference"])) for row in answers if row.extra.get("reference")
    ]
    yield "Japanese, reference answers (ELYZA-tasks-100, Tengu)", "ja", references
    yield "Japanese, answers of gemma-3-27b-it", "ja", answers
    yield "German, GPT-4 references (MT-Bench-X)", "de", _german(data)
    texts = [
        replace(row, response=row.prompt)
        for row in read_file(data / "prompts" / "de_llmzoo100.jsonl", language="de")
    ]
    yield "German, prompts in the place of responses (LLMZoo; so relevance means nothing)", "de", texts


def _japanese(data: Path, teacher: str) -> list[Row]:
    return read_file(data / "sft" / f"ja_shaberi_{teacher}.jsonl", language="ja")


def _german(data: Path) -> list[Row]:
    return read_file(data / "sft" / "de_mtbenchx_gpt4ref.jsonl", language="de")


def _others(data: Path, language: str) -> list[Row]:
    """Real texts of other languages: pairs where there are any, else prompts."""
    english = read_file(data / "sft" / "en_selfinstruct_user_oriented_human.jsonl", language="en")
    english += read_file(data / "sft" / "en_llmzoo_gpt35.jsonl", language="en")
    found = english + (_german(data) if language != "de" else _japanese(data, "gemma-3-27b-it"))
    for code in ("ar", "es", "fr"):
        found += read_file(data / "prompts" / f"{code}_llmzoo100.jsonl", language=code)
    return found


def print_agreement(data: Path, rng_seed: int, resamples: int) -> None:
    """Spearman's rho of our metrics with the judges' scores, within set and judge, with a 95% interval."""
    rows = {teacher: _japanese(data, teacher) for teacher in ALL_TEACHERS}
    values = {teacher: _values(own) for teacher, own in rows.items()}
    table: dict[tuple[str, str], list[tuple[str, str, float, dict[str, float]]]] = {}
    for teacher, own in rows.items():
        for number, row in enumerate(own):
            here = {name: found[number] for name, found in values[teacher].items()}
            for judge, score in (row.extra.get("judge_scores") or {}).items():
                score = score.get("score") if isinstance(score, Mapping) else score
                if isinstance(score, int | float):
                    key = (str(row.extra["source_set"]), judge)
                    table.setdefault(key, []).append((row.id, teacher, float(score), here))
    for title, within in (
        ("answers of all teachers", False),
        ("answers of one teacher, mean over teachers", True),
    ):
        print(f"\n### Agreement with judges, Japanese: {title}\n")
        print("| set | judge | answers | " + " | ".join(COMPARED) + " |")
        print("|---|---|---|" + "---|" * len(COMPARED))
        for (source, judge), marked in sorted(table.items()):
            if len({item for item, *_ in marked}) < LEAST_ITEMS:
                continue
            cells = [_cell(marked, name, within, rng_seed, resamples) for name in COMPARED]
            print(f"| {source.split('__')[-1]} | {judge} | {len(marked)} | {' | '.join(cells)} |")


def _values(rows: Sequence[Row]) -> dict[str, list[float | None]]:
    """Each metric's value of each row, so that more is better."""
    references = [str(row.extra["reference"]) for row in rows if row.extra.get("reference")]
    held_out = HeldOut(0, references, {})
    measured = measure_each_row(
        rows,
        "ja",
        perplexity_model=None,
        judge=None,
        short=None,
        rng_seed=0,
        progress=SilentProgress(),
    ).metrics
    embeddings = {"prompt": embed([r.prompt for r in rows]), "response": embed([r.response for r in rows])}
    found = row_values(measured, rows, embeddings, LEXICAL, held_out)
    return {
        name: [None if v is None else -v if name in LESS_IS_BETTER else v for v in found[name].values]
        for name in COMPARED
    }


def _cell(
    marked: Sequence[tuple[str, str, float, dict[str, float]]],
    name: str,
    within: bool,
    rng_seed: int,
    resamples: int,
) -> str:
    """rho and the interval of a bootstrap over prompts: answers to one prompt vary together."""
    kept = [
        (item, teacher, score, here[name]) for item, teacher, score, here in marked if here[name] is not None
    ]
    groups = sorted({teacher for _, teacher, _, _ in kept}) if within else [None]
    parts = [
        [(item, score, value) for item, teacher, score, value in kept if group in (None, teacher)]
        for group in groups
    ]
    items = sorted({item for item, *_ in kept})
    place = {item: number for number, item in enumerate(items)}
    arrays = [
        (
            np.array([place[i] for i, _, _ in part]),
            np.array([s for _, s, _ in part]),
            np.array([v for *_, v in part]),
        )
        for part in parts
    ]
    value = _mean_rho(arrays, np.ones(len(items), dtype=int))
    if value is None:
        return "all alike"
    rng = np.random.default_rng(rng_seed)
    draws = [
        _mean_rho(arrays, np.bincount(rng.integers(len(items), size=len(items)), minlength=len(items)))
        for _ in range(resamples)
    ]
    known = [draw for draw in draws if draw is not None]
    low, high = np.quantile(known, [0.025, 0.975])
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _mean_rho(
    arrays: Sequence[tuple[NDArray[np.int_], NDArray[np.float64], NDArray[np.float64]]],
    weights: NDArray[np.int_],
) -> float | None:
    """Mean over groups of Spearman's rho, each prompt as often as its weight; None where nothing varies."""
    found = []
    for places, scores, values in arrays:
        chosen = np.repeat(np.arange(len(places)), weights[places])
        ranks = [rankdata(column[chosen]) for column in (scores, values)]
        if all(rank.std() > 0 for rank in ranks):
            found.append(float(np.corrcoef(*ranks)[0, 1]))
    return statistics.fmean(found) if found else None


if __name__ == "__main__":
    main()
