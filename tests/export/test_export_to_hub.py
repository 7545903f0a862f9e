"""Pushing to a hub: what goes where is said first; private; never with the token in a message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from push_hub import READ_ONLY, TOKEN, PushHub, start_push_hub

NAME = "lab/german"


@pytest.fixture
def hub() -> Iterator[PushHub]:
    with start_push_hub() as running:
        yield running


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [
        {"prompt": f"Was ist {n}?", "response": f"{n} ist eine Zahl.", "language": "de"} for n in range(4)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def push(
    hub: PushHub, rows: Path, *options: str, token: str = TOKEN, home: Path
) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own: the hub's library reads its address when it is imported."""
    taken_away = ("HF_HUB_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN")
    environment = {name: value for name, value in os.environ.items() if name not in taken_away}
    environment |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(home)} | ({"HF_TOKEN": token} if token else {})
    command = [sys.executable, "-m", "polyteach.cli.main", "export", str(rows)]
    command += ["--output", str(rows.parent / "out"), "--push-to-hub", NAME, *options]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert TOKEN not in done.stdout + done.stderr
    assert READ_ONLY not in done.stdout + done.stderr
    return done


def test_a_set_is_pushed_privately_and_only_its_own_files(hub: PushHub, rows: Path, tmp_path: Path) -> None:
    output = rows.parent / "out"
    done = push(hub, rows, "--yes", "--json", home=tmp_path / "hf")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hub"] == f"{hub.url}/datasets/{NAME}"
    assert hub.repos == {NAME: True}
    sent = hub.files[NAME]
    assert set(sent) == {"README.md", "polyteach-export.json", "data/train.parquet"}
    assert all(content == (output / name).read_bytes() for name, content in sent.items())
    assert 'load_dataset("lab/german")' in sent["README.md"].decode()
    assert "private" in done.stderr and "data/train.parquet (" in done.stderr
    (output / "diary.txt").write_text("mine", encoding="utf-8")
    again = push(hub, rows, "--yes", home=tmp_path / "hf")
    assert again.returncode == 2 and "is there already" in again.stderr and "--force" in again.stderr
    assert hub.commits == 1
    over = push(hub, rows, "--yes", "--force", home=tmp_path / "hf")
    assert over.returncode == 0, over.stderr
    assert hub.commits == 2 and "diary.txt" not in hub.files[NAME]


def test_public_only_where_it_is_asked_for(rows: Path, tmp_path: Path) -> None:
    with start_push_hub() as hub:
        assert push(hub, rows, "--yes", "--public", home=tmp_path / "hf").returncode == 0
        assert hub.repos == {NAME: False}
        refused = push(hub, rows, "--yes", "--force", home=tmp_path / "hf")
        assert refused.returncode == 2 and "it is public" in refused.stderr
        assert hub.commits == 1, "what is to be private is not put where everybody reads"
    gone = push(hub, rows, "--yes", home=tmp_path / "hf")
    assert gone.returncode == 2 and "the hub cannot be reached" in gone.stderr
    assert (rows.parent / "out" / "README.md").is_file() and "Traceback" not in gone.stderr


@pytest.mark.parametrize(
    ("options", "token", "said"),
    [
        ((), TOKEN, "--yes"),
        (("--yes",), "", "no token"),
        (("--yes",), "hf_wrong", "does not know the token"),
        (("--yes",), READ_ONLY, "no right to write"),
    ],
)
def test_what_stands_in_the_way_is_one_message(
    hub: PushHub, rows: Path, tmp_path: Path, options: tuple[str, ...], token: str, said: str
) -> None:
    done = push(hub, rows, *options, token=token, home=tmp_path / "hf")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert not hub.files and not hub.repos
    if not options or not token:
        assert not hub.asked, "nothing was asked of the hub"
        assert not (rows.parent / "out").exists(), "and nothing was written"
