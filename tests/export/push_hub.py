"""A small Hugging Face hub that takes uploads, for tests: on 127.0.0.1, in a thread of the test."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_rightTokenOfTheTest"
READ_ONLY = "hf_readOnlyTokenOfTheTest"


@dataclass
class PushHub:
    """What the hub has and saw.

    Attributes:
        url: its endpoint.
        repos: by kind and name, whether they are private.
        files: content of each committed file, by repository.
        commits: how many.
        asked: method and path of each request.
    """

    url: str = ""
    repos: dict[str, bool] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: int = 0
    asked: list[str] = field(default_factory=list)


@contextmanager
def start_push_hub(**repos: bool) -> Iterator[PushHub]:
    """Starts a hub on a free port; ends with the block."""
    hub = PushHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            hub.asked.append(f"GET {self.path}")
            found = re.fullmatch(r"/api/(datasets|models)/([^/]+/[^/]+)(?:/revision/.*)?", self.path)
            if found and found[2] in hub.repos:
                facts = {"id": found[2], "sha": "0" * 40, "private": hub.repos[found[2]], "siblings": []}
                return self._json(200, facts)
            return self._json(404, {"error": "Repository not found"}, **{"X-Error-Code": "RepoNotFound"})

        def do_POST(self) -> None:
            hub.asked.append(f"POST {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path == "/api/validate-yaml":
                right = "license: " in json.loads(body)["content"].split("---")[1]
                errors = [] if right else [{"message": "the card names no license"}]
                return self._json(200 if right else 400, {"errors": errors, "warnings": []})
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in (TOKEN, READ_ONLY):
                message = {"X-Error-Message": "Invalid credentials in Authorization header"}
                return self._json(401, {"error": "Invalid username or password."}, **message)
            if token == READ_ONLY:
                return self._json(403, {"error": f"Forbidden: {token} may only read"})
            if self.path == "/api/repos/create":
                return self._create(json.loads(body))
            if "/preupload/" in self.path:
                files = [
                    {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for one in json.loads(body)["files"]
                ]
                return self._json(200, {"files": files})
            if found := re.fullmatch(r"/api/(?:datasets|models)/([^/]+/[^/]+)/commit/main", self.path):
                return self._commit(found[1], body)
            return self._json(404, {"error": "not found"})

        def _create(self, asked: dict[str, Any]) -> None:
            name = f"{asked['organization']}/{asked['name']}"
            url = f"{hub.url}/{asked.get('type', 'model')}s/{name}"
            if name in hub.repos:
                return self._json(409, {"error": "You already created this repo", "url": url})
            hub.repos[name] = asked.get("private", asked.get("visibility") == "private")
            return self._json(200, {"url": url, "name": name})

        def _commit(self, repo: str, body: bytes) -> None:
            hub.commits += 1
            for line in body.splitlines():
                one = json.loads(line)
                if one["key"] == "file":
                    content = base64.b64decode(one["value"]["content"])
                    hub.files.setdefault(repo, {})[one["value"]["path"]] = content
            oid = f"{hub.commits:040}"
            self._json(
                200, {"success": True, "commitOid": oid, "commitUrl": f"{hub.url}/{repo}/commit/{oid}"}
            )

        def _json(self, status: int, value: Any, **headers: str) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    hub.repos |= {name.replace("__", "/"): private for name, private in repos.items()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
