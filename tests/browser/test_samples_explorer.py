"""The samples' explorer as a reader uses it: links from figures, filters, search; text stays text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from synthetic_study import SyntheticStudy

from polyteach.analysis.step import analyse
from polyteach.report.step import report
from polyteach.scoring.step import score

expect = pytest.importorskip("playwright.sync_api", reason="no playwright here").expect

HOSTILE = (
    "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"
    '<a href="javascript:window.owned=1">x</a><style>*{display:none}</style>\x00\u202e'
)
SAMPLE = "#explorer .sample"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    """Makes the report of a made-up study with hostile rows, with so many samples a language."""
    folder = tmp_path_factory.mktemp("explorer")
    study = SyntheticStudy(folder / "study", languages=("de", "ar"), hostile=HOSTILE)
    score(study.score_task(folder / "score"))
    analyse(study.analysis_task(folder / "score", folder / "analysis"))

    def report_with(samples: int) -> Path:
        output = folder / f"report-{samples}"
        if not output.exists():
            report(study.report_task(folder / "score", folder / "analysis", output, samples))
        return output / "report.html"

    return report_with


@pytest.fixture(scope="module")
def small(made) -> Path:
    return made(12)


def count(tab) -> int:
    """How many samples the explorer says it found."""
    text = tab.locator("#explorer [role=status]").text_content()
    return 0 if text.startswith("No sample") else int(text.split(" of ")[0].replace(",", ""))


def field(tab, name: str):
    return tab.locator(f"#samples-{name}")


def opened(visit, path: Path, fragment: str = "#samples?"):
    tab = visit(path, fragment)
    tab.locator("#explorer form").wait_for()
    return tab


def test_without_its_script_the_page_has_samples(visit, small: Path) -> None:
    tab = visit(small, java_script_enabled=False)
    standing = tab.locator("#standing-samples .sample")
    assert standing.count() == 12  # six of each language
    assert tab.locator("#explorer").is_hidden()
    assert standing.first.locator(".human-rows").is_visible()


def test_the_explorer_opens_when_it_is_scrolled_to(visit, small: Path) -> None:
    tab = visit(small)
    assert tab.locator("#explorer form").count() == 0
    tab.locator("#samples").scroll_into_view_if_needed()
    tab.locator("#explorer form").wait_for()
    assert tab.locator("#standing-samples").is_hidden()
    assert tab.locator(SAMPLE).count() == 10
    tab.locator(".more-samples").click()
    assert tab.locator(SAMPLE).count() == 20
    assert tab.evaluate("document.activeElement === document.querySelectorAll('#explorer .sample')[10]")


def test_a_figure_of_the_heat_map_leads_to_its_samples(visit, small: Path) -> None:
    tab = visit(small)
    cell = tab.locator("table.heat tbody tr", has_text="big").locator('td[data-language="ar"] a')
    cell.click()
    tab.locator("#explorer form").wait_for()
    assert field(tab, "teacher").input_value() == "big"
    assert field(tab, "language").input_value() == "ar"
    assert count(tab) > 0
    assert set(tab.locator(f"{SAMPLE} .chosen .who").all_text_contents()) == {"big"}
    assert all("Arabic" in text for text in tab.locator(f"{SAMPLE} .method").all_text_contents())
    assert tab.locator("#samples h2").evaluate("heading => heading === document.activeElement")
    assert tab.locator("#samples h2").evaluate("h => h.getBoundingClientRect().top < innerHeight / 2")


def test_a_metric_leads_to_the_rows_with_its_problem(visit, small: Path) -> None:
    tab = visit(small)
    row = tab.locator('table[data-name="Metrics of the data"] tbody[data-language="de"] tr', has_text="big")
    row.locator('a[href*="problem=wrong_language&"], a[href$="problem=wrong_language"]').click()
    tab.locator("#explorer form").wait_for()
    assert count(tab) == 1  # it was the only one, and picked for it
    assert tab.locator(".chosen .problems li").all_text_contents() == ["HTML", "response in another language"]
    assert "picked for a problem" in tab.locator(f"{SAMPLE} .method").text_content()


def test_failed_requests_lead_to_what_was_answered(visit, small: Path) -> None:
    tab = visit(small)
    tab.locator('table[data-name="Failed requests"] tbody tr', has_text="small").locator("td a").first.click()
    tab.locator("#explorer form").wait_for()
    assert count(tab) == 4  # two languages, two methods
    assert (
        "no row: empty answer, 3 answers; some of them"
        in tab.locator(f"{SAMPLE} .problems").first.text_content()
    )
    assert "window.owned" in tab.locator(f"{SAMPLE} .failed").first.text_content()


def test_filters_and_search(visit, small: Path) -> None:
    tab = opened(visit, small)
    everything = count(tab)
    explorer = tab.locator("#explorer")
    field(tab, "method").select_option("generate")
    generated = count(tab)
    field(tab, "method").select_option("respond")
    assert 0 < generated < everything
    assert count(tab) + generated == everything
    field(tab, "problem").select_option("exact_duplicates")
    copies = count(tab)
    marked = tab.locator(f"{SAMPLE} .marked .problems").all_text_contents()
    assert 0 < copies == tab.locator(SAMPLE).count()
    assert any("exact copy" in text for text in marked)
    assert tab.url.endswith("#samples?method=respond&problem=exact_duplicates")
    explorer.get_by_role("button", name="Clear").click()
    expect(tab).to_have_url(re.compile("#samples$"))
    assert count(tab) == everything
    field(tab, "q").fill("KAIRO")
    expect(tab).to_have_url(re.compile("KAIRO"))
    assert count(tab) == 0
    field(tab, "q").fill("MÄRZ? (21)")
    expect(tab.locator("#explorer mark").first).to_be_visible()
    assert set(tab.locator("#explorer mark").all_text_contents()) == {"März? (21)"}
    assert count(tab) == 2  # one of each method


def test_the_pages_language_is_the_explorers(visit, small: Path) -> None:
    tab = opened(visit, small)
    tab.locator("#language").select_option("ar")
    expect(field(tab, "language")).to_have_value("ar")
    assert all("Arabic" in text for text in tab.locator(f"{SAMPLE} .method").all_text_contents())


def test_texts_have_their_language_and_direction(visit, small: Path) -> None:
    tab = opened(visit, small, "#samples?language=ar")
    first = tab.locator(f"{SAMPLE} .answer .text").first
    assert (first.get_attribute("lang"), first.get_attribute("dir")) == ("ar", "rtl")


def test_hostile_text_stays_text(visit, small: Path) -> None:
    tab = opened(visit, small, "#samples?language=de&teacher=err-03")
    text = tab.locator(f"{SAMPLE} .chosen .text").nth(1).text_content()
    assert "<img src=x onerror=window.owned=1>" in text
    assert "␀" in text and "⟨U+202E⟩" in text
    assert tab.evaluate("window.owned") is None
    assert tab.locator("#explorer :is(script, img, style)").count() == 0
    assert tab.locator('#explorer a:not([href^="#"])').count() == 0
    field(tab, "q").fill("<img src=x onerror")
    expect(tab.locator("#explorer mark").first).to_be_visible()
    assert tab.evaluate("window.owned") is None
    assert tab.locator("#explorer img").count() == 0


@pytest.mark.parametrize(
    "fragment",
    [
        "#samples?teacher=%3Cimg%20src%3Dx%3E",
        "#samples?sample=99999",
        "#samples?sample=x",
        "#samples?q=%E0%A4%A",
    ],
)
def test_an_address_that_nobody_made_harms_nothing(visit, small: Path, fragment: str) -> None:
    tab = opened(visit, small, fragment)
    assert tab.locator("#explorer img").count() == 0
    tab.locator("#explorer").get_by_role("button", name="Clear").click()
    expect(tab.locator(SAMPLE)).to_have_count(10)


def test_one_sample_has_an_address_of_its_own(visit, small: Path) -> None:
    tab = opened(visit, small)
    shown = tab.locator(SAMPLE).nth(3)
    text, address = shown.text_content(), shown.locator(".method a").get_attribute("href")
    again = opened(visit, small, address)
    assert again.locator(SAMPLE).count() == 1
    assert again.locator(SAMPLE).text_content() == text


def test_packed_data_are_unpacked(visit, made) -> None:
    page = made(100)
    assert 'data-packed="gzip"' in page.read_text(encoding="utf-8")
    tab = opened(visit, page, "#samples?language=de")
    assert count(tab) > 100
    assert "Der April" in tab.locator(f"{SAMPLE} .text").nth(3).text_content()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_axe_finds_nothing_serious_in_the_open_explorer(visit, small: Path, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    tab = visit(small, "#samples?language=ar&problem=any", width=width, color_scheme=scheme, bypass_csp=True)
    tab.locator("#explorer form").wait_for()
    found = axe.run(tab, context="#samples").response
    assert len(found["passes"]) > 8
    grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in grave] == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
