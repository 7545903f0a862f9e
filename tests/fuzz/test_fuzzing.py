"""Each target of the fuzzing for a few seconds, and whether the fuzzing sees what it is to see."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzzing.answer_files import answer_target
from fuzzing.case import Case
from fuzzing.data_files import data_target
from fuzzing.exploring import Target
from fuzzing.result_files import result_target
from fuzzing.small_run import make_small_run
from fuzzing.study_files import study_target
from fuzzing.watching import ACCEPTED, REFUSED, WRONG, watch
from hypothesis import HealthCheck, Phase, given, settings

EXAMPLES = 60
TARGETS: dict[str, Callable[[Path], Target]] = {
    "study": lambda folder: study_target(),
    "data": data_target,
    "results": result_target,
    "answers": answer_target,
}


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "small"
    make_small_run(folder)
    return folder


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_ends_in_a_result_or_in_a_message(name: str, small_run: Path, tmp_path: Path) -> None:
    target, outcomes = TARGETS[name](small_run), Counter[str]()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.cases)
    def run(case: Case) -> None:
        ended = target.watch(case, tmp_path)
        outcomes[ended.kind] += 1
        assert ended.kind != WRONG, f"{case.action}: {ended.said}"

    run()
    assert outcomes[ACCEPTED] and outcomes[REFUSED], "what is tried is either always right or always wrong"


def _refuse(folder: Path) -> int:
    print("error: a.csv:3: prompt: is no row\n  fix: mend it", file=sys.stderr)
    return 2


def _write_outside(folder: Path) -> int:
    (folder.parent / "outside").write_text("x", encoding="utf-8")
    return 0


def _speak(folder: Path) -> int:
    print("\x1b[31mred")
    return 0


def _no_fix(folder: Path) -> int:
    print("error: it is wrong", file=sys.stderr)
    return 2


def _no_number(folder: Path) -> int:
    print('{"value": NaN}')
    return 0


@pytest.mark.parametrize(
    ("action", "kind", "sign"),
    [
        (lambda folder: 0, ACCEPTED, ""),
        (_refuse, REFUSED, "is no row"),
        (_write_outside, WRONG, "changed a file outside"),
        (_speak, WRONG, r"shows '\x1b'"),
        (_no_fix, WRONG, "no fix: it is wrong"),
        (_no_number, WRONG, "stdout is no JSON"),
        (lambda folder: 1, WRONG, "exit code 1"),
        (lambda folder: int("x"), WRONG, "ValueError at test_fuzzing.py"),
        (lambda folder: len(tempfile.mkdtemp()) * 0, ACCEPTED, ""),
    ],
)
def test_the_fuzzing_sees_what_is_wrong(
    action: Callable[[Path], int], kind: str, sign: str, tmp_path: Path
) -> None:
    ended = watch(Case("a", {"b/c.txt": b"d"}), action, tmp_path, None)
    assert (ended.kind, ended.sign[: len(sign)]) == (kind, sign)


def test_a_case_that_is_kept_is_the_same_again(tmp_path: Path) -> None:
    case = Case("dry-run", {"study.yaml": b"\xff\x00", "a/b.bin": b""})
    case.save(tmp_path, "study")
    assert Case.load(tmp_path) == ("study", case)
