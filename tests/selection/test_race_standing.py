"""How a race stands: its cost, whether it goes on, who left when."""

import pytest

from polyteach.report.page import render_race
from polyteach.report.race import race as section
from polyteach.selection.race.standing import cost_of, is_over, standing_of

ROWS = [67, 200, 600]


def figure(value: float, reach: float = 0.01) -> dict:
    return {"value": value, "se": reach / 3, "low": value - reach, "high": value + reach}


def rung(number: int, gains: dict[str, float], left: list[str], **more) -> dict:
    """A rung in which every teacher's students took 10 tokens a row of a student."""
    order = sorted(gains, key=lambda name: -gains[name])
    leader = order[0]
    return {
        "rung": number,
        "share": "1/9",
        "rows": ROWS[number - 1],
        "epsilon": 0.05,
        "margin": 0.05,
        "alike": 0.01,
        "level": 0.98,
        "ran": sorted(gains),
        "undefined": None,
        "settled": False,
        "leader": leader,
        "remaining": [name for name in order if name not in left],
        "left": dict.fromkeys(left, f"behind {leader}"),
        "gains": {name: figure(value) for name, value in gains.items()},
        "gaps": {name: figure(gains[leader] - gains[name]) for name in order[1:]},
        "critical": 2.5,
        "trial_sd": 0.03,
        "trial_freedom": 12,
        "cost": {
            "reference_tokens": 1000,
            "teachers": {
                name: {
                    "student_tokens": 10 * ROWS[number - 1],
                    "requests": 30 * number,
                    "money": 0.1 * number,
                }
                for name in gains
            },
        },
    } | more


FIRST = rung(1, {"a": 0.1, "b": 0.09, "c": 0.02}, ["c"])
SECOND = rung(2, {"a": 0.4, "b": 0.3}, ["b"], settled=True)


# Three teachers, 10 tokens a row: 3 x 670 in the first rung, 2 x 2000 in the second. The full study is
# 3 x 6000 and the reference's 1000; the next rung would be 2 x 2000.
def test_cost_is_summed_and_foretold_in_proportion_to_rows() -> None:
    cost = cost_of([FIRST], ROWS)
    assert cost.teachers == 2010 and cost.reference == 1000
    assert cost.full == pytest.approx(1000 + 3 * 6000)
    assert cost.next_rung == pytest.approx(4000)
    after = cost_of([FIRST, SECOND], ROWS)
    assert after.teachers == 2010 + 4000 and after.full == pytest.approx(19_000)
    assert after.share == pytest.approx(7010 / 19_000)
    assert cost_of([FIRST, SECOND, rung(3, {"a": 0.5}, [])], ROWS).next_rung is None


def test_no_rung_starts_that_would_pass_the_cap() -> None:
    assert not is_over(standing_of("s", [FIRST], ROWS, 6010 / 18_000 + 1e-9))
    stopped = standing_of("s", [FIRST], ROWS, 6010 / 18_000 - 1e-3)
    assert is_over(stopped) and stopped["verdict"]["kind"] == "tied"
    assert stopped["verdict"]["teachers"] == ["a", "b"]
    assert "33%" in stopped["why_over"]


def test_who_could_not_be_compared_is_not_called_behind() -> None:
    lost = rung(1, {"a": 0.1, "b": 0.09}, []) | {"ran": ["a", "b", "c"], "left": {"c": "not compared"}}
    lost["cost"]["teachers"]["c"] = lost["cost"]["teachers"]["a"]
    assert "but for 1 not compared." in standing_of("s", [lost], ROWS, None)["verdict"]["text"]


def test_a_small_field_may_run_its_second_rung() -> None:
    """Two teachers: 1,340 and 4,000 of 12,000 tokens; with a reference of 6,000 it were 11,340 of 18,000."""
    small = rung(1, {"a": 0.1, "b": 0.09}, [])
    small["cost"]["reference_tokens"] = 6000
    race = standing_of("s", [small], ROWS, 0.5)
    assert race["cost"]["full_study"] == 18_000 and race["cost"]["share"] == pytest.approx(7340 / 18_000)
    assert not is_over(race)


def test_a_settled_race_says_who_left_when_and_at_what_cost() -> None:
    race = standing_of("s", [FIRST, SECOND], ROWS, None)
    assert race["state"] == "over" and race["verdict"]["kind"] == "found"
    assert [(one["teacher"], one["left_at"]) for one in race["teachers"]] == [("a", None), ("b", 2), ("c", 1)]
    assert race["teachers"][1]["student_tokens"] == 670 + 2000
    assert race["teachers"][1]["requests"] == 60  # a rung's requests are those of earlier rungs too
    assert race["cost"]["student_tokens"] == 7010


def test_nobody_compared_is_undefined_and_nobody_left_is_inconclusive() -> None:
    nothing = rung(1, {"a": 0.1, "b": 0.09}, [], undefined="no benchmark counts in any language")
    assert standing_of("s", [nothing], ROWS, None)["verdict"]["kind"] == "undefined"
    last = [rung(at, {"a": 0.1, "b": 0.09}, []) for at in (1, 2, 3)]
    race = standing_of("s", last, ROWS, None)
    assert race["verdict"]["kind"] == "inconclusive" and race["why_over"] == "this was the last rung"


def test_the_page_shows_text_as_text_and_who_left() -> None:
    hostile = "<script>alert(1)</script>"
    race = standing_of("s", [rung(1, {"a": 0.4, hostile: 0.1}, [hostile], settled=True)], ROWS, None)
    page = render_race(race, "name: <b>\n")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    shown = section(race)
    assert [(row["teacher"], row["left_at"]) for row in shown["rows"]] == [
        ("a", None),
        (hostile, 1),
    ]
    assert "(left)" in shown["rungs"][0]["chart"].description
