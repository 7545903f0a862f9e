import hashlib
import json
from dataclasses import replace

import pytest

from polyteach.errors import StepImpossible, UserError
from polyteach.students.sft import one_device, train


def digests(folder) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


class Watching:
    total, done, unit = 0, 0, ""

    def start(self, total, unit):
        self.total, self.unit = total, unit

    def advance(self, done=1):
        self.done += done


@pytest.mark.parametrize("lora", [None, {"r": 4, "alpha": 8}], ids=["full", "lora"])
def test_one_rng_seed_one_student_to_the_bit(base, rows, recipe, tmp_path, lora):
    recipe = replace(recipe, lora=lora, epochs=1)
    first = train(base, rows, tmp_path / "1", recipe, rng_seed=7)
    again = train(base, rows, tmp_path / "2", recipe, rng_seed=7)
    other = train(base, rows, tmp_path / "3", recipe, rng_seed=8)
    assert first == again
    assert digests(tmp_path / "1" / "model") == digests(tmp_path / "2" / "model")
    weights = "adapter_model.safetensors" if lora else "model.safetensors"
    assert (
        digests(tmp_path / "1" / "model")[weights] != digests(tmp_path / "3" / "model")[weights]
    )  # other batches
    assert first.ids_digest == other.ids_digest


def test_training_teaches_and_says_what_it_did(base, rows, recipe, tmp_path):
    progress = Watching()
    recipe = replace(recipe, epochs=6, gradient_accumulation=2)
    training = train(base, rows, tmp_path, recipe, rng_seed=1, progress=progress)
    assert training.examples == 48
    assert training.effective_batch == 16
    assert training.steps == 18  # 48 rows / 16 a step * 6
    assert (progress.total, progress.done, progress.unit) == (18, 18, "steps")
    assert training.loss_curve[-1][0] == 18
    assert training.loss_curve[-1][1] < training.loss_curve[0][1] / 2
    assert 48 * 2 <= training.answer_tokens < training.tokens
    assert (training.device, training.precision) in {("cpu", "float32"), ("cuda", "bfloat16")}


def test_several_gpus_do_not_multiply_the_batch(tmp_path):
    from transformers import TrainingArguments

    arguments = TrainingArguments(tmp_path, per_device_train_batch_size=8, use_cpu=True)
    arguments._n_gpu = 4  # what transformers finds on a machine of four
    assert arguments.train_batch_size == 32
    assert one_device(arguments).train_batch_size == 8


def test_saved_files_hold_no_path_and_no_pickle(base, rows, recipe, tmp_path):
    train(base, rows, tmp_path / "lora", replace(recipe, lora={"r": 4, "alpha": 8}, epochs=1), rng_seed=1)
    train(base, rows, tmp_path / "full", replace(recipe, epochs=1), rng_seed=1)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} <= {".json", ".jinja", ".safetensors"}
    assert not [
        p for p in files if base.encode() in p.read_bytes() or str(tmp_path).encode() in p.read_bytes()
    ]
    config = json.loads((tmp_path / "lora" / "model" / "adapter_config.json").read_text())
    assert config["target_modules"] == sorted(config["target_modules"])


def test_a_diverged_training_is_a_clear_failure(base, rows, recipe, tmp_path):
    with pytest.raises(StepImpossible, match=r"no number any more by step .* lower students.learning_rate"):
        train(base, rows, tmp_path, replace(recipe, learning_rate=1e30), rng_seed=1)
    assert not (tmp_path / "model").exists()


def test_with_nothing_left_of_the_answers_the_step_is_impossible(base, rows, recipe, tmp_path):
    with pytest.raises(StepImpossible, match="max_length = 3"):
        train(base, rows, tmp_path, replace(recipe, max_length=3), rng_seed=1)


def test_a_folder_that_is_no_model_is_a_users_mistake(rows, recipe, tmp_path):
    with pytest.raises(UserError):
        train(str(tmp_path), rows, tmp_path / "out", recipe, rng_seed=1)


def test_an_adapter_that_is_cut_off_is_a_users_mistake(base, rows, recipe, tmp_path):
    from polyteach.students.base import load_adapted

    train(base, rows[:8], tmp_path, replace(recipe, lora={"r": 4, "alpha": 8}, epochs=1), rng_seed=1)
    weights = tmp_path / "model" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match="cut off"):
        load_adapted(tmp_path / "model", base)
    with pytest.raises(UserError, match="without its base"):
        load_adapted(tmp_path / "model", None)
