"""How an OpenAI-compatible endpoint is asked: where, as whom, how much at once, how patiently."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from polyteach.errors import UserError

Structured = Literal["auto", "json_schema", "words"]
MOST_AT_ONCE = 4096
"""Requests in flight, at the very most: each is a task and a connection."""

_LIMITS = {"max_tokens", "max_completion_tokens"}
_DRAWN_BY = {"temperature", "top_p", "top_k", "seed"}
_OWN_FIELDS = {"model", "messages", "input", "response_format", "n", "stream", "stream_options"}
_OWN_FIELDS |= _LIMITS | _DRAWN_BY


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """One model behind one or several base URLs.

    Attributes:
        urls: base URLs, such as `http://127.0.0.1:8000/v1`: servers of the same model. Each request goes to
            one that is alive; see `Gate`.
        model: its name at the server.
        key_env: the environment variable that holds the key; None for a server that asks for none. The key is
            read when the work begins, and is in no file, message or repr.
        requests_per_minute, tokens_per_minute: what the host allows, over all URLs; None for no limit.
        pace_folder: where processes that ask at once keep these limits together; None for one process alone.
        most_at_once: requests in flight, over all URLs. How many are is found out (see `AdaptiveLimit`).
        total_timeout_seconds: for one try of one request.
        idle_timeout_seconds: of silence. Servers are silent while the answer is being written, so that it is
            the longest time to a whole answer as well.
        attempts: tries of one request that fail by faults of its own (500, cut off, timeout, reset, no JSON).
            Being told to wait (429, 503, 529) and servers that are down take none.
        patience_seconds: how long all URLs may be down or only ask to wait, and the longest `Retry-After`
            that is kept.
        structured: `json_schema` sends an ask's schema as `response_format`; `words` never does (the prompt
            has to ask for JSON); `auto` sends it until the server refuses it.
        backoff_seconds: the mean of the first wait after a fault; it doubles with each further one.
        extra: further fields of the request's body, such as `{"reasoning_effort": "low"}`; see
            `fault_of_extra`.

    Raises:
        UserError: a setting is out of range, a URL is none, or holds a password.
    """

    urls: tuple[str, ...]
    model: str
    key_env: str | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    pace_folder: Path | None = None
    most_at_once: int = 256
    total_timeout_seconds: float = 900.0
    idle_timeout_seconds: float = 600.0
    attempts: int = 8
    patience_seconds: float = 600.0
    structured: Structured = "auto"
    backoff_seconds: float = 0.5
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.urls:
            raise UserError(
                "no URL is given", where="urls", fix="give base URLs, such as http://127.0.0.1:8000/v1"
            )
        object.__setattr__(self, "urls", tuple(dict.fromkeys(_base_url(url) for url in self.urls)))
        for name in ("most_at_once", "attempts", "requests_per_minute", "tokens_per_minute"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"is {value}", where=name, fix="give a whole number, 1 or more")
        if self.most_at_once > MOST_AT_ONCE:
            fix = f"give {MOST_AT_ONCE} at most: each is a connection"
            raise UserError(f"is {self.most_at_once}", where="most_at_once", fix=fix)
        for name in ("total_timeout_seconds", "idle_timeout_seconds", "patience_seconds", "backoff_seconds"):
            if not getattr(self, name) > 0:
                raise UserError(f"is {getattr(self, name)}", where=name, fix="give seconds, above 0")
        for name, fault in (("key_env", fault_of_name(self.key_env)), ("extra", fault_of_extra(self.extra))):
            if fault:
                raise UserError(fault, where=name, fix="see docs/endpoints.md")

    def key(self) -> str | None:
        """The key from the environment; None where none is asked for.

        Raises:
            UserError: the variable is not set, or no header can hold what it has.
        """
        if self.key_env is None:
            return None
        key = os.environ.get(self.key_env, "").strip()
        if not key:
            raise UserError(
                f"no key for {self.model}: the environment variable {self.key_env} is not set",
                where="key_env",
                fix=f"export {self.key_env}=... and run again",
            )
        if not (key.isascii() and key.isprintable()):
            raise UserError(
                f"the environment variable {self.key_env} holds characters that no key has",
                where="key_env",
                fix="copy the key again, without line breaks or quotation marks",
            )
        return key


def fault_of_url(url: str) -> str | None:
    """What is wrong with a base URL; it does not repeat one that may hold a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:  # an address in brackets that is none, a port that is no number up to 65535
        return f"is no URL: {error}"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "is no URL" if "@" in url else f"{url!r} is no URL"
    if parts.username or parts.password or parts.query or parts.fragment:
        return f"the URL of {host} holds a password or a query"
    return None


def fault_of_name(key_env: str | None) -> str | None:
    """What is wrong with `key_env`; it does not repeat it, since it may be the key itself."""
    if key_env is None or re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", key_env):
        return None
    return (
        "is no name of an environment variable; give the name, never the key itself, such as OPENAI_API_KEY"
    )


def fault_of_extra(extra: Mapping[str, Any]) -> str | None:
    """What is wrong with fields to be sent with every request: they are sent anyway, or are no JSON."""
    if own := sorted(_OWN_FIELDS & set(extra)):
        return (
            f"{', '.join(own)}: each request has this already, or must not have it; set it where it belongs"
        )
    place = _no_json(extra)
    return (
        place and f"{place} is nothing that JSON can hold: text, a number, true, false, null, lists, mappings"
    )


def _no_json(value: object, place: str = "") -> str | None:
    """The first place in a value that is no JSON."""
    if isinstance(value, Mapping):
        texts = all(isinstance(name, str) for name in value)
        inner = [(f"{place}.{name}".lstrip("."), each) for name, each in value.items()]
    elif isinstance(value, list):
        texts, inner = True, [(f"{place}[{index}]", each) for index, each in enumerate(value)]
    else:
        plain = (
            value is None
            or isinstance(value, str | int)
            or (isinstance(value, float) and math.isfinite(value))
        )
        return None if plain else place
    if not texts:
        return place or "a name in it"
    return next((found for name, each in inner if (found := _no_json(each, name)) is not None), None)


def _base_url(url: str) -> str:
    """A URL without its last slash, and without the path of an API that was copied along."""
    if fault := fault_of_url(url):
        fix = "write the bare URL, as http://127.0.0.1:8000/v1; the variable that `key_env` names has the key"
        raise UserError(fault, where="urls", fix=fix)
    return url.rstrip("/").removesuffix("/chat/completions").removesuffix("/embeddings")
