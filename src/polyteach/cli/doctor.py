"""`polyteach doctor`: what this machine has for a study, and what it lacks."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import typer

from polyteach.cli.options import JSON_OPTION, OUTPUT_DIR_OPTION
from polyteach.cli.terminal import print_json

_LEAST_FREE_BYTES = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: whether it is well, what was found, and what to do if not."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def doctor(output_dir: OUTPUT_DIR_OPTION = Path(), as_json: JSON_OPTION = False) -> None:
    """Check that this machine can run a study."""
    checks = [*_libraries(), _device(), _disk(output_dir), _writable(output_dir), _pocket_models()]
    well = all(check.ok for check in checks)
    if as_json:
        plain = {"schema_version": 1, "ok": well, "checks": [asdict(check) for check in checks]}
        print_json(plain)
    else:
        for check in checks:
            fix = f"  fix: {check.fix}" if not check.ok else ""
            typer.echo(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.found}{fix}")
    if not well:
        raise typer.Exit(2)


def _libraries() -> list[Check]:
    from polyteach.resources import STUDY_PACKAGES

    return [_library(name) for name in STUDY_PACKAGES]


def _library(name: str) -> Check:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return Check(name, False, "missing", "pip install torch==2.13.0, then pip install 'polyteach[train]'")
    broken = Check(name, False, "broken or incomplete", f"pip install --force-reinstall {_wanted(name)}")
    try:
        version: str | None = metadata.version(name)  # None where its metadata is cut off
    except metadata.PackageNotFoundError:
        return broken
    # A folder without code, left over from an installation that broke off, has no origin.
    return Check(name, True, version) if version and spec.origin else broken


def _wanted(name: str) -> str:
    return "torch==2.13.0" if name == "torch" else name


def _device() -> Check:
    cores = f"{os.cpu_count()} cores"
    if importlib.util.find_spec("torch") is None:
        return Check("device", False, cores, "install torch")
    try:
        import torch

        if torch.cuda.is_available():
            return Check("device", True, f"{cores}, {torch.cuda.get_device_name(0)}")
    except (ImportError, OSError, AttributeError) as error:  # a file or a shared library of it lacks
        fix = f"pip install --force-reinstall {_wanted('torch')}"
        return Check("device", False, f"{cores}, torch is broken or incomplete ({error})", fix)
    return Check("device", True, f"{cores}, no GPU: fine for pocket models, slow for others")


def _disk(folder: Path) -> Check:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    return Check("disk", free > _LEAST_FREE_BYTES, f"{free / 2**30:.1f} GiB free", "free at least 2 GiB")


def _writable(folder: Path) -> Check:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    well = there.is_dir() and os.access(there, os.W_OK)
    return Check("output folder", well, str(folder.absolute()), "choose another --output-dir")


def _pocket_models() -> Check:
    from polyteach.errors import UserError
    from polyteach.models import check_model_folder
    from polyteach.pocket import MODEL_NAMES, model_path

    try:
        for name in MODEL_NAMES:
            check_model_folder(model_path(name))
    except UserError as error:
        return Check("pocket models", False, str(error.what), "install polyteach again")
    return Check("pocket models", True, ", ".join(MODEL_NAMES))
