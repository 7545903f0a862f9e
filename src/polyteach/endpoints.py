"""What a study says of endpoints, as steps are handed it: what changes answers apart from what does not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from polyteach.errors import UserError
from polyteach.models.endpoint.settings import EndpointSettings
from polyteach.study import Candidates, EndpointModel, Teacher


def locations(served: Teacher | EndpointModel, study: Candidates, role: str = "") -> dict[str, str]:
    """Where it is, what it costs, what may be spent, and who pays: what of it changes no answer.

    Args:
        served: a model at an endpoint.
        study: that names it.
        role: put before the names, see `models.build.find_served`.
    """
    if served.endpoint is None:
        raise ValueError(f"{served.model} is at no endpoint")
    where = {f"{role}endpoint": json.dumps(served.endpoint.model_dump(exclude={"extra"}, exclude_none=True))}
    if served.price:
        where[f"{role}price"] = json.dumps(served.price.model_dump(exclude_none=True))
    if study.budget is not None:
        where["budget"] = repr(study.budget)
    return where | {"payer": study.name}


def unset_keys(study: Candidates) -> list[str]:
    """The environment variables that a study's endpoints want their keys in, and that are not set."""
    served = [model.endpoint for _, model in _named(study) if model.endpoint]
    wanted = dict.fromkeys(endpoint.key_env for endpoint in served if endpoint.key_env)
    return [name for name in wanted if not os.environ.get(name, "").strip()]


def keys_sent(study: Candidates) -> dict[str, list[str]]:
    """Which hosts get the key of which environment variable: a study of others may name any of both."""
    hosts: dict[str, set[str]] = {}
    for _, model in _named(study):
        if model.endpoint and model.endpoint.key_env:
            hosts.setdefault(model.endpoint.key_env, set()).update(
                urlsplit(url).netloc for url in model.endpoint.urls
            )
    return {name: sorted(found) for name, found in sorted(hosts.items())}


def endpoint_mistakes(study: Candidates, keys: bool = True) -> list[UserError]:
    """What can be told of a study's endpoints without asking them: unknown prices under a budget, and, where
    `keys` are wanted, those that are not set.
    """
    errors = []
    for place, served in _named(study):
        try:
            _check(served, study, keys)
        except UserError as error:
            where = ": ".join(part for part in (place, error.where) if part)
            errors.append(UserError(error.what, where=where, fix=error.fix))
    return errors


def _check(served: Teacher | EndpointModel, study: Candidates, keys: bool) -> None:
    from polyteach.models.prices import price_of

    endpoint = served.endpoint
    if endpoint is None:
        return
    asked = endpoint.model_dump(exclude={"batch"})
    settings = EndpointSettings(model=served.model, **(asked | {"urls": tuple(endpoint.urls)}))
    if keys:
        settings.key()
    own = served.price.model_dump() if served.price else None
    if study.budget is not None and price_of(served.model, own, urls=settings.urls) is None:
        raise UserError(
            "its price is unknown, so that the study's budget cannot be kept",
            where="price",
            fix="add price: {input: ..., output: ...}, USD per million tokens (0 if it is free), "
            "or leave the budget out",
        )


def _named(study: Candidates) -> Iterator[tuple[str, Teacher | EndpointModel]]:
    """Everything that may be at an endpoint, with its place in the study."""
    for index, teacher in enumerate(study.teachers):
        if isinstance(teacher, Teacher):
            yield f"teachers[{index}]", teacher
    for name in ("judge", "embedder"):
        model = getattr(study.quality, name)
        if isinstance(model, EndpointModel):
            yield f"quality.{name}", model
