"""`polyteach filter`: rows kept by rules one can read, each drop counted with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.judges import JUDGE_BUDGET, JUDGE_PRICE, JUDGE_URL
from polyteach.cli.options import JSON_OPTION, refuse_given, stopped_with_a_code, told_in_options
from polyteach.cli.outputs import FORCE_OPTION, check_output_is_free
from polyteach.cli.terminal import print_json
from polyteach.errors import UserError

if TYPE_CHECKING:
    from polyteach.cli.judges import NamedJudge
    from polyteach.curation.verify import Trials
    from polyteach.rules import AnyRule

_VERIFY = "With --verify: "
_TRIALS = 3


def filter_(
    data: Annotated[
        list[Path] | None, typer.Argument(help="JSONL, Parquet or CSV files of prompts and responses.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The file of the rows that stay: .parquet or .jsonl.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The language of the data, if rows do not say: ja, swh_Latn.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="A YAML file of rules, see --print-rules.")] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="A rule, such as cut_off or 'too_long: {characters: 4000}', instead of the defaults. "
            "Repeatable.",
        ),
    ] = None,
    dropped: Annotated[
        Path | None, typer.Option(help="A file for the rows that go, with their reasons.")
    ] = None,
    print_rules: Annotated[
        bool, typer.Option("--print-rules", help="Print the default rules as YAML, and leave.")
    ] = False,
    judge: Annotated[
        str | None, typer.Option(help="Who gives marks for judge_below: 'oracle' (pocket), or a model.")
    ] = None,
    judge_url: JUDGE_URL = None,
    key_env: Annotated[str | None, typer.Option(help="The environment variable with its key.")] = None,
    price: JUDGE_PRICE = None,
    budget: JUDGE_BUDGET = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Train students with and without the filter, and compare.")
    ] = False,
    base: Annotated[
        str | None, typer.Option(help=_VERIFY + "the base: a folder, a hub id, pocket:NAME.")
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(help=_VERIFY + "a benchmark, lm_eval:TASK, or a file of choices. Repeatable."),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, max=100, help=_VERIFY + "trainings of each kind.", show_default=str(_TRIALS)),
    ] = None,
    verify_rows: Annotated[int | None, typer.Option(min=1, help=_VERIFY + "most rows a student.")] = None,
    recipe: Annotated[
        Path | None, typer.Option(help=_VERIFY + "a YAML file as `students` in a study: epochs, lora, ...")
    ] = None,
    rng_seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of near duplicates and trials.")] = 0,
    force: FORCE_OPTION = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Keep rows by rules one can read; each drop is counted with its reason."""
    from polyteach.curation.filter import Outputs, filter_files
    from polyteach.curation.naming import default_rules_yaml
    from polyteach.files import write_json
    from polyteach.languages import standard_code
    from polyteach.rules.rule import Context

    if print_rules:
        typer.echo(default_rules_yaml(), nl=False)
        return
    if not data or output is None:
        what = "no data is named" if not data else "no output is named"
        raise UserError(what, fix="polyteach filter DATA... --output FILE")
    if not verify:
        trained = {"base": base, "benchmark": benchmark, "trials": trials, "verify_rows": verify_rows}
        refuse_given("is for --verify", "add --verify, or leave it out", **trained, recipe=recipe)
    outputs, code = Outputs.of(output, dropped), standard_code(language) if language else None
    for path in (outputs.rows, outputs.summary, *([dropped] if dropped else [])):
        check_output_is_free(path, data, is_own=outputs.are_own, force=force)
    chosen = _rules(rules, drop or [])
    asked = _judge(judge, judge_url, key_env, price, budget, chosen, data, code)
    plan = None
    if verify:
        plan = _trials(base, benchmark or [], code, recipe, trials or _TRIALS, rng_seed, verify_rows)
    from polyteach.cli.watched import watched

    with stopped_with_a_code("--budget"), told_in_options(), watched("filter") as progress:
        with asked.open(str(code), rng_seed, progress) if asked else nullcontext() as opened:
            context = Context(rng_seed=rng_seed, judge=opened, progress=progress)
            summary, judged = filter_files(data, outputs, chosen, language=code, context=context)
        summary = summary | {"took": asked.bill() if asked else []}
        write_json(outputs.summary, summary)
        if plan:
            from polyteach.curation.reading import training_rows
            from polyteach.curation.verify import verify as compare

            stays = [not reasons for reasons in judged.reasons]
            summary = summary | {"verify": compare(list(training_rows(data, code)), stays, plan, progress)}
            write_json(outputs.summary, summary)
    if others := summary["kept_with_other_turns"]:
        from polyteach.cli.display import warn

        warn(f"{others:,} of the rows that stay say more than a prompt and its answer: no rule saw the rest")
    if as_json:
        print_json(summary)
    else:
        from polyteach.cli.filter_tables import print_filtered

        print_filtered(summary, output)


def _rules(file: Path | None, named: Sequence[str]) -> Sequence[AnyRule]:
    from polyteach.curation.naming import read_rules, rules_named
    from polyteach.rules import DEFAULTS

    if file and named:
        raise UserError("are two ways to say one thing", where="--rules, --drop", fix="take one of them")
    return read_rules(file) if file else rules_named(named) if named else DEFAULTS


def _judge(
    name: str | None,
    url: str | None,
    key_env: str | None,
    price: str | None,
    budget: float | None,
    rules: Sequence[AnyRule],
    data: Sequence[Path],
    code: str | None,
) -> NamedJudge | None:
    """The judge to be asked; None: marks are read from the data."""
    from polyteach.cli.judges import NamedJudge, payer_of
    from polyteach.rules.judged import JudgeBelow

    if name and not any(isinstance(rule, JudgeBelow) for rule in rules):
        raise UserError("no rule asks for marks", "--judge", "add --drop 'judge_below: {least: 3}'")
    if name and code is None:
        raise UserError("a judge is told the language", "--judge", "add --language")
    return NamedJudge.of(
        name,
        url=url,
        key_env=key_env,
        journal=None,
        price=price,
        budget=budget,
        payer=payer_of("measure", data, str(code)),  # one account: both pay for the same marks
    )


def _trials(
    base: str | None,
    benchmarks: Sequence[str],
    code: str | None,
    recipe: Path | None,
    trials: int,
    rng_seed: int,
    rows: int | None,
) -> Trials:
    """How students are trained and examined; all is looked at before anything is done."""
    from polyteach.benchmarks.stand_alone import open_exams
    from polyteach.curation.recipes import benchmark_named, recipe_of
    from polyteach.curation.verify import Trials
    from polyteach.resources import STUDY_PACKAGES, check_installed, find_model

    for value, option in ((base, "--base"), (benchmarks, "--benchmark"), (code, "--language")):
        if not value:
            raise UserError("is needed by --verify", where=option, fix=f"add {option}")
    check_installed(STUDY_PACKAGES, "--verify")
    exams = open_exams([benchmark_named(name, str(code)) for name in benchmarks], str(code), None)
    location = find_model(str(base), Path()).location
    return Trials(str(base), location, str(code), exams, recipe_of(recipe, str(base)), trials, rng_seed, rows)
