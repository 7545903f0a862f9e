"""How many rows steps give and measure at most, told from a study before they are made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyteach.quality.gate import EMBEDDED_SETS, MEASURED_SETS, count_damaged
from polyteach.quality.judge_checks import NEW_A_PAIR, PAIRS
from polyteach.study import Contestant

if TYPE_CHECKING:
    from polyteach.artifacts import Artifact
    from polyteach.resources import Resources
    from polyteach.steps import Step
    from polyteach.study import Candidates

NOTHING_THERE: Mapping[str, Artifact] = MappingProxyType({})
"""The finished artifacts of a study that never ran."""


def asks_a_teacher(step: Step) -> bool:
    """Whether a step of the kind synthesis asks its teacher, and not a translation model or nobody at all."""
    return step.settings.get("method") is not None


def rows_given(
    step: Step, study: Candidates, resources: Resources, there: Mapping[str, Artifact] = NOTHING_THERE
) -> int:
    """How many rows a step gives at most; of seed data, those with a response.

    Args:
        step: of seed data, translation or synthesis.
        study: whose step it is.
        resources: what it names.
        there: finished artifacts by step id; what they have is no more an upper bound.
    """
    settings, language = step.settings, step.settings["language"]
    if step.kind == "seed_data":
        return resources.pairs(study, language)
    if step.id in there:
        return int(there[step.id].facts["rows"])
    if asks_a_teacher(step):
        return resources.requests(study, settings["method"], language)
    if "translator" in settings:  # of rows for teachers to answer, or that stand for a teacher's own
        return resources.requests(study, "translate", language)
    name = settings["teacher"]
    contestant = next(t for t in study.teachers if t.name == name and isinstance(t, Contestant))
    return min(resources.contestant(study, contestant, language)[1], resources.wanted(study, language))


@dataclass(frozen=True, slots=True)
class MeasuredRows:
    """How often a step that measures rows asks each of those who measure, at most.

    Attributes:
        read: rows that the model reads under which perplexity is taken.
        judged: answers of the judge.
        embedded: rows of which prompt and response are embedded.
    """

    read: int
    judged: int
    embedded: int

    @property
    def embedding_requests(self) -> int:
        """Requests to an embedder at an endpoint."""
        from polyteach.models.endpoint.embedding import BATCH

        return 2 * math.ceil(self.embedded / BATCH)  # prompts, and responses


def rows_measured(
    step: Step, study: Candidates, resources: Resources, there: Mapping[str, Artifact] = NOTHING_THERE
) -> MeasuredRows:
    """What a step of the kind gate or quality measures; see `rows_given`."""
    if step.kind == "gate":
        pairs = resources.pairs(study, step.settings["language"])
        damaged = count_damaged(pairs, step.settings["rows"])
        once = damaged * MEASURED_SETS
        # Near duplicates leave half of the rows as they are, and a judge is asked nothing twice.
        judged = once - damaged // 2 + NEW_A_PAIR * min(PAIRS, damaged)
        return MeasuredRows(once, judged, damaged * EMBEDDED_SETS)
    rows = sum(
        rows_given(parent, study, resources, there)
        for parent in step.inputs.values()
        if parent.kind != "gate"
    )
    return MeasuredRows(rows, rows, rows)
