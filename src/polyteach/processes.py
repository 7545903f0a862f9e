"""Which process this is, and whether another one lives: names that stay right when pids are used again."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def host_id() -> str:
    """What tells apart machines, their boots and their containers: pids mean something within one only."""
    parts = [platform.node()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:  # no Linux: its name has to do
        pass
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def started_of(pid: int) -> str | None:
    """When a process of this machine began, by a clock that no one sets; None where it is gone or ended.

    A process that was killed but that its parent has not taken note of yet (a zombie) is gone.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    told = subprocess.run(  # macOS; `ps` is on every POSIX system
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return " ".join(told[1:]) if told and not told[0].startswith("Z") else None


def is_alive(host: str, pid: int, started: str) -> bool | None:
    """Whether a process lives; None where it is of another machine, so that nobody can tell from here.

    Args:
        host: its `host_id`.
        pid: its pid there.
        started: its `started_of`; another process that got its pid later has another one.
    """
    return started_of(pid) == started if host == host_id() else None


def process_tag(pid: int | None = None) -> str:
    """This process (or another one of this machine) as a word fit for a file's name."""
    pid = os.getpid() if pid is None else pid
    return f"{host_id()}-{pid}-{re.sub('[^0-9A-Za-z]', '_', started_of(pid) or '')}"


def is_tag_alive(tag: str) -> bool | None:
    """Whether the process of a `process_tag` lives; None where it is of another machine. Other words: no."""
    host, _, rest = tag.partition("-")
    pid = rest.partition("-")[0]
    if not pid.isdecimal():
        return False
    return process_tag(int(pid)) == tag if host == host_id() else None
