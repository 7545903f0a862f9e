from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from polyteach.review.choosing import choose_items, names_in
from polyteach.review.key import MARK, PAIR, Item
from polyteach.review.reading import Written

TEACHERS = ("ann", "bob", "cyd", "dot")


def rows(examples: int = 60, teachers: tuple[str, ...] = TEACHERS) -> list[Written]:
    return [
        Written(name, f"respond/{n}", f"respond/s{n}", f"prompt {n}", f"{number} answers {n}", {})
        for number, name in enumerate(teachers)
        for n in range(examples)
    ]


def firsts(items: list[Item], kind: str) -> list[Item]:
    return [item for item in items if item.kind == kind and item.repeats is None]


def test_each_teacher_has_as_many_answers_to_mark_and_meets_each_other_as_often() -> None:
    items = choose_items(rows(), [], 12, "secret")
    marks, pairs = firsts(items, MARK), firsts(items, PAIR)
    assert Counter(item.shown[0].teacher for item in marks) == dict.fromkeys(TEACHERS, 12)
    met = Counter(tuple(sorted(one.teacher for one in item.shown)) for item in pairs)
    assert len(met) == 6  # of four teachers
    assert set(met.values()) == {4}  # 12 examples, two pairs on each


def test_pairs_rest_on_examples_that_were_not_marked() -> None:
    items = choose_items(rows(), [], 10, "secret")
    marked = {item.example for item in items if item.kind == MARK}
    assert not marked & {item.example for item in items if item.kind == PAIR}
    few = choose_items(rows(examples=5), [], 5, "secret")  # no others are left
    assert len(firsts(few, PAIR)) == 10


def test_sides_and_order_tell_nothing() -> None:
    pairs = firsts(choose_items(rows(), [], 40, "secret"), PAIR)
    on_a = Counter(item.shown[0].teacher for item in pairs)
    assert all(8 <= on_a[name] <= 32 for name in TEACHERS)  # of 40 each; .5 would be 20
    marks = firsts(choose_items(rows(), [], 40, "secret"), MARK)
    assert [item.shown[0].teacher for item in marks[:8]] != sorted(
        item.shown[0].teacher for item in marks[:8]
    )


def test_some_are_asked_again_later_with_sides_changed() -> None:
    items = choose_items(rows(), [], 15, "secret")
    places = {item.id: place for place, item in enumerate(items)}
    again = [item for item in items if item.repeats]
    assert Counter(item.kind for item in again) == {MARK: 6, PAIR: 3}
    known = {item.id: item for item in items}
    for item in again:
        first = known[item.repeats]
        assert item.shown == first.shown[::-1]
        assert item.id != first.id
        assert places[item.id] - places[first.id] >= 5


def test_the_same_secret_gives_the_same_page_and_another_another() -> None:
    assert choose_items(rows(), [], 10, "one") == choose_items(rows(), [], 10, "one")
    shuffled = rows()[::-1]
    assert choose_items(shuffled, [], 10, "one") == choose_items(rows(), [], 10, "one")
    one, two = ([i.shown for i in choose_items(rows(), [], 10, secret)] for secret in ("one", "two"))
    assert one != two


def test_same_texts_are_no_pair() -> None:
    same = [Written(name, "respond/0", "respond/s", "p", "the same", {}) for name in TEACHERS]
    assert not firsts(choose_items(same, [], 10, "secret"), PAIR)


def test_pairs_answer_the_same_prompt_where_there_are_such() -> None:
    own = [
        Written(name, f"generate/{n}", f"generate/s{n}", f"{name} asks {n}", f"{name} says {n}", {})
        for name in TEACHERS
        for n in range(30)
    ]
    pairs = firsts(choose_items(own + rows(30), [], 20, "secret"), PAIR)
    assert all(item.example.startswith("respond/") for item in pairs)
    marks = firsts(choose_items(own + rows(30), [], 20, "secret"), MARK)
    assert {item.example.split("/")[0] for item in marks} == {"generate", "respond"}


def test_rows_that_name_a_teacher_come_last() -> None:
    telling = [
        replace(row, response=row.response + (" I am Bob." if n % 2 else "")) for n, row in enumerate(rows())
    ]
    items = choose_items(telling, ["bob"], 10, "secret")
    known = {(row.teacher, row.id): row for row in telling}
    shown = [known[one.teacher, one.row] for item in items for one in item.shown]
    assert not any(names_in(row, ["bob"]) for row in shown)


@pytest.mark.parametrize(
    ("text", "found"),
    [("I am Bob.", True), ("bobsled", False), ("BOB", True), ("x-bob/7", True), ("kebob", False)],
)
def test_a_name_is_a_word(text: str, found: bool) -> None:
    assert names_in(Written("t", "1", "e", "", text, {}), ["bob"]) is found


def test_a_contestant_with_rows_of_its_own_is_marked_too() -> None:
    alone = [Written("eve", f"data/{n}", f"respond/x{n}", f"q{n}", f"a{n}", {}) for n in range(20)]
    items = choose_items(rows() + alone, [], 10, "secret")
    assert Counter(i.shown[0].teacher for i in firsts(items, MARK))["eve"] == 10


def test_nothing_to_show() -> None:
    assert choose_items([], [], 10, "secret") == []
