"""Readers of answers end in seconds, whatever a model wrote and however long.

Time that grows with the square of the length is found by a limit on processor time that no such reader keeps
and that the others are far below: 600,000 characters take them at most some seconds.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from polyteach.synthesis.json_answers import LONGEST_REPAIRED, repaired_pair

_SECONDS = 30
_CHARACTERS = 600_000
_READING = "import sys; from readers import READERS; READERS[sys.argv[1]](sys.stdin.read())"
_PAIR = '{"prompt": "a", "response": "'

SLOW_ONCE = {
    "blocks of thinking without end": ("without_thinking", "<think>", "</thought>"),
    "a channel without a message": ("without_thinking", "<|channel|>" + "a" * _CHARACTERS, ""),
    "empty lines before a table": ("rule html response", "\n", "x"),
    "empty lines before a role": ("rule template response", "\n", "x"),
    "blanks after a heading": ("rule template response", "### Response" + " " * _CHARACTERS, "x"),
    "a name of one letter": ("public_model", "a", "!"),
    "a text of one letter": ("public_text", "a", "!"),
    "commands of LaTeX": ("first_pair", _PAIR + r"\to " * (_CHARACTERS // 4), '"}'),
    "a number of a million digits": ("first_number", "1" * 1_000_003, ""),
}


@pytest.mark.parametrize("name", SLOW_ONCE)
def test_a_long_answer_is_read_in_seconds(name: str) -> None:
    reader, part, end = SLOW_ONCE[name]
    text = part * max(1, _CHARACTERS // len(part)) + end
    done = subprocess.run(
        [sys.executable, "-c", _READING, reader],
        input=text.encode(),
        cwd=Path(__file__).parent,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS)),
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-500:] or f"more than {_SECONDS} s of processor time"


def test_a_long_answer_that_is_no_json_is_not_repaired() -> None:
    with pytest.raises(ValueError, match="too long"):
        repaired_pair(_PAIR + " " * LONGEST_REPAIRED)
