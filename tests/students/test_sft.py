import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from polyteach.errors import StepImpossible, UserError
from polyteach.students.base import load_base
from polyteach.students.recipe import Lora
from polyteach.students.sft import STEPS, one_device, train
from polyteach.students.watching import diverges


def digests(folder) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


class Watching:
    total, done, unit = 0, 0, ""

    def start(self, total, unit):
        self.total, self.unit = total, unit

    def advance(self, done=1):
        self.done += done


@pytest.mark.parametrize("lora", [None, Lora(4, 8)], ids=["full", "lora"])
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
    train(base, rows, tmp_path / "lora", replace(recipe, lora=Lora(4, 8), epochs=1), rng_seed=1)
    train(base, rows, tmp_path / "full", replace(recipe, epochs=1), rng_seed=1)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} <= {".json", ".jinja", ".parquet", ".safetensors"}
    assert not [
        p for p in files if base.encode() in p.read_bytes() or str(tmp_path).encode() in p.read_bytes()
    ]
    config = json.loads((tmp_path / "lora" / "model" / "adapter_config.json").read_text())
    assert config["target_modules"] == sorted(config["target_modules"])


def test_packed_and_padded_are_the_same_training(base, rows, recipe, tmp_path):
    recipe = replace(recipe, gradient_accumulation=2, epochs=3)
    padded = train(base, rows, tmp_path / "padded", replace(recipe, packing=False), rng_seed=3)
    packed = train(base, rows, tmp_path / "packed", recipe, rng_seed=3)
    assert (padded.packed, packed.packed) == (False, True)
    assert replace(padded, packed=True, loss_curve=()) == replace(packed, loss_curve=())
    steps = [pq.read_table(tmp_path / name / STEPS).to_pylist() for name in ("padded", "packed")]
    assert [step["examples"] for step in steps[0]] == [step["examples"] for step in steps[1]]
    for one, other in zip(*steps, strict=True):
        assert one["answer_tokens"] == other["answer_tokens"]
        assert one["learning_rate"] == other["learning_rate"]
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-3)  # rounding, grown over the steps


def test_steps_name_the_examples_in_their_order(base, rows, recipe, tmp_path):
    training = train(base, rows[:20], tmp_path, recipe, rng_seed=3)
    steps = pq.read_table(tmp_path / STEPS).to_pylist()
    assert [step["step"] for step in steps] == list(range(1, 7))
    assert [len(step["examples"]) for step in steps] == [8, 8, 4] * 2
    ids = sorted(row.id for row in rows[:20])
    assert sorted(id for step in steps[:3] for id in step["examples"]) == ids
    assert training.loss_curve == tuple((step["step"], round(step["loss"], 6)) for step in steps)
    assert sum(step["answer_tokens"] for step in steps[:3]) == training.answer_tokens


def test_a_base_that_cannot_keep_documents_apart_is_padded(tokenizer, rows, recipe, tmp_path):
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, state_size=4)
    MambaForCausalLM(config).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    recipe = replace(recipe, epochs=1)
    assert not train(str(tmp_path / "base"), rows[:8], tmp_path / "out", recipe, rng_seed=1).packed


@pytest.mark.parametrize("lora", [None, Lora(4, 8)], ids=["full", "lora"])
def test_a_killed_training_goes_on_to_the_same_student(base, rows, recipe, tmp_path, lora):
    recipe = replace(recipe, lora=lora, epochs=4)
    train(base, rows, tmp_path / "whole", recipe, rng_seed=7)
    state = tmp_path / "state"
    arguments = f"{base!r}, seed_rows('de', 48, rng_seed=0), Path({str(tmp_path / 'killed')!r})"
    code = (
        "import os; from pathlib import Path; from polyteach.pocket import seed_rows\n"
        "from polyteach.students.recipe import Devices, Lora, Recipe\n"
        "from polyteach.students.sft import train\n"
        "class Dies:\n"
        "    done = 0\n"
        "    def start(self, total, unit): pass\n"
        "    def advance(self, done=1):\n"
        "        self.done += done\n"
        f"        if self.done > 12 and list(Path({str(state)!r}).glob('checkpoint-*/complete')):\n"
        "            os.kill(os.getpid(), 9)\n"
        f"train({arguments}, {recipe!r}, rng_seed=7,"
        f" devices=Devices(checkpoint_seconds=0), state=Path({str(state)!r}), progress=Dies())"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (state / "checkpoint-999").mkdir()  # as if it had been killed while it wrote one
    progress = Watching()
    again = train(base, rows, tmp_path / "killed", recipe, rng_seed=7, state=state, progress=progress)
    assert (progress.done, progress.total) == (24, 24)
    assert again.steps == 24
    for name in ("whole", "killed"):
        assert (tmp_path / name / STEPS).is_file()
    assert digests(tmp_path / "killed" / "model") == digests(tmp_path / "whole" / "model")
    assert (tmp_path / "killed" / STEPS).read_bytes() == (tmp_path / "whole" / STEPS).read_bytes()


def test_a_loss_that_is_no_number_names_the_example_at_fault(base, rows, recipe, tmp_path):
    import torch

    model, tokenizer = load_base(base)
    bad = replace(rows[20], id="the bad one", prompt=rows[20].prompt + " ###")
    (token,) = {*tokenizer(bad.prompt)["input_ids"]} - {
        token for row in rows for token in tokenizer(f"{row.prompt}\n{row.response}")["input_ids"]
    }
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    with torch.no_grad():
        model.model.embed_tokens.weight[token] = float("inf")
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    told = r"^examples: the bad one\n.*no number, by itself that of 1 of 8 examples \(step \d of 12\)"
    with pytest.raises(StepImpossible, match=told):
        train(str(tmp_path / "base"), [*rows[:47], bad], tmp_path, recipe, rng_seed=1)
    assert not (tmp_path / "model").exists()


def test_a_training_that_goes_wrong_stops_and_names_its_examples(base, rows, recipe, tmp_path):
    told = r"^examples: .*\n.*no number.* \(step \d+ of 12\); lower students.learning_rate"
    with pytest.raises(StepImpossible, match=told):
        train(base, rows, tmp_path, replace(recipe, learning_rate=1e30), rng_seed=1)
    with pytest.raises(StepImpossible, match=r"^examples: .*\n.*diverges, from .* \(step \d of 60\); lower"):
        train(base, rows, tmp_path, replace(recipe, learning_rate=0.1, epochs=10), rng_seed=1)
    assert not (tmp_path / "model").exists()


def test_only_a_loss_far_above_the_first_or_a_guess_is_a_divergence():
    assert not diverges([0.2] * 8 + [0.9] * 8, 2048)  # hard examples
    assert not diverges([0.2] + [1.9] * 7, 2048)  # an easy one first
    assert not diverges([2.0] * 8 + [7.0] * 7, 2048)  # too early to say
    assert diverges([2.0] * 8 + [7.0] * 8, 2048)
    assert not diverges([2.0] + [9.0] * 7, 2048)
    assert diverges([2.0] + [10.0] * 7, 2048)  # a blind guess among 2048 loses 7.6


def test_with_nothing_left_of_the_answers_the_step_is_impossible(base, rows, recipe, tmp_path):
    with pytest.raises(StepImpossible, match="max_length = 3"):
        train(base, rows, tmp_path, replace(recipe, max_length=3), rng_seed=1)


def test_a_folder_that_is_no_model_is_a_users_mistake(rows, recipe, tmp_path):
    with pytest.raises(UserError):
        train(str(tmp_path), rows, tmp_path / "out", recipe, rng_seed=1)


def test_an_adapter_that_is_cut_off_is_a_users_mistake(base, rows, recipe, tmp_path):
    from polyteach.students.base import lent_to_examine

    train(base, rows[:8], tmp_path, replace(recipe, lora=Lora(4, 8), epochs=1), rng_seed=1)
    weights = tmp_path / "model" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    student = str(tmp_path / "model")
    with pytest.raises(UserError, match="cut off"), lent_to_examine(student, base):
        pass
    with pytest.raises(UserError, match="without its base"), lent_to_examine(student):
        pass


def test_an_adapter_leaves_out_what_reads_images(base, rows, recipe, tmp_path):
    from safetensors import safe_open
    from transformers import AutoTokenizer, Gemma3Config, Gemma3ForConditionalGeneration

    tokenizer = AutoTokenizer.from_pretrained(base)
    size = len(tokenizer)
    text = {
        "vocab_size": size + 8,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 512,
        "sliding_window": 64,
    }
    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    config = Gemma3Config(
        text_config=text,
        vision_config=vision,
        mm_tokens_per_image=1,
        image_token_index=size + 1,
        boi_token_index=size + 2,
        eoi_token_index=size + 3,
    )
    seeing = tmp_path / "base"
    Gemma3ForConditionalGeneration(config).save_pretrained(seeing)
    tokenizer.save_pretrained(seeing)
    train(str(seeing), rows[:8], tmp_path / "1", replace(recipe, lora=Lora(4, 8), epochs=1), rng_seed=0)
    with safe_open(tmp_path / "1" / "model" / "adapter_model.safetensors", "pt") as saved:
        names = list(saved.keys())
    assert len(names) == 2 * 7 * 2  # layers, linear layers of each, matrices
    assert all(".language_model.layers." in name for name in names)
