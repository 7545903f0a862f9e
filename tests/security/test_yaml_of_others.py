"""YAML of others: objects, bombs and depths are one message, and cost little time and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from polyteach.errors import UserError
from polyteach.study.load import load_study, parse_yaml

HERE = Path("study.yaml")


def laughs(line: str) -> str:
    """Nine lines; each has the one before nine times: a billion values."""
    first = "a0: &a0 {x: 1}"
    return "\n".join([first, *(line.format(n, ",".join([f"*a{n - 1}"] * 9)) for n in range(1, 10))])


BOMBS = {
    "lists of aliases": (laughs("a{0}: &a{0} [{1}]"), "more than 100,000 values"),
    "merged aliases": (
        laughs("a{0}: &a{0} {{{{<<: [{1}]}}}}".replace("{{{{", "{{").replace("}}}}", "}}")),
        "more than",
    ),
    "a list in itself": ("a: &a [*a]", "nested too deep"),
    "a mapping merged into itself": ("a: &a {<<: *a}", "nested too deep"),
    "brackets": ("[" * 100_000, "nested too deep"),
    "braces": ("{a: " * 20_000, "nested too deep"),
    "dashes": ("- " * 5_000, "nested too deep"),
    "base 60": ("a: 1" + ":59" * 300_000, "a number of more than 100 digits"),
    "digits": ("a: " + "9" * 1_000_000, "a value is not what it looks like"),
    "a huge file": ("a: " + "x" * 2_000_000, "more than 2,000,000 characters"),
    "many values": ("- a\n" * 110_000, "more than 100,000 values"),
}
OBJECTS = (
    "a: !!python/object/apply:os.mkdir ['TRACE']",
    "a: !!python/object/new:os.mkdir ['TRACE']",
    "!!python/object/apply:subprocess.check_output [[mkdir, 'TRACE']]",
    "a: !!python/name:os.system",
    "a: !function utils.run",
    "? !!python/object/apply:os.mkdir ['TRACE']\n: a",
)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_message(name: str) -> None:
    text, said = BOMBS[name]
    began = time.process_time()
    with pytest.raises(UserError, match=said):
        parse_yaml(text, HERE)
    assert time.process_time() - began < 10  # without the limits: minutes, or until memory ends


@pytest.mark.parametrize("text", OBJECTS)
def test_yaml_makes_no_objects(text: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        parse_yaml(text.replace("TRACE", str(tmp_path / "trace")), HERE)
    assert not (tmp_path / "trace").exists()


def test_a_file_without_end_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "study.yaml").open("wb") as file:
        file.truncate(2**40)  # a terabyte of nothing
    with pytest.raises(UserError, match="more than 2,000,000 characters"):
        load_study(tmp_path / "study.yaml")


def test_a_bomb_takes_no_memory() -> None:
    """In a process that may have 600 MB more than it begins with."""
    program = (
        "import resource, sys; from pathlib import Path; from polyteach.study.load import parse_yaml;"
        "from polyteach.errors import UserError\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize();"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 600 * 2**20,) * 2)\n"
        "try: parse_yaml(sys.stdin.read(), Path('a'))\n"
        "except UserError: print('refused')"
    )
    if not Path("/proc/self/statm").exists() or not hasattr(resource, "RLIMIT_AS"):
        pytest.skip("only Linux tells a process's memory like this")
    for name in ("lists of aliases", "merged aliases"):
        done = subprocess.run(
            [sys.executable, "-c", program], input=BOMBS[name][0], capture_output=True, text=True, timeout=120
        )
        assert done.stdout == "refused\n", done.stderr[-500:]
