"""A judge that options name: where it is, what its answers took, and which of them are no scores."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyteach.cli.options import refuse_given
from polyteach.errors import StepImpossible, UserError

if TYPE_CHECKING:
    from polyteach.models.took import Took
    from polyteach.quality.judge import Judge
    from polyteach.quality.sources import Source
    from polyteach.resources import Model
    from polyteach.steps import Progress

JUDGE_URL = Annotated[
    str | None, typer.Option(help="An OpenAI-compatible server that has the judge under this name.")
]
JUDGE_PRICE = Annotated[
    str | None,
    typer.Option(help="The judge's at a server: INPUT,OUTPUT in USD per million tokens, if you know better."),
]
JUDGE_BUDGET = Annotated[
    float | None, typer.Option(min=0, help="USD for the judge at a server; nothing is sent beyond it.")
]
JUDGE_JOURNAL = Annotated[
    Path | None,
    typer.Option(
        help="Where a judge's answers are kept; a rerun asks for none of them.",
        show_default=".polyteach/journal.sqlite, as of studies",
    ),
]
NO_SCORE_AT_ALL = "no_score_at_all"
_SHOWN = 80  # characters of an answer that is no score
_UNREAD = "judge_unparsable"


def default_journal() -> Path:
    """The journal of the store that studies of this folder use; one at a URL has its journal here."""
    from polyteach.cli.options import open_store

    return open_store(Path(), os.environ.get("POLYTEACH_STORE")).journal


def payer_of(what: str, files: Iterable[Path], *more: str) -> str:
    """For whom a judge's answers are counted: commands over the same files have one budget."""
    from polyteach.steps import digest_of

    return f"{what} {digest_of([sorted(str(path.resolve()) for path in files), *more])[:12]}"


@dataclass(frozen=True)
class NamedJudge:
    """Who gives rubric scores, as `open_judge` is to be called.

    Attributes:
        asked, locations, name: see `open_judge`.
        took: what each set of rows took, of a judge at a server.
    """

    asked: dict[str, str]
    locations: dict[str, str]
    name: str
    took: list[Took] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        name: str | None,
        *,
        url: str | None,
        key_env: str | None,
        journal: Path | None,
        price: str | None,
        budget: float | None,
        payer: str,
        prefix: str = "",
    ) -> NamedJudge | None:
        """The judge that the options name; None where they name none.

        Args:
            name: who is asked: `oracle`, a model of this machine, or its name at `url`.
            url: of a server.
            key_env: for one at a server, as the next two.
            price: INPUT,OUTPUT.
            budget: USD.
            key_env: for one at a server, as are price and budget.
            price: INPUT,OUTPUT.
            budget: USD.
            journal: where its answers are kept; None for that of the studies of this folder.
            payer: see `payer_of`.
            prefix: what `--key-env` and `--price` of the judge begin with, where others have these.

        Raises:
            UserError: it is nowhere, options are for another kind of judge, or a budget cannot be kept.
        """
        from polyteach.cli.options import check_price, price_in
        from polyteach.quality.judge import ENDPOINT, ORACLE

        if name is None:
            needs_a_name(url, "judge")
        if not url:
            missing = "--judge-url URL" if name else "--judge NAME --judge-url URL"
            served = {f"{prefix}key_env": key_env, f"{prefix}price": price, "budget": budget}
            refuse_given("is for a judge at a server", f"add {missing}, or leave it out", **served)
        kept = {"journal": str(journal or default_journal()), "payer": payer}
        if name is None:
            return None
        if url:
            where = json.dumps({"urls": [url], "key_env": key_env})
            locations = {"judge_endpoint": where} | kept
            option = f"--{prefix.replace('_', '-')}price"
            own = price_in(price, option) if price else None
            locations |= {"judge_price": json.dumps(own)} if own else {}
            if budget is not None:
                check_price(name, [url], own, option)
                locations |= {"budget": str(budget)}
            return cls({"kind": ENDPOINT, "model": name}, locations, name)
        if name == ORACLE:
            return cls({"kind": ORACLE}, {}, name)
        model = found_model(name, "--judge")
        return cls({"kind": "model", "model": model.digest}, {"judge": model.location} | kept, name)

    @contextmanager
    def open(self, language: str, rng_seed: int, progress: Progress) -> Iterator[Judge]:
        """The judge, ready to be asked."""
        from polyteach.quality.judge import open_judge

        try:
            with open_judge(
                self.asked, self.locations, language, name=self.name, rng_seed=rng_seed, progress=progress
            ) as judge:
                yield judge
                if judge.took:
                    self.took.append(judge.took)
        except StepImpossible as error:  # too many questions without an answer
            raise UserError(
                str(error), where=f"judge {self.name!r}", fix="see that its server is well"
            ) from error

    def bill(self) -> list[dict[str, Any]]:
        """What its answers took, those that were kept included; see `bill_of`."""
        return bill_of("judge", *self.took) if self.took else []

    def doubts(self, sources: Sequence[Source]) -> list[dict[str, Any]]:
        """A warning for each source in which answers of a model that judges are no scores."""
        from polyteach.quality.judge import ORACLE

        warnings: list[dict[str, Any]] = []
        if self.asked["kind"] == ORACLE:
            return warnings
        for place, source in enumerate(sources):
            figure = source.metrics["rubric"]
            unscored = {why: n for why, n in figure.unscored.items() if why != "empty_response"}
            missing = sum(unscored.values())
            if missing:
                said = ", ".join(f"{count} {why}" for why, count in sorted(unscored.items()))
                example = self._example(self.took[place : place + 1]) if _UNREAD in unscored else ""
                of = f"{source.teacher or source.path}: {missing} of {missing + figure.n}"
                message = f"{of} of the judge's answers have no readable score ({said}){example}"
                code = "unscored" if figure.n else NO_SCORE_AT_ALL
                warnings.append({"code": code, "where": source.path, "message": message})
        return warnings

    def _example(self, took: Sequence[Took]) -> str:
        """The beginning of the first answer that is no score, of a judge at a server."""
        from polyteach.models.build import open_journal
        from polyteach.quality.rubric import parse_score

        keys = [key for one in took for key in one.costs]
        with open_journal(self.locations) as journal:
            for key in keys:
                answer = journal.get(key)
                if answer and answer.text.strip() and parse_score(answer)[0] is None:
                    text = " ".join(answer.text.split())
                    return f", e.g. {text[:_SHOWN]!r}"
        return ""


def bill_of(role: str, *took: Took) -> list[dict[str, Any]]:
    """The sum over sets of rows as plain data; `money` in USD, None where nobody knows."""
    parts = [one.facts() for one in took]
    money = [part["money"] for part in parts]
    sums = ("requests", "prompt_tokens", "response_tokens", "thinking_tokens", "cached_tokens")
    total = {name: sum(part[name] for part in parts) for name in sums}
    known = None if None in money else round(sum(money), 6)
    return [{"role": role, "model": parts[0]["model"], **total, "money": known}]


def bill_in_words(bill: Mapping[str, Any]) -> str:
    """One line on what a judge or an embedder took."""
    from polyteach.cli.display import money
    from polyteach.scoring.numbers import counted

    paid = money(bill["money"], "USD unknown (no known price)")
    kept = ", answers that were kept included" if bill["role"] == "judge" else ""
    return (
        f"{bill['role']} {bill['model']}: {counted(bill['requests'], 'request')}, {bill['prompt_tokens']:,} "
        f"tokens sent, {bill['response_tokens']:,} received, {paid}{kept}"
    )


def needs_a_name(url: str | None, role: str) -> None:
    """Refuses a URL without a model's name."""
    if url:
        raise UserError(
            f"no model is named for {url}",
            where=f"--{role}-url",
            fix=f"add --{role} NAME, as the server calls it",
        )


def found_model(name: str, option: str) -> Model:
    """A model of this machine that an option names."""
    from polyteach.resources import ASK_PACKAGES, check_installed, find_model

    check_installed(ASK_PACKAGES, option)
    return find_model(name, Path())
