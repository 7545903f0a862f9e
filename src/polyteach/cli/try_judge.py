"""`polyteach try-judge`: can a judge be trusted, and what do answers earn that ask it for a 5?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyteach.cli.judges import (
    JUDGE_BUDGET,
    JUDGE_JOURNAL,
    JUDGE_PRICE,
    JUDGE_URL,
    NamedJudge,
    bill_in_words,
    payer_of,
)
from polyteach.cli.options import JSON_OPTION, stopped_with_a_code, told_in_options
from polyteach.cli.terminal import print_json

if TYPE_CHECKING:
    from polyteach.figures import Figure
    from polyteach.quality.judge import Judge
    from polyteach.quality.judge_trial import AttackResult
    from polyteach.rows import Row


def try_judge(
    judge: Annotated[str, typer.Argument(help="'oracle' (pocket world only), or a model, as in `measure`.")],
    file: Annotated[
        Path,
        typer.Argument(help="Prompts and good responses of the language, best by people: JSONL, CSV ..."),
    ],
    language: Annotated[str, typer.Option(help="The language of the file, such as ja or swh_Latn.")],
    judge_url: JUDGE_URL = None,
    key_env: Annotated[
        str | None, typer.Option(help="The environment variable with the key of its server.")
    ] = None,
    price: JUDGE_PRICE = None,
    budget: JUDGE_BUDGET = None,
    journal: JUDGE_JOURNAL = None,
    pairs: Annotated[int, typer.Option(min=2, help="Rows of the file that it is tried on, at most.")] = 40,
    rng_seed: Annotated[int, typer.Option(min=0, help="Which rows, and how they are damaged.")] = 0,
    as_json: JSON_OPTION = False,
) -> None:
    """Try a judge: tells it good from damaged, and what does asking for a 5 earn?

    For each row about 60 marks and 4 comparisons are asked for.
    """
    from polyteach.cli.watched import watched
    from polyteach.languages import standard_code
    from polyteach.seed_data.files import read_file

    code = standard_code(language)
    rows = [row for row in read_file(file, language=code) if row.response.strip()]
    with stopped_with_a_code("--budget"), told_in_options():
        asked = NamedJudge.of(
            judge,
            url=judge_url,
            key_env=key_env,
            journal=journal,
            price=price,
            budget=budget,
            payer=payer_of("try-judge", [file], code),
        )
        assert asked, "a judge is named"
        with watched(judge) as progress, asked.open(code, rng_seed, progress) as opened:
            checks, spared, bare = _tried(opened, rows, code, pairs, rng_seed)
    if as_json:
        print_json(
            {
                "schema_version": 1,
                "judge": judge,
                "language": code,
                "rng_seed": rng_seed,
                "checks": {name: figure.to_json() for name, figure in checks.items()},
                "attacks": [
                    {**one.to_json(), "without_pleas": other.to_json()}
                    for one, other in zip(bare, spared, strict=True)
                ],
                "took": asked.bill(),
            }
        )
        return
    _print(judge, checks, spared, bare)
    for bill in asked.bill():
        print(bill_in_words(bill))


def _tried(
    judge: Judge, rows: Sequence[Row], code: str, pairs: int, rng_seed: int
) -> tuple[dict[str, Figure], list[AttackResult], list[AttackResult]]:
    """The judge's checks; and what attacks earn, with pleas cut and as they are."""
    from polyteach.errors import UserError
    from polyteach.quality.corruptions import BOILERPLATE, CUT_OFF, NOISE, SHUFFLED, SWAPPED, corrupt_all
    from polyteach.quality.gate import split
    from polyteach.quality.judge_checks import judge_checks
    from polyteach.quality.judge_trial import try_attacks

    clean, held_out = split(rows, pairs, rng_seed)
    if len(clean) < 2:
        raise UserError(f"{len(rows)} rows with a response", where="FILE", fix="give it four or more")
    damaged = corrupt_all(clean, held_out=held_out, others=(), group=2, rng_seed=rng_seed)
    kinds = (SHUFFLED, CUT_OFF, BOILERPLATE, SWAPPED, NOISE)  # no other language is at hand
    corrupted = {name: damaged[name].rows for name in kinds}
    checks = judge_checks(judge, clean, corrupted, code, n=pairs, rng_seed=rng_seed)
    bad = [row for row in corrupted[SWAPPED] if row is not None]
    bare = try_attacks(judge.bare or judge, bad, code)
    return checks, try_attacks(judge, bad, code) if judge.bare else bare, bare


def _print(
    judge: str, checks: dict[str, Figure], spared: Sequence[AttackResult], bare: Sequence[AttackResult]
) -> None:
    """Both tables, on stdout."""
    from rich.markup import escape
    from rich.table import Table

    from polyteach.cli.terminal import output_console
    from polyteach.quality.gate import LEAST_AUC
    from polyteach.quality.judge_checks import PLEADING_CHECK

    console = output_console(100)
    table = Table(title=f"Checks of {escape(judge)}", title_justify="left")
    for head in ("check", "value", "95% interval", "n"):
        table.add_column(head, justify="left" if head == "check" else "right")
    for name, figure in checks.items():
        value = figure.reason or "-" if figure.value is None else f"{figure.value:.2f}"
        table.add_row(name.replace("_", " "), value, _interval(figure), str(figure.n))
    console.print(table)
    table = Table(title="Marks of bad responses with each attack, minus without", title_justify="left")
    for head in ("attack", "as it is", "95% interval", "raised", "unread", "pleas cut", "raised", "unread"):
        table.add_column(head, justify="left" if head == "attack" else "right", no_wrap=head == "attack")
    for one, other in zip(bare, spared, strict=True):
        table.add_row(
            one.name.replace("_", " "),
            _number(one.change, "+.2f"),
            _interval(one.change),
            _number(one.raised, ".0%"),
            _unread(one.change),
            _number(other.change, "+.2f"),
            _number(other.raised, ".0%"),
            _unread(other.change),
        )
    console.print(table)
    reasons = sorted({why for one in (*bare, *spared) for why in one.change.unscored})
    if reasons:
        console.print(f"Unread: {', '.join(reasons)} (`--json` has how often).")
    low = checks[PLEADING_CHECK].low
    passes = low is not None and low >= LEAST_AUC
    said = "stands the gate's test with pleas" if passes else "would fail its gate: it gives in to pleas"
    bound = "undefined" if low is None else f"{low:.2f}"
    console.print(f"It {said} ({PLEADING_CHECK}: lower bound {bound}, {LEAST_AUC} is asked for).")


def _number(figure: Figure, form: str) -> str:
    return "-" if figure.value is None else format(figure.value, form)


def _unread(figure: Figure) -> str:
    return str(sum(figure.unscored.values()) or "")


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{figure.low:.2f} to {figure.high:.2f}"
