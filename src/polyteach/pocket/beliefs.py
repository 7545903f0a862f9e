"""What each teacher holds for true: the facts, less a fixed share of them replaced by common misconceptions.

Wrong facts are systematic. Errors that vary from document to document would leave the most likely answer
right, and the teacher a good one.
"""

from __future__ import annotations

import hashlib
from functools import cache

from polyteach.pocket.world.facts import Fact, answers, facts


def draw(*parts: object) -> int:
    """Returns a number fixed by its arguments, the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, parts)).encode()).digest()[:8], "big")


@cache
def misconception(language: str, fact: Fact) -> str:
    """Returns the wrong answer that all who are wrong about a fact give: another answer of its family."""
    wrong = [answer for answer in answers(language, fact.family) if answer != fact.answer]
    return wrong[draw("misconception", language, fact.key) % len(wrong)]


@cache
def beliefs(key: str, language: str, error_rate: float) -> dict[str, str]:
    """Returns fact key -> believed answer; exactly `round(error_rate * 184)` of them are wrong.

    Args:
        key: names the set of wrong items; two teachers of one key are wrong about the same items.
        language: one of the world's languages.
        error_rate: share of the facts to get wrong, 0 to 1.
    """
    known = facts(language)
    order = sorted(known, key=lambda fact: draw("wrong", key, language, fact.key))
    wrong = {fact.key for fact in order[: round(error_rate * len(known))]}
    return {fact.key: misconception(language, fact) if fact.key in wrong else fact.answer for fact in known}
