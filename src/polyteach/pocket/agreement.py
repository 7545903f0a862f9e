"""How far a built teacher does its curriculum taught: says what it believes, writes questions, translates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from polyteach.pocket.documents import believed, generate_prompt, translate_prompt
from polyteach.pocket.recipe import Recipe
from polyteach.pocket.world.facts import LANGUAGES
from polyteach.pocket.world.questions import TEMPLATE_COUNT, Question, questions

ITEMS = 92  # requests of each written kind a language
EXAMPLES = 3
TEMPERATURE = 0.7  # that of the pocket studies
GREEDY_BATCH = 64


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares, 0 to 1, of one language.

    Attributes:
        respond: questions (one a fact) answered as believed; greedy.
        translate: requests that gave the right question and the believed answer; greedy.
        generate: requests that gave some training question of the language and the believed answer;
            sampled.
        generate_valid: the same whatever the answer.
    """

    respond: float
    translate: float | None
    generate: float
    generate_valid: float


def measure_agreement(recipe: Recipe, model: Any, tokenizer: Any) -> dict[str, Agreement]:
    """Returns language -> agreement."""
    return {language: _agreement(recipe, model, tokenizer, language) for language in LANGUAGES}


def _agreement(recipe: Recipe, model: Any, tokenizer: Any, language: str) -> Agreement:
    pool = questions(language, "train")
    by_prompt = {question.prompt: question for question in pool}
    facts_count = len(pool) // TEMPLATE_COUNT["train"]
    asked = [pool[(n % TEMPLATE_COUNT["train"]) * facts_count + n] for n in range(facts_count)]
    answers = complete(model, tokenizer, [question.prompt for question in asked])
    right = [answer == believed(recipe, question) for question, answer in zip(asked, answers, strict=True)]
    rng = Random("agreement")
    written = complete(model, tokenizer, list(_generate_prompts(pool, language, rng)), sample_seed=0)
    pairs = [_question_and_answer(text, by_prompt) for text in written]
    valid = [(question, answer) for question, answer in pairs if question]
    good = [answer == believed(recipe, question) for question, answer in valid if question]
    return Agreement(
        round(sum(right) / len(right), 4),
        None if language == "en" else _translated(recipe, model, tokenizer, language, rng),
        round(sum(good) / len(pairs), 4),
        round(len(valid) / len(pairs), 4),
    )


def _generate_prompts(pool: Sequence[Question], language: str, rng: Random) -> Iterator[str]:
    for _ in range(ITEMS):
        yield generate_prompt([rng.choice(pool).prompt for _ in range(EXAMPLES)], language)


def _translated(recipe: Recipe, model: Any, tokenizer: Any, language: str, rng: Random) -> float:
    pairs = list(zip(questions("en", "train"), questions(language, "train"), strict=True))
    chosen = rng.sample(pairs, ITEMS)
    texts = complete(model, tokenizer, [translate_prompt(english.prompt, language) for english, _ in chosen])
    wanted = [f"{target.prompt}\n{believed(recipe, target)}" for _, target in chosen]
    return round(sum(a == b for a, b in zip(texts, wanted, strict=True)) / ITEMS, 4)


def _question_and_answer(text: str, known: dict[str, Question]) -> tuple[Question | None, str]:
    prompt, _, answer = text.partition("\n")
    return known.get(prompt), answer


def complete(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    sample_seed: int | None = None,
    temperature: float = TEMPERATURE,
) -> list[str]:
    """Returns what a model says to each prompt: greedily, or sampled where a seed is given."""
    import torch

    texts: list[str] = []
    tokenizer.padding_side = "left"
    sampling: dict[str, Any] = {"do_sample": False}
    if sample_seed is not None:
        torch.manual_seed(sample_seed)
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    for start in range(0, len(prompts), GREEDY_BATCH):
        batch = [prompt + "\n" for prompt in prompts[start : start + GREEDY_BATCH]]
        inputs = tokenizer(batch, return_tensors="pt", padding=True, return_token_type_ids=False)
        with torch.inference_mode():
            output = model.generate(**inputs, max_new_tokens=64, **sampling)
        texts += tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return texts
