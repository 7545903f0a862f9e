"""The tables that `polyteach bundle` prints. Bundles may come from anybody: nothing of them is obeyed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from polyteach.bundles.bundle import Bundle, BundledCell
from polyteach.bundles.merge import Refusal
from polyteach.bundles.table import Headline, headline
from polyteach.cli.terminal import output_console, shown
from polyteach.report import wording
from polyteach.report.tables import Column, print_table
from polyteach.scoring.numbers import counted, number

WIDTH = 110
MOST_ROWS = 60
MOST_LANGUAGES = 8
LONGEST = 600
RANKING = (
    Column("rank", left=True),
    Column("teacher", is_name=True),
    Column("score"),
    Column("95% interval", spare=2),
    Column("n", spare=1),
)
_DIGITS = {"robust": 1, "score": 1}


def print_bundle(bundle: Bundle) -> None:
    """Prints provenance, ranking and the teacher x language table of each base."""
    console = output_console(WIDTH)
    cells, teachers = counted(len(bundle.cells), "cell"), counted(len(bundle.teachers), "teacher")
    console.print(f"[bold]{_cut(bundle.name)}[/] ({bundle.kind}; {teachers}, {cells})")
    for line in _provenance(bundle):
        console.print(line, style="dim")
    if bundle.verdict:
        console.print(_cut(bundle.verdict.text))
    if bundle.ranking:
        _print_ranking(bundle, console)
    groups: dict[tuple[str, str], list[BundledCell]] = {}
    for cell in bundle.cells:
        together = cell.scored and cell.base  # such cells were scored together, whatever bundle they were in
        groups.setdefault((bundle.name if together else cell.bundle, cell.base or ""), []).append(cell)
    for (source, base), own in groups.items():
        _print_cells(console, source, base, own)
    console.print("All figures with definitions: --json, or merge --csv.\n", style="dim")


def print_refused(refused: Sequence[Refusal]) -> None:
    """Prints what was not joined, and why."""
    console = output_console(WIDTH)
    for refusal in refused[:MOST_ROWS]:
        console.print(f"! {_cut(str(refusal))}")
    if len(refused) > MOST_ROWS:
        console.print(f"! and {len(refused) - MOST_ROWS} more")


def _provenance(bundle: Bundle) -> list[str]:
    told = bundle.provenance
    lines = [f"source: {_cut(told.source)}"]
    if told.polyteach or told.rng_seed is not None:
        digest = (told.definitions_digest or "none")[:12]
        version = _cut(told.polyteach or "unknown")
        lines.append(f"polyteach {version}, rng_seed {told.rng_seed}, definitions {_cut(digest)}")
    if told.licence:
        lines.append(f"licence: {_cut(told.licence)}")
    if told.merged:
        lines.append(f"merged from: {_cut(', '.join(told.merged))}")
    return lines + [f"note: {_cut(note)}" for note in told.notes[:20]]


def _print_ranking(bundle: Bundle, console: Console) -> None:
    rows = []
    lines = [line for line in bundle.ranking if line.language is None]
    for line in lines[:MOST_ROWS]:
        name = next((n for n in ("robust", "score", "published") if n in line.figures), None)
        figure = line.figures[name] if name else None
        known = figure is not None and figure.low is not None and figure.high is not None
        rows.append(
            [
                wording.ranks(line.rank_interval),
                line.teacher,
                number(figure.value if figure else None, _digits(name)),
                wording.bounds(figure.to_json(), _digits(name)) if figure and known else "",
                str(figure.n) if figure else "",
            ]
        )
    print_table(console, RANKING, rows)


def _print_cells(console: Console, source: str, base: str, cells: list[BundledCell]) -> None:
    """One source's cells of one base: a line a teacher, a column a language."""
    heads = {(cell.teacher, cell.language): headline(cell) for cell in cells}
    languages = list(dict.fromkeys(cell.language for cell in cells))
    teachers = list(dict.fromkeys(cell.teacher for cell in cells))
    title = f"{source[:40]}, " + (f"students of {base[:40]}" if base else "data alone")
    columns = [
        Column("teacher", is_name=True),
        *(Column(wording.one_line(c[:12])) for c in languages[:MOST_LANGUAGES]),
    ]
    rows = [
        [teacher, *(_value(heads.get((teacher, language))) for language in languages[:MOST_LANGUAGES])]
        for teacher in teachers[:MOST_ROWS]
    ]
    console.print()
    print_table(console, columns, rows, title)
    hidden = max(len(teachers) - MOST_ROWS, 0), max(len(languages) - MOST_LANGUAGES, 0)
    if any(hidden):
        console.print(f"{hidden[0]} teachers and {hidden[1]} languages more: --json", style="dim")
    known = [found for found in heads.values() if found]
    for name in dict.fromkeys(found.name for found in known):
        one = next(found for found in known if found.name == name)
        console.print(f"{_cut(name)}: {_cut(one.figure.definition)}; n {_range(known, name)}", style="dim")
    doubts = dict.fromkeys(found.doubt for found in known if found.doubt)
    for doubt in list(doubts)[:10]:
        console.print(f"? {_cut(doubt or '')}", style="dim")


def _range(found: Sequence[Headline], name: str) -> str:
    counts = [one.figure.n for one in found if one.name == name]
    return str(min(counts)) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _value(found: Headline | None) -> str:
    if found is None or found.figure.value is None:
        return "-"
    low, high = found.figure.low, found.figure.high
    reach = (
        f" ±{number((high - low) / 2, _digits(found.name))}" if low is not None and high is not None else ""
    )
    return f"{number(found.figure.value, _digits(found.name))}{reach}{' ?' if found.doubt else ''}"


def _digits(name: str | None) -> int:
    return _DIGITS.get(name or "", 3)


def _cut(text: str, longest: int = LONGEST) -> str:
    """A text of a bundle as it is printed: short, no markup, nothing a terminal obeys."""
    return shown(text if len(text) <= longest else f"{text[: longest - 1]}…")
