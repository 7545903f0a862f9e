"""Students with and without a filter: the same sizes and seeds, a paired difference, a plain verdict."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from polyteach.benchmarks.stand_alone import open_exams
from polyteach.cli.main import invoke
from polyteach.curation.recipes import benchmark_named, recipe_of
from polyteach.curation.verify import Trials, verify
from polyteach.errors import UserError
from polyteach.pocket.seed import seed_rows
from polyteach.rows import Row
from polyteach.steps import SilentProgress
from polyteach.study import OwnExam

RECIPE = "epochs: 1\nlearning_rate: 6e-3\nbatch_size: 8\ngradient_accumulation: 1\nmax_length: 64\n"


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    from polyteach.resources import find_model

    path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    path.write_text(RECIPE)
    location = find_model("pocket:base-c", Path()).location
    exams = open_exams(["pocket-choice"], "de", 24)
    return Trials("pocket:base-c", location, "de", exams, recipe_of(path, "pocket:base-c"), 2, rng_seed=1)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    known = seed_rows("de", 60, 1)
    return [replace(row, response="qq xx") if n % 3 == 0 else row for n, row in enumerate(known)]


def test_students_differ_in_their_rows_alone(trials: Trials, rows: list[Row]) -> None:
    stays = [row.response != "qq xx" for row in rows]
    found = verify(rows, stays, trials, SilentProgress())
    assert found["rows"] == {"all": 60, "kept": 40, "trained_on": {"filtered": 40, "random": 40, "all": 60}}
    by_kind = {one["kind"]: one["trials"] for one in found["students"]}
    assert [[trial["steps"] for trial in by_kind[kind]] for kind in by_kind] == [[5, 5], [5, 5], [8, 8]]
    seeds = {kind: [trial["rng_seed"] for trial in trials] for kind, trials in by_kind.items()}
    assert seeds["filtered"] == seeds["random"] == seeds["all"]
    assert len(set(seeds["all"])) == 2
    for one in found["differences"]:
        figures = {kind["kind"]: kind["gain"]["value"] for kind in found["students"]}
        assert one["gain"]["value"] == pytest.approx(figures["filtered"] - figures[one["less"]])
        assert one["gain"]["low"] < one["gain"]["value"] < one["gain"]["high"]
        assert one["by_benchmark"]["pocket-choice"]["value"] == pytest.approx(one["gain"]["value"])
    assert found["verdict"]["kind"] in ("helps", "harms", "no_difference")
    assert "luck" not in found["verdict"]["text"]
    again = verify(rows, stays, replace(trials, trials=1), SilentProgress())
    assert {one["kind"]: one["trials"] for one in again["students"]} == {
        kind: several[:1] for kind, several in by_kind.items()
    }


def test_fewer_rows_and_nothing_to_compare(trials: Trials, rows: list[Row]) -> None:
    few = replace(trials, rows=16, trials=1)
    found = verify(rows, [n % 2 == 0 for n in range(60)], few, SilentProgress())
    assert found["rows"]["trained_on"] == {"filtered": 16, "random": 16}
    assert found["verdict"]["than_all"] is None
    assert found["verdict"]["text"].endswith("by one training of each: the luck of training is not measured")
    assert "clearly" not in found["verdict"]["text"]
    nothing = verify(rows, [True] * 60, trials, SilentProgress())
    assert nothing["verdict"]["kind"] == "nothing_dropped"
    with pytest.raises(UserError, match="no row that stays"):
        verify(rows, [False] * 60, trials, SilentProgress())


def test_questions_of_the_exam_teach_nobody(trials: Trials, rows: list[Row]) -> None:
    [exam] = trials.exams
    asked = [replace(rows[1], id=f"asked {n}", prompt=item.asks) for n, item in enumerate(exam.items[:5])]
    found = verify([*rows, *asked], [True] * 65, trials, SilentProgress())
    assert found["rows"]["all"] == 60


def test_the_command_verifies(rows: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, recipe = tmp_path / "data.jsonl", tmp_path / "recipe.yaml"
    data.write_text("".join(json.dumps({"prompt": r.prompt, "response": r.response}) + "\n" for r in rows))
    recipe.write_text(RECIPE)
    exam = tmp_path / "own.csv"
    exam.write_text(
        "question,option_a,option_b,answer\nWas ist nass?,Wasser,Sand,A\nWas brennt?,Eis,Holz,B\n"
    )
    options = ["--base", "pocket:base-c", "--benchmark", exam, "--trials", 1, "--recipe", recipe]
    arguments = [data, "--language", "de", "--output", tmp_path / "o.jsonl", "--drop", "pattern: {regex: qq}"]
    assert invoke(["filter", *map(str, [*arguments, "--verify", "--verify-rows", 8, *options])]) == 0
    said = capsys.readouterr().out
    assert "40 of 60 rows stay" in said
    assert "filtered - random:" in said
    assert "one trial: the interval is over items alone" in said


def test_benchmarks_and_recipes_by_option(tmp_path: Path) -> None:
    assert benchmark_named("mgsm", "de") == "mgsm"
    own = benchmark_named("exact:sums.csv", "de")
    assert isinstance(own, OwnExam)
    assert (own.name, own.kind, own.files) == ("sums", "exact", {"de": "sums.csv"})
    assert recipe_of(None, "pocket:base-c").epochs == 6
    assert recipe_of(None, "org/model").epochs == 2  # a study's default
    (tmp_path / "r.yaml").write_text("epoch: 3")
    with pytest.raises(UserError, match="epoch"):
        recipe_of(tmp_path / "r.yaml", "org/model")
