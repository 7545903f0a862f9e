"""Runs a study: what is there is kept, what is missing is made, and the results are published."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from polyteach.artifacts import JOURNAL, Artifact, Damaged, Store
from polyteach.errors import UserError
from polyteach.executors.outcome import Executor, Observer, Outcome
from polyteach.executors.signals import sigterm_as_ctrl_c
from polyteach.files import writing
from polyteach.forecast import requests_of
from polyteach.models.budget import BudgetReached
from polyteach.pipeline import cell_steps, closing_steps
from polyteach.resources import Resources
from polyteach.review.key import has_reviews
from polyteach.runs import RUNNING, RunFolder
from polyteach.status import Account, StatusWriter, last_line
from polyteach.steps import Step, digest_of
from polyteach.study import Candidates, Study

_STATES = {KeyboardInterrupt: "interrupted", BudgetReached: "budget_reached"}
"""How a run that was stopped is called in its status; a mistake of the user's: `stopped`."""
Closing = Callable[[Mapping[str, str]], list[Step]]
Resume = Literal["if-possible", "never", "always"]


class Display(Observer, Protocol):
    """Shows a person how far a run is."""

    def begin(self, steps: Sequence[Step], reused: int) -> None:
        """So many steps are to be made, so many are there."""

    def say(self, message: str) -> None:
        """Something a person should know."""

    def close(self) -> None:
        """The run is over."""

    @property
    def seconds_left(self) -> float | None:
        """Estimated time left; None while nothing is known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A study's steps, and which of their artifacts are there.

    Attributes:
        steps: all steps of its cells, inputs before what reads them.
        there: finished artifacts by step id.
        damaged: what is wrong with an artifact that has to be made again, by step id.
    """

    steps: Sequence[Step]
    there: Mapping[str, Artifact]
    damaged: Mapping[str, str]

    @property
    def missing(self) -> list[Step]:
        """The steps to be made."""
        return [step for step in self.steps if step.id not in self.there]


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended.

    Attributes:
        folder: where its results are.
        made: steps that were made now, the closing ones left out.
        reused: steps that were there, or that another run made meanwhile.
        failed: why a step has no artifact, by its id.
        seconds: wall-clock seconds.
    """

    folder: RunFolder
    made: int
    reused: int
    failed: Mapping[str, str]
    seconds: float


def check_resumable(folder: RunFolder, resume: Resume) -> None:
    """Checks that there is a run where `always` insists on one.

    Raises:
        UserError: there is none.
    """
    if resume == "always" and not (folder.path / "status.json").exists():
        raise UserError("there is no run to resume", where=str(folder.path), fix="leave out --resume always")


def look_up(steps: Sequence[Step], store: Store, resume: Resume = "if-possible") -> Plan:
    """Looks up which artifacts of steps are there and whole; `never` looks up nothing."""
    there: dict[str, Artifact] = {}
    damaged: dict[str, str] = {}
    for step in steps if resume != "never" else []:
        try:
            artifact = store.find(step)
        except Damaged as error:
            damaged[step.id] = str(error)
        else:
            if artifact:
                there[step.id] = artifact
    return Plan(steps, there, damaged)


def run_study(
    study: Study,
    resources: Resources,
    store: Store,
    folder: RunFolder,
    display: Display,
    *,
    executor: Executor,
    resume: Resume = "if-possible",
) -> RunEnd:
    """Makes what a study lacks and publishes its results, see `run_graph`."""
    steps = cell_steps(study, resources)
    closing = partial(closing_steps, study, resources, steps)
    return run_graph(
        study, resources, steps, closing, store, folder, display, executor=executor, resume=resume
    )


def run_graph(
    study: Candidates,
    resources: Resources,
    steps: Sequence[Step],
    closing: Closing,
    store: Store,
    folder: RunFolder,
    display: Display,
    *,
    executor: Executor,
    resume: Resume = "if-possible",
    identity: str | None = None,
    goes_on: Callable[[RunFolder], bool] = lambda folder: False,
) -> RunEnd:
    """Makes what steps lack, then those that close them, and publishes the results.

    Args:
        study: whose steps they are.
        resources: what it names, found.
        steps: inputs before what reads them.
        closing: the steps that turn the artifacts into results, told why others have none, by id.
        store: where artifacts are.
        folder: the run's folder.
        display: shown what happens.
        executor: where the steps run.
        resume: `if-possible` keeps every artifact that is there, `never` makes all anew, `always` refuses to
            start where no run was.
        identity: of what is run in the folder; None: that of the steps.
        goes_on: whether these steps are a part of it, and more follow: then its state stays `running`.

    Raises:
        UserError: the user has to mend something (this machine cannot train the students, nothing can be
            written any more); what was finished is kept.
        BudgetReached: so much is spent as may be; likewise.
        KeyboardInterrupt: the user stopped the run; likewise.
    """
    began = time.monotonic()
    check_resumable(folder, resume)
    store.prepare()
    with store.used_for(steps):  # from before they are looked up: what is found stays, see `garbage`
        planned = look_up(steps, store, resume)
        doubts = executor.check(planned.missing)
        folder.prepare()
        for doubt in doubts:
            display.say(f"warning: {doubt}")
        requests = {s.id: requests_of(s, study, resources) for s in planned.steps if s.kind == "synthesis"}
        identity = identity or digest_of({step.id: step.key for step in planned.steps})
        if earlier := folder.set_aside(identity):
            display.say(f"{folder.path} holds results of other settings; they are moved to {earlier}")
        account = Account(store.root / JOURNAL, study.name, study.budget)
        watch = _Watch(folder, planned, requests, identity, account, display)
        for problem in planned.damaged.values():
            display.say(f"damaged, will be made again: {problem}")
        display.begin(planned.missing, len(planned.there))
        try:
            with sigterm_as_ctrl_c():
                outcomes = executor.run(planned.missing, store, watch, anew=resume == "never")
                failed = {id: outcome.error for id, outcome in outcomes.items() if outcome.state != "done"}
                last = closing({id: last_line(e) or "unknown" for id, e in failed.items()})
                watch.close(last, store, bool(failed), goes_on)
        except (KeyboardInterrupt, UserError, BudgetReached) as stop:
            watch.stop(_STATES.get(type(stop), "stopped"), str(stop) or None)
            raise
        finally:
            display.close()
    seconds = time.monotonic() - began
    folder.write_timing(seconds, watch.artifacts)
    others = sum(outcome.artifact is not None and outcome.artifact.reused for outcome in outcomes.values())
    made = len(outcomes) - len(failed) - others
    return RunEnd(folder, made, len(planned.there) + others, failed, seconds)


class _Watch:
    """Tells the status file, the run folder and the display what happens to the steps."""

    def __init__(
        self,
        folder: RunFolder,
        planned: Plan,
        requests: Mapping[str, int],
        identity: str,
        account: Account,
        display: Display,
    ) -> None:
        self.folder = folder
        self.display = display
        self.artifacts: dict[str, Artifact] = {}
        self.status = StatusWriter(folder, planned.steps, requests, identity, account)
        for step in planned.steps:
            if step.id in planned.there:
                self._note(Outcome(step, "done", artifact=planned.there[step.id]))
        self.status.write()

    def started(self, step: Step, where: str) -> None:
        self.status.started(step, where)
        self.status.write_soon()
        self.display.started(step, where)

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None:
        self.status.progressed(step_id, done, total, unit)
        self.display.progressed(step_id, done, total, unit)

    def ended(self, outcome: Outcome) -> None:
        self._note(outcome)
        self.display.ended(outcome)
        self._write()
        self._look_for_cancel()

    def printed(self, step_id: str, text: str) -> None:
        self.folder.log_output(step_id, text)

    def put_back(self, step: Step, why: str) -> None:
        self.status.put_back(step)
        self.display.put_back(step, why)
        self._write()

    def waited(self) -> None:
        self.display.waited()
        self._write()
        self._look_for_cancel()

    def _look_for_cancel(self) -> None:
        if self.folder.is_cancelled():
            raise KeyboardInterrupt("polyteach cancel")

    def _write(self) -> None:
        self.status.seconds_left = self.display.seconds_left
        self.status.write_soon()

    def _note(self, outcome: Outcome) -> None:
        self.status.ended(outcome)
        if outcome.artifact:
            self.artifacts[outcome.step.id] = outcome.artifact
            self.folder.link(outcome.step, outcome.artifact)
        elif outcome.state == "failed":
            what = "traceback" if outcome.met_a_bug else "log"
            self.display.say(f"{what} of {outcome.step.id}: {self.folder.log_failure(outcome)}")

    def close(
        self, closing: Sequence[Step], store: Store, failures: bool, goes_on: Callable[[RunFolder], bool]
    ) -> None:
        """Makes the results and publishes them."""
        self.status.add(closing, closing=True)
        for step in closing:
            with writing(store.folder(step)):
                artifact = store.make(step)
            self._note(Outcome(step, "done", artifact=artifact))
        self.folder.publish(self.artifacts[step.id] for step in closing)
        if has_reviews(self.folder.path):
            self._publish_reviews()
        self.status.seconds_left = 0.0
        ended = "finished_with_failures" if failures else "done"
        self.stop(RUNNING if goes_on(self.folder) else ended)

    def _publish_reviews(self) -> None:
        """Writes the report again with what native speakers said; the run ends well where that cannot be."""
        from polyteach.review.publishing import publish_reviews  # inside: few runs have any

        try:
            doubt = publish_reviews(self.folder.path)[1]
        except UserError as error:
            doubt = str(error)
        if doubt:
            self.display.say(f"warning: the reviews are not in the report: {doubt}")

    def stop(self, state: str, reason: str | None = None) -> None:
        """Writes the run's last state, and why it was stopped."""
        self.status.stopped(state, reason)
        self.status.write()
