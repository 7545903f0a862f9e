from dataclasses import replace
from pathlib import Path

import pytest
from toy_steps import toy

from polyteach.steps import digest_of, rng_seed_of


def test_the_key_follows_settings_version_and_inputs_but_not_id_or_location() -> None:
    step = toy("a", toy("parent"), text="x")
    assert replace(step, id="b", locations={"model": "/elsewhere"}).key == step.key
    changed = [
        replace(step, version=2),
        replace(step, kind="other"),
        replace(step, settings={"text": "y"}),
        replace(step, inputs={"parent": toy("parent", text="changed")}),
        replace(step, inputs={"other name": toy("parent")}),
    ]
    keys = {step.key, *(other.key for other in changed)}
    assert len(keys) == 1 + len(changed)


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": [1.5, None, "ü"]}) == digest_of({"b": [1.5, None, "ü"], "a": 1})


@pytest.mark.parametrize("value", [Path("x"), {1, 2}, object(), b"bytes"])
def test_what_is_not_plain_data_has_no_digest(value: object) -> None:
    with pytest.raises(TypeError):
        digest_of({"setting": value})


def test_a_number_that_is_not_finite_has_no_digest() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_of(float("nan"))


def test_an_rng_seed_is_the_one_that_finished_runs_have() -> None:
    assert rng_seed_of(7, "synthesis", "de") == 823_132_940  # another number would make everything anew
    assert rng_seed_of(7, "synthesis", "ja") != rng_seed_of(7, "synthesis", "de")
    assert rng_seed_of(7, 1) != rng_seed_of(71)
