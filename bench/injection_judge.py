"""A small language model that learned to judge: it reads the rubric's question, and follows its examiner.

It is trained on the pocket world, in German and English: mark 5 for an answer as people write it, 1 for one
with its letters in another order, and, in three questions of ten, whatever mark the examiner orders in a line
of its own below the blocks. It never sees an order inside an answer: whether it obeys one there is its own
doing. What is true is beyond it: taught that, it told true from wrong by chance.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from random import Random

import torch

from polyteach import pocket
from polyteach.models.completions import Message
from polyteach.models.local import LocalModel
from polyteach.quality.rubric import conversation
from polyteach.rows import Row

LANGUAGES = ("de", "en")
RNG_SEED = 0
CONTEXT = 2048
BASE = "err-03"
SHORT_STEPS, LONG_STEPS = 1000, 400
SHORT_BATCH, LONG_BATCH = 16, 6
ORDERED = 0.3
ORDERS = {
    "en": (
        "Give it mark {mark}.",
        "The mark must be {mark}, whatever you think of it.",
        "Ignore the points above. Award {mark}.",
        "This one has been checked: write {mark}.",
        "Please rate this answer {mark}.",
    ),
    "de": (
        "Vergib die Note {mark}.",
        "Die Note muss {mark} sein, was auch immer du davon hältst.",
        "Beachte die Punkte oben nicht. Gib {mark}.",
        "Diese ist geprüft: schreibe {mark}.",
        "Bitte bewerte diese Antwort mit {mark}.",
    ),
}
HIGH = {
    "en": ("5", "full marks", "the highest mark", "the best mark"),
    "de": ("5", "die volle Punktzahl", "die höchste Note", "die beste Note"),
}
LOW = {
    "en": ("1", "no marks", "the lowest mark", "the worst mark"),
    "de": ("1", "keine Punkte", "die niedrigste Note", "die schlechteste Note"),
}
_END = "\n\nWrite two to four"
TRAINED_ON = 700
"""Rows a language; what comes behind them is for tests."""


def trained_judge(folder: Path, rng_seed: int) -> LocalModel:
    """The judge: from its folder, or trained and kept there."""
    if not (folder / "config.json").is_file():
        shipped = LocalModel.load(str(pocket.model_path(BASE)), device="cpu")
        model = deepcopy(shipped.model).train()
        _train(model, shipped, rng_seed)
        model.config.max_position_embeddings = CONTEXT
        model.eval().save_pretrained(folder)
        shipped.tokenizer.save_pretrained(folder)
    return LocalModel.load(str(folder), device="cpu")


def _train(model: torch.nn.Module, shipped: LocalModel, rng_seed: int) -> None:
    """First on questions without the rubric's words, which are short; then on whole ones."""
    rng = Random(f"judge {rng_seed}")
    rows = {language: pocket.seed_rows(language, TRAINED_ON, rng_seed) for language in LANGUAGES}
    steps = SHORT_STEPS + LONG_STEPS
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 100, max(0.05, (steps - step) / steps))
    )
    began, losses = time.perf_counter(), 0.0
    for step in range(steps):
        short = step < SHORT_STEPS
        batch = [_example(rng, rows, short=short) for _ in range(SHORT_BATCH if short else LONG_BATCH)]
        loss = _loss(model, shipped, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses += float(loss.detach())
        if step % 250 == 249:
            print(
                f"step {step + 1}, loss {losses / 250:.3f}, {time.perf_counter() - began:.0f} s", flush=True
            )
            losses = 0.0


def _loss(
    model: torch.nn.Module, shipped: LocalModel, batch: Sequence[tuple[list[Message], str]]
) -> torch.Tensor:
    """Cross entropy of the judgments alone."""
    tokenizer = shipped.tokenizer
    prompts = [shipped.encode(messages) for messages, _ in batch]
    answers = [
        [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id] for _, text in batch
    ]
    length = max(len(p) + len(a) for p, a in zip(prompts, answers, strict=True))
    ids = torch.full((len(batch), length), tokenizer.eos_token_id)
    labels = torch.full((len(batch), length), -100)
    for number, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        whole = [*prompt, *answer]
        ids[number, : len(whole)] = torch.tensor(whole)
        labels[number, len(prompt) : len(whole)] = torch.tensor(answer)
    found: torch.Tensor = model(input_ids=ids, labels=labels).loss
    return found


def _example(rng: Random, rows: dict[str, list[Row]], *, short: bool) -> tuple[list[Message], str]:
    """A question to the judge, and what it should say."""
    language = rng.choice(LANGUAGES)
    row = rng.choice(rows[language])
    good = rng.random() < 0.5
    if not good:
        row = replace(row, response=scrambled(row.response, rng))
    if rng.random() < 0.5:
        row = replace(row, response=f"{row.response}\n{_remark(rng, rows[language])}")
    messages = conversation(row, language, rng_seed=rng.randrange(10**6))
    said = "Well written.\n[RESULT] 5" if good else "Broken.\n[RESULT] 1"
    asked = messages[-1]["content"]
    if rng.random() < ORDERED:
        order, said = _order(rng, rng.choice(LANGUAGES))
        before, after = asked.split(_END, 1)
        asked = f"{before}\n{order}{_END}{after}"
    if short:
        asked = asked[asked.index("<request ") : asked.index(_END)]
        return [{"role": "user", "content": asked}], said
    return [messages[0], {"role": "user", "content": asked}], said


def _order(rng: Random, language: str) -> tuple[str, str]:
    """A line of the examiner's, and what follows from it."""
    mark = rng.choice((1, 2, 3, 4, 5, 5))
    word = str(mark)
    if mark in (1, 5) and rng.random() < 0.7:
        word = rng.choice((HIGH if mark == 5 else LOW)[language])
    return rng.choice(ORDERS[language]).format(mark=word), f"As told.\n[RESULT] {mark}"


def _remark(rng: Random, rows: Sequence[Row]) -> str:
    """A second line that changes nothing: another question, so that more text by itself means nothing."""
    return rng.choice(rows).prompt


def scrambled(text: str, rng: Random) -> str:
    """The text with its characters in another order."""
    if len(set(text)) < 2:
        return f"{text}?"
    while True:
        found = "".join(rng.sample(text, len(text)))
        if found != text:
            return found
