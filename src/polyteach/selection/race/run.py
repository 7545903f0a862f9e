"""Runs a race: rung after rung in one folder and one store, each a graph of steps like any run's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from polyteach.artifacts import Store
from polyteach.executors.outcome import Executor
from polyteach.facts import as_yaml, study_facts
from polyteach.graph import step
from polyteach.pipeline import SCORED, WEIGHTS, cell_steps, closing_steps
from polyteach.resources import Resources
from polyteach.running import Display, RunEnd, run_graph
from polyteach.runs import RACE, RunFolder
from polyteach.selection.race.elimination import ALPHA
from polyteach.selection.race.page_step import race_standing
from polyteach.selection.race.rungs import Rung, own_id, rung_steps, study_of
from polyteach.selection.race.settings import Rules
from polyteach.selection.race.standing import is_over
from polyteach.selection.race.step import race_rung
from polyteach.steps import Step, digest_of
from polyteach.study import Study


def run_race(
    study: Study,
    resources: Resources,
    rungs: Sequence[Rung],
    rules: Rules,
    store: Store,
    folder: RunFolder,
    new_display: Callable[[], Display],
    *,
    executor: Executor,
) -> RunEnd:
    """Runs a race to its end, or on from where it was stopped; see `running.run_graph` for what it raises.

    Args:
        study: the whole.
        resources: what it names.
        rungs: of `rungs_of`.
        rules: see there.
        store: where artifacts are.
        folder: where `race.json` and `race.html` are published after each rung, and a normal run's results
            after the last.
        new_display: makes what shows a rung's progress.
        executor: where the steps run.

    Returns:
        The end of all rungs together.
    """
    race = _Race(study, resources, rungs, rules)
    before: list[Step] = []  # what earlier rungs made; what failed there is not tried again for a later one
    ends: list[RunEnd] = []
    remaining = [teacher.name for teacher in study.teachers]
    for rung in rungs:
        known = {one.id for one in before}
        own = rung_steps(study, resources, rung, remaining)
        steps = [*before, *(one for one in own if one.id not in known)]
        display = new_display()
        what = f"{len(remaining)} teachers, {rung.rows} rows a student"
        display.say(f"rung {rung.number} of {len(rungs)}: {what}")
        ends.append(
            run_graph(
                study_of(study, rung, remaining),
                resources,
                steps,
                partial(race.closing, rung, remaining, own),
                store,
                folder,
                display,
                executor=executor,
                identity=race.identity,
                goes_on=_goes_on,
            )
        )
        if not _goes_on(folder):
            break
        remaining = _standing(folder)["verdict"]["teachers"]
        before = [one for one in steps if one.id not in ends[-1].failed]
    return _together(ends)


def _standing(folder: RunFolder) -> dict[str, Any]:
    standing: dict[str, Any] = json.loads((folder.path / RACE).read_bytes())
    return standing


def _goes_on(folder: RunFolder) -> bool:
    return not is_over(_standing(folder))


class _Race:
    """The closing steps of a race's rungs."""

    def __init__(self, study: Study, resources: Resources, rungs: Sequence[Rung], rules: Rules) -> None:
        self._study = study
        self._resources = resources
        self._rungs = rungs
        self._rules = rules
        self._judged: dict[str, Step] = {}
        whole = {one.id: one.key for one in cell_steps(study, resources)}
        plain = [str(rung.share) for rung in rungs]
        self.identity = digest_of([whole, plain, rules.epsilon, rules.guard, rules.most])

    def closing(
        self, rung: Rung, remaining: Sequence[str], steps: Sequence[Step], failed: Mapping[str, str]
    ) -> list[Step]:
        """The steps that judge a rung and tell how the race stands; after the last also a run's own."""
        own = study_of(self._study, rung, remaining)
        judged = step(
            f"race_rung/{rung.number}",
            race_rung,
            {
                "study": study_facts(own, self._resources),
                "rung": {"rung": rung.number, "share": str(rung.share), "rows": rung.rows},
                "epsilon": self._rules.epsilon,
                "margin": self._rules.margin(float(rung.share)),
                "alike": self._rules.alike(float(rung.share)),
                "level": 1 - ALPHA / len(self._rungs),
                "rng_seed": self._study.rng_seed,
                "failed": [
                    {"step": own_id(one), "reason": failed[one.id]} for one in steps if one.id in failed
                ],
            },
            inputs={own_id(one): one for one in steps if one.id not in failed and one.kind in SCORED},
            skips=WEIGHTS,
        )
        self._judged[f"rung-{rung.number}"] = judged
        told = step(
            f"race/{rung.number}",
            race_standing,
            {
                "name": self._study.name,
                "rows": [one.rows for one in self._rungs],
                "most": self._rules.most,
                "settings_text": as_yaml(self._study),
            },
            inputs=dict(self._judged),
        )
        whole = closing_steps(own, self._resources, steps, failed, race=told) if rung.is_last else []
        return [judged, told, *whole]


def _together(ends: Sequence[RunEnd]) -> RunEnd:
    failed: dict[str, str] = {}
    for end in ends:
        failed |= end.failed
    return RunEnd(
        ends[-1].folder,
        sum(end.made for end in ends),
        ends[0].reused,
        failed,
        sum(end.seconds for end in ends),
    )
