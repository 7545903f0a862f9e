"""The review page as a native speaker uses it: by keyboard, saved, brought back; nothing of a text runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
from run_of_review import HOSTILE, RANKED, make_run
from test_review_figures import page_of

from polyteach.errors import UserError
from polyteach.review.answers import import_answers
from polyteach.review.key import MARK, Key, read_keys
from polyteach.review.publishing import publish_reviews

expect = pytest.importorskip("playwright.sync_api", reason="no playwright here").expect


class Sent:
    """A run, and the page of each of its languages as a file."""

    def __init__(self, root: Path) -> None:
        self.run = make_run(root, languages=("de", "ar", "ja"), hostile=HOSTILE)
        self.keys: dict[str, Key] = {}
        for language in ("de", "ar", "ja"):
            page = page_of(self.run, 4, language)
            self.keys[language] = page.key
            self.path(language).write_text(page.html, encoding="utf-8")

    def path(self, language: str) -> Path:
        return self.run.folder / f"review-{language}.html"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent(tmp_path_factory.mktemp("sent"))


def right_key(item, left_to_right: bool = True) -> str:
    """What a reviewer presses who knows the truth."""
    first, *second = (RANKED.index(one.teacher) for one in item.shown)
    if item.kind == MARK:
        return str(5 - 2 * first)
    return "ArrowLeft" if (first < second[0]) is left_to_right else "ArrowRight"


def save(tab, path: Path) -> Path:
    with tab.expect_download() as started:
        tab.locator("#save").click()
    started.value.save_as(path)
    return path


def test_filled_in_by_keyboard_and_brought_back(visit, sent: Sent, tmp_path: Path) -> None:
    tab, key = visit(sent.path("de")), sent.keys["de"]
    for item in key.items:
        tab.keyboard.press(right_key(item))
    expect(tab.locator("#thanks")).to_be_visible()
    expect(tab.locator("#progress-text")).to_have_text(f"{len(key.items)} von {len(key.items)} beantwortet")
    tab.locator("#name").fill("Ana 1 2 3")  # digits in a name are no marks
    file = save(tab, tmp_path / "back.json")

    (taken,) = import_answers([file], read_keys(sent.run.folder), force=True)
    assert (taken[2].answered, taken[2].open) == (len(key.items), 0)
    found = publish_reviews(sent.run.folder)[0]["languages"]
    german = next(one for one in found if one["language"] == "de")
    assert [one["teacher"] for one in german["teachers"]] == RANKED
    assert [one["mark"]["value"] for one in german["teachers"]] == [5.0, 3.0, 1.0]
    assert german["teachers"][0]["preference"]["value"] == 1.0
    assert german["teachers"][2]["preference"]["value"] == 0.0
    assert german["consistency"]["same_choice"]["value"] in (1.0, None)
    assert german["reviewers"][0]["reviewer"] == "Ana 1 2 3"
    assert "Ana 1 2 3" in (sent.run.folder / "report.html").read_text(encoding="utf-8")


def test_a_tampered_file_is_refused(visit, sent: Sent, tmp_path: Path) -> None:
    tab = visit(sent.path("de"))
    tab.keyboard.press("4")
    file = save(tab, tmp_path / "half.json")
    assert import_answers([file], read_keys(sent.run.folder), force=True)[0][2].answered == 1
    plain = json.loads(file.read_text())
    (id,) = plain["marks"]
    for change in ({"marks": {id: 9}}, {"choices": {id: "first"}}, {"page": "0" * 64}, {"more": 1}):
        file.write_text(json.dumps(plain | change))
        with pytest.raises(UserError):
            import_answers([file], read_keys(sent.run.folder), force=True)


def test_progress_outlives_the_page_and_answers_can_be_changed(visit, sent: Sent, tmp_path: Path) -> None:
    tab = visit(sent.path("de"))
    expect(tab.locator("#kept")).to_contain_text("gespeichert")
    for key in ("5", "2", "0"):
        tab.keyboard.press(key)
    tab.reload()
    expect(tab.locator("#progress-text")).to_have_text(f"3 von {len(sent.keys['de'].items)} beantwortet")
    for _ in range(3):
        tab.keyboard.press("Backspace")
    expect(tab.locator("[data-answer='5']")).to_have_attribute("aria-pressed", "true")
    tab.keyboard.press("3")
    expect(tab.locator("[data-answer='2']")).to_have_attribute("aria-pressed", "true")
    tab.keyboard.press("Space")
    expect(tab.locator("#cannot")).to_have_attribute("aria-pressed", "true")
    plain = json.loads(save(tab, tmp_path / "back.json").read_text())
    ids = [item.id for item in sent.keys["de"].items]
    assert plain["marks"] == {ids[0]: 3, ids[1]: 2, ids[2]: "cannot"}


def two_tabs(browser, path: Path):
    context = browser.new_context()
    tabs = [context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto(path.as_uri())
    return context, tabs


@pytest.mark.parametrize("hears", [True, False])
def test_two_tabs_keep_each_others_answers(browser, sent: Sent, tmp_path: Path, hears: bool) -> None:
    context, (one, other) = two_tabs(browser, sent.path("de"))
    all_items = len(sent.keys["de"].items)
    if not hears:  # a tab in the background may be asleep
        stop = "addEventListener('storage', (event) => event.stopImmediatePropagation(), {capture: true})"
        context.add_init_script(stop)
        other.reload()
    one.keyboard.press("5")
    if hears:
        expect(other.locator("#progress-text")).to_have_text(f"1 von {all_items} beantwortet")
    other.keyboard.press("Space")
    other.keyboard.press("2")
    one.locator("#name").fill("Ana")
    expect(other.locator("#progress-text")).to_have_text(f"2 von {all_items} beantwortet")
    files = [json.loads(save(tab, tmp_path / "back.json").read_text()) for tab in (one, other)]
    assert files[0] == files[1]
    ids = [item.id for item in sent.keys["de"].items]
    assert files[0]["marks"] == {ids[0]: 5, ids[1]: 2}
    assert files[0]["reviewer"]["name"] == "Ana"
    context.close()


def test_a_key_held_down_is_one_answer(visit, sent: Sent) -> None:
    tab = visit(sent.path("de"))
    for _ in range(4):
        tab.keyboard.down("3")  # without an end between: repeated
    expect(tab.locator("#progress-text")).to_contain_text("1 von")


def test_the_next_person_in_a_browser_is_another(visit, sent: Sent, tmp_path: Path) -> None:
    tab = visit(sent.path("de"))
    tab.keyboard.press("5")
    tab.locator("#name").fill("Ana")
    first = json.loads(save(tab, tmp_path / "first.json").read_text())
    asked = []
    tab.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    tab.locator("#other").click()
    expect(tab.locator("#progress-text")).to_contain_text("1 von")
    tab.once("dialog", lambda dialog: dialog.accept())
    tab.locator("#other").click()
    expect(tab.locator("#progress-text")).to_contain_text("0 von")
    expect(tab.locator("#name")).to_have_value("")
    assert "Browser" in asked[0]
    tab.reload()
    tab.keyboard.press("2")
    second = json.loads(save(tab, tmp_path / "second.json").read_text())
    assert first["reviewer"]["name"] == "Ana" and second["reviewer"]["name"] == ""
    assert first["reviewer"]["id"] != second["reviewer"]["id"]
    assert list(second["marks"].values()) == [2]


def test_without_storage_it_works_and_says_so(browser, sent: Sent) -> None:
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('closed'); }})"
    )
    tab = context.new_page()
    tab.goto(sent.path("de").as_uri())
    expect(tab.locator("#kept")).to_contain_text("speichert Ihre Antworten nicht")
    tab.keyboard.press("4")
    expect(tab.locator("#progress-text")).to_contain_text("1 von")
    tab.locator("#copy").click()
    assert json.loads(tab.locator("#copied").input_value())["marks"]
    context.close()


def test_arabic_runs_from_right_to_left(visit, sent: Sent, tmp_path: Path) -> None:
    tab, key = visit(sent.path("ar")), sent.keys["ar"]
    assert tab.locator("html").get_attribute("dir") == "rtl"
    text = tab.locator(".asked .text").first  # answers here have more Latin letters, of hostile markup
    assert (text.get_attribute("lang"), text.get_attribute("dir")) == ("ar", "rtl")
    number, words = (tab.locator(f"[data-answer='1'] {part}").bounding_box() for part in ("kbd", "span"))
    assert number["x"] > words["x"]
    for item in key.items:
        if item.kind != MARK and tab.locator(".side").count() == 2:
            a, b = (tab.locator(".side").nth(side).bounding_box()["x"] for side in (0, 1))
            assert a > b
        tab.keyboard.press(right_key(item, left_to_right=False))
    expect(tab.locator("#thanks")).to_be_visible()
    plain = json.loads(save(tab, tmp_path / "back.json").read_text())
    teachers = {item.id: [RANKED.index(one.teacher) for one in item.shown] for item in key.items}
    assert all(
        (given == "first") is (teachers[id][0] < teachers[id][1]) for id, given in plain["choices"].items()
    )


@pytest.mark.parametrize("language", ["de", "ar", "ja"])
def test_hostile_rows_are_text(visit, sent: Sent, language: str) -> None:
    tab = visit(sent.path(language))
    for item in sent.keys[language].items:
        shown = tab.locator(".given .text").first.text_content()
        assert "<img src=x onerror=window.owned=1>" in shown
        assert not {"\x00", "\u202e"} & set(shown)
        tab.keyboard.press("3" if item.kind == MARK else "t")
    assert tab.evaluate("window.owned") is None
    assert tab.locator("main img, main a, #texts script").count() == 0


def test_what_the_storage_holds_is_not_believed(visit, sent: Sent) -> None:
    tab, key = visit(sent.path("de")), sent.keys["de"]
    strange = json.dumps({"answers": {key.items[0].id: "<b>"}, "id": 7, "name": {}})
    for kept in (strange, "no json", "null", "[]"):
        tab.evaluate("kept => localStorage.setItem(kept[0], kept[1])", [f"polyteach-review-{key.page}", kept])
        tab.reload()
        expect(tab.locator("#progress-text")).to_contain_text("0 von")


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("ar", 390, "dark"), ("ja", 1200, "light"), ("de", 360, "light")]
)
def test_axe_finds_nothing_serious(visit, sent: Sent, language: str, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    # The policy of the page would stop axe's own script: it is looked at without.
    tab = visit(sent.path(language), width=width, color_scheme=scheme, bypass_csp=True)
    marks = sum(item.kind == MARK for item in sent.keys[language].items)
    for pressed in range(marks + 1):
        if pressed in (0, marks):  # an answer to mark, then a pair
            found = axe.run(tab).response["violations"]
            assert [one["id"] for one in found if one["impact"] != "minor"] == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.keyboard.press("4")
