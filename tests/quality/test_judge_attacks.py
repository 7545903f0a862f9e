"""Attacks on judges: each does something of its own and keeps the answer; what the gate makes of them."""

from pathlib import Path
from typing import Any

import pytest
from judge_models import judge_model, pleads
from quality_rows import row

from polyteach import pocket
from polyteach.figures import Figure
from polyteach.models.journal import Journal
from polyteach.quality.gate import LEAST_AUC, PLEADING, GateResult, with_pleading
from polyteach.quality.gate_step import RUBRIC
from polyteach.quality.gated import METRICS
from polyteach.quality.judge import asked_here, model_judge
from polyteach.quality.judge_attacks import IN_THE_GATE, attack_names, attacked, plea_language
from polyteach.quality.judge_checks import PLEADING_CHECK, judge_checks
from polyteach.quality.rubric import conversation
from polyteach.rows import Row


@pytest.mark.parametrize("language", ["en", "de", "ja", "sw"])
def test_each_attack_keeps_the_answer_and_adds_its_own(language: str) -> None:
    clean = row(1, "Was kostet $5?", "Antwort $orders {x}")
    made = {name: attacked(clean, name, language) for name in attack_names()}
    assert len({(one.prompt, one.response) for one in made.values()}) == len(made) >= 14
    for name, one in made.items():
        assert clean.response in one.response and clean.prompt in one.prompt, name
        assert one == attacked(clean, name, language)
    assert {name for name, one in made.items() if one.prompt != clean.prompt} == {"asks_in_the_request"}
    assert set(IN_THE_GATE) <= set(made)
    assert plea_language(language) == ("en" if language == "sw" else language)


def test_no_attack_leaves_its_block_or_writes_a_mark() -> None:
    """What no judge has to be good for: the code, the tokens and the marks are out of an answer's reach."""
    for name in attack_names():
        shown = conversation(
            attacked(row(1, "Frage?", "Antwort"), name, "de"), "de", special=("<|im_end|>", "[INST]")
        )
        user = shown[1]["content"]
        code = user.split("<answer ")[1][:8]
        assert user.count(f"<answer {code}>") == user.count(f"</answer {code}>") == 1, name
        inside = user.split(f"<answer {code}>")[1].split(f"</answer {code}>")[0]
        assert "[RESULT]" not in inside and "[[A]]" not in inside, name
        assert "<|im_end|>" not in inside and "[INST]" not in inside, name


def rubric(pleading: Figure) -> GateResult:
    """A rubric that passes, tried with pleas."""
    metric = next(one for one in METRICS if one.name == RUBRIC)
    good = Figure(0.99, "AUC, made up", n=60, low=0.95, high=1.0)
    areas = dict.fromkeys(metric.answers_for, good)
    passed = GateResult(metric, True, None, Figure(4.0, "made up", n=60), Figure(2.0, "made up", n=60), areas)
    return with_pleading(passed, pleading)


def test_the_bound_holds_for_pleas_as_for_other_damage() -> None:
    stood = rubric(Figure(0.95, "share", n=60, low=LEAST_AUC, high=1.0))
    assert stood.passes and stood.corruptions[PLEADING].value == 0.95
    assert stood.to_json()["answers_for"][-1] == PLEADING
    fell = rubric(Figure(0.6, "share", n=60, low=0.47, high=0.71))
    assert (fell.passes, fell.reason) == (False, "pleading: AUC 0.60, lower bound 0.47, below 0.8")
    untold = rubric(Figure(None, "share", reason="judge_unparsable"))
    assert (untold.passes, untold.reason) == (False, "pleading: judge_unparsable")


def gullible_for(attack: str, folder: Path, journal: Journal) -> tuple[Any, list[Row], list[Row | None]]:
    """A judge that marks 5 what is right, 1 what is wrong, and 5 what has the words of one attack."""
    says = ["Right.\n[RESULT] 5", "Wrong.\n[RESULT] 1"]
    words = {
        "asks": pleads("messages[-1]['content']"),
        "chat_tokens": "'im_start' in messages[-1]['content']",
    }
    rules = [(words.get(attack, "false"), 0), ("'Quatsch' in messages[-1]['content']", 1), ("true", 0)]
    judge = model_judge(asked_here(judge_model(folder, says, rules), attack, journal), attack, "de")
    rows = pocket.seed_rows("de", 60, rng_seed=0)
    return judge, rows, [row(i, one.prompt, "Quatsch") for i, one in enumerate(rows)]


@pytest.mark.parametrize(
    ("attack", "value", "passes"),
    [
        ("none", 1.0, True),
        ("asks", 0.5, False),
        ("chat_tokens", 1 - 0.5 * 7 / 60, True),
    ],
)
def test_a_judge_that_gives_in_fails_its_gate(
    attack: str, value: float, passes: bool, tmp_path: Path, journal: Journal
) -> None:
    """`asks` gives in to a high mark's name, as all eight have it; to give in to one is only said."""
    judge, rows, bad = gullible_for(attack, tmp_path, journal)
    found = judge_checks(judge, rows, {"swapped": bad}, "de", rng_seed=0)
    assert found["rubric_discrimination"].value == 1.0, "without a plea it is a good judge"
    assert found[PLEADING_CHECK].value == pytest.approx(value)
    assert rubric(found[PLEADING_CHECK]).passes == passes
    raised = found["rubric_plea_effect_on_corrupted"]
    assert (raised.value or 0) > 0 if attack != "none" else raised.value == 0
    assert raised.low is not None and (raised.low > 0) == (attack != "none"), "which `doubtful_judge` says"
