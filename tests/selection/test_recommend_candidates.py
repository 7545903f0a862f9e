"""Which teacher of a source is which candidate; licences by their names."""

import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
import yaml

from polyteach.cli.recommend import LicenceChoice
from polyteach.export.licence import parts_of
from polyteach.export.making import Making
from polyteach.models import licences
from polyteach.models.licences import licence_of
from polyteach.selection.recommend import priors
from polyteach.selection.recommend.answer import recommend
from polyteach.selection.recommend.candidates import (
    Candidate,
    find,
    from_file,
    identity,
    is_same_model,
    together,
)
from polyteach.selection.recommend.standing import Wish


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("meta-llama/Llama-3.1-70B-Instruct", "Llama 3.1 70B Inst."),
        ("meta-llama/Meta-Llama-3.1-70B-Instruct@0a1b2c", "Llama 3.1 70B Inst."),
        ("google/gemma-3-27b-it", "Gemma 3 27B Inst."),
        ("gpt-4o-mini-2024-07-18", "GPT 4o mini"),
        ("CohereLabs/c4ai-command-a-03-2025", "Command A"),
        ("gemma3:27b", "gemma-3-27b"),
    ],
)
def test_one_model_under_two_names(one: str, other: str) -> None:
    assert identity(one) == identity(other)


def test_versions_and_sizes_are_other_models() -> None:
    names = ["Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-4B", "Qwen/Qwen3-8B", "Llama 3.1 8B", "Llama 3.2 8B"]
    assert len({identity(name) for name in names}) == len(names)


def test_models_decide_where_both_are_known() -> None:
    assert not is_same_model(Candidate("best", "org/a-8b"), Candidate("best", "org/b-8b"))
    assert is_same_model(Candidate("best"), Candidate("best", "org/b-8b", teacher="best"))
    assert is_same_model(Candidate("x", "org/a-8b"), Candidate("a 8B"))


def test_what_is_said_of_a_teacher_is_not_said_of_each_of_its_ways() -> None:
    ways = [Candidate(f"t/{m}", "org/t", methods=(m,)) for m in ("generate", "respond")]
    assert find(Candidate("t", "org/t"), ways) is None
    assert find(Candidate("u", "org/t", methods=("respond",)), ways) == ways[1]
    assert find(Candidate("u", "org/t", methods=("translate",)), ways[:1]) is None
    whole = Candidate("whole", "org/t")
    assert find(Candidate("t", "org/t"), [*ways, whole]) == whole


def test_candidates_of_several_sources_are_joined_and_filled() -> None:
    screen = [Candidate("a", "org/a", methods=("respond",)), Candidate("b", "org/b", methods=("generate",))]
    run = [Candidate("A", "org/a", family="f", parameters=8e9), Candidate("b", "org/other")]
    found = together([screen, run])
    assert [c.name for c in found] == ["a", "b", "b (2)"]
    told = together(
        [screen, run, run[1:], [Candidate("b", "org/third")]], ["screen x", "run y", "z", "run y"]
    )
    assert [c.name for c in told] == ["a", "b", "b (run y)", "b (run y) (2)"]
    assert (found[0].family, found[0].parameters, found[0].methods) == ("f", 8e9, ("respond",))


def test_ways_of_one_model_in_one_source_stay_apart() -> None:
    cold, warm = Candidate("cold", "org/a"), Candidate("warm", "org/a")
    assert together([[cold, warm]]) == [cold, warm]


def test_candidates_from_a_study_file_leave_out_data() -> None:
    found = from_file(Path(__file__).parents[2] / "studies" / "simulated.yaml")
    assert [c.name for c in found][:2] == ["faultless", "third-wrong"]
    assert "humans" not in {c.name for c in found}
    assert all(c.is_local for c in found)
    paid = from_file(Path(__file__).parents[2] / "studies" / "one-language-by-api.yaml")
    assert [c.is_local for c in paid] == [False, False, False]
    assert paid[1].price is not None and paid[1].price["output"] == 0


@pytest.mark.parametrize(
    ("name", "training"),
    [
        ("gpt-4o-mini-2024-07-18", "forbidden"),
        ("GPT 4o mini", "forbidden"),
        ("openai/gpt-oss-20b", "permissive"),
        ("o4-mini", "forbidden"),
        ("meta-llama/Llama-3.1-8B-Instruct", "conditional"),
        ("Llama 3.1 70B Inst.", "conditional"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "forbidden"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "conditional"),
        ("deepseek-ai/DeepSeek-R1", "permissive"),
        ("google/gemma-3-27b-it", "conditional"),
        ("gemma3:4b", "conditional"),
        ("google/gemma-4-31b-it", "permissive"),
        ("Command A", "non_commercial"),
        ("CohereLabs/aya-expanse-32b", "non_commercial"),
        ("Qwen/Qwen2.5-72B-Instruct", "conditional"),
        ("Qwen/Qwen3-8B", "permissive"),
        ("ibm-granite/granite-4.0-1b", "permissive"),
        ("allenai/Olmo-3-7B-Instruct", "permissive"),
        ("some-lab/wonder-9b", "unknown"),
        ("collama-7b", "unknown"),
        (None, "unknown"),
    ],
)
def test_licences_by_name(name: str | None, training: str) -> None:
    assert licence_of(name).training == training


def test_what_a_wish_lets_through() -> None:
    allowed = {
        wanted: {
            name
            for name in ("Qwen3 8B", "Llama 3.1 8B", "Command A", "gpt-4o", "x")
            if licence_of(name).allows(wanted)
        }
        for wanted in get_args(licences.Wanted)
    }
    assert list(allowed) == [choice.value for choice in LicenceChoice]
    assert allowed["any"] == {"Qwen3 8B", "Llama 3.1 8B", "Command A", "gpt-4o", "x"}
    assert allowed["non-commercial"] == {"Qwen3 8B", "Llama 3.1 8B", "Command A"}
    assert allowed["commercial"] == {"Qwen3 8B", "Llama 3.1 8B"}
    assert allowed["permissive"] == {"Qwen3 8B"}


def test_each_licence_names_its_source_and_day() -> None:
    table = yaml.safe_load(Path(licences.__file__).with_name("licences.yaml").read_text())["licences"]
    assert len(table) >= 20
    for entry in table:
        assert entry["url"].startswith("https://")
        assert date(2026, 1, 1) <= entry["read"] <= date(2030, 1, 1)
        for pattern in entry["patterns"]:
            re.compile(pattern)


def test_each_prior_has_evidence_for_and_against() -> None:
    found = priors.read_priors()
    assert {prior.moves for prior in found.priors} == {"teacher", "methods", "base", "rows"}
    for prior in found.priors:
        assert prior.speaks_for and prior.speaks_against and prior.source
    assert found.of("size").r == 0 and found.worth.run.r == 1


@pytest.mark.parametrize(
    ("kind", "model", "name", "family", "training"),
    [
        ("simulated", None, "gpt-4o", None, "permissive"),
        ("model", "pocket:err-03", "err-03", None, "permissive"),
        ("model", "ft:ours-7b", "ours", "Llama 3.1 8B", "conditional"),
        ("model", None, "Command A", None, "non_commercial"),
        ("model", "some-lab/wonder-9b", "wonder", None, "unknown"),
    ],
)
def test_export_and_recommend_say_the_same_of_a_teacher(
    kind: str, model: str | None, name: str, family: str | None, training: str
) -> None:
    candidate = Candidate.of(name, kind, model, family, None)
    found = recommend("de", [], Wish(), [candidate]).standings.options[0].licence
    assert found.training == training
    known = {"kind": kind, "model": model, "family": family}
    part = parts_of(Making(models={name: known}), [name])[0]
    assert part.licence == (None if training == "unknown" else found.licence)
    assert part.free == {"permissive": True, "conditional": True, "non_commercial": False}.get(training)
