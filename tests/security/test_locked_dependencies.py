"""The locks pin everything that the package needs, with hashes, and say nothing of where it comes from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("packaging")
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-torch.lock", "requirements-torch-cpu.lock")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(lock: str) -> Iterator[tuple[Requirement, int]]:
    """Each package, and how many hashes it has."""
    entry: Requirement | None = None
    hashes = 0
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith(" "):
            assert entry and _HASH.fullmatch(line), f"{lock}: {line!r}"
            hashes += 1
            continue
        if entry:
            yield entry, hashes
        entry, hashes = Requirement(line.removesuffix("\\").strip()), 0
    if entry:
        yield entry, hashes


def version_of(pin: Requirement) -> str:
    (one,) = pin.specifier
    assert one.operator == "==" and "*" not in one.version, str(pin)
    return one.version


def versions() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for lock in LOCKS:
        for pin, _ in pins(lock):
            found.setdefault(canonicalize_name(pin.name), set()).add(version_of(pin))
    return found


def test_each_dependency_is_pinned_in_its_range() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    wanted = [Requirement(text) for text in project["dependencies"] + extras]
    assert len(wanted) > 40
    locked = versions()
    for one in wanted:
        found = locked.get(canonicalize_name(one.name))
        assert found, f"{one.name} is in no lock: run docs/lock.py"
        assert all(one.specifier.contains(version) for version in found), f"{one}: {found}"


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pin_has_a_hash(lock: str) -> None:
    found = list(pins(lock))
    assert found
    assert [pin.name for pin, hashes in found if not hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    for place in ("://", "index-url", "find-links", "trusted-host", "file:", "git+", " @ ", "/simple"):
        assert place not in text, place


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_no_package_is_pinned_to_two_versions_for_one_python(python: str) -> None:
    """Pip would refuse the lock."""
    here = {"python_version": python, "python_full_version": f"{python}.1"}
    for lock in LOCKS:
        seen: dict[str, str] = {}
        for pin, _ in pins(lock):
            if pin.marker is None or pin.marker.evaluate(here):
                name = canonicalize_name(pin.name)
                assert seen.setdefault(name, version_of(pin)) == version_of(pin), f"{lock}: {name}"


@pytest.mark.parametrize(
    ("name", "least"),
    [("pyarrow", "14.0.1"), ("torch", "2.6"), ("transformers", "4.48"), ("jinja2", "3.1.6")],
)
def test_nothing_is_locked_from_before_a_flaw_was_mended(name: str, least: str) -> None:
    """Older ones run code from Parquet files, pickles or templates."""
    assert all(Requirement(f"{name}>={least}").specifier.contains(one) for one in versions()[name])
