import pytest

from polyteach.errors import StepImpossible
from polyteach.rows import Row
from polyteach.students.data import choose_rows


def make(method: str, n: int) -> list[Row]:
    return [Row(f"{method}/{i}", "de", method, "t", "s", str(i), f"Q{i}", f"A{i}") for i in range(n)]


def pool_of(**counts: int) -> dict[str, list[Row]]:
    return {method: make(method, n) for method, n in counts.items()}


def ids(chosen) -> list[str]:
    return [row.id for row in chosen.rows]


def test_shares_are_equal_and_the_first_names_give_the_remainder():
    chosen = choose_rows({m: make(m, 50) for m in ("translate", "generate", "respond")}, 20, rng_seed=1)
    assert dict(chosen.shares) == {"generate": 7, "respond": 7, "translate": 6}
    assert not chosen.refilled
    assert chosen.shortfall == 0
    assert len(set(ids(chosen))) == 20


def test_a_shortfall_is_refilled_evenly_and_counted():
    pool = pool_of(generate=4, respond=50, translate=50)
    chosen = choose_rows(pool, 30, rng_seed=1)
    assert dict(chosen.shares) == {"generate": 4, "respond": 13, "translate": 13}
    assert dict(chosen.refilled) == {"respond": 3, "translate": 3}


def test_fewer_rows_than_asked_for_is_a_count():
    chosen = choose_rows({"generate": make("generate", 3), "respond": []}, 10, rng_seed=1)
    assert chosen.shortfall == 7
    assert dict(chosen.shares) == {"generate": 3, "respond": 0}
    assert not chosen.refilled


def test_no_row_at_all_is_a_users_mistake():
    with pytest.raises(StepImpossible, match="no row with a response"):
        choose_rows({"generate": [], "respond": []}, 10, rng_seed=1)


@pytest.mark.parametrize("small", [1, 5, 30, 61])
def test_a_larger_choice_begins_with_the_smaller_one(small):
    pool = pool_of(generate=4, respond=50, translate=20)
    assert ids(choose_rows(pool, 70, rng_seed=3))[:small] == ids(choose_rows(pool, small, rng_seed=3))


def test_rng_seed_draws_and_order_of_files_does_not_matter():
    pool = {m: make(m, 50) for m in ("respond", "generate")}
    turned = {m: list(reversed(rows)) for m, rows in reversed(pool.items())}
    assert ids(choose_rows(pool, 20, rng_seed=1)) == ids(choose_rows(turned, 20, rng_seed=1))
    assert ids(choose_rows(pool, 20, rng_seed=1)) != ids(choose_rows(pool, 20, rng_seed=2))


def test_a_methods_draw_does_not_depend_on_the_other_methods():
    respond = make("respond", 50)
    both = choose_rows({"generate": make("generate", 9), "respond": respond}, 10, rng_seed=1)
    alone = choose_rows({"respond": respond}, 5, rng_seed=1)
    assert [row.id for row in both.rows if row.method == "respond"] == ids(alone)
