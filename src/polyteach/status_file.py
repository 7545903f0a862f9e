"""What whoever reads a `status.json` relies on: it may be of another version, or of anybody's making.

`status.py` writes the file; this says of one that is there whether it can be shown.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_Count = Annotated[int, Field(ge=0, le=2**63)]
_Amount = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]


class _Part(BaseModel):
    """Further keys are a later version's."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Progress(_Part):
    done: _Count
    total: _Count
    unit: str


class _Step(_Part):
    id: str
    kind: str
    state: str
    closing: bool = False
    where: str | None = None
    progress: _Progress | None
    error: str | None = None


class _Requests(_Part):
    done: _Count
    left: _Count
    failed: dict[str, _Count]
    retried: dict[str, _Count]


class _Trouble(_Part):
    down: dict[str, _Count]
    told_to_wait: _Count


class _Tokens(_Part):
    prompt: _Count
    response: _Count


class _AllTokens(_Tokens):
    thinking: _Count
    cached: _Count


class _Measuring(_Part):
    role: str
    model: str
    requests: _Count
    tokens: _Tokens
    money: _Amount | None


class _Budget(_Part):
    cap: _Amount
    left: _Amount


class _Status(_Part):
    state: str
    pid: int
    reason: str | None = None
    steps: list[_Step]
    requests: _Requests
    endpoint: _Trouble = _Trouble(down={}, told_to_wait=0)
    tokens: _AllTokens
    money: _Amount | None
    unpriced: _Count = 0
    budget: _Budget | None
    measuring: list[_Measuring] = []
    rate: _Amount | None
    seconds_left: _Amount | None


def checked_status(plain: Any) -> dict[str, Any]:
    """The content of a `status.json`, as it is.

    Raises:
        ValueError: a part of it is not what a run writes.
    """
    _Status.model_validate(plain)
    return dict(plain)
