"""`polyteach rewrite`: weak rows of a set answered again by a teacher, before and after measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.judges import JUDGE_PRICE, JUDGE_URL
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
    AT_ONCE,
    BATCHED,
    CONTEXT,
    FLOATS,
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
    teacher_of_study,
)
from polyteach.cli.terminal import print_json
from polyteach.errors import UserError

if TYPE_CHECKING:
    from polyteach.cli.judges import NamedJudge
    from polyteach.quality.judge import Judge
    from polyteach.rules import AnyRule
    from polyteach.steps import Progress

_JUDGE = "The judge: "


def rewrite(
    data: Annotated[Path, typer.Argument(help="A JSONL, Parquet or CSV file of prompts and responses.")],
    language: Annotated[str, typer.Option(help="The language of the data, such as ja or swh_Latn.")],
    output: Annotated[Path, typer.Option(help="The file to write: .parquet or .jsonl.")],
    teacher: TEACHER = None,
    url: URL = None,
    model: MODEL = None,
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
    price: PRICE = None,
    key_env: KEY_ENV = None,
    prompts: PROMPTS = None,
    attempts: TRIES = None,
    language_gate: LANGUAGE_GATE = None,
    temperature: TEMPERATURE = None,
    top_p: TOP_P = None,
    top_k: TOP_K = None,
    context: CONTEXT = None,
    max_new_tokens: LONGEST = None,
    requests_per_minute: A_MINUTE = None,
    tokens_per_minute: A_MINUTE = None,
    most_at_once: AT_ONCE = None,
    batch_size: BATCHED = None,
    dtype: FLOATS = None,
    adapter: ADAPTER = None,
    judge: Annotated[
        str | None,
        typer.Option(help=_JUDGE + "gives marks for judge_below and the rubric: 'oracle', or a model."),
    ] = None,
    judge_url: JUDGE_URL = None,
    judge_key_env: Annotated[
        str | None, typer.Option(help=_JUDGE + "the environment variable with its key.")
    ] = None,
    judge_price: JUDGE_PRICE = None,
    rng_seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of all that is drawn.")] = 1,
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Answer weak rows again by a teacher; keep what is better, and the original beside it."""
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
        asked = named_teacher(teacher, url or [], model, how, others=", or --teacher-from STUDY NAME")
    if not (asked.urls or judge_url):
        refuse_given("is for a model at an endpoint", "leave it out", budget=budget)
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
        print_json(told | {"took": took})
    elif dry_run:
        print_foretold(told)
    else:
        print_rewritten(told, output, took)
    warn_of(told)
    asked = None if dry_run else told["asked"]
    if asked and (asked["unanswered"] or not asked["respond"]["rows"]):
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _bill(took: Any) -> dict[str, Any]:
    from polyteach.cli.judges import bill_of

    return bill_of("judge", took)[0]


def _rules(file: Path | None, named: Sequence[str], judge: NamedJudge | None) -> Sequence[AnyRule]:
    """As `polyteach filter` reads them.

    Raises:
        UserError: likewise; or marks are wanted that new responses cannot have.
    """
    from polyteach.curation.naming import read_rules, rules_named
    from polyteach.rules import DEFAULTS
    from polyteach.rules.judged import JudgeBelow

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
) -> NamedJudge | None:
    """Who gives marks, if anybody: paid from the teacher's budget, with answers in the same journal."""
    from polyteach.cli.judges import NamedJudge

    return NamedJudge.of(
        name,
        url=url,
        key_env=key_env,
        journal=Path(kept["journal"]),
        price=price,
        budget=float(paid["budget"]) if "budget" in paid and url else None,
        payer=kept["payer"],
        prefix="judge_",
    )


def _opener(
    judge: NamedJudge | None, code: str, rng_seed: int, progress: Progress
) -> Callable[[], AbstractContextManager[Judge | None]]:
    return lambda: judge.open(code, rng_seed, progress) if judge else nullcontext()
