"""Findings in the released code, which no released figure shows: cited, not computed."""

from __future__ import annotations

from polyteach.published.audit.finding import Finding
from polyteach.published.paper import RELEASED

_IN_CODE = (
    (
        "code_perplexity",
        "Perplexity copies a batch's mean loss to each of its rows and counts padding.",
        "Its mean over rows is then ruled by a few outliers: Table 11 prints up to 6e4 in one teacher's "
        "cells.",
    ),
    (
        "code_judge_failures",
        "An answer of the judge that cannot be read, or an error of its service, is scored 1.",
        "",
    ),
    ("code_judge_order", "The judge writes its score before its reasons.", ""),
    ("code_unseeded_order", "The order of M-RewardBench's two answers is drawn without a seed.", ""),
    ("code_first_letter", 'In the generative variant, the A of "ANSWER: B" counts as the answer A.', ""),
    ("code_few_shot", "Few-shot examples are drawn without a seed.", ""),
    ("code_diversity", "Diversity builds an n x n matrix of all pairs.", ""),
    ("code_names", "Teacher, base and language are read out of the names of data sets.", ""),
    ("code_public", "Data sets are published while they are made.", ""),
)


def cited() -> list[Finding]:
    """All of them."""
    return [
        Finding(id_, finding, f"Read in the released code ({RELEASED}). {more}".strip(), kind="cited")
        for id_, finding, more in _IN_CODE
    ]
