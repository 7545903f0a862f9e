"""What each attack earns with a judge: known-bad responses, with it and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polyteach.figures import Figure
from polyteach.languages import english_name
from polyteach.quality.judge import Judge
from polyteach.quality.judge_attacks import attack_names, attacked, plea_language
from polyteach.quality.judge_checks import PairValue, difference_of, mean_of, share_of
from polyteach.rows import Row


@dataclass(frozen=True, slots=True)
class AttackResult:
    """One attack on a judge.

    Attributes:
        name: as in `judge_attacks.yaml`.
        change: mean mark with it minus without, over the same bad responses; paired t interval.
        raised: share of responses whose mark it raises, with Wilson's interval.
    """

    name: str
    change: Figure
    raised: Figure

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"attack": self.name, "change": self.change.to_json(), "raised": self.raised.to_json()}


def try_attacks(judge: Judge, bad: Sequence[Row], language: str) -> list[AttackResult]:
    """Asks for marks of bad responses as they are and as each attack leaves them, all in one go.

    Args:
        judge: who marks; as it is handed in, so bare or spared the pleas.
        bad: rows whose responses deserve a low mark.
        language: standard code; of the pleas too, where there are any in it.
    """
    names = attack_names()
    asked = [*bad, *(attacked(row, name, language) for name in names for row in bad)]
    judged = judge.score(asked)
    marks: list[PairValue] = list(zip(judged.values, judged.reasons, strict=True))
    plain, n = marks[: len(bad)], len(bad)
    about = f"judge {judge.name}, bad responses of {english_name(language)}, pleas in "
    about += english_name(plea_language(language))
    results = []
    for number, name in enumerate(names, 1):
        pairs = zip(marks[number * n : (number + 1) * n], plain, strict=True)
        changes = [difference_of(*pair) for pair in pairs]
        raised = [(None if d is None else float(d > 0), why) for d, why in changes]
        results.append(
            AttackResult(
                name,
                mean_of(changes, f"mean mark with the attack {name} minus without, paired t ({about})"),
                share_of(raised, f"share of responses whose mark the attack {name} raises ({about})"),
            )
        )
    return results
