"""What ends a run at an endpoint, told to whoever can mend it."""

from __future__ import annotations

from polyteach.errors import UserError
from polyteach.models.endpoint.faults import Fault, Kind
from polyteach.models.endpoint.settings import EndpointSettings

_KEPT = "answers so far are kept"


def refused(fault: Fault, url: str, settings: EndpointSettings) -> UserError:
    """The server answers, but nothing that can be used."""
    said = f": {fault.detail}" if fault.detail else ""
    key = f"the key in {settings.key_env}" if settings.key_env else "the missing key (`key_env` names none)"
    if fault.status == 401:
        what, fix = (
            f"refuses {key} (http 401){said}",
            "set `key_env` to a variable with a valid key of this host",
        )
    elif fault.status == 402 or "insufficient_quota" in fault.detail:
        what, fix = f"asks for payment ({fault.reason}){said}", f"top up the account, then run again; {_KEPT}"
    elif fault.status == 403:
        what, fix = f"gives no access with {key} (http 403){said}", f"check that it may use {settings.model}"
    elif fault.status == 404:
        what = f"has no model {settings.model}, or is no base URL of an API (http 404){said}"
        fix = f"see {url}/models for the names it has; the base URL often ends in /v1"
    elif fault.status is not None and fault.status < 400:
        what, fix = f"redirects ({fault.reason}) {fault.detail}", "give the URL that it redirects to"
    elif fault.status is not None:
        what = f"refuses what it is sent ({fault.reason}){said}"
        fix = "change what it names, such as temperature, top_p, max_new_tokens, or what `extra` adds"
    elif fault.kind is Kind.TIMEOUT:
        seconds = min(settings.total_timeout_seconds, settings.idle_timeout_seconds)
        what, fix = f"answers nothing within {seconds:g} s", "look at the server's log, or raise the timeouts"
    else:
        what, fix = f"is no OpenAI-compatible server ({fault.reason}){said}", "the base URL often ends in /v1"
    return UserError(what, where=url, fix=fix)


def waits_too_long(fault: Fault, url: str, settings: EndpointSettings) -> UserError:
    """The server asks for a wait that is longer than the patience."""
    said = f": {fault.detail}" if fault.detail else ""
    what = f"asks to wait {fault.retry_after:.0f} s ({fault.reason}){said}"
    limit = f"longer than patience_seconds, {settings.patience_seconds:g}"
    return UserError(f"{what}; that is {limit}", where=url, fix=f"run again later; {_KEPT}")


def only_waits(fault: Fault, settings: EndpointSettings) -> UserError:
    """Servers that answer, but only that they are busy."""
    said = f": {fault.detail}" if fault.detail else ""
    what = f"only asks to wait ({fault.reason}), for more than {settings.patience_seconds:g} s{said}"
    return UserError(what, where=", ".join(settings.urls), fix=f"run again later; {_KEPT}")


def all_down(fault: Fault, settings: EndpointSettings) -> UserError:
    """No server could be reached from the start."""
    one = "cannot be reached" if len(settings.urls) == 1 else "none of them can be reached"
    said = f": {fault.detail}" if fault.detail else ""
    fix = "start the server, or correct the URL"
    return UserError(f"{one} ({fault.reason}){said}", where=", ".join(settings.urls), fix=fix)


def down_too_long(settings: EndpointSettings, seconds: float) -> UserError:
    """All servers went down in mid-run, or since an earlier run, and did not come back."""
    what = f"cannot be reached: all servers are down for more than {seconds:g} s"
    fix = f"start them, or correct the URL, and run again; {_KEPT}"
    return UserError(what, where=", ".join(settings.urls), fix=fix)
