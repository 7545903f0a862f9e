"""What metric names mean in the evaluation libraries: their direction, and those that are no share.

Only names whose meaning is the same in lm-eval 0.3 to 0.4.13 and lighteval 0.11 to 0.13 are listed. Of any
other metric nothing is assumed: its direction is what its file says, else unknown, and then it ranks nothing.
"""

from __future__ import annotations

import re

# Both libraries take these from sacrebleu, on a scale of 0 to 100.
PERCENT = frozenset({"bleu", "bleu_max", "chrf", "chrf++", "chrf_plus", "ter"})
NO_SHARE = frozenset(
    {
        "bits_per_byte",
        "byte_perplexity",
        "edit_distance",
        "likelihood",
        "perplexity",
        "ppl",
        "word_perplexity",
    }
)
_LOWER = NO_SHARE - {"likelihood"} | {"brier_score", "cer", "ter", "wer"}
_HIGHER = re.compile(
    r"(acc|accuracy)(_|$|@)|exact_match|(qem|pem|em)($|@)|.*_match$|f1($|[_-])|mf1$|macro_f1|micro_f1"
    r"|bleu|chrf|rouge|mcc$|mc[12]$|truthfulqa_mc[12]$|pass@|maj@|avg@|mrr$|recall|precision$|judge:"
)


def direction(metric: str) -> bool | None:
    """Whether more of a metric is better; None where its name does not say."""
    name = metric.lower()
    if name in _LOWER:
        return False
    return True if _HIGHER.match(name) else None


# A mean of 0/1 answers, so that its standard error follows from n.
_RIGHT = frozenset({"acc", "acc_", "acc_norm", "accuracy", "exact_match", "em", "extractive_match"})


def is_share_of_right(metric: str) -> bool:
    """Whether a metric is a share of right answers, each right or wrong."""
    return metric.lower() in _RIGHT
