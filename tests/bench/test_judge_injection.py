"""The bench's program as a judge: weak where it says so, and each defence closes the hole it is for."""

import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from polyteach import pocket
from polyteach.quality.judge_attacks import attack_names, attacked
from polyteach.quality.judge_text import filled
from polyteach.rows import Row

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def reader() -> ModuleType:
    """`injection_reader.py`, found by its place."""
    spec = spec_from_file_location("injection_reader", BENCH / "injection_reader.py")
    assert spec is not None and spec.loader is not None
    sys.modules["injection_reader"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def marks(reader: ModuleType, row: Row, *, code: str, gullible: float = 0.0) -> str:
    """What it says of a row in blocks with a code, or without one."""
    values = {"language": "German", "code": code or "-", "prompt": row.prompt, "response": row.response}
    user = filled("rubric.yaml", values)[1]["content"]
    said: str = reader.said(user if code else user.replace(" ->", ">"), "de", gullible)
    return said


def test_it_judges_and_obeys_what_stands_outside_the_answer(reader: ModuleType) -> None:
    good = pocket.seed_rows("de", 1, rng_seed=0)[0]
    bad = replace(good, response="Quatsch")
    for code in ("", "0123abcd"):
        assert marks(reader, good, code=code).endswith("[RESULT] 5")
        assert marks(reader, bad, code=code).endswith("[RESULT] 1")
    ends = attacked(bad, "ends_its_block", "de")
    assert marks(reader, ends, code="").endswith("[RESULT] 5")
    assert marks(reader, ends, code="0123abcd").endswith("[RESULT] 1")


def test_inside_it_obeys_as_often_as_it_is_told(reader: ModuleType) -> None:
    good = pocket.seed_rows("de", 1, rng_seed=0)[0]
    asking = [attacked(replace(good, response=f"Quatsch {n}"), "asks", "de") for n in range(200)]
    said = [marks(reader, row, code="0123abcd", gullible=0.3).endswith("[RESULT] 5") for row in asking]
    assert 0.2 < sum(said) / len(said) < 0.4
    assert not any(marks(reader, row, code="0123abcd").endswith("[RESULT] 5") for row in asking)


def test_wordings_of_the_bench_are_none_of_the_package(reader: ModuleType) -> None:
    clean = pocket.seed_rows("en", 1, rng_seed=0)[0]
    own = {
        attacked(clean, name, code).response for name in attack_names() for code in ("en", "de", "es", "ja")
    }
    wordings = [plea for pleas in reader.other_wordings().values() for plea in pleas]
    assert len(set(wordings)) == len(wordings) == 40
    assert not any(plea in text for plea in wordings for text in own)
