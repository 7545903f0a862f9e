"""Model folders: every way one can be unfit is one clear message; identity is content, not place."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from polyteach import pocket
from polyteach.errors import UserError
from polyteach.models import (
    LocalModel,
    check_model_folder,
    count_parameters,
    embedder_digest,
    model_digest,
    resolve_model,
)


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "model")


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def cut_in_header(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50])


def no_safetensors(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x08" + b"\0" * 7 + b"nonsense")


def longer(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"more")


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def without_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


def missing_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


def adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut off": (cut, "is cut off: it has"),
    "cut off in its header": (cut_in_header, "is cut off: it has 50 bytes"),
    "empty weights": (lambda f: (f / "model.safetensors").write_bytes(b""), "is cut off: it has 0 bytes"),
    "no safetensors": (no_safetensors, "no readable header"),
    "too long": (longer, "is damaged: it has"),
    "pickle only": (pickle_only, r"only pickled weights \(pytorch_model.bin\)"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "has no model.safetensors\n"),
    "no tokenizer": (without_tokenizer, "has no tokenizer"),
    "broken tokenizer": (lambda f: (f / "tokenizer.json").write_text('{"a'), "is no readable JSON"),
    "no config": (lambda f: (f / "config.json").unlink(), "has no config.json"),
    "broken config": (lambda f: (f / "config.json").write_text("{"), "is no readable JSON"),
    "config without type": (lambda f: (f / "config.json").write_text("{}"), "names no model_type"),
    "missing shard": (missing_shard, "lacks 1 of 2 weight files"),
    "adapter": (adapter, "is a LoRA adapter"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_unfit_folder_is_one_clear_message(name: str, copy: Path) -> None:
    spoil, message = FAULTS[name]
    check_model_folder(copy)
    spoil(copy)
    for check in (check_model_folder, lambda path: LocalModel.load(str(path))):
        with pytest.raises(UserError, match=message) as caught:
            check(copy)
        assert str(copy) in str(caught.value.where)
        assert caught.value.fix


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model_type", "nosuch", "cannot load this model"),
        ("model_type", "vit", "cannot load this model"),  # known, but no language model
        ("hidden_size", 32, "cannot load this model"),  # weights of another shape
        ("num_hidden_layers", 3, "lacks 9 weights of its architecture"),
    ],
)
def test_what_only_loading_shows(key: str, value: object, message: str, copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {key: value}))
    with pytest.raises(UserError, match=message):
        LocalModel.load(str(copy))


def test_missing_folder_and_file(copy: Path) -> None:
    with pytest.raises(UserError, match="no such model folder"):
        check_model_folder(copy / "none")
    with pytest.raises(UserError, match="is a file"):
        check_model_folder(copy / "config.json")


def test_a_digest_follows_content_and_nothing_else(tiny_model: Path, copy: Path) -> None:
    (copy / "README.md").write_text("hello")
    assert model_digest(str(copy)) == model_digest(str(tiny_model))
    (copy / "generation_config.json").write_text('{"repetition_penalty": 2.0}')
    assert model_digest(str(copy)) != model_digest(str(tiny_model))


def test_parameters_are_what_torch_counts(tiny_model: Path) -> None:
    weights = LocalModel.load(str(tiny_model)).model.parameters()
    assert count_parameters(tiny_model) == sum(weight.numel() for weight in weights)


def test_a_header_without_shapes_is_damaged(copy: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "data_offsets": [0, 0]}}).encode()
    (copy / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(UserError, match="no readable header"):
        check_model_folder(copy)


def test_an_embedders_modules_are_part_of_it(copy: Path) -> None:
    (copy / "1_Pooling").mkdir()
    (copy / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    (copy / "README.md").write_text("one")
    before = embedder_digest(str(copy))
    (copy / "README.md").write_text("two")
    assert embedder_digest(str(shutil.copytree(copy, copy.parent / "other"))) == before
    (copy / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": false}')
    assert embedder_digest(str(copy)) != before


def test_names(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_model("pocket:base-a") == str(pocket.model_path("base-a"))
    assert resolve_model(str(tiny_model)) == str(tiny_model.resolve())
    monkeypatch.chdir(tiny_model.parent)
    assert resolve_model("tiny") == str(tiny_model.resolve())
    monkeypatch.chdir("/")
    assert resolve_model("tiny", tiny_model.parent) == str(tiny_model.resolve())
    for name in ("pocket:none", "none", "./none/there", "a/b/c", "n" * 300, "~nosuchuser/x"):
        with pytest.raises(UserError):
            resolve_model(name)


def test_a_hub_model_out_of_reach_is_told_with_a_fix() -> None:
    with pytest.raises(UserError, match=r"no folder 'nobody/nothing-at-all'.*hub") as caught:
        resolve_model("nobody/nothing-at-all")
    assert "network" in str(caught.value.fix)


def test_a_downloaded_hub_model_is_pinned_and_loads_offline(tiny_model: Path, tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    cache = tmp_path / "hub" / "models--org--tiny"
    shutil.copytree(tiny_model, cache / "snapshots" / commit)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(commit)
    script = (
        "from polyteach.models import LocalModel, model_digest, resolve_model\n"
        "place = resolve_model('org/tiny')\n"
        "assert resolve_model('org/tiny@main') == place\n"
        "print(place, model_digest(place), LocalModel.load(place).context)"
    )
    environment = os.environ | {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == [f"org/tiny@{commit}", f"hub:org/tiny@{commit}", "64"], done.stderr
