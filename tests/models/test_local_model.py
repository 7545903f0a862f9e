"""Local models: batches answer like single prompts, the same twice, and nothing crashes on a long prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from polyteach import pocket
from polyteach.errors import UserError
from polyteach.models import Completion, LocalModel

TEXTS = ["a", "what is a longer prompt", "Straße", "日本語", "b" * 40]
OPTIONS: dict[str, Any] = {
    "temperature": 0.8,
    "top_p": 0.9,
    "max_new_tokens": 12,
    "batch_size": 3,
    "rng_seed": 4,
}


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def answers(model: LocalModel, texts: list[str] = TEXTS, **changed: Any) -> list[Completion]:
    return model.generate([user(text) for text in texts], **(OPTIONS | changed))


def test_greedy_batches_answer_as_a_plain_loop_does(tiny_model: Path) -> None:
    model = LocalModel.load(str(tiny_model))
    found = answers(model, temperature=0)
    for text, answer in zip(TEXTS, found, strict=True):
        ids = model.encode(user(text))
        assert answer.prompt_tokens == len(ids)
        for _ in range(12):
            logits = model.model(torch.tensor([ids])).logits[0, -1]
            if len(ids) == answer.prompt_tokens:
                logits[0] = -torch.inf  # an answer has at least one token
            ids.append(int(logits.argmax()))
            if ids[-1] == 0:
                break
        new = ids[answer.prompt_tokens :]
        assert answer.finish_reason == ("stop" if new[-1] == 0 else "length")
        assert answer.text == model.tokenizer.decode([token for token in new if token != 0])
        assert answer.completion_tokens == sum(token != 0 for token in new)


def test_an_answer_is_never_without_a_token(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    weights = AutoModelForCausalLM.from_pretrained(tiny_model)
    torch.nn.init.zeros_(weights.lm_head.weight)  # all tokens alike: the likeliest is the first, the end
    model = LocalModel(weights, AutoTokenizer.from_pretrained(tiny_model), str(tiny_model))
    assert {(a.completion_tokens, a.finish_reason) for a in answers(model, temperature=0)} == {(1, "stop")}


def test_sampling_is_the_same_twice_and_follows_the_rng_seed(tiny_model: Path) -> None:
    model = LocalModel.load(str(tiny_model))
    state = torch.get_rng_state()
    first = answers(model)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(123)
    assert answers(model) == first
    assert answers(model, batch_size=1) == first
    assert answers(model, rng_seed=5) != first


def test_the_context_limits_answers_and_refuses_prompts_that_fill_it(tiny_model: Path) -> None:
    model = LocalModel.load(str(tiny_model))
    assert model.context == 64
    texts = ["x" * 70, "x" * 60, "x", "x" * 63]  # each with a line break behind it
    found = answers(model, texts, max_new_tokens=20)
    assert [(a.finish_reason, a.prompt_tokens) for a in (found[0], found[3])] == [
        ("prompt_too_long", 71),
        ("prompt_too_long", 64),
    ]
    assert (found[0].text, found[0].completion_tokens) == ("", 0)
    assert found[1].completion_tokens <= 3
    assert found[2] == answers(model, ["y", "y", "x"], max_new_tokens=20)[2]


def test_no_conversations_no_answers(tiny_model: Path) -> None:
    assert answers(LocalModel.load(str(tiny_model)), []) == []


def test_progress_reaches_its_end(tiny_model: Path) -> None:
    done: list[int] = []

    class Watch:
        def start(self, total: int, unit: str) -> None:
            raise AssertionError("the caller starts it")

        def advance(self, done_now: int = 1) -> None:
            done.append(done_now)

    LocalModel.load(str(tiny_model)).generate(
        [user(text) for text in [*TEXTS, "z" * 99]], **OPTIONS, progress=Watch()
    )
    assert sum(done) == len(TEXTS) + 1


def test_a_pocket_model_reads_a_conversation_as_raw_text() -> None:
    model = LocalModel.load(str(pocket.model_path("base-a")))
    assert model.render(user("Frage?")) == "<|bos|>Frage?\n"
    assert model.tokenizer.decode(model.encode(user("Straße ไทย"))) == "<|bos|>Straße ไทย\n"
    assert LocalModel.load(str(pocket.model_path("base-a"))) is model


def test_a_template_without_system_turns_gets_the_system_text_in_the_users(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    template = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    )
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = template
    model = LocalModel(AutoModelForCausalLM.from_pretrained(tiny_model), tokenizer, str(tiny_model))
    assert model.render([{"role": "system", "content": "S"}, *user("Q")]) == "[user]S\n\nQ"
    with pytest.raises(UserError, match="no system"):
        model.render([*user("Q"), {"role": "system", "content": "S"}])


@pytest.mark.parametrize(
    "template",
    ["{{ messages | sum }}", "{{ 1 / 0 }}", "{{ messages[9].role }}", "{% if %}"],
)
def test_a_broken_template_is_a_users_mistake(tiny_model: Path, template: str) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from polyteach.students.template import render

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = template
    model = LocalModel(AutoModelForCausalLM.from_pretrained(tiny_model), tokenizer, str(tiny_model))
    with pytest.raises(UserError, match="the chat template refuses a conversation"):
        model.render(user("Q"))
    with pytest.raises(UserError, match="the chat template refuses a conversation"):
        render(tokenizer, "Q", "A")
