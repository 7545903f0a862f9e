"""`polyteach examine`: one model, some benchmarks, one language, without a study."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.options import FINISHED_WITH_FAILURES, INTERRUPTED, JSON_OPTION, stopped_with_a_code
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.study import AnyBenchmark

_AT = "At an endpoint: "
_TASK = "lm_eval:"


def examine(
    model_or_url: Annotated[
        str,
        typer.Argument(
            metavar="MODEL_OR_URL",
            help="A model on this machine (a folder, a LoRA adapter's too, a hub id, pocket:NAME), or a "
            "server's URL up to /v1.",
        ),
    ],
    benchmark: Annotated[
        list[str],
        typer.Option(help="Its name, such as mgsm; lm_eval:TASK; with --kind any name. Repeatable."),
    ],
    language: Annotated[str, typer.Option(help="The language of the questions, such as ja or swh_Latn.")],
    output: Annotated[Path, typer.Option(help="The folder to write: items.parquet and summary.json.")],
    file: Annotated[
        Path | None, typer.Option(help="Its questions: CSV, JSONL or Parquet, instead of the hub.")
    ] = None,
    shots: Annotated[Path | None, typer.Option(help="The examples shown before them, with --file.")] = None,
    few_shot: Annotated[
        int | None, typer.Option(min=0, max=64, help="Examples shown. Default: the benchmark's.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Of an exam of your own, with --file: choice, exact or preference.")
    ] = None,
    in_words: Annotated[
        bool,
        typer.Option("--in-words", help="Ask a model of this machine as one at an endpoint is asked."),
    ] = False,
    adapter: Annotated[
        Path | None, typer.Option(help="The folder of a LoRA adapter on a model of this machine.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many items of each, spread over it.")] = None,
    model: Annotated[str | None, typer.Option(help=_AT + "the model's name there.")] = None,
    key_env: Annotated[
        str | None, typer.Option(help=_AT + "the environment variable that holds the key.")
    ] = None,
    budget: Annotated[float | None, typer.Option(min=0, help=_AT + "USD; nothing is sent beyond it.")] = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help=_AT + "its limit.")] = None,
    tokens_per_minute: Annotated[int | None, typer.Option(min=1, help=_AT + "its limit.")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="In words: the longest answer.")] = 2048,
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Examine a model: accuracy with its interval, and every item's result."""
    from polyteach.benchmarks import stand_alone
    from polyteach.benchmarks.step import ITEMS, SUMMARY
    from polyteach.cli.watched import watched
    from polyteach.errors import UserError
    from polyteach.languages import standard_code
    from polyteach.steps import digest_of
    from polyteach.study import benchmark_name

    code = standard_code(language)
    named = [_named(name, code, file, shots, few_shot, kind, len(benchmark)) for name in benchmark]
    _check_files(file, shots)
    served = model_or_url.startswith(("http://", "https://"))
    if served != bool(model):
        fix = "name the model at a URL with --model NAME; one of this machine needs no --model"
        raise UserError("it is not clear who is asked", where=model_or_url, fix=fix)
    if served and adapter:
        fix = "leave it out; a server that holds an adapter has a model's name for it"
        raise UserError("is of a model on this machine", where="--adapter", fix=fix)
    found = stand_alone.find_all(named, code)
    exams = stand_alone.open_all(found, code, limit)
    locations = {"journal": str(output / stand_alone.JOURNAL)}
    asked: dict[str, Any] = {"max_new_tokens": max_new_tokens}
    if served:
        where = {"urls": [model_or_url], "key_env": key_env}
        limits = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        locations |= {"endpoint": json.dumps(where | limits)}
        locations |= {"budget": str(budget)} if budget is not None else {}
        asked |= {"kind": "endpoint", "model": model}
    else:
        from polyteach.resources import ASK_PACKAGES, check_installed
        from polyteach.synthesis.local_teacher import local_teacher

        check_installed((*ASK_PACKAGES, "lm_eval"), "an examination on this machine")
        own, places = local_teacher(model_or_url, adapter, dtype="float32", batch_size=1)
        locations |= places
        asked |= {"kind": "model", "model": own["model"], "adapter": own.get("adapter")}
    words = served or in_words
    names = {"model": model or model_or_url, "adapter": adapter, "file": file, "shots": shots}
    exam = {
        "model": asked["model"],
        "adapter": asked.get("adapter"),
        "endpoint": digest_of(model_or_url) if served else None,  # an address may be private
        "language": code,
        "limit": limit,
        "benchmarks": {benchmark_name(n): dict(f.settings) for n, f in zip(named, found, strict=True)},
        "in_words": {"max_new_tokens": max_new_tokens} if words else None,
        "named": {name: str(value) for name, value in names.items() if value},
    }
    if not force:
        stand_alone.check_is_of(output, exam)
    own_results = stand_alone.earlier_exam(output) is not None
    for name in (ITEMS, SUMMARY):
        check_output_is_free(output / name, filter(None, (file, shots)), is_own=own_results, force=force)
    stand_alone.make_folder(output)
    with stopped_with_a_code(), watched(model or model_or_url) as progress:
        if words:
            examined = stand_alone.examine_asked(asked, locations, exams, progress)
        else:
            with _nothing_kept():
                examined = stand_alone.examine_here(locations, exams, progress)
    summary = stand_alone.write_results(output, examined, exam)
    if as_json:
        print_json(summary | {"language": code})
    else:
        _show(summary["benchmarks"], code)
    if any(_unanswered(one) for one in summary["benchmarks"].values()):
        raise typer.Exit(FINISHED_WITH_FAILURES)


@contextmanager
def _nothing_kept() -> Iterator[None]:
    """Says after Ctrl-C what is true of a model of this machine: answers are kept when all are there."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing was kept: the same command starts from the beginning", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _check_files(*files: Path | None) -> None:
    """Checks that files are there, all of them in one go.

    Raises:
        UserError: one is not; UserErrors where several are not.
    """
    from polyteach.benchmarks.data import check_file
    from polyteach.errors import UserError, UserErrors

    errors = []
    for file in filter(None, files):
        try:
            check_file(file)
        except UserError as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else UserErrors(errors)


def _named(
    name: str,
    code: str,
    file: Path | None,
    shots: Path | None,
    few_shot: int | None,
    kind: str | None,
    count: int,
) -> AnyBenchmark:
    """What the options say of a benchmark, as a study would name it."""
    from pydantic import ValidationError

    from polyteach.errors import UserError
    from polyteach.study import ListedBenchmark, LmEvalTask, OwnExam

    if file and count > 1:
        raise UserError("is of one benchmark", where="--file", fix="run the others by themselves")
    if kind and not file:
        raise UserError("is of an exam in a file", where="--kind", fix="add --file")
    if (shots or few_shot is not None) and (kind or name.startswith(_TASK)):
        fix = "leave it out: the exam is asked as it is"
        raise UserError("is of a benchmark by name", where="--shots" if shots else "--few-shot", fix=fix)
    if file and name.startswith(_TASK):
        raise UserError("tasks of lm-eval name their own data", where="--file", fix="leave it out")
    try:
        if kind:
            return OwnExam.model_validate({"name": name, "file": str(file), "kind": kind, "language": code})
        if name.startswith(_TASK):
            return LmEvalTask(lm_eval=name.removeprefix(_TASK), language=code)
        return ListedBenchmark(
            benchmark=name,
            file={code: str(file)} if file else None,
            shots={code: str(shots)} if shots else None,
            few_shot=few_shot,
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "name"
        option = "benchmark" if field == "name" else field  # an exam's own name is given by --benchmark
        what = first["msg"].removeprefix("Value error, ")
        raise UserError(what, where=f"--{option}", fix="see docs/benchmarks.md") from error


def _unanswered(figures: Mapping[str, Any]) -> int:
    from polyteach.benchmarks.words import UNANSWERED

    found = figures["accuracy"]["unscored"].get(UNANSWERED, 0)
    return int(found)


def _show(benchmarks: Mapping[str, Mapping[str, Any]], language: str) -> None:
    for name, figures in benchmarks.items():
        typer.echo(f"{name} ({language}): {_figure(figures['accuracy'], figures['chance'])}")
        if figures["accuracy_norm"]:
            typer.echo(f"  {figures['metric_norm']}: {_figure(figures['accuracy_norm'], None)}")
        weighted = figures.get("weighted")
        for category, figure in _categories(weighted) if weighted else ():
            typer.echo(f"  {category}: {_figure(figure, None)}")
        for reason, count in figures["accuracy"]["unscored"].items():
            typer.echo(f"  not scored: {count}, {reason}")


def _categories(weighted: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return [("weighted accuracy", weighted["overall"]), *weighted["categories"].items()]


def _figure(figure: Mapping[str, Any], chance: float | None) -> str:
    if figure["value"] is None:
        return f"undefined: {figure['reason']}"
    text = f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}] over {figure['n']} items"
    if chance is None:
        return text
    told = "" if figure["low"] > chance or figure["high"] < chance else ", not to be told from it"
    return f"{text}; guessing earns {chance:.3f}{told}"
