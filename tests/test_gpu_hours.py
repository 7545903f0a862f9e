"""GPU hours and money by hand."""

from __future__ import annotations

import pytest

from polyteach.gpu_hours import gpu_hours, money_unasked
from polyteach.models.prices import Price
from polyteach.models.sizes import named_parameters
from polyteach.workload import Load, is_private


@pytest.mark.parametrize(
    ("load", "h100"),
    [
        # 6 x 1e9 x 1e9 operations at 989.4e12 x .4 a second: 15,160.7 s
        (Load("students", "a", 1e9, trained=10**9), 4.21130),
        (Load("students", "a", 1e9, trained=10**9, frozen=True), 4.21130 * 4 / 6),
        (Load("quality", "a", 1e9, read=10**9), 4.21130 * 2 / 6),
        (Load("synthesis", "a", 1e9, written=10**9), 4.21130 * 2 / 6 * 4),  # at .1
    ],
)
def test_hours_of_one_load(load: Load, h100: float) -> None:
    found = gpu_hours([load])
    assert found["hours"]["H100"] == pytest.approx(h100, rel=1e-5)
    assert found["hours"]["A100"] == pytest.approx(h100 * 989.4 / 312, rel=1e-5)
    assert found["unknown"] == []


def test_what_is_not_known_or_not_ones_own_is_in_no_sum() -> None:
    own = Load("students", "a", 1e9, trained=10**9)
    unsized = Load("students", "b", None, trained=10**9)
    uncounted = Load("examination", "a", 1e9, unknown="how many items x has in de")
    found = gpu_hours([own, unsized, uncounted, Load("synthesis", "c", 9e9, written=10**9, hosted=True)])
    assert found["hours"] == gpu_hours([own])["hours"]
    assert found["unknown"] == ["how many items x has in de", "the parameters of b"]
    assert [(part["model"], part["hours"] is None) for part in found["parts"]] == [
        ("a", False),
        ("b", True),
        ("a", False),
    ]


def test_money_before_anything_is_asked() -> None:
    price = Price(2.0, 10.0, 2.0, "me", longer=(1000, Price(4.0, 20.0, 4.0, "me")))
    short = Load(
        "synthesis", "x", None, read=500_000, written=100_000, requests=1000, hosted=True, price=price
    )
    long = Load(
        "synthesis", "x", None, read=2_000_000, written=100_000, requests=1000, hosted=True, price=price
    )
    unpriced = Load("synthesis", "y", None, read=1, written=1, requests=1, hosted=True)
    here = Load("quality", "z", 1e9, read=1, requests=1)
    found = money_unasked([short, long, unpriced, here])
    # A request of 500 tokens and its 100: .5 x 2 + .1 x 10 for a thousand; of 2,000, by the longer price,
    # 2 x 4 + .1 x 20.
    assert found["value"] == pytest.approx(1 + 1 + 8 + 2)
    assert found["unknown"] == ["y"]
    assert [part["requests"] for part in found["parts"]] == [2000, 1]
    assert money_unasked([unpriced])["value"] is None


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("google/gemma-3-27b-it", 27e9),
        ("allenai/Olmo-3-1025-7B", 7e9),
        ("facebook/nllb-200-3.3B", 3.3e9),
        ("HuggingFaceTB/SmolLM2-135M", 135e6),
        ("gemma3:4b", 4e9),
        ("unsloth/gemma-3-27b-it-bnb-4bit", 27e9),
        ("mistralai/Mixtral-8x7B-v0.1", None),
        ("ibm-granite/granite-4.0-micro", None),
        ("70b-lab/model", None),
        ("a/merge-7b-of-13b", None),
    ],
)
def test_parameters_by_name(name: str, parameters: float | None) -> None:
    assert named_parameters(name) == parameters


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://10.0.0.7:8000/v1", True),
        ("http://gpu-node:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8/v1", False),
    ],
)
def test_private_servers(url: str, private: bool) -> None:
    assert is_private(url) is private
