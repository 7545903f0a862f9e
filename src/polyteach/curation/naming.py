"""Rules as people write them: a name, or a name with settings, in a YAML file or in an option."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from polyteach.errors import UserError, UserErrors
from polyteach.rules import DEFAULTS, RULES, AnyRule
from polyteach.study.load import parse_yaml

_FORM = "write `- NAME`, or `- NAME: {setting: value}`; `polyteach filter --print-rules` shows all"


def read_rules(path: Path) -> list[AnyRule]:
    """Reads a YAML file with a list `rules`, in whose order they judge.

    Raises:
        UserError: it cannot be read, or is no such file.
        UserErrors: rules are unknown or wrongly set; holds every mistake.
    """
    try:
        plain, _ = parse_yaml(path.read_text(encoding="utf-8-sig"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UserError(f"cannot be read: {reason}", where=str(path), fix="check the path") from error
    if not isinstance(plain, dict) or set(plain) != {"rules"} or not isinstance(plain["rules"], list):
        raise UserError("is no list of rules", where=str(path), fix=f"begin with `rules:`; {_FORM}")
    places = [f"{path}: rules[{number}]" for number in range(len(plain["rules"]))]
    return _rules(plain["rules"], places)


def rules_named(texts: Sequence[str]) -> list[AnyRule]:
    """Reads rules from options: each as one line of the file, such as `too_long: {characters: 4000}`.

    Raises:
        UserErrors: see `read_rules`.
    """
    return _rules([_yaml_of(text) for text in texts], [f"--drop {text}" for text in texts])


def _yaml_of(text: str) -> Any:
    try:
        return parse_yaml(text, Path("--drop"))[0]
    except UserError:
        return text  # no rule has such a name, which is then said


def _rules(entries: Sequence[Any], places: Sequence[str]) -> list[AnyRule]:
    rules: list[AnyRule] = []
    errors: list[UserError] = []
    for entry, place in zip(entries, places, strict=True):
        try:
            rules.append(_rule(entry, place))
        except UserErrors as several:
            errors += several.errors
        except UserError as error:
            errors.append(error)
    if not entries:
        errors.append(UserError("there is no rule", fix=_FORM))
    reasons = Counter(rule.reason for rule in rules)
    for reason in sorted(reason for reason, count in reasons.items() if count > 1):
        fix = "give one of them another name with `called: NAME`, or leave it out"
        errors.append(UserError(f"{reason!r} stands there {reasons[reason]} times", fix=fix))
    if errors:
        raise UserErrors(errors)
    return rules


def _rule(entry: Any, place: str) -> AnyRule:
    if isinstance(entry, str):
        name: Any = entry
        settings: Any = {}
    elif isinstance(entry, dict) and len(entry) == 1:
        [(name, settings)] = entry.items()
        settings = {} if settings is None else settings
    else:
        raise UserError("is neither a name nor a name with settings", where=place, fix=_FORM)
    kind = RULES.get(name)
    if kind is None:
        near = difflib.get_close_matches(str(name), RULES, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(RULES)}"
        raise UserError(f"there is no rule {name!r}", where=place, fix=fix)
    if not isinstance(settings, dict):
        raise UserError(f"the settings of {name!r} are no mapping", where=place, fix=_FORM)
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        raise UserErrors(list(_mistakes(error, name, place))) from error


def _mistakes(error: ValidationError, name: str, place: str) -> Iterator[UserError]:
    known = ", ".join(RULES[name].model_fields)
    for fault in error.errors():
        setting = ".".join(map(str, fault["loc"]))
        what = fault["msg"].removeprefix("Value error, ").replace("Input", "this", 1)
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(setting, RULES[name].model_fields, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"{name} has {known}"
            yield UserError("unknown setting", where=f"{place}: {setting}", fix=fix)
        else:
            yield UserError(what, where=f"{place}: {setting or name}", fix=f"{name} has {known}")


def as_plain(rule: AnyRule) -> dict[str, Any]:
    """A rule as the file has it: its name, and all its settings."""
    return {rule.rule: rule.model_dump(mode="json", exclude_none=True)}


def default_rules_yaml() -> str:
    """A file of the default rules, each with what it means; the other rules stand in it as comments."""
    lines = [
        "# Rules of `polyteach filter`, in the order in which they judge. A row is counted for the first",
        "# that finds it; rules that compare rows (duplicates, quantiles) see only what those before left.",
        "# Every rule takes `called: NAME`, another name for what it finds.",
        "rules:",
    ]
    for rule in DEFAULTS:
        lines += [f"  # {_first_line(type(rule))}", *_entry(rule.rule, type(rule), rule)]
    lines += ["", "  # Not among the defaults, since they need a choice or a model, or are less sure:"]
    named = {rule.rule for rule in DEFAULTS}
    for name, kind in RULES.items():
        if name not in named:
            entry = (f"  # {line.removeprefix('  ')}" for line in _entry(name, kind, None))
            lines += [f"  # {_first_line(kind)}", *entry]
    return "\n".join(lines) + "\n"


def _first_line(kind: type[AnyRule]) -> str:
    return (kind.__doc__ or "").strip().split("\n")[0]


def _entry(name: str, kind: type[AnyRule], rule: AnyRule | None) -> Iterator[str]:
    """The lines of one rule: settings with their values, or what they may be."""
    shown = {key: field for key, field in kind.model_fields.items() if key != "called"}
    yield f"  - {name}:" if shown else f"  - {name}"
    for key, field in shown.items():
        value = getattr(rule, key) if rule else None if field.is_required() else field.get_default()
        said = "" if value is None else " " + yaml.safe_dump(value, default_flow_style=True).split("\n")[0]
        told = f"  # {field.description}" if field.description else ""
        if len(told) > 80:
            yield f"    {told}"
            told = ""
        yield f"      {key}:{said}{told}"
