"""Gradients a row, their projection, and what GRACE, the gradient norm and G-Vendi make of them."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from polyteach import pocket
from polyteach.models.local import LocalModel
from polyteach.rows import Row
from polyteach.selection.selectors.contract import NO_ROWS, Pool
from polyteach.selection.selectors.g_vendi import GVendi
from polyteach.selection.selectors.grace import Grace, folds_of, grace
from polyteach.selection.selectors.gradient_norm import GradientNorm
from polyteach.selection.selectors.gradients import (
    BLOCK,
    NO_STUDENT,
    RowGradients,
    encoded_rows,
    gradients_of,
    loss_gradient,
    project,
    projected_gradients,
    scored_by_gradients,
    signs,
    weights_of,
)
from polyteach.selection.selectors.tools import Tools

ROWS = 16
SELECTORS = (GradientNorm(), GVendi(), Grace())


@pytest.fixture(scope="module")
def student() -> LocalModel:
    return LocalModel.load(str(pocket.model_path("base-a")))


@pytest.fixture(scope="module")
def true_rows() -> list[Row]:
    return pocket.seed_rows("de", ROWS, rng_seed=0)


@pytest.fixture(scope="module")
def pool(true_rows: list[Row]) -> Pool:
    first = [replace(row, teacher="all different") for row in true_rows]
    two = [replace(first[n % 2], teacher="two over and over") for n in range(ROWS)]
    return Pool("de", "base-a", {"all different": first, "two over and over": two}, rng_seed=3)


@pytest.fixture(scope="module")
def tools(student: LocalModel) -> Tools:
    return Tools(student=student)


def by_backward(model, ids: list[int], labels: list[int]) -> np.ndarray:
    """The gradient of the mean loss of the labelled tokens, by plain `backward` on a copy of the model."""
    import torch

    model = copy.deepcopy(model)
    logits = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids))).logits[0]
    taught = [place for place in range(1, len(ids)) if labels[place] != -100]
    costs = [-torch.log_softmax(logits[place - 1], dim=-1)[ids[place]] for place in taught]
    (torch.stack(costs).sum() / len(costs)).backward()
    return torch.cat([weight.grad.flatten() for weight in model.parameters()]).numpy()


def made(vectors, prompts: str | None = None, unscored=None) -> RowGradients:
    """Gradients as they are, projected by nothing."""
    array = np.array(vectors, dtype=np.float32)
    names = tuple(prompts or map(str, range(len(array))))
    return RowGradients(array, np.linalg.norm(array.astype(float), axis=1), names, unscored or {})


def test_a_rows_gradient_is_that_of_plain_backward(student, true_rows):
    encoded = encoded_rows(student, true_rows[:3])
    weights = {n: w.detach().requires_grad_() for n, w in student.model.named_parameters()}
    for ids, labels in zip(encoded.input_ids, encoded.labels, strict=True):
        theirs = by_backward(student.model, ids, labels)
        ours = loss_gradient(student.model, weights, ids, labels).numpy()
        assert ours.shape == theirs.shape == (529_056,)
        assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


def test_a_rows_gradient_is_that_of_functorch(student, true_rows):
    import torch

    encoded = encoded_rows(student, true_rows)
    length = len(encoded.input_ids[0])
    same = [n for n, ids in enumerate(encoded.input_ids) if len(ids) == length]
    assert len(same) > 1
    ids = torch.tensor([encoded.input_ids[n] for n in same])
    labels = torch.tensor([encoded.labels[n] for n in same])
    weights = {n: w.detach() for n, w in student.model.named_parameters()}
    model = copy.deepcopy(student.model)
    model.set_attn_implementation("eager")  # the other has no rule for vmap

    def loss(weights, ids, labels):
        inputs = {"input_ids": ids[None], "use_cache": False}
        logits = torch.func.functional_call(model, weights, kwargs=inputs).logits[0, :-1]
        return torch.nn.functional.cross_entropy(logits, labels[1:], ignore_index=-100)

    parts = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(weights, ids, labels)
    theirs = torch.cat([part.flatten(1) for part in parts.values()], dim=1)
    asked = {n: w.detach().requires_grad_() for n, w in student.model.named_parameters()}
    for row, n in enumerate(same):
        ours = loss_gradient(student.model, asked, encoded.input_ids[n], encoded.labels[n])
        assert (ours - theirs[row]).abs().max() < 1e-5 * ours.abs().max()


def test_the_shared_model_stays_as_it_was(student, true_rows):
    before = {name: weight.detach().clone() for name, weight in student.model.named_parameters()}
    flags = [weight.requires_grad for weight in student.model.parameters()]
    projected_gradients(student.model, encoded_rows(student, true_rows[:2]), 0)
    assert all((before[name] == weight).all() for name, weight in student.model.named_parameters())
    assert [weight.requires_grad for weight in student.model.parameters()] == flags
    assert all(weight.grad is None for weight in student.model.parameters())


def test_norms_are_exact_and_the_projection_keeps_products(student, true_rows):
    encoded = encoded_rows(student, true_rows[:8])
    full = np.array(
        [by_backward(student.model, *one) for one in zip(encoded.input_ids, encoded.labels, strict=True)]
    ).astype(float)
    projected, norms = projected_gradients(student.model, encoded, rng_seed=0)
    assert projected.shape == (8, 1024)
    assert norms == pytest.approx(np.linalg.norm(full, axis=1), rel=1e-5)
    units, found = full / norms[:, None], projected / norms[:, None]
    # the deviation of a product of unit vectors is at most sqrt(2 / 1024) = .044
    assert np.abs(units @ units.T - found @ found.T).max() < 0.18


def test_groups_of_rows_change_nothing_but_rounding(student, true_rows):
    encoded = encoded_rows(student, true_rows[:5])
    whole, _ = projected_gradients(student.model, encoded, rng_seed=0)
    parts, _ = projected_gradients(student.model, encoded, rng_seed=0, held=2 * 529_056)
    assert np.abs(whole - parts).max() < 1e-5 * np.abs(whole).max()


def test_the_matrix_is_of_signs_made_from_a_counter():
    block = signs(0, BLOCK, 64, rng_seed=5)
    assert block.shape == (BLOCK, 64)
    assert set(np.unique(block)) == {-1.0, 1.0}
    assert abs(block.mean()) < 5 / np.sqrt(block.size)
    assert (signs(0, 10, 64, rng_seed=5) == block[:10]).all()
    # of different blocks and rng_seeds half of the signs agree
    for other in (signs(1, BLOCK, 64, rng_seed=5), signs(0, BLOCK, 64, rng_seed=6)):
        assert abs((block * other).mean()) < 5 / np.sqrt(block.size)
    # a block whose counter ran into the next one's would hold rows of it
    ahead = {row.tobytes() for row in signs(1, BLOCK, 64, rng_seed=5)}
    assert len(ahead) == BLOCK
    assert ahead.isdisjoint(row.tobytes() for row in block)


def test_vectors_longer_than_a_block_are_projected_by_one_matrix():
    import torch

    length = BLOCK + 7
    vectors = np.random.default_rng(0).normal(size=(3, length)).astype(np.float32)
    matrix = np.vstack([signs(0, BLOCK, 128, 9), signs(1, 7, 128, 9)])
    theirs = np.array([[sum(v * m) for m in matrix.T.astype(float)] for v in vectors]) / np.sqrt(128)
    assert project(torch.from_numpy(vectors), 128, 9).numpy() == pytest.approx(theirs, rel=1e-3, abs=1e-3)


def test_fewer_dimensions_keep_the_scale():
    vectors = made([[3.0, 4.0, 0.0, 5.0]])
    # 2 of 4 dimensions, times sqrt(4 / 2)
    assert vectors.in_dimensions(2)[0] == pytest.approx([3 * 2**0.5, 4 * 2**0.5])


def test_of_a_large_model_the_last_weights_are_taken(student, true_rows):
    model = student.model
    names = [name for name, _ in model.named_parameters()]
    assert weights_of(model) == names
    # final norm 96, two norms of the last layer 96 each, its down projection 96 x 256 = 24,576
    assert set(weights_of(model, most=25_000)) == {
        "model.norm.weight",
        "model.layers.2.post_attention_layernorm.weight",
        "model.layers.2.input_layernorm.weight",
        "model.layers.2.mlp.down_proj.weight",
    }
    assert weights_of(model, most=1) == ["model.norm.weight"]
    encoded = encoded_rows(student, true_rows[:1])
    few = {name: model.get_parameter(name).detach().requires_grad_() for name in weights_of(model, 25_000)}
    ours = loss_gradient(model, few, encoded.input_ids[0], encoded.labels[0]).numpy()
    whole = by_backward(model, encoded.input_ids[0], encoded.labels[0])
    parts = np.split(whole, np.cumsum([weight.numel() for weight in model.parameters()])[:-1])
    theirs = np.concatenate([parts[names.index(name)] for name in few])
    assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


def test_each_row_is_read_once_for_all_selectors(student, pool):
    fresh = Tools(student=student)
    encoded = encoded_rows(student, pool.rows["all different"])
    tokens = sum(map(len, encoded.input_ids))
    costs = [fresh.priced(lambda one=one: one.select(pool, fresh))[1] for one in SELECTORS]
    assert {(cost.forward_tokens, cost.backward_tokens) for cost in costs} == {(tokens, tokens)}


def test_copies_have_the_gradients_of_what_they_copy(pool, student, tools):
    found = tools.once(pool, "gradients", lambda: gradients_of(student, pool, tools))
    first, copies = found["all different"], found["two over and over"]
    assert (copies.projected[::2] == first.projected[0]).all()
    assert (copies.projected[1::2] == first.projected[1]).all()
    assert first.prompts == tuple(row.prompt for row in pool.rows["all different"])


def test_copies_are_worse_for_g_vendi_and_grace(pool, tools):
    for selector in (GVendi(), Grace()):
        scores = selector.select(pool, tools).scores
        assert scores["all different"] > scores["two over and over"]
    # two kinds of rows, equally often: at most 2
    assert 1.5 < GVendi().select(pool, tools).scores["two over and over"] <= 2


def test_the_same_pool_gives_the_same_scores(pool, student):
    def scores() -> list[dict[str, float | None]]:
        fresh = Tools(student=student)
        return [dict(selector.select(pool, fresh).scores) for selector in SELECTORS]

    assert scores() == scores()


def test_a_row_without_a_gradient_is_a_count_with_a_reason(true_rows):
    narrow = LocalModel.load(str(pocket.model_path("base-c")))
    narrow = copy.copy(narrow)
    narrow.context = 16
    rows = [*true_rows[:6], replace(true_rows[6], response=" "), replace(true_rows[7], prompt="wo " * 30)]
    pool = Pool("de", "base-c", {"a": rows, "b": true_rows[:8], "c": [rows[6]] * 8, "d": []})
    tools = Tools(student=narrow)
    found = gradients_of(narrow, pool, tools)
    assert found["a"].unscored == {"empty_response": 1, "too_long": 1}
    assert len(found["a"]) == 6
    selection = GradientNorm().select(pool, tools)
    assert selection.reasons == {"c": "most of its rows have no gradient: 8 empty_response", "d": NO_ROWS}
    # a and b are compared on as many rows, which are the same six
    assert selection.scores["a"] == selection.scores["b"]


def test_nobody_is_scored_without_a_student(pool):
    for selector in SELECTORS:
        assert set(selector.select(pool, Tools()).reasons.values()) == {NO_STUDENT}


def test_a_pool_without_teachers_has_no_scores(student):
    for selector in SELECTORS:
        assert selector.select(Pool("de", "base-a", {}), Tools(student=student)).scores == {}


def test_one_teacher_and_one_row(student, true_rows):
    pool, tools = Pool("de", "base-a", {"alone": true_rows[:1]}), Tools(student=student)
    assert GVendi().select(pool, tools).scores["alone"] == pytest.approx(1)
    encoded = encoded_rows(student, true_rows[:1])
    gradient = by_backward(student.model, encoded.input_ids[0], encoded.labels[0]).astype(float)
    assert GradientNorm().select(pool, tools).scores["alone"] == pytest.approx(
        -(gradient @ gradient), rel=1e-5
    )
    assert Grace().select(pool, tools).reasons == {"alone": "fewer than two prompts"}


def test_reasons_of_a_score_are_kept(pool, tools):
    selection = scored_by_gradients(pool, tools, lambda _: (None, "why"))
    assert set(selection.reasons.values()) == {"why"}


def test_gradient_norm_by_hand():
    # norms 5 and 1: minus the mean of 25 and 1
    assert GradientNorm().score(made([[3.0, 4.0], [0.0, 1.0]])) == (pytest.approx(-13), None)
    assert GradientNorm().score(made([[0.0, 0.0]])) == (0, None)


def test_g_vendi_by_hand():
    # three directions at right angles; then two, one of them twice: eigenvalues 2/3 and 1/3, entropy .6365
    assert GVendi().score(made(np.diag([1.0, 2.0, 9.0])))[0] == pytest.approx(3)
    two = GVendi().score(made([[1.0, 0.0], [5.0, 0.0], [0.0, 2.0]]))[0]
    assert two == pytest.approx(np.exp(-(2 / 3) * np.log(2 / 3) - (1 / 3) * np.log(1 / 3)))
    assert GVendi().score(made([[1.0, 1.0]] * 5))[0] == pytest.approx(1)
    assert GVendi().score(made([[0.0, 0.0]])) == (None, "empty")


def test_g_vendi_is_the_entropy_of_the_second_moments():
    vectors = np.random.default_rng(1).normal(size=(40, 6)) * np.array([9, 3, 1, 1, 1, 0.1])
    units = [vector / np.sqrt((vector**2).sum()) for vector in vectors]
    moments = sum(np.outer(unit, unit) for unit in units) / len(units)
    shares = np.linalg.eigvals(moments).real
    entropy = -sum(share * np.log(share) for share in shares)
    assert GVendi().score(made(vectors))[0] == pytest.approx(np.exp(entropy), rel=1e-4)


def test_grace_by_hand():
    # Each row is a fold. For (1, 0) the other's direction is (0, 1): eigenvalues 0 and 1, smoothed .0005 and
    # .9995, so 1 / .0005 = 2,000; for (0, 2) likewise 4 / .0005 = 8,000. Their mean is 5,000.
    assert grace(np.array([[1.0, 0.0], [0.0, 2.0]]), [0, 1]) == pytest.approx(5000)
    # All alike: along the others' one direction, 25 / .9995.
    assert grace(np.array([[3.0, 4.0]] * 4), [0, 0, 1, 1]) == pytest.approx(25 / 0.9995)


def test_grace_is_the_trace_of_the_published_formula():
    rng = np.random.default_rng(2)
    gradients = rng.normal(size=(60, 5)) * np.array([5, 2, 1, 1, 0.2])
    folds = list(rng.permutation(np.repeat(np.arange(6), 10)))  # equal folds: then mean of traces = ours
    traces = []
    for fold in range(6):
        own = gradients[[n for n in range(60) if folds[n] == fold]]
        others = gradients[[n for n in range(60) if folds[n] != fold]]
        tilde = sum(np.outer(g, g) / (g @ g) for g in others) / len(others)
        smoothed = 0.999 * tilde + 0.001 * np.trace(tilde) / 5 * np.eye(5)
        sigma = sum(np.outer(g, g) for g in own) / len(own)
        traces.append(np.trace(np.linalg.inv(smoothed) @ sigma))
    assert grace(gradients, folds) == pytest.approx(np.mean(traces), rel=1e-9)
    assert grace(3 * gradients, folds) == pytest.approx(9 * np.mean(traces), rel=1e-9)


def test_grace_where_there_is_nothing_to_weigh():
    zeros = made(np.zeros((4, 2)))
    assert Grace().score(zeros, rng_seed=0) == (None, "no gradient")
    assert Grace().score(made([[1.0, 2.0]] * 4, prompts="aaaa"), rng_seed=0) == (
        None,
        "fewer than two prompts",
    )
    # a row of zeros has no direction and adds nothing: 1 / .9995 over three rows in two folds
    some = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    assert grace(some, [0, 1, 1]) == pytest.approx((1 / (0.999 * 0.5 + 0.0005 * 0.5) + 1 / 0.9995) / 3)


def test_grace_takes_a_dimension_for_four_rows():
    vectors = made(np.random.default_rng(3).normal(size=(12, 64)))
    folds = folds_of(vectors.prompts, 7)
    expected = grace(vectors.in_dimensions(3), folds)
    assert Grace().score(vectors, rng_seed=7) == (pytest.approx(-expected), None)


def test_rows_of_a_prompt_stay_in_one_fold():
    prompts = [str(n % 25) for n in range(100)]
    folds = folds_of(prompts, rng_seed=1)
    assert {len({folds[n] for n in range(100) if prompts[n] == prompt}) for prompt in prompts} == {1}
    sizes = [len({prompts[n] for n in range(100) if folds[n] == fold}) for fold in range(10)]
    assert sorted(sizes) == [2] * 5 + [3] * 5
    assert folds != folds_of(prompts, rng_seed=2)
    assert set(folds_of(["a", "b", "c"], 0)) == {0, 1, 2}
