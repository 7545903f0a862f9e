"""An object store that refuses, and one that is overloaded for a while: what the client makes of it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from polyteach.errors import UserError
from polyteach.object_store import ObjectStore

SECRET = "not-to-be-shown"


class _Server(http.server.ThreadingHTTPServer):
    """Answers every PUT with a status and code, so many times; then it takes what comes."""

    def __init__(self, status: int, code: str, times: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.code, self.times, self.asked = status, code, times, 0


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"  # botocore waits to be told that it may send the body

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked += 1
        refuses = self.server.asked <= self.server.times
        content = f"<Error><Code>{self.server.code}</Code><Message>No.</Message></Error>" if refuses else ""
        self.send_response(self.server.status if refuses else 200)
        self.send_header("ETag", '"tag"')
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def refusing(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, times: float = float("inf")
) -> Iterator[_Server]:
    """The server, to which the environment leads."""
    s3fs = pytest.importorskip("s3fs")
    with _Server(status, code, times) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        s3fs.S3FileSystem.clear_instance_cache()
        yield server
        s3fs.S3FileSystem.clear_instance_cache()
        server.shutdown()


@pytest.mark.parametrize("code", ["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"])
def test_a_refusal_is_told_at_once_without_the_key(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    with refusing(monkeypatch, 403, code) as server:
        with pytest.raises(UserError, match="refuses access") as told:
            ObjectStore("s3://bucket/p").prepare()
        assert server.asked == 1
    assert "credentials" in (told.value.fix or "")
    assert SECRET not in str(told.value)


def test_a_store_that_is_overloaded_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with refusing(monkeypatch, 503, "SlowDown", times=6) as server:
        assert ObjectStore("s3://bucket/p").put("a", b"x", None) == '"tag"'
        assert server.asked == 7
    assert "asking again" in caplog.text


def test_no_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing(monkeypatch, 403, "AccessDenied") as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        with pytest.raises(UserError, match=r"cannot be asked|refuses access"):
            ObjectStore("s3://bucket/p").prepare()
        assert server.asked <= 1
