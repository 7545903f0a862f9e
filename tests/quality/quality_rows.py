"""Rows for tests of metrics."""

from __future__ import annotations

from polyteach.rows import Row


def row(number: int, prompt: str, response: str, **more: object) -> Row:
    """A German row."""
    defaults = {
        "language": "de",
        "method": "respond",
        "teacher": "t",
        "source": "s",
        "source_id": str(number),
    }
    return Row(id=str(number), prompt=prompt, response=response, **(defaults | more))  # type: ignore[arg-type]
