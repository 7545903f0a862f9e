"""`polyteach export`: rows, preference pairs or a student as a folder that others load, with its card."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.export_pairs import MARGIN
from polyteach.cli.judges import JUDGE_BUDGET, JUDGE_JOURNAL, JUDGE_PRICE, JUDGE_URL
from polyteach.cli.options import JSON_OPTION
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.export.push import Target

_LAYOUT, _FORMAT = "messages", "parquet"
_PAIRS = "With --pairs: "
_HUB = "With --push-to-hub: "


def export(
    source: Annotated[
        list[Path],
        typer.Argument(
            help="Files of rows (JSONL, CSV, Parquet: prompt and response, or messages), or one run's folder "
            "or name."
        ),
    ],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    layout: Annotated[
        str | None,
        typer.Option(
            help="messages, plain (prompt and completion), sharegpt or llama-factory.", show_default=_LAYOUT
        ),
    ] = None,
    format: Annotated[str | None, typer.Option(help="parquet or jsonl.", show_default=_FORMAT)] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            help="Take this teacher's rows; repeatable.",
            show_default="of a run that which is first; else all",
        ),
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="Likewise a language.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="Likewise generate, translate, respond.")] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(help="Hold rows out: NAME=ROWS or NAME=SHARE%, such as test=5%. Repeatable."),
    ] = None,
    rng_seed: Annotated[int, typer.Option(min=0, help="Of the splits, and of a judge.")] = 0,
    pairs: Annotated[
        str | None,
        typer.Option(
            metavar="OTHER",
            help="Write preference pairs: prompts that this file, or this teacher of SOURCE, answered too.",
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help=_PAIRS + "a model; oracle (pocket world only); or scores: those that the rows carry."
        ),
    ] = None,
    judge_url: JUDGE_URL = None,
    key_env: Annotated[
        str | None, typer.Option(help="The environment variable with the key of this server.")
    ] = None,
    price: JUDGE_PRICE = None,
    budget: JUDGE_BUDGET = None,
    journal: JUDGE_JOURNAL = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="With --judge scores: points by which each judge must put one answer higher.",
            show_default=f"{MARGIN:g}",
        ),
    ] = None,
    student: Annotated[
        str | None,
        typer.Option(
            metavar="BASE",
            help="Of a run: not the rows, but the student of this base that learned from them.",
        ),
    ] = None,
    trial: Annotated[
        int | None, typer.Option(min=0, help="With --student: which of its trials.", show_default="0")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="As you state it, such as cc-by-4.0.", show_default="unknown"),
    ] = None,
    measured: Annotated[
        Path | None, typer.Option(help="Figures for the card: what polyteach measure --json wrote.")
    ] = None,
    push_to_hub: Annotated[
        str | None, typer.Option(metavar="ORG/NAME", help="Send the folder to the Hugging Face hub.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help=_HUB + "for everybody to read; private without it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=_HUB + "send without asking.")] = False,
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Write rows, preference pairs or a student as a folder that others load, with a card; or push it."""
    from polyteach import __version__
    from polyteach.cli.export_pairs import PairsJudge
    from polyteach.cli.options import refuse_given, stopped_with_a_code, told_in_options
    from polyteach.errors import UserError
    from polyteach.export.content import take, take_both
    from polyteach.export.data_set import Content, Form, write_data_set
    from polyteach.export.examples import Wanted, name_of
    from polyteach.export.folder import FORMATS, check_sources_outside, is_ours
    from polyteach.export.layouts import LAYOUTS
    from polyteach.export.making import read_measured
    from polyteach.export.push import DATASET, MODEL, Target, check_target
    from polyteach.export.run import is_run, open_run
    from polyteach.export.splits import Split
    from polyteach.export.student import write_student
    from polyteach.languages import standard_code
    from polyteach.resources import check_installed
    from polyteach.runs import find_run

    check_installed(["huggingface_hub"], "a card")
    if student:
        fix = "leave it out, or leave --student out"
        rows = {"layout": layout, "format": format, "method": method, "measured": measured}
        refuse_given("is for rows, and a student is exported", fix, **rows)
    else:
        refuse_given("is of a student", "add --student, or leave it out", trial=trial)
    layout, format = layout or _LAYOUT, format or _FORMAT
    _one_of(layout, LAYOUTS, "--layout")
    _one_of(format, FORMATS, "--format")
    splits = [Split.of(text) for text in split or []]
    if len(source) == 1 and not os.path.isfile(source[0]):  # noqa: PTH113 - Path's raises on long names
        named = find_run(str(source[0]), Path()).path
        source = [named] if named.is_dir() else source
    if folders := [path for path in source if path.is_dir() and (len(source) > 1 or not is_run(path))]:
        fix = "name files of rows, or the folder of one run that has ended (runs/NAME)"
        raise UserError("is no file, and no run that has ended", where=str(folders[0]), fix=fix)
    run = open_run(source[0]) if source[0].is_dir() else None
    target = None
    if push_to_hub:
        target = Target(push_to_hub, MODEL if student else DATASET, public, force)
        check_target(target)
        _check_can_confirm(yes)
    elif public or yes:
        fix = "add --push-to-hub ORG/NAME, or leave it out"
        raise UserError("is for what is sent to the hub", where="--public" if public else "--yes", fix=fix)
    asked = PairsJudge.of(
        pairs,
        judge,
        source,
        run,
        url=judge_url,
        key_env=key_env,
        price=price,
        budget=budget,
        journal=journal,
        margin=margin,
    )
    read = [run.folder / "artifacts"] if run else [*source, *(asked.files if asked else [])]
    check_output_is_free(output, read, is_own=is_ours(output), force=force)
    check_sources_outside(output, read)
    if output.exists() and not output.is_dir():
        raise UserError("is no folder", where=str(output), fix="name a folder, or one that is not there yet")
    codes = [standard_code(code) for code in language or []]
    wanted = Wanted(codes, teacher or [], method or [])
    title = name_of(Path(push_to_hub or output.resolve()))
    if student:
        if run is None or asked or split:
            fix = "name one run's folder, --teacher and --language; no --pairs and no --split"
            raise UserError("a student is of a run", where="--student", fix=fix)
        record = write_student(
            output, run, wanted, student, trial or 0, title=title, stated=licence, version=__version__
        )
        took: list[dict[str, Any]] = []
    else:
        with stopped_with_a_code("--budget"), told_in_options():
            if asked:
                taken, making, both = take_both(source, run, wanted, teacher=asked.teacher, file=asked.file)
                content = Content(taken, making, asked.prefer(both, rng_seed), asked.words)
            else:
                content = Content(*take(source, run, wanted))
        content.making.figures += read_measured(measured) if measured else []
        form = Form(layout, format, splits, rng_seed, title, push_to_hub, licence, __version__)
        record = write_data_set(output, content, form)
        took = asked.bill() if asked else []
    url = _push(output, record, target, yes) if target else None
    _show(output, record, took, url, as_json)


def _one_of(value: str, known: Sequence[str], option: str) -> None:
    from polyteach.errors import UserError

    if value not in known:
        raise UserError(f"there is no {value!r}", where=option, fix=f"one of {', '.join(known)}")


def _check_can_confirm(yes: bool) -> None:
    from polyteach.errors import UserError

    if not yes and not (sys.stdin and sys.stdin.isatty()):
        fix = "look at the folder without it first, then add --yes"
        raise UserError("asks before it sends, and nobody can answer here", where="--push-to-hub", fix=fix)


def _push(output: Path, record: Mapping[str, Any], target: Target, yes: bool) -> str:
    """Shows what is sent and where to, asks, and sends it; returns the repository's URL."""
    from polyteach.cli.display import say
    from polyteach.export.folder import RECORD
    from polyteach.export.push import push

    files = dict(record["files"]) | {RECORD: {"bytes": (output / RECORD).stat().st_size}}
    say(target.in_words(files))
    if not yes and not typer.confirm("send it?", err=True):
        say("nothing was sent; the folder is written")
        raise typer.Exit
    return push(output, files, target)


def _show(
    output: Path, record: Mapping[str, Any], took: list[dict[str, Any]], url: str | None, as_json: bool
) -> None:
    """What was written, on stdout; what to look at, on stderr."""
    from polyteach.cli.display import warn
    from polyteach.cli.judges import bill_in_words
    from polyteach.report.wording import one_line

    doubts = _doubts(record)
    for doubt in doubts:
        warn(doubt)
    if as_json:
        plain = {**record, "output": str(output), "took": took, "hub": url, "warnings": doubts}
        print_json(plain)
        return
    lines = (
        [f"{output}: student, {len(record['files'])} files"]
        if "student" in record
        else _lines(output, record)
    )
    lines += [bill_in_words(one) for one in took]
    lines += [f"sent to {url}"] if url else []
    for line in lines:
        print(one_line(line))


def _doubts(record: Mapping[str, Any]) -> list[str]:
    from polyteach.export.licence import Part, doubts_of

    licence = record["licence"]
    parts = [
        Part(one["what"], one["licence"], one["note"], one["commercial_use"]) for one in licence["parts"]
    ]
    stated = None if licence["license"] == "unknown" else licence["license"]
    return doubts_of(stated, parts)


def _lines(output: Path, record: Mapping[str, Any]) -> list[str]:
    from polyteach.scoring.numbers import counted

    splits = ", ".join(f"{name} {own['rows']}" for name, own in record["splits"].items())
    lines = [f"{output}: {counted(record['rows'], 'row')} ({splits}), layout {record['layout']}"]
    lines += [
        f"  {counted(near, 'prompt')} of {name} nearly the same as one of train"
        for name, near in record["near_train"].items()
        if near
    ]
    left_out = {**record["left_out"]}
    if pairs := record["pairs"]:
        lines.append(f"pairs: {pairs['kept']} of {pairs['compared']} compared")
        left_out |= pairs["left_out"]
    lines += [f"  {count:>9,} left out: {reason}" for reason, count in left_out.items()]
    if record["columns_left_out"]:
        lines.append(f"  columns that are not exported: {', '.join(record['columns_left_out'])}")
    return lines
