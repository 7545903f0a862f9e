"""Bundles of three runs say, merged, what one run of all three teachers says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from polyteach import bundles
from polyteach.bundles import Bundle
from polyteach.bundles.run import bundle_of_run
from polyteach.errors import UserError
from polyteach.figures import Figure

NAMES = ("clean", "wrong", "copies")


@pytest.fixture(scope="module")
def parts(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """The three bundles, as another machine would read them."""
    folder = tmp_path_factory.mktemp("bundles")
    read = []
    for name in NAMES:
        path = folder / f"{name}.json.gz"
        bundles.write(bundle_of_run(runs / name), path)
        read.append(bundles.read(path))
    return read


def as_text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def test_merged_results_are_the_joint_runs_to_the_byte(runs: Path, parts: list[Bundle]) -> None:
    merged = bundles.merge(parts, name="joint")
    assert not merged.refused
    joint = (runs / "joint" / "results.json").read_text(encoding="utf-8")
    assert as_text(merged.results) == joint
    known = json.loads(joint)
    assert known["verdict"]["kind"] in ("leads", "tied")  # there is a ranking that could differ
    assert known["leaderboard"][0]["scores"]["robust"]["low"] is not None
    assert [line.rank_interval for line in merged.bundle.ranking] == [
        line["rank_interval"] for line in known["leaderboard"]
    ]


def test_the_order_of_bundles_changes_no_score(parts: list[Bundle]) -> None:
    one, other = bundles.merge(parts).results, bundles.merge(parts[::-1]).results
    assert one and other
    for key in ("leaderboard", "surely_better", "gate", "anchors", "definitions_digest"):
        assert one[key] == other[key]


def test_merging_in_two_steps_is_the_same(parts: list[Bundle]) -> None:
    two = bundles.merge(parts[:2]).bundle
    assert bundles.merge([two, parts[2]]).results == bundles.merge(parts).results
    assert {cell.bundle for cell in bundles.merge([two, parts[2]]).bundle.cells} == set(NAMES)


def test_a_cell_that_is_in_two_bundles_counts_once(runs: Path, parts: list[Bundle]) -> None:
    joint = bundle_of_run(runs / "joint")
    merged = bundles.merge([joint, *parts])
    assert not merged.refused
    assert merged.bundle.ranking == joint.ranking


def test_a_part_is_named_once_though_it_is_merged_again(parts: list[Bundle]) -> None:
    two = bundles.merge(parts[:2]).bundle
    assert bundles.merge([two, parts[0]]).bundle.provenance.merged == ["clean", "wrong"]


def test_a_bundle_holds_the_figures_of_its_run(runs: Path, parts: list[Bundle]) -> None:
    results = json.loads((runs / "clean" / "results.json").read_text(encoding="utf-8"))
    (cell,), (known,) = parts[0].cells, results["cells"]
    assert cell.figures["robust"] == Figure.from_json(known["scores"]["robust"])
    assert cell.figures["metric/perplexity"] == Figure.from_json(known["metrics"]["perplexity"])
    assert (cell.rows, cell.requests, cell.money) == (240, 240, 0.0)
    assert parts[0].teacher("clean").methods == ["respond"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rng_seed": 4}, "rng_seed is 4 and not 3"),
        ({"quality_weight": 0.3}, "quality weight is 0.3 and not 0.5"),
        ({"trials": 3}, "trials is 3 and not 1"),
        ({"student_rows": 100}, "student rows is 100 and not 240"),
        ({"limit": 20}, "limit is 20 and not nothing"),
    ],
)
def test_another_definition_of_the_study_is_refused(
    parts: list[Bundle], change: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        bundles.merge([parts[0], with_study(parts[1], **change)])


def test_what_agrees_is_joined_though_another_is_refused(parts: list[Bundle]) -> None:
    merged = bundles.merge([parts[0], with_study(parts[1], rng_seed=4), parts[2]], ["a", "b", "c"])
    assert {cell.teacher for cell in merged.bundle.cells} == {"clean", "copies"}
    (refusal,) = merged.refused
    assert str(refusal) == "b: all of it not joined: rng_seed is 4 and not 3 as in a"


@pytest.mark.parametrize(
    ("term", "value"), [("gate", "0" * 16), ("seed data", "0" * 16), ("respond.rows", 100)]
)
def test_another_definition_in_a_language_is_refused(parts: list[Bundle], term: str, value: object) -> None:
    terms = parts[1].terms | {"de": parts[1].terms["de"] | {term: value}}
    with pytest.raises(UserError, match=f"de not joined: {term} is {value}"):
        bundles.merge([parts[0], parts[1].model_copy(update={"terms": terms})])


def test_student_settings_that_differ_are_named(parts: list[Bundle]) -> None:
    terms = parts[1].terms | {"study": parts[1].terms["study"] | {"students.epochs": 2}}
    with pytest.raises(UserError, match=r"students\.epochs is 2 and not 3"):
        bundles.merge([parts[0], parts[1].model_copy(update={"terms": terms})])


def test_other_answers_of_the_base_are_refused(parts: list[Bundle]) -> None:
    evidence = parts[1].evidence
    assert evidence
    bases = [exam.model_copy(update={"scores": "1" * len(exam.scores)}) for exam in evidence.bases]
    other = parts[1].model_copy(update={"evidence": evidence.model_copy(update={"bases": bases})})
    with pytest.raises(UserError, match="base scores"):
        bundles.merge([parts[0], other])


def test_other_trials_of_the_same_cell_are_refused(parts: list[Bundle]) -> None:
    evidence = parts[0].evidence
    assert evidence
    students = [exam.model_copy(update={"scores": "1" * len(exam.scores)}) for exam in evidence.students]
    other = parts[0].model_copy(update={"evidence": evidence.model_copy(update={"students": students})})
    merged = bundles.merge([parts[0], parts[1], other])
    assert [refusal.what for refusal in merged.refused] == ["clean in de"]
    assert "its students gave other answers" in merged.refused[0].reason
    assert merged.results == bundles.merge(parts[:2]).results


def test_another_gate_from_the_same_data_is_refused(parts: list[Bundle]) -> None:
    evidence = parts[1].evidence
    assert evidence
    first = evidence.gate[0].model_copy(update={"passes": not evidence.gate[0].passes})
    gate = [first, *evidence.gate[1:]]
    other = parts[1].model_copy(update={"evidence": evidence.model_copy(update={"gate": gate})})
    with pytest.raises(UserError, match="the gate found otherwise"):
        bundles.merge([parts[0], other])


def test_results_without_their_artifacts_are_refused(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "copied").mkdir()
    shutil.copy(runs / "clean" / "results.json", tmp_path / "copied")
    with pytest.raises(UserError, match="no finished run"):
        bundle_of_run(tmp_path / "copied")


def with_study(bundle: Bundle, **change: object) -> Bundle:
    """The bundle of a study that was set otherwise."""
    evidence = bundle.evidence
    assert evidence
    study = evidence.study.model_copy(update=change)
    return bundle.model_copy(update={"evidence": evidence.model_copy(update={"study": study})})
