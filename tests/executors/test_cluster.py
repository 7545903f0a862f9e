"""The file of `--cluster`, and the files in the docs that one starts from."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from toy_steps import toy
from typer.main import get_command

from polyteach.cli.main import app
from polyteach.errors import UserError, UserErrors
from polyteach.executors.cluster import Cluster, Needs, Shape, keys_of, load_cluster
from polyteach.steps import Step

ROOT = Path(__file__).parents[2]
FILES = ROOT / "docs" / "cluster"
STARTERS = ["Dockerfile", "aws.yaml", "cluster.yaml", "kuberay.yaml", "slurm.sbatch"]


def of_kind(kind: str, **locations: str) -> Step:
    return replace(toy("a"), kind=kind, locations=locations)


EVERYWHERE = {"gpus_there": True, "gpus_at_driver": True}
ELSEWHERE = {"gpus_there": True, "gpus_at_driver": False}
NOWHERE = {"gpus_there": False, "gpus_at_driver": False}


def test_without_a_file_a_step_with_a_model_gets_a_gpu_where_there_are_any() -> None:
    needs = load_cluster(None).needs
    assert needs(of_kind("students", base="/b"), **NOWHERE) == Shape(1.0)
    assert needs(of_kind("students", base="/b"), **ELSEWHERE) == Shape(1.0, 1.0)
    assert needs(of_kind("students", base="/b", devices='{"processes": 4}'), **ELSEWHERE) == Shape(1.0, 4.0)
    assert needs(of_kind("quality", perplexity="/p"), **ELSEWHERE) == Shape(1.0, 1.0)
    assert needs(of_kind("seed_data"), **EVERYWHERE) == Shape(1.0)
    assert needs(of_kind("quality"), **EVERYWHERE) == Shape(1.0)  # measured by words alone
    assert needs(of_kind("synthesis", endpoint="{}"), **EVERYWHERE) == Shape(1.0, at_driver=True)


def test_a_step_that_asks_and_loads_a_model_gets_a_gpu_of_the_drivers_machine() -> None:
    both = of_kind("quality", judge_endpoint="{}", perplexity="/p")
    for cluster, gpus in (Cluster(), 1.0), (Cluster(steps={"quality": Needs(gpus=0.25)}), 0.25):
        assert cluster.needs(both, **EVERYWHERE) == Shape(1.0, gpus, at_driver=True)
        assert cluster.needs(both, **ELSEWHERE) == Shape(1.0, at_driver=True)


def test_the_keys_of_endpoints_are_named() -> None:
    asked = of_kind("quality", judge_endpoint='{"key_env": "B"}', embedder_endpoint='{"key_env": "A"}')
    assert keys_of([asked, asked, of_kind("synthesis", endpoint="{}"), of_kind("students")]) == ("A", "B")


def test_the_example_says_what_steps_need() -> None:
    cluster = load_cluster(FILES / "cluster.yaml")
    shape = cluster.needs(of_kind("quality"), **ELSEWHERE)
    assert shape.resources == {"CPU": 2, "GPU": 0.25, "memory": 8 * 2**30}
    assert str(shape) == "2 CPUs, 0.25 GPUs, 8.0 GiB"
    assert shape.fits({"CPU": 2, "GPU": 1, "memory": 9e9})
    assert not shape.fits({"CPU": 2, "GPU": 1, "memory": 8e9})
    assert cluster.retries.by_loss == {"process": 1, "memory": 1, "node": 3}


def test_all_mistakes_in_a_file_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("steps: {student: {gpus: 1}, quality: {gpu: 1}}\nretries: {node: -1}\n")
    with pytest.raises(UserErrors) as caught:
        load_cluster(file)
    places = [str(error.where).removeprefix(f"{file}: ") for error in caught.value.errors]
    assert places == ["steps.student.[key]", "steps.quality.gpu", "retries.node"]


@pytest.mark.parametrize("text", ["steps: [", "[" * 5000, "a: 2024-99-99", "\x00"])
def test_what_is_no_yaml_is_one_message(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    with pytest.raises(UserError):
        load_cluster(file)


def test_no_defaults_differ_from_what_the_example_says() -> None:
    said = yaml.safe_load((FILES / "cluster.yaml").read_text())
    assert Cluster(retries=said["retries"], wait_minutes=said["wait_minutes"]) == Cluster()


def test_the_starter_files_are_those_that_are_tested() -> None:
    assert sorted(file.name for file in FILES.iterdir()) == STARTERS


@pytest.mark.parametrize("name", STARTERS)
def test_options_in_starter_files_exist(name: str) -> None:
    known = {option for one in get_command(app).commands["run"].params for option in one.opts}  # type: ignore[attr-defined]
    text = (FILES / name).read_text().replace("\\\n", " ")
    calls = re.findall(r"polyteach run ([^\n]*)", text)
    assert len(calls) == (0 if name == "Dockerfile" else 1)
    for call in calls:
        assert set(re.findall(r"--[a-z-]+", call.replace("--tmux", ""))) <= known


def test_the_slurm_file_is_bash() -> None:
    subprocess.run(["bash", "-n", str(FILES / "slurm.sbatch")], check=True)


def test_slurms_signal_reaches_the_study_itself() -> None:
    """As a step of srun's it would be killed by it, without a word."""
    text = (FILES / "slurm.sbatch").read_text().replace("\\\n", " ")
    commands = [line for line in text.splitlines() if "polyteach run" in line]
    assert [line.split()[0] for line in commands] == ["polyteach"]


def test_the_launchers_file_fits_rays_own_schema() -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install polyteach[ray]")
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with Ray")
    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(yaml.safe_load((FILES / "aws.yaml").read_text()), schema)


def test_versions_in_starter_files_are_those_that_were_tested() -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install polyteach[ray]")
    claim, job = yaml.safe_load_all((FILES / "kuberay.yaml").read_text())
    spec = job["spec"]["rayClusterSpec"]
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    images = {one["image"] for group in groups for one in group["template"]["spec"]["containers"]}
    volumes = {
        one["persistentVolumeClaim"]["claimName"]
        for group in groups
        for one in group["template"]["spec"]["volumes"]
    }
    assert (spec["rayVersion"], images) == (ray.__version__, {f"polyteach:ray{ray.__version__}"})
    assert volumes == {claim["metadata"]["name"]}
    image = (FILES / "Dockerfile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert f"rayproject/ray:{ray.__version__}-py311-gpu" in image
    named = re.search(r"polyteach\[([a-z0-9,]+)\]", image)
    assert named and set(named[1].split(",")) <= extras.keys()
