"""What each attack earns with a judge: known-bad responses, with it and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        changes: of each response, or why there is none.
    """

    name: str
    change: Figure
    raised: Figure
    changes: tuple[PairValue, ...]

    @classmethod
    def of(cls, name: str, changes: Sequence[PairValue], about: str) -> AttackResult:
        """Both figures, from the changes."""
        raised = [(None if change is None else float(change > 0), why) for change, why in changes]
        return cls(
            name,
            mean_of(changes, f"mean mark with the attack {name} minus without, paired t ({about})"),
            share_of(raised, f"share of responses whose mark the attack {name} raises ({about})"),
            tuple(changes),
        )

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {"attack": self.name, "change": self.change.to_json(), "raised": self.raised.to_json()}


def try_attacks(
    judge: Judge, bad: Sequence[Row], language: str, more: Mapping[str, Sequence[Row]] | None = None
) -> list[AttackResult]:
    """Asks for marks of bad responses as they are and as each attack leaves them, all in one go.

    Args:
        judge: who marks; as it is handed in, so bare or spared the pleas.
        bad: rows whose responses deserve a low mark.
        language: standard code; of the pleas too, where there are any in it.
        more: attacks of one's own by name: the same rows, attacked.
    """
    rows = {name: [attacked(row, name, language) for row in bad] for name in attack_names()} | dict(
        more or {}
    )
    judged = judge.score([*bad, *(row for group in rows.values() for row in group)])
    marks: list[PairValue] = list(zip(judged.values, judged.reasons, strict=True))
    plain, n = marks[: len(bad)], len(bad)
    about = f"judge {judge.name}, bad responses of {english_name(language)}, pleas in "
    about += english_name(plea_language(language))
    results = []
    for number, name in enumerate(rows, 1):
        pairs = zip(marks[number * n : (number + 1) * n], plain, strict=True)
        results.append(AttackResult.of(name, [difference_of(*pair) for pair in pairs], about))
    return results
