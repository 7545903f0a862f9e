"""What is believed before anything is measured, each with its weight and what speaks for and against it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

_FILE = Path(__file__).with_name("priors.yaml")
Correlation = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Worth(_Part):
    """How well a kind of evidence foretells gains in a language: r over teachers, and how r was measured."""

    r: Correlation
    basis: str


class Worths(_Part):
    """The worth of each kind of evidence."""

    run: Worth
    run_other_definition: Worth
    screen: Worth
    shared_between_languages: Worth
    published: Worth


class Prior(_Part):
    """A general statement that others rely on.

    Attributes:
        moves: what it would change in a recommendation.
        r: its worth; 0 where nothing measured supports it. It is shown all the same.
        speaks_for, speaks_against: what was measured (`for` and `against` in the file).
    """

    id: str
    statement: str
    source: str
    moves: Literal["teacher", "methods", "base", "rows"]
    r: Correlation
    speaks_for: str = Field(alias="for")
    speaks_against: str = Field(alias="against")


class Priors(_Part):
    """All of them."""

    worth: Worths
    priors: tuple[Prior, ...]

    def of(self, prior_id: str) -> Prior:
        """The prior of that id.

        Raises:
            KeyError: there is none.
        """
        return {prior.id: prior for prior in self.priors}[prior_id]


@cache
def read_priors() -> Priors:
    """The priors that come with the package."""
    return Priors.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
