"""Writes the reference pages out of the code: `python docs/generate.py`; a test compares them.

docs/cli-reference.md from the commands, docs/study-reference.md from the study's schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from typer.main import get_command

from polyteach.cli.main import app
from polyteach.study.load import parts_in
from polyteach.study.schema import Study

HERE = Path(__file__).parent
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
KINDS = (
    (r"^list|^tuple", "list"),
    (r"\bdict\b|Mapping", "mapping"),
    (r"\bbool\b", "true or false"),
    (r"\bint\b|\bfloat\b", "number"),
    (r"\bstr\b|Path", "text"),
)
"""What is found in a type's text, and its word; a list's own types are not told."""


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
    """The page of all keys of the study file."""
    lines = [
        WRITTEN,
        "# All keys of the study file",
        "",
        "By place, with type and default, as the code checks them. [What they mean](study.md), with "
        "examples.",
        "",
        *_table(("key", "type", "default", "what"), _keys(Study, "", set())),
    ]
    return "\n".join(lines) + "\n"


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


def _keys(part: type[BaseModel], place: str, told: set[type[BaseModel]]) -> Iterator[tuple[str, ...]]:
    """Every key by its place; the keys of a part that stands in several places are those of its first."""
    for name, field in part.model_fields.items():
        inner = parts_in(field.annotation)
        many = "[]" if inner and str(field.annotation).startswith("list") else ""
        here = f"{place}{name}{many}"
        default = "required" if field.is_required() else _value(field.default)
        yield f"`{here}`", _type(field.annotation), default, field.description or ""
        for kind in inner.values():
            if kind not in told:
                told.add(kind)
                yield from _keys(kind, f"{here}.", told)


def _value(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, BaseModel) or not isinstance(default, str | int | float | list | tuple):
        return "as below"
    return f"`{list(default) if isinstance(default, tuple) else default}`"


def _type(annotation: Any) -> str:
    """A type in words: of choices the choices, of the rest the kinds of values."""
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    if text.startswith(("typing.Literal[", "Literal[")) and text.count("[") == 1:
        choices = text.partition("[")[2].rpartition("]")[0].replace("'", "").split(", ")
        return ", ".join(f"`{choice}`" for choice in choices)
    if parts_in(annotation):
        kinds = ["list of parts" if text.startswith("list") else "part"]
    else:
        kinds = [word for pattern, word in KINDS if re.search(pattern, text)]
        kinds = kinds[:1] if kinds[:1] == ["list"] else kinds
    kinds += ["none"] if text.endswith("None") or "NoneType" in text else []
    return " or ".join(dict.fromkeys(kinds)) or "text"


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
