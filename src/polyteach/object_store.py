"""An object store (S3, or a server that speaks it) as the place of artifacts and leases.

    <url>/<kind>/<key>/manifest.json             the last to be written: no manifest, no artifact
    <url>/<kind>/<key>/<name>.<digest>           files; two that make the same never mix theirs
    <url>/locks/<name>.lease                     who makes what, see `locks`

Endpoint and credentials come from where botocore looks for them (AWS_ENDPOINT_URL, AWS_PROFILE, roles, ...);
none is read, kept or shown here. Nothing is listed to find an artifact: each has its place.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from polyteach.errors import UserError

PATIENCE_SECONDS = 180.0
"""How long a store that does not answer is asked again."""
_LONGEST_PAUSE_SECONDS = 5.0
_PASSING = (errno.EBUSY, errno.EIO, errno.ETIMEDOUT, errno.EAGAIN, getattr(errno, "EREMOTEIO", errno.EIO))
_DIGITS = 16  # of a file's digest in its name
_LOG = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Found:
    """An object: its path below the store's address, its bytes, and when the server's clock says it came."""

    path: str
    size: int
    written: datetime


def is_url(text: str) -> bool:
    """Whether a store's address is a URL, not a folder."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text) is not None


class ObjectStore:
    """The objects below one address.

    Args:
        url: such as `s3://bucket/prefix`.

    Raises:
        UserError: it is of another kind, here; or the store refuses, is not there, or did not answer for
            `patience_seconds`, in all methods.
    """

    def __init__(self, url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.url = url.rstrip("/")
        self._patience = patience_seconds
        kind, _, place = self.url.partition("://")
        self.bucket, _, self._prefix = place.partition("/")
        if kind != "s3" or not self.bucket:
            fix = "name s3://BUCKET/PREFIX, or a folder (file:///PATH is one)"
            raise UserError("is no store that is supported", where=url, fix=fix)
        try:
            from s3fs import S3FileSystem  # type: ignore[import-untyped]
        except ImportError as error:
            fix = 'pip install "polyteach[s3]"'
            raise UserError("needs s3fs, which is not installed", where=url, fix=fix) from error
        limits = {"connect_timeout": 10, "read_timeout": 60}
        self._files: Any = S3FileSystem(
            skip_instance_cache=True, use_listings_cache=False, config_kwargs=limits
        )

    def prepare(self) -> None:
        """Checks that it can be written to, and that a write can depend on what is there."""
        probe = f"probe-{time.monotonic_ns()}"
        self._create(probe, b"")
        if self._create(probe, b"") is not None:
            _LOG.warning(
                "%s knows no conditional writes: two machines may make the same artifact; none is damaged",
                self.url,
            )
        self.delete([probe])

    # What `locks.Shelf` asks for.

    def read(self, name: str) -> tuple[bytes, str] | None:
        """A lease's content and its tag."""
        try:
            got = self._call("get_object", Key=self._key(_lease(name)))
        except FileNotFoundError:
            return None
        return got["content"], got["ETag"]

    def put(self, name: str, content: bytes, tag: str | None) -> str | None:
        """Writes a lease if its tag is still this one; None if it is not."""
        if tag is None:
            return self._create(_lease(name), content)
        return self._conditional(_lease(name), content, IfMatch=tag)

    def remove(self, name: str, tag: str) -> None:
        """Removes a lease if its tag is still this one; between look and removal lies one request."""
        there = self.read(name)
        if there and there[1] == tag:
            self.delete([_lease(name)])

    def names(self) -> list[str]:
        """Of all leases."""
        found = (one.path.removeprefix("locks/") for one in self.find("locks/"))
        return sorted(name.removesuffix(".lease") for name in found if name.endswith(".lease"))

    # Artifacts.

    def manifest(self, place: str) -> bytes | None:
        """The manifest of the artifact at `<kind>/<key>`; None where there is none."""
        try:
            content: bytes = self._call("get_object", Key=self._key(f"{place}/manifest.json"))["content"]
        except FileNotFoundError:
            return None
        return content

    def publish(self, place: str, folder: Path, manifest: bytes, *, replace: bool) -> bool:
        """Sends an artifact, its manifest last; False if another one is there and is not to be replaced."""
        for name, file in json.loads(manifest)["files"].items():
            self._transfer("put_file", str(folder / name), self._file(place, name, file))
        path = f"{place}/manifest.json"
        if not replace:
            return self._create(path, manifest) is not None
        self._call("put_object", Key=self._key(path), Body=manifest)
        return True

    def fetch(self, place: str, name: str, file: Mapping[str, Any], target: Path) -> None:
        """Fetches one of an artifact's files; whether it is what the manifest says, is for the caller to see.

        Raises:
            FileNotFoundError: it is not there.
        """
        self._transfer("get_file", self._file(place, name, file), str(target))

    def find(self, below: str = "") -> Iterator[Found]:
        """Lists the objects below a path."""
        start, more = len(self._key("")), dict[str, str]()
        while True:
            page = self._call("list_objects_v2", Prefix=self._key(below), **more)
            for one in page.get("Contents", []):
                yield Found(one["Key"][start:], one["Size"], one["LastModified"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, paths: Iterable[str]) -> None:
        """Deletes objects; those that are gone already do not matter."""
        keys = [{"Key": self._key(path)} for path in paths]
        for start in range(0, len(keys), 1000):  # as many as S3 takes at once
            objects = {"Objects": keys[start : start + 1000], "Quiet": True}
            for refused in self._call("delete_objects", Delete=objects).get("Errors", []):
                why = f"cannot be deleted ({refused.get('Code', 'no reason told')})"
                fix = "let these credentials delete objects (s3:DeleteObject)"
                raise UserError(why, f"{self.bucket}/{refused.get('Key', '')}", fix)

    def _create(self, path: str, content: bytes) -> str | None:
        return self._conditional(path, content, IfNoneMatch="*")

    def _conditional(self, path: str, content: bytes, **condition: str) -> str | None:
        """Writes on a condition; the new tag, or None where it does not hold.

        A write whose answer was lost is tried again and then fails on itself: so the content is compared.
        """
        key = self._key(path)
        try:
            return str(self._call("put_object", Key=key, Body=content, **condition)["ETag"])
        except (FileExistsError, FileNotFoundError):
            pass
        except OSError as error:
            if not _is_failed_condition(error):
                raise
        try:
            there = self._call("get_object", Key=key)
        except FileNotFoundError:
            return None
        return str(there["ETag"]) if content and there["content"] == content else None

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def _path(self, path: str) -> str:
        return f"{self.bucket}/{self._key(path)}"

    def _file(self, place: str, name: str, file: Mapping[str, Any]) -> str:
        return self._path(f"{place}/{name}.{file['sha256'][:_DIGITS]}")

    def _transfer(self, how: str, source: str, target: str) -> None:
        self._asked(lambda: getattr(self._files, how)(source, target))

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One request of S3; the content of what is got is read whole within the same tries."""

        def once() -> dict[str, Any]:
            answer: dict[str, Any] = self._files.call_s3(method, Bucket=self.bucket, **arguments)
            if method == "get_object":
                from fsspec.asyn import sync  # type: ignore[import-untyped]

                answer["content"] = sync(self._files.loop, answer["Body"].read)
            return answer

        return self._asked(once)

    def _asked(self, ask: Callable[[], _Answer]) -> _Answer:
        """Asks until the store answers, for a while; a refusal is the user's message at once."""
        from aiohttp import ClientError  # a body that is cut off
        from botocore.exceptions import BotoCoreError, ConnectionError, HTTPClientError

        ends, pause = time.monotonic() + self._patience, 0.25
        while True:
            try:
                return ask()
            except PermissionError as error:
                fix = "check the credentials that botocore finds (AWS_PROFILE, ...) and what they may do"
                raise UserError(f"the store refuses access ({_short(error)})", self.url, fix) from error
            except FileNotFoundError as error:
                if "bucket does not exist" in str(error):
                    what = f"there is no bucket {self.bucket}"
                    fix = "make it, or name another one; AWS_ENDPOINT_URL says which server is asked"
                    raise UserError(what, self.url, fix) from error
                raise
            except (ClientError, ConnectionError, HTTPClientError, TimeoutError, OSError) as error:
                if isinstance(error, OSError) and not isinstance(error, ClientError) and not _passes(error):
                    raise
                if time.monotonic() + pause > ends:
                    what = f"the store has not answered for {self._patience:.0f} s ({_short(error)})"
                    fix = "run the same command again when it does; what was finished is kept"
                    raise UserError(what, self.url, fix) from error
                if pause < 0.5:
                    _LOG.warning("%s does not answer (%s); asking again", self.url, _short(error))
            except BotoCoreError as error:  # no credentials, a profile that is not there, ...
                fix = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
                raise UserError(f"the store cannot be asked ({_short(error)})", self.url, fix) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _lease(name: str) -> str:
    return f"locks/{name}.lease"


def _passes(error: OSError) -> bool:
    return isinstance(error, TimeoutError) or error.errno in _PASSING


def _is_failed_condition(error: OSError) -> bool:
    response = getattr(error.__cause__, "response", None) or {}
    return response.get("Error", {}).get("Code") in ("PreconditionFailed", "ConditionalRequestConflict")


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
