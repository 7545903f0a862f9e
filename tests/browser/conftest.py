"""A browser for each file of tests; pages are opened from disk, and nothing they do may leave them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from synthetic_study import SyntheticStudy

from polyteach.analysis.step import analyse
from polyteach.report.step import report
from polyteach.scoring.step import score

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Visit = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser; gone with its file, since no other event loop can run in a process that drives one."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium here: no page was looked at")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright here: no page was looked at")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens a page: `visit(path, fragment="#x", width=1200, **context)`; `context` as for a new context.

    At the end of the test every page must have asked for nothing but itself and logged no error: what the
    policy blocked is one.
    """
    contexts, asked, logged = [], [], []

    def open_page(path: Path, fragment: str = "", width: int = 1200, **context: object) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **context))
        tab = contexts[-1].new_page()
        tab.on("request", lambda request: asked.append((request.url.split("#")[0], path.as_uri())))
        tab.on("pageerror", lambda error: logged.append(str(error)))
        tab.on("console", lambda said: logged.append(said.text) if said.type == "error" else None)
        tab.goto(path.as_uri() + fragment)
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url, own in asked if url != own and not url.startswith("blob:")] == []
    assert logged == []


@pytest.fixture(scope="session")
def report_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study of made-up examinations, scored, analysed and shown by the real steps."""
    folder = tmp_path_factory.mktemp("browser")
    study = SyntheticStudy(folder / "study")
    score(study.score_task(folder / "score"))
    analyse(study.analysis_task(folder / "score", folder / "analysis"))
    report(study.report_task(folder / "score", folder / "analysis", folder / "report"))
    return folder / "report" / "report.html"
