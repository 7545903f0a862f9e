from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from run_of_review import ReviewRun, answered, saved

from polyteach.errors import UserError
from polyteach.review.answers import (
    LARGEST,
    counted,
    import_answers,
    kept_answers,
    namesakes,
    of_page,
    read_answers,
)
from polyteach.review.key import KEY, MARK, PAIR, Item, Key, Shown

SHOWN = (Shown(teacher="ann", row="1", digest="d"), Shown(teacher="bob", row="2", digest="e"))
PAGE = "ab" * 32


@pytest.fixture
def keys(tmp_path: Path) -> dict[Path, Key]:
    items = [Item(id=f"{n:016x}", kind=MARK, example="e", shown=SHOWN[:1]) for n in range(3)]
    items += [Item(id=f"{n:016x}", kind=PAIR, example="e", shown=SHOWN) for n in range(3, 5)]
    key = Key(
        page=PAGE,
        language="de",
        instructions="de",
        rng_seed=0,
        rows=1,
        secret="s",
        telling=0,
        items=tuple(items),
    )
    folder = tmp_path / "reviews" / "de"
    folder.mkdir(parents=True)
    (folder / KEY).write_text(key.model_dump_json())
    return {folder: key}


def plain(**changes: Any) -> dict[str, Any]:
    whole = {
        "schema_version": 1,
        "kind": "polyteach-review",
        "page": PAGE,
        "language": "de",
        "reviewer": {"id": "a" * 16, "name": "Ana"},
        "marks": {f"{0:016x}": 4, f"{1:016x}": "cannot"},
        "choices": {f"{3:016x}": "first"},
    }
    return whole | changes


def written(tmp_path: Path, content: Any, name: str = "back.json") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_half_finished_file_counts_as_far_as_it_goes(tmp_path: Path, keys: dict[Path, Key]) -> None:
    answers = read_answers(written(tmp_path, plain()))
    _, key = of_page(answers, keys, tmp_path)
    far = counted(answers, key)
    assert (far.answered, far.cannot, far.open, far.of) == (2, 1, 2, 5)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        '{"a": 1',
        "[" * 100_000,
        json.dumps(plain(extra=1)),
        json.dumps(plain(marks={f"{0:016x}": 6})),
        json.dumps(plain(marks={f"{0:016x}": 0})),
        json.dumps(plain(marks={f"{0:016x}": 4.5})),
        json.dumps(plain(marks={f"{0:016x}": True})),
        json.dumps(plain(marks={f"{0:016x}": "4"})),
        json.dumps(plain(marks={"../../etc": 4})),
        json.dumps(plain(choices={f"{3:016x}": "left"})),
        json.dumps(plain(reviewer={"id": "../../../x/y/z/aa", "name": ""})),
        json.dumps(plain(reviewer={"id": "a" * 16, "name": "x" * 81})),
        json.dumps(plain(schema_version=2)),
        json.dumps(plain(kind="polyteach-review-key")),
        json.dumps(plain(page="ab")),
        json.dumps(plain()).replace("4", "NaN", 1),
        json.dumps(plain())[:-1] + ', "marks": {}}',
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_a_file_that_no_page_saves_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError):
        read_answers(written(tmp_path, content))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "back.json"
    path.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(UserError, match="no JSON"):
        read_answers(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "back.json"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(UserError, match="larger"):
        read_answers(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"page": "cd" * 32}, "not made for this run"),
        ({"marks": {"f" * 16: 3}}, "was changed"),
        ({"marks": {f"{3:016x}": 3}}, "was changed"),  # a pair is not marked
        ({"choices": {f"{0:016x}": "first"}}, "was changed"),
        ({"language": "ja"}, "another language"),
    ],
)
def test_a_changed_file_is_refused(
    tmp_path: Path, keys: dict[Path, Key], changes: dict[str, Any], said: str
) -> None:
    path = written(tmp_path, plain(**changes))
    with pytest.raises(UserError, match=said):
        import_answers([path], keys, force=False)
    assert not kept_answers(next(iter(keys)))


def test_all_files_are_checked_before_one_is_kept(tmp_path: Path, keys: dict[Path, Key]) -> None:
    good = written(tmp_path, plain(), "good.json")
    bad = written(tmp_path, plain(marks={"f" * 16: 3}, reviewer={"id": "b" * 16, "name": ""}), "bad.json")
    with pytest.raises(UserError, match="bad"):
        import_answers([good, bad], keys, force=False)
    assert not kept_answers(next(iter(keys)))


def test_who_comes_twice_is_refused_or_replaced(tmp_path: Path, keys: dict[Path, Key]) -> None:
    folder = next(iter(keys))
    import_answers([written(tmp_path, plain())], keys, force=False)
    again = written(tmp_path, plain(marks={f"{0:016x}": 1}, reviewer={"id": "a" * 16, "name": "Bea"}))
    with pytest.raises(UserError, match="'Ana' to this page are there already"):
        import_answers([again], keys, force=False)
    import_answers([again], keys, force=True)
    (kept,) = kept_answers(folder).values()
    assert kept.marks == {f"{0:016x}": 1}
    unnamed = [written(tmp_path, plain(reviewer={"id": who * 16, "name": ""}), f"{who}.json") for who in "cd"]
    import_answers(unnamed, keys, force=False)
    assert len(kept_answers(folder)) == 3
    assert namesakes(keys) == []


@pytest.mark.parametrize("force", [False, True])
def test_two_people_of_one_name_are_both_kept(tmp_path: Path, keys: dict[Path, Key], force: bool) -> None:
    folder = next(iter(keys))
    import_answers([written(tmp_path, plain())], keys, force=force)
    other = plain(marks={f"{0:016x}": 1}, reviewer={"id": "b" * 16, "name": " ana "})
    import_answers([written(tmp_path, other)], keys, force=force)
    assert [kept.marks[f"{0:016x}"] for kept in kept_answers(folder).values()] == [4, 1]
    assert namesakes(keys) == [list(kept_answers(folder))]


def test_two_files_of_one_reviewer_at_once_are_refused(tmp_path: Path, keys: dict[Path, Key]) -> None:
    paths = [written(tmp_path, plain(), name) for name in ("one.json", "two.json")]
    with pytest.raises(UserError, match="second file"):
        import_answers(paths, keys, force=True)


def test_what_is_saved_is_what_is_read(tmp_path: Path, reviewed: ReviewRun) -> None:
    from test_review_figures import page_of

    key = page_of(reviewed, 4).key
    answers = answered(key, "a", "Ana", lambda _: 3, lambda _: "both_good")
    assert read_answers(saved(answers, tmp_path / "back.json")) == answers
