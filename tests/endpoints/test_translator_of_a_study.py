"""A translation model in a study: it writes rows itself, or the prompts that teachers answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_translators import save_m2m, save_nllb

from polyteach.artifacts import Store
from polyteach.errors import UserErrors
from polyteach.executors.local import run_steps
from polyteach.forecast import forecast
from polyteach.pipeline import cell_steps
from polyteach.resources import Resources, find_resources
from polyteach.rows import Row, read_rows
from polyteach.running import Plan
from polyteach.runs import RunFolder
from polyteach.status import Account, StatusWriter
from polyteach.steps import Step
from polyteach.study import Study, load_study

TEACHERS = [
    {"name": name, "model": f"pocket:{name}", "prompts": "pocket", "max_new_tokens": 24}
    for name in ("err-03", "err-40")
]
PLAIN: dict[str, Any] = {
    "name": "translated",
    "languages": ["de"],
    "teachers": TEACHERS,
    "seed_data": [{"pocket": 20}],
    "students": {"bases": [{"name": "a", "model": "pocket:base-a"}], "rows": 10},
    "benchmarks": ["pocket-choice"],
    "trials": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two translation models, `nllb` and `m2m`."""
    folder = tmp_path_factory.mktemp("translators")
    save_nllb(folder / "nllb")
    save_m2m(folder / "m2m")
    return folder


def synthesis(translate: str, translator: str | None, **more: Any) -> dict[str, Any]:
    asked = {"translate": translate, "translator": translator, "methods": ["translate"], "rows_per_method": 6}
    return {"language_gate": False, "attempts": 1} | asked | more


def graph(folder: Path, asked: dict[str, Any], **more: Any) -> tuple[dict[str, Step], Study, Resources]:
    study = Study.model_validate(PLAIN | {"synthesis": asked} | more)
    resources = find_resources(study, folder)
    return {step.id: step for step in cell_steps(study, resources)}, study, resources


def make(steps: dict[str, Step], root: Path) -> tuple[dict[str, list[Row]], Store, dict[str, Any]]:
    """Makes all data of a study; the rows by step, and what the steps say of themselves."""
    store = Store(root)
    store.prepare()
    kinds = ("seed_data", "translation", "synthesis")
    data = [step for step in steps.values() if step.kind in kinds]
    outcomes = run_steps(data, store, Watch(), workers=1)
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    rows = {step.id: read_rows(store.folder(step) / "rows.parquet") for step in data}
    return rows, store, {id: outcome.artifact.facts for id, outcome in outcomes.items() if outcome.artifact}


class Watch:
    """Nobody watches."""

    def started(self, step: Step, where: str) -> None: ...

    def progressed(self, step_id: str, done: int, total: int, unit: str) -> None: ...

    def ended(self, outcome: Any) -> None: ...

    def put_back(self, step: Step, why: str) -> None: ...

    def printed(self, step_id: str, text: str) -> None: ...

    def waited(self) -> None: ...


def test_a_translation_model_alone_writes_the_same_rows_for_every_teacher(
    folder: Path, tmp_path: Path
) -> None:
    steps, study, resources = graph(folder, synthesis("model", "m2m"))
    assert not [id for id in steps if id.startswith("translation/")]
    rows, _, facts = make(steps, tmp_path / "store")
    one, other = (rows[f"synthesis/{name}/de/translate"] for name in ("err-03", "err-40"))
    assert len(one) == 6
    assert [(row.prompt, row.response, row.source_id) for row in one] == [
        (row.prompt, row.response, row.source_id) for row in other
    ]
    assert {row.teacher for row in other} == {"err-40"}
    assert {row.extra["variant"] for row in one} == {"model"}
    english = {row.id: row for row in rows["seed_data/en"]}
    assert all(row.prompt != english[row.source_id].prompt for row in one)

    planned = forecast(study, resources, Plan(list(steps.values()), {}, {}))
    assert planned["requests"] == {"total": 0, "left": 0}  # no teacher is asked
    run = RunFolder.of(tmp_path, "translated")
    run.prepare()
    account = Account(tmp_path / "no journal", "translated")
    status = StatusWriter(
        run, list(steps.values()), {id: 0 for id in steps if "synthesis" in id}, "x", account
    )
    assert facts["synthesis/err-03/de/translate"]["attempts"] == 6
    assert status.to_json()["requests"] == {"done": 0, "failed": {}, "retried": {}, "left": 0}


def test_teachers_answer_what_was_translated_once(folder: Path, tmp_path: Path) -> None:
    steps, study, resources = graph(folder, synthesis("model_then_teacher", "nllb"))
    assert [id for id in steps if id.startswith("translation/")] == ["translation/de"]
    rows, _, _ = make(steps, tmp_path / "store")
    prompts = {row.id: row.prompt for row in rows["translation/de"]}
    english = {row.id: row.prompt for row in rows["seed_data/en"]}
    assert len(prompts) == 6
    for name in ("err-03", "err-40"):
        made = rows[f"synthesis/{name}/de/translate"]
        assert made
        for row in made:
            assert row.prompt == prompts[row.source_id] != english[row.source_id]
            assert (row.teacher, row.method, row.language) == (name, "translate", "de")
    assert forecast(study, resources, Plan(list(steps.values()), {}, {}))["requests"]["total"] == 12


def test_all_variants_translate_the_same_rows_and_only_translate_changes(folder: Path) -> None:
    methods = {"methods": ["generate", "translate", "respond"]}
    usual, by_model, then_teacher = (
        graph(folder, synthesis(variant, name, **methods))[0]
        for variant, name in (("teacher", None), ("model", "nllb"), ("model_then_teacher", "nllb"))
    )
    id = "synthesis/err-03/de/translate"
    seeds = {usual[id].settings["rng_seed"], by_model[id].settings["rng_seed"]}
    seeds |= {then_teacher[id].settings["rng_seed"], then_teacher["translation/de"].settings["rng_seed"]}
    assert len(seeds) == 1
    for method in ("generate", "respond"):
        other = f"synthesis/err-03/de/{method}"
        assert usual[other].key == by_model[other].key == then_teacher[other].key
    assert len({steps[id].key for steps in (usual, by_model, then_teacher)}) == 3
    assert "variant" not in usual[id].settings  # so that earlier artifacts stand


def test_a_translator_is_known_by_its_content(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "nllb", tmp_path / "elsewhere")
    asked = synthesis("model_then_teacher", "nllb")
    here = graph(folder, asked)[0]
    there = graph(folder, asked | {"translator": str(tmp_path / "elsewhere")})[0]
    other = graph(folder, asked | {"translator": "m2m"})[0]
    keys = [steps["translation/de"].key for steps in (here, there, other)]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (synthesis("model", None), "needs a `translator`"),
        (synthesis("teacher", "nllb"), "has nothing to do with `translate: teacher`"),
        (synthesis("model", "nllb", methods=["respond"]), "`translate` is not among the methods"),
        (synthesis("models", "nllb"), "found 'models'"),
        (synthesis("model", "nowhere"), "synthesis.translator: there is no model 'nowhere'"),
        (synthesis("model", "pocket:err-03"), "is no sequence-to-sequence model"),
        (synthesis("model", "tamil"), "this translation model has no German (de)"),
    ],
)
def test_what_is_wrong_with_a_translator_is_said_before_anything_runs(
    folder: Path, asked: dict[str, Any], message: str, tmp_path: Path
) -> None:
    without_german(folder / "m2m", folder / "tamil")
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps(PLAIN | {"synthesis": asked}), encoding="utf-8")
    with pytest.raises(UserErrors) as caught:
        find_resources(load_study(path), folder)
    (error,) = caught.value.errors
    assert message in str(error)
    assert error.fix


def without_german(source: Path, target: Path) -> None:
    if not target.exists():
        shutil.copytree(source, target)
        text = (target / "tokenizer.json").read_text(encoding="utf-8")
        (target / "tokenizer.json").write_text(text.replace("__de__", "__ta__"), encoding="utf-8")


def test_a_simulated_teacher_has_no_translator(folder: Path, tmp_path: Path) -> None:
    teachers = [*TEACHERS, {"name": "sim", "simulated": {}}]
    path = tmp_path / "study.yaml"
    asked = PLAIN | {"teachers": teachers, "synthesis": synthesis("model", "nllb")}
    path.write_text(json.dumps(asked), encoding="utf-8")
    with pytest.raises(UserErrors, match="sim is simulated and can only translate itself"):
        load_study(path)


def test_pairs_are_needed_where_responses_are_translated_too(tmp_path: Path, folder: Path) -> None:
    lines = {"en": {"prompt": "How are you?"}, "de": {"prompt": "Wie geht es?", "response": "Gut."}}
    for code, row in lines.items():
        (tmp_path / f"{code}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    sources = [{"path": str(tmp_path / f"{code}.jsonl"), "language": code} for code in lines]
    with pytest.raises(UserErrors, match="no English row that feeds `translate` has a response"):
        graph(folder, synthesis("model", "nllb"), seed_data=sources)
    steps, _, _ = graph(folder, synthesis("model_then_teacher", "nllb"), seed_data=sources)
    assert "translation/de" in steps
