"""A teacher that is asked without a study: named by options, or taken from a study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from polyteach.cli.options import check_price, price_in, refuse_given
from polyteach.errors import UserError

ATTEMPTS, MAX_NEW_TOKENS, MOST_AT_ONCE, BATCH_SIZE, DTYPE = 3, 1024, 256, 16, "auto"
"""Where nothing is said."""
AT = "At an endpoint: "
HERE = "On this machine: "
_FROM = "--teacher-from"
_PAPERS = "Default: the paper's."

TEACHER = Annotated[
    str | None, typer.Option(help="A model on this machine: a folder, a hub id, pocket:NAME.")
]
URL = Annotated[
    list[str] | None, typer.Option(help=AT + "its base URL up to /v1. Repeat it for several servers.")
]
MODEL = Annotated[str | None, typer.Option(help=AT + "the model's name there.")]
KEY_ENV = Annotated[str | None, typer.Option(help=AT + "the environment variable that holds the key.")]
PRICE = Annotated[
    str | None, typer.Option(help=AT + "INPUT,OUTPUT in USD per million tokens, if you know better.")
]
PROMPTS = Annotated[
    str | None, typer.Option(help="Prompt set: default or pocket.", show_default="by the teacher")
]
TRIES = Annotated[
    int | None,
    typer.Option(
        min=1, max=20, help="Times one row is asked for before it has failed.", show_default=str(ATTEMPTS)
    ),
]
LANGUAGE_GATE = Annotated[
    bool | None,
    typer.Option(
        "--language-gate/--no-language-gate",
        help="Whether an answer in another language is asked for again.",
        show_default="yes",
    ),
]
TEMPERATURE = Annotated[float | None, typer.Option(min=0, max=5, help=_PAPERS)]
TOP_P = Annotated[float | None, typer.Option(min=0, max=1, help=_PAPERS)]
TOP_K = Annotated[int | None, typer.Option(min=1, help=_PAPERS)]
CONTEXT = Annotated[int | None, typer.Option(min=1, help=f"Tokens of prompt and answer. {_PAPERS}")]
LONGEST = Annotated[
    int | None, typer.Option(min=1, help="The longest answer.", show_default=str(MAX_NEW_TOKENS))
]
A_MINUTE = Annotated[int | None, typer.Option(min=1, help=AT + "its limit.")]
AT_ONCE = Annotated[
    int | None,
    typer.Option(min=1, help=AT + "requests under way, at most.", show_default=str(MOST_AT_ONCE)),
]
BATCHED = Annotated[
    int | None, typer.Option(min=1, help=HERE + "requests at once.", show_default=str(BATCH_SIZE))
]
FLOATS = Annotated[
    str | None,
    typer.Option(help=HERE + "float32, bfloat16, float16, or auto: as the weights are.", show_default=DTYPE),
]
ADAPTER = Annotated[Path | None, typer.Option(help=HERE + "a LoRA adapter of the model.")]

_SERVED = ("key_env", "requests_per_minute", "tokens_per_minute", "most_at_once", "batch")
_LOCAL = ("batch_size", "dtype", "device_map", "adapter")


@dataclass(frozen=True)
class Asked:
    """A teacher, as `synthesis.step.synthesize` is told of one.

    Attributes:
        settings: without language, method, rows and rng_seed; no pairs are shown (`few_shot`).
        locations: where it is; price and budget where there are some.
        urls: of its endpoint; none for a model of this machine.
        sampling: where each of its settings comes from, see `TeacherSettings.record`; empty for a study's.
    """

    settings: Mapping[str, Any]
    locations: Mapping[str, str]
    urls: Sequence[str] = ()
    sampling: Mapping[str, Any] = field(default_factory=dict)

    def paid(self, price: str | None, budget: float | None) -> Asked:
        """The same at a price and with a budget that options name.

        Raises:
            UserError: there is nothing to pay for, or the budget cannot be kept.
        """
        if not self.urls:
            refuse_given("is for a model at an endpoint", "leave it out", price=price)
        locations = dict(self.locations)
        locations |= {"price": json.dumps(price_in(price))} if price else {}
        locations |= {"budget": repr(budget)} if budget is not None else {}
        if self.urls and "budget" in locations:
            own = json.loads(locations["price"]) if "price" in locations else None
            check_price(self.settings["model"], self.urls, own)
        return replace(self, locations=locations)


def named_teacher(
    teacher: str | None, urls: Sequence[str], model: str | None, how: Mapping[str, Any], *, others: str = ""
) -> Asked:
    """The teacher that options name.

    Args:
        teacher: a model of this machine.
        urls: of an endpoint.
        model: its name there.
        how: the other options by name, None where nothing is said.
        others: how else it can be named, for the message.

    Raises:
        UserError: it is not clear who, there is no such model, or options are for the other kind.
    """
    name = model if urls and model and not teacher else teacher if not urls and not model else None
    if not name:
        fix = "give --teacher MODEL for a model on this machine, or --url URL --model NAME for an endpoint"
        raise UserError("it is not clear who is asked", fix=fix + others)
    given = {key: value for key, value in how.items() if value is not None}
    kind, unused = ("on this machine", _LOCAL) if urls else ("at an endpoint", _SERVED)
    refuse_given(f"is for a model {kind}", "leave it out", **{key: given.get(key) for key in unused})
    sampling, settings = _how_asked(name, how)
    if urls:
        where = {"urls": list(urls)} | {key: given[key] for key in _SERVED if key in given}
        settings |= {"model": name, "endpoint": {}}
        return Asked(settings, {"endpoint": json.dumps(where)}, tuple(urls), sampling)
    from polyteach.resources import ASK_PACKAGES, check_installed
    from polyteach.synthesis.local_teacher import local_teacher

    check_installed(ASK_PACKAGES, "a teacher on this machine")
    dtype, batch_size = given.get("dtype", DTYPE), given.get("batch_size", BATCH_SIZE)
    own, locations = local_teacher(name, how["adapter"], dtype=dtype, batch_size=batch_size)
    locations |= {"device_map": given["device_map"]} if "device_map" in given else {}
    return Asked(settings | own, locations, sampling=sampling)


def _how_asked(name: str, how: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where its sampling comes from, and the settings."""
    from polyteach.synthesis.prompts import PROMPT_SETS
    from polyteach.synthesis.teacher_settings import NAMES, settings_of

    prompts = how["prompts"] or ("pocket" if name.startswith("pocket:") else "default")
    if prompts not in PROMPT_SETS:
        fix = f"one of {', '.join(PROMPT_SETS)}"
        raise UserError(f"there is no prompt set {prompts!r}", where="--prompts", fix=fix)
    known = settings_of(name, {key: how[key] for key in NAMES}).record()
    return known, {
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

    refuse_given(f"is said by the study already ({_FROM})", "leave it out", **given)
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
