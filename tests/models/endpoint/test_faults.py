"""Each fault by itself: tried again, counted by its reason, or told to the user."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from endpoint_asks import answered, ask, kept, many, right, settings
from servers import ChatServer, start_chat_server

from polyteach.errors import UserError
from polyteach.models.endpoint import EndpointSettings
from polyteach.models.endpoint.faults import backoff_seconds, seconds_to_wait

REASONS = {
    "500": "http 500",
    "502": "http 502",
    "truncated": "answer cut off",
    "reset": "connection lost",
    "stall": "timeout",
    "html": "html instead of json",
    "not-json": "answer is not json",
    "not-utf8": "answer is not json",
    "no-choices": "answer without choices",
    "error-in-200": "http 502",
    "400": "http 400",
}


@pytest.mark.parametrize("fault", REASONS)
def test_a_request_that_always_fails_is_counted_and_the_others_are_answered(
    server: ChatServer, path: Path, fault: str
) -> None:
    how = settings(server.url, attempts=3, total_timeout_seconds=0.3)
    good = many(5, fault)
    outcome = answered([ask(f"<{fault}>"), *good], path, how)
    assert outcome.unanswered == {REASONS[fault]: 1}
    assert outcome.sent == 6
    assert all(kept(path, request) for request in good)
    assert kept(path, ask(f"<{fault}>")) is None


@pytest.mark.parametrize("fault", ["500", "429", "429-date", "503", "truncated", "reset", "html", "not-json"])
def test_a_fault_that_passes_leaves_no_trace(path: Path, fault: str) -> None:
    with start_chat_server(shares={fault: 0.3}) as server:
        asks = many(30)
        outcome = answered(asks, path, settings(server.url, attempts=30))
        seen = server.seen()
    assert outcome.unanswered == {}
    assert seen["faults"][fault] > 3
    assert (seen["answered"], seen["again"]) == (30, 0)
    for request in asks:
        completion = kept(path, request)
        assert completion is not None
        assert completion.text == right(request)


def test_a_server_that_asks_to_wait_is_left_alone_so_long(path: Path) -> None:
    with start_chat_server(on={"once": "429"}) as server:
        timer = threading.Timer(0.5, lambda: server.change(on={}))
        timer.start()
        answered([ask("once")], path, settings(server.url))
        timer.join()
        first, second = server.seen()["times"]
    assert 1.0 <= second - first < 2.5  # Retry-After: 1


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"key": "right"}, "refuses the key in TEACHER_KEY"),
        ({"on": {"q": "403"}}, "gives no access"),
        ({"on": {"q": "quota"}}, "asks for payment"),
        ({"on": {"q": "429-day"}}, "asks to wait 86400 s"),
        ({"on": {"q": "redirect"}}, "redirects"),
        ({"on": {"q": "400"}}, "refuses what it is sent"),
        ({"on": {"q": "html"}}, "is no OpenAI-compatible server .html"),
        ({"on": {"q": "not-json"}}, "is no OpenAI-compatible server"),
    ],
)
def test_a_server_that_cannot_help_ends_the_run_with_one_message(
    path: Path, monkeypatch: pytest.MonkeyPatch, plan: dict[str, object], message: str
) -> None:
    monkeypatch.setenv("TEACHER_KEY", "sk-very-secret")
    with start_chat_server(**plan) as server, pytest.raises(UserError, match=message) as caught:
        answered(many(60), path, settings(server.url, key_env="TEACHER_KEY"))
    assert caught.value.where == server.url
    assert caught.value.fix
    assert "secret" not in str(caught.value)
    assert b"sk-very" not in path.read_bytes()


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_server_that_refuses_many_prompts_at_once_is_waited_for(path: Path, share: float) -> None:
    """Refusals come before the first answer does: they are those prompts' failures, and end no run."""
    asks = many(40)
    with start_chat_server(shares={"400": share}, seconds=0.3) as server:
        outcome = answered(asks, path, settings(server.url, most_at_once=16))
        seen = server.seen()
    refused = outcome.unanswered["http 400"]
    assert 40 * share / 2 < refused < 40
    assert seen["received"] == 40  # what was refused is not asked again
    assert sum(kept(path, request) is not None for request in asks) == 40 - refused


def test_a_server_that_never_answers_is_told(path: Path) -> None:
    how = {"idle_timeout_seconds": 0.2, "most_at_once": 16}
    with start_chat_server(on={"q": "stall"}) as server, pytest.raises(UserError, match=r"within 0\.2 s"):
        answered(many(60), path, settings(server.url, **how))


def test_a_url_without_an_api_is_told(server: ChatServer, path: Path) -> None:
    with pytest.raises(UserError, match="no base URL"):
        answered(many(3), path, settings(server.url.removesuffix("/v1")))


def test_nobody_listening_is_told_at_once(path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(UserError, match="connection refused"):
        answered(many(500), path, settings(url, patience_seconds=1000))


def test_an_unknown_host_is_told_at_once(path: Path) -> None:
    with pytest.raises(UserError, match="unknown host"):
        answered(many(5), path, settings("http://nowhere.invalid/v1", patience_seconds=1000))


def test_something_that_is_no_http_is_told(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    client.sendall(b"220 mail.example ESMTP\r\n")

        threading.Thread(target=talk, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(UserError, match="no OpenAI-compatible server"):
            answered(many(20), path, settings(url))


def test_a_key_is_used_and_never_shown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-very-secret-indeed"
    monkeypatch.setenv("TEACHER_KEY", f"{key}\n")
    with start_chat_server(key=key, says={"echo": f"your key is {key}"}) as server:
        how = settings(server.url, key_env="TEACHER_KEY")
        answered([ask("echo")], path, how)
    found = kept(path, ask("echo"))
    assert found is not None
    assert found.text == "your key is ***"
    assert "secret" not in repr(how)
    assert all(b"very-secret" not in file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("key", ["ollama", "none", "k", "answer", "stop"])
def test_a_key_that_is_a_word_alters_no_answer_and_is_not_shown(
    path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TEACHER_KEY", key)
    text = "k: how to stop ollama and answer none of its tokens"
    refusal = [400, f"no {key}. for tokens, {key}"]
    with start_chat_server(key=key, says={"q": text}, tells={"<no>": refusal}) as server:
        how = settings(server.url, key_env="TEACHER_KEY")
        outcome = answered([ask("<no>"), *many(2, "q")], path, how)
        found = kept(path, many(1, "q")[0])
    assert found is not None
    assert (found.text, found.finish_reason, found.prompt_tokens > 0) == (text, "stop", True)
    assert "no ***. for tokens, ***" in outcome.details["http 400"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"urls": ()}, "no URL"),
        ({"urls": ("localhost:8000",)}, "is no URL"),
        ({"urls": ("http://me:secret@host/v1",)}, "holds a password"),
        ({"most_at_once": 0}, "most_at_once"),
        ({"attempts": 0}, "attempts"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"patience_seconds": 0}, "patience_seconds"),
    ],
)
def test_settings_that_cannot_be_are_told(changed: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        EndpointSettings(**({"urls": ("http://host/v1",), "model": "m"} | changed))  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "", "two\nlines", "schlüssel"])
def test_a_key_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("TEACHER_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("TEACHER_KEY", value)
    with pytest.raises(UserError, match="TEACHER_KEY"):
        settings("http://host/v1", key_env="TEACHER_KEY").key()


def test_retry_after_in_both_forms() -> None:
    assert seconds_to_wait("7") == 7
    assert seconds_to_wait("0.5") == 0.5
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 85 < (seconds_to_wait(later) or 0) <= 90
    assert seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [seconds_to_wait(value) for value in (None, "soon", "nan", "inf")] == [None] * 4


def test_waits_double_with_jitter_and_are_the_same_for_the_same_request() -> None:
    waits = [[backoff_seconds(str(key), times, 1.0, None) for key in range(400)] for times in (1, 2, 3, 30)]
    means = [sum(row) / len(row) for row in waits]
    assert means == pytest.approx([1, 2, 4, 30], rel=0.15)
    assert [max(row) for row in waits] == pytest.approx([2, 4, 8, 60], rel=0.05)
    assert backoff_seconds("7", 3, 1.0, None) == waits[2][7]
    assert all(20 <= backoff_seconds(str(key), 1, 1.0, 20.0) <= 22.1 for key in range(100))
