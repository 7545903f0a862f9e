"""A judge: a name, and the two things it can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from polyteach.models.build import Served, find_served, open_journal
from polyteach.models.journal import Journal
from polyteach.models.local import LocalModel
from polyteach.models.local_answerer import LocalAnswerer
from polyteach.models.took import Took
from polyteach.quality.asked_model import ROOM, AskedModel
from polyteach.quality.judge_pleas import without_pleas
from polyteach.quality.judge_text import special_tokens, usual_control_tokens
from polyteach.quality.metric_result import Measured
from polyteach.quality.pairwise import Ask, Choice, Comparison, chosen_by_model, chosen_by_oracle
from polyteach.quality.rubric import judged_by_model, judged_by_oracle
from polyteach.rows import Row
from polyteach.steps import Progress, SilentProgress

ORACLE, ENDPOINT = "oracle", "endpoint"
SERVED_ROOM = 2048
"""Tokens for feedback and mark of a model behind an endpoint: many think first, and one that ends its answer
earlier costs no more."""
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Judge:
    """Who marks and compares responses of one language.

    Attributes:
        name: as definitions and results have it.
        score: rows -> marks from 1 to 5.
        compare: comparisons -> choices, each in the one order it is given in.
        took: what its answers took so far, of a model at an endpoint.
        bare: the same judge as it is, where this one reads responses without their pleas; None where this
            one is as it is. A judge is tested bare: a list of pleas never has them all.
    """

    name: str
    score: Callable[[Sequence[Row]], Measured]
    compare: Ask
    took: Took | None = None
    bare: Judge | None = None


def oracle_judge(language: str, progress: Progress | None = None) -> Judge:
    """The pocket oracle: exact answers, not an LLM judge."""
    told = progress or SilentProgress()

    def score(rows: Sequence[Row]) -> Measured:
        told.advance(len(rows))
        return judged_by_oracle(rows, language)

    def compare(comparisons: Sequence[Comparison]) -> list[Choice]:
        told.advance(len(comparisons))
        return chosen_by_oracle(comparisons, language)

    return Judge(ORACLE, score, compare)


def asked_here(
    model: LocalModel,
    identity: str,
    journal: Journal,
    *,
    rng_seed: int = 0,
    max_new_tokens: int = ROOM,
    progress: Progress | None = None,
) -> AskedModel:
    """A model of this machine, to be asked as a judge; see `AskedModel` for the arguments."""
    return AskedModel(
        identity,
        LocalAnswerer(model, _BATCH),
        journal,
        special_tokens(model.tokenizer),
        rng_seed,
        max_new_tokens,
        progress or SilentProgress(),
        by_set=True,
    )


def asked_at_endpoint(
    served: Served,
    journal: Journal,
    *,
    rng_seed: int = 0,
    max_new_tokens: int = SERVED_ROOM,
    progress: Progress | None = None,
) -> AskedModel:
    """A model behind an endpoint, likewise."""
    return AskedModel(
        served.identity,
        served.answerer(),
        journal,
        usual_control_tokens(),
        rng_seed,
        max_new_tokens,
        progress or SilentProgress(),
        took=Took(served.settings.model, served.price),
    )


def model_judge(model: AskedModel, name: str, language: str) -> Judge:
    """A model as a judge, asked with `rubric.yaml` and `pairwise.yaml`; it reads no pleas."""
    return reads_no_pleas(
        Judge(
            name,
            score=partial(judged_by_model, language=language, model=model, judge=name),
            compare=partial(chosen_by_model, language=language, model=model),
            took=model.took,
        )
    )


def reads_no_pleas(judge: Judge) -> Judge:
    """The judge, from whose responses the sentences are cut that speak to a judge; see `judge_pleas`."""

    def score(rows: Sequence[Row]) -> Measured:
        return judge.score([replace(row, response=without_pleas(row.response).text) for row in rows])

    def compare(comparisons: Sequence[Comparison]) -> list[Choice]:
        cut = [
            replace(one, first=without_pleas(one.first).text, second=without_pleas(one.second).text)
            for one in comparisons
        ]
        return judge.compare(cut)

    return replace(judge, score=score, compare=compare, bare=judge)


@contextmanager
def open_judge(
    asked: Mapping[str, Any],
    locations: Mapping[str, str],
    language: str,
    *,
    name: str | None = None,
    rng_seed: int,
    progress: Progress,
) -> Iterator[Judge]:
    """Makes the judge ready that a step's settings name; a local model is loaded, a journal opened.

    Args:
        asked: `{"kind": "oracle"}`; `{"kind": "model", "model": digest}`, asked on this machine; or
            `{"kind": "endpoint", "model": name there}`, with `extra` where more is sent along with each
            request. Models take `max_new_tokens` (400 here, 2,048 at an endpoint).
        locations: `judge`, where a local model lies; `judge_endpoint` and the rest of `find_served`;
            `journal` and `payer`, see `open_journal`.
        language: standard code of the language the responses should be in.
        name: as definitions have it; by default a digest's first 12 characters, or the name at the endpoint.
        rng_seed: see `AskedModel`.
        progress: told of each row, and of each choice.

    Raises:
        UserError: the model cannot be loaded, or a setting of the endpoint is wrong.
    """
    if asked["kind"] == ORACLE:
        yield oracle_judge(language, progress)
        return
    with open_journal(locations) as journal:
        if asked["kind"] == ENDPOINT:
            fixed = {"extra": asked.get("extra", {})}
            served = find_served(asked["model"], fixed, locations, role="judge_")
            room = asked.get("max_new_tokens", SERVED_ROOM)
            model = asked_at_endpoint(
                served, journal, rng_seed=rng_seed, max_new_tokens=room, progress=progress
            )
            spoken = asked["model"]
        else:
            local, room = LocalModel.load(locations["judge"]), asked.get("max_new_tokens", ROOM)
            model = asked_here(
                local, asked["model"], journal, rng_seed=rng_seed, max_new_tokens=room, progress=progress
            )
            spoken = asked["model"][:12]
        yield model_judge(model, name or spoken, language)
