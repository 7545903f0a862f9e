"""Reads a study file. Every mistake found carries its line, its path in the file, its value and fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from polyteach.errors import UserError, UserErrors
from polyteach.study.schema import Study

Place = tuple[str | int, ...]

_MOST_PLACES = 100_000  # far beyond any study; aliases of aliases multiply
# What PyYAML lets through where a value is not what its form or tag says: `2024-13-45`, `!!bool maybe`.
_BAD_VALUES = (ValueError, ArithmeticError, LookupError, AttributeError, TypeError)

_NOT_TEXT = "write the study as UTF-8 text; `polyteach init de` makes one to start from"


def load_study(path: Path) -> Study:
    """Returns the study in a YAML file.

    Raises:
        UserError: the file cannot be read or is no YAML.
        UserErrors: it is YAML, but not a study; holds every mistake.
    """
    text = _read(path)
    plain, lines = _parse(text, path)
    if plain is None:
        raise UserError("the file is empty", where=str(path), fix=_NOT_TEXT)
    if not isinstance(plain, dict):
        raise UserError("a study is a mapping of settings", where=str(path), fix=_NOT_TEXT)
    try:
        return Study.model_validate(plain)
    except ValidationError as error:
        raise UserErrors([_explain(fault, path, lines) for fault in error.errors()]) from error


def _read(path: Path) -> str:
    try:
        if path.exists() and not path.is_dir() and not path.is_file():
            raise UserError("this is no ordinary file", where=str(path), fix="name the study's YAML file")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(
            "no such study file", where=str(path), fix="`polyteach init LANG > study.yaml` writes one"
        ) from error
    except IsADirectoryError as error:
        raise UserError("this is a folder", where=str(path), fix="name the study's YAML file") from error
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 at byte {error.start}", where=str(path), fix=_NOT_TEXT) from error


def _parse(text: str, path: Path) -> tuple[Any, dict[Place, int]]:
    """Returns the YAML's data and the line of each place in it."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Place, int] = {}
        if root is not None:
            _note_lines(root, (), lines, path)
        return yaml.safe_load(text), lines
    except yaml.reader.ReaderError as error:
        where = f"{path}:{text.count(chr(10), 0, error.position) + 1}"
        problem = f"a character that may not stand in YAML (code {error.character:#x})"
        raise UserError(f"not valid YAML: {problem}", where=where, fix="remove it") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error)
        raise UserError(
            f"not valid YAML: {problem}", where=where, fix="check quotes and indentation"
        ) from error
    except RecursionError as error:
        raise UserError("not valid YAML: nested too deep", where=str(path)) from error
    except _BAD_VALUES as error:
        fix = "put quotes around what looks like a date or a number and is none"
        raise UserError(
            f"not valid YAML: a value is not what it looks like ({error})", str(path), fix
        ) from error


def _note_lines(node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> None:
    lines[place] = node.start_mark.line + 1
    if len(lines) > _MOST_PLACES:
        raise UserError(
            f"more than {_MOST_PLACES:,} values", where=str(path), fix="spare the aliases (`*name`)"
        )
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _note_lines(child, (*place, index), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                where = f"{path}:{key.start_mark.line + 1}"
                raise UserError("a key is a list or a mapping", where=where, fix="a key is plain text")
            inner = (*place, key.value)
            if inner in lines:
                raise UserError(
                    f"`{key.value}` stands here twice",
                    where=f"{path}:{key.start_mark.line + 1}",
                    fix="keep one of them",
                )
            _note_lines(child, inner, lines, path)
            lines[inner] = key.start_mark.line + 1


def _explain(fault: Mapping[str, Any], path: Path, lines: Mapping[Place, int]) -> UserError:
    place: Place = fault["loc"]
    if place[:1] in (("seed_data",), ("teachers",)):  # pydantic names the kind after the index, no file does
        place = place[:2] + place[3:]
    shown = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".") or "study"
    line = next((lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in lines), 1)
    where = f"{path}:{line}: {shown}"
    kind, value = fault["type"], fault["input"]
    if kind == "extra_forbidden":
        return UserError("unknown key", where=where, fix=_nearest_key(place))
    if kind == "missing":
        return UserError("missing", where=where, fix=f"add `{place[-1]}: ...`{_described(place)}")
    message = fault["msg"].removeprefix("Value error, ").replace("Input", "this", 1)
    if kind == "literal_error":
        return UserError(
            f"{message} (found {_shortly(value)})", where, _nearest(value, fault["ctx"]["expected"])
        )
    if kind == "string_type" and isinstance(value, bool):
        fix = "put it in quotes: without them YAML reads no, off and yes, on as false and true"
        return UserError(f"{message} (found {str(value).lower()})", where=where, fix=fix)
    unfit = isinstance(value, BaseModel) or (kind == "value_error" and isinstance(value, list))
    found = "" if unfit else f" (found {_shortly(value)})"
    return UserError(f"{message}{found}", where=where, fix=_fix(place))


def _nearest(value: object, expected: str) -> str:
    """The allowed word (pydantic's list of them, in quotes) that is most like what stands there."""
    allowed = re.findall(r"'([^']*)'", expected)
    near = difflib.get_close_matches(str(value), allowed, n=1)
    return f"did you mean `{near[0]}`?" if near else f"choose from {', '.join(allowed)}"


def _shortly(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number too long to show"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _part_at(place: Sequence[str | int]) -> type[BaseModel] | None:
    """The part of the schema that holds the last name of a place."""
    parts: list[type[BaseModel]] = [Study]
    names = [name for name in place if isinstance(name, str)]
    for name in names[:-1]:
        field = _holding(parts, name).model_fields.get(name)
        parts = _models_in(field.annotation) if field else []
        if not parts:
            return None
    return _holding(parts, names[-1]) if names else None


def _holding(parts: Sequence[type[BaseModel]], name: str) -> type[BaseModel]:
    """Of several kinds of part that may stand in one place, the one that knows a name."""
    return next((part for part in parts if name in part.model_fields), parts[0])


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _nearest_key(place: Place) -> str:
    part = _part_at(place)
    if part is None:
        return "remove it"
    near = difflib.get_close_matches(str(place[-1]), part.model_fields, n=1)
    known = ", ".join(part.model_fields)
    return f"did you mean `{near[0]}`?" if near else f"remove it; known here: {known}"


def _described(place: Place) -> str:
    """What the schema says of the innermost named place, in brackets after a blank; else nothing."""
    part = _part_at(place)
    field = part.model_fields.get(str(place[-1])) if part else None
    return f" ({field.description})" if field and field.description else ""


def _fix(place: Place) -> str:
    """What may stand at a place: what the schema says of it, or its default."""
    names = tuple(part for part in place if isinstance(part, str))
    part = _part_at(names) if names else None
    field = part.model_fields.get(names[-1]) if part else None
    if field is None:
        return "compare with what `polyteach init de` writes"
    if field.description:
        return field.description
    if field.is_required() or field.default is None:
        return "compare with what `polyteach init de` writes"
    return f"leave it out for the default, {field.default}"
