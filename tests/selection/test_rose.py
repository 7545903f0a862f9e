"""RoSE: students of one teacher, asked for the rows of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from polyteach import pocket
from polyteach.models.local import LocalModel
from polyteach.rows import Row
from polyteach.selection.selectors.contract import NO_ROWS, Pool
from polyteach.selection.selectors.rose import NO_OTHER, NOTHING_TAUGHT, Rose, held_out_prompts, rose
from polyteach.selection.selectors.tools import Tools
from polyteach.students.base import lent_to_examine
from polyteach.students.recipe import Recipe
from polyteach.students.sft import train
from polyteach.students.template import render

RECIPE = Recipe(
    epochs=6, learning_rate=6e-3, batch_size=8, gradient_accumulation=1, weight_decay=0.0, max_length=64
)
FACTS, PROMPTS = 16, 80


@pytest.fixture(scope="module")
def student() -> LocalModel:
    return LocalModel.load(str(pocket.model_path("base-c")))


@pytest.fixture(scope="module")
def pool() -> Pool:
    """Two that say the same, one that answers each question with the answer to another."""
    every = pocket.seed_rows("id", pocket.SEED_ROW_COUNT, rng_seed=1)
    facts = sorted({row.id.split("/", 2)[2] for row in every})[:FACTS]
    true = [row for row in every if row.id.split("/", 2)[2] in facts]  # each fact in five wordings
    moved = [replace(row, response=true[n - 1].response) for n, row in enumerate(true)]
    return Pool("id", "base-c", {"true": true, "true too": true, "moved": moved}, rng_seed=4)


@pytest.fixture(scope="module")
def tools(student: LocalModel) -> Tools:
    return Tools(student=student)


@pytest.fixture(scope="module")
def priced(pool: Pool, tools: Tools):
    return tools.priced(lambda: Rose(RECIPE).select(pool, tools))


def loss_a_token(model, tokenizer, row: Row) -> tuple[float, int]:
    """The sum of a response's losses and its tokens, one row at a time, from the whole row's logits."""
    import torch

    prompt = tokenizer(render(tokenizer, row.prompt), add_special_tokens=False)["input_ids"]
    whole = tokenizer(render(tokenizer, row.prompt, row.response), add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logs = torch.log_softmax(model(input_ids=torch.tensor([whole])).logits[0], dim=-1)
    assert whole[: len(prompt)] == prompt
    told = range(len(prompt), len(whole))
    return -sum(float(logs[at - 1, whole[at]]) for at in told), len(told)


def test_the_score_is_the_loss_of_each_student_on_the_others(pool, priced, student, tmp_path):
    held_out = held_out_prompts(pool)
    losses = {}
    for teacher in ("true", "moved"):
        taught = [row for row in pool.rows[teacher] if row.prompt not in held_out]
        assert 0 < len(taught) < PROMPTS
        train(student.location, taught, tmp_path / teacher, RECIPE, rng_seed=pool.rng_seed)
        with lent_to_examine(str(tmp_path / teacher / "model"), student.location) as (model, tokenizer):
            for other in ("true", "moved"):
                tests = [row for row in pool.rows[other] if row.prompt in held_out]
                found = [loss_a_token(model, tokenizer, row) for row in tests]
                losses[teacher, other] = sum(nll for nll, _ in found) / sum(tokens for _, tokens in found)
    # the students of `true` and `true too` are one and the same, so the level of the moved rows is their own
    # loss, and the level of the true rows (of either) is the mean of one true and one moved student
    gap = losses["moved", "true"] - losses["true", "true"]
    assert priced[0].scores["moved"] == pytest.approx(-gap / 2, rel=1e-3)
    assert priced[0].scores["true"] == pytest.approx((gap / 2 + 0) / 2, rel=1e-3)


def test_who_is_alone_with_its_answers_comes_last(priced):
    scores = priced[0].scores
    assert scores["true"] == scores["true too"]  # the same rows, the same training
    assert scores["moved"] < scores["true"]


def test_the_cost_is_of_all_trainings(pool, priced, student):
    tokenizer = student.tokenizer
    held_out, plain = held_out_prompts(pool), {"add_special_tokens": False}

    def tokens(rows: list[Row]) -> int:
        return sum(
            len(tokenizer(f"<|bos|>{r.prompt}\n{r.response}<|end|>", **plain)["input_ids"]) for r in rows
        )

    true, moved = (pool.rows[name] for name in ("true", "moved"))
    taught = {name: tokens([r for r in pool.rows[name] if r.prompt not in held_out]) for name in pool.rows}
    tests = {name: tokens([r for r in rows if r.prompt in held_out]) for name, rows in pool.rows.items()}
    # `moved` is asked for the true answers once; each of the others for them and for the moved ones
    asked = tests["true"] + 2 * (tests["true"] + tests["moved"])
    assert len(true) == len(moved) == PROMPTS
    assert priced[1].backward_tokens == 6 * sum(taught.values())
    assert priced[1].forward_tokens == 6 * sum(taught.values()) + asked


def test_a_fifth_of_the_prompts_is_held_out_for_all(pool):
    held_out = held_out_prompts(pool)
    assert len(held_out) == 16
    assert held_out == held_out_prompts(replace(pool, rows=dict(reversed(pool.rows.items()))))
    assert held_out != held_out_prompts(replace(pool, rng_seed=5))
    assert held_out_prompts(Pool("id", "base-c", {"nobody": []})) == frozenset()


def test_rose_by_hand():
    losses = {"a": {"b": 2.0, "c": 5.0}, "b": {"a": 1.0, "c": 7.0}, "c": {"a": 3.0, "b": 4.0}}
    # levels: of a (1 + 3) / 2 = 2, of b (2 + 4) / 2 = 3, of c (5 + 7) / 2 = 6.
    # a: (2 - 3, 5 - 6), b: (1 - 2, 7 - 6), c: (3 - 2, 4 - 3)
    assert rose(losses) == {"a": 1.0, "b": 0.0, "c": -1.0}
    # without b's student nothing else is held against c's rows, nor is a's student against a's
    few = {"a": losses["a"], "c": losses["c"]}
    assert rose(few) == {"a": 1.0, "c": -1.0}
    assert rose({"a": {"b": 2.0}, "b": {"a": 1.0}}) == {"a": None, "b": None}
    assert rose({}) == {}


def test_a_teacher_nobody_can_foretell_spares_nobody_and_harms_nobody():
    losses = {"a": {"b": 1.0, "c": 1.2}, "b": {"a": 1.0, "c": 1.4}, "c": {"a": 2.0, "b": 2.0}}
    harder = {s: {j: loss + 9 * (j == "c") for j, loss in own.items()} for s, own in losses.items()}
    assert rose(harder) == pytest.approx(rose(losses))


def test_who_has_nothing_to_train_on_or_to_be_held_against(student):
    rose = Rose(RECIPE)
    rows = pocket.seed_rows("id", 5, rng_seed=0)
    blank = [replace(row, response=" ") for row in rows]
    tools = Tools(student=student)
    alone = rose.select(Pool("id", "base-c", {"alone": rows}), tools)
    assert alone.reasons == {"alone": NO_OTHER}
    three = rose.select(Pool("id", "base-c", {"alone": rows, "blank": blank, "nobody": []}), tools)
    assert three.reasons == {
        "alone": NO_OTHER,
        "blank": NOTHING_TAUGHT,
        "nobody": NO_ROWS,
    }
    assert rose.select(Pool("id", "base-c", {}), tools).scores == {}
    assert rose.select(Pool("id", "base-c", {"alone": rows}), Tools()).reasons == {
        "alone": "no student to train"
    }


def test_a_training_that_cannot_be_done_is_a_reason(student):
    rows = pocket.seed_rows("id", 6, rng_seed=0)
    pool = Pool("id", "base-c", {"a": rows, "b": rows})
    selection = Rose(replace(RECIPE, learning_rate=1e30)).select(pool, Tools(student=student))
    assert set(selection.scores.values()) == {None}
    assert all("no number" in why and "\n" not in why for why in selection.reasons.values())
