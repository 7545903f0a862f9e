"""Reads a study file. Every mistake found carries its line, its path in the file, its value and fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, Tag, ValidationError

from polyteach.errors import UserError, UserErrors
from polyteach.languages import code_named, standard_code
from polyteach.study.candidates import Candidates
from polyteach.study.schema import Study

Place = tuple[str | int, ...]
_Kind = TypeVar("_Kind", bound=Candidates)

_DEEPEST = 100  # far deeper than any study; an alias of what it stands in goes on for ever
_MOST_PLACES = 100_000  # far beyond any study; aliases of aliases multiply
_MOST_CHARACTERS = 2_000_000  # likewise; a million take PyYAML seconds
_MOST_DIGITS = 100  # of a number in base 60 (`1:59:59`), which takes time with the square of its length
_HALF = re.compile("[\ud800-\udfff]")
# What PyYAML lets through where a value is not what its form or tag says: `2024-13-45`, `!!bool maybe`.
_BAD_VALUES = (ValueError, ArithmeticError, LookupError, AttributeError, TypeError)

_OF_KINDS: tuple[Place, ...] = (("seed_data",), ("teachers",), ("benchmarks",))
KINDS_OF_TEACHER = ("model", "simulated", "data")
_ONE_KIND = (
    "a teacher has one of model (that writes), simulated (of the pocket world) or data (rows that exist)"
)

_TRAINING = Study.model_fields.keys() - Candidates.model_fields.keys()
_NEEDED = [
    name for name in Study.model_fields if name in _TRAINING and Study.model_fields[name].is_required()
]

_NOT_TEXT = "write the study as UTF-8 text; `polyteach init de` makes one to start from"


def load_study(path: Path) -> Study:
    """Returns the study in a YAML file.

    Raises:
        UserError: the file cannot be read or is no YAML, or has candidates alone.
        UserErrors: it is YAML, but not a study; holds every mistake.
    """
    plain, lines = _mapping(path)
    if not _TRAINING & plain.keys() and {"teachers", "seed_data"} <= plain.keys():
        raise UserError(
            f"these are candidates alone: a run trains students, and lacks {' and '.join(_NEEDED)}",
            where=str(path),
            fix=f"`polyteach screen {path}` compares them without training; for a run add what is lacking "
            "(`polyteach init` shows how)",
        )
    return _validated(Study, plain, lines, path)


def load_candidates(path: Path) -> Candidates:
    """Returns the candidates in a YAML file; where it says anything of students or benchmarks, the study.

    Raises:
        UserError: the file cannot be read or is no YAML.
        UserErrors: it is YAML, but neither; holds every mistake.
    """
    plain, lines = _mapping(path)
    return _validated(Study if _TRAINING & plain.keys() else Candidates, plain, lines, path)


def _mapping(path: Path) -> tuple[dict[str, Any], dict[Place, int]]:
    """The settings in a file, and the line of each place."""
    plain, lines = parse_yaml(_read(path), path)
    if plain is None:
        raise UserError("the file is empty", where=str(path), fix=_NOT_TEXT)
    if not isinstance(plain, dict):
        raise UserError("a study is a mapping of settings", where=str(path), fix=_NOT_TEXT)
    return plain, lines


def _validated(kind: type[_Kind], plain: dict[str, Any], lines: Mapping[Place, int], path: Path) -> _Kind:
    try:
        return kind.model_validate(plain)
    except ValidationError as error:
        unclear = _of_no_kind(plain)
        found = [fault for fault in error.errors() if not _follows(fault, unclear)]
        mistakes = [_explain(fault, path, lines) for fault in found]
        for index, kinds in unclear.items():
            what = f"has {' and '.join(kinds)}" if kinds else f"has none of {', '.join(KINDS_OF_TEACHER)}"
            mistakes.append(UserError(what, _where(("teachers", index), path, lines), _ONE_KIND))
        raise UserErrors(mistakes) from error


@contextmanager
def told_with_lines(path: Path) -> Iterator[None]:
    """Names the study's file and line in mistakes that name only a place in it, such as `teachers[1].model`.

    Raises:
        UserErrors: those that were raised inside.
    """
    try:
        yield
    except UserErrors as errors:
        _, lines = parse_yaml(_read(path), path)
        raise UserErrors([_with_line(error, path, lines) for error in errors.errors]) from errors


def _with_line(error: UserError, path: Path, lines: Mapping[Place, int]) -> UserError:
    place, colon, rest = (error.where or "").partition(": ")
    names = tuple(int(name) if name.isdecimal() else name for name in re.findall(r"\w+", place))
    if not names or (names[0],) not in lines:
        return error
    return UserError(error.what, f"{_where(names, path, lines)}{colon}{rest}", error.fix)


def _read(path: Path) -> str:
    try:
        if path.exists() and not path.is_dir() and not path.is_file():
            raise UserError("this is no ordinary file", where=str(path), fix="name the study's YAML file")
        with path.open("rb") as file:
            content = file.read(4 * _MOST_CHARACTERS + 1)
        if len(content) > 4 * _MOST_CHARACTERS:
            raise _too_large(path)
        return content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(
            "no such study file", where=str(path), fix="`polyteach init LANG > study.yaml` writes one"
        ) from error
    except IsADirectoryError as error:
        raise UserError("this is a folder", where=str(path), fix="name the study's YAML file") from error
    except OSError as error:
        fix = "check the path and its permissions"
        raise UserError(f"cannot be read ({error.strerror})", str(path), fix) from error
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 at byte {error.start}", where=str(path), fix=_NOT_TEXT) from error


def parse_yaml(text: str, path: Path) -> tuple[Any, dict[Place, int]]:
    """Returns a YAML text's data and the line of each place in it, for any file of ours.

    Raises:
        UserError: it is no YAML, has a key twice or too many values, or holds what no text can.
    """
    if len(text) > _MOST_CHARACTERS:
        raise _too_large(path)
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
        fix = "nest it a few levels deep at most"
        raise UserError("not valid YAML: nested too deep", str(path), fix) from error
    except _BAD_VALUES as error:
        fix = "put quotes around what looks like a date or a number and is none"
        raise UserError(
            f"not valid YAML: a value is not what it looks like ({error})", str(path), fix
        ) from error


def _too_large(path: Path) -> UserError:
    return UserError(
        f"has more than {_MOST_CHARACTERS:,} characters", where=str(path), fix="name a file of settings"
    )


def _note_lines(node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> None:
    lines[place] = node.start_mark.line + 1
    if len(place) > _DEEPEST:
        raise RecursionError
    if len(lines) > _MOST_PLACES:
        raise UserError(
            f"more than {_MOST_PLACES:,} values", where=str(path), fix="spare the aliases (`*name`)"
        )
    if isinstance(node, yaml.ScalarNode):
        _check_whole(node, path)
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _note_lines(child, (*place, index), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                where = f"{path}:{key.start_mark.line + 1}"
                raise UserError("a key is a list or a mapping", where=where, fix="a key is plain text")
            _check_whole(key, path)
            inner = (*place, key.value)
            if inner in lines:
                raise UserError(
                    f"`{key.value}` stands here twice",
                    where=f"{path}:{key.start_mark.line + 1}",
                    fix="keep one of them",
                )
            _note_lines(child, inner, lines, path)
            lines[inner] = key.start_mark.line + 1


def _check_whole(node: yaml.ScalarNode, path: Path) -> None:
    """Refuses half of a surrogate pair, which escapes can write and no file, name or terminal can hold.

    Also a number in base 60 of very many digits.
    """
    if node.tag.endswith((":int", ":float")) and ":" in node.value and len(node.value) > _MOST_DIGITS:
        where = f"{path}:{node.start_mark.line + 1}"
        raise UserError(f"a number of more than {_MOST_DIGITS} digits", where, "write a smaller one")
    if _HALF.search(node.value):
        where, fix = f"{path}:{node.start_mark.line + 1}", "repair the \\ud... escape"
        raise UserError("this holds half of a surrogate pair", where=where, fix=fix)


def _of_no_kind(plain: Mapping[str, Any]) -> dict[int, list[str]]:
    """The teachers that are not of just one kind, with those that they are of."""
    teachers = plain.get("teachers")
    found = {
        index: [kind for kind in KINDS_OF_TEACHER if kind in teacher]
        for index, teacher in enumerate(teachers if isinstance(teachers, list) else [])
        if isinstance(teacher, Mapping)
    }
    return {index: kinds for index, kinds in found.items() if len(kinds) != 1}


def _follows(fault: Mapping[str, Any], unclear: Mapping[int, list[str]]) -> bool:
    """Whether a fault only says that a teacher is not of one kind: that is told once, in other words."""
    place: Place = fault["loc"]
    if place[:1] != ("teachers",) or place[1:2] == () or place[1] not in unclear:
        return False
    kinds = parts_in(Study.model_fields["teachers"].annotation).values()
    is_elsewhere = any(place[-1] in kind.model_fields for kind in kinds)
    return is_elsewhere and fault["type"] in ("extra_forbidden", "missing") and place[-1] != "name"


def _where(place: Place, path: Path, lines: Mapping[Place, int]) -> str:
    shown = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".") or "study"
    line = next((lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in lines), 1)
    return f"{path}:{line}: {shown}"


def _explain(fault: Mapping[str, Any], path: Path, lines: Mapping[Place, int]) -> UserError:
    place: Place = fault["loc"]
    part, name = _holder(place)
    if place[:1] in _OF_KINDS:  # pydantic names the kind after the index, no file does
        place = place[:2] + place[3:]
    kind, value = fault["type"], fault["input"]
    if kind == "invalid_key":
        fix = "decimals have a point: 0.6, not 0,6" if isinstance(value, int) else "name a setting"
        return UserError(f"a key is text (found {_shortly(value)})", _where(place[:-1], path, lines), fix)
    where = _where(place, path, lines)
    if kind == "extra_forbidden":
        return UserError("unknown key", where=where, fix=_nearest_key(part, name))
    if kind == "missing":
        return UserError("missing", where=where, fix=f"add `{name}: ...`{_described(part, name)}")
    if kind in ("model_type", "dict_type"):
        return UserError(
            f"this is no mapping of settings (found {_shortly(value)})", where, _keys_of(part, name)
        )
    message = fault["msg"].removeprefix("Value error, ").replace("Input", "this", 1)
    if kind == "literal_error":
        return UserError(
            f"{message} (found {_shortly(value)})", where, _nearest(value, fault["ctx"]["expected"])
        )
    if kind == "string_type" and isinstance(value, bool):
        fix = "put it in quotes: without them YAML reads no, off and yes, on as false and true"
        return UserError(f"{message} (found {_shortly(value)})", where=where, fix=fix)
    unfit = isinstance(value, BaseModel) or (kind == "value_error" and isinstance(value, list))
    unfit = unfit or name in ("key_env", "urls")  # which may hold a secret in the wrong place
    found = "" if unfit else f" (found {_shortly(value)})"
    if kind == "value_error" and (name == "name" or message.startswith("listed twice")):
        return UserError(f"{message}{found}", where, _rename(name))
    if kind == "list_type" and isinstance(value, str):
        return UserError(f"{message}{found}", where, f"write it as a list: [{_code_or_same(value)}]")
    if kind == "value_error" and message.startswith("unknown language"):
        what, _, fix = message.partition("; ")
        return UserError(what, where, fix)
    return UserError(f"{message}{found}", where=where, fix=_fix(part, name))


def _code_or_same(value: str) -> str:
    """The code of a language that is spelled or named, or what stands there."""
    try:
        return standard_code(value)
    except UserError:
        return code_named(value) or value


def _rename(name: str) -> str:
    """What to do about a name that cannot stand: `name` itself, or one of a list."""
    if name == "name":
        return "choose another name, such as my-study"
    return "rename one of them" if name in ("teachers", "bases") else "take one of them out"


def _nearest(value: object, expected: str) -> str:
    """The allowed word (pydantic's list of them, in quotes) that is most like what stands there."""
    allowed = re.findall(r"'([^']*)'", expected)
    near = difflib.get_close_matches(str(value), allowed, n=1)
    return f"did you mean `{near[0]}`?" if near else f"choose from {', '.join(allowed)}"


def _shortly(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as YAML writes it
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number too long to show"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _holder(place: Place) -> tuple[type[BaseModel] | None, str]:
    """The part of the schema that holds the last name of a place as pydantic says it, and that name.

    None where no part does: below what is no part.
    """
    part: type[BaseModel] | None = None
    last = ""
    parts: Mapping[str, type[BaseModel]] = {"": Study}
    for name in place:
        if isinstance(name, int):
            continue
        if name in parts:  # of several kinds of part that may stand here, the one that pydantic took
            parts = {"": parts[name]}
            continue
        part, last = parts.get(""), name
        field = part.model_fields.get(name) if part else None
        parts = parts_in(field.annotation) if field else {}
    return part, last


def parts_in(annotation: Any, kind: str = "") -> dict[str, type[BaseModel]]:
    """The parts of the schema that an annotation allows, by the kind that tells them apart."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {kind: annotation}
    tags = [notice.tag for notice in getattr(annotation, "__metadata__", ()) if isinstance(notice, Tag)]
    kind = tags[0] if tags else kind
    return {k: part for inner in get_args(annotation) for k, part in parts_in(inner, kind).items()}


def _nearest_key(part: type[BaseModel] | None, name: str) -> str:
    if part is None:
        return "remove it"
    near = difflib.get_close_matches(name, part.model_fields, n=1)
    known = ", ".join(part.model_fields)
    return f"did you mean `{near[0]}`?" if near else f"remove it; known here: {known}"


def _keys_of(part: type[BaseModel] | None, name: str) -> str:
    """The settings that a place takes."""
    field = part.model_fields.get(name) if part else None
    parts = parts_in(field.annotation) if field else {}
    if set(parts) == set(KINDS_OF_TEACHER):
        return _ONE_KIND
    known = ", ".join(key for inner in parts.values() for key in inner.model_fields)
    return f"settings known here: {known}" if known else "compare with docs/study-reference.md"


def _described(part: type[BaseModel] | None, name: str) -> str:
    """What the schema says of a setting, in brackets after a blank; else nothing."""
    field = part.model_fields.get(name) if part else None
    return f" ({field.description})" if field and field.description else ""


def _fix(part: type[BaseModel] | None, name: str) -> str:
    """What a setting may be: what the schema says of it, and its default."""
    field = part.model_fields.get(name) if part else None
    if field is None or not field.description:
        return "compare with what `polyteach init de` writes"
    if not isinstance(field.default, str | int | float):
        return field.description
    return f"{field.description}; leave it out for the default, {_shortly(field.default)}"
