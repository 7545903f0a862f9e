"""The tables that `polyteach ingest` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from polyteach.benchmarks.ingest.collect import Ingested
from polyteach.benchmarks.ingest.merge import RULE
from polyteach.benchmarks.ingest.ranking import Board, Place
from polyteach.benchmarks.ingest.record import NotRead
from polyteach.cli.measure_tables import short_names
from polyteach.cli.terminal import output_console, shown
from polyteach.report.tables import Column, print_table
from polyteach.scoring.numbers import counted, listing

WIDTH = 110
MOST_ROWS = 25  # of a table that may grow with the files; the rest is in --json
READ = (
    Column("file", is_name=True),
    Column("format", left=True),
    Column("models", is_name=True),
    Column("benchmarks", spare=2),
    Column("records", spare=1),
    Column("aggregates", spare=1),
)
SHARED = (
    Column("model", is_name=True),
    Column("mean"),
    Column("se", spare=1),
    Column("items", spare=2),
    Column("rank"),
    Column("possible ranks"),
)
_SHOWN_FILES = 3
_PARTING = ("/", "@", "__")
T = TypeVar("T")


def print_ingested(ingested: Ingested) -> None:
    """Prints what was read, what was not and why, and the ranks; without colours where it is no terminal."""
    console = output_console(WIDTH)
    files = [*(read.file for read in ingested.files), *(left.file for left in ingested.not_read)]
    names = {str(path): name for path, name in short_names([Path(file) for file in files]).items()}
    names = {file: names[str(Path(file))] for file in files}
    # One name for a model in all tables, as long as the longest of them needs.
    models = dict.fromkeys(figure.model for read in ingested.files for figure in read.figures)
    short, shared = labels(list(models))
    _print_read(console, ingested, names, short)
    if shared:
        console.print(shown(f"all models' names begin with {shared}"), style="dim")
    for line in _about_files(ingested, names):
        console.print(shown(line), style="dim")
    if ingested.not_read:
        _print_not_read(console, ingested.not_read, names)
    if ingested.completed:
        completed = counted(ingested.completed, "figure")
        console.print(f"{completed} with items from another file", style="dim")
    if ingested.duplicates:
        _print_duplicates(console, ingested, names)
    for board in ingested.shared_boards:
        _print_shared(console, board, short)
        for line in _about(board):
            console.print(shown(line), style="dim")
    if not (ingested.shared_boards or ingested.benchmark_boards):
        console.print("no ranks: no two models took the same test (benchmark, metric, filter and shots)")
    if ingested.filbench:
        _print_filbench(console, ingested, short)
        for line in _filbench_notes(ingested, short):
            console.print(shown(line), style="dim")
    if ingested.benchmark_boards:
        _print_benchmarks(console, ingested.benchmark_boards, short)
    if ingested.shared_boards or ingested.benchmark_boards:
        for why, alone in _grouped((why, short[model]) for model, why in ingested.unranked.items()):
            console.print(shown(f"in no ranking: {listing(alone)}; {why}"), style="dim")


def _print_read(
    console: Console, ingested: Ingested, names: Mapping[str, str], short: Mapping[str, str]
) -> None:
    plain = ingested.to_json()["files"]
    rows = []
    for read in plain:
        models = read["models"]
        rows.append(
            [
                names[read["file"]],
                _format(read),
                short[models[0]] if len(models) == 1 else str(len(models)),
                *(str(read[key]) for key in ("benchmarks", "records", "aggregates")),
            ]
        )
    _print(console, "Read", READ, rows)


def _about_files(ingested: Ingested, names: dict[str, str]) -> Iterable[str]:
    for note, files in _grouped((note, read.file) for read in ingested.files for note in read.notes):
        yield f"{names[files[0]] if len(files) == 1 else f'{len(files)} files'}: {note}"
    kept = [(r.aggregate or "", r.benchmark) for r in ingested.aggregates]
    for reason, figures in _grouped(kept):
        yield f"kept aside, lest items be counted twice: {counted(len(figures), 'figure')}, {reason}"
    for rule, counts in _grouped((rule, count) for (_, _, rule), count in ingested.rules.items()):
        yield f"scale: {counted(sum(counts), 'figure')} by the rule: {rule}"
    for record in ingested.records:
        for reason, count in record.unscored.items():
            answers = counted(count, "answer")
            yield f"{record.benchmark}: {answers} without a {record.metric} score ({reason})"


def _format(read: dict[str, str]) -> str:
    version = f" ({read['version']})" if read["version"] and read["format"].startswith("lm-eval") else ""
    return f"{read['format']}{version}"


def _print_not_read(console: Console, left: Sequence[NotRead], names: dict[str, str]) -> None:
    rows = []
    for reason, items in _grouped((item.reason, item) for item in left)[:MOST_ROWS]:
        places = list(dict.fromkeys(f"{names.get(i.file, i.file)} {i.what}".strip() for i in items))
        more = f" and {len(places) - _SHOWN_FILES} more" if len(places) > _SHOWN_FILES else ""
        count = str(sum(item.count for item in items))
        rows.append([reason, ", ".join(places[:_SHOWN_FILES]) + more, count])
    columns = (Column("reason", left=True), Column("where", left=True), Column("count"))
    _print(console, "Not read", columns, rows)


def _print_duplicates(console: Console, ingested: Ingested, names: dict[str, str]) -> None:
    rows = []
    for found in ingested.duplicates[:MOST_ROWS]:
        left = ", ".join(f"{names[file]} ({value:.4f})" for file, value in found.others)
        kept = f"{names[found.kept]} ({found.value:.4f})"
        rows.append([found.model, _test(found.test), kept, left])
    columns = [Column(title, left=True) for title in ("model", "test", "kept", "left")]
    _print(console, "Several files on one model and test", columns, rows)
    console.print(shown(RULE), style="dim")


def _print_shared(console: Console, board: Board, short: Mapping[str, str]) -> None:
    benchmarks = counted(len({test[0] for test in board.tests}), "benchmark")
    if len({test[0] for test in board.tests}) < len(board.tests):  # one in several languages is several tests
        languages = counted(len({test[1] for test in board.tests}), "language")
        benchmarks = f"{len(board.tests)} tests ({benchmarks}, {languages})"
    title = f"Over the {benchmarks} that {len(board.places)} models share (plain mean)"
    _print(console, title, SHARED, [[short[place.model], *_place(place)] for place in board.places])


def _place(place: Place) -> list[str]:
    return [
        f"{place.value:.4f}",
        "-" if place.se is None else f"{place.se:.4f}",
        "-" if place.n is None else str(place.n),
        str(place.rank),
        _interval(place),
    ]


def _interval(place: Place) -> str:
    return "-" if place.rank_interval is None else "{}-{}".format(*place.rank_interval)


def _about(board: Board) -> Iterable[str]:
    if board.interval:
        yield f"intervals: {board.interval}"
    else:
        yield f"no interval is possible: {board.reason}"
    if board.left_out:
        named = ", ".join(list(board.left_out)[:8])
        yield f"left out, not taken by all: {named}" + (" ..." if len(board.left_out) > 8 else "")


def _print_benchmarks(console: Console, boards: Sequence[Board], short: Mapping[str, str]) -> None:
    rows = []
    for board in sorted(boards, key=lambda board: board.interval is None)[:MOST_ROWS]:
        places = "; ".join(
            f"{short[p.model]} {p.value:.3f}{f' [{_interval(p)}]' if p.rank_interval else ''}"
            for p in board.places
        )
        less = "" if board.higher_is_better else ", less is better"
        rows.append([_test(board.tests[0]) + less, places])
    if len(boards) > MOST_ROWS:
        rows.append([f"and {len(boards) - MOST_ROWS} more: see --json", ""])
    columns = (Column("test", left=True), Column("models, best first", left=True))
    _print(console, f"By test ({len(boards)}): value, and possible ranks", columns, rows)


def _test(test: tuple[str, str | None, str, str, int | None]) -> str:
    benchmark, language, metric, filter_name, shots = test
    parts = [benchmark, metric]
    parts += [filter_name] if filter_name != "none" else []
    parts += [f"{shots}-shot"] if shots is not None else []
    return " ".join(parts) + (f" ({language})" if language else "")


def _print_filbench(console: Console, ingested: Ingested, short: Mapping[str, str]) -> None:
    scores = ingested.filbench
    names = [part.name.lower().replace("_", " ") for part in scores[0].categories]
    columns = [Column("model", is_name=True), Column("score"), Column("stated\nin file", spare=1)]
    columns += [Column(name.replace(" ", "\n"), said=name) for name in names]
    rows = []
    for score in scores:
        stated = "-" if score.stated is None else f"{score.stated:.2f}"
        rows.append(
            [
                short[score.model],
                # The mark stands with the column that is there at any width.
                ("-" if score.value is None else f"{score.value:.2f}")
                + (" (!)" if score.agrees is False else ""),
                stated,
                *("-" if part.value is None else f"{part.value:.2f}" for part in score.categories),
            ]
        )
    _print(console, "FilBench, 0 to 100", columns, rows)


def _filbench_notes(ingested: Ingested, short: Mapping[str, str]) -> Iterable[str]:
    scores = ingested.filbench
    partly = any(score.from_categories for score in scores)
    if ingested.shared_boards:
        yield (
            "the plain mean above counts each test alike; this score is the suite's own (four categories, "
            "tasks weighted by examples): go by it for FilBench as a whole"
        )
    yield "the score has no interval" + (
        ": the files lack tasks, so its error is not known; a small difference may be chance"
        if partly
        else ""
    )
    if partly:
        shares = ", ".join(f"{part.share:.0%} of {part.name}" for part in scores[0].categories)
        yield f"categories as the files state them: of their weight, the tasks in the files make {shares}"
    for score in scores:
        if score.agrees is False:
            yield (
                f"(!) {short[score.model]}: the file states {score.stated:.4f}, but the mean of the four "
                f"categories it states is {score.value:.4f}"
            )


def _grouped(pairs: Iterable[tuple[str, T]]) -> list[tuple[str, list[T]]]:
    groups: dict[str, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return list(groups.items())


def labels(models: Sequence[str]) -> tuple[dict[str, str], str]:
    """Models' names without the beginning that all share (up to a sign that parts names), and that."""
    first, last = min(models), max(models)
    equal = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    shared = "".join(one for one, _ in equal) if len(models) > 1 else ""
    shared = shared[: max(shared.rfind(sign) + len(sign) if sign in shared else 0 for sign in _PARTING)]
    return {model: model[len(shared) :] for model in models}, shared


def _print(console: Console, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    console.print()
    print_table(console, columns, rows, title)
