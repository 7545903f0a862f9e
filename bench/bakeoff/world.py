"""The 24 controlled teachers of `teachers.yaml`: what each writes, in a language, for an rng_seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bakeoff.traps import likeliest_wrong, own_samples, shuffled_comment
from polyteach.pocket import seed_rows
from polyteach.pocket.beliefs import beliefs, draw
from polyteach.pocket.simulated import Dials, answer, answered, in_another_language, originals
from polyteach.pocket.world import Question
from polyteach.rows import Row

TEACHERS = Path(__file__).with_name("teachers.yaml")
REFERENCE, UNTRAINED = "reference", ""


@dataclass(frozen=True)
class Teacher:
    """A controlled teacher; see `teachers.yaml`."""

    name: str
    dials: Dials
    beliefs_seed: int
    trap: str


@cache
def plan() -> Mapping[str, Any]:
    """The file as it is."""
    found: Mapping[str, Any] = yaml.safe_load(TEACHERS.read_text(encoding="utf-8"))
    return found


@cache
def teachers() -> Mapping[str, Teacher]:
    """The 24, in the file's order."""
    found = {}
    for name, asked in plan()["teachers"].items():
        dials = {dial: value for dial, value in asked.items() if dial not in ("trap", "beliefs_seed")}
        found[name] = Teacher(name, Dials(**dials), asked.get("beliefs_seed", 1), asked.get("trap", ""))
    return found


def rows_of(name: str, language: str, base: str, rng_seed: int, n: int) -> list[Row]:
    """The first n rows that a teacher writes: answers to the first n seed questions of that rng_seed.

    All teachers of an rng_seed answer the same questions, but that a copy takes the place of its own. Fewer
    rows are a prefix of more: what is copied or in another language is decided over `max(rungs)` rows.

    Args:
        name: of one of the 24, or `reference`: the seed data itself.
        language: of the questions.
        base: matters to `own_samples` only.
        rng_seed: of questions, copies and rows in another language.
        n: rows, at most `max(rungs)`.
    """
    most = max(plan()["rungs"])
    asked = seed_rows(language, most, rng_seed)
    if name == REFERENCE:
        return asked[:n]
    known = [question for question in answered(language, [row.prompt for row in asked]) if question]
    said = _answers(teachers()[name], language, base, rng_seed, tuple(known))
    order = originals(most, teachers()[name].dials.unique, rng_seed)
    return [
        Row(
            id=f"{name}/{language}/{rng_seed}/{number}",
            language=language,
            method="respond",
            teacher=name,
            source="pocket",
            source_id=known[original].id,
            prompt=known[original].prompt,
            response=said[original],
        )
        for number, original in enumerate(order[:n])
    ]


@cache
def _answers(
    teacher: Teacher, language: str, base: str, rng_seed: int, asked: tuple[Question, ...]
) -> Sequence[str]:
    if teacher.trap == "own_samples":
        return own_samples(base, [question.prompt for question in asked], rng_seed)
    if teacher.trap == "likeliest_wrong":
        wrong = likeliest_wrong(language)
        believed = beliefs(f"simulated {teacher.beliefs_seed}", language, teacher.dials.error)
        return [
            question.fact.answer if believed[question.fact.key] == question.fact.answer
            else wrong[question.fact.key]
            for question in asked
        ]  # fmt: skip
    foreign = in_another_language(len(asked), teacher.dials.wrong_language, rng_seed)
    said = [
        answer(question, teacher.dials, teacher.beliefs_seed, number in foreign).text
        for number, question in enumerate(asked)
    ]
    return [shuffled_comment(text, language) for text in said] if teacher.trap == "shuffled_comment" else said


def parameters() -> dict[str, float]:
    """How large each teacher is said to be: drawn evenly on a log scale, so independent of its quality."""
    facts = plan()["facts"]
    low, high = facts["parameters"]
    share = {name: draw("size", facts["rng_seed"], name) / 2**64 for name in teachers()}
    return {name: float(f"{low * (high / low) ** share[name]:.3g}") for name in share}


def own_benchmark() -> dict[str, float | None]:
    """Right answers of each teacher to facts in English, the same ones for all; None for the base's samples.

    English is the one language in which a maker's benchmark usually is; the facts that a teacher is wrong
    about are others in each language, their share is the same.
    """
    from polyteach.pocket.world import facts

    asked = sorted(facts("en"), key=lambda fact: draw("benchmark", plan()["facts"]["rng_seed"], fact.key))
    asked = asked[: plan()["facts"]["benchmark_items"]]
    found: dict[str, float | None] = {}
    for name, one in teachers().items():
        believed = beliefs(f"simulated {one.beliefs_seed}", "en", one.dials.error)
        right = sum(believed[fact.key] == fact.answer for fact in asked) / len(asked)
        found[name] = None if one.trap == "own_samples" else right
    return found
