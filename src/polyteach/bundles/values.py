"""The values that a bundle is made of: bounded and finite, for a bundle may come from anybody."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from polyteach.figures import Figure

Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Text = Annotated[str, StringConstraints(max_length=4000)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Share = Annotated[float, Field(ge=0, le=1)]
Counts = dict[Text, Count]
Scalar = bool | Seed | float | Text | None


class Part(BaseModel):
    """Strict data: no key that is not known, no value of another type, no number that is not finite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _PlainFigure(Part):
    """A figure as files have it."""

    value: float | None
    se: Annotated[float, Field(ge=0)] | None
    low: float | None
    high: float | None
    n: Count
    unscored: Counts
    definition: Text
    reason: Text | None = None

    @model_validator(mode="after")
    def _is_an_interval(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        return self


def _figure(value: Any) -> Any:
    """A figure out of its JSON; a mangled one is refused like any other field."""
    if isinstance(value, Figure):
        return value
    return Figure(**_PlainFigure.model_validate(value).model_dump())


BundledFigure = Annotated[
    InstanceOf[Figure], BeforeValidator(_figure), PlainSerializer(lambda figure: figure.to_json())
]
Figures = dict[Name, BundledFigure]
