"""The documentation: builds without a warning and without network, and says what the code says."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RECIPES = 10
SUFFIXES = {".py", ".j2", ".yaml", ".md"}


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install 'polyteach[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    # A proxy that refuses: whatever asked the network would fail.
    environment = os.environ | {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    environment |= {"NO_MKDOCS_2_WARNING": "1"}  # a word on the future of the tool itself
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_links_and_anchors_hold_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.glob("*.html"))
    assert len(pages) >= len(list(DOCS.glob("*.md")))
    for page in pages:
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*src=\"([^\"]+)\"", html)
        loaded += re.findall(r"<link[^>]*rel=\"(?:stylesheet|preconnect|icon)\"[^>]*href=\"([^\"]+)\"", html)
        assert loaded
        assert not [address for address in loaded if "//" in address], page.name


@pytest.mark.parametrize("name", ["cli-reference.md", "study-reference.md"])
def test_generated_pages_are_what_the_code_says(generate: ModuleType, name: str) -> None:
    committed = (DOCS / name).read_text(encoding="utf-8")
    assert generate.PAGES[name]() == committed, "run: python docs/generate.py"


def test_every_command_is_in_the_reference() -> None:
    from polyteach.cli.main import app

    page = (DOCS / "cli-reference.md").read_text(encoding="utf-8")
    names = [command.name for command in app.registered_commands]
    assert len(names) > 15
    assert all(f"\n## polyteach {name}\n" in page for name in names)


def test_recipes_name_what_is_there() -> None:
    text = (DOCS / "recipes.md").read_text(encoding="utf-8")
    recipes, _ = text.split("\n## More")
    assert recipes.count("\n## A") == recipes.count("\n## ") == RECIPES
    quoted = re.findall(r"`([^`\s]+)`", text)
    named = [path for path in quoted if "/" in path or Path(path).suffix in SUFFIXES]
    assert len(named) > 3 * RECIPES
    assert not [path for path in named if not (ROOT / path).exists()]


def test_links_of_the_readme_hold() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "//" not in link]
    assert links
    assert not [link for link in links if link and not (ROOT / link).exists()]
