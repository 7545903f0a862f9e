"""The numbers in `priors.yaml` are those that `bench/recommend.py` and the audit compute."""

from __future__ import annotations

import importlib.util
from math import log
from pathlib import Path
from statistics import mean
from types import ModuleType

import pytest

from polyteach.published.audit import evidence, experiments
from polyteach.published.paper import BASE, read_paper
from polyteach.selection.recommend.priors import read_priors

PAPER = read_paper()


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "recommend.py"
    spec = importlib.util.spec_from_file_location("bench_recommend", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_gains_elsewhere_foretell_a_left_out_language(bench: ModuleType) -> None:
    gains, errors = bench.paper_gains(PAPER)
    own = bench.left_out(gains, gains)
    others = []
    for base in PAPER.bases[1:]:
        results = {
            code: {name: cell.result for name, cell in PAPER.group(base, code).items()}
            for code in PAPER.languages_of(base)
        }
        others += bench.left_out(results, results)
    assert len(own + others) == 15
    priors = read_priors()
    assert round(mean(own + others), 2) == priors.worth.published.r == priors.of("published_results").r
    most = bench.attainable(bench.components(gains, errors), 5)
    assert round(bench.shared_part(mean(own) / most, 5), 2) == priors.worth.shared_between_languages.r
    basis = priors.worth.shared_between_languages.basis
    assert f"{mean(own):+.2f}" in basis and f"{most:+.2f}" in basis and f"{mean(own) / most:+.2f}" in basis


def test_the_data_does_not_foretell_published_gains(bench: ModuleType) -> None:
    gains, _ = bench.paper_gains(PAPER)
    z = {code: {n: c.z for n, c in PAPER.group(BASE, code).items()} for code in PAPER.codes}
    scores = {code: {n: c.pg_score for n, c in PAPER.group(BASE, code).items()} for code in PAPER.codes}
    size = {t.name: log(t.billions) for t in PAPER.teachers if t.billions}
    priors = read_priors()
    own = mean(bench.same(z, gains))
    assert f"{own:+.2f}".replace("+", "") in priors.worth.screen.basis
    assert round(mean([0.97, 0.65, own]), 2) == priors.worth.screen.r
    assert f"{mean(bench.left_out(scores, gains)):.2f}" in priors.of("published_score").speaks_against
    sizes = mean(bench.correlation(size, gains[code]) for code in gains)
    assert f"{sizes:.2f}" in priors.of("size").speaks_against


def test_the_audit_says_what_is_cited() -> None:
    priors = read_priors()
    assert evidence.told_apart(PAPER).finding.startswith("Of 405 pairs of teachers")
    assert "none can be told apart" in evidence.told_apart(PAPER).finding
    assert "0 of 405 pairs" in priors.of("published_results").speaks_against
    interval = experiments.families(PAPER).interval
    assert interval is not None and interval.value is not None
    assert f"{interval.value:.3f}" in priors.of("family_match").speaks_against
    rows = experiments.more_rows(PAPER).interval
    assert rows is not None and f"{rows.value:.3f}" in priors.of("ten_thousand_rows").speaks_against


def test_a_language_that_shares_nothing_foretells_nothing(bench: ModuleType) -> None:
    same = {"x": {"a": 1.0, "b": 2.0, "c": 3.0}, "y": {"a": 1.0, "b": 2.0, "c": 3.0}}
    assert bench.left_out(same, same) == pytest.approx([1.0, 1.0])
    turned = same | {"y": {"a": 3.0, "b": 2.0, "c": 1.0}}
    assert bench.left_out(turned, turned) == pytest.approx([-1.0, -1.0])
    assert bench.shared_part(0.42, 1) == pytest.approx(0.42, abs=0.001)
