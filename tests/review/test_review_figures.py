from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from run_of_review import RANKED, ReviewRun, answered, make_run, saved

from polyteach.cli.display import PlainDisplay
from polyteach.executors.local import Local
from polyteach.resources import find_resources
from polyteach.review.answers import import_answers
from polyteach.review.figures import review_figures
from polyteach.review.judgements import judgements
from polyteach.review.key import KEY, PAIR, Item, folder_of, has_reviews, read_keys
from polyteach.review.page import Page, make_page
from polyteach.review.publishing import publish_reviews
from polyteach.review.reading import open_reviewed, read_written, telling_names
from polyteach.running import run_graph
from polyteach.runs import RunFolder
from polyteach.study import load_candidates

ROOT = Path(__file__).parents[2]


def page_of(run: ReviewRun, rows: int = 8, language: str = "de") -> Page:
    """The page of a run, its key put where it belongs."""
    opened = open_reviewed(run.folder)
    names = sorted(telling_names(opened))
    page = make_page(read_written(opened, language), names, language, rows=rows, rng_seed=0)
    assert page
    folder = folder_of(run.folder, language, page.key.page)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEY).write_text(page.key.model_dump_json(), encoding="utf-8")
    return page


def right_mark(item: Item) -> int:
    return 5 - 2 * RANKED.index(item.shown[0].teacher)


def right_choice(item: Item) -> str:
    first, second = (RANKED.index(one.teacher) for one in item.shown)
    return "first" if first < second else "second"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> ReviewRun:
    """A run to which two reviewers, who agree with its truth, answered."""
    return make_run(tmp_path_factory.mktemp("changed"))


def send(run: ReviewRun, page: Page, tmp_path: Path, **marks: Any) -> None:
    paths = [
        saved(answered(page.key, who, name, mark, choose), tmp_path / f"{name}.json")
        for who, (name, mark, choose) in marks.items()
    ]
    import_answers(paths, read_keys(run.folder), force=True)


def test_reviewers_who_say_what_is_true(changed: ReviewRun, tmp_path: Path) -> None:
    before = {name: (changed.folder / name).read_bytes() for name in ("results.json", "leaderboard.csv")}
    page = page_of(changed)
    assert not has_reviews(changed.folder)
    send(changed, page, tmp_path, a=("Ana", right_mark, right_choice), b=("Ben", right_mark, right_choice))
    assert has_reviews(changed.folder)
    (found,) = publish_reviews(changed.folder)[0]["languages"]

    assert [one["teacher"] for one in found["teachers"]] == RANKED
    values = {one["teacher"]: one["preference"]["value"] for one in found["teachers"]}
    met = Counter(
        frozenset(one.teacher for one in item.shown)
        for item in page.key.items
        if item.kind == PAIR and not item.repeats
    )
    ursa, lyra, vega = RANKED
    won, lost = met[frozenset((lyra, vega))], met[frozenset((lyra, ursa))]
    assert values == {ursa: 1.0, lyra: pytest.approx(won / (won + lost)), vega: 0.0}
    assert [one["mark"]["value"] for one in found["teachers"]] == [5.0, 3.0, 1.0]
    assert [one["mark"]["n"] for one in found["teachers"]] == [16, 16, 16]  # 8 rows, 2 reviewers

    assert found["agreement"]["marks"]["value"] == 1.0
    assert found["agreement"]["choices"]["value"] == 1.0
    assert found["consistency"]["same_mark"]["value"] == 1.0
    assert found["consistency"]["same_choice"]["value"] == 1.0
    metrics = {one["metric"]: one["agreement"] for one in found["with_metrics"]}
    assert next(iter(metrics)) == "rubric"
    assert metrics["rubric"]["value"] == pytest.approx(1.0)
    assert metrics["response_length"]["value"] is None  # it tells no answers apart
    assert found["with_scores"]["gain"]["value"] == pytest.approx(1.0)
    assert {one["reviewer"] for one in found["reviewers"]} == {"Ana", "Ben"}
    assert before == {name: (changed.folder / name).read_bytes() for name in before}
    assert json.loads((changed.folder / "reviews.json").read_text())["languages"] == [found]


def test_a_reviewer_with_another_taste_and_little_time(changed: ReviewRun, tmp_path: Path) -> None:
    page = page_of(changed)
    places = {item.id: place for place, item in enumerate(page.key.items)}

    def some(item: Item) -> Any:
        place = places[item.id]
        return None if place % 3 == 0 else "cannot" if place % 3 == 1 else 1

    send(
        changed,
        page,
        tmp_path,
        a=("Ana", right_mark, right_choice),
        b=("Ben", some, lambda _: "both_bad"),
    )
    (found,) = review_figures(changed.folder)["languages"]
    ben = next(one for one in found["reviewers"] if one["reviewer"] == "Ben")
    marks = [item for item in page.key.items if item.kind != PAIR]
    open_, cannot = (sum(places[i.id] % 3 == rest for i in marks) for rest in (0, 1))
    assert ben["items"] == {
        "answered": len(page.key.items) - open_ - cannot,
        "cannot_judge": cannot,
        "open": open_,
        "of": len(page.key.items),
    }
    assert found["left_out"] == {"cannot_judge": cannot}
    assert found["agreement"]["choices"]["value"] < 0.2
    ursa = next(one for one in found["teachers"] if one["teacher"] == RANKED[0])
    assert ursa["preference"]["value"] == 0.75  # all won by one, all tied by the other


def test_the_report_has_what_reviewers_said_and_keeps_it(changed: ReviewRun, tmp_path: Path) -> None:
    page = page_of(changed)
    hostile = "Ana <img src=x onerror=alert(1)>"
    send(changed, page, tmp_path, a=(hostile.replace("/", ""), right_mark, right_choice))
    artifact = changed.folder / "artifacts" / "report" / "report.html"
    plain = artifact.read_bytes()
    publish_reviews(changed.folder)
    text = (changed.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="reviews"' in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "<img" not in text
    assert artifact.read_bytes() == plain
    first = (changed.folder / "report.html").read_bytes(), (changed.folder / "reviews.json").read_bytes()
    publish_reviews(changed.folder)
    assert first == (
        (changed.folder / "report.html").read_bytes(),
        (changed.folder / "reviews.json").read_bytes(),
    )


def test_a_run_made_again_keeps_what_reviewers_said(changed: ReviewRun, tmp_path: Path) -> None:
    page = page_of(changed)
    send(changed, page, tmp_path, a=("Ana", right_mark, right_choice))
    publish_reviews(changed.folder)
    names = ("results.json", "report.html", "reviews.json")
    before = {name: (changed.folder / name).read_bytes() for name in names}
    study = load_candidates(ROOT / "studies" / "simulated.yaml")
    run_graph(
        study,
        find_resources(study, ROOT),
        [],
        lambda failed: list(changed.closing),
        changed.store,
        RunFolder(changed.folder),
        PlainDisplay(),
        executor=Local(1),
    )
    assert (changed.folder / "earlier-1" / "reviews.json").exists()  # moved away, for lack of a status
    assert {name: (changed.folder / name).read_bytes() for name in names} == before


def test_artifacts_of_another_version_leave_the_report_as_it_is(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    send(run, page_of(run, 3), tmp_path, a=("Ana", right_mark, right_choice))
    manifest = run.folder / "artifacts" / "report" / "manifest.json"
    known = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(known | {"settings": {"study": known["settings"]["study"]}}))
    before = (run.folder / "report.html").read_bytes()
    found, doubt = publish_reviews(run.folder)
    assert "another version" in doubt
    assert found["languages"]
    assert (run.folder / "reviews.json").exists()
    assert (run.folder / "report.html").read_bytes() == before


def test_rows_that_are_not_in_the_run_any_more_are_left_out(reviewed: ReviewRun) -> None:
    page = page_of(reviewed)
    written = read_written(open_reviewed(reviewed.folder), "de")
    answers = answered(page.key, "a", "Ana", right_mark, right_choice)
    whole = judgements([("Ana", page.key, answers)], written)
    assert not whole.left_out
    without = judgements([("Ana", page.key, answers)], [r for r in written if r.teacher != RANKED[0]])
    gone = sum(any(one.teacher == RANKED[0] for one in item.shown) for item in page.key.items)
    assert without.left_out == {"row_not_in_the_run_any_more": gone}
    assert all(RANKED[0] != mark.row[0] for mark in without.marks)


def test_two_of_one_name_are_two_reviewers(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    pages = [page_of(run, 12), page_of(run, 14)]
    paths = [
        saved(answered(page.key, who, "Ana", right_mark, right_choice), tmp_path / f"{who}.json")
        for page, who in zip(pages, "ab", strict=True)
    ]
    import_answers(paths, read_keys(run.folder), force=False)
    (found,) = review_figures(run.folder)["languages"]
    assert [one["reviewer"] for one in found["reviewers"]] == ["Ana (aaaaaa)", "Ana (bbbbbb)"]
    rows = [
        {(i.shown[0].teacher, i.shown[0].row) for i in page.key.items if i.kind != PAIR} for page in pages
    ]
    assert rows[0] & rows[1]  # what both marked was once lost
    assert sum(one["mark"]["n"] for one in found["teachers"]) == len(rows[0]) + len(rows[1])
    assert found["agreement"]["marks"]["n"] == len(rows[0] & rows[1])


def test_a_screen_or_a_run_without_a_judge(tmp_path: Path) -> None:
    run = make_run(tmp_path, judged=False)
    shutil.rmtree(run.folder / "reviews", ignore_errors=True)
    page = page_of(run, 3)
    send(run, page, tmp_path, a=("", right_mark, right_choice))
    (found,) = review_figures(run.folder)["languages"]
    assert not any(one["is_judge"] for one in found["with_metrics"])
    assert found["reviewers"][0]["reviewer"] == "a" * 16
    assert found["agreement"]["marks"]["reason"] == "no item was answered by two reviewers"
