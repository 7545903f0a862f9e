"""Figures as data frames: `value`, `se`, `low`, `high` and `n`; what is undefined is NA, with a `reason`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

Plain = Mapping[str, Any]
TEXT, NUMBER, COUNT, FLAG = "string", "Float64", "Int64", "boolean"
"""Types of columns that hold NA where nothing is known: an unknown count is no NaN and no 0."""
ENDS = ("se", "low", "high")


def pandas() -> Any:
    """The library, imported when the first table is asked for.

    Raises:
        UserError: it is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        fix = "pip install 'polyteach[notebook]'"
        raise UserError("tables in notebooks need pandas, which is not installed", fix=fix) from error
    return pandas


def frame(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """A data frame of named columns with their types.

    Args:
        columns: types by name.
        rows: a value a column; None where nothing is known.
    """
    table = list(rows)
    made = {
        name: pandas().Series([row[i] for row in table], dtype=kind)
        for i, (name, kind) in enumerate(columns.items())
    }
    found: pd.DataFrame = pandas().DataFrame(made)
    return found


def columns_of(name: str) -> dict[str, str]:
    """The columns of a figure: its value under its name, then `NAME_se`, `NAME_low`, `NAME_high`."""
    return {name: NUMBER, **{f"{name}_{end}": NUMBER for end in ENDS}}


FIGURE = {"value": NUMBER, **dict.fromkeys(ENDS, NUMBER), "n": COUNT, "unscored": COUNT, "reason": TEXT}
"""The columns of a figure in a long table."""


def ends_of(figure: Plain) -> list[float | None]:
    """What `columns_of` has columns for."""
    return [figure["value"], *(figure[end] for end in ENDS)]


def long_of(figure: Plain) -> list[Any]:
    """What `FIGURE` has columns for."""
    unscored = sum(figure["unscored"].values())
    return [*ends_of(figure), figure["n"], unscored, figure.get("reason")]
