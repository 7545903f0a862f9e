"""Writes the locks of the dependencies: `UV=... python docs/lock.py`; needs uv, see docs/security.md.

`requirements.lock` has what every extra needs, `requirements-cuda.lock` the CUDA packages that torch's build
for GPUs needs besides. Each package has one version and the SHA-256 of its files; neither file names a host.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK, CUDA_LOCK = "requirements.lock", "requirements-cuda.lock"
TORCH = "2.13.0"
CPU_BUILDS = ("6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",)
"""SHA-256 of PyTorch's builds without CUDA, which lie in an index of their own, so that uv does not see them.

It is one: of torch 2.13.0+cpu for CPython 3.11 on Linux x86-64.
"""

_CUDA = re.compile(r"(nvidia|cuda)-|triton")
_PINNED = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)(\[[a-z0-9,. -]+\])?(?===)")
_HEAD = "# Written by docs/lock.py. Do not change it here.\n"


def main() -> None:
    """Writes both files."""
    packages = packages_of(_compiled())
    torch = packages["torch"].rstrip("\n")
    packages["torch"] = torch + "".join(f" \\\n    --hash=sha256:{digest}" for digest in CPU_BUILDS) + "\n"
    for file, wanted in ((LOCK, False), (CUDA_LOCK, True)):
        kept = (_both(text) for name, text in packages.items() if bool(_CUDA.match(name)) == wanted)
        (ROOT / file).write_text(_HEAD + "".join(kept), encoding="utf-8")


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


def _compiled() -> str:
    """What uv makes of pyproject.toml, for all platforms and Pythons that it allows."""
    command = [os.environ.get("UV", "uv"), "pip", "compile", "pyproject.toml", "--all-extras", "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    command += [
        "--no-strip-extras",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--constraint",
        "-",
        "--quiet",
    ]
    constraint = f"torch=={TORCH}\n"
    done = subprocess.run(command, cwd=ROOT, input=constraint, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
