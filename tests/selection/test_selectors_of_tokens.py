"""What the student's tokens say of teachers: by hand on bigrams, and by a slow second way on a real student.

By hand, in bits (a token of probability 2^-k has k bits), under the student of `FOLLOWS`:

    after <s>:  b 1, a 3, r 4, c 5, d 5 ...   after q:  a 1, b 2, c 3, d 4, </s> 5 ...
    after a:  </s> 1, b 2, c 3, d 4 ...       after r and all others:  each of 8 tokens 3

    q -> a:    a 1 (rank 1), </s> 1 (rank 1)             mean 1    bits, mean rank 1
    q -> b:    b 2 (rank 2), </s> 3 (rank 1)             mean 2.5  bits, mean rank 1.5
    q -> a b:  a 1 (rank 1), b 2 (rank 2), </s> 3 (1)    mean 2    bits, mean rank 4/3
    r -> a:    a 3 (rank 1), </s> 1 (rank 1)             mean 2    bits, mean rank 1
    alone, after <s>:  a: 3 + 1, mean 2;   b: 1 + 3, mean 2;   a b: 3 + 2 + 3, mean 8/3
"""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from bigram_student import bigram_student

from polyteach import pocket
from polyteach.models.likelihood import response_likelihoods
from polyteach.models.local import LocalModel
from polyteach.models.token_scores import token_scores
from polyteach.rows import Row
from polyteach.selection.selectors.car import Car
from polyteach.selection.selectors.contract import NO_ROWS, Pool, Selection, Selector
from polyteach.selection.selectors.grape import ALONE, GrapeWins
from polyteach.selection.selectors.ifd import NOT_SURPRISED as CERTAIN_ALONE
from polyteach.selection.selectors.ifd import Ifd
from polyteach.selection.selectors.nll import Nll
from polyteach.selection.selectors.reward import NO_REWARD, MeanReward
from polyteach.selection.selectors.rsr import NOT_SURPRISED, Rsr
from polyteach.selection.selectors.tokens import NO_STUDENT, token_scores_of
from polyteach.selection.selectors.tools import Reward, Tools

BIT = log(2)
EIGHTHS = dict.fromkeys(("<s>", "</s>", "q", "r", "a", "b", "c", "d"), 1 / 8)
FOLLOWS = {
    "<s>": {"b": 1 / 2, "</s>": 1 / 4, "a": 1 / 8, "r": 1 / 16, "c": 1 / 32, "d": 1 / 32},
    "q": {"a": 1 / 2, "b": 1 / 4, "c": 1 / 8, "d": 1 / 16, "</s>": 1 / 32, "r": 1 / 32},
    "a": {"</s>": 1 / 2, "b": 1 / 4, "c": 1 / 8, "d": 1 / 16, "a": 1 / 16},
    "b": EIGHTHS,
    "r": EIGHTHS,
}
MARKS = Reward("length of the answer", lambda prompt, response, language: float(len(response.split())))


@pytest.fixture(scope="module")
def bigrams() -> LocalModel:
    return bigram_student(FOLLOWS)


def rows_of(teacher: str, *pairs: tuple[str, str]) -> list[Row]:
    return [
        Row(f"{teacher}/{n}", "de", "respond", teacher, "s", str(n), prompt, response)
        for n, (prompt, response) in enumerate(pairs)
    ]


def pool_of(**pairs: list[tuple[str, str]]) -> Pool:
    return Pool("de", "bigrams", {teacher: rows_of(teacher, *own) for teacher, own in pairs.items()})


def asked(selector: Selector, pool: Pool, student: LocalModel, reward: Reward | None = MARKS) -> Selection:
    return selector.select(pool, Tools(student=student, reward=reward))


TWO = {"one": [("q", "a"), ("r", "a")], "other": [("q", "b"), ("q", "a b")]}


def test_tokens_and_ranks_by_hand(bigrams: LocalModel) -> None:
    found = token_scores_of(pool_of(**TWO), Tools(student=bigrams))
    assert found["other"][1].nll / BIT == pytest.approx([1, 2, 3], abs=1e-5)
    assert found["other"][1].rank.tolist() == [1, 2, 1]
    assert found["one"][1].nll / BIT == pytest.approx([3, 1], abs=1e-5)
    assert found["one"][1].rank.tolist() == [1, 1]  # eight tokens as likely as each other are all first


@pytest.mark.parametrize(
    ("selector", "one", "other"),
    [
        (Nll(), -(1 + 2) / 2 * BIT, -(2.5 + 2) / 2 * BIT),
        # ranks 1, 1 over bits 1, 2; ranks 1.5, 4/3 over bits 2.5, 2
        (Rsr(), -2 / 3 / BIT, -(1.5 + 4 / 3) / 4.5 / BIT),
        (Rsr(clip=1), -2 / 3 / BIT, -2 / 4.5 / BIT),
        # q -> a 1 / 2, r -> a 2 / 2; q -> b 2.5 / 2 is above 1 and counts 0, q -> a b 2 / (8/3)
        (Ifd(), (1 / 2 + 1) / 2, (0 + 3 / 4) / 2),
        # marks 1, 1 and 1, 2
        (MeanReward(), 1.0, 1.5),
        (Car(), 1 / (1 + 3 * 1.5 * BIT), 1.5 / (1 + 3 * 2.25 * BIT)),
        (Car(beta=0), 1.0, 1.5),
        # q is shared: the bits are 1 against 2, the better of 2.5 and 2; r is one's alone
        (GrapeWins(), 1.0, 0.0),
    ],
)
def test_by_hand(selector: Selector, one: float, other: float, bigrams: LocalModel) -> None:
    scores = asked(selector, pool_of(**TWO), bigrams).scores
    assert scores == {"one": pytest.approx(one, rel=1e-5), "other": pytest.approx(other, rel=1e-5)}


def test_grape_shares_equal_wins_and_needs_a_rival(bigrams: LocalModel) -> None:
    pool = pool_of(
        one=[("q", "a"), ("r", "b")], two=[("q", "a"), ("r", "a")], three=[("q", "b")], alone=[("c", "a")]
    )
    found = asked(GrapeWins(), pool, bigrams)
    # q: one and two halve it. r -> a has 3 + 1 bits, r -> b 3 + 3.
    assert found.scores == {"one": 1 / 4, "two": 3 / 4, "three": 0.0, "alone": None}
    assert found.reasons == {"alone": ALONE}


@pytest.mark.parametrize("selector", [Nll(), Rsr(), Ifd(), Car(), GrapeWins()])
def test_degenerate_rows(selector: Selector, bigrams: LocalModel) -> None:
    long = " ".join(["a"] * 20)
    pool = pool_of(
        whole=[("q", "a")], none=[], blank=[("q", " ")], long=[("q", long)], part=[("q", ""), ("q", "a")]
    )
    found = asked(selector, pool, bigrams)
    assert found.scores["whole"] is not None
    assert found.scores["none"] is None and found.reasons["none"] == NO_ROWS
    assert found.scores["blank"] is None and found.scores["long"] is None
    if not isinstance(selector, GrapeWins):
        assert "empty_response" in found.reasons["blank"] and "too_long" in found.reasons["long"]
    if not isinstance(selector, Car):  # a blank response is marked
        assert found.scores["part"] == found.scores["whole"]


@pytest.mark.parametrize("selector", [Nll(), Rsr(), Ifd(), Car(), GrapeWins()])
def test_one_teacher_and_equal_teachers(selector: Selector, bigrams: LocalModel) -> None:
    alone = asked(selector, pool_of(one=TWO["other"]), bigrams)
    both = asked(selector, pool_of(one=TWO["other"], two=TWO["other"]), bigrams)
    assert both.scores["one"] == both.scores["two"] is not None
    assert alone.scores["one"] == (None if isinstance(selector, GrapeWins) else both.scores["one"])


def test_nothing_surprises() -> None:
    sure = bigram_student({word: {"a": 1.0} for word in ("<s>", "q")} | {"a": {"</s>": 1.0}})
    pool = pool_of(one=[("q", "a")])
    assert asked(Nll(), pool, sure).scores == {"one": 0.0}
    assert asked(Rsr(), pool, sure).reasons == {"one": NOT_SURPRISED}
    assert asked(Ifd(), pool, sure).reasons == {"one": CERTAIN_ALONE}


def test_missing_tools(bigrams: LocalModel) -> None:
    pool = pool_of(**TWO)
    for selector in (Nll(), Rsr(), Ifd(), Car(), GrapeWins()):
        assert set(selector.select(pool, Tools(reward=MARKS)).reasons.values()) == {NO_STUDENT}
    for selector in (Car(), MeanReward()):
        assert set(asked(selector, pool, bigrams, reward=None).reasons.values()) == {NO_REWARD}


# A second way: each row alone through a real student, log-softmax in float64, ranks by sorting.


@pytest.fixture(scope="module")
def base() -> LocalModel:
    return LocalModel.load(str(pocket.model_path("base-a")))


@pytest.fixture(scope="module")
def real_pool() -> Pool:
    rows = pocket.seed_rows("ja", 24, 3)
    wrong = [row.response for row in rows[1:]] + [rows[0].response]
    pairs = [(row.prompt, row.response) for row in rows]
    swapped = [(row.prompt, other) for row, other in zip(rows, wrong, strict=True)]
    long = [(row.prompt, f"{row.response}\n{row.response}") for row in rows]
    return Pool(
        "ja",
        "base-a",
        {name: rows_of(name, *own) for name, own in (("true", pairs), ("swapped", swapped), ("long", long))},
    )


def slowly(student: LocalModel, prompt: str, response: str) -> tuple[list[float], list[int]]:
    start = f"<|bos|>{prompt}\n"
    ids = student.tokenizer(f"{start}{response}<|end|>", add_special_tokens=False)["input_ids"]
    first = len(student.tokenizer(start, add_special_tokens=False)["input_ids"])
    with torch.inference_mode():
        logits = student.model(torch.tensor([ids])).logits[0].double()
    nll, rank = [], []
    for place in range(first, len(ids)):
        chances = logits[place - 1].softmax(-1)
        nll.append(-float(chances[ids[place]].log()))
        rank.append(1 + int((chances.sort(descending=True).indices == ids[place]).nonzero()[0]))
    return nll, rank


def test_by_a_second_way(base: LocalModel, real_pool: Pool) -> None:
    found = {
        teacher: [slowly(base, row.prompt, row.response) for row in rows]
        for teacher, rows in real_pool.rows.items()
    }
    alone = {
        teacher: [slowly(base, "", row.response) for row in rows] for teacher, rows in real_pool.rows.items()
    }
    mark = Reward("characters", lambda prompt, response, language: float(len(response)))
    losses = {teacher: [np.mean(nll) for nll, _ in rows] for teacher, rows in found.items()}
    ranks = {teacher: [np.mean(np.minimum(r, 100)) for _, r in rows] for teacher, rows in found.items()}
    ifd = {
        t: [own / np.mean(other[0]) for own, other in zip(losses[t], alone[t], strict=True)] for t in found
    }
    prompts = {row.prompt for row in real_pool.rows["true"]}
    wins = dict.fromkeys(found, 0.0)
    for prompt in prompts:
        best = {
            teacher: min(x for x, row in zip(losses[teacher], rows, strict=True) if row.prompt == prompt)
            for teacher, rows in real_pool.rows.items()
        }
        least = [teacher for teacher, x in best.items() if x <= min(best.values()) + 1e-9]
        for teacher in least:
            wins[teacher] += 1 / len(least) / len(prompts)
    expected = {
        Nll(): {t: -np.mean(own) for t, own in losses.items()},
        Rsr(): {t: -np.mean(ranks[t]) / np.mean(losses[t]) for t in found},
        Ifd(): {t: np.mean([x * (x <= 1) for x in own]) for t, own in ifd.items()},
        Car(): {
            t: np.mean([len(row.response) for row in rows]) / (1 + 3 * np.mean(losses[t]))
            for t, rows in real_pool.rows.items()
        },
        GrapeWins(): wins,
    }
    for selector, scores in expected.items():
        ours = asked(selector, real_pool, base, mark).scores
        assert ours == {t: pytest.approx(float(x), rel=1e-4, abs=1e-9) for t, x in scores.items()}, selector


def test_the_order_of_teachers_changes_nothing(base: LocalModel, real_pool: Pool) -> None:
    turned = Pool("ja", "base-a", dict(reversed(real_pool.rows.items())))
    for selector in (Nll(), Rsr(), Ifd(), GrapeWins()):
        assert asked(selector, real_pool, base).scores == asked(selector, turned, base).scores


def test_engines_agree(base: LocalModel, real_pool: Pool) -> None:
    """The sums are those of the engine of perplexity, and reading in spans changes rounding only."""
    from polyteach.models.likelihood import encoded_pairs

    pairs = [(row.prompt, row.response) for row in real_pool.rows["long"]]
    sums = response_likelihoods(base.model, base.tokenizer, pairs, context=base.context)
    encoded = encoded_pairs(base.tokenizer, pairs)
    vocabulary = base.model.config.vocab_size
    at_once = token_scores(base.model, encoded, context=base.context)
    in_spans = token_scores(base.model, encoded, context=base.context, logits_at_once=2 * vocabulary)
    for whole, one, spans in zip(sums, at_once, in_spans, strict=True):
        assert len(one.nll) == whole.tokens
        assert one.nll.sum() == pytest.approx(whole.nll, rel=1e-5)
        assert spans.nll == pytest.approx(one.nll, rel=1e-4, abs=1e-4)
        assert (spans.rank == one.rank).mean() > 0.9
