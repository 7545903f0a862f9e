"""What a reader does with the report: sorts, filters, copies, turns the light off, reads it anywhere."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

RANKING = 'table[data-name="Ranking"]'
TEACHERS = ["err-03", "small", "err-30", "big"]


def names(tab, table: str) -> list[str]:
    return tab.locator(f"{table} tbody th[scope=row]").all_text_contents()


def test_a_column_sorts_from_the_largest_then_the_smallest_then_not(visit, report_page: Path) -> None:
    tab = visit(report_page)
    head = tab.locator(f"{RANKING} thead th", has_text="size")
    by_size = [
        "big",
        "err-30",
        "err-03",
        "small",
    ]  # 1.04M, 531k, 530k, 230k: what is shown is ordered otherwise
    for state, order in (("descending", by_size), ("ascending", by_size[::-1]), (None, TEACHERS)):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == state
        assert names(tab, RANKING) == order
    tab.locator(f"{RANKING} thead button", has_text="teacher").click()
    assert names(tab, RANKING) == sorted(TEACHERS)
    assert tab.locator("#told").text_content() == "Ranking: sorted by teacher, ascending"


def test_rows_are_sorted_within_their_group(visit, report_page: Path) -> None:
    tab = visit(report_page)
    table = 'table[data-name="Metrics of the data"]'
    tab.locator(f"{table} thead button", has_text="teacher").click()
    assert tab.locator(f"{table} tr.group").all_text_contents() == ["German", "Arabic", "Japanese"]
    assert names(tab, table) == sorted([*TEACHERS, "seed data"]) * 3


def test_one_language_alone(visit, report_page: Path) -> None:
    tab = visit(report_page)
    tab.locator("#language").select_option("ar")
    assert tab.locator('[data-language="ar"]').count() > 5
    assert tab.locator('[data-language]:not([data-language="ar"]):not([hidden])').count() == 0
    assert tab.locator('[data-language="ar"][hidden]').count() == 0
    assert tab.locator("#languages details.language:visible").count() == 1
    assert names(tab, 'table[data-name="Ranking in Arabic"]') == TEACHERS
    assert tab.url.endswith("#language=ar")
    tab.locator("#language").select_option("")
    assert tab.locator("[data-language][hidden]").count() == 0


def test_an_address_opens_one_language(visit, report_page: Path) -> None:
    tab = visit(report_page, "#language=ja")
    assert tab.locator("#language").input_value() == "ja"
    assert tab.locator('th[data-language="de"]').first.is_hidden()
    for nobody in ("xx", "%", "%E0%A4"):
        unknown = visit(report_page, f"#language={nobody}")
        assert unknown.locator("[data-language][hidden]").count() == 0


def test_an_address_of_samples_opens_their_language(visit, report_page: Path) -> None:
    tab = visit(report_page, "#samples?language=ar&teacher=small")
    tab.locator("#explorer form").wait_for()
    chosen = [
        tab.locator(f"#{name}").input_value() for name in ("language", "samples-language", "samples-teacher")
    ]
    assert chosen == ["ar", "ar", "small"]


def background(tab) -> str:
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def test_dark_and_light_by_choice_and_by_system(visit, report_page: Path) -> None:
    tab = visit(report_page, color_scheme="light")
    light = background(tab)
    tab.locator("#theme").select_option("dark")
    dark = background(tab)
    assert dark != light
    tab.reload()
    assert background(tab) == dark, "the choice is kept"
    assert tab.locator("#theme").input_value() == "dark"
    tab.locator("#theme").select_option("auto")
    assert background(tab) == light
    tab.emulate_media(color_scheme="dark")
    assert background(tab) == dark
    tab.locator("#theme").select_option("light")
    assert background(tab) == light


def test_a_dark_page_is_dark_before_it_is_drawn(visit, report_page: Path) -> None:
    tab = visit(report_page)
    tab.locator("#theme").select_option("dark")
    tab.add_init_script(
        "new MutationObserver((_, seen) => { if (document.body) { seen.disconnect();"
        " window.first = getComputedStyle(document.body).backgroundColor; } })"
        ".observe(document, {childList: true, subtree: true});"
    )
    tab.reload()
    assert tab.evaluate("window.first") == background(tab)
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"


def copied(tab, table: str, name: str) -> str:
    menu = tab.locator(f'details.copy:has(summary[aria-label*="{table}”"])').first
    menu.locator("summary").click()
    menu.get_by_role("button", name=name).click()
    tab.locator("#told", has_text=f"{table}: copied as {name}").wait_for(state="attached")
    assert not menu.evaluate("menu => menu.open")
    return tab.evaluate("navigator.clipboard.readText()")


@pytest.fixture
def clipboard_page(visit, report_page: Path):
    return visit(report_page, permissions=["clipboard-read", "clipboard-write"])


def test_a_table_as_csv_has_bare_values_in_the_order_on_the_page(clipboard_page) -> None:
    clipboard_page.locator(f"{RANKING} thead button", has_text="size").click()
    rows = list(csv.DictReader(io.StringIO(copied(clipboard_page, "Ranking", "CSV"))))
    assert [row["teacher"] for row in rows] == ["big", "err-30", "err-03", "small"]
    assert [len(row["gain"]) > 6 for row in rows] == [True] * 4, "all digits, not those shown"
    assert float(rows[2]["gain"]) == pytest.approx(0.563, abs=0.001)
    bounds = [float(rows[2][f"gain {end}"]) for end in ("low", "high")]
    assert bounds == pytest.approx([0.525, 0.602], abs=0.001)
    assert "quality low" not in rows[0], "only what is shown has bounds"


ODD = """() => {
  const table = document.querySelector('table[data-name="Benchmarks"]');
  const texts = ["−5.25", "30,000", "–", "1,5", "-- x", 'a → b <c> | "d"'];
  [...table.tBodies[0].rows].forEach((row, at) => {
    row.cells[3].textContent = texts[at];
    delete row.cells[3].dataset.value;
  });
}"""


def test_numbers_are_copied_as_numbers_and_signs_as_latex_has_them(clipboard_page) -> None:
    assert clipboard_page.locator('table[data-name="Benchmarks"] tbody tr').count() == 6
    clipboard_page.evaluate(ODD)
    rows = list(csv.reader(io.StringIO(copied(clipboard_page, "Benchmarks", "CSV"))))
    assert [row[3] for row in rows[1:]] == ["-5.25", "30000", "", "1,5", "'-- x", 'a → b <c> | "d"']
    latex = copied(clipboard_page, "Benchmarks", "LaTeX")
    assert "& a $\\rightarrow$ b $<$c$>$ $|$ ''d'' &" in latex


def test_no_number_with_an_interval_is_copied_as_a_text(clipboard_page) -> None:
    clipboard_page.evaluate(
        "document.querySelectorAll('details:not(.copy)').forEach(one => { one.open = true })"
    )
    names = clipboard_page.locator("table[data-name]").evaluate_all("all => all.map(one => one.dataset.name)")
    for name in dict.fromkeys(names):
        rows = list(csv.reader(io.StringIO(copied(clipboard_page, name, "CSV"))))
        assert not [cell for row in rows for cell in row if re.search(r"\d \[[−\d]", cell)], name


def test_what_only_leads_elsewhere_is_not_copied(clipboard_page) -> None:
    assert clipboard_page.locator("th[data-uncopied]", has_text="samples").count() == 3
    clipboard_page.locator("#languages details.language summary").first.click()
    head, *_ = csv.reader(io.StringIO(copied(clipboard_page, "Ranking in German", "CSV")))
    assert head[:2] == ["teacher", "score"]
    assert "samples" not in head


def test_a_table_as_markdown_and_latex(clipboard_page) -> None:
    head, rule, first, *_ = copied(clipboard_page, "Ranking", "Markdown").splitlines()
    assert head.startswith("| teacher | size | rank | score robust | gain |")
    assert rule.startswith("| --- | ---: |")
    assert first.startswith(r"| err-03 | 530k | 1 | 68.2 \[66.0, 70.3\] | 0.563 \[0.525, 0.602\] | 0.80 |")
    latex = copied(clipboard_page, "Benchmarks", "LaTeX")
    assert latex.startswith("\\begin{tabular}{llrrrrrrll}\n\\hline\nlanguage & benchmark & items &")
    assert "0.583 & 0.0" in latex
    assert latex.count("\\checkmark{} counts") + latex.count("$\\times$ left out") == 6
    assert latex.count("\\\\") == 7


def test_what_is_hidden_is_not_copied(clipboard_page) -> None:
    clipboard_page.locator("#language").select_option("de")
    rows = list(csv.reader(io.StringIO(copied(clipboard_page, "Gain by language", "CSV"))))
    assert rows[0] == ["teacher", "German", "German low", "German high", "all"]
    assert {len(row) for row in rows} == {5}


def test_by_keyboard_alone(visit, report_page: Path) -> None:
    tab = visit(report_page)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.locator(".skip").bounding_box()["y"] >= 0, "seen when it has the focus"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.matches('table[data-name=\"Ranking\"] button.sort')"):
            break
    tab.keyboard.press("Enter")
    assert tab.locator(f"{RANKING} th[aria-sort=ascending]").text_content() == "teacher"
    tab.keyboard.press("Shift+Tab")
    assert tab.evaluate("document.activeElement.textContent") == "copy as"
    tab.keyboard.press("Enter")
    assert tab.locator("details.copy[open]").count() == 1
    tab.keyboard.press("Escape")
    assert tab.locator("details.copy[open]").count() == 0
    assert tab.evaluate("document.activeElement.textContent") == "copy as"


@pytest.mark.parametrize("width", [360, 390, 768])
def test_nothing_of_the_page_scrolls_sideways(visit, report_page: Path, width: int) -> None:
    tab = visit(report_page, width=width)
    tab.evaluate("document.querySelectorAll('details:not(.copy)').forEach(one => { one.open = true })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    boxes = "[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth)"
    tab.wait_for_timeout(200)  # sizes are told to the page after it was laid out
    assert tab.evaluate(f"{boxes}.every(box => box.tabIndex === 0 && box.ariaLabel)")
    assert width > 400 or tab.evaluate(f"{boxes}.length") > 0


def test_arabic_runs_from_the_right_and_is_named(visit, report_page: Path) -> None:
    tab = visit(report_page, "#language=ar")
    texts = tab.locator('#samples .text[lang="ar"]:visible')
    assert texts.count() > 0
    assert texts.first.evaluate("text => getComputedStyle(text).direction") == "rtl"
    box = texts.first.evaluate(
        "text => { const range = document.createRange(); range.selectNodeContents(text);"
        " const [line, around] = [range.getClientRects()[0], text.getBoundingClientRect()];"
        " return [line.left - around.left, around.right - line.right]; }"
    )
    assert box[1] < box[0], "the text stands at the right"


def test_on_paper_all_is_open_and_nothing_is_there_to_press(visit, report_page: Path) -> None:
    tab = visit(report_page, color_scheme="dark")
    closed = "[...document.querySelectorAll('main details:not(.copy)')].filter(one => !one.open).length"
    assert tab.evaluate(closed) > 0
    tab.evaluate("document.querySelectorAll('main details')[0].open = false")
    tab.emulate_media(media="print")
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(closed) == 0
    for kind in (".bar", ".copy", ".skip", ".explorer"):
        assert not any(one.is_visible() for one in tab.locator(kind).all())
    assert background(tab) == "rgb(255, 255, 255)"
    assert tab.locator("#samples article:visible").count() > 0
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(closed) > 0
    assert len(tab.pdf()) > 50_000


def test_without_javascript_the_page_is_whole(visit, report_page: Path) -> None:
    tab = visit(report_page, java_script_enabled=False)
    assert tab.locator("h1").text_content().startswith("err-03 leads")
    assert tab.locator(".controls").is_hidden()
    assert tab.locator(f"{RANKING} tbody tr:visible").count() == 4
    assert tab.locator("svg.wide:visible").count() >= 2
    assert tab.locator("#samples article:visible").count() > 0
    assert tab.locator("[hidden]").count() == 0


def test_each_chart_is_drawn_for_its_width(visit, report_page: Path) -> None:
    for width, shown, other in ((1200, "wide", "narrow"), (360, "narrow", "wide")):
        tab = visit(report_page, width=width)
        charts = tab.locator("#ranking .chart, #quality .chart")
        assert charts.count() == 2
        for chart in charts.all():
            assert chart.locator(f"svg.{shown}").is_visible()
            assert chart.locator(f"svg.{other}").is_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_axe_finds_nothing_serious(visit, report_page: Path, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    # The policy of the page would stop axe's own script: it is looked at without.
    tab = visit(report_page, width=width, color_scheme=scheme, bypass_csp=True)
    tab.evaluate("document.querySelectorAll('main details:not(.copy)').forEach(one => { one.open = true })")
    found = axe.run(tab).response
    assert len(found["passes"]) > 20
    grave = [v for v in found["violations"] if v["impact"] in ("moderate", "serious", "critical")]
    assert [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in grave] == []


LINES = """() => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  document.querySelector(".card").append(svg);
  const colours = [...Array(8).keys()].map((index) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("class", `line series-${index}`);
    svg.append(line);
    return getComputedStyle(line).stroke;
  });
  return [getComputedStyle(svg.parentElement).backgroundColor, ...colours];
}"""


def luminance(colour: str) -> float:
    """Relative luminance of an rgb(...), as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_stand_out_from_their_card(visit, report_page: Path, scheme: str) -> None:
    card, *colours = map(luminance, visit(report_page, color_scheme=scheme).evaluate(LINES))
    contrasts = [(max(card, one) + 0.05) / (min(card, one) + 0.05) for one in colours]
    assert min(contrasts) >= 3
