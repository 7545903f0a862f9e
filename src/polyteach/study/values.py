"""What the values of a study file may be: names, languages, numbers, lists without repeats."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from polyteach.errors import UserError
from polyteach.languages import standard_code
from polyteach.models.endpoint.settings import fault_of_url

Method = Literal["generate", "translate", "respond"]
METHODS: tuple[Method, ...] = get_args(Method)
NAME_BYTES = 80  # several names and a suffix fit into the 255 bytes of a file name


def read_language(spelling: str) -> str:
    try:
        return standard_code(spelling)
    except UserError as error:
        raise ValueError(f"{error.what}; {error.fix}") from error


def _distinct(values: list[Any]) -> list[Any]:
    names = [getattr(value, "name", value) for value in values]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"listed twice: {', '.join(twice)}")
    folders: dict[str, str] = {}
    for name in (value.name for value in values if hasattr(value, "name")):
        other = folders.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise ValueError(f"{other} and {name} are one folder on disks that do not tell case apart")
    return values


def check_name(value: str) -> str:
    """Returns a name that can be a folder.

    Raises:
        ValueError: it cannot.
    """
    kinds = [character if character in ".+@-_" else unicodedata.category(character)[0] for character in value]
    if not kinds or kinds[0] not in {"L", "N", "_"} or set(kinds) - {*"LMN.+@-_"}:
        raise ValueError("a name is made of letters, digits and . + @ - _, and begins with a letter or digit")
    if len(value.encode()) > NAME_BYTES:
        raise ValueError(f"a name has at most {NAME_BYTES} bytes in UTF-8; it becomes a folder")
    return value


def _number(value: Any) -> Any:
    """YAML 1.1 reads `5e-5` as text."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ValueError("a base URL looks like https://host/v1, without a key, a query or a user in it")
    if fault := fault_of_url(value):
        raise ValueError(f"this {fault}")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]
Language = Annotated[str, AfterValidator(read_language)]
Name = Annotated[str, AfterValidator(check_name)]
Number = Annotated[float, BeforeValidator(_number)]
Distinct = AfterValidator(_distinct)
Parameters = Annotated[
    Number | None,
    Field(ge=1, description="how many it has, such as 3e9, where its name does not tell: for GPU hours"),
]
Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
TokenLimit = Annotated[int, Field(ge=1, le=1_000_000)]


class Part(BaseModel):
    """Any part of a study: unknown keys are refused, values are not changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
