"""Measures how large reports are and how soon a browser shows them, from disk, each time with a new profile.

    python bench/report_size.py --run runs/pocket-demo  # the report of a finished run
    python bench/report_size.py                         # made up: 10 teachers x 20 languages, 100 samples
    python bench/report_size.py --teachers 6 --languages 5 --samples 12

The made-up study is scored, analysed and shown by the real steps; its rows have texts of made-up words, 100
to 1,900 characters long, in Latin, Arabic and Japanese script, which pack rather worse than real texts.
First view is the browser's first contentful paint, the median over loads; beside it stand the end of parsing,
and how long a sort of the longest table and a search among the samples take until they are drawn. Needs
chromium and playwright.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))  # the study that the tests use

from synthetic_study import SyntheticStudy

from polyteach.analysis.step import analyse
from polyteach.report.step import report
from polyteach.rows import Row, write_rows
from polyteach.scoring.step import score

LANGUAGES = ["de", "ar", "ja", "id", "fil", "sw", "tr", "vi", "hi", "ko", "fr", "es", "pt", "ru", "zh", "th"]
LANGUAGES += ["fa", "ur", "bn", "uk"]
LETTERS = {"ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "ja": "あいうえおかきくけこさしすせそ日本語東京学校"}
VOCABULARY = 4000
LOADS = 7
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
PARSED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
DRAWN = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


def words(code: str, rng: np.random.Generator) -> list[str]:
    letters = list(LETTERS.get(code, "abcdefghijklmnopqrstuvwxyz"))
    return ["".join(rng.choice(letters, rng.integers(2, 10))) for _ in range(VOCABULARY)]


def text(vocabulary: list[str], rng: np.random.Generator) -> str:
    """Words as often as in Zipf's law, 100 to 1,900 characters."""
    ranks = np.minimum(rng.zipf(1.1, 500), VOCABULARY) - 1
    return " ".join(vocabulary[rank] for rank in ranks)[: int(rng.integers(100, 1900))]


def made_up(folder: Path, teachers: int, languages: int, samples: int) -> Path:
    """The report of a made-up study."""
    names = [f"organisation-teacher-{n}-{2**n}B-instruct" for n in range(teachers)]
    skill = {name: 0.25 + 0.6 * n / teachers for n, name in enumerate(names)}
    study = SyntheticStudy(folder / "study", languages=tuple(LANGUAGES[:languages]), skill=skill, items=60)
    rng = np.random.default_rng(1)
    for code in study.languages:
        vocabulary = words(code, rng)
        prompts = [text(vocabulary, rng)[:200] for _ in range(samples)]
        for name in names:
            for method in ("generate", "respond"):
                rows = [
                    Row(
                        f"{method}-{n}",
                        code,
                        method,
                        name,
                        "pocket",
                        f"{code}-{n}",
                        prompt,
                        text(vocabulary, rng),
                    )
                    for n, prompt in enumerate(prompts)
                ]
                write_rows(study.inputs[f"synthesis/{name}/{code}/{method}"] / "rows.parquet", rows)
    score(study.score_task(folder / "score"))
    analyse(study.analysis_task(folder / "score", folder / "analysis"))
    report(study.report_task(folder / "score", folder / "analysis", folder / "report", samples=samples))
    return folder / "report" / "report.html"


def measured(browser: Any, page: Path) -> dict[str, float]:
    """One load, milliseconds."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    tab = context.new_page()
    tab.goto(page.as_uri())
    while tab.evaluate(PAINT) is None:  # a page's policy forbids Playwright's own way to wait
        tab.wait_for_timeout(5)
    found = {"first view": tab.evaluate(PAINT), "parsed": tab.evaluate(PARSED)}
    found["sort"] = tab.evaluate(
        "async () => { const rows = one => one.rows.length;"
        " const tables = [...document.querySelectorAll('table:has(button.sort)')];"
        " const table = tables.sort((a, b) => rows(b) - rows(a))[0];"
        f" const start = performance.now(); table.querySelectorAll('button.sort')[1].click(); await {DRAWN};"
        " return performance.now() - start; }"
    )
    if tab.locator("#explorer").count():
        start = time.perf_counter()
        tab.evaluate("location.hash = '#samples?q=ab'")
        tab.locator("#explorer article").first.wait_for()
        found["samples opened"] = 1000 * (time.perf_counter() - start)
        field = tab.locator("#explorer input").first
        start = time.perf_counter()
        field.fill("abc")
        field.press("Enter")
        tab.evaluate(f"() => {DRAWN}")
        found["search"] = 1000 * (time.perf_counter() - start)
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="a finished run: its report.html is measured")
    parser.add_argument("--teachers", type=int, default=10)
    parser.add_argument("--languages", type=int, default=20)
    parser.add_argument("--samples", type=int, default=100, help="of a cell")
    parser.add_argument("--keep", type=Path, help="where the made-up report is copied to")
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = (
            asked.run / "report.html"
            if asked.run
            else made_up(Path(folder), asked.teachers, asked.languages, asked.samples)
        )
        if asked.keep:
            shutil.copyfile(page, asked.keep)
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        loads = [measured(browser, page) for _ in range(LOADS)]
        print(f"size {page.stat().st_size / 1e6:.2f} MB, {LOADS} loads, milliseconds:")
        for name in loads[0]:
            times = [load[name] for load in loads]
            print(f"{name:16} median {statistics.median(times):7.0f}  most {max(times):7.0f}")
        browser.close()


if __name__ == "__main__":
    main()
