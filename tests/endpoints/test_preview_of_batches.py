"""A preview of a teacher behind a batch API: asked at once, foretold at the price of batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import batch_stats, start_batch_server

from polyteach.artifacts import JOURNAL, Store
from polyteach.forecast import forecast
from polyteach.models.journal import Journal
from polyteach.pipeline import cell_steps
from polyteach.preview import ask_preview, served_steps
from polyteach.resources import find_resources
from polyteach.running import look_up
from polyteach.steps import SilentProgress
from polyteach.study import Study

ROWS, SHOWN = 40, 10
DIRECT = (20 * 3.0 + 10 * 6.0) / 1e6  # USD of one answer of the server; nothing is said of cached tokens
FACTOR = 0.25


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A host of batches, which answers directly too."""
    monkeypatch.setenv("POLYTEACH_TEST_KEY", "good")
    with start_batch_server(polls=1) as url:
        yield url


def study(url: str) -> Study:
    return Study.model_validate(
        {
            "name": "batched",
            "languages": ["de"],
            "teachers": [
                {
                    "name": "mini",
                    "model": "mini-1",
                    "endpoint": {"urls": [url], "key_env": "POLYTEACH_TEST_KEY", "batch": True},
                    "price": {"input": 3.0, "output": 6.0, "batch_factor": FACTOR},
                }
            ],
            "seed_data": [{"pocket": 120}],
            "synthesis": {"rows_per_method": ROWS, "methods": ["respond"], "language_gate": False},
            "quality": {"judge": "oracle"},
            "students": {"bases": [{"name": "base-c", "model": "pocket:base-c"}], "rows": ROWS},
            "benchmarks": ["pocket-choice"],
        }
    )


def test_a_preview_asks_directly_foretells_batches_and_is_not_asked_again(url: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.prepare()
    asked = study(url)
    resources = find_resources(asked, tmp_path)
    steps = served_steps(look_up(cell_steps(asked, resources), store).missing)
    ask_preview(steps, store, SHOWN, 1, SilentProgress())
    seen = batch_stats(url)
    assert (seen["direct"], seen.get("batches", 0), seen.get("uploads", 0)) == (SHOWN, 0, 0)
    with Journal(store.root / JOURNAL, "batched") as journal:  # what was really paid
        assert journal.spent().money == pytest.approx(SHOWN * DIRECT)

    told = forecast(asked, resources, look_up(cell_steps(asked, resources), store), store)
    assert told["teachers"][0]["answered"] == SHOWN
    assert told["money"]["value"] == pytest.approx(ROWS * DIRECT * FACTOR)

    (step,) = steps
    facts = store.make(step).facts
    seen = batch_stats(url)
    assert (seen["direct"], seen["batches"]) == (SHOWN, 1)
    assert seen["sizes"][0][0] == facts["sent"] == ROWS - SHOWN
    assert (facts["rows"], facts["reused"]) == (ROWS, SHOWN)
    with Journal(store.root / JOURNAL, "batched") as journal:
        paid = SHOWN * DIRECT + (ROWS - SHOWN) * DIRECT * FACTOR
        assert journal.spent().money == pytest.approx(paid)
