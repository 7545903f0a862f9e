"""The step that tests metrics in one language: human pairs in; gate.json and held_out.json out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.files import write_json
from polyteach.steps import StepTask

if TYPE_CHECKING:
    from polyteach.figures import Figure
    from polyteach.models.took import Took
    from polyteach.quality.cell import Embedder, Named
    from polyteach.quality.gate import GateResult, Sets
    from polyteach.quality.held_out import HeldOut
    from polyteach.quality.judge import Judge
    from polyteach.quality.metric_result import Measured
    from polyteach.rows import Row
    from polyteach.steps import Progress

GATE, RUBRIC = "gate.json", "rubric"


def gate_language(task: StepTask) -> Mapping[str, Any]:
    """Damages human pairs of a language, measures them before and after, and writes which metrics saw it.

    Settings: `language`; `rows`, how many pairs at most; `rng_seed`; `embedder`, `perplexity` and `judge` as
    `step.measure_cell` has them, with its locations and what it raises. Inputs: `seed_data`, the language's
    own; `seed_data_L` of other languages L, whose texts are the wrong language.
    """
    from polyteach.quality.gate import with_pleading
    from polyteach.quality.held_out import HeldOut
    from polyteach.quality.judge_checks import PLEADING_CHECK
    from polyteach.quality.step import embedding_took, judge_of, models_of, taken

    settings = task.settings
    language, rng_seed = settings["language"], settings["rng_seed"]
    clean, others, kept = _parted(settings, task.inputs)
    held_out = kept[language]
    texts = HeldOut.of(clean, language, kept)
    texts.write(task.output)
    embedder, perplexity_model = models_of(settings, task.locations)
    embedded = embedding_took(settings, task.locations)
    with judge_of(task) as judge:
        results, sets = gate_rows(
            clean,
            held_out,
            others,
            texts,
            language,
            embedder=embedder,
            perplexity_model=perplexity_model,
            judge=judge,
            rng_seed=rng_seed,
            progress=task.progress,
            embedded=embedded,
        )
        checks = judge_checks_of(judge, clean, sets, language, rng_seed, task.progress) if judge else {}
    if checks:
        results = [
            with_pleading(one, checks[PLEADING_CHECK]) if one.metric.name == RUBRIC else one
            for one in results
        ]
    plain = {
        "language": language,
        "n": len(clean),
        "metrics": {result.metric.name: result.to_json() for result in results},
        "judges": {judge.name: {name: one.to_json() for name, one in checks.items()}} if judge else {},
    }
    write_json(task.output / GATE, plain)
    return {
        "rows": len(clean),
        "held_out": len(held_out),
        "measured": len(sets.rows),
        "passed": [result.metric.name for result in results if result.passes],
    } | taken(judge, embedded)


def count_judged(settings: Mapping[str, Any], inputs: Mapping[str, Path]) -> int:
    """How many different questions a judge is asked for a language's gate: those of `gate_language`, asked of
    a judge that only counts them.
    """
    from polyteach.quality.corruptions import corrupt_all
    from polyteach.quality.gate import Sets, block_size
    from polyteach.quality.judge import Judge
    from polyteach.quality.metric_result import measured_share
    from polyteach.quality.pairwise import Choice, Comparison
    from polyteach.steps import SilentProgress

    asked: set[Comparison | tuple[str, str]] = set()
    unasked = "only counted"

    def score(rows: Sequence[Row]) -> Measured:
        asked.update((row.prompt, row.response) for row in rows if row.response.strip())
        return measured_share([None] * len(rows), [unasked] * len(rows), unasked)

    def compare(comparisons: Sequence[Comparison]) -> list[Choice]:
        asked.update(comparisons)
        return [Choice(None, unasked)] * len(comparisons)

    language, rng_seed = settings["language"], settings["rng_seed"]
    clean, others, kept = _parted(settings, inputs)
    group = block_size(len(clean))
    damaged = corrupt_all(clean, held_out=kept[language], others=others, group=group, rng_seed=rng_seed)
    sets, judge = Sets.of(clean, damaged, {}), Judge(unasked, score, compare)
    judge.score(sets.rows)
    judge_checks_of(judge, clean, sets, language, rng_seed, SilentProgress())
    return len(asked)


def _parted(
    settings: Mapping[str, Any], inputs: Mapping[str, Path]
) -> tuple[list[Row], list[Row], dict[str, list[Row]]]:
    """A language's pairs to be damaged, rows of other languages, and what is held out, by language."""
    from polyteach.quality.gate import split
    from polyteach.rows import read_rows

    most, rng_seed = settings["rows"], settings["rng_seed"]
    pairs = [
        row
        for row in read_rows(inputs["seed_data"] / "rows.parquet")
        if row.prompt.strip() and row.response.strip()
    ]
    clean, held_out = split(pairs, most, rng_seed)
    others: list[Row] = []
    kept = {settings["language"]: held_out}
    for name in sorted(inputs):
        if name != "seed_data":
            rows = read_rows(inputs[name] / "rows.parquet")
            damaging, kept[name.removeprefix("seed_data_")] = split(rows, most, rng_seed)
            others += damaging
    return clean, others, kept


def gate_rows(
    clean: Sequence[Row],
    held_out: Sequence[Row],
    others: Sequence[Row],
    texts: HeldOut,
    language: str,
    *,
    embedder: Embedder,
    perplexity_model: Named | None = None,
    judge: Judge | None = None,
    rng_seed: int,
    progress: Progress,
    embedded: Took | None = None,
) -> tuple[list[GateResult], Sets]:
    """Tests all metrics on clean rows and their corruptions.

    Args:
        clean: human pairs of the language.
        held_out: its other human rows.
        others: rows of other languages.
        texts: what the small models are trained on; none of it may be in `clean` or `others`.
        language: standard code.
        embedder: for diversity.
        perplexity_model: for perplexity; None: not tested.
        judge: for the rubric; likewise.
        rng_seed: of the damage and of MinHash.
        progress: told of rows.
        embedded: told of what an embedder at an endpoint takes.
    """
    from polyteach.models.embeddings import embed
    from polyteach.quality.cell import embedder_location, embedder_name, measure_each_row, pair_texts
    from polyteach.quality.corruptions import NEAR_DUPLICATES, corrupt_all, near_duplicates, stream
    from polyteach.quality.gate import Sets, block_size, gate
    from polyteach.quality.gated import Corpus, row_values

    damaged = corrupt_all(
        clean, held_out=held_out, others=others, group=block_size(len(clean)), rng_seed=rng_seed
    )
    # A set as large as the teachers' is damaged as a whole: half of it, not half of each block, is one row.
    whole = near_duplicates(clean, max(len(clean), 1), stream(NEAR_DUPLICATES, rng_seed))
    sets = Sets.of(clean, damaged, {NEAR_DUPLICATES: whole})
    singles = sets.rows[: sets.single]
    progress.start(len(singles) * ((perplexity_model is not None) + (judge is not None) or 1), "rows")
    by_row = measure_each_row(
        singles,
        language,
        perplexity_model=perplexity_model,
        judge=judge,
        short=texts.short,
        progress=progress,
    )
    location = embedder_location(embedder)
    embeddings = {
        "prompt": embed([row.prompt for row in sets.rows], location, took=embedded),
        "response": embed([row.response for row in sets.rows], location, took=embedded),
    }
    first = {side: found[: sets.single] for side, found in embeddings.items()}
    values = row_values(by_row.metrics, singles, first, embedder_name(embedder), texts)
    corpus = Corpus(embeddings, pair_texts(sets.rows), embedder_name(embedder), rng_seed)
    return gate(sets, values, corpus), sets


def judge_checks_of(
    judge: Judge, clean: Sequence[Row], sets: Sets, language: str, rng_seed: int, progress: Progress
) -> dict[str, Figure]:
    """Tests a judge on clean rows and the corruptions that the rubric answers for; see `judge_checks`."""
    from polyteach.quality.gated import METRICS
    from polyteach.quality.judge_checks import ANSWERS_A_PAIR, PAIRS, judge_checks

    claimed = next(metric.answers_for for metric in METRICS if metric.name == RUBRIC)
    corrupted = {name: sets.corrupted[name].rows for name in claimed if name in sets.corrupted}
    progress.start(ANSWERS_A_PAIR * min(PAIRS, len(clean)), "answers of the judge")
    return judge_checks(judge, clean, corrupted, language, rng_seed=rng_seed)
