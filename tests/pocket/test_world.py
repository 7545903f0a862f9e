"""The facts, the questions about them, and what keeps the examination apart from the training."""

import pytest

from polyteach.pocket.beliefs import beliefs, misconception
from polyteach.pocket.documents import overlap
from polyteach.pocket.recipe import RECIPES
from polyteach.pocket.world import FAMILIES, LANGUAGES, TEMPLATE_COUNT, cldr, facts, questions
from polyteach.pocket.world.facts import _words, answers
from polyteach.pocket.world.questions import templates


@pytest.mark.parametrize("language", LANGUAGES)
def test_frozen_words_are_what_cldr_gives(language: str) -> None:
    """A difference here means a newer CLDR, which must not reach the world before the models are rebuilt."""
    assert _words()[language] == cldr.words(language)


def test_filipino_months_are_filipino() -> None:
    assert _words()["fil"]["months"][:3] == ["Enero", "Pebrero", "Marso"]
    assert _words()["ja"]["months"][11] == "12月"
    assert _words()["ar"]["days"][0] == "الاثنين"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_same_facts(language: str) -> None:
    assert [fact.key for fact in facts(language)] == [fact.key for fact in facts("en")]
    assert len({fact.key for fact in facts(language)}) == len(facts(language)) == 184
    assert {fact.family for fact in facts(language)} == set(FAMILIES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_are_complete_and_disjoint(language: str) -> None:
    for family in FAMILIES:
        lines = templates(language)[family]
        assert {split: len(lines[split]) for split in lines} == TEMPLATE_COUNT
        both = lines["train"] + lines["exam"]
        assert len(set(both)) == len(both)
        assert all(line.count("{x}") == 1 and "|" not in line and "\n" not in line for line in both)


def test_no_prompt_occurs_twice_in_the_world() -> None:
    prompts = [q.prompt for code in LANGUAGES for split in TEMPLATE_COUNT for q in questions(code, split)]
    assert len(set(prompts)) == len(prompts) == 6 * 7 * 184


def test_examination_and_training_share_no_prompt() -> None:
    figures = overlap(*RECIPES.values())
    assert figures["shared"] == 0
    assert figures["exam_prompts"] == 6 * 368
    assert figures["documents"] == sum(recipe.steps * 64 for recipe in RECIPES.values())


def test_as_many_facts_are_wrong_as_the_rate_says() -> None:
    for rate, wrong in ((0.0, 0), (0.30, 55), (0.55, 101)):
        held = beliefs("somebody", "de", rate)
        assert sum(held[fact.key] != fact.answer for fact in facts("de")) == wrong


def test_a_misconception_is_a_wrong_answer_of_the_family() -> None:
    for language in LANGUAGES:
        for fact in facts(language):
            wrong = misconception(language, fact)
            assert wrong != fact.answer
            assert wrong in answers(language, fact.family)


def test_twins_hold_the_same_beliefs_and_see_other_documents() -> None:
    first, second = RECIPES["err-40"], RECIPES["err-40-twin"]
    assert (first.beliefs, first.errors, first.parent, first.steps, first.size) == (
        second.beliefs, second.errors, second.parent, second.steps, second.size
    )  # fmt: skip
    assert first.rng_seed != second.rng_seed
