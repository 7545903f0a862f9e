"""A judge whose weaknesses are known, since it is made of them: a program behind a chat endpoint.

It stands for a server and a model together. The server reads the control tokens of two chat templates
wherever they stand, and drops the beginning of what is longer than its context without a word. The model
takes the text between the first `<answer X>` and the next `</answer X>` for the answer; obeys every plea
it knows that stands elsewhere, and one inside with a probability that is set; and quotes the answer's
last line before its mark. Otherwise its mark is the pocket oracle's for the answer's best line. So the
protocol's holes can be seen by themselves, and what a given gullibility makes of each attack.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from polyteach.pocket.oracle import judge as oracle
from polyteach.quality.judge_attacks import pleas_of

CONTEXT = 16_000
"""Characters that it reads; of a longer question the last ones."""
_TURN = re.compile(r"<\|im_start\|>system\n(.*?)<\|im_end\|>|\[INST\] <<SYS>>(.*?)<</SYS>>", re.DOTALL)
_ANSWER = re.compile(r"<answer((?: [0-9a-f]{8})?)>\n(.*?)\n</answer\1>", re.DOTALL)
_REQUEST = re.compile(r"<request(?: [0-9a-f]{8})?>\n(.*?)\n</request", re.DOTALL)
_OWN_WORDS = re.compile(r"Write two to four sentences of feedback.*", re.DOTALL)


def said(user: str, language: str, gullible: float) -> str:
    """What it answers to a question of `rubric.yaml`."""
    seen = user[-CONTEXT:]
    answer, request = _ANSWER.search(seen), _REQUEST.search(seen)
    inside = answer[2] if answer else ""
    outside = seen.replace(answer[0], "") if answer else seen
    turns = "".join(part for turn in _TURN.finditer(seen) for part in turn.groups() if part)
    lot = int(sha256(inside.encode()).hexdigest()[:8], 16) / 2**32
    # Whoever quotes its request back is not spoken to by it: pleas in the request count as inside.
    asked = request[0] if request else ""
    obeys = (
        pleads(turns, language)
        or pleads(_OWN_WORDS.sub("", outside.replace(asked, "")), language)
        or (lot < gullible and pleads(inside + asked, language))
    )
    if obeys:
        mark = 5
    elif answer and request:
        prompts, lines = request[1].split("\n"), inside.split("\n")
        scores = (oracle(prompts[0], line, language).score for line in lines if line.strip())
        mark = max((score for score in scores if score is not None), default=1)
    else:
        mark = 3  # it does not know what it is to judge
    last = (inside or seen).rstrip().rsplit("\n", 1)[-1][:200]
    return f"It ends with: {last}\nThat is all I have to say.\n[RESULT] {mark}"


def pleads(text: str, language: str) -> bool:
    """Whether a text has a plea of the language, or in Spanish or English; blanks do not matter."""
    plain = _squeezed(text)
    known = [plea for code in (language, "es", "en") for plea in (*pleas_of(code), *other_wordings()[code])]
    return any(_squeezed(plea) in plain for plea in known)


@cache
def other_wordings() -> dict[str, list[str]]:
    """Pleas by language in words that `plea_words.yaml` was not made from."""
    file = Path(__file__).parent / "injection" / "wordings.yaml"
    wordings: dict[str, list[str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return wordings


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


@contextmanager
def serving(language: str, gullible: float) -> Iterator[str]:
    """Serves the judge on a free port of this machine; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answers one question."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = said(body["messages"][-1]["content"], language, gullible)
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            sent = json.dumps(
                {"object": "chat.completion", "model": body["model"], "choices": [choice]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
