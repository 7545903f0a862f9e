"""Servers that answer as no honest one does: they repeat the key, never end, or hold what swells up."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

Answer = Callable[["Evil"], None]
"""What a server does with a request for an answer."""
_BLOCK = b"0" * 2**20
BOMB_BYTES = 2**29


class Evil(BaseHTTPRequestHandler):
    """One connection.

    Attributes:
        answer: what it does.
        seen: for each request, its method, path and key.
    """

    answer: Answer
    seen: list[tuple[str, str, str]]

    @property
    def key(self) -> str:
        """The key that came with the request."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def do_POST(self) -> None:
        """Reads the request, notes it, answers as planned."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.do_GET()

    def do_GET(self) -> None:
        """Notes the request, answers as planned."""
        self.seen.append((self.command, self.path, self.key))
        try:
            type(self).answer(self)
        except (BrokenPipeError, ConnectionResetError):  # the client has left, as it should
            self.close_connection = True

    def send(self, status: int, body: bytes, **headers: str) -> None:
        """A whole answer; `_` in a header's name stands for `-`."""
        self.send_response(status, headers.pop("reason", None))
        for name, value in ({"Content_Type": "application/json"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: tests read standard error."""


@contextmanager
def evil_server(answer: Answer) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Serves on a free port of 127.0.0.1; gives the base URL, and the requests that came."""
    seen: list[tuple[str, str, str]] = []
    handler = type("Handler", (Evil,), {"answer": answer, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()


def chat(text: str) -> bytes:
    """An answer as OpenAI words it."""
    usage = {"prompt_tokens": 5, "completion_tokens": 5}
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}).encode()


def _told(status: int) -> Answer:
    return lambda to: to.send(status, json.dumps({"error": {"message": f"no, {to.key}!"}}).encode())


def _raw(to: Evil) -> None:
    to.close_connection = True
    to.wfile.write(f"{to.key} is no HTTP\r\n\r\n".encode())


REPEATING: dict[str, Answer] = {
    "in an answer": lambda to: to.send(200, chat(f"Dein Schlüssel ist {to.key}, sagt der Server.")),
    "in an answer, slashes escaped": lambda to: to.send(
        200, chat(f"Dein Schlüssel ist {to.key}.").replace(b"/", b"\\/")
    ),
    "in a URL of an answer": lambda to: to.send(200, chat(f"Siehe http://a/?key={quote(to.key, safe='')}.")),
    **{f"in a {status}": _told(status) for status in (400, 401, 402, 403, 404, 429, 500, 503)},
    "in a Location": lambda to: to.send(307, b"", Location=f"http://127.0.0.1/?key={quote(to.key, safe='')}"),
    "in the reason": lambda to: to.send(500, b"", reason=f"no {to.key}"),
    "in headers": lambda to: to.send(429, b"{}", Retry_After=to.key, X_Key=to.key, Content_Type=to.key),
    "in a finish reason": lambda to: to.send(200, chat("x").replace(b'"stop"', json.dumps(to.key).encode())),
    "in HTML": lambda to: to.send(200, f"<p>{to.key}</p>".encode(), Content_Type="text/html"),
    "at the edge of what is shown": lambda to: to.send(400, b"x" * (300 - 6) + to.key.encode()),
    "in no HTTP": _raw,
}
"""Ways to repeat a key."""


def _without_end(beginning: bytes, block: bytes, content_type: str) -> Answer:
    def answer(to: Evil) -> None:
        to.close_connection = True
        to.send_response(200)
        to.send_header("Content-Type", content_type)
        to.end_headers()
        to.wfile.write(beginning)
        while True:
            to.wfile.write(block)

    return answer


def _dripping(to: Evil) -> None:
    to.close_connection = True
    to.send_response(200)
    to.send_header("Content-Type", "application/json")
    to.end_headers()
    while True:
        to.wfile.write(b" ")
        time.sleep(0.05)


@cache
def _packed() -> bytes:
    """Half a gibibyte in half a megabyte."""
    packer = zlib.compressobj(9, wbits=31)
    blocks = [packer.compress(_BLOCK) for _ in range(BOMB_BYTES // len(_BLOCK))]
    return b"".join(blocks) + packer.flush()


UNENDING: dict[str, tuple[Answer, str]] = {
    "JSON": (_without_end(b'{"choices": "', _BLOCK, "application/json"), "answer too large"),
    "events": (_without_end(b"", b"data: {}\n\n" * 10_000, "text/event-stream"), "answer too large"),
    "a byte now and then": (_dripping, "timeout"),
    "packed": (lambda to: to.send(200, _packed(), Content_Encoding="gzip"), "answer too large"),
    "headers": (lambda to: to.send(200, b"{}", X_Long="x" * 2**20), "answer is no http"),
}
"""Answers that would fill the memory or last for ever, and what a client should say of them."""
