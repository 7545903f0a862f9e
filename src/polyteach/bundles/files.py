"""Reading and writing bundles. A bundle may come from anybody: nothing in it is believed unchecked."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from polyteach.bundles.bundle import Bundle
from polyteach.errors import UserError
from polyteach.files import write_atomically, writing

MOST_BYTES = 50_000_000
"""Of a bundle as JSON; what is packed is counted unpacked."""
SHIPPED = Path(__file__).parent / "shipped"
"""Bundles that come with the package."""
MARK = "polyteach_bundle"
"""The key by which a file is known to be a bundle; its value is the version of the layout."""
LAYOUT = 1
WRITE_AGAIN = "write it again: polyteach bundle RUN_FOLDER"


def write(bundle: Bundle, path: Path) -> None:
    """Writes a bundle, packed where the name ends in `.gz`; the same bundle gives the same bytes.

    Raises:
        UserError: it cannot be written.
    """
    content = to_bytes(bundle)
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    with writing(path):
        write_atomically(path, lambda temporary: temporary.write_bytes(content))


def to_bytes(bundle: Bundle) -> bytes:
    """A bundle as JSON. Each definition stands once, under `definitions`; figures name it by its number."""
    definitions: dict[str, int] = {}
    plain = _shortened(bundle.model_dump(mode="json", exclude_unset=True), definitions)
    whole = {MARK: LAYOUT, "definitions": list(definitions), "bundle": plain}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8") + b"\n"


def read(path: Path | str) -> Bundle:
    """Reads a bundle.

    Raises:
        UserError: the file is none, too large, or mangled.
    """
    content = _content(Path(path))
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError("this is no bundle (it is no JSON)", str(path), WRITE_AGAIN) from error
    if not isinstance(whole, dict) or MARK not in whole:
        raise UserError("this is no bundle", str(path), WRITE_AGAIN)
    if whole[MARK] != LAYOUT:
        raise UserError("this bundle is of another version of polyteach", str(path), WRITE_AGAIN)
    try:
        if whole.keys() != {MARK, "definitions", "bundle"}:
            raise _Mangled("it has other parts")
        return Bundle.model_validate(_lengthened(whole["bundle"], _definitions(whole["definitions"])))
    except _Mangled as error:
        raise UserError(f"this bundle is damaged ({error})", str(path), WRITE_AGAIN) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:60] for part in first["loc"][:8])
        raise UserError(
            f"this bundle is damaged ({place}: {first['msg']})", str(path), WRITE_AGAIN
        ) from error
    except RecursionError as error:
        raise UserError("this bundle is damaged (nested too deep)", str(path), WRITE_AGAIN) from error


def shipped() -> dict[str, Path]:
    """The bundles that come with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.json"))}


def is_bundle(path: Path) -> bool:
    """Whether a file is a bundle that can be read."""
    try:
        read(path)
    except UserError:
        return False
    return True


class _Mangled(Exception):
    """What is not as `write` writes it."""


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        why = getattr(error, "strerror", None) or "it is damaged"
        raise UserError(f"cannot be read ({why})", str(path), "name a bundle's file") from error
    if len(content) > MOST_BYTES:
        raise UserError(
            f"is larger than {MOST_BYTES // 10**6} MB", str(path), "no bundle of ours is as large"
        )
    return content


def _shortened(value: Any, definitions: dict[str, int]) -> Any:
    """Plain data, the definition of each figure replaced by its number."""
    if isinstance(value, list):
        return [_shortened(entry, definitions) for entry in value]
    if not isinstance(value, dict):
        return value
    if _is_figure(value):
        return value | {"definition": definitions.setdefault(value["definition"], len(definitions))}
    return {key: _shortened(entry, definitions) for key, entry in sorted(value.items())}


def _lengthened(value: Any, definitions: list[str]) -> Any:
    """The other way round."""
    if isinstance(value, list):
        return [_lengthened(entry, definitions) for entry in value]
    if not isinstance(value, dict):
        return value
    if _is_figure(value):
        number = value["definition"]
        if type(number) is not int or not 0 <= number < len(definitions):
            raise _Mangled("a figure has no definition")
        return value | {"definition": definitions[number]}
    return {key: _lengthened(entry, definitions) for key, entry in value.items()}


def _is_figure(value: Mapping[str, Any]) -> bool:
    return "definition" in value and "value" in value and "unscored" in value


def _definitions(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _Mangled("its definitions are no texts")
    return value
