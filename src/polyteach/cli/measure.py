"""`polyteach measure`: what finished data sets are like, side by side."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from polyteach.quality.cell import Named
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
    rng_seed: Annotated[int, typer.Option(help="Seed of the search for near duplicates.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Measure data sets side by side.

    Diversity, lengths, language, duplicates, problems, judges' means.
    """
    from polyteach.languages import standard_code
    from polyteach.quality.cell import ORACLE
    from polyteach.quality.sources import outside_scale, unequal_rows

    code = standard_code(language)
    sources = _measure_files(
        files,
        code,
        embedder=_embedder(embedder),
        perplexity_model=_model(perplexity_model, "--perplexity-model") if perplexity_model else None,
        judge=None if not judge else ORACLE if judge == ORACLE.name else _model(judge, "--judge"),
        rng_seed=rng_seed,
    )
    warnings = unequal_rows(sources) + outside_scale(sources)
    if as_json:
        plain = {
            "schema_version": 1,
            "language": code,
            "sources": [source.to_json() for source in sources],
            "warnings": warnings,
        }
        print(json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1))
        return
    from polyteach.cli.measure_tables import print_sources

    print_sources(sources, code)
    for item in warnings:
        print(f"warning: {item['message']}", file=sys.stderr)


def _measure_files(
    files: list[Path],
    code: str,
    *,
    embedder: Named,
    perplexity_model: Named | None,
    judge: Named | None,
    rng_seed: int,
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
            with watched(title) as progress:
                cell = measure_rows(
                    own,
                    code,
                    embedder=embedder,
                    perplexity_model=perplexity_model,
                    judge=judge,
                    rng_seed=rng_seed,
                    progress=_RowProgress(progress, passes),
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


def _embedder(name: str) -> Named:
    from polyteach.models.embeddings import LEXICAL
    from polyteach.quality.cell import Named
    from polyteach.resources import find_embedder

    return Named(LEXICAL) if name == LEXICAL else Named(name, find_embedder(name, Path()).location)


def _model(name: str, option: str) -> Named:
    from polyteach.quality.cell import Named
    from polyteach.resources import ASK_PACKAGES, check_installed, find_model

    check_installed(ASK_PACKAGES, option)
    return Named(name, find_model(name, Path()).location)
