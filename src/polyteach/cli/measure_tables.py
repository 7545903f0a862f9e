"""The tables that `polyteach measure` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from polyteach.cli.terminal import output_console
from polyteach.figures import Figure
from polyteach.languages import english_name
from polyteach.quality.sources import Source
from polyteach.report.tables import Column, print_table

WIDTH = 100
COLUMNS = [
    ("diversity\nprompt", "prompt_diversity", ".3f"),
    ("\nresponse", "response_diversity", ".3f"),
    ("length\nprompt", "prompt_length", ".0f"),
    ("\nresponse", "response_length", ".0f"),
    ("in {code}\nprompt", "prompt_fidelity", ".1%"),
    ("\nresponse", "response_fidelity", ".1%"),
    ("copies\nexact", "exact_duplicates", ".1%"),
    ("\nnear", "near_duplicates", ".1%"),
]
VARIETY = [
    ("Vendi score\nprompt", "prompt_vendi", ".1f"),
    ("\nresponse", "response_vendi", ".1f"),
    ("distinct-1\nprompt", "prompt_distinct_1", ".3f"),
    ("\nresponse", "response_distinct_1", ".3f"),
    ("distinct-2\nprompt", "prompt_distinct_2", ".3f"),
    ("\nresponse", "response_distinct_2", ".3f"),
]
ASKED = [
    ("perplexity\ncorpus", "perplexity", ".2f"),
    ("\nmedian row", "perplexity_median", ".2f"),
    ("rubric\n1-5", "rubric", ".2f"),
]


def print_sources(sources: Sequence[Source], code: str) -> None:
    """Prints sources side by side on stdout: at most 100 columns, without colours where it is no terminal."""
    console = output_console(WIDTH)
    names = _names(sources)
    _print_metrics(console, sources, names, f"Data in {english_name(code)} ({code})", COLUMNS, code)
    console.print(
        "diversity: 1 - mean pairwise cosine, by the embedder "
        f"{_embedder(sources)}; length: mean characters; in {code}: share of texts long enough to tell; "
        "copies: share of surplus pairs of prompt and response",
        style="dim",
    )
    _print_metrics(console, sources, names, "Variety, on samples of one size", VARIETY, code)
    console.print(
        "Vendi score: so many texts without likeness would be as varied; distinct-n: share of n-grams that "
        "differ (`--json` has the definitions)",
        style="dim",
    )
    asked = [column for column in ASKED if any(column[1] in source.metrics for source in sources)]
    if asked:
        _print_metrics(console, sources, names, "By models", asked, code)
        for _, metric, _ in asked:
            console.print(f"{metric}: {sources[0].metrics[metric].definition}", style="dim")
    _print_problems(console, sources, names)
    for source_set, scale in sorted({(j.source_set, j.scale) for s in sources for j in s.judges}):
        _print_judges(console, sources, names, source_set, scale)


def _print_metrics(
    console: Console,
    sources: Sequence[Source],
    names: Sequence[str],
    title: str,
    columns: Sequence[tuple[str, str, str]],
    code: str,
) -> None:
    heads = [Column("rows")]
    heads += [Column(head.format(code=code), said=metric.replace("_", " ")) for head, metric, _ in columns]
    rows = [
        [name, str(s.rows), *(_figure(s.metrics[metric], form, s.rows) for _, metric, form in columns)]
        for s, name in zip(sources, names, strict=True)
    ]
    _print(console, title, heads, rows)


def _print_problems(console: Console, sources: Sequence[Source], names: Sequence[str]) -> None:
    kinds = list(dict.fromkeys(kind for source in sources for kind in source.problems))
    rows = [
        [name, *(str(source.problems.get(kind, "-")) for kind in kinds)]
        for source, name in zip(sources, names, strict=True)
    ]
    heads = [Column(kind.replace("_", "\n"), said=kind.replace("_", " ")) for kind in kinds]
    _print(console, "Problems found (rows)", heads, rows)


def _print_judges(
    console: Console, sources: Sequence[Source], names: Sequence[str], source_set: str, scale: str
) -> None:
    judges = sorted(
        {j.judge for s in sources for j in s.judges if (j.source_set, j.scale) == (source_set, scale)}
    )
    title = f"Judges' means on {source_set}, scale {scale or 'not named'}: mean (n), or (n+missing)"
    rows = []
    for source, name in zip(sources, names, strict=True):
        own = {j.judge: j.figure for j in source.judges if (j.source_set, j.scale) == (source_set, scale)}
        if own:
            rows.append([name, *(_judged(own.get(judge)) for judge in judges)])
    _print(console, title, [Column(judge) for judge in judges], rows)


def _judged(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    mean = "-" if figure.value is None else f"{figure.value:.2f}"
    missing = sum(figure.unscored.values())
    return f"{mean}\n({figure.n}+{missing})" if missing else f"{mean} ({figure.n})"


def _figure(figure: Figure, form: str, rows: int) -> str:
    """A figure; with the rows it is over where that is fewer than nine in ten."""
    if figure.value is None:
        return "-"
    over = f"\n({figure.n} rows)" if figure.n < 0.9 * rows else ""
    return f"{figure.value:{form}}{over}"


def _print(console: Console, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    console.print()
    print_table(console, [Column("teacher", is_name=True), *columns], rows, title)


def _names(sources: Sequence[Source]) -> list[str]:
    """The teachers' names; with the file's where a teacher has several sources or has no name."""
    teachers = [source.teacher for source in sources]
    files = short_names([Path(source.path) for source in sources])
    return [
        teacher
        if teacher and teachers.count(teacher) == 1
        else f"{teacher} {files[Path(source.path)]}".strip()
        for source, teacher in zip(sources, teachers, strict=True)
    ]


def short_names(paths: Iterable[Path]) -> dict[Path, str]:
    """As much of the end of each path as tells it from the others."""
    distinct = list(dict.fromkeys(paths))
    names = {}
    for path in distinct:
        others = [other for other in distinct if other != path]
        ends = [path.parts[-length:] for length in range(1, len(path.parts) + 1)]
        own = [end for end in ends if all(other.parts[-len(end) :] != end for other in others)]
        names[path] = str(Path(*(own or ends[-1:])[0]))
    return names


def _embedder(sources: Sequence[Source]) -> str:
    return sources[0].metrics["prompt_diversity"].definition.rpartition("embedder: ")[2]
