"""A key is sent to its server, and stands nowhere else: whatever a server does with it, or a user writes."""

from __future__ import annotations

import asyncio
import html
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from evil_server import REPEATING, Evil, chat, evil_server

from polyteach.cli.main import invoke
from polyteach.errors import UserError
from polyteach.models.asks import Ask, Sampling
from polyteach.models.batch.client import BatchClient
from polyteach.models.endpoint import EndpointAnswerer, EndpointSettings
from polyteach.models.endpoint.masking import masked, masked_answer
from polyteach.models.journal import Journal
from polyteach.steps import SilentProgress

LONG, SHORT = "sk-canary/0123+4567&89=ab", "canary/7"
ENV = "POLYTEACH_TEST_KEY"


def forms(key: str) -> set[bytes]:
    """A key in all the ways in which it may stand in a file, and its first part."""
    plain = {key, json.dumps(key)[1:-1], key.replace("/", "\\/"), quote(key, safe=""), html.escape(key)}
    return {form.encode() for form in plain} | {key[: len(key) // 2 + 1].encode()}


def holding(folder: Path, key: str) -> list[Path]:
    """The files below a folder that hold a key."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(form in path.read_bytes() for form in forms(key))]


def asked(url: str, folder: Path, *, count: int = 12, **how: Any) -> str:
    """Has requests answered into a journal; returns all that a user would be told."""
    settings = EndpointSettings(
        **({"urls": (url,), "model": "tiny", "key_env": ENV, "attempts": 2, "backoff_seconds": 0.01} | how),
        patience_seconds=0.5,
    )
    turns = ([{"role": "user", "content": f"Frage {number}"}] for number in range(count))
    asks = [Ask.of("tiny", turn, Sampling(50), number=n, rng_seed=1) for n, turn in enumerate(turns)]
    with Journal(folder / "journal.sqlite", "test") as journal:
        try:
            outcome = EndpointAnswerer(settings).answer(asks, journal, SilentProgress())
        except UserError as error:
            return "".join(traceback.format_exception(error)) + repr(error) + repr(settings)
        answers = [journal.get(ask.key) for ask in asks]
    return f"{outcome} {answers} {settings!r}"


@pytest.mark.parametrize("key", [LONG, SHORT])
@pytest.mark.parametrize("way", REPEATING)
def test_a_key_that_a_server_repeats_stands_nowhere(
    way: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENV, key)
    with evil_server(REPEATING[way]) as (url, seen):
        told = asked(url, tmp_path)
    assert {sent for _, _, sent in seen} == {key}
    if key == SHORT and "answer" in way:
        return  # it may be a word of the answer
    out, err = capfd.readouterr()
    assert [form for form in forms(key) if form in (told + out + err).encode()] == []
    assert holding(tmp_path, key) == []


def test_no_key_follows_a_redirect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV, LONG)
    with evil_server(lambda to: to.send(200, chat("ja"))) as (other, stolen):
        for status in (301, 302, 303, 307, 308):

            def away(to: Evil, status: int = status) -> None:
                to.send(status, b"", Location=f"{other}/chat/completions")

            with evil_server(away) as (url, _):
                assert "redirects" in asked(url, tmp_path)
    assert stolen == []


def test_no_key_follows_a_batch_to_where_its_answers_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV, LONG)
    with (
        evil_server(lambda to: to.send(200, b'{"a": 1}\n')) as (other, seen),
        evil_server(lambda to: to.send(302, b"", Location=f"{other}/x")) as (url, asked_first),
    ):
        settings = EndpointSettings(urls=(url,), model="tiny", key_env=ENV, patience_seconds=0.2)

        async def lines() -> list[bytes]:
            async with BatchClient(settings) as client:
                return [line async for line in client.lines("file-1")]

        assert asyncio.run(lines()) == [b'{"a": 1}']  # hosts keep such files elsewhere
    assert [key for _, _, key in asked_first] == [LONG]
    assert [key for _, _, key in seen] == [""]


STUDY = """
name: {name}
languages: [de]
teachers: [{{name: t, model: tiny, max_new_tokens: 64, endpoint: {endpoint}}}]
seed_data: [{{pocket: 120}}]
synthesis: {{methods: [respond], rows_per_method: 12, attempts: 1, language_gate: false}}
students:
  bases: [{{name: base-c, model: "pocket:base-c"}}]
  rows: 12
  epochs: 1
  max_length: 64
benchmarks: [pocket-choice]
benchmark_items: 8
trials: 1
"""


@pytest.mark.parametrize(
    ("executor", "way"), [("local", "in an answer, slashes escaped"), ("ray", "in a 401")]
)
def test_a_whole_study_keeps_its_key(executor: str, way: str, tmp_path: Path) -> None:
    if executor == "ray":
        pytest.importorskip("ray", reason="needs the extra ray")
    study = tmp_path / "study.yaml"
    with evil_server(REPEATING[way]) as (url, seen):
        endpoint = f'{{urls: ["{url}"], key_env: {ENV}}}'
        study.write_text(STUDY.format(name="canary", endpoint=endpoint), encoding="utf-8")
        said = ""
        for command in (
            ["run", "study.yaml", "--executor", executor],
            ["status", "canary"],
            ["status", "canary", "--json"],
            ["bundle", "runs/canary", "--output", "canary.json"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "polyteach.cli.main", *command],
                cwd=tmp_path,
                env=os.environ | {ENV: LONG},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert "Traceback" not in done.stderr
            said += done.stdout + done.stderr
    assert {sent for _, _, sent in seen} == {LONG}
    assert [form for form in forms(LONG) if form in said.encode()] == []
    assert (tmp_path / "runs" / "canary" / "status.json").exists()
    assert holding(tmp_path, LONG) == []


SECRET = "s3cr3t-canary"


@pytest.mark.parametrize(
    "endpoint",
    [
        f'{{urls: ["https://me:{SECRET}@host/v1"]}}',
        f'{{urls: ["https://{SECRET}@host/v1"]}}',
        f'{{urls: ["https://host/v1?api_key={SECRET}"]}}',
        f'{{urls: ["https://host/v1#api_key={SECRET}"]}}',
        f'{{urls: ["https://me:{SECRET}@[host/v1"]}}',
        f'{{urls: ["https://me:{SECRET}@host:99999/v1"]}}',
        f'{{urls: ["ftp://me:{SECRET}@host/v1"]}}',
        f'{{urls: ["file:///v1?{SECRET}"]}}',
        f'{{urls: ["file:///etc/{SECRET}"]}}',
        f'{{urls: ["https://host/v1"], key_env: "{SECRET}"}}',
        f'{{urls: ["https://host/v1"], api_key: "{SECRET}"}}',
        f'{{urls: ["https://host/v1"], key: "{SECRET}"}}',
        f'{{urls: ["https://host/v1"], headers: {{Authorization: "Bearer {SECRET}"}}}}',
    ],
)
def test_a_secret_in_a_study_is_refused_and_not_repeated(
    endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(STUDY.format(name="canary", endpoint=endpoint), encoding="utf-8")
    assert invoke(["run", str(study), "--output-dir", str(tmp_path / "out")]) == 2
    out, err = capsys.readouterr()
    assert "error: " in err
    assert SECRET not in out + err or endpoint.startswith('{urls: ["file:///etc')  # a path is no secret
    assert not (tmp_path / "out").exists() or not holding(tmp_path / "out", SECRET)


@pytest.mark.parametrize("mark", ["?", "#"])
def test_a_key_in_a_url_of_the_command_line_is_refused(
    mark: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "de.jsonl").write_text('{"prompt": "Was ist der Mond?"}\n', encoding="utf-8")
    command = ["synthesize", "--language", "de", "--seed-data", str(tmp_path / "de.jsonl"), "--rows", "1"]
    command += ["--method", "respond", "--output", str(tmp_path / "rows.parquet"), "--model", "tiny"]
    assert invoke([*command, "--url", f"https://127.0.0.1:1/v1{mark}key={SECRET}"]) == 2
    assert "holds a password or a query" in (err := capsys.readouterr().err)
    assert SECRET not in err


def test_a_shortened_text_holds_no_half_of_a_key() -> None:
    assert masked(f"no: {LONG}"[:20], LONG) == "no: ***"
    assert masked_answer(b'"' + LONG.replace("/", "\\/").encode() + b'"', LONG) == b'"***"'


def test_a_plan_says_which_key_goes_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    endpoint = "{urls: [http://collector.invalid:8443/v1], key_env: AWS_SECRET_ACCESS_KEY}"
    study = tmp_path / "study.yaml"
    study.write_text(STUDY.format(name="canary", endpoint=endpoint), encoding="utf-8")
    command = ["run", str(study), "--output-dir", str(tmp_path / "out"), "--dry-run"]
    assert invoke(command) == 0
    told = capsys.readouterr().out
    assert "key: what AWS_SECRET_ACCESS_KEY holds is sent to collector.invalid:8443" in told
    assert invoke([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["keys"] == {
        "AWS_SECRET_ACCESS_KEY": ["collector.invalid:8443"]
    }
