"""Teachers that are no models: checked before the first step, and what becomes of them in a study's graph."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyteach.errors import UserErrors
from polyteach.facts import study_facts
from polyteach.forecast import NOBODY_ASKED, forecast
from polyteach.pipeline import cell_steps
from polyteach.resources import find_resources
from polyteach.running import Plan
from polyteach.steps import Step
from polyteach.study import Study

SIMULATED = {"name": "sim", "simulated": {"error": 0.3}}
SEEDS = {"name": "humans", "data": "seed_data"}


def lines(*records: dict[str, str]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


PAIRS = lines(*({"prompt": f"Frage {n}?", "response": f"Antwort {n}"} for n in range(4)))


def study(teachers: list[dict], languages: tuple[str, ...] = ("de",), **changes: object) -> Study:
    plain = {
        "name": "small",
        "languages": list(languages),
        "teachers": teachers,
        "seed_data": [{"pocket": 20}],
        "synthesis": {"rows_per_method": 30},
        "students": {"bases": [{"name": "a", "model": "pocket:base-c"}]},
        "benchmarks": ["pocket-choice"],
        "trials": 1,
    }
    return Study.model_validate(plain | changes)


def mistakes(folder: Path, *arguments: object, **changes: object) -> str:
    with pytest.raises(UserErrors) as caught:
        find_resources(study(*arguments, **changes), folder)  # type: ignore[arg-type]
    return str(caught.value)


def steps_of(asked: Study, folder: Path) -> dict[str, Step]:
    return {step.id: step for step in cell_steps(asked, find_resources(asked, folder))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "de.jsonl").write_text(PAIRS, encoding="utf-8")
    (tmp_path / "ja.jsonl").write_text(PAIRS.replace("Frage", "問"), encoding="utf-8")
    return tmp_path


def test_a_contestants_file_is_found_for_each_language(folder: Path) -> None:
    one = find_resources(study([{"name": "x", "data": "de.jsonl"}]), folder)
    assert one.contestants["de.jsonl", "de"].pairs == 4
    both = {"name": "x", "data": {"de": "de.jsonl", "ja": "ja.jsonl"}}
    found = find_resources(study([both], ("de", "ja")), folder)
    assert set(found.contestants) == {("de.jsonl", "de"), ("ja.jsonl", "ja")}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nowhere.jsonl", "teachers[0].data: nowhere.jsonl: there is no such file"),
        ({"de": "nowhere.jsonl"}, "nowhere.jsonl: there is no such file"),
        ({"de": "de.jsonl", "fr": "fr.jsonl"}, "teachers[0].data: fr is no language of this study (de)"),
        ({"ja": "ja.jsonl"}, "teachers[0].data: no data of de"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(folder: Path, data: object, message: str) -> None:
    told = mistakes(folder, [{"name": "x", "data": data}])
    assert message in told.replace(f"{folder}/", "")


def test_data_that_looks_like_seed_data_is_asked_about(folder: Path) -> None:
    assert "did you mean `seed_data`?" in mistakes(folder, [{"name": "x", "data": "seeddata"}])
    assert "did you mean" not in mistakes(folder, [{"name": "x", "data": "seed_dta.jsonl"}])


def test_a_file_of_several_languages_is_told_how_to_be_named(folder: Path) -> None:
    told = mistakes(folder, [{"name": "x", "data": "de.jsonl"}], ("de", "ja"))
    assert "one file for several languages" in told
    assert "data: {de: FILE, ja: FILE}" in told


def test_rows_of_another_language_and_rows_without_responses_are_refused(folder: Path) -> None:
    (folder / "de.jsonl").write_text(lines({"prompt": "a", "response": "b", "language": "ja"}))
    assert "is in language 'ja', not 'de'" in mistakes(folder, [{"name": "x", "data": "de.jsonl"}])
    (folder / "de.jsonl").write_text(lines({"prompt": "a"}, {"prompt": "b", "response": ""}))
    assert "de.jsonl: no row has a response" in mistakes(folder, [{"name": "x", "data": "de.jsonl"}])
    sources = [{"path": "de.jsonl", "language": "de", "methods": ["respond"]}]
    told = mistakes(folder, [SEEDS], seed_data=sources, synthesis={"methods": ["respond"]})
    assert "teachers[0].data: the seed data of de has no responses" in told


def test_simulated_teachers_know_the_pocket_world_alone(folder: Path) -> None:
    told = mistakes(folder, [SIMULATED], ("de", "sw"))
    assert "teachers[0].simulated: simulated teachers know the pocket world alone, which has no sw" in told


def test_a_study_of_contestants_needs_nothing_to_write_from(folder: Path) -> None:
    sources = [{"path": "de.jsonl", "language": "de", "methods": ["respond"]}]
    assert "nothing feeds `generate`" in mistakes(folder, [SEEDS, SIMULATED], seed_data=sources)
    (folder / "other.jsonl").write_text(PAIRS.replace("Antwort", "Wort"), encoding="utf-8")
    find_resources(study([{"name": "x", "data": "other.jsonl"}], seed_data=sources), folder)


def test_a_contestants_students_have_one_source(folder: Path) -> None:
    steps = steps_of(study([SEEDS, {"name": "x", "data": "de.jsonl"}, SIMULATED]), folder)
    for name in ("humans", "x"):
        student = steps[f"students/a/{name}/de/0"]
        assert student.settings["methods"] == ["data"]
        assert [step.id for step in student.inputs.values()] == [f"synthesis/{name}/de/data"]
    # 30 generated, and respond and translate as often as there are seed prompts, 20
    assert steps["synthesis/x/de/data"].settings["rows"] == 30 + 20 + 20
    assert set(steps["synthesis/humans/de/data"].inputs) == {"seed_data"}
    assert steps["students/a/sim/de/0"].settings["methods"] == ["generate", "translate", "respond"]


def test_a_contestants_identity_is_its_content(folder: Path) -> None:
    key = "synthesis/x/de/data"
    before = steps_of(study([{"name": "x", "data": "de.jsonl"}]), folder)[key].key
    (folder / "copy.jsonl").write_bytes((folder / "de.jsonl").read_bytes())
    assert steps_of(study([{"name": "x", "data": "copy.jsonl"}]), folder)[key].key == before
    assert steps_of(study([{"name": "x", "data": "ja.jsonl"}]), folder)[key].key != before


def test_a_simulated_teachers_identity_is_its_dials(folder: Path) -> None:
    asked = study([SIMULATED, {"name": "other", "simulated": {}}], ("de", "ja"))
    steps = steps_of(asked, folder)
    changed = study([SIMULATED, {"name": "other", "simulated": {"unique": 0.5}}], ("de", "ja"))
    after = steps_of(changed, folder)
    differing = {id for id in steps if steps[id].key != after[id].key}
    assert differing == {id for id in steps if "/other/" in id}
    simulated = [step for id, step in steps.items() if id.startswith("synthesis/")]
    assert len({step.settings["beliefs_seed"] for step in simulated}) == 1  # of all methods and languages
    assert not any(step.locations for step in simulated)


def test_the_facts_say_what_each_teacher_is(folder: Path) -> None:
    model = {"name": "m", "model": "pocket:err-03", "family": "pocket"}
    asked = study([model, SIMULATED, SEEDS, {"name": "x", "data": "de.jsonl"}])
    facts = {fact["name"]: fact for fact in study_facts(asked, find_resources(asked, folder))["teachers"]}
    assert {name: fact["kind"] for name, fact in facts.items()} == {
        "m": "model",
        "sim": "simulated",
        "humans": "data",
        "x": "data",
    }
    assert facts["m"]["parameters"] > 10_000
    assert all(facts[name][key] is None for name in ("sim", "x") for key in ("model", "family", "parameters"))
    assert facts["sim"]["dials"] == {"error": 0.3, "unique": 1.0, "wrong_language": 0.0, "length": 1.0}
    assert facts["humans"]["data"] == {"rows": {"de": 20}, "wanted": {"de": 70}, "is_seed_data": True}
    assert facts["x"]["data"] == {"rows": {"de": 4}, "wanted": {"de": 70}, "is_seed_data": False}


def test_a_file_that_is_seed_data_too_is_known_by_its_content(folder: Path) -> None:
    sources = [{"path": "de.jsonl", "language": "de"}]
    (folder / "copy.jsonl").write_text(PAIRS, encoding="utf-8")
    asked = study(
        [{"name": "x", "data": "copy.jsonl"}],
        seed_data=sources,
        synthesis={"methods": ["generate", "respond"]},
    )
    (fact,) = study_facts(asked, find_resources(asked, folder))["teachers"]
    assert fact["data"]["is_seed_data"]


def test_a_forecast_asks_contestants_for_nothing(folder: Path) -> None:
    asked = study([SEEDS, SIMULATED])
    resources = find_resources(asked, folder)
    planned = forecast(asked, resources, Plan(cell_steps(asked, resources), {}, {}))
    assert planned["requests"] == {"total": 70, "left": 70}  # of the simulated teacher
    assert planned["tokens"]["response_at_most"] == 0
    assert "humans in de: 20 rows, a teacher writes 70" in planned["notes"]
    assert (planned["money"], planned["money_note"]) == (0, NOBODY_ASKED["money_note"])


def test_a_forecast_tells_of_rows_without_a_response(folder: Path) -> None:
    (folder / "de.jsonl").write_text(PAIRS + lines({"prompt": "Und?"}, {"prompt": "Nun?", "response": ""}))
    asked = study([{"name": "x", "data": "de.jsonl"}])
    resources = find_resources(asked, folder)
    planned = forecast(asked, resources, Plan(cell_steps(asked, resources), {}, {}))
    assert "x in de: 2 of 6 rows lack a response and are left out" in planned["notes"]
