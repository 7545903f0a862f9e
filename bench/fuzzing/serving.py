"""A server that sends bytes as they are to whoever asks, whether or not they are HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SILENT_SECONDS = 2.0


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """Runs such a server on a free port of this machine; gives its base URL up to `/v1`.

    Args:
        reply: what every connection gets when its request has arrived; then it is closed.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    threads = [threading.Thread(target=_serve, args=(listener, reply), daemon=True)]
    threads[0].start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        threads[0].join()


def _serve(listener: socket.socket, reply: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed by whoever started it
            return
        threading.Thread(target=_reply, args=(connection, reply), daemon=True).start()


def _reply(connection: socket.socket, reply: bytes) -> None:
    """Reads a request to its end, which its length tells, and answers it."""
    connection.settimeout(_SILENT_SECONDS)
    try:
        with connection:
            got = b""
            while b"\r\n\r\n" not in got and (part := connection.recv(65536)):
                got += part
            head, _, body = got.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            left = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
            while left > 0 and (part := connection.recv(65536)):
                left -= len(part)
            connection.sendall(reply)
    except OSError:  # the other side hung up
        return
