"""Writes the locks of the dependencies: `UV=... python docs/lock.py`; needs uv, see docs/security.md.

requirements.lock            all that any extra needs, but for PyTorch
requirements-torch.lock      PyTorch as PyPI has it, with the CUDA packages that it needs on Linux
requirements-torch-cpu.lock  or its build without CUDA

Each package has one version, and the SHA-256 of its files. No file names a host.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK, TORCH_LOCK, CPU_LOCK = "requirements.lock", "requirements-torch.lock", "requirements-torch-cpu.lock"
TORCH = "2.13.0"
CPU_BUILDS = ("6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",)
"""SHA-256 of PyTorch's builds without CUDA, which lie in an index of their own, so that uv does not see them.

It is one: of torch 2.13.0+cpu for CPython 3.11 on Linux x86-64.
"""

_OF_TORCH = re.compile(r"torch$|(nvidia|cuda)-|triton$")
_PINNED = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)(\[[a-z0-9,. -]+\])?(?===)")
_HEAD = "# Written by docs/lock.py. Do not change it here.\n"


def main() -> None:
    """Writes the files."""
    packages = packages_of(_compiled())
    of_torch = {name for name in packages if _OF_TORCH.match(name)}
    _write(LOCK, (_both(text) for name, text in packages.items() if name not in of_torch))
    _write(TORCH_LOCK, (_both(text) for name, text in packages.items() if name in of_torch))
    _write(CPU_LOCK, [" \\\n    ".join([f"torch=={TORCH}", *(f"--hash=sha256:{one}" for one in CPU_BUILDS)])])


def packages_of(text: str) -> dict[str, str]:
    """The lines of each package in a lock, by its name."""
    packages: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if found := _PINNED.match(line):
            name = found["name"]
        if name:
            packages[name] = packages.get(name, "") + line
    return packages


def _both(text: str) -> str:
    """A package's lines; where it is asked for with extras also without, which pip takes for another one."""
    bare = _PINNED.sub(lambda found: found["name"], text, count=1)
    return text if bare == text else bare + text


def _write(file: str, texts: Iterable[str]) -> None:
    (ROOT / file).write_text(
        "\n".join([_HEAD.strip(), *(text.strip() for text in texts), ""]), encoding="utf-8"
    )


def _compiled() -> str:
    """What uv makes of pyproject.toml, for all platforms and Pythons that it allows."""
    command = [os.environ.get("UV", "uv"), "pip", "compile", "pyproject.toml", "--all-extras", "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--no-strip-extras", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--constraint", "-", "--quiet"]
    constraint = f"torch=={TORCH}\n"
    done = subprocess.run(command, cwd=ROOT, input=constraint, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
