"""The columns of records: their types in Parquet, and as a card tells them to `datasets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_HISTORY = "history"  # the one column whose value may be an empty list


def schema_of(record: Mapping[str, Any]) -> pa.Schema:
    """The types of a record's columns in Parquet; those of all records of a layout are alike."""
    import pyarrow as pa

    def kind(name: str, value: Any) -> pa.DataType:
        if name == _HISTORY:
            return pa.list_(pa.list_(pa.string()))
        if isinstance(value, list):
            return pa.list_(kind("", value[0]))
        if isinstance(value, Mapping):
            return pa.struct([(key, pa.string()) for key in value])
        return pa.string()

    return pa.schema([(name, kind(name, value)) for name, value in record.items()])


def features_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same as `datasets` reads it in a card: without it, JSON of dates alone would become times."""

    def parts(value: Mapping[str, Any]) -> list[dict[str, str]]:
        return [{"name": key, "dtype": "string"} for key in value]

    def kind(name: str, value: Any) -> dict[str, Any]:
        if name == _HISTORY:
            return {"list": {"list": "string"}}
        if isinstance(value, list):
            return {"list": parts(value[0])}
        return {"struct": parts(value)} if isinstance(value, Mapping) else {"dtype": "string"}

    return [{"name": name, **kind(name, value)} for name, value in record.items()]
