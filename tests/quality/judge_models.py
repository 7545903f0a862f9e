"""Real local models that judge by a rule we know: a Llama whose weights make it say one of a few sentences.

The chat template looks at the conversation and ends it with a cue; the weights turn each cue into one
sentence and the sentence into the end token. All between (template, tokenizer, generation, parsing) is the
way of any local judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from polyteach.models.local import LocalModel

COMPARES = "'[[tie]]' in messages[-1]['content']"
ANSWER = "messages[-1]['content'].split('<answer ')[1]"  # with the code; of a comparison: answer A
SECOND = "messages[-1]['content'].split('<answer ')[2]"


def pleads(text: str) -> str:
    """A template's condition: whether the text has one of our German pleas."""
    words = ("höchste Note", "volle Punktzahl", "fehlerfrei", "beste Antwort")
    return "(" + " or ".join(f"'{word}' in {text}" for word in words) + ")"


def judge_model(folder: Path, says: Sequence[str], rules: Sequence[tuple[str, int]]) -> LocalModel:
    """Makes and loads a model that answers by rules.

    Args:
        folder: an empty folder for its files.
        says: what it can say.
        rules: a condition of the chat template, and which sentence then; the first that holds counts.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    cues = [f"<|cue{number}|>" for number in range(len(says))]
    vocabulary = ["<|unknown|>", "<|end|>", *cues, *says]
    core = Tokenizer(models.WordLevel({t: i for i, t in enumerate(vocabulary)}, unk_token="<|unknown|>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, unk_token="<|unknown|>", eos_token="<|end|>", extra_special_tokens=cues
    )
    turns = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
    branches = "".join(
        f"{{% {'elif' if number else 'if'} {condition} %}}{cues[sentence]}"
        for number, (condition, sentence) in enumerate(rules)
    )
    tokenizer.chat_template = f"{turns}{branches}{{% endif %}}"
    size = len(vocabulary) + len(vocabulary) % 2
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=size,
        intermediate_size=2,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=4096,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim == 2:
                weights.zero_()  # attention and MLP add nothing: the next token follows from the last alone
        model.model.embed_tokens.weight.copy_(torch.eye(len(vocabulary), size))
        for number in range(len(says)):
            cue, sentence = 2 + number, 2 + len(says) + number
            model.lm_head.weight[sentence, cue] = 1
            model.lm_head.weight[1, sentence] = 1
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return LocalModel.load(str(folder), device="cpu")
