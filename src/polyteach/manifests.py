"""What an artifact's manifest promises, and whether its files keep it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from polyteach.files import file_digest

MANIFEST = "manifest.json"
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
        sizes = [file["bytes"] for file in files.values() if len(file["sha256"]) == 64]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"{where}: no readable manifest") from error
    if manifest.get("key") != key:
        raise Damaged(f"{where}: the manifest is of another artifact")
    if len(sizes) < len(files) or not all(_is_inside(name) for name in files):
        raise Damaged(f"{where}: no readable manifest")
    return manifest


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and not set(name) & {"\0", "\\"}


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
