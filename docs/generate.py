"""Writes the reference pages out of the code: `python docs/generate.py`; a test compares them.

docs/cli-reference.md from the commands, docs/study-reference.md from the study's schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from polyteach.cli.main import app
from polyteach.study.load import parts_in
from polyteach.study.schema import Study

HERE = Path(__file__).parent
HEADS = ("key", "type", "default", "what")
Row = tuple[str, str, str, str]
WRITTEN = "<!-- Written by docs/generate.py. Do not change it here. -->"
EXIT_CODES = (
    "Exit codes: 0 done, 1 a bug, 2 a mistake you can mend, 3 finished, but something failed or was left "
    "out, 4 the budget is spent, 130 interrupted, 141 nobody reads standard output any more (`| head`)."
)
WIDTHS = (
    "Tables fit the terminal, or as many columns as `COLUMNS` says: names are shortened in the middle, and a "
    "line tells which columns are left out. Piped, there are no lines and no colours; `NO_COLOR` turns "
    "colours off anywhere. For programs there is `--json`."
)
WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    dict: "mapping",
    NoneType: "none",
}
KEYS = (
    "By place, with type and default, as the code checks them; unknown keys are refused. A key whose "
    "default is `required` must be there; `none` means that nothing is set. [The study file](study.md) has "
    "examples, and what is behind the keys."
)


def cli_reference() -> str:
    """The page of all commands, their arguments and options."""
    lines = [WRITTEN, "# Commands", "", EXIT_CODES, "", WIDTHS, ""]
    for name, command in _commands("polyteach", get_command(app)):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        usage = [name, *(_argument(p) for p in arguments), *(["[OPTIONS]"] if options else [])]
        lines += [f"## {name}", "", f"    {' '.join(usage)}", "", *_paragraphs(command.help or ""), ""]
        if rows := [(f"`{p.metavar or p.name}`", "", p.help or "") for p in arguments]:
            lines += [*_table(("argument", "", "what"), rows), ""]
        if rows := [(_option(p), _default(p), p.help or "") for p in options]:
            lines += [*_table(("option", "default", "what"), rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def study_reference() -> str:
    """The page of all keys of the study file: first its own, then those of each part in it."""
    lines = [WRITTEN, "# All keys of the study file", "", KEYS, "", "## The study itself", ""]
    lines += _table(
        HEADS, (_key(_place(name, field), field, {}) for name, field in Study.model_fields.items())
    )
    told: dict[type[BaseModel], str] = {}
    for name, field in Study.model_fields.items():
        if parts := list(parts_in(field.annotation).values()):
            lines += ["", f"## {name}", "", *_alternatives(parts, f"{_place(name, field)}.", told)]
    return "\n".join(lines) + "\n"


def _alternatives(parts: list[type[BaseModel]], place: str, told: dict[type[BaseModel], str]) -> list[str]:
    """The keys of a part; of several that may stand at one place, each under the key that tells it apart."""
    lines = []
    for i, part in enumerate(parts):
        what = " ".join((part.__doc__ or "").partition("\n\n")[0].split())
        head = f"**{'or, with' if i else 'With'} `{_mark(part, parts)}`:** " if len(parts) > 1 else ""
        lines += [f"{head}{what}", "", *_table(HEADS, _keys(part, place, told)), ""]
    return lines[:-1]


def _mark(part: type[BaseModel], parts: list[type[BaseModel]]) -> str:
    """The first key that this part needs, and no other of those that may stand at the same place."""
    others = {key for other in parts if other is not part for key in _needed(other)}
    return next(key for key in _needed(part) if key not in others)


def _needed(part: type[BaseModel]) -> list[str]:
    return [name for name, field in part.model_fields.items() if field.is_required()]


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for part, found in inner.items():
        if not found.hidden:
            yield from _commands(f"{name} {part}", found)


def _argument(parameter: Any) -> str:
    text = parameter.metavar or parameter.name.upper()
    text += "..." if (parameter.nargs == -1 or parameter.multiple) and not text.endswith("...") else ""
    return text if parameter.required else f"[{text}]"


def _option(parameter: Any) -> str:
    value = "" if parameter.is_flag or not parameter.metavar else f" {parameter.metavar}"
    return ", ".join(f"`{name}{value}`" for name in [*parameter.opts, *parameter.secondary_opts])


def _default(parameter: Any) -> str:
    """What holds where an option is not given; of a path, what the help says of it."""
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return f"`{parameter.show_default}`"
    value = parameter.default
    if value is None or isinstance(value, bool | Path) or callable(value):
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(f"`{part}`" for part in value)
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _keys(part: type[BaseModel], place: str, told: dict[type[BaseModel], str]) -> Iterator[Row]:
    """Every key by its place; the keys of a part that stands in several places are those of its first."""
    for name, field in part.model_fields.items():
        here = f"{place}{_place(name, field)}"
        yield _key(here, field, told)
        for inner in parts_in(field.annotation).values():
            if inner not in told:
                told[inner] = here
                yield from _keys(inner, f"{here}.", told)


def _key(here: str, field: FieldInfo, told: dict[type[BaseModel], str]) -> Row:
    """A line of the table: place, type, default, meaning."""
    seen = [f"keys as of `{told[part]}`" for part in parts_in(field.annotation).values() if part in told]
    default = "required" if field.is_required() else _value(field.default)
    return f"`{here}`", _type(field.annotation), default, "; ".join([field.description or "", *seen])


def _place(name: str, field: FieldInfo) -> str:
    is_many = parts_in(field.annotation) and get_origin(field.annotation) is list
    return f"{name}[]" if is_many else name


def _value(default: Any) -> str:
    """A default as YAML has it, on one line."""
    if default is None:
        return "none"
    if isinstance(default, BaseModel):
        return "as below"
    if isinstance(default, float):  # YAML has 5.0e-05
        return f"`{default}`"
    return f"`{yaml.safe_dump(default, default_flow_style=True, width=1000).splitlines()[0]}`"


def _type(annotation: Any) -> str:
    """A type in words: of choices the choices, of a list what is in it."""
    words = list(dict.fromkeys(_words(annotation)))
    last = ", or " if any(" " in word for word in words) and len(words) > 1 else " or "
    return last.join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _words(annotation: Any) -> list[str]:
    """What a value may be, each by itself."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(inner[0])
    if origin is Literal:
        return [f"`{choice}`" for choice in inner]
    if origin in (Union, UnionType):
        return [word for one in inner for word in _words(one)]
    if origin is list:
        return [f"list of {_type(inner[0]).replace('part', 'parts')}"]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return ["part"]
    return [WORDS[origin or annotation]]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) + "\n" for part in text.split("\n\n")]


def _table(heads: tuple[str, ...], rows: Any) -> list[str]:
    return [_row(heads), _row(["---"] * len(heads)), *(_row(row) for row in rows)]


def _row(cells: Any) -> str:
    escaped = (" ".join(cell.split()).replace("|", "\\|").replace("<", "&lt;") for cell in cells)
    return f"| {' | '.join(escaped)} |"


PAGES = {"cli-reference.md": cli_reference, "study-reference.md": study_reference}

if __name__ == "__main__":
    for page, text_of in PAGES.items():
        (HERE / page).write_text(text_of(), encoding="utf-8")
