"""Plain data as a JSON schema describes it, mostly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fuzzing.mutations import Mutator

_DEEPEST = 6


class Described:
    """Draws values that a pydantic schema describes; limits of numbers and texts are sometimes passed.

    Args:
        schema: what `model_json_schema` gave.
        mutator: draws.
        words: values for free text.
    """

    def __init__(self, schema: Mapping[str, Any], mutator: Mutator, words: Sequence[str]) -> None:
        self._schema = schema
        self._parts = schema.get("$defs", {})
        self._mutator = mutator
        self._words = words

    def value(self) -> Any:
        """A value for the whole schema."""
        return self._of(self._schema, 0)

    def _of(self, schema: Mapping[str, Any], depth: int) -> Any:
        if "$ref" in schema:
            return self._of(self._parts[schema["$ref"].rpartition("/")[2]], depth)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self._of(self._mutator.of(schema[several]), depth)
        if "enum" in schema:
            return self._mutator.of(schema["enum"])
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            items = schema.get("items", {})
            return [self._of(items, depth + 1) for _ in range(self._mutator.of((1, 1, 2, 0, 3)))]
        if kind in ("integer", "number"):
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            high = schema.get("maximum", schema.get("exclusiveMaximum", 100))
            return self._mutator.of(
                (low, high, low + 1, (low + high) // 2, 2, 0.5 if kind == "number" else 3)
            )
        if kind == "boolean":
            return self._mutator.of((True, False))
        return None if kind == "null" else self._mutator.of(self._words)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        fields, needed = schema.get("properties", {}), schema.get("required", ())
        if depth > _DEEPEST or not fields:
            return {self._mutator.of(self._words): self._mutator.of(self._words)}
        return {
            name: self._of(part, depth + 1)
            for name, part in fields.items()
            if name in needed or self._mutator.once_in(4)
        }
