"""The short loss is TRL's loss, and is not used where it would not be."""

import pytest

from polyteach.steps import SilentProgress
from polyteach.students.base import load_base
from polyteach.students.encode import encode_rows


def trainer_of(model, tokenizer, rows, folder, lora=None):
    from datasets import Dataset
    from trl import SFTConfig

    from polyteach.students.trainer import Watcher, quiet_trainer

    encoded = encode_rows(tokenizer, rows, max_length=64)
    return quiet_trainer(
        Watcher(SilentProgress()),
        model=model,
        args=SFTConfig(
            output_dir=str(folder),
            bf16=False,
            use_cpu=True,
            report_to="none",
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=Dataset.from_dict({"input_ids": encoded.input_ids, "labels": encoded.labels}),
        processing_class=tokenizer,
        peft_config=lora,
    )


@pytest.mark.parametrize("with_lora", [False, True])
def test_loss_and_gradients_are_trls(base, rows, tmp_path, with_lora):
    import torch
    from peft import LoraConfig
    from trl import SFTTrainer

    from polyteach.students.trainer import answer_loss

    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False) if with_lora else None
    trainer = trainer_of(*load_base(base), rows, tmp_path, lora)
    batch = next(iter(trainer.get_train_dataloader()))
    weight = next(p for p in trainer.model.parameters() if p.requires_grad)
    found = []
    for loss in (
        SFTTrainer.compute_loss(trainer, trainer.model, dict(batch)),
        answer_loss(trainer.model, batch, None),
    ):
        trainer.model.zero_grad()
        loss.backward()
        found.append((loss.detach(), weight.grad.clone()))
    assert torch.allclose(found[0][0], found[1][0], rtol=1e-5)
    assert torch.allclose(found[0][1], found[1][1], rtol=0, atol=1e-4 * float(found[0][1].abs().max()))
    trainer.compute_loss(trainer.model, dict(batch))
    assert trainer._short is True


def test_a_model_that_caps_its_logits_keeps_trls_loss(base, rows, tmp_path):
    from transformers import Gemma2Config, Gemma2ForCausalLM

    _, tokenizer = load_base(base)
    config = Gemma2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        final_logit_softcapping=0.05,
    )
    trainer = trainer_of(Gemma2ForCausalLM(config), tokenizer, rows, tmp_path)
    batch = next(iter(trainer.get_train_dataloader()))
    trainer.compute_loss(trainer.model, batch)
    assert trainer._short is False
