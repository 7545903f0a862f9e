"""`polyteach rewrite`: weak rows of a set answered again by a teacher, before and after measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.options import JSON_OPTION, stopped_with_a_code, told_in_options
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.errors import UserError

if TYPE_CHECKING:
    from polyteach.cli.measure_judge import MeasureJudge
    from polyteach.curation.rules import AnyRule
    from polyteach.quality.judge import Judge
    from polyteach.steps import Progress

FINISHED_WITH_FAILURES = 3
_AT = "At an endpoint: "
_HERE = "On this machine: "
_JUDGE = "The judge: "


def rewrite(
    data: Annotated[Path, typer.Argument(help="A JSONL, Parquet or CSV file of prompts and responses.")],
    language: Annotated[str, typer.Option(help="The language of the data, such as ja or swh_Latn.")],
    output: Annotated[Path, typer.Option(help="The file to write: .parquet or .jsonl.")],
    teacher: Annotated[
        str | None, typer.Option(help="A model on this machine: a folder, a hub id, pocket:NAME.")
    ] = None,
    url: Annotated[
        list[str] | None, typer.Option(help=_AT + "its base URL up to /v1. Repeat it for several servers.")
    ] = None,
    model: Annotated[str | None, typer.Option(help=_AT + "the model's name there.")] = None,
    teacher_from: Annotated[
        tuple[Path, str] | None,
        typer.Option(metavar="STUDY NAME", help="A teacher of a study, or of candidates, as it is there."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="A YAML file of rules, see `polyteach filter --print-rules`.")
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="What makes a row weak: a rule, such as cut_off or 'too_short: {characters: 40}', instead "
            "of the defaults of filter. Repeatable.",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask for at most so many rows.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which rows are weak and what asking costs at most.")
    ] = False,
    budget: Annotated[
        float | None, typer.Option(min=0, help="USD for teacher and judge; nothing is sent beyond it.")
    ] = None,
    price: Annotated[
        str | None, typer.Option(help=_AT + "INPUT,OUTPUT in USD per million tokens, if you know better.")
    ] = None,
    key_env: Annotated[
        str | None, typer.Option(help=_AT + "the environment variable that holds the key.")
    ] = None,
    prompts: Annotated[
        str | None, typer.Option(help="Prompt set: default or pocket.", show_default="by the teacher")
    ] = None,
    attempts: Annotated[
        int | None,
        typer.Option(min=1, max=20, help="Times a row is asked for before it has failed.", show_default="3"),
    ] = None,
    language_gate: Annotated[
        bool | None,
        typer.Option(
            "--language-gate/--no-language-gate",
            help="Whether an answer in another language is asked for again.",
            show_default="yes",
        ),
    ] = None,
    temperature: Annotated[float | None, typer.Option(min=0, max=5, help="Default: the paper's.")] = None,
    top_p: Annotated[float | None, typer.Option(min=0, max=1, help="Default: the paper's.")] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="Default: the paper's.")] = None,
    context: Annotated[
        int | None, typer.Option(min=1, help="Tokens of prompt and answer. Default: the paper's.")
    ] = None,
    max_new_tokens: Annotated[
        int | None, typer.Option(min=1, help="The longest answer.", show_default="1024")
    ] = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help=_AT + "its limit.")] = None,
    tokens_per_minute: Annotated[int | None, typer.Option(min=1, help=_AT + "its limit.")] = None,
    most_at_once: Annotated[
        int | None, typer.Option(min=1, help=_AT + "requests under way, at most.", show_default="256")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help=_HERE + "requests at once.", show_default="16")
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(help=_HERE + "float32, bfloat16, float16, auto.", show_default="auto"),
    ] = None,
    adapter: Annotated[Path | None, typer.Option(help=_HERE + "a LoRA adapter of the model.")] = None,
    judge: Annotated[
        str | None,
        typer.Option(help=_JUDGE + "gives marks for judge_below and the rubric: 'oracle', or a model."),
    ] = None,
    judge_url: Annotated[str | None, typer.Option(help=_JUDGE + "a server that has it.")] = None,
    judge_key_env: Annotated[
        str | None, typer.Option(help=_JUDGE + "the environment variable with its key.")
    ] = None,
    judge_price: Annotated[
        str | None, typer.Option(help=_JUDGE + "INPUT,OUTPUT in USD per million tokens.")
    ] = None,
    rng_seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of all that is drawn.")] = 1,
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Answer weak rows again by a teacher; keep what is better, and the original beside it."""
    from polyteach.cli.rewrite_teacher import named_teacher, teacher_of_study
    from polyteach.cli.watched import watched
    from polyteach.curation.rewrite.run import Request, foretell_rewrite, rewrite_file, rewrite_files_of
    from polyteach.languages import standard_code

    code = standard_code(language)
    files = rewrite_files_of(output)
    for path in (files.rows, files.summary):
        check_output_is_free(path, [data], is_own=files.are_there, force=force)
    how = {
        **{"prompts": prompts, "attempts": attempts, "language_gate": language_gate},
        **{"temperature": temperature, "top_p": top_p, "top_k": top_k, "context": context},
        **{"max_new_tokens": max_new_tokens, "key_env": key_env, "most_at_once": most_at_once},
        **{"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute},
        **{"batch_size": batch_size, "dtype": dtype, "adapter": adapter},
    }
    if teacher_from:
        given = {"teacher": teacher, "url": url, "model": model, **how}
        asked = teacher_of_study(*teacher_from, given)
    else:
        asked = named_teacher(teacher, url or [], model, how)
    if budget is not None and not (asked.urls or judge_url):
        raise UserError("is for a model at an endpoint", "--budget", "leave it out")
    asked = asked.paid(price, budget)
    marks = _judge(judge, judge_url, judge_key_env, judge_price, files.locations, asked.locations)
    request = Request(
        data,
        _rules(rules, drop or [], marks),
        {**asked.settings, "language": code, "rng_seed": rng_seed},
        asked.locations,
        limit,
    )
    with stopped_with_a_code("--budget"), told_in_options(), watched(asked.settings["teacher"]) as progress:
        open_judge = _opener(marks, code, rng_seed, progress)
        if dry_run:
            told = foretell_rewrite(request, files, None if judge_url else open_judge, progress)
        else:
            told = rewrite_file(request, files, open_judge, progress)
    took = marks.took[-1:] if marks else []  # the last time it was asked about all that it was asked before
    _show(told, output, [_bill(one) for one in took], dry_run=dry_run, as_json=as_json)


def _show(
    told: dict[str, Any], output: Path, took: list[dict[str, Any]], *, dry_run: bool, as_json: bool
) -> None:
    from polyteach.cli.rewrite_tables import print_foretold, print_rewritten, warn_of

    if as_json:
        print(json.dumps(told | {"took": took}, ensure_ascii=False, allow_nan=False, indent=1))
    elif dry_run:
        print_foretold(told)
    else:
        print_rewritten(told, output, took)
    warn_of(told)
    asked = None if dry_run else told["asked"]
    if asked and (asked["unanswered"] or not asked["respond"]["rows"]):
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _bill(took: Any) -> dict[str, Any]:
    from polyteach.cli.measure_judge import bill_of

    return bill_of("judge", took)[0]


def _rules(file: Path | None, named: Sequence[str], judge: MeasureJudge | None) -> Sequence[AnyRule]:
    """As `polyteach filter` reads them.

    Raises:
        UserError: likewise; or marks are wanted that new responses cannot have.
    """
    from polyteach.curation.naming import read_rules, rules_named
    from polyteach.curation.rules import DEFAULTS
    from polyteach.curation.rules.judged import JudgeBelow

    if file and named:
        raise UserError("are two ways to say one thing", where="--rules, --drop", fix="take one of them")
    rules = read_rules(file) if file else rules_named(named) if named else DEFAULTS
    if judge is None and (marked := next((rule for rule in rules if isinstance(rule, JudgeBelow)), None)):
        what = "reads marks of the old responses, and a new one has none"
        raise UserError(what, where=marked.reason, fix="name who marks both, with --judge")
    return rules


def _judge(
    name: str | None,
    url: str | None,
    key_env: str | None,
    price: str | None,
    kept: dict[str, str],
    paid: Any,
) -> MeasureJudge | None:
    """Who gives marks, if anybody: paid from the teacher's budget, with answers in the same journal."""
    from polyteach.cli.measure_judge import MeasureJudge

    if price and not url:
        raise UserError("is for a judge at a server", "--judge-price", "add --judge-url, or leave it out")
    return MeasureJudge.of(
        name,
        url=url,
        key_env=key_env,
        journal=Path(kept["journal"]),
        price=price,
        budget=float(paid["budget"]) if "budget" in paid and url else None,
        payer=kept["payer"],
    )


def _opener(
    judge: MeasureJudge | None, code: str, rng_seed: int, progress: Progress
) -> Callable[[], AbstractContextManager[Judge | None]]:
    return lambda: judge.open(code, rng_seed, progress) if judge else nullcontext()
