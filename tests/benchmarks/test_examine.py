"""lm-eval's scores against ones worked out by hand from the model's logits."""

import pytest

from polyteach import pocket
from polyteach.benchmarks.examine import (
    NOT_FINITE,
    TOO_LONG,
    exam_items,
    examine,
    examine_loaded,
)
from polyteach.students.base import load_adapted, load_base

LANGUAGE = "ja"  # answers of several tokens, some ending in the same ones


@pytest.fixture(scope="module")
def base():
    return str(pocket.model_path("base-a"))


@pytest.fixture(scope="module")
def loaded(base):
    return load_base(base)


def likelihood(model, tokenizer, prompt: str, answer: str) -> float:
    """Sum of log p(token | all before) over the answer's tokens, one sequence at a time."""
    import torch

    context = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    whole = tokenizer(prompt + answer, add_special_tokens=False)["input_ids"]
    assert whole[: len(context)] == context
    with torch.no_grad():
        logits = model(torch.tensor([whole])).logits[0].log_softmax(-1)
    return sum(float(logits[at - 1, whole[at]]) for at in range(len(context), len(whole)))


def greedy(model, tokenizer, prompt: str) -> str:
    import torch

    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    written: list[int] = []
    while len(written) < 32:
        with torch.no_grad():
            token = int(model(torch.tensor([ids + written])).logits[0, -1].argmax())
        if token == tokenizer.eos_token_id:
            break
        written.append(token)
    return tokenizer.decode(written).split("\n")[0].strip()


def test_choices_agree_with_log_likelihoods_by_hand(loaded):
    model, tokenizer = loaded
    items = exam_items("pocket-choice", LANGUAGE)[::8]
    results = examine_loaded(model, tokenizer, {"pocket-choice": items})
    assert [result.item_id for result in results] == [item["id"] for item in items]
    for item, result in zip(items, results, strict=True):
        prompt = f"{tokenizer.bos_token}{item['question']}\n"
        sums = [likelihood(model, tokenizer, prompt, choice) for choice in item["choices"]]
        means = [total / len(choice) for total, choice in zip(sums, item["choices"], strict=True)]
        right = item["answer_index"]
        assert result.answer == item["choices"][sums.index(max(sums))]
        assert result.score == float(sums.index(max(sums)) == right)
        assert result.score_norm == float(means.index(max(means)) == right)


def test_exact_answers_agree_with_greedy_decoding_by_hand(loaded):
    model, tokenizer = loaded
    items = exam_items("pocket-exact", LANGUAGE)[::16]
    # so that not every score is 0: what the base writes is the right answer of some items
    prompts = [f"{tokenizer.bos_token}{item['question']}\n" for item in items]
    written = [greedy(model, tokenizer, prompt) for prompt in prompts]
    items = [
        item | {"answer": text if i % 2 else "?"}
        for i, (item, text) in enumerate(zip(items, written, strict=True))
    ]
    results = examine_loaded(model, tokenizer, {"pocket-exact": items}, batch_size=5)
    assert [result.answer.strip() for result in results] == written
    assert [result.score for result in results] == [float(i % 2) for i in range(len(items))]


def test_batch_size_and_neighbours_change_no_answer(loaded):
    items = {name: exam_items(name, LANGUAGE)[:24] for name in ("pocket-choice", "pocket-exact")}
    together = examine_loaded(*loaded, items, batch_size=64)
    alone = [r for name, of in items.items() for r in examine_loaded(*loaded, {name: of}, batch_size=1)]
    assert together == alone


def test_an_item_beyond_the_context_is_counted_not_scored(loaded):
    items = exam_items("pocket-choice", LANGUAGE)[:3]
    items[1] = items[1] | {"question": items[1]["question"] * 500}
    results = examine_loaded(*loaded, {"pocket-choice": items})
    assert [r.reason for r in results] == [None, TOO_LONG, None]
    assert results[1].score is None
    assert results[1].cluster == items[1]["cluster"]
    lone = [{name: value for name, value in item.items() if name != "cluster"} for item in items]
    found = examine_loaded(*loaded, {"pocket-choice": lone})
    assert [r.cluster for r in found] == [f"pocket-choice/{item['id']}" for item in items]
    assert [r.reason for r in examine_loaded(*loaded, {"pocket-choice": items[1:2]})] == [TOO_LONG]


def test_a_model_of_no_numbers_gets_no_score(base):
    import torch

    model, tokenizer = load_base(base)
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    results = examine_loaded(model, tokenizer, {"pocket-choice": exam_items("pocket-choice", "de")[:4]})
    assert [(r.score, r.reason) for r in results] == [(None, NOT_FINITE)] * 4


def test_an_adapter_is_examined_on_its_base(base, tmp_path):
    """The same as the model that the adapter was merged into."""
    from peft import LoraConfig, get_peft_model

    model, tokenizer = load_base(base)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "adapter")
    tokenizer.save_pretrained(tmp_path / "adapter")
    adapted.merge_and_unload().save_pretrained(tmp_path / "merged")
    tokenizer.save_pretrained(tmp_path / "merged")
    names = ["pocket-choice", "pocket-exact"]
    on_base = examine(str(tmp_path / "adapter"), "de", names, base_location=base, limit=24)
    merged = examine(str(tmp_path / "merged"), "de", names, limit=24)
    assert [(r.item_id, r.answer) for r in on_base] == [(r.item_id, r.answer) for r in merged]
    assert on_base != examine(base, "de", names, limit=24)
    assert load_adapted(tmp_path / "adapter", base)[0].training is False


def test_progress_is_told_of_every_request(loaded):
    class Watching:
        total, done = 0, 0

        def start(self, total, unit):
            self.total += total

        def advance(self, done=1):
            self.done += done

    watching = Watching()
    items = {name: exam_items(name, "de")[:10] for name in ("pocket-choice", "pocket-exact")}
    examine_loaded(*loaded, items, progress=watching)
    assert watching.total == watching.done == 50
