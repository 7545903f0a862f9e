"""Teachers that a model or a shuffle makes: what likelihood rewards without being right, and the reverse."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from random import Random
from typing import Any

import yaml

from polyteach.pocket import model_path
from polyteach.pocket.beliefs import draw
from polyteach.pocket.world import facts, questions
from polyteach.pocket.world.facts import answers

SAMPLED_TOKENS = 12
TEMPERATURE = 0.7
BATCH = 100


@cache
def loaded(base: str) -> tuple[Any, Any]:
    """A pocket base in float32 and its tokenizer."""
    from polyteach.students.base import load_base

    return load_base(str(model_path(base)))


@cache
def likeliest_wrong(language: str) -> dict[str, str]:
    """For each fact, the wrong answer of its family that base-a finds likeliest a token, first of equals."""
    from polyteach.models.likelihood import response_likelihoods

    model, tokenizer = loaded("base-a")
    asked = [question for question in questions(language, "train") if question.template == 0]
    pairs = [
        (question.fact.key, question.prompt, said)
        for question in asked
        for said in answers(language, question.fact.family)
        if said != question.fact.answer
    ]
    found = response_likelihoods(
        model.eval(), tokenizer, [(prompt, said) for _, prompt, said in pairs], context=512
    )
    best: dict[str, tuple[float, str]] = {}
    for (key, _, said), one in zip(pairs, found, strict=True):
        loss = float("inf") if one.nll is None else one.nll / one.tokens
        if key not in best or loss < best[key][0]:
            best[key] = (loss, said)
    return {fact.key: best[fact.key][1] for fact in facts(language)}


def own_samples(base: str, prompts: Sequence[str], rng_seed: int) -> list[str]:
    """What a base itself answers, drawn at `TEMPERATURE`: at least one token, at most `SAMPLED_TOKENS`."""
    import torch

    from polyteach.students.template import render

    model, tokenizer = loaded(base)
    torch.manual_seed(rng_seed)
    said: list[str] = []
    for at in range(0, len(prompts), BATCH):
        texts = [render(tokenizer, prompt) for prompt in prompts[at : at + BATCH]]
        asked = tokenizer(
            texts, add_special_tokens=False, return_tensors="pt", padding=True, padding_side="left"
        )
        written = model.eval().generate(
            **{name: asked[name] for name in ("input_ids", "attention_mask")},
            do_sample=True, temperature=TEMPERATURE, top_k=0, top_p=1.0,
            min_new_tokens=1, max_new_tokens=SAMPLED_TOKENS,
        )  # fmt: skip
        fresh = written[:, asked["input_ids"].shape[1] :]
        said += [text.strip() for text in tokenizer.batch_decode(fresh, skip_special_tokens=True)]
    return said


def shuffled_comment(said: str, language: str) -> str:
    """The answer, and on the next line a sentence about it with its words (Japanese: letters) shuffled."""
    sentence = _sentence(language).replace("{x}", said)
    pieces = list(sentence) if language == "ja" else sentence.split(" ")
    Random(draw("shuffled", language, said)).shuffle(pieces)
    return said + "\n" + ("" if language == "ja" else " ").join(pieces)


@cache
def _sentence(language: str) -> str:
    text = resources.files("polyteach.pocket").joinpath("verbose.yaml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)[language]["full"])
