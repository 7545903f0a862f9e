"""Who answers for `polyteach rewrite`: named by options, or taken from a study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyteach.errors import UserError

ATTEMPTS, MAX_NEW_TOKENS, BATCH_SIZE = 3, 1024, 16
"""As `polyteach synthesize` has them where nothing is said."""
_FROM = "--teacher-from"


@dataclass(frozen=True)
class Asked:
    """A teacher, as `synthesis.step.synthesize` is told of one.

    Attributes:
        settings: without language, method, rows and rng_seed.
        locations: where it is; price and budget where there are some.
        urls: of its endpoint; none for a model of this machine.
    """

    settings: Mapping[str, Any]
    locations: Mapping[str, str]
    urls: Sequence[str] = ()

    def paid(self, price: str | None, budget: float | None) -> Asked:
        """The same at a price and with a budget that options name.

        Raises:
            UserError: there is nothing to pay for, or the budget cannot be kept.
        """
        from polyteach.cli.options import price_in
        from polyteach.models.prices import price_of

        if price and not self.urls:
            raise UserError("is for a model at an endpoint", "--price", "leave it out")
        locations = dict(self.locations)
        locations |= {"price": json.dumps(price_in(price))} if price else {}
        locations |= {"budget": repr(budget)} if budget is not None else {}
        if self.urls and "budget" in locations:
            own = json.loads(locations["price"]) if "price" in locations else None
            if price_of(self.settings["model"], own, urls=self.urls) is None:
                fix = "add --price INPUT,OUTPUT in USD per million tokens (0,0 if it is free)"
                what = f"cannot be kept: the price of {self.settings['model']} is unknown"
                raise UserError(what, "--budget", fix)
        return Asked(self.settings, locations, self.urls)


def named_teacher(
    teacher: str | None, urls: Sequence[str], model: str | None, how: Mapping[str, Any]
) -> Asked:
    """The teacher that options name.

    Args:
        teacher: a model of this machine.
        urls: of an endpoint.
        model: its name there.
        how: the other options by name, None where nothing is said.

    Raises:
        UserError: it is not clear who, or there is no such model.
    """
    name = model if urls and model and not teacher else teacher if not urls and not model else None
    if not name:
        fix = (
            "give --teacher MODEL for a model on this machine, --url URL --model NAME for an endpoint, or "
            f"{_FROM} STUDY NAME"
        )
        raise UserError("it is not clear who is asked", fix=fix)
    settings = _how_asked(name, how)
    if urls:
        where = {name: how[name] for name in ("key_env", "requests_per_minute", "tokens_per_minute")}
        where |= {"urls": list(urls), "most_at_once": how["most_at_once"]}
        where = {name: value for name, value in where.items() if value is not None}
        return Asked(settings | {"model": name, "endpoint": {}}, {"endpoint": json.dumps(where)}, tuple(urls))
    from polyteach.resources import ASK_PACKAGES, check_installed
    from polyteach.synthesis.local_teacher import local_teacher

    check_installed(ASK_PACKAGES, "a teacher on this machine")
    own, locations = local_teacher(
        name, how["adapter"], dtype=how["dtype"] or "auto", batch_size=how["batch_size"] or BATCH_SIZE
    )
    return Asked(settings | own, locations)


def _how_asked(name: str, how: Mapping[str, Any]) -> dict[str, Any]:
    from polyteach.synthesis.prompts import PROMPT_SETS
    from polyteach.synthesis.teacher_settings import NAMES, settings_of

    prompts = how["prompts"] or ("pocket" if name.startswith("pocket:") else "default")
    if prompts not in PROMPT_SETS:
        fix = f"one of {', '.join(PROMPT_SETS)}"
        raise UserError(f"there is no prompt set {prompts!r}", where="--prompts", fix=fix)
    known = settings_of(name, {key: how[key] for key in NAMES}).record()
    return {
        "teacher": name.removeprefix("pocket:").rstrip("/").rpartition("/")[2],
        "prompts": prompts,
        "few_shot": 0,
        "attempts": how["attempts"] or ATTEMPTS,
        "language_gate": how["language_gate"] is not False,
        "max_new_tokens": how["max_new_tokens"] or MAX_NEW_TOKENS,
        **{key: value["value"] for key, value in known.items()},
    }


def teacher_of_study(file: Path, name: str, given: Mapping[str, Any]) -> Asked:
    """A teacher as a study, or a file of candidates, has it: its prompts, sampling, endpoint and budget.

    Args:
        file: the YAML file.
        name: the teacher's there.
        given: options that say how a teacher is asked; none may be given beside a study.

    Raises:
        UserError: there is no such teacher, or it is no model that can be asked.
    """
    from polyteach.resources import ASK_PACKAGES, Resources, check_installed, find_adapter, find_model
    from polyteach.study import Teacher, load_candidates
    from polyteach.writers import asked

    extra = [f"--{key.replace('_', '-')}" for key, value in given.items() if value not in (None, [])]
    if extra:
        raise UserError(f"is said by the study already ({_FROM})", ", ".join(extra), "leave it out")
    study = load_candidates(file)
    found = next((one for one in study.teachers if one.name == name), None)
    if not isinstance(found, Teacher):
        models = ", ".join(one.name for one in study.teachers if isinstance(one, Teacher)) or "none"
        what = f"{name!r} is no model that answers" if found else f"there is no teacher {name!r}"
        raise UserError(what, where=f"{_FROM} {file}", fix=f"models there: {models}")
    models_, adapters = {}, {}
    if not found.endpoint:
        check_installed(ASK_PACKAGES, "a teacher on this machine")
        models_ = {found.model: find_model(found.model, file.parent)}
        adapters = {found.adapter: find_adapter(found.adapter, file.parent)} if found.adapter else {}
    settings, locations = asked(found, study, Resources(models_, {}, None, adapters=adapters))
    settings |= {"teacher": found.name, "few_shot": 0}
    return Asked(settings, locations, tuple(found.endpoint.urls) if found.endpoint else ())
