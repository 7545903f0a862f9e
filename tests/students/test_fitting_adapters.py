"""An adapter is put on the base that it was trained on, whole, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from polyteach.cli.main import USER_ERROR, invoke
from polyteach.errors import UserError
from polyteach.models import LocalModel
from polyteach.rows import write_rows
from polyteach.steps import StepTask
from polyteach.students.base import lent_to_examine
from polyteach.students.step import train_student

WEIGHTS = "adapter_model.safetensors"


def examined(base: str, adapter: Path) -> None:
    with lent_to_examine(str(adapter), base):
        pass


def as_teacher(base: str, adapter: Path) -> None:
    LocalModel.load(base, adapter=str(adapter))


@pytest.fixture(params=[examined, as_teacher])
def load(request: pytest.FixtureRequest) -> Callable[[str, Path], None]:
    way: Callable[[str, Path], None] = request.param
    return way


@pytest.fixture(scope="module")
def trained(base: str, rows: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a student, as the step of a study writes it."""
    folder = tmp_path_factory.mktemp("student")
    for name in ("rows", "out"):
        (folder / name).mkdir()
    write_rows(folder / "rows" / "rows.parquet", rows[:16])
    settings = {
        "language": "de",
        "methods": ["rows"],
        "rows": 16,
        "epochs": 1,
        "learning_rate": 6e-3,
        "batch_size": 8,
        "gradient_accumulation": 1,
        "weight_decay": 0.0,
        "max_length": 64,
        "lora": {"r": 4, "alpha": 8},
        "packing": True,
        "filters": [],
        "without_overlap": [],
        "rng_seed": 5,
    }
    train_student(StepTask(settings, {"base": base}, {"rows": folder / "rows"}, folder / "out"))
    return folder / "out"


@pytest.fixture
def student(trained: Path, tmp_path: Path) -> Path:
    """Its adapter, to do with as one likes."""
    shutil.copytree(trained / "model", tmp_path / "student")
    return tmp_path / "student"


def change(adapter: Path, do: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    save_file(do(load_file(adapter / WEIGHTS)), adapter / WEIGHTS, metadata={"format": "pt"})


def test_an_adapter_says_on_which_base_it_stands_and_not_where_it_lay(base, student, load):
    noted = json.loads((student / "base.json").read_text())
    assert (noted["name"], len(noted["weights"])) == ("pocket:base-a", 64)
    for path in student.iterdir():
        assert str(Path(base).parent).encode() not in path.read_bytes()
    load(base, student)


def test_weights_that_have_no_place_in_the_base_are_refused(base, student, load):
    change(student, lambda all: {name.replace("layers.0", "layers.9"): all[name] for name in all})
    with pytest.raises(UserError, match=r"does not fit its base .*layers\.9") as caught:
        load(base, student)
    assert len(str(caught.value)) < 1000


def test_an_adapter_of_some_layers_alone_is_refused(base, student, load):
    change(student, lambda all: {name: all[name] for name in all if "layers.0" not in name})
    with pytest.raises(UserError, match=r"does not fit its base .*layers that the adapter lacks"):
        load(base, student)


def test_an_adapter_of_another_size_is_refused(base, student, load):
    change(student, lambda all: {name: all[name].repeat(2, 2) for name in all})
    with pytest.raises(UserError, match=r"does not fit its base .*size mismatch for "):
        load(base, student)


def test_a_base_of_the_same_shape_is_not_the_base(base, student, tmp_path, load):
    other = tmp_path / "other"
    shutil.copytree(base, other)
    weights = {name: weight * 1.01 for name, weight in load_file(other / "model.safetensors").items()}
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"student: was trained on 'pocket:base-a', whose weights are not"):
        load(str(other), student)
    (student / "base.json").unlink()  # what the message says to do if one is sure
    load(str(other), student)


def test_a_base_cut_into_other_files_is_the_base(base, student, tmp_path, load):
    parted = tmp_path / "parted"
    shutil.copytree(base, parted)
    weights = load_file(parted / "model.safetensors")
    (parted / "model.safetensors").unlink()
    names = sorted(weights)
    files = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, own in files.items():
        save_file({name: weights[name] for name in own}, parted / file, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, own in files.items() for name in own}}
    (parted / "model.safetensors.index.json").write_text(json.dumps(index))
    load(str(parted), student)


def exam(folder: Path) -> list[str]:
    (folder / "exam.csv").write_text("question,answer\nWas ist rot?,Tomate\n")
    named = ["--benchmark", "colours", "--language", "de", "--file", str(folder / "exam.csv")]
    return [*named, "--kind", "exact", "--output", str(folder / "results")]


def test_a_student_of_our_own_finds_its_base_by_itself(student, tmp_path):
    assert invoke(["examine", str(student), *exam(tmp_path)]) == 0


def test_a_student_on_a_folder_says_which_it_was(student, tmp_path, capsys):
    noted = json.loads((student / "base.json").read_text())
    (student / "base.json").write_text(json.dumps(noted | {"name": "my-base"}))
    assert invoke(["examine", str(student), *exam(tmp_path)]) == USER_ERROR
    said = capsys.readouterr().err
    assert "stands on the base 'my-base'" in said and "--adapter FOLDER" in said
    (student / "base.json").write_text("{}")
    assert invoke(["examine", str(student), *exam(tmp_path)]) == USER_ERROR
    assert "base.json: does not say on which base" in capsys.readouterr().err


@pytest.mark.parametrize("who", [["{}"], ["pocket:base-a", "--adapter", "{}"]])
def test_the_folder_above_a_students_model_is_told_from_it(trained, tmp_path, who, capsys):
    asked = [part.format(trained) for part in who]
    assert invoke(["examine", *asked, *exam(tmp_path)]) == USER_ERROR
    assert f"did you mean {trained / 'model'}?" in capsys.readouterr().err
