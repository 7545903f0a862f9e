"""Texts of models and data try to run, to hide, to break out: all of it is shown as text."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from polyteach.report.html import TEMPLATES
from polyteach.report.page import render_page
from polyteach.report.samples import choose_samples
from polyteach.rows import Row

OWNED = "window.owned = (window.owned || 0) + 1"
SCRIPTS = [
    f"<script>{OWNED}</script>",
    f'"><img src=x onerror="{OWNED}">',
    f"' onmouseover='{OWNED}' autofocus onfocus='{OWNED}' x='",
    f'<a href="javascript:{OWNED}">javascript:{OWNED}</a>',
    f"</script><script>{OWNED}</script>",
    f"</textarea></title></style><svg onload={OWNED}>",
    f"<!--<script>{OWNED}</script>-->]]>",
    f"{{{{ {OWNED} }}}} ${{{OWNED}}} <% {OWNED} %>",
]
STYLES = "</style><style>*{display:none!important}</style><b style='position:fixed;inset:0;font-size:9em'>"
ORDER = "user\u202etxt.exe\u2066 \u2028 \u200f"
CONTROLS = "NUL \x00 ESC \x1b[31m DEL \x7f lone \ud800 end"
LONG = "w" * 100_000
FORMULAS = ['=HYPERLINK("http://x.example","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "-0.5", "−0.5"]
TEXTS = [*SCRIPTS, STYLES, ORDER, CONTROLS, LONG, *FORMULAS]


def poisoned(value: Any, names: dict[str, str]) -> Any:
    """Results with their names made hostile, wherever these stand, as keys or as values."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [poisoned(one, names) for one in value]
    if isinstance(value, dict):
        return {names.get(key, key): poisoned(one, names) for key, one in value.items()}
    return value


@pytest.fixture(scope="module")
def hostile_page(report_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = report_page.parent.parent
    results = json.loads((root / "score" / "results.json").read_text(encoding="utf-8"))
    analysed = json.loads((root / "analysis" / "analysis.json").read_text(encoding="utf-8"))
    teachers = dict(
        zip(["err-03", "small", "err-30", "big"], [SCRIPTS[0], SCRIPTS[1], FORMULAS[0], LONG], strict=True)
    )
    other = {
        "choice": SCRIPTS[2],
        "exact": STYLES,
        "base-a": CONTROLS,
        "oracle": SCRIPTS[5],
        "synthetic": SCRIPTS[6],
    }
    results, analysed = poisoned(results, teachers | other), poisoned(analysed, teachers | other)
    results["warnings"] = [{"code": f"c{n}", "where": text, "message": text} for n, text in enumerate(TEXTS)]
    results["warnings"] += [{"code": SCRIPTS[0], "where": "study", "message": "a hostile code"}]
    results["verdict"]["text"] = f"{SCRIPTS[0]} leads. {STYLES} {ORDER}"
    results["requests"][0]["failed"] = {text: n + 1 for n, text in enumerate(TEXTS)}
    for anchor in results["anchors"]:
        anchor["reason"] = STYLES
    rows = {
        (name, "respond"): [
            Row(f"{n}", "ar", "respond", name, "s", f"{n}", f"{n} {text}", f"{text} {name[:20]}")
            for n, text in enumerate(TEXTS)
        ]
        for name in teachers.values()
    }
    samples = {"ar": choose_samples(rows, "ar", len(TEXTS)), "ja": []}
    html = render_page(results, analysed, samples, "\n".join(TEXTS))
    page = tmp_path_factory.mktemp("hostile") / "report.html"
    page.write_text(html, encoding="utf-8")
    return page


def test_nothing_runs_and_nothing_breaks_out(visit, hostile_page: Path, report_page: Path) -> None:
    tab = visit(hostile_page, width=360)
    kind = visit(report_page, width=360)
    tags = "[...new Set([...document.querySelectorAll('*')].map(one => one.localName))].sort().join(' ')"
    assert set(tab.evaluate(tags).split()) <= set(kind.evaluate(tags).split()) | {
        "p",
        "h3",
        "aside",
        "li",
        "ul",
    }
    for one in ("script:not([type='application/json'])", "style"):
        assert tab.locator(one).count() == 1
    bad = (
        "[...document.querySelectorAll('*')].flatMap(one => [...one.attributes]).filter(one => "
        "/^on|^style$/.test(one.name) || /^\\s*javascript:/i.test(one.value)).length"
    )
    assert tab.evaluate(bad) == 0
    assert tab.evaluate("[...document.links].every(one => one.getAttribute('href').startsWith('#'))")
    assert tab.locator("h1").text_content() == f"{SCRIPTS[0]} leads."
    assert tab.locator("h1").is_visible(), "no style of a text counts"
    wide = (
        "[...document.querySelectorAll('main *')].filter(one => !one.closest('.scroll') && "
        "one.getBoundingClientRect().right > 361).map(one => one.outerHTML.slice(0, 100))"
    )
    assert tab.evaluate(wide)[:3] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert tab.evaluate("window.owned") is None


def test_nothing_runs_whatever_is_pressed(visit, hostile_page: Path) -> None:
    tab = visit(hostile_page)
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    tab.evaluate("document.querySelectorAll('button.sort').forEach(one => one.click())")
    # One link of each kind: each opens the explorer anew, on texts of 100 KB.
    for kind in ("#ranking svg a", "table.heat a", ".contents a:last-child", "#samples article a"):
        tab.evaluate(
            f"document.querySelector('{kind}')?.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"
        )
    tab.evaluate(
        "document.querySelectorAll('main *').forEach(one => ['mouseover', 'focus', 'error', 'load']"
        ".forEach(kind => one.dispatchEvent(new Event(kind))))"
    )
    tab.locator("#language").select_option("ar")
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.owned") is None


def test_hostile_texts_are_read_as_they_are(visit, hostile_page: Path) -> None:
    tab = visit(hostile_page)
    shown = tab.locator("#settings pre").text_content()
    for text in (*SCRIPTS, STYLES, LONG, *FORMULAS):
        assert text in shown
    assert "user⟨U+202E⟩txt.exe⟨U+2066⟩ ⟨U+2028⟩ \u200f" in shown
    assert "NUL ␀ ESC ␛[31m DEL ⟨U+007F⟩ lone ⟨U+D800⟩ end" in shown
    assert tab.locator("#samples").get_by_text(SCRIPTS[1]).count() > 0
    whole = tab.evaluate("document.documentElement.outerHTML")
    assert not any(mark in whole for mark in "\x00\x1b\u202e\u2066\u2028")


def test_no_formula_reaches_a_spreadsheet(visit, hostile_page: Path) -> None:
    tab = visit(hostile_page, permissions=["clipboard-read", "clipboard-write"])
    for name in ("Ranking", "Failed requests"):
        menu = tab.locator(f'details.copy:has(summary[aria-label*="“{name}”"])').first
        menu.locator("summary").click()
        menu.get_by_role("button", name="CSV").click()
        tab.locator("#told", has_text=f"{name}: copied as CSV").wait_for(state="attached")
        rows = list(csv.reader(io.StringIO(tab.evaluate("navigator.clipboard.readText()"), newline="")))
        cells = [cell for row in rows for cell in row]
        assert f"'{FORMULAS[0]}" in cells
        assert len({len(row) for row in rows}) == 1, "no cell breaks out of its row"
        for cell in cells:
            assert cell[:1] not in "=+@\t\r" or not cell
            assert not cell.startswith("-") or float(cell) < 0


def test_no_script_of_ours_makes_markup_of_texts() -> None:
    scripts = [*TEMPLATES.glob("*.js"), *TEMPLATES.glob("page/*.js")]
    assert len(scripts) >= 5
    for path in scripts:
        source = path.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
            assert word not in source, f"{path.name}: {word}"
