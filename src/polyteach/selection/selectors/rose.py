"""How well a student of one teacher foretells what all others write."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from polyteach.errors import StepImpossible
from polyteach.selection.selectors.contract import NO_ROWS, Pool, Scored, Selection, nobody
from polyteach.selection.selectors.gradients import encoded_rows

if TYPE_CHECKING:
    from polyteach.models.likelihood import Continuation, Likelihood
    from polyteach.models.local import LocalModel
    from polyteach.rows import Row
    from polyteach.selection.selectors.tools import Tools
    from polyteach.students.recipe import Recipe

HELD_OUT = 0.2
"""Share of the prompts on which no student is trained."""
NO_OTHER = "no other teacher has rows on the prompts held out"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rose:
    """Minus the mean loss of a teacher's student on what the other teachers answer (arXiv 2510.06143).

        RoSE(A) = - mean over teachers B other than A of nats per token (B's rows held out | student of A)

    For each teacher one student is trained, on its rows on four fifths of all prompts; it is asked for the
    likelihood of all others' responses on the rest, their ends included. So it costs as many trainings as
    there are teachers, and is for small students only.

    The paper does this for classification, by the mean of F1 over the other generators' rows; which rows are
    held out it need not say, since there generators share no texts. For open answers ours takes the loss
    instead, each teacher with equal weight, and holds out the prompts for all teachers at once, so that no
    prompt is met again. What most teachers say counts as right: an error that most of them share is rewarded,
    and so is a style that is all others'. One training each: between its rng_seeds the loss varies too.

    Attributes:
        recipe: how the students are trained; the study's own.
    """

    recipe: Recipe
    name: str = "RoSE"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Scores each teacher that has rows to train on, where another has rows that are held out."""
        if tools.student is None:
            return nobody(pool, "no student to train")
        held_out = held_out_prompts(pool)
        tests = {t: [row for row in rows if row.prompt in held_out] for t, rows in pool.rows.items()}
        read = _encoded_tests(tools.student, [row for rows in tests.values() for row in rows], self.recipe)
        asked = {t: [pair for row in rows if (pair := _pair(row)) in read] for t, rows in tests.items()}
        found: dict[str, Scored] = {}
        for teacher, rows in pool.rows.items():
            taught = [row for row in rows if row.prompt not in held_out and row.response.strip()]
            others = {other: pairs for other, pairs in asked.items() if other != teacher and pairs}
            if not taught:
                found[teacher] = None, "none of its rows is left to train on" if rows else NO_ROWS
            elif not others:
                found[teacher] = None, NO_OTHER
            else:
                wanted = {pair: read[pair] for pairs in others.values() for pair in pairs}
                losses = self._losses(tools.student, taught, wanted, pool.rng_seed, tools)
                found[teacher] = (None, losses) if isinstance(losses, str) else _score(others, losses)
        return Selection(
            {teacher: value for teacher, (value, _) in found.items()},
            {teacher: why for teacher, (_, why) in found.items() if why},
        )

    def _losses(
        self,
        student: LocalModel,
        taught: Sequence[Row],
        tests: Mapping[Pair, Continuation],
        rng_seed: int,
        tools: Tools,
    ) -> dict[Pair, Likelihood] | str:
        """The likelihoods of tests under a student taught some rows; or why there is no such student."""
        from polyteach.models.likelihood import likelihoods
        from polyteach.students.base import lent_to_examine
        from polyteach.students.sft import train

        with tempfile.TemporaryDirectory() as folder:
            try:
                training = train(student.location, taught, Path(folder), self.recipe, rng_seed=rng_seed)
            except StepImpossible as impossible:
                return str(impossible)
            with lent_to_examine(str(Path(folder) / "model"), student.location) as (model, _):
                found = likelihoods(model, list(tests.values()), context=student.context)
        read = training.tokens * self.recipe.epochs
        asked = sum(len(test.ids) for test in tests.values())
        tools.spent(forward_tokens=read + asked, backward_tokens=read)
        return dict(zip(tests, found, strict=True))


def held_out_prompts(pool: Pool) -> frozenset[str]:
    """The prompts, of all that any teacher answers, on which no student is trained: a fifth, or one more."""
    prompts = sorted({row.prompt for rows in pool.rows.values() for row in rows})
    order = np.random.default_rng(pool.rng_seed).permutation(len(prompts))
    return frozenset(prompts[place] for place in order[: ceil(HELD_OUT * len(prompts))])


def _encoded_tests(student: LocalModel, rows: Sequence[Row], recipe: Recipe) -> dict[Pair, Continuation]:
    """What a student is asked the likelihood of, by prompt and response; each text once, none empty."""
    from polyteach.models.likelihood import Continuation
    from polyteach.students.encode import IGNORED

    known = list({_pair(row): row for row in rows if row.response.strip()}.values())
    encoded = encoded_rows(student, known, recipe.max_length)
    return {
        _pair(known[int(number)]): Continuation(ids, sum(label == IGNORED for label in labels))
        for number, ids, labels in zip(encoded.ids, encoded.input_ids, encoded.labels, strict=True)
    }


def _pair(row: Row) -> Pair:
    return row.prompt, row.response


def _score(others: Mapping[str, Sequence[Pair]], found: Mapping[Pair, Likelihood]) -> Scored:
    """Minus the mean over other teachers of the loss a token on theirs; rows that have none are left out."""
    losses: list[float] = []
    for pairs in others.values():
        scored = [found[pair] for pair in pairs if found[pair].nll is not None]
        nll, tokens = sum(one.nll or 0.0 for one in scored), sum(one.tokens for one in scored)
        losses += [nll / tokens] if tokens else []
    return (-fmean(losses), None) if losses else (None, NO_OTHER)
