from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic_study import SyntheticStudy

from polyteach.analysis.step import analyse
from polyteach.report.leaderboard_csv import leaderboard_csv
from polyteach.report.step import report
from polyteach.scoring.step import score


def test_results_of_a_study_of_known_truth(results: dict) -> None:
    assert [entry["teacher"] for entry in results["leaderboard"]] == ["err-03", "small", "err-30", "big"]
    assert results["verdict"]["kind"] == "leads"
    assert "The largest teacher, big (1.04M parameters), is not the best" in results["verdict"]["size"]
    assert len(results["cells"]) == 12
    assert all(anchor["counts"] for anchor in results["anchors"])
    assert [s["language"] for s in results["seed_data"]] == ["de", "ar", "ja"]


def test_same_input_same_bytes(study: SyntheticStudy, scored: Path, page: Path, tmp_path: Path) -> None:
    score(study.score_task(tmp_path / "score"))
    assert (tmp_path / "score/results.json").read_bytes() == (scored / "results.json").read_bytes()
    analyse(study.analysis_task(tmp_path / "score", tmp_path / "analysis"))
    report(study.report_task(tmp_path / "score", tmp_path / "analysis", tmp_path / "report"))
    assert (tmp_path / "report/report.html").read_bytes() == page.read_bytes()


def test_results_hold_no_path(scored: Path, study: SyntheticStudy) -> None:
    assert str(study.root) not in (scored / "results.json").read_text(encoding="utf-8")


def test_three_trials_and_two_bases_can_win(tmp_path: Path) -> None:
    study = SyntheticStudy(tmp_path / "study", trials=3, bases=("base-a", "base-c"), languages=("de", "ja"))
    facts = score(study.score_task(tmp_path / "score"))
    assert facts["verdict"] == "wins"


def test_a_failed_step_is_told(study: SyntheticStudy, tmp_path: Path) -> None:
    gone = "examination/base-a/err-03/ja/0"
    task = study.score_task(tmp_path / "score", [{"step": gone, "reason": "killed"}])
    inputs = {name: path for name, path in task.inputs.items() if name != gone}
    score(type(task)(task.settings, {}, inputs, task.output))
    analyse(study.analysis_task(tmp_path / "score", tmp_path / "analysis"))
    report(study.report_task(tmp_path / "score", tmp_path / "analysis", tmp_path / "report"))
    text = (tmp_path / "report/report.html").read_text(encoding="utf-8")
    assert f"{gone} failed: killed" in text
    assert "not complete: no gain in base-a/ja" in text


def test_leaderboard_csv(page: Path, results: dict) -> None:
    with (page.parent / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["teacher"] for line in lines] == [e["teacher"] for e in results["leaderboard"]]
    assert float(lines[0]["gain"]) == results["leaderboard"][0]["gain"]["value"]
    assert (lines[0]["rank_low"], lines[0]["rank_high"]) == ("1", "1")


def test_a_teacher_with_the_name_of_a_formula_is_text_to_a_spreadsheet(results: dict) -> None:
    named = [entry | {"teacher": f"=1+{place}"} for place, entry in enumerate(results["leaderboard"])]
    lines = list(csv.DictReader(leaderboard_csv(results | {"leaderboard": named}).splitlines()))
    assert [line["teacher"] for line in lines] == [f"'=1+{place}" for place in range(len(named))]
    assert any(value.startswith("-") for value in lines[-1].values())  # numbers stay numbers


@pytest.mark.parametrize("module", ["polyteach.scoring.step", "polyteach.report.step"])
def test_steps_are_light_to_import(module: str) -> None:
    code = (
        f"import sys, {module}; "
        "heavy = {'torch', 'scipy', 'numpy', 'jinja2', 'pyarrow'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
