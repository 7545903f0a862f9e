"""Runs as data frames: values as in the results, types that say what is unknown, nothing of a text obeyed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import polyteach as pt
from polyteach.report import plots

pd = pytest.importorskip("pandas")


@pytest.fixture(scope="session")
def run(run_folder: Path) -> pt.notebook.Run:
    return pt.open_run(run_folder)


def test_the_leaderboard_is_that_of_the_results(run: pt.notebook.Run, run_folder: Path) -> None:
    results = json.loads((run_folder / "results.json").read_text(encoding="utf-8"))
    board = run.leaderboard()
    assert list(board["teacher"]) == [entry["teacher"] for entry in results["leaderboard"]]
    first = results["leaderboard"][0]
    assert board["score"][0] == first["scores"]["robust"]["value"]
    assert (board["rank_low"][0], board["rank_high"][0]) == tuple(first["rank_interval"])
    assert board["gain_low"][0] == first["gain"]["low"]
    assert str(run.verdict) == results["verdict"]["text"]
    assert run.results == results


def test_types_are_honest(run: pt.notebook.Run) -> None:
    board = run.leaderboard()
    assert str(board["parameters"].dtype) == str(board["rank_low"].dtype) == "Int64"
    assert str(board["score_low"].dtype) == "Float64"
    assert str(run.anchors()["counts"].dtype) == str(run.gate()["passes"].dtype) == "boolean"
    assert board["family"].isna().all() and board["reason"].isna().all()


def test_what_is_undefined_is_na_with_a_reason(run_folder: Path, tmp_path: Path) -> None:
    results = json.loads((run_folder / "results.json").read_text(encoding="utf-8"))
    entry = results["leaderboard"][-1]
    entry["scores"]["robust"] |= {"value": None, "se": None, "low": None, "high": None, "reason": "lost"}
    entry["rank_interval"] = None
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    last = pt.open_run(tmp_path).leaderboard().iloc[-1]
    assert last["score"] is pd.NA and last["rank_low"] is pd.NA
    assert last["reason"] == "lost"


def test_every_figure_of_gains_and_metrics_has_a_line(run: pt.notebook.Run) -> None:
    results = run.results
    cells = results["cells"]
    assert len(run.cells()) == len(cells)
    assert len(run.gain("benchmark")) == sum(len(cell["gains"]) for cell in cells)
    assert len(run.gain()) == sum(len(e["gain_by_language"]) for e in results["leaderboard"])
    metrics = run.metrics()
    human = sum(len(seed["metrics"]) for seed in results["seed_data"])
    assert (metrics["teacher"] == "seed data").sum() == human
    assert len(metrics) == human + sum(len(cell["metrics"]) for cell in cells)
    with pytest.raises(pt.UserError, match="no gains by"):
        run.gain("teacher")


def test_rows_and_samples(run: pt.notebook.Run, run_folder: Path, tmp_path: Path) -> None:
    teacher, language = run.leaderboard()["teacher"][0], run.results["study"]["languages"][0]
    rows = run.rows(teacher, language)
    assert set(rows["method"]) == {"generate", "respond"}
    assert set(rows["language"]) == {language}
    samples = run.samples(language, 2)
    assert len(samples.groupby(["method", "source_id"])) == 2
    with pytest.raises(pt.UserError, match="no teacher 'nobody'"):
        run.rows("nobody", language)
    (tmp_path / "results.json").write_bytes((run_folder / "results.json").read_bytes())
    with pytest.raises(pt.UserError, match="not at hand"):
        pt.open_run(tmp_path).rows(teacher, language)


def test_shown_text_is_escaped(run_folder: Path, tmp_path: Path) -> None:
    text = (run_folder / "results.json").read_text(encoding="utf-8")
    hostile = json.dumps("<script>alert(1)</script>\x1b[31m")
    (tmp_path / "results.json").write_text(text.replace('"err-03"', hostile), encoding="utf-8")
    run = pt.open_run(tmp_path)
    assert "&lt;script&gt;" in run._repr_html_()
    for shown in (run._repr_html_(), pt.compare(run, run)._repr_html_(), pt.plots.ranking(run)._repr_svg_()):
        assert "<script" not in shown and "\x1b" not in shown


def test_plots_are_charts(run: pt.notebook.Run, tmp_path: Path) -> None:
    for plot in (pt.plots.ranking, pt.plots.gains, pt.plots.quality_against_gain):
        chart = plot(run)
        assert "err-03" in chart.svg
        assert chart.save(tmp_path / "chart.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_plot_is_that_of_the_report(run: pt.notebook.Run, tmp_path: Path) -> None:
    assert pt.plots.ranking(run) == plots.ranking(run.results)
    for entry in run.results["leaderboard"]:
        assert f"[{entry['scores']['robust']['low']:.1f}, " in pt.plots.ranking(run).svg
    unknown = json.loads(json.dumps(run.results))
    for entry in unknown["leaderboard"]:
        entry["scores"]["robust"]["value"] = None
    (tmp_path / "results.json").write_text(json.dumps(unknown), encoding="utf-8")
    with pytest.raises(pt.UserError, match="no teacher has score to plot"):
        pt.plots.ranking(pt.open_run(tmp_path))


def test_compared(run: pt.notebook.Run) -> None:
    found = pt.compare(run, run)
    assert (found.changes()["score"] == 0).all()
    assert list(found.scores()["run"].unique()) == list(found.found.labels)
    assert found.settings().empty
    with pytest.raises(pt.UserError, match="nothing to be compared"):
        pt.compare(run)


def _fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_import_is_light() -> None:
    heavy = ("pandas", "numpy", "pydantic", "yaml", "rich", "jinja2", "torch", "polyteach.notebook")
    code = f"import polyteach, sys; print([name for name in {heavy!r} if name in sys.modules])"
    assert _fresh(code).strip() == "[]"


def test_compare_stays_a_function_after_the_package_is_loaded() -> None:
    code = "import polyteach as pt; pt.plots; pt.open_run; print(callable(pt.compare), callable(pt.open_run))"
    assert _fresh(code).strip() == "True True"


def test_without_pandas_there_is_one_clear_message(run_folder: Path) -> None:
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "import polyteach as pt\n"
        f"run = pt.open_run({str(run_folder)!r}); run._repr_html_()\n"
        "try:\n    run.leaderboard()\n"
        "except pt.UserError as error:\n    print(error.fix)\n"
    )
    assert _fresh(code).strip() == "pip install 'polyteach[notebook]'"
