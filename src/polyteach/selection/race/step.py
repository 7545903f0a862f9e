"""The step that judges a rung: its students' examinations in; out who leads, who leaves and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.artifacts import MANIFEST, SCHEMA_VERSION
from polyteach.figures import Figure
from polyteach.files import write_json
from polyteach.steps import StepTask

if TYPE_CHECKING:
    from polyteach.scoring.cells import Scored
    from polyteach.scoring.overall import Known
    from polyteach.selection.race.elimination import Decision

RUNG = "rung.json"


def race_rung(task: StepTask) -> Mapping[str, Any]:
    """Judges a rung.

    Settings: `study`, the facts of the rung's study (see `evidence.study_facts`); `rung`: {rung, share,
    rows}; `epsilon`; `margin`, `alike` and `level`, see `elimination.decide`; `rng_seed`; `failed`, a list of
    {step, reason}. Inputs: synthesis, students and examinations, named as in a run of that study alone.
    """
    from polyteach.scoring.cells import score_evidence
    from polyteach.scoring.evidence import read_evidence, study_facts

    settings = task.settings
    evidence = read_evidence(study_facts(settings["study"]), task.inputs, settings["failed"])
    scored = score_evidence(evidence)
    judged = _judged(scored, settings)
    result = {
        "schema_version": SCHEMA_VERSION,
        "kind": "rung",
        **settings["rung"],
        **{name: settings[name] for name in ("epsilon", "margin", "alike", "level")},
        **judged,
        "counts": [
            {"base": base, "language": language, "benchmarks": names}
            for (base, language), names in scored.counts.items()
        ],
        "cost": _cost(scored, task.inputs),
    }
    write_json(task.output / RUNG, result)
    return {"left": len(result["left"]), "remaining": len(result["remaining"])}


def _judged(scored: Scored, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The decision and the figures it rests on, as plain data."""
    from polyteach.scoring import gain
    from polyteach.scoring.intervals import figure_of
    from polyteach.scoring.overall import Known, overall
    from polyteach.selection.race.elimination import GAP_DEFINITION, decide, lacking_trials, paired_spread

    names = [teacher.name for teacher in scored.evidence.study.teachers]
    cells = {k: Known(c.gain.estimate if c.gain else None, c.reason) for k, c in scored.cells.items()}
    found = {name: overall(name, cells, scored.counts, "gain") for name in names}
    own = {
        f"{base}/{language}": {
            name: one
            for name in names
            if found[name].estimate and (one := scored.cells[base, language, name].gain)
        }
        for base, language in scored.counts
    }
    lacking = lacking_trials(own)
    found |= {name: Known(None, reason) for name, reason in lacking.items()}
    gains = {name: known.estimate for name, known in found.items() if known.estimate is not None}
    paired = paired_spread([{name: cell[name] for name in gains} for cell in own.values()])
    why_not = _why_nothing(found, list(gains), has_spread=paired is not None)
    decision = (
        decide(
            gains,
            paired,
            rng_seed=settings["rng_seed"],
            **{name: settings[name] for name in ("margin", "alike", "level")},
        )
        if paired and not why_not
        else None
    )
    lone = gain.spread_of(cell.gain for cell in scored.cells.values() if cell.gain)
    gaps = decision.gaps if decision else {}
    return {
        "ran": names,
        "undefined": why_not,
        "settled": decision.settled if decision else False,
        "leader": decision.order[0] if decision else None,
        "remaining": _remaining(names, list(gains), decision),
        "left": _left(found, decision, settings["margin"]),
        "gains": {
            name: figure_of(estimate, lone, gain.TEACHER_DEFINITION).to_json()
            for name, estimate in gains.items()
        },
        "gaps": {
            name: Figure(
                gap.value, GAP_DEFINITION, gains[name].n, gap.bounds.se, gap.bounds.low, gap.bounds.high
            ).to_json()
            for name, gap in gaps.items()
        },
        "critical": decision.critical if decision else None,
        "trial_sd": paired.spread.variance**0.5 if paired else None,
        "trial_freedom": paired.spread.freedom if paired else None,
    }


def _why_nothing(found: Mapping[str, Known], known: Sequence[str], *, has_spread: bool) -> str | None:
    """Why nobody can be compared; None where somebody can."""
    if not known:
        return "; ".join(dict.fromkeys(one.reason or "no gain" for one in found.values()))
    if len(known) == 1:
        return f"{known[0]} is the only teacher with a gain"
    return None if has_spread else "no cell has two trials: the luck of training is unknown"


def _remaining(names: Sequence[str], known: Sequence[str], decision: Decision | None) -> list[str]:
    """Who goes on, the leader first; where nothing was decided, whoever has a gain."""
    return list(decision.remaining) if decision else [name for name in names if name in known]


def _left(found: Mapping[str, Known], decision: Decision | None, margin: float) -> dict[str, str]:
    """Who leaves, and why; who has no gain takes no part any more."""
    lacking = {
        name: f"not compared: {one.reason or 'no gain'}"
        for name, one in found.items()
        if one.estimate is None
    }
    if decision is None:
        return lacking
    leader = decision.order[0]
    return lacking | {
        name: f"surely more than {100 * margin:.1f} points behind {leader}: by "
        f"{100 * decision.gaps[name].value:.1f} "
        f"[{100 * decision.gaps[name].bounds.low:.1f}, {100 * decision.gaps[name].bounds.high:.1f}]"
        for name in decision.left
    }


def _cost(scored: Scored, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """What the rung's data and students took, by teacher; requests are those of earlier rungs too."""
    from polyteach.scoring.evidence import REFERENCE
    from polyteach.scoring.requests import requests_of

    tokens: dict[str, int] = {}
    for id, folder in inputs.items():
        kind, _, *rest = id.split("/")
        if kind == "students":
            facts = json.loads((folder / MANIFEST).read_bytes())["facts"]
            tokens[rest[0]] = tokens.get(rest[0], 0) + int(facts["tokens"])
    asked = {one.teacher: one for one in requests_of(scored.evidence)}
    return {
        "reference_tokens": tokens.get(REFERENCE, 0),
        "teachers": {
            teacher.name: {
                "student_tokens": tokens.get(teacher.name, 0),
                "requests": asked[teacher.name].asked if teacher.name in asked else 0,
                "money": asked[teacher.name].usage.money if teacher.name in asked else None,
            }
            for teacher in scored.evidence.study.teachers
        },
    }
