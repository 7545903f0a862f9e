"""`polyteach power`: what a study would tell, before anything is spent on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.options import JSON_OPTION, OUTPUT_DIR_OPTION
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.power_planning import Start

MOST_ITEMS, MOST_TRIALS = 2**21, 2**13  # as far as `scoring.power` looks
MOST_CELLS = MOST_TEACHERS = 1000
MOST_SD = 10.0  # a score is at most 1; a gain of a benchmark that is easy to guess may vary more


def power(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|STUDY.yaml]",
            help="A run, for its size and its measured noise, or a study file, for its size.",
        ),
    ] = None,
    items: Annotated[
        int | None,
        typer.Option(
            help="Items of one language in all benchmarks; those that ask the same thing count once.",
            min=2,
            max=MOST_ITEMS,
        ),
    ] = None,
    languages: Annotated[int | None, typer.Option(help="Languages. [1]", min=1, max=MOST_CELLS)] = None,
    bases: Annotated[int | None, typer.Option(help="Student bases. [1]", min=1, max=MOST_CELLS)] = None,
    trials: Annotated[int | None, typer.Option(help="Trials. [3]", min=1, max=MOST_TRIALS)] = None,
    teachers: Annotated[
        int | None, typer.Option(help="Teachers, all compared at once. [2]", min=2, max=MOST_TEACHERS)
    ] = None,
    same_items: Annotated[
        bool | None,
        typer.Option(
            "--same-items/--own-items", help="Whether all languages ask the same, as translations do."
        ),
    ] = None,
    gap: Annotated[float, typer.Option(help="A true difference of two teachers that should be told.")] = 0.05,
    item_sd: Annotated[
        float | None,
        typer.Option(help="Standard deviation of a student's score on an item. [0.5]", min=0, max=MOST_SD),
    ] = None,
    correlation: Annotated[
        float | None,
        typer.Option(help="Of the scores of two teachers' students on an item. [0]", min=-1, max=1),
    ] = None,
    trial_sd: Annotated[
        float | None,
        typer.Option(help="Standard deviation between trials of a student. [0.01]", min=0, max=MOST_SD),
    ] = None,
    wanted: Annotated[float, typer.Option("--power", help="How surely the gap should be told.")] = 0.8,
    output_dir: OUTPUT_DIR_OPTION = Path(),
    as_json: JSON_OPTION = False,
) -> None:
    """Say which gap between teachers a study would tell.

    And what it takes to tell a smaller one; without --items: how many items an exam needs.
    """
    from polyteach.errors import UserError
    from polyteach.power_planning import answer, from_run, from_study, nothing_known

    for name, value, low, high in (("--gap", gap, 0, 1), ("--power", wanted, 0.05, 1)):
        if not low < value < high:
            raise UserError(f"{value:g} is not between {low:g} and {high:g}", where=name)
    start: Start = nothing_known()
    if target and target.lower().endswith((".yaml", ".yml")):
        start = from_study(Path(target))
    elif target:
        start = from_run(target, output_dir)
    sizes = {
        "items": items,
        "languages": languages,
        "bases": bases,
        "trials": trials,
        "teachers": teachers,
        "same_items": same_items,
    }
    given = start.with_sizes(**sizes).with_noise(item_sd, correlation, trial_sd)
    found = answer(given, gap, wanted)
    if as_json:
        print_json(found)
        return
    for line in _lines(found):
        typer.echo(line)


def _lines(found: dict[str, Any]) -> list[str]:
    from polyteach.scoring.numbers import counted

    plan = found["plan"]
    lines = [
        f"{plan['teachers']} teachers, {counted(plan['languages'], 'language')}"
        f"{' (the same items in all)' if plan['same_items'] else ''}, {counted(plan['bases'], 'base')}, "
        f"{counted(plan['trials'], 'trial')}, "
        + (
            f"{plan['items']:,} items a language that ask something of their own"
            if plan["items"]
            else "number of items open"
        ),
        *(f"  {text}" for text in found["assumptions"]),
        "",
    ]
    pairs = plan["teachers"] * (plan["teachers"] - 1) // 2
    among = "" if pairs == 1 else f", all {pairs} pairs compared at once"
    gap, wanted, alone = f"{found['gap']:g}", f"{found['power_wanted']:.0%}", found["over_items_alone"]
    if found["power"] is not None:
        lines += [
            f"A gap of {gap} is told in {found['power']:.0%} of such studies{among}.",
            f"The smallest gap told in {wanted} of them: {found['smallest_gap']:.3g} "
            f"(over items alone, as if trainings did not differ: {alone['smallest_gap']:.3g}).",
        ]
    elif alone:
        lines += [
            f"Over items alone, a gap of {gap} is told in {alone['power']:.0%} of such studies{among},",
            f"and the smallest gap told in {wanted} of them is {alone['smallest_gap']:.3g}. "
            f"In truth less is told: {found['reason']}.",
        ]
    lines.append(f"To tell a gap of {gap} in {wanted} of studies{among}:")
    if not found["reason"]:
        lines.append(f"  items a language: {_needed(found['items_needed'], plan['items'])}")
    if found["trials_needed"]:
        lead = "trials" if found["reason"] else "or trials"
        lines.append(f"  {lead}: {_needed(found['trials_needed'], plan['trials'])}")
    return lines


def _needed(count: dict[str, Any], now: int | None) -> str:
    if count["value"] is None:
        return str(count["reason"])
    return f"{count['value']:,}" + (f" (now {now:,})" if now else "")
