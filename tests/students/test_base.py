"""One base for many students: the same bytes as with a base for each, and a base that stays what it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from polyteach.errors import StepImpossible
from polyteach.models.local import LocalModel
from polyteach.students.base import forget_bases, lent, lent_to_examine
from polyteach.students.recipe import Lora
from polyteach.students.sft import train

LORA = Lora(4, 8)
DO = """
import sys
from dataclasses import replace
from pathlib import Path

import torch

torch.set_num_threads(1)

from polyteach import pocket
from polyteach.benchmarks.examine import examine
from polyteach.benchmarks.stand_alone import open_exams
from polyteach.benchmarks.step import write_examined
from polyteach.students.recipe import Lora, Recipe
from polyteach.students.sft import train

base, folder = str(pocket.model_path("base-a")), Path(sys.argv[1])
recipe = Recipe(
    epochs=1, learning_rate=6e-3, batch_size=8, gradient_accumulation=1, weight_decay=0.0, max_length=64
)
exams = open_exams(["pocket-choice", "pocket-exact"], "de", 12)
for asked in sys.argv[2:]:
    kind, name = asked.split(":")
    student = folder / f"student-{name}"
    if kind == "train":
        lora = None if name == "full" else Lora(4, 8)
        seed = len(name) if name == "full" else int(name)
        rows = pocket.seed_rows("de", 24, rng_seed=seed)
        train(base, rows, student, replace(recipe, lora=lora), rng_seed=seed)
    else:
        result = folder / f"exam-{name}"
        result.mkdir()
        location = base if name == "base" else str(student / "model")
        write_examined(result, examine(location, exams, base_location=None if name == "base" else base))
"""


def digests(folder) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def do(folder, *asked: str) -> None:
    """Trains and examines in one fresh process."""
    folder.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-c", DO, str(folder), *asked], check=True)


def weights_of(model) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def test_students_of_one_base_are_those_of_a_base_each_in_any_order(tmp_path):
    trained, examined = ["train:1", "train:2", "train:3", "train:full"], ["exam:1", "exam:2", "exam:3"]
    others = ["exam:full", "exam:base"]
    do(tmp_path / "together", *trained, *examined, *others)
    mixed = ["exam:base", "train:full", "train:3", "exam:3", "train:1", "exam:full", "exam:1", "train:2"]
    do(tmp_path / "mixed", *mixed, "exam:2")
    for asked in (*trained, *examined, *others):
        do(tmp_path / "alone", asked)
    alone = digests(tmp_path / "alone")
    assert len([name for name in alone if name.endswith((".safetensors", "items.parquet"))]) == 4 + 5
    assert len({digest for name, digest in alone.items() if name.endswith("adapter_model.safetensors")}) == 3
    assert digests(tmp_path / "together") == alone == digests(tmp_path / "mixed")


def test_a_lent_base_comes_back_as_it_was_whatever_is_done_to_it(base):
    held = LocalModel.load(base)
    before, config = weights_of(held.model), held.model.config.to_dict()
    with lent(base) as (model, tokenizer):
        assert next(model.parameters()).data_ptr() == next(held.model.parameters()).data_ptr()
        model.train()
        model.config.use_cache = False
        model.enable_input_require_grads()
        model.lm_head = None
        tokenizer.padding_side = "left"
        for weight in model.parameters():
            weight.requires_grad = False
    assert LocalModel.load(base) is held
    assert weights_of(held.model) == before and held.model.config.to_dict() == config
    assert not any(module.training for module in held.model.modules())
    assert not held.model.get_input_embeddings()._forward_hooks
    assert all(weight.requires_grad and weight.grad is None for weight in held.model.parameters())
    with lent(base) as (_, tokenizer):
        assert tokenizer.padding_side != "left"


def test_training_an_adapter_leaves_every_bit_of_the_base(base, rows, recipe, tmp_path):
    held = LocalModel.load(base)
    before, modules = weights_of(held.model), repr(held.model)
    train(base, rows, tmp_path, replace(recipe, lora=LORA, epochs=1), rng_seed=1)
    with lent_to_examine(str(tmp_path / "model"), base) as (model, _):
        assert repr(model) != modules
    assert LocalModel.load(base) is held  # it was lent, not loaded again
    assert weights_of(held.model) == before and repr(held.model) == modules


def test_an_adapter_without_a_tokenizer_has_its_bases(base, rows, recipe, tmp_path):
    train(base, rows, tmp_path, replace(recipe, lora=LORA, epochs=1), rng_seed=1)
    with lent_to_examine(str(tmp_path / "model"), base) as (_, tokenizer):
        own = tokenizer.apply_chat_template([{"role": "user", "content": "Was?"}], tokenize=False)
    for file in (tmp_path / "model").iterdir():
        if not file.name.startswith("adapter_"):
            file.unlink()
    with lent_to_examine(str(tmp_path / "model"), base) as (_, tokenizer):
        assert tokenizer is not LocalModel.load(base).tokenizer  # a copy, to do with as one likes
        assert tokenizer.apply_chat_template([{"role": "user", "content": "Was?"}], tokenize=False) == own


def test_a_base_is_let_go_after_an_error(base, rows, recipe, tmp_path):
    held = LocalModel.load(base)
    with pytest.raises(StepImpossible):
        train(base, rows, tmp_path, replace(recipe, max_length=3, lora=LORA), rng_seed=1)
    assert LocalModel.load(base) is not held


def test_a_base_that_was_written_to_is_not_lent_again(base):
    import torch

    told = pytest.raises(RuntimeError, match="were changed while they were lent")
    with told, lent(base) as (model, _), torch.no_grad():
        model.get_input_embeddings().weight[0] += 1
    again = LocalModel.load(base)
    forget_bases()
    assert weights_of(again.model) == weights_of(LocalModel.load(base).model)


def test_a_student_in_full_has_weights_of_its_own_and_does_not_push_the_base_out(base, tmp_path):
    for name in "abc":
        shutil.copytree(base, tmp_path / name)
    held = LocalModel.load(base)
    with lent(base, whole=True) as (model, _):
        own, theirs = ({weight.data_ptr() for weight in one.parameters()} for one in (model, held.model))
        assert not own & theirs
    for name in "abc":
        with lent_to_examine(str(tmp_path / name), base) as (model, _):
            assert not model.training
    assert LocalModel.load(base) is held


def test_a_folder_that_changed_is_loaded_again(base, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    with lent(str(folder)) as (model, _):
        assert model.config.pad_token_id != 5
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"pad_token_id": 5}))
    with lent(str(folder)) as (model, _):
        assert model.config.pad_token_id == 5
