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
from polyteach.selection.selectors.contract import NO_ROWS, Pool, Selection, nobody
from polyteach.selection.selectors.gradients import encoded_rows

if TYPE_CHECKING:
    from polyteach.models.likelihood import Continuation, Likelihood
    from polyteach.models.local import LocalModel
    from polyteach.rows import Row
    from polyteach.selection.selectors.tools import Tools
    from polyteach.students.recipe import Recipe

HELD_OUT = 0.2
"""Share of the prompts on which no student is trained."""
NO_OTHER = "no two other teachers' students can be held against one teacher's rows"
NOTHING_TAUGHT = "none of its rows is left to train on"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rose:
    """How little a teacher's student loses on what the other teachers answer (arXiv 2510.06143).

        L(A, B) = nats per token of B's rows held out, for the student of A
        RoSE(A) = - mean over B other than A of L(A, B) - l(B),  l(B) = mean over A other than B of L(A, B)

    For each teacher one student is trained, on its rows on four fifths of all prompts; it is asked for the
    likelihood of all others' responses on the rest, their ends included. So it costs as many trainings as
    there are teachers, and is for small students only.

    The paper does this for classification, by the mean of F1 over the other generators' rows. Ours, for open
    answers: the loss instead of F1, each teacher with equal weight; prompts are held out for all teachers at
    once, so that none is met again; and each other teacher's level l(B) is taken off. Without that a teacher
    that writes what nobody can foretell would cost all but itself, since none is held against its own rows,
    and the loss, unlike F1, has no upper end. So it needs three teachers.

    What most teachers say counts as right: an error that most of them share is rewarded, and so is a style
    that is all others'. One training each: the loss also varies between rng_seeds.

    Attributes:
        recipe: how the students are trained; the study's own.
    """

    recipe: Recipe
    name: str = "RoSE"

    def select(self, pool: Pool, tools: Tools) -> Selection:
        """Scores each teacher that has rows to train on."""
        student = tools.student
        if student is None:
            return nobody(pool, "no student to train")
        held_out = held_out_prompts(pool)
        tests = {t: [row for row in rows if row.prompt in held_out] for t, rows in pool.rows.items()}
        read = _encoded_tests(student, [row for rows in tests.values() for row in rows], self.recipe)
        asked = {t: [pair for row in rows if (pair := _pair(row)) in read] for t, rows in tests.items()}
        reasons: dict[str, str] = {}
        losses: dict[str, dict[str, float]] = {}
        for teacher, rows in pool.rows.items():
            taught = [row for row in rows if row.prompt not in held_out and row.response.strip()]
            others = {other: pairs for other, pairs in asked.items() if other != teacher and pairs}
            if not taught:
                reasons[teacher] = NOTHING_TAUGHT if rows else NO_ROWS
            elif others:
                wanted = {pair: read[pair] for pairs in others.values() for pair in pairs}
                found = self._likelihoods(student, taught, wanted, pool.rng_seed, tools)
                if isinstance(found, str):
                    reasons[teacher] = found
                else:
                    losses[teacher] = _losses(others, found)
        scores = rose(losses)
        return Selection.of({t: (scores.get(t), reasons.get(t, NO_OTHER)) for t in pool.rows})

    def _likelihoods(
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
                return str(impossible).splitlines()[-1]  # the lines before name examples
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


def _losses(others: Mapping[str, Sequence[Pair]], found: Mapping[Pair, Likelihood]) -> dict[str, float]:
    """The loss a token on each other teacher's rows; rows that have none are left out."""
    losses: dict[str, float] = {}
    for other, pairs in others.items():
        scored = [found[pair] for pair in pairs if found[pair].nll is not None]
        tokens = sum(one.tokens for one in scored)
        if tokens:
            losses[other] = sum(one.nll or 0.0 for one in scored) / tokens
    return losses


def rose(losses: Mapping[str, Mapping[str, float]]) -> dict[str, float | None]:
    """Scores of teachers from their students' losses; see `Rose`.

    Args:
        losses: by the student's teacher, on the rows of each other teacher.

    Returns:
        None for a teacher whose student is not held against rows of which another student is asked too.
    """
    of_others: dict[str, list[float]] = {}
    for own in losses.values():
        for other, loss in own.items():
            of_others.setdefault(other, []).append(loss)
    levels = {other: fmean(each) for other, each in of_others.items() if len(each) > 1}
    beyond = {
        teacher: [loss - levels[other] for other, loss in own.items() if other in levels]
        for teacher, own in losses.items()
    }
    return {teacher: -fmean(each) if each else None for teacher, each in beyond.items()}
