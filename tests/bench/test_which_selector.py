"""What `bench/which_selector.py tables` prints beside the tables stands in docs/selectors.md."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "selectors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = spec_from_file_location("which_selector", ROOT / "bench" / "which_selector.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_has_the_spread_and_the_hair(
    bench: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.show("held out", "held-out", bench.everywhere() - bench.looked_at())
    (spread,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Points of gain")]
    bench.by_a_hair()
    hair = [line for line in capsys.readouterr().out.splitlines() if line.startswith("within")]
    assert len(hair) == 2 and hair[0] != hair[1]
    assert all(line in DOCUMENT for line in (spread, *hair))


def test_what_was_looked_at_is_never_called_held_out(
    bench: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.places()
    (head,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| selector |")]
    shown = [name.strip() for name in head.split("|")[2:-1]]
    marked = {name.removesuffix(" (in development)") for name in shown if name.endswith(" (in development)")}
    names = {name.removesuffix(" (in development)") for name in shown}
    assert marked == names & set(bench.developed()) == {"private-error-30"}
    assert head in DOCUMENT
