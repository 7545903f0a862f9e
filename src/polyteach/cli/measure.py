"""`polyteach measure`: what finished data sets are like, side by side."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.judges import (
    JUDGE_BUDGET,
    JUDGE_JOURNAL,
    JUDGE_PRICE,
    JUDGE_URL,
    NO_SCORE_AT_ALL,
    NamedJudge,
    bill_in_words,
    bill_of,
    found_model,
    needs_a_name,
    payer_of,
)
from polyteach.cli.options import FINISHED_WITH_FAILURES, refuse_given, stopped_with_a_code, told_in_options
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.models.took import Took
    from polyteach.quality.cell import Embedder, Named
    from polyteach.quality.sources import Source
    from polyteach.steps import Progress


def measure(
    files: Annotated[
        list[Path], typer.Argument(help="JSONL, Parquet or CSV files of prompts and responses.")
    ],
    language: Annotated[
        str, typer.Option(help="The language the data should be in, such as ja or swh_Latn.")
    ],
    embedder: Annotated[
        str, typer.Option(help="For diversity: 'lexical' (no download) or a sentence-transformers model.")
    ] = "lexical",
    perplexity_model: Annotated[
        str | None, typer.Option(help="A model under which to take the responses' perplexity.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="Who gives rubric scores: 'oracle' (pocket world only) or a model.")
    ] = None,
    judge_url: JUDGE_URL = None,
    embedder_url: Annotated[str | None, typer.Option(help="Likewise one that has the embedder.")] = None,
    key_env: Annotated[
        str | None, typer.Option(help="The environment variable with the key of these servers.")
    ] = None,
    price: JUDGE_PRICE = None,
    budget: JUDGE_BUDGET = None,
    journal: JUDGE_JOURNAL = None,
    rng_seed: Annotated[int, typer.Option(help="Seed of the search for near duplicates.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Measure data sets side by side.

    Diversity, lengths, language, duplicates, problems, judges' means.
    """
    from polyteach.languages import standard_code
    from polyteach.quality.sources import outside_scale, unequal_rows

    code = standard_code(language)
    if judge is None:
        refuse_given("is for a judge", "add --judge, or leave it out", journal=journal)
    with stopped_with_a_code("--budget"), told_in_options():
        asked = NamedJudge.of(
            judge,
            url=judge_url,
            key_env=key_env if judge_url or not embedder_url else None,
            journal=journal,
            price=price,
            budget=budget,
            payer=payer_of("measure", files, code),
        )
        vectors = _embedder(embedder, embedder_url, key_env)
        embedded = _embedding_took(vectors)
        sources = _measure_files(
            files,
            code,
            embedder=vectors,
            perplexity_model=_model(perplexity_model, "--perplexity-model") if perplexity_model else None,
            judge=asked,
            rng_seed=rng_seed,
            embedded=embedded,
        )
    doubts = asked.doubts(sources) if asked else []
    warnings = unequal_rows(sources) + outside_scale(sources) + doubts
    took = [*(asked.bill() if asked else ()), *(bill_of("embedder", embedded) if embedded else ())]
    if as_json:
        plain = {
            "schema_version": 1,
            "language": code,
            "sources": [source.to_json() for source in sources],
            "took": took,
            "warnings": warnings,
        }
        print_json(plain)
    else:
        from polyteach.cli.display import warn
        from polyteach.cli.measure_tables import print_sources

        print_sources(sources, code)
        for one in took:
            print(bill_in_words(one))
        for item in warnings:
            warn(item["message"])
    if any(item["code"] == NO_SCORE_AT_ALL for item in doubts):
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _measure_files(
    files: list[Path],
    code: str,
    *,
    embedder: Embedder,
    perplexity_model: Named | None,
    judge: NamedJudge | None,
    rng_seed: int,
    embedded: Took | None,
) -> list[Source]:
    from polyteach.cli.measure_tables import short_names
    from polyteach.cli.watched import watched
    from polyteach.quality.cell import measure_rows
    from polyteach.quality.sources import Source, by_teacher, find_problems, judge_means
    from polyteach.seed_data.files import read_file

    # All files are read before any is measured: a broken last one should not cost the time of the first.
    read = [(path, read_file(path, language=code, blank_prompts=True)) for path in files]
    names, sources = short_names(files), []
    passes = 1 + (perplexity_model is not None) + (judge is not None)  # as `measure_rows` tells them
    for path, rows in read:
        for teacher, own in by_teacher(rows).items():
            title = f"{names[path]}: {teacher}" if teacher else names[path]
            with watched(title) as shown:
                progress = _RowProgress(shown, passes)
                with judge.open(code, rng_seed, progress) if judge else nullcontext() as opened:
                    cell = measure_rows(
                        own,
                        code,
                        embedder=embedder,
                        perplexity_model=perplexity_model,
                        judge=opened,
                        rng_seed=rng_seed,
                        progress=progress,
                        embedded=embedded,
                    )
            problems, judges = find_problems(own, cell), judge_means(own)
            sources.append(Source(str(path), teacher, code, len(own), cell.figures, problems, judges))
    return sources


class _RowProgress:
    """Tells of rows what comes as rows times passes."""

    def __init__(self, watched: Progress, passes: int) -> None:
        self._watched, self._passes = watched, passes

    def start(self, total: int, unit: str) -> None:
        """Says how many rows there are."""
        self._rest = 0
        self._watched.start(total // self._passes, unit)

    def advance(self, done: int = 1) -> None:
        """Says that so many passes over a row are done."""
        rows, self._rest = divmod(self._rest + done, self._passes)
        if rows:
            self._watched.advance(rows)


def _embedder(name: str, url: str | None, key_env: str | None) -> Embedder:
    from polyteach.models.embeddings import LEXICAL
    from polyteach.models.endpoint import EndpointSettings
    from polyteach.quality.cell import Named
    from polyteach.resources import find_embedder

    if url:
        needs_a_name(url if name == LEXICAL else None, "embedder")
        return EndpointSettings(urls=(url,), model=name, key_env=key_env)
    return Named(LEXICAL) if name == LEXICAL else Named(name, find_embedder(name, Path()).location)


def _embedding_took(embedder: Embedder) -> Took | None:
    """Counts what an embedder at an endpoint takes; None for one of this machine."""
    from polyteach.models.endpoint import EndpointSettings
    from polyteach.models.prices import price_of
    from polyteach.models.took import Took

    if not isinstance(embedder, EndpointSettings):
        return None
    return Took(embedder.model, price_of(embedder.model, None, urls=embedder.urls))


def _model(name: str, option: str) -> Named:
    from polyteach.quality.cell import Named

    return Named(name, found_model(name, option).location)
