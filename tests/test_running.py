"""A whole small study in a process of its own: to the end, again, killed, interrupted, damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from polyteach.artifacts import Store
from polyteach.cli.display import PlainDisplay
from polyteach.cli.main import invoke
from polyteach.errors import UserError
from polyteach.executors.local import Local
from polyteach.resources import find_resources
from polyteach.running import run_study
from polyteach.runs import RunFolder
from polyteach.study import Study

STUDY = Path(__file__).parents[1] / "bench" / "small_study.yaml"
RESULTS = ("results.json", "analysis.json", "leaderboard.csv", "report.html")


def start(output: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "polyteach.cli.main",
        "run",
        str(STUDY),
        "--output-dir",
        str(output),
        *options,
    ]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A test runner in the background ignores Ctrl-C, and its children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(output: Path, *options: str) -> tuple[str, str]:
    process = start(output, *options)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def wait_for_artifacts(output: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(list((output / ".polyteach").glob("*/*/manifest.json"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the study ran undisturbed."""
    output = tmp_path_factory.mktemp("done")
    finish(output)
    return output


def results(output: Path) -> dict[str, bytes]:
    return {name: (output / "runs" / "small" / name).read_bytes() for name in RESULTS}


def test_the_study_ends_with_results_status_and_timing(done: Path) -> None:
    run = done / "runs" / "small"
    found = json.loads((run / "results.json").read_bytes())
    assert {row["teacher"] for row in found["leaderboard"]} == {"err-03", "err-55"}
    status = json.loads((run / "status.json").read_bytes())
    assert status["state"] == "done"
    assert status["requests"]["left"] == 0
    assert status["rate"] > 0
    assert {step["state"] for step in status["steps"]} == {"done"}
    timing = json.loads((run / "timing.json").read_bytes())
    assert set(timing["steps"]) == {step["id"] for step in status["steps"]}
    assert (run / "artifacts" / "students" / "base-c" / "err-03" / "de" / "0" / "manifest.json").exists()


def test_a_second_run_has_nothing_to_do(done: Path) -> None:
    before = results(done)
    out, _ = finish(done, "--json")
    summary = json.loads(out)
    assert summary["steps"]["made"] == 0
    assert results(done) == before


def test_a_damaged_artifact_is_said_and_made_again_to_the_same_results(done: Path) -> None:
    before = results(done)
    rows = done / "runs" / "small" / "artifacts" / "synthesis" / "err-03" / "de" / "respond" / "rows.parquet"
    content = bytearray(rows.read_bytes())
    content[len(content) // 2] ^= 1
    rows.write_bytes(content)
    out, err = finish(done, "--json")
    assert "damaged, will be made again" in err
    assert json.loads(out)["steps"]["made"] == 1
    assert results(done) == before


@pytest.mark.parametrize("artifacts_before_the_kill", [3, 12])
def test_a_killed_run_goes_on_to_the_same_results(
    done: Path, tmp_path: Path, artifacts_before_the_kill: int
) -> None:
    process = start(tmp_path)
    wait_for_artifacts(tmp_path, artifacts_before_the_kill)
    process.kill()
    process.communicate()
    finished = len(list((tmp_path / ".polyteach").glob("*/*/manifest.json")))
    out, _ = finish(tmp_path, "--resume", "always", "--json")
    assert json.loads(out)["steps"]["reused"] >= finished
    assert results(tmp_path) == results(done)


def ctrl_c(process: subprocess.Popen[str], output: Path) -> None:
    os.killpg(process.pid, signal.SIGINT)


def end_the_job(process: subprocess.Popen[str], output: Path) -> None:
    """As Slurm and Kubernetes do: the workers hear nothing."""
    process.terminate()


def cancel_from_elsewhere(process: subprocess.Popen[str], output: Path) -> None:
    command = [sys.executable, "-m", "polyteach.cli.main", "cancel", "small", "--output-dir", str(output)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, "asked to stop" in told.stdout) == (0, True), told.stderr


@pytest.mark.parametrize("stop", [ctrl_c, end_the_job, cancel_from_elsewhere])
def test_a_run_that_is_stopped_stops_cleanly_and_says_how_to_go_on(
    tmp_path: Path, stop: Callable[[subprocess.Popen[str], Path], None]
) -> None:
    process = start(tmp_path)
    wait_for_artifacts(tmp_path, 3)
    stop(process, tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in err
    assert "Traceback" not in err
    assert json.loads((tmp_path / "runs" / "small" / "status.json").read_bytes())["state"] == "interrupted"
    assert out == ""


def test_what_does_not_run_is_not_cancelled(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["cancel", "small", "--output-dir", str(done)]) == 2
    assert "it does not run (done)" in capsys.readouterr().err
    assert not (done / "runs" / "small" / "cancel").exists()


@pytest.mark.parametrize("name", ["status.json", "results.json"])
def test_a_folder_where_a_file_belongs_is_one_message(done: Path, name: str) -> None:
    place = done / "runs" / "small" / name
    kept = place.with_name("kept")
    place.rename(kept)
    place.mkdir()
    process = start(done)
    _, err = process.communicate(timeout=60)
    place.rmdir()
    kept.rename(place)
    assert process.returncode == 2
    assert err.count("error: ") == 1
    assert f"{name}: cannot be written" in err
    assert "Traceback" not in err


def test_a_rehearsal_leaves_the_studys_own_results_alone(done: Path) -> None:
    before = results(done)
    finish(done, "--limit", "10", "--rng-seed", "3")
    assert results(done) == before
    rehearsed = json.loads((done / "runs" / "small-rng-seed-3-limit-10" / "results.json").read_bytes())
    assert rehearsed["study"]["name"] == "small-rng-seed-3-limit-10"


def test_a_run_of_other_settings_that_dies_leaves_no_results_beside_its_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = tmp_path / "seed.jsonl"
    seed.write_text('{"prompt": "Wie geht es?"}\n', encoding="utf-8")
    plain = yaml.safe_load(STUDY.read_text()) | {
        "languages": ["de"],
        "seed_data": [{"path": str(seed), "language": "de"}],
        "synthesis": {"methods": ["respond"]},
    }
    asked = Study.model_validate(plain)
    resources = find_resources(asked, tmp_path)
    seed.unlink()
    folder = RunFolder.of(tmp_path, "small")
    folder.prepare()
    folder.write_status({"identity": "another", "state": "done"})
    folder.results.write_text("earlier")
    with pytest.raises(UserError, match="has changed or gone"):
        run_study(asked, resources, Store(tmp_path / "store"), folder, PlainDisplay(), executor=Local(1))
    assert "holds results of other settings; they are moved to" in capsys.readouterr().err
    assert not folder.results.exists()
    assert folder.status()["state"] == "stopped"
    assert (folder.path / "earlier-1" / "results.json").read_text() == "earlier"
    assert json.loads((folder.path / "earlier-1" / "status.json").read_bytes())["state"] == "done"
