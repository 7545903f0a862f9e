"""What an artifact's manifest promises, and whether its files keep it."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from polyteach.files import file_digest

MANIFEST = "manifest.json"
_DIGEST = re.compile(r"[0-9a-f]{64}")
Manifest = Mapping[str, Any]


class Damaged(Exception):
    """An artifact is there but is not what its manifest says."""


def read_manifest(content: bytes, key: str, where: str) -> Manifest:
    """The manifest of the artifact of that key.

    Raises:
        Damaged: it is none, or another one's, or it names a file outside of the artifact.
    """
    try:
        manifest: dict[str, Any] = json.loads(content)
        files: dict[str, dict[str, Any]] = manifest["files"]
        told = all(type(f["bytes"]) is int and _DIGEST.fullmatch(f["sha256"]) for f in files.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"{where}: no readable manifest") from error
    if manifest.get("key") != key:
        raise Damaged(f"{where}: the manifest is of another artifact")
    if not told or not all(map(is_inside, files)):
        raise Damaged(f"{where}: no readable manifest")
    return manifest


def is_inside(name: str) -> bool:
    """Whether a name is that of a file below a folder, as `files_in` writes it, wherever the folder lies."""
    path = PurePosixPath(name)
    is_plain = path.as_posix() == name != "." and not set(name) & {"\0", "\\"}
    return is_plain and not path.is_absolute() and ".." not in path.parts


def input_folders(manifest: Manifest, store: Path) -> dict[str, Path]:
    """The folders of an artifact's inputs, by name, in the store that it lies in.

    Raises:
        Damaged: what it names is none of the store's.
    """
    inputs: Any = manifest.get("inputs")
    keys = inputs.values() if isinstance(inputs, dict) else [None]
    if not all(isinstance(key, str) and _DIGEST.fullmatch(key) for key in keys):
        raise Damaged(f"{store}: no readable manifest")
    folders = {name: f"{name.partition('/')[0]}/{key}" for name, key in sorted(inputs.items())}
    if not all(map(is_inside, folders.values())):
        raise Damaged(f"{store}: no readable manifest")
    return {name: store / folder for name, folder in folders.items()}


def manifest_in(folder: Path, key: str) -> Manifest:
    """The manifest of a folder, see `read_manifest`."""
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise Damaged(f"{folder}: no readable manifest") from error
    return read_manifest(content, key, str(folder))


def wrong_with(path: Path, expected: Mapping[str, Any]) -> str | None:
    """What is wrong with a file, by its size and its whole content; None where nothing is."""
    try:
        if not path.is_file() or path.stat().st_size != expected["bytes"]:
            return f"{path}: missing or of another size"
        if file_digest(path) != expected["sha256"]:
            return f"{path}: its digest is not the manifest's"
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})"
    return None


def files_but(manifest: Manifest, skipped: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The files of an artifact whose names match none of some patterns."""
    patterns = list(skipped)
    files: Mapping[str, Mapping[str, Any]] = manifest["files"]
    return {n: file for n, file in files.items() if not any(fnmatchcase(n, p) for p in patterns)}


def files_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and digest of each file below a folder, as a manifest has them."""
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@lru_cache(maxsize=1)
def software() -> dict[str, str]:
    """Versions of what the numbers may depend on."""
    versions = {"python": platform.python_version()}
    for name in ("polyteach", "torch", "transformers", "trl", "peft", "lm_eval", "numpy"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
