import pytest

from polyteach.rows import Row
from polyteach.students.encode import IGNORED, common_prefix, encode_rows
from polyteach.students.template import MINIMAL_TEMPLATE, with_chat_template

# Markers of turns, an end-of-turn text after the answer, and no `{% generation %}`: the usual shape.
CHATML = (
    "{% for m in messages %}"
    "{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
# What reasoning models do: the generation prompt ends in an opening that a finished conversation lacks.
THINKING = CHATML.replace("assistant\\n' }}{% endif %}", "assistant\\n<think>\\n' }}{% endif %}")


def trl_examples(base, tokenizer, rows):
    """Ids and labels that TRL itself makes of conversational prompt-completion data."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    data = Dataset.from_list(
        [
            {
                "prompt": [{"role": "user", "content": row.prompt}],
                "completion": [{"role": "assistant", "content": row.response}],
            }
            for row in rows
        ]
    )
    config = SFTConfig(bf16=False, use_cpu=True, report_to="none", completion_only_loss=True, max_length=64)
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(base),
        args=config,
        train_dataset=data,
        processing_class=tokenizer,
    )
    return trainer.train_dataset


@pytest.mark.parametrize(
    "template", ["its own", None, CHATML, THINKING], ids=["pocket", "none", "chatml", "thinking"]
)
def test_labels_are_those_of_trl(base, rows, tokenizer, template, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # TRL's default output folder is relative
    if template != "its own":
        tokenizer.chat_template = template
    tokenizer = with_chat_template(tokenizer)
    ours = encode_rows(tokenizer, rows[:8], max_length=64)
    theirs = trl_examples(base, tokenizer, rows[:8])
    assert ours.input_ids == list(theirs["input_ids"])
    assert ours.labels == list(theirs["labels"])


def test_the_loss_is_on_the_answer_and_its_end_only(rows, tokenizer):
    encoded = encode_rows(tokenizer, rows[:8], max_length=64)
    for row, ids, labels in zip(rows, encoded.input_ids, encoded.labels, strict=False):
        taught = [label for label in labels if label != IGNORED]
        assert tokenizer.decode(taught) == row.response + tokenizer.eos_token
        assert ids[-len(taught) :] == taught
        assert (
            tokenizer.decode(ids) == f"{tokenizer.bos_token}{row.prompt}\n{row.response}{tokenizer.eos_token}"
        )


def test_a_base_without_a_template_gets_the_minimal_one(rows, tokenizer):
    own = encode_rows(tokenizer, rows, max_length=64)
    tokenizer.chat_template = None
    minimal = with_chat_template(tokenizer)
    assert minimal.chat_template == MINIMAL_TEMPLATE
    assert encode_rows(minimal, rows, max_length=64) == own  # the pocket world's template is the same text


def test_long_rows_are_cut_or_dropped_and_counted(tokenizer):
    short = Row("a", "de", "respond", "t", "s", "1", "Was?", "Das.")
    long_answer = Row("b", "de", "respond", "t", "s", "2", "Was?", "Januar " * 50)
    long_prompt = Row("c", "de", "respond", "t", "s", "3", "Januar " * 50, "Das.")
    encoded = encode_rows(tokenizer, [short, long_answer, long_prompt], max_length=32)
    assert encoded.ids == ["a", "b"]
    assert (encoded.truncated, encoded.dropped) == (1, 1)
    assert len(encoded.input_ids[1]) == len(encoded.labels[1]) == 32


def test_common_prefix():
    assert common_prefix([1, 2, 3], [1, 2, 4, 5]) == 2
    assert common_prefix([1, 2], [1, 2, 4]) == 2
    assert common_prefix([], [1]) == 0
