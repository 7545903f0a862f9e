"""Nothing is read or written outside of a run's, store's or output's folder, whatever names say."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyteach.cli.main import invoke
from polyteach.errors import UserError
from polyteach.files import file_digest
from polyteach.manifests import Damaged, input_folders, read_manifest
from polyteach.review.publishing import publish_reviews
from polyteach.runs import RunFolder
from polyteach.study.load import load_study

KEY = "a" * 64
ODD_NAMES = [
    *("/etc/x", "../x", "a/../../x", "a/..", "..", ".", "", "a//b", "//x", "a\\..\\x", "C:\\x", "a\0"),
    *("./x", "a/", "a/./b"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder with a small finished run, which nobody changes."""
    folder = tmp_path_factory.mktemp("run-for-paths")
    (folder / "study.yaml").write_text(
        """
name: small
languages: [de]
teachers: [{name: one, simulated: {}}, {name: two, simulated: {error: .5}}]
seed_data: [{pocket: 40}]
synthesis: {methods: [generate], rows_per_method: 20}
quality: {judge: oracle}
students:
  bases: [{name: base-c, model: "pocket:base-c"}]
  rows: 20
  batch_size: 16
  gradient_accumulation: 1
  epochs: 1
  max_length: 64
benchmarks: [pocket-choice]
benchmark_items: 4
trials: 1
""",
        encoding="utf-8",
    )
    assert invoke(["run", str(folder / "study.yaml"), "--output-dir", str(folder)]) == 0
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of its run's folder, as somebody would hand it on: the artifacts themselves, no links."""
    shutil.copytree(made / "runs" / "small", tmp_path / "small")
    return tmp_path / "small"


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def change(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    plain = json.loads(file.read_bytes())
    change(plain)
    file.write_text(json.dumps(plain), encoding="utf-8")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_manifest_names_files_of_its_own_folder(name: str) -> None:
    facts = {"bytes": 1, "sha256": "0" * 64}
    good = {"key": KEY, "files": {"model/a b.json": facts}}
    read_manifest(json.dumps(good).encode(), KEY, "here")
    with pytest.raises(Damaged):
        read_manifest(json.dumps(good | {"files": {name: facts}}).encode(), KEY, "here")


@pytest.mark.parametrize(
    "facts",
    [
        {"bytes": 1, "sha256": "../" + "0" * 61},
        {"bytes": "1", "sha256": "0" * 64},
        {"bytes": 1, "sha256": ["0"] * 64},
    ],
)
def test_a_manifest_says_sizes_and_digests(facts: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        read_manifest(json.dumps({"key": KEY, "files": {"a": facts}}).encode(), KEY, "here")


@pytest.mark.parametrize(
    "inputs",
    [{"rows": "/etc"}, {"rows": "../.."}, {"rows": 3}, {"..": KEY}, {"/etc/x": KEY}, ["rows"], None],
)
def test_inputs_of_an_artifact_lie_in_its_store(inputs: Any, tmp_path: Path) -> None:
    assert input_folders({"inputs": {"rows/de": KEY}}, tmp_path) == {"rows/de": tmp_path / "rows" / KEY}
    with pytest.raises(Damaged):
        input_folders({"inputs": inputs}, tmp_path)


@pytest.mark.parametrize(
    "name", ["model//TMP/out-of-it", "model/../../out-of-it", "model/../../../out-of-it"]
)
def test_an_exported_student_writes_only_into_its_folder(run: Path, tmp_path: Path, name: str) -> None:
    name = name.replace("/TMP", str(tmp_path))
    student = run / "artifacts" / "students" / "base-c" / "one" / "de" / "0"
    source = Path(os.path.normpath(student / name)) if ".." in name else student / name
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("evil", encoding="utf-8")
    facts = {"bytes": 4, "sha256": file_digest(source)}
    change(student / "manifest.json", lambda manifest: manifest["files"].update({name: facts}))
    before = everything(tmp_path)
    options = ["--student", "base-c", "--teacher", "one", "--output", str(tmp_path / "new" / "out")]
    assert invoke(["export", str(run), *options]) == 2
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", ["../one", "/etc", "..", "one/de/..", "a\\b"])
def test_names_in_results_lead_nowhere(run: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (run / "results.json").read_text(encoding="utf-8")
    (run / "results.json").write_text(text.replace('"one"', json.dumps(name)), encoding="utf-8")
    for command in (
        ["export", str(run), "--teacher", name, "--output", str(run.parent / "out")],
        ["review", str(run)],
    ):
        capsys.readouterr()
        assert invoke(command) == 2
        assert "is no name of a study" in capsys.readouterr().err
    assert not (run.parent / "out").exists()


def test_an_export_removes_nothing_through_a_link(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").write_text("dear", encoding="utf-8")
    export = ["export", str(run), "--teacher", "one", "--output", str(tmp_path / "out")]
    assert invoke(export) == 0
    (tmp_path / "out" / "old").symlink_to(mine)
    record = tmp_path / "out" / "polyteach-export.json"
    change(record, lambda told: told["files"].update({"old/letter": {"bytes": 4, "sha256": "0" * 64}}))
    assert invoke(export) == 0
    assert (mine / "letter").read_text(encoding="utf-8") == "dear"


def test_a_report_with_reviews_reads_no_other_store(made: Path, tmp_path: Path) -> None:
    run = shutil.copytree(made / "runs" / "small", made / "runs" / "reviewed", symlinks=True)
    link = run / "artifacts" / "report"
    report = shutil.copytree(link, link.resolve().with_name("0" * 64))
    link.unlink()
    link.symlink_to(report)
    assert publish_reviews(run)[1] is None
    inputs = json.loads((report / "manifest.json").read_bytes())["inputs"]
    name, key = next(iter(inputs.items()))
    elsewhere = shutil.copytree(report.parents[1] / name.partition("/")[0] / key, tmp_path / "elsewhere")
    change(report / "manifest.json", lambda manifest: manifest["inputs"].update({name: str(elsewhere)}))
    assert publish_reviews(run)[1] is not None


@pytest.mark.parametrize(
    "name", [name for name in ODD_NAMES if "\0" not in name] + ["-x", ".hidden", "a b", "~x"]
)
@pytest.mark.parametrize(
    "place", ["name: small", "name: one", "name: base-c", "languages: [de]", "name: exam"]
)
def test_no_name_in_a_study_leads_out_of_its_folder(
    made: Path, tmp_path: Path, place: str, name: str
) -> None:
    text = (made / "study.yaml").read_text(encoding="utf-8")
    text = text.replace("[pocket-choice]", "[{name: exam, file: a.csv, kind: exact, language: de}]")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    load_study(tmp_path / "study.yaml")
    key, _, old = place.partition(": ")
    odd = json.dumps([name] if old.startswith("[") else name)
    (tmp_path / "study.yaml").write_text(text.replace(place, f"{key}: {odd}", 1), encoding="utf-8")
    with pytest.raises(UserError):
        load_study(tmp_path / "study.yaml")


def test_a_runs_files_are_not_written_through_links(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("dear", encoding="utf-8")
    run = RunFolder(tmp_path / "run")
    run.prepare()
    for name in ("logs/one.output.txt", "status.json", "timing.json"):
        (run.path / name).symlink_to(mine)
    run.log_output("one", "said")
    run.write_status({"state": "done"})
    run.write_timing(1.0, {})
    assert mine.read_text(encoding="utf-8") == "dear"
    assert (run.path / "logs" / "one.output.txt").read_text(encoding="utf-8") == "said"
