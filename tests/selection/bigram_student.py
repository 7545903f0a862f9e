"""A real tiny model that knows only which token follows which, with probabilities one can compute by hand."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from polyteach.models.local import LocalModel

WORDS = ("<s>", "</s>", "q", "r", "a", "b", "c", "d")
CONTEXT = 16
_SURE = 40.0  # an odd of e^-40 is 0 in float32


def bigram_student(follows: Mapping[str, Mapping[str, float]]) -> LocalModel:
    """A model whose next token depends on the last one alone.

    It has no layers: a token's embedding is a unit vector of its own, which the last norm multiplies by
    sqrt(words), and the output layer holds the logarithms of the probabilities.

    Args:
        follows: for a token, the probabilities of tokens after it, with sum 1; what is not named has none.
            After a token that is not there all are equally likely.
    """
    size = len(WORDS)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=size,
        intermediate_size=8,
        num_hidden_layers=0,
        num_attention_heads=1,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=0.0,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = LlamaForCausalLM(config)
    logits = torch.zeros(size, size)
    for last, chances in follows.items():
        assert abs(sum(chances.values()) - 1) < 1e-12
        logits[:, WORDS.index(last)] = -_SURE
        for word, chance in chances.items():
            logits[WORDS.index(word), WORDS.index(last)] = torch.tensor(chance).log()
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        model.lm_head.weight.copy_(logits / size**0.5)
    return LocalModel(model.eval(), _tokenizer(), "bigrams")


def _tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="d"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.add_special_tokens(["<s>", "</s>"])
    return PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>")
