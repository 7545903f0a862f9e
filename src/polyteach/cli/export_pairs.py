"""The preference pairs of `polyteach export`: whose answers are compared, and who says which is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.cli.judges import NamedJudge, payer_of
from polyteach.cli.options import refuse_given
from polyteach.errors import UserError

if TYPE_CHECKING:
    from polyteach.export.examples import Example
    from polyteach.export.pairs import Preferences
    from polyteach.export.run import Run

SCORES = "scores"
MARGIN = 1.0


@dataclass(frozen=True)
class PairsJudge:
    """The second source of answers, and the judge.

    Attributes:
        teacher: the second source is this teacher of the same source; None where it is a file.
        file: the second source's file.
        judge: who is asked; None where scores are read.
        margin: of scores, see `pairs.scored_preferences`.
    """

    teacher: str | None
    file: Path | None
    judge: NamedJudge | None
    margin: float

    @classmethod
    def of(
        cls,
        other: str | None,
        judge: str | None,
        source: Sequence[Path],
        run: Run | None,
        *,
        url: str | None,
        key_env: str | None,
        price: str | None,
        budget: float | None,
        journal: Path | None,
        margin: float | None,
    ) -> PairsJudge | None:
        """What the options name; None without --pairs.

        Raises:
            UserError: options are missing or do not go together, or the judge is nowhere.
        """
        asking = {"judge_url": url, "key_env": key_env, "price": price, "budget": budget, "journal": journal}
        if other is None:
            fix = "add --pairs, or leave it out"
            refuse_given("is for preference pairs", fix, judge=judge, **asking, margin=margin)
            return None
        if judge is None:
            fix = "add --judge: a model's name, oracle, or scores that the rows carry"
            raise UserError("nobody says which answer is better", where="--pairs", fix=fix)
        if margin is not None and not (margin > 0):
            raise UserError("is above 0", where="--margin", fix="give points on the judges' scale, such as 1")
        file = None if run and other in run.candidates else Path(other) if Path(other).is_file() else None
        teacher = None if file else other
        if judge == SCORES and not url:
            refuse_given("is for a judge that is asked", "leave it out: scores are read", **asking)
            return cls(teacher, file, None, MARGIN if margin is None else margin)
        refuse_given("is for --judge scores", "leave it out", margin=margin)
        asked = NamedJudge.of(
            judge,
            url=url,
            key_env=key_env,
            journal=journal,
            price=price,
            budget=budget,
            payer=payer_of("export", [*source, Path(other)]),
        )
        return cls(teacher, file, asked, MARGIN)

    @property
    def files(self) -> list[Path]:
        """The file that is read beside the source."""
        return [self.file] if self.file else []

    @property
    def words(self) -> str:
        """How the better answer was found, in a sentence of Markdown."""
        if self.judge is None:
            return (
                "Chosen is the answer that every judge whose score both answers carry put higher, each by "
                f"{self.margin:g} points or more."
            )
        from polyteach.export.card import as_text

        return (
            f"The judge {as_text(self.judge.name)} was asked about each two answers in both orders; kept is "
            "what both orders prefer."
        )

    def prefer(self, both: Sequence[tuple[Example, Example]], rng_seed: int) -> Preferences:
        """Finds the better answers; see `export.pairs`."""
        from polyteach.cli.watched import watched
        from polyteach.export.pairs import asked_preferences, scored_preferences

        if self.judge is None:
            return scored_preferences(both, self.margin)
        judge = self.judge
        if any(not first.language for first, _ in both):
            raise UserError("the rows' language is not known", where="--pairs", fix="name it with --language")
        with watched(f"judge {judge.name}") as progress:
            progress.start(2 * len(both), "comparisons")
            return asked_preferences(both, lambda language: judge.open(language, rng_seed, progress))

    def bill(self) -> list[dict[str, Any]]:
        """What the judge's answers took, where it is at a server."""
        return self.judge.bill() if self.judge else []
