"""A screen's steps are those of a study, without students."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from polyteach.data_steps import DataSteps
from polyteach.facts import screen_facts
from polyteach.graph import Graph
from polyteach.pipeline import cell_steps
from polyteach.resources import find_resources
from polyteach.selection.screen.plan import ROWS, screen_closing, screen_steps, screened
from polyteach.steps import Step
from polyteach.study import Candidates, Study

PLAIN = {
    "name": "graph",
    "languages": ["de", "ja"],
    "teachers": [
        {"name": "err-03", "model": "pocket:err-03", "prompts": "pocket"},
        {"name": "few", "simulated": {}, "methods": ["respond"]},
        {"name": "humans", "data": "seed_data"},
    ],
    "seed_data": [{"pocket": 60}],
    "synthesis": {"rows_per_method": 40},
}
TRAINING = {
    "students": {"bases": [{"name": "a", "model": "pocket:base-a"}], "rows": 10},
    "benchmarks": ["pocket-choice"],
}
DATA = ("seed_data", "synthesis", "gate", "quality")


def candidates(**changes: object) -> Candidates:
    return Candidates.model_validate(PLAIN | changes)


def keys(steps: Iterable[Step]) -> dict[str, str]:
    return {step.id: step.key for step in steps}


def steps_of(given: Candidates, by: str = "teacher", rows: int | None = None) -> dict[str, Step]:
    resources = find_resources(given, Path())
    made = screen_steps(screened(given, rows), resources, "method" if by == "method" else "teacher")
    return {step.id: step for step in made}


def test_nothing_is_trained_and_the_seed_data_is_not_measured() -> None:
    kinds = [id.split("/")[0] for id in steps_of(candidates())]
    assert {*kinds} == {*DATA}
    assert kinds.count("synthesis") == 2 * (3 + 1 + 1)
    assert kinds.count("quality") == 2 * 3


def test_with_as_many_rows_a_screen_and_its_study_are_the_same_steps() -> None:
    study = Study.model_validate(PLAIN | TRAINING)
    resources = find_resources(study, Path())
    whole = keys(cell_steps(study, resources))
    own = keys(screen_steps(screened(study, 40), resources))
    assert own == {id: key for id, key in whole.items() if id in own}
    assert {id for id in whole if id.startswith(DATA)} - {*own} == {
        "quality/seed_data/de",
        "quality/seed_data/ja",
    }


def test_rows_are_those_asked_for_then_the_files_own_then_200() -> None:
    assert screened(candidates(), 7).synthesis.rows_per_method == 7
    assert screened(candidates()).synthesis.rows_per_method == 40
    assert screened(candidates(synthesis={"methods": ["respond"]})).synthesis.rows_per_method == ROWS == 200
    study = Study.model_validate(PLAIN | TRAINING)
    assert screened(study).synthesis.rows_per_method == ROWS  # 40 are what its run asks for
    rehearsal = screened(study, 30).limited(5)
    assert (rehearsal.name, rehearsal.limit) == ("graph-screen-limit-5", 5)


def test_by_method_the_same_is_asked_and_each_method_measured_by_itself() -> None:
    together, apart = steps_of(candidates()), steps_of(candidates(), "method")
    asked = {id: step.key for id, step in together.items() if id.startswith(("seed_data", "synthesis"))}
    assert asked == {id: step.key for id, step in apart.items() if id.startswith(("seed_data", "synthesis"))}
    measured = {id for id in apart if id.startswith("quality/") and id.endswith("/de")}
    methods = ("generate", "translate", "respond")
    assert measured == {
        *(f"quality/err-03/{method}/de" for method in methods),
        "quality/few/respond/de",
        "quality/humans/de",
    }
    assert {*apart["quality/err-03/translate/de"].inputs} == {"translate", "gate"}


def test_the_gate_has_no_more_rows_than_the_least_asked_candidate() -> None:
    everybody = [{"name": "a", "simulated": {}}, {"name": "b", "simulated": {}}]
    assert steps_of(candidates(teachers=everybody))["gate/de"].settings["rows"] == 108  # .9 of 3 x 40
    assert steps_of(candidates())["gate/de"].settings["rows"] == 36  # few is asked for 40
    assert steps_of(candidates(teachers=everybody), "method")["gate/de"].settings["rows"] == 36


def test_rows_that_exist_are_drawn_up_to_the_teacher_that_writes_most() -> None:
    assert (
        steps_of(candidates(seed_data=[{"pocket": 300}]))["synthesis/humans/de/data"].settings["rows"] == 120
    )
    few = [{"name": "few", "simulated": {}, "methods": ["respond"]}, {"name": "humans", "data": "seed_data"}]
    assert steps_of(candidates(teachers=few))["synthesis/humans/de/data"].settings["rows"] == 40


def test_a_study_trains_on_the_methods_a_teacher_has() -> None:
    study = Study.model_validate(PLAIN | TRAINING)
    steps = {step.id: step for step in cell_steps(study, find_resources(study, Path()))}
    assert {*steps["students/a/few/de/0"].inputs} == {"respond"}
    assert {*steps["students/a/err-03/de/0"].inputs} == {"generate", "respond", "translate"}
    assert not [id for id in steps if id.startswith("synthesis/few/") and not id.endswith("/respond")]


def test_a_method_that_nobody_uses_needs_no_seed_data(tmp_path: Path) -> None:
    (tmp_path / "de.jsonl").write_text('{"prompt": "Wie geht es?"}\n', encoding="utf-8")
    few = [{"name": "few", "model": "pocket:err-03", "methods": ["respond"]}]
    own = [{"path": str(tmp_path / "de.jsonl"), "language": "de", "methods": ["respond"]}]
    found = steps_of(candidates(languages=["de"], teachers=few, seed_data=own))
    assert [id for id in found if id.startswith("synthesis/")] == ["synthesis/few/de/respond"]


def test_perplexity_is_taken_where_a_model_is_named_or_a_study_has_a_base() -> None:
    assert steps_of(candidates())["quality/few/de"].settings["perplexity"] is None
    named = candidates(quality={"perplexity_model": "pocket:base-c"})
    assert steps_of(named)["quality/few/de"].settings["perplexity"] is not None
    study = Study.model_validate(PLAIN | TRAINING)
    resources = find_resources(study, Path())
    assert steps_of(study)["quality/few/de"].settings["perplexity"] == {
        "model": resources.models["pocket:base-a"].digest
    }


def test_what_failed_is_told_to_the_ranking_and_is_no_input() -> None:
    given = screened(candidates(languages=["de"]), 20)
    resources = find_resources(given, Path())
    steps = screen_steps(given, resources, "method")
    lost = {"synthesis/err-03/de/respond": "no answer", "quality/err-03/respond/de": "needs what failed"}
    ranked, page = screen_closing(given, resources, "method", steps, lost)
    assert page.inputs["screen"] is ranked
    assert ranked.settings["failed"] == [{"step": id, "reason": lost[id]} for id in sorted(lost)]
    rows = {name for name in ranked.inputs if name.startswith("synthesis/")}
    assert rows == {
        "synthesis/err-03/generate/de/generate",
        "synthesis/err-03/translate/de/translate",
        "synthesis/few/respond/de/respond",
        "synthesis/humans/de/data",
    }


def test_candidates_are_named_with_what_is_known_of_them() -> None:
    given = candidates(
        teachers=[
            {"name": "hosted", "model": "org/maker-7b-it", "endpoint": {"urls": ["http://127.0.0.1:9/v1"]}},
            {"name": "tiny", "model": "pocket:err-03", "family": "pocket", "temperature": 0.5},
            {"name": "third", "simulated": {"error": 0.3}, "methods": ["respond"]},
        ]
    )
    hosted, tiny, third = screen_facts(given, find_resources(given, Path()), "teacher")["candidates"]
    assert (hosted["parameters"], hosted["settings"]["temperature"]) == (7e9, 0.8)
    assert (tiny["family"], tiny["settings"]["temperature"]) == ("pocket", 0.5)
    assert tiny["parameters"] > 100_000
    assert (third["methods"], third["settings"]["error"]) == (["respond"], 0.3)


@pytest.mark.parametrize("by", ["teacher", "method"])
def test_inputs_come_first_and_no_step_is_there_twice(by: str) -> None:
    seen: set[str] = set()
    for id, step in steps_of(candidates(), by).items():
        assert {parent.id for parent in step.inputs.values()} <= seen
        seen.add(id)
    given = candidates()
    graph = Graph(given.rng_seed)
    data = DataSteps(given, find_resources(given, Path()), graph)
    assert data.seed_data("de") is data.seed_data("de")
