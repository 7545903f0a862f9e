"""`polyteach synthesize`: data without a study, by one teacher in one language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.options import (
    FINISHED_WITH_FAILURES,
    JSON_OPTION,
    refuse_given,
    stopped_with_a_code,
    told_in_options,
)
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.teachers import (
    A_MINUTE,
    ADAPTER,
    AT,
    AT_ONCE,
    BATCHED,
    CONTEXT,
    FLOATS,
    HERE,
    KEY_ENV,
    LANGUAGE_GATE,
    LONGEST,
    MODEL,
    PRICE,
    PROMPTS,
    TEACHER,
    TEMPERATURE,
    TOP_K,
    TOP_P,
    TRIES,
    URL,
    named_teacher,
)
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.synthesis.seeds import Seeds

METHODS = ("generate", "translate", "respond")


def synthesize(
    language: Annotated[str, typer.Option(help="The language to be taught, such as ja or swh_Latn.")],
    seed_data: Annotated[
        list[str],
        typer.Option(
            help="What the teacher starts from: FILE (JSONL, CSV, Parquet) in the language, en=FILE for "
            "English prompts to translate, or pocket:ROWS. Repeatable."
        ),
    ],
    output: Annotated[Path, typer.Option(help="The file to write: .parquet or .jsonl.")],
    rows: Annotated[int, typer.Option(min=1, help="Rows to ask for, over all methods.")],
    teacher: TEACHER = None,
    url: URL = None,
    model: MODEL = None,
    key_env: KEY_ENV = None,
    method: Annotated[
        list[str] | None, typer.Option(help="generate, translate, respond. Repeatable; all where none is.")
    ] = None,
    prompts: PROMPTS = None,
    few_shot: Annotated[int, typer.Option(min=1, max=50, help="Seed pairs that generate shows.")] = 3,
    attempts: TRIES = None,
    language_gate: LANGUAGE_GATE = None,
    temperature: TEMPERATURE = None,
    top_p: TOP_P = None,
    top_k: TOP_K = None,
    context: CONTEXT = None,
    max_new_tokens: LONGEST = None,
    rng_seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of all that is drawn.")] = 1,
    budget: Annotated[float | None, typer.Option(min=0, help=AT + "USD; nothing is sent beyond it.")] = None,
    price: PRICE = None,
    requests_per_minute: A_MINUTE = None,
    tokens_per_minute: A_MINUTE = None,
    most_at_once: AT_ONCE = None,
    batch: Annotated[
        bool, typer.Option("--batch", help=AT + "through its batch API: hours, mostly at half the price.")
    ] = False,
    batch_size: BATCHED = None,
    dtype: FLOATS = None,
    device_map: Annotated[
        str | None, typer.Option(help=HERE + "spreads the model over devices: auto, balanced, sequential.")
    ] = None,
    adapter: ADAPTER = None,
    preview: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=1_000_000,
            metavar="N",
            help=AT + "really ask about N requests, foretell from them what all will cost, and stop.",
        ),
    ] = None,
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Writes synthetic data of one teacher in one language, without a study; run it again to resume."""
    from polyteach.cli.display import foretold
    from polyteach.cli.watched import watched
    from polyteach.languages import standard_code
    from polyteach.synthesis.seeds import check_fed, read_seeds, seed_files
    from polyteach.synthesis.stand_alone import Files, preview_data, shortfalls, write_data

    files = Files.of(output)
    check_output_is_free(output, seed_files(seed_data), is_own=files.are_there, force=force)
    code = standard_code(language)
    methods = _methods(method or [m for m in METHODS if m != "translate" or code != "en"], code)
    how = {
        **{"prompts": prompts, "attempts": attempts, "language_gate": language_gate},
        **{"temperature": temperature, "top_p": top_p, "top_k": top_k, "context": context},
        **{"max_new_tokens": max_new_tokens, "key_env": key_env, "most_at_once": most_at_once},
        **{"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute},
        **{"batch": batch or None, "batch_size": batch_size, "dtype": dtype, "device_map": device_map},
        "adapter": adapter,
    }
    asked = named_teacher(teacher, url or [], model, how)
    if not asked.urls:
        fix = "leave it out: a model on this machine costs no money"
        refuse_given("is for a model at an endpoint", fix, preview=preview, budget=budget)
    asked = asked.paid(price, budget)
    settings = {**asked.settings, "language": code, "few_shot": few_shot, "rng_seed": rng_seed}
    seeds = read_seeds(seed_data, code, methods, rng_seed)
    check_fed(seeds.rows, code, methods, few_shot)
    _warn_of_seeds(seeds, shortfalls(methods, rows, seeds.rows))
    with stopped_with_a_code("--budget"), told_in_options(), watched(settings["teacher"]) as progress:
        write = write_data if preview is None else partial(preview_data, size=preview)
        summary = write(
            output, settings, asked.locations, methods=methods, rows=rows, seeds=seeds.rows, progress=progress
        )
    if as_json:
        print_json(summary)
    elif preview is None:
        _show(summary, asked.sampling)
    else:
        typer.echo(foretold(summary))
    if preview is None:
        _warn_of_end(summary)
        if summary["unanswered"] or not summary["rows"]:
            raise typer.Exit(FINISHED_WITH_FAILURES)


def _methods(named: list[str], code: str) -> list[str]:
    from polyteach.errors import UserError

    for method in named:
        if method not in METHODS:
            raise UserError(f"there is no method {method!r}", "--method", f"one of {', '.join(METHODS)}")
    if "translate" in named and code.split("-")[0] == "en":
        raise UserError("`translate` goes from English into another language", "--method", "leave it out")
    return list(dict.fromkeys(named))


def _warn_of_seeds(seeds: Seeds, shortfall: dict[str, dict[str, int]]) -> None:
    """Says on stderr, before anybody is asked, what of the seed data is of no use, and where it is short."""
    from polyteach.cli.display import warn
    from polyteach.seed_data.in_language import look_at

    for name, others in seeds.other_languages.items():
        said = ", ".join(f"{count} in {code}" for code, count in others.most_common())
        warn(f"{name}: {others.total()} rows are left out for their language: {said}")
    groups: dict[tuple[str, str], list[str]] = {}
    for row in seeds.rows:
        if row.source != "pocket":
            groups.setdefault((row.source, row.language), []).append(row.prompt)
    for (source, code), prompts in groups.items():
        if doubt := look_at(prompts, code).warning:
            warn(f"{source}: {doubt}")
    for method, short in shortfall.items():
        wanted, there = short["asked_for"], short["prompts"]
        kind = "English prompts" if method == "translate" else "prompts"
        warn(f"{method}: {wanted} rows asked for, and there are only {there} {kind}: {wanted - there} fewer")


def _warn_of_end(summary: dict[str, Any]) -> None:
    """Says on stderr what was not as it should be."""
    from polyteach.cli.display import troubles, warn

    cut = sum(facts["cut_off"] for facts in summary["methods"].values())
    if cut:
        warn(f"{cut} of {summary['rows']} rows end where their room ended; raise --max-new-tokens")
    for said in troubles(summary["endpoint"]):
        warn(said)
    if not summary["rows"]:
        warn(f"no row came of {summary['attempts']} requests")


def _show(summary: dict[str, Any], known: Mapping[str, Any]) -> None:
    """The summary in words."""
    from polyteach.cli.display import money

    sampling = ", ".join(
        f"{name} {value['value']} ({value['source']})"
        for name, value in known.items()
        if value["value"] is not None
    )
    typer.echo(f"asked with {sampling}")
    for method, facts in summary["methods"].items():
        reasons = ", ".join(f"{reason} {count}" for reason, count in facts["failed"].items())
        again = sum(facts["retried"].values())
        typer.echo(
            f"{method}: {facts['rows']} rows of {facts['attempts']} requests"
            + (f"; asked again {again}" if again else "")
            + (f"; failed: {reasons}" if reasons else "")
        )
    if summary["reasons"]:
        said = ", ".join(f"{reason} {count}" for reason, count in summary["reasons"].items())
        typer.echo(f"without an answer after all tries: {said}; run it again to send these")
        for reason, words in summary["details"].items():
            typer.echo(f"  {reason}: {words}")
    paid = f", {money(summary['money'])}" if summary["money"] else ""
    typer.echo(
        f"{summary['rows']} rows in {summary['files']['rows']}; sent {summary['sent']}, reused "
        f"{summary['reused']}; {summary['prompt_tokens']:,} tokens sent, "
        f"{summary['response_tokens']:,} received{paid}"
    )
