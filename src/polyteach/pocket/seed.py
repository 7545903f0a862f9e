"""Seed data of the pocket world: correct questions and answers, in the words of the training templates."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from polyteach.errors import UserError
from polyteach.pocket.world import LANGUAGES, TEMPLATE_COUNT, Question, facts, questions

if TYPE_CHECKING:
    from polyteach.rows import Row

SEED_ROW_COUNT = 920  # 184 facts x 5 training templates, in each language


def seed_rows(language: str, n: int, rng_seed: int) -> list[Row]:
    """Returns n rows of true seed data, no prompt twice, spread evenly over the facts.

    The first 184 rows ask about every fact once, the next 184 again in other words, and so on: few rows
    should not leave facts out by chance.

    Args:
        language: one of `LANGUAGES`.
        n: how many rows, at most `SEED_ROW_COUNT`.
        rng_seed: of the order; the same rows come first for every n.

    Raises:
        UserError: the language is none of the pocket world's, or n is more than there are.
    """
    from polyteach.rows import Row  # pyarrow behind it takes longer to import than all of this module

    if language not in LANGUAGES:
        raise UserError(f"the pocket world has no language {language!r}", fix=f"use {', '.join(LANGUAGES)}")
    if not 0 <= n <= SEED_ROW_COUNT:
        raise UserError(
            f"{n} seed rows asked for, the pocket world has {SEED_ROW_COUNT} in each language",
            fix=f"ask for at most {SEED_ROW_COUNT}",
        )
    return [
        Row(
            id=question.id,
            language=language,
            method="human",
            teacher="",
            source="pocket",
            source_id=question.id,
            prompt=question.prompt,
            response=question.fact.answer,
        )
        for question in _shuffled(language, rng_seed)[:n]
    ]


def _shuffled(language: str, rng_seed: int) -> list[Question]:
    rng = Random(f"seed data {language} {rng_seed}")
    pool, count = questions(language, "train"), len(facts(language))
    rounds = range(TEMPLATE_COUNT["train"])
    order = [rng.sample(rounds, len(rounds)) for _ in range(count)]
    return [pool[order[n][turn] * count + n] for turn in rounds for n in rng.sample(range(count), count)]
