"""Runs of made-up artifacts that share students: what was not trained anew has no luck of training in it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from synthetic_study import SKILL, SyntheticStudy

from polyteach.artifacts import Store
from polyteach.comparison.comparing import compare, to_json
from polyteach.runs import RunFolder
from polyteach.scoring.step import score
from polyteach.steps import Step, StepTask

LUCK = (-0.15, 0.0, 0.15)


def _copied(task: StepTask) -> Mapping[str, Any]:
    for path in Path(task.locations["folder"]).iterdir():
        if path.name != "manifest.json":
            shutil.copyfile(path, task.output / path.name)
    return {}


def _finished(study: SyntheticStudy, root: Path, name: str, anew: Callable[[str], bool]) -> Path:
    """A run of the study; artifacts for which `anew` is true are not those of any other run."""
    store, run = Store(root / ".polyteach"), RunFolder(root / "runs" / name)
    store.prepare()
    run.prepare()
    steps = {
        id: Step(
            id,
            id.split("/")[0],
            _copied,
            1,
            {"id": id, "benchmarks": []} | ({"model": name} if anew(id) else {}),
            {"folder": str(folder)},
        )
        for id, folder in study.inputs.items()
        if id.startswith(("gate/", "quality/", "examination/"))
    }
    scored = Step("score", "score", score, 1, study.score_task(root / "none").settings, inputs=steps)
    for step in (*steps.values(), scored):
        made = store.make(step)
        run.link(step, made)
    run.publish([made])
    return run.path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("shared")
    study = SyntheticStudy(root / "made", languages=("de", "ja"), trials=3, items=120)
    for language in study.languages:
        for teacher, skill in SKILL.items():
            for trial, luck in enumerate(LUCK):
                where = f"examination/base-a/{teacher}/{language}/{trial}"
                study._exam(where, skill + luck, language, f"{teacher}{trial}")

    def trained(id: str) -> bool:
        return id.startswith("examination/") and id.split("/")[2] in SKILL

    made = {
        "first": _finished(study, root, "first", lambda _: False),
        "trained": _finished(study, root, "trained", trained),
        "half": _finished(study, root, "half", lambda id: trained(id) and "/ja/" in id),
    }
    for language in study.languages:
        for teacher in SKILL:
            path = study.inputs[f"quality/{teacher}/{language}"] / "gated.json"
            gated = json.loads(path.read_text())
            gated["figures"]["rubric"]["value"] -= 0.3
            path.write_text(json.dumps(gated))
    judged = ("gate/", "quality/")
    return made | {"judged": _finished(study, root, "judged", lambda id: id.startswith(judged))}


def _changes(runs: dict[str, Path], name: str) -> list[dict[str, Any]]:
    (change,) = to_json(compare([runs["first"], runs[name]]))["changes"]
    assert change["paired"]
    return [t for t in change["teachers"] if t["score"]["value"] is not None]


def test_another_judge_leaves_no_chance_in_gains_nor_training_in_scores(runs: dict[str, Path]) -> None:
    entries = [
        {e["teacher"]: e for e in json.loads((runs[name] / "results.json").read_text())["leaderboard"]}
        for name in ("first", "judged")
    ]
    found = _changes(runs, "judged")
    assert len(found) == len(SKILL)
    for teacher in found:
        gain, score_ = teacher["gain"], teacher["score"]
        assert (gain["value"], gain["se"], gain["low"], gain["high"]) == (0.0, 0.0, 0.0, 0.0)
        assert not teacher["same_artifacts"]
        errors = [known[teacher["teacher"]]["quality"]["se"] for known in entries]
        assert score_["se"] == pytest.approx(50 * (errors[0] ** 2 + errors[1] ** 2) ** 0.5)
        assert score_["value"] == pytest.approx(-50 * 0.3 / 4)  # a mark of 5 to 1 is the scale of quality


def test_luck_of_training_is_that_of_students_trained_anew(runs: dict[str, Path]) -> None:
    """Their answers are the same here, so of the errors only training is left; half the cells, half of it."""
    for all_anew, half in zip(_changes(runs, "trained"), _changes(runs, "half"), strict=True):
        for what in ("gain", "score"):
            assert half[what]["se"] > 0
            assert all_anew[what]["se"] ** 2 == pytest.approx(2 * half[what]["se"] ** 2)
