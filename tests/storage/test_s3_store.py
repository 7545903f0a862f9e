"""A store in an object store, on a real S3 server of this machine."""

from __future__ import annotations

import http.client
import http.server
import json
import logging
import socketserver
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from counted import chain, counted, in_another_process, works

from polyteach.artifacts import LARGE, Damaged, Store
from polyteach.errors import UserError
from polyteach.object_store import ObjectStore

SCREEN = """
name: stored
languages: [de]
teachers: [{name: wrong, simulated: {error: 0.3}}]
seed_data: [{pocket: 80}]
synthesis: {rows_per_method: 40, methods: [respond]}
"""


def opened(bucket: str, cache: Path) -> Store:
    store = Store.open(f"s3://{bucket}/a/b", cache, run=cache.name)
    store.prepare()
    return store


def keys(s3: Any, bucket: str) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_what_one_machine_made_another_one_finds(s3: Any, bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    steps = chain(log, 3)
    here = opened(bucket, tmp_path / "here")
    for step in steps:
        here.make(step)
    there = opened(bucket, tmp_path / "there")
    found = there.find(steps[-1])
    assert found and found.reused
    assert (found.path / "text").read_bytes() == b"s0s1s2"
    assert (found.path / "sub" / "weights").read_bytes() == b"\x07" * 10
    assert there.make(counted("s3", log, steps[-1])).path.is_dir()
    assert works(log) == ["s0", "s1", "s2", "s3"]
    assert not [key for key in keys(s3, bucket) if "/locks/" in key]  # all leases were given back


def test_large_files_come_when_a_step_reads_them(bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    step = counted("a", log, bytes=LARGE + 1)
    opened(bucket, tmp_path / "here").make(step)
    there = opened(bucket, tmp_path / "there")
    found = there.find(step)
    assert found and not (found.path / "sub" / "weights").exists()
    there.make(counted("b", log, step))
    assert (found.path / "sub" / "weights").stat().st_size == LARGE + 1


def test_a_bit_flipped_on_the_server_is_never_read(s3: Any, bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    first, second = chain(log, 2)
    opened(bucket, tmp_path / "here").make(first)
    (key,) = [key for key in keys(s3, bucket) if "/text." in key]
    s3.put_object(Bucket=bucket, Key=key, Body=b"r0")
    there = opened(bucket, tmp_path / "there")
    with pytest.raises(Damaged, match="text"):
        there.find(first)
    made = there.make(second)
    assert (made.path / "text").read_bytes() == b"s0s1"
    assert works(log) == ["s0", "s0", "s1"]
    assert opened(bucket, tmp_path / "third").find(first)  # mended for all


def test_a_bit_flipped_in_the_cache_is_fetched_anew(bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    first, second = chain(log, 2)
    store = opened(bucket, tmp_path / "here")
    made = store.make(first)
    (made.path / "text").write_bytes(b"r0")
    assert (store.make(second).path / "text").read_bytes() == b"s0s1"
    assert works(log) == ["s0", "s1"]


def test_without_its_manifest_there_is_no_artifact(s3: Any, bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    (step,) = chain(log, 1)
    opened(bucket, tmp_path / "here").make(step)
    s3.delete_object(Bucket=bucket, Key=f"a/b/counted/{step.key}/manifest.json")
    there = opened(bucket, tmp_path / "there")
    assert there.find(step) is None
    there.make(step)
    assert works(log) == ["s0", "s0"]


def test_three_machines_share_a_chain_of_steps(s3: Any, bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    url = f"s3://{bucket}/a/b"
    processes = [in_another_process("make_chain", url, tmp_path / f"m{n}", log, 4, 0.2) for n in range(3)]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert works(log) == ["s0", "s1", "s2", "s3"]
    assert not [key for key in keys(s3, bucket) if "/locks/" in key]


def test_who_comes_second_keeps_what_is_there(bucket: str, tmp_path: Path) -> None:
    """A lease was lost: two machines made the same, and the first to publish has it."""
    log = tmp_path / "log"
    (step,) = chain(log, 1)
    first = opened(bucket, tmp_path / "first").make(step)
    objects = ObjectStore(f"s3://{bucket}/a/b")
    manifest = json.loads((first.path / "manifest.json").read_bytes())
    other = json.dumps(manifest | {"seconds": 9.0}).encode()
    assert objects.publish(f"counted/{step.key}", first.path, other, replace=False) is False
    found = opened(bucket, tmp_path / "third").find(step)
    assert found and found.manifest["seconds"] == manifest["seconds"]


@pytest.mark.parametrize("url", ["memory://x/y", "gs://bucket/p", "https://host/p", "s3:///p"])
def test_other_urls_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no store that is supported"):
        Store.open(url, tmp_path)


@pytest.mark.usefixtures("s3_server")
def test_a_missing_bucket_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no bucket no-such"):
        Store.open("s3://no-such/a", tmp_path).prepare()


def test_a_server_that_is_gone_is_told_after_a_while(
    bucket: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    pytest.importorskip("s3fs").S3FileSystem.clear_instance_cache()  # it would go on asking the other one
    objects = ObjectStore(f"s3://{bucket}/gone", patience_seconds=1.0)
    with caplog.at_level(logging.WARNING), pytest.raises(UserError, match="not answered for 1 s") as told:
        objects.manifest("counted/x")
    assert "what was finished is kept" in (told.value.fix or "")
    assert "asking again" in caplog.text
    assert "nothing" not in str(told.value)  # the secret of these tests
    pytest.importorskip("s3fs").S3FileSystem.clear_instance_cache()


def screened(study: Path, output: Path, bucket: str) -> tuple[dict[str, Any], bytes]:
    command = [sys.executable, "-m", "polyteach.cli.main", "screen", str(study), "--json", "--workers", "1"]
    done = subprocess.run(
        [*command, "--output-dir", str(output), "--store", f"s3://{bucket}/shared"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (results,) = output.glob("runs/*/screen.json")
    return json.loads(done.stdout), results.read_bytes()


def test_a_command_on_another_machine_has_nothing_left_to_do(bucket: str, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(SCREEN)
    first, results = screened(study, tmp_path / "one", bucket)
    second, same = screened(study, tmp_path / "two", bucket)
    assert first["steps"]["made"] > 0
    assert second["steps"] == {**second["steps"], "made": 0, "reused": first["steps"]["made"]}
    assert results == same


class _Cutting(socketserver.ThreadingTCPServer):
    """Lies before the server: cuts off the first answer to a GET in its body, and passes on all others."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, server: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.behind = urlsplit(server)
        self.cut = 0


class _Passing(http.server.BaseHTTPRequestHandler):
    server: _Cutting

    def do_GET(self) -> None:
        behind = http.client.HTTPConnection(str(self.server.behind.hostname), self.server.behind.port)
        behind.request("GET", self.path, headers=dict(self.headers))
        answer = behind.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        if answer.status == 200 and not self.server.cut:
            self.server.cut += 1
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def test_an_answer_that_is_cut_off_is_asked_for_again(
    s3_server: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (step,) = chain(tmp_path / "log", 1)
    opened(bucket, tmp_path / "here").make(step)
    s3fs = pytest.importorskip("s3fs")
    with _Cutting(s3_server) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_address[1]}")
        s3fs.S3FileSystem.clear_instance_cache()
        content = ObjectStore(f"s3://{bucket}/a/b").manifest(f"counted/{step.key}")
        s3fs.S3FileSystem.clear_instance_cache()
        proxy.shutdown()
    assert proxy.cut == 1
    assert content and json.loads(content)["key"] == step.key


def test_more_objects_than_one_answer_lists(s3: Any, bucket: str) -> None:
    paths = [f"kind/{number:04}" for number in range(1003)]
    for path in paths:
        s3.put_object(Bucket=bucket, Key=f"a/b/{path}", Body=b"x")
    s3.put_object(Bucket=bucket, Key="a/bc", Body=b"of another store")
    objects = ObjectStore(f"s3://{bucket}/a/b")
    assert [(one.path, one.size) for one in objects.find()] == [(path, 1) for path in paths]
    assert list(objects.find("locks/")) == []
    objects.delete(paths)
    assert [*objects.find()] == []
    assert keys(s3, bucket) == ["a/bc"]
