"""A server that sends too much, for ever, or what swells up, costs neither memory nor time without end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from evil_server import UNENDING, evil_server

from polyteach.models.endpoint.settings import fault_of_url

_MOST_MEGABYTES = 600  # with all that is imported
_CLIENT = """
import sys
from pathlib import Path
from polyteach.models.asks import Ask, Sampling
from polyteach.models.endpoint import EndpointAnswerer, EndpointSettings
from polyteach.models.journal import Journal
from polyteach.steps import SilentProgress

how = {"attempts": 2, "backoff_seconds": .01, "total_timeout_seconds": float(sys.argv[3])}
settings = EndpointSettings(urls=(sys.argv[1],), model="tiny", **how)
asks = [Ask.of("tiny", [{"role": "user", "content": "Frage"}], Sampling(50), number=1, rng_seed=1)]
with Journal(Path(sys.argv[2]), "test") as journal:
    outcome = EndpointAnswerer(settings).answer(asks, journal, SilentProgress())
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
print(dict(outcome.unanswered))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("kind", UNENDING)
def test_an_answer_that_would_not_end_is_left(kind: str, tmp_path: Path) -> None:
    answer, reason = UNENDING[kind]
    seconds = "1" if reason == "timeout" else "60"
    with evil_server(answer) as (url, seen):
        done = subprocess.run(
            [sys.executable, "-c", _CLIENT, url, str(tmp_path / "journal.sqlite"), seconds],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    megabytes, told = done.stdout.split("\n")[:2]
    assert told == str({reason: 1})
    assert len(seen) == 2
    assert int(megabytes) < _MOST_MEGABYTES


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/v1", "unix:///run/x.sock", "data:text/plain,x", "//host/v1"]
)
def test_what_is_no_web_address_is_asked_nothing(url: str) -> None:
    assert "is no URL" in (fault_of_url(url) or "")
