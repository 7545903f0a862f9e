"""Rules by which rows are kept or taken away, a small file each; see `rule.py` for what a rule is."""

from __future__ import annotations

from polyteach.rules.answers import Echo, Refusal
from polyteach.rules.duplicates import ExactDuplicates, NearDuplicates
from polyteach.rules.endings import CutOff, Unfinished
from polyteach.rules.judged import JudgeBelow
from polyteach.rules.language import WrongLanguage
from polyteach.rules.lengths import Empty, TooLong, TooShort
from polyteach.rules.likelihood import Likelihood
from polyteach.rules.markup import CodeFence, ControlTokens, Html, Template
from polyteach.rules.overlap import BenchmarkOverlap
from polyteach.rules.pattern import Pattern
from polyteach.rules.repetition import Repetition
from polyteach.rules.rule import Context, Found, Rule

__all__ = ["DEFAULTS", "RULES", "AnyRule", "Context", "Found", "Rule"]

AnyRule = (
    BenchmarkOverlap
    | CodeFence
    | ControlTokens
    | CutOff
    | Echo
    | Empty
    | ExactDuplicates
    | Html
    | JudgeBelow
    | Likelihood
    | NearDuplicates
    | Pattern
    | Refusal
    | Repetition
    | Template
    | TooLong
    | TooShort
    | Unfinished
    | WrongLanguage
)

DEFAULTS: tuple[AnyRule, ...] = (
    Empty(),
    CutOff(),
    WrongLanguage(),
    WrongLanguage(side="prompt"),
    Html(),
    ControlTokens(),
    Template(),
    CodeFence(),
    Repetition(),
    Refusal(),
    Echo(),
    ExactDuplicates(),
    NearDuplicates(),
)
"""What `polyteach filter` does where no rule is named: rules that need no choice and no model."""

RULES: dict[str, type[AnyRule]] = {
    kind.rule: kind
    for kind in (
        *(Empty, TooShort, TooLong, CutOff, Unfinished, WrongLanguage),
        *(Html, ControlTokens, Template, CodeFence, Repetition, Refusal, Echo),
        *(ExactDuplicates, NearDuplicates, BenchmarkOverlap, JudgeBelow, Likelihood, Pattern),
    )
}
"""Every rule by the name that files and options have for it."""
