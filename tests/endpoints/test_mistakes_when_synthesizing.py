"""What can be wrong with an endpoint: one message with what, where and a way to mend it; nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from answering import always, self_signed
from servers import ChatServer, start_chat_server

from polyteach.cli.main import USER_ERROR, invoke
from polyteach.cli.options import FINISHED_WITH_FAILURES
from polyteach.models.journal import Journal

GERMAN = "Die Donau fließt durch zehn Länder und mündet nach einer langen Reise in das Schwarze Meer."
ANSWER = json.dumps({"choices": [{"message": {"role": "assistant", "content": GERMAN}}]}).encode()
KEY = "POLYTEACH_TEST_KEY"
SECRET = "sk-secret-of-mine"


@dataclass
class Wrong:
    """One mistake.

    Attributes:
        message: words that must be said.
        fault: what the test server does to each request; empty for no server of that kind.
        served: status, body and content type of a server that answers everything with them.
        url: given instead.
        key: what the environment holds as the key; None for nothing.
        more: further arguments.
    """

    message: str
    fault: str = ""
    served: tuple[int, bytes, str] | None = None
    url: str = ""
    key: str | None = None
    more: list[str] = field(default_factory=list)


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    NOBODY = f"http://127.0.0.1:{free.getsockname()[1]}/v1"

WITH_KEY = ["--key-env", KEY]
PRICED = ["--budget", "1", "--price", "1,2"]
WRONG_KEY = (401, f'{{"error": {{"message": "Incorrect key: {SECRET}"}}}}'.encode(), "application/json")
UNKNOWN = (404, b'{"error": {"message": "The model `tiny` does not exist"}}', "application/json")
MISTAKES = {
    "endpoint down": Wrong("cannot be reached (connection refused)", url=NOBODY),
    "all of several down": Wrong("none of them can be reached", url=NOBODY, more=["--url", NOBODY + "/b"]),
    "unknown host": Wrong("cannot be reached (unknown host)", url="http://no-such-host.invalid/v1"),
    "wrong key": Wrong(f"refuses the key in {KEY} (http 401)", served=WRONG_KEY, key=SECRET, more=WITH_KEY),
    "no key": Wrong(
        "refuses the missing key (--key-env names none)", served=(401, b"{}", "application/json")
    ),
    "key variable not set": Wrong(f"the environment variable {KEY} is not set", more=WITH_KEY),
    "key with a line break": Wrong("characters that no key has", key="sk-a\nb", more=WITH_KEY),
    "no access": Wrong("gives no access", fault="403"),
    "unknown model": Wrong("has no model tiny, or is no base URL of an API (http 404)", served=UNKNOWN),
    "quota used up": Wrong("asks for payment", fault="quota"),
    "HTML": Wrong("is no OpenAI-compatible server (html instead of json)", fault="html"),
    "wrong content type": Wrong("(answer is not json)", served=(200, b"\x89PNG\r\n", "image/png")),
    "no object": Wrong("(answer is no json object)", served=(200, b"[1, 2]", "application/json")),
    "no choices": Wrong("(answer without choices)", fault="no-choices"),
    "redirect": Wrong("redirects (http 307) to http://127.0.0.1/elsewhere", fault="redirect"),
    "long wait": Wrong("asks to wait 86400 s (http 429)", fault="429-day"),
    "URL too long": Wrong("refuses what it is sent (http 414)", served=(414, b"URI Too Long", "text/plain")),
    "no TLS there": Wrong("cannot be reached (no trusted connection)", url="tls"),
    "distrusted certificate": Wrong("cannot be reached (no trusted connection)", url="self-signed"),
    "URL without scheme": Wrong("'127.0.0.1:8000/v1' is no URL", url="127.0.0.1:8000/v1"),
    "URL with a password": Wrong(
        "the URL of host holds a password or a query", url=f"https://me:{SECRET}@host/v1"
    ),
    "URL with a key": Wrong("holds a password or a query", url=f"https://host/v1?key={SECRET}"),
    "budget without price": Wrong(
        "--budget: cannot be kept: the price of tiny is unknown", more=["--budget", "1"]
    ),
    "price that is none": Wrong("'cheap' is no price", more=["--price", "cheap"]),
    "budget without usage": Wrong(
        "does not say how many tokens", served=(200, ANSWER, "application/json"), more=PRICED
    ),
}


@dataclass
class Desk:
    """A folder with prompts, and six rows that were written before the mistake."""

    folder: Path
    server: ChatServer

    @property
    def output(self) -> Path:
        return self.folder / "de.parquet"

    @property
    def answers(self) -> int:
        """How many answers are kept."""
        with Journal(Path(f"{self.output}.journal.sqlite"), self.output.name) as journal:
            return journal.spent().answers

    def command(self, url: str, rows: int, *more: str) -> list[str]:
        asked = ["synthesize", "--language", "de", "--seed-data", str(self.folder / "de.jsonl")]
        asked += ["--method", "respond", "--rows", str(rows), "--output", str(self.output)]
        return [*asked, "--url", url, "--model", "tiny", *more]


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    """Answers in German."""
    with start_chat_server(says={"": GERMAN}) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: ChatServer, capsys: pytest.CaptureFixture[str]) -> Desk:
    prompts = (json.dumps({"prompt": f"Welcher Fluss hat die Nummer {n}?"}) + "\n" for n in range(20))
    (tmp_path / "de.jsonl").write_text("".join(prompts), encoding="utf-8")
    desk = Desk(tmp_path, server)
    assert invoke(desk.command(server.url, 6)) == 0
    assert desk.answers == 6
    capsys.readouterr()
    return desk


def url_of(wrong: Wrong, desk: Desk, stack: ExitStack) -> str:
    """Where the mistake is met."""
    if wrong.fault:
        return stack.enter_context(start_chat_server(shares={wrong.fault: 1.0})).url
    if wrong.url == "self-signed":
        return stack.enter_context(always(200, ANSWER, "application/json", self_signed(desk.folder)))
    if wrong.url == "tls":
        plain = stack.enter_context(always(200, ANSWER, "application/json"))
        return plain.replace("http:", "https:")
    if wrong.served:
        return stack.enter_context(always(*wrong.served))
    return wrong.url or desk.server.url


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_one_message_and_loses_nothing(
    kind: str,
    desk: Desk,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = MISTAKES[kind]
    if kind == "distrusted certificate" and not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    if wrong.key:
        monkeypatch.setenv(KEY, wrong.key)
    before = desk.output.read_bytes()
    with ExitStack() as stack:
        code = invoke(desk.command(url_of(wrong, desk, stack), 12, "--rng-seed", "2", *wrong.more))
    said = capsys.readouterr().err
    assert code == USER_ERROR
    assert wrong.message in said
    assert said.count("error: ") == 1
    assert "  fix: " in said
    assert "Traceback" not in said
    assert not caplog.records  # asyncio has nothing to complain of
    assert SECRET not in said
    assert not any(word in said for word in ("`key_env`", "`budget`", "`extra`", "{input:"))  # of studies
    assert desk.output.read_bytes() == before
    assert desk.answers >= 6
    assert invoke([*desk.command(desk.server.url, 6), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["sent"], again["reused"]) == (0, 6)
    assert desk.output.read_bytes() == before


def test_these_are_more_than_fifteen() -> None:
    assert len(MISTAKES) >= 15
    assert len({wrong.message for wrong in MISTAKES.values()}) >= 15


def test_a_request_too_large_for_the_server_is_a_failure_with_a_reason(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with always(413, b"Payload Too Large", "text/plain") as url:
        assert invoke([*desk.command(url, 4, "--rng-seed", "2"), "--json"]) == FINISHED_WITH_FAILURES
    (facts,) = json.loads(capsys.readouterr().out)["methods"].values()
    assert (facts["rows"], facts["failed"]) == (0, {"prompt_too_long": 4})


def test_a_full_disk_is_one_message_and_keeps_what_there_was(desk: Desk) -> None:
    small = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000));"
    code = f"{small} import sys; from polyteach.cli.main import main; main()"
    records = (json.dumps({"prompt": f"Welcher Berg hat die Nummer {n}?"}) + "\n" for n in range(3000))
    (desk.folder / "de.jsonl").write_text("".join(records), encoding="utf-8")
    command = [sys.executable, "-c", code, *desk.command(desk.server.url, 3000)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == USER_ERROR
    assert "the journal cannot be" in done.stderr
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
    there = desk.answers
    assert there > 6
    assert invoke(desk.command(desk.server.url, 3000)) == 0
    assert desk.answers == 6 + 3000
