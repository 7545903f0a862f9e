"""docs/study-reference.md tells every key of the study file; docs/study.md has examples that hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from polyteach.study.load import parts_in
from polyteach.study.schema import Study

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "study-reference.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (DOCS / "study.md").read_text(encoding="utf-8"), re.DOTALL)
LEAST_KEYS = 50  # the walk below has found the schema


def keys(
    part: type[BaseModel], place: str = "", told: set[type[BaseModel]] | None = None
) -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a part and of the parts in it, by its place: `students.lora.r`, `teachers[].model`.

    The keys of a part that stands in several places (an endpoint) are those of its first place.
    """
    told = set() if told is None else told
    for name, field in part.model_fields.items():
        inner = parts_in(field.annotation)
        here = f"{place}{name}" + ("[]" if inner and str(field.annotation).startswith("list") else "")
        yield here, field
        for kind in inner.values():
            if kind not in told:
                told.add(kind)
                yield from keys(kind, f"{here}.", told)


def rows(place: str, page: str = PAGE) -> list[list[str]]:
    """The cells of the page's lines on a key: type, default, what."""
    lines = [line for line in page.split("\n") if line.startswith(f"| `{place}` |")]
    assert lines, place
    return [[cell.strip() for cell in line.split("|")[2:-1]] for line in lines]


def test_every_key_has_a_row_with_its_default_and_description() -> None:
    found = list(keys(Study))
    assert len(found) >= LEAST_KEYS
    for place, field in found:
        assert field.description, place
        told = [(default, what) for _, default, what in rows(place) if what.startswith(field.description)]
        assert told, place
        if field.is_required():
            wanted = "required"
        elif field.default is None:
            wanted = "none"
        elif isinstance(field.default, BaseModel):
            wanted = "as below"
        elif isinstance(field.default, bool):
            wanted = f"`{field.default}`".lower()
        else:
            wanted = f"`{field.default}`".replace("'", "")
        assert wanted in [default for default, _ in told], place


def test_no_row_is_of_a_key_that_is_gone() -> None:
    known = {place for place, _ in keys(Study)}
    told = {line.split("`")[1] for line in PAGE.split("\n") if line.startswith("| `")}
    assert told == known


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("teachers[]", "list of parts"),
        ("teachers[].methods", "list of `generate`, `translate` or `respond`, or none"),
        ("teachers[].endpoint", "part or none"),
        ("teachers[].data", "text or mapping"),
        ("students.preset", "`paper` or none"),
        ("students.gradient_checkpointing", "true or false, or none"),
        ("students.rows", "whole number"),
        ("students.learning_rate", "number"),
        ("benchmarks[]", "list of text or parts"),
        ("quality.judge", "text, part or none"),
    ],
)
def test_a_type_is_what_the_schema_takes(place: str, kind: str) -> None:
    assert {found for found, _, _ in rows(place)} == {kind}


@pytest.mark.parametrize(
    ("section", "marks"),
    [
        ("teachers", ["model", "simulated", "data"]),
        ("seed_data", ["path", "pocket", "source"]),
        ("benchmarks", ["benchmark", "lm_eval", "name"]),
    ],
)
def test_alternatives_stand_under_the_key_that_tells_them_apart(section: str, marks: list[str]) -> None:
    page = re.search(rf"\n## {section}\n(.*?)(?=\n## |\Z)", PAGE, re.DOTALL)
    assert page
    heads = re.split(r"\*\*(?:With|or, with) `(\w+)`:\*\*", page[1])
    assert heads[1::2] == marks
    for mark, table in zip(marks, heads[2::2], strict=True):
        assert rows(f"{section}[].{mark}", table)[0][1] == "required"
        others = [f"| `{section}[].{other}` | text | required" for other in marks if other != mark]
        assert not [line for line in others if line in table]


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_are_taken_as_they_stand(text: str) -> None:
    examples: dict[str, Any] = yaml.safe_load(text)
    for name, value in examples.items():
        field = Study.model_fields[name]
        assert TypeAdapter(field.annotation).validate_python(value)


def test_there_are_examples_of_what_has_several_forms() -> None:
    assert len(EXAMPLES) >= 4
