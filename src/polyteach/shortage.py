"""What a machine had too little of when something failed: told in words, since it is no bug."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from polyteach.errors import UserError

_OF_DISKS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO}
_OF_FILES = {errno.EMFILE, errno.ENFILE}
_DISK_WORDS = (
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "File too large",
    "inline_container.cc",  # torch, of any write that fails
)
_FILE_WORDS = ("Too many open files",)
_MEMORY_WORDS = (
    "can't allocate memory",  # torch
    "Cannot allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "out of memory",  # CUDA
    "bad_alloc",
    "can't start new thread",
    "failed to map segment",  # a library that could not be loaded
)
_LIBRARIES = (
    "RuntimeError",
    "OutOfMemoryError",
    "SafetensorError",
    "ImportError",
    "ArrowException",
    "SystemError",
)
"""Whose words are looked at: libraries that are not written in Python tell what the system said in words."""


def of_disk_or_files(error: BaseException) -> UserError | None:
    """What the user has to mend before anything can go on; None where it is something else.

    Args:
        error: what was raised.
    """
    for one in _chain(error):
        code, words = _said(one)
        if code in _OF_DISKS or any(word in words for word in _DISK_WORDS):
            fix = "free space or give a folder you may write to; what was finished is kept"
            return UserError(f"cannot be written ({_reason(one)})", _place(one), fix)
        if code in _OF_FILES or any(word in words for word in _FILE_WORDS):
            return no_further_file()
    return None


def is_of_files(error: OSError) -> bool:
    """Whether no further file may be opened."""
    return error.errno in _OF_FILES


def no_further_file() -> UserError:
    """What the user is told then."""
    fix = "raise the limit (ulimit -n 4096) and run again; what was finished is kept"
    return UserError("no further file may be opened", "this machine", fix)


def of_memory(error: BaseException) -> str | None:
    """How something is said to have failed for want of memory; None where it did not."""
    for one in _chain(error):
        code, words = _said(one)
        if (
            isinstance(one, MemoryError)
            or code == errno.ENOMEM
            or any(word in words for word in _MEMORY_WORDS)
        ):
            return "out of memory: give fewer --workers, smaller batches, or the machine more memory"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, each once."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _said(error: BaseException) -> tuple[int | None, str]:
    """The system's number for it, and the words of a library that knows no numbers."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno, ""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return None, str(error) if kinds.intersection(_LIBRARIES) or isinstance(error, OSError) else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return next((word for word in _DISK_WORDS[:-1] if word in str(error)), str(error)[:200])


def _place(error: BaseException) -> str:
    named = error.filename if isinstance(error, OSError) else None
    return os.fsdecode(named) if isinstance(named, str | bytes) else "the disk"
