"""A small run and a small screen, with a page for reviewers and a bundle: what result files lie beside."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from pathlib import Path

from polyteach.cli.main import invoke

RUN, SCREEN, GOOD, BUNDLE = "runs/small", "runs/small-screen", "good.json", "small.bundle.json"
REVIEW = "answers.json"
STUDY = """
name: small
rng_seed: 3
languages: [de]
teachers: [{name: clean, simulated: {}}, {name: wrong, simulated: {error: .6}}]
seed_data: [{pocket: 240}]
synthesis: {methods: [respond], rows_per_method: 240}
quality: {gate_rows: 60}
students:
  bases: [{name: base-c, model: "pocket:base-c"}]
  rows: 240
  epochs: 3
  learning_rate: 6e-3
  batch_size: 16
  gradient_accumulation: 1
  max_length: 64
benchmarks: [pocket-choice]
benchmark_items: 60
trials: 1
"""


def make_small_run(folder: Path) -> None:
    """Makes them in a folder, which becomes a little world of its own; some seconds on one core.

    Raises:
        RuntimeError: a command failed.
    """
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    try:
        for line in (
            "run study.yaml --workers 1",
            "screen study.yaml --rows 20 --workers 1",
            f"review page {RUN} --rows 4 --output page.html",
            f"bundle write {RUN} --output {BUNDLE}",
        ):
            _call(line)
        for name in ("students", "locks", "partial", "state"):  # what nobody reads who reads results
            shutil.rmtree(folder / ".polyteach" / name, ignore_errors=True)
        (folder / GOOD).write_bytes((folder / RUN / "results.json").read_bytes())
        (folder / REVIEW).write_text(json.dumps(_review(folder)), encoding="utf-8")
    finally:
        os.chdir(before)


def _call(line: str) -> None:
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = invoke(line.split())
    if code:
        raise RuntimeError(f"polyteach {line}: exit code {code}\n{told.getvalue()}")


def _review(folder: Path) -> dict[str, object]:
    """What a reviewer of the page saves who answered all of it."""
    key = json.loads(next((folder / RUN / "reviews").rglob("key.json")).read_bytes())
    marks = {item["id"]: 1 + place % 5 for place, item in enumerate(key["items"]) if item["kind"] == "mark"}
    pairs = {item["id"]: "first" for item in key["items"] if item["kind"] == "pair"}
    return {
        "schema_version": 1,
        "kind": "polyteach-review",
        "page": key["page"],
        "language": key["language"],
        "reviewer": {"id": "0123456789abcdef", "name": "Ana"},
        "marks": marks,
        "choices": pairs,
    }
