"""Every study we ship, and every study `init` writes, is one that runs: planned here, not made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from polyteach.cli.main import invoke
from polyteach.pocket import LANGUAGES
from polyteach.study import load_study

ROOT = Path(__file__).parents[2]
STUDIES = sorted([*(ROOT / "studies").glob("*.yaml"), *(ROOT / "bench").glob("*.yaml")])
TARGETS = [code for code in LANGUAGES if code != "en"]


def test_there_are_studies_to_look_at() -> None:
    assert {
        "pocket-demo.yaml",
        "pocket.yaml",
        "pocket_truth.yaml",
        "small_study.yaml",
        "one-language-by-api.yaml",
    } <= {path.name for path in STUDIES}
    assert len(TARGETS) == 5


def forecast(path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    assert invoke(["run", str(path), "--output-dir", str(folder), "--dry-run", "--json"]) == 0
    plan: dict[str, int] = json.loads(capsys.readouterr().out)
    return plan


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_can_be_planned(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")  # planning asks nobody
    plan = forecast(path, tmp_path, capsys)
    assert plan["study"] == yaml.safe_load(path.read_text())["name"]
    assert plan["steps"] > 10
    assert plan["reused"] == 0


@pytest.mark.parametrize("language", TARGETS)
def test_what_init_writes_for_a_pocket_language_can_be_planned(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.yaml"
    assert invoke(["init", language, "--output", str(path)]) == 0
    assert "cannot run" not in capsys.readouterr().err
    assert forecast(path, tmp_path, capsys)["kinds"]
    assert "methods: [translate]}" in path.read_text()  # `translate` is asked for, and fed by English prompts


@pytest.mark.parametrize("languages", [["no", "sw"], ["en", "de"], ["en"], ["zh-Hant"]])
def test_what_init_writes_is_a_study_in_any_language(
    languages: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.yaml"
    assert invoke(["init", *languages, "--name", "2024-13-45", "--output", str(path)]) == 0
    study = load_study(path)
    assert (study.name, study.languages) == ("2024-13-45", languages)
    unexamined = [code for code in languages if code not in LANGUAGES]
    assert ("THIS STUDY CANNOT RUN YET" in path.read_text().split("\nname:")[0]) == bool(unexamined)
    err = capsys.readouterr().err
    assert all(code in err for code in unexamined)
    assert ("cannot run" in err) == bool(unexamined)


def test_a_rehearsal_is_planned_under_a_name_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--limit", "20", "--rng-seed", "7", "--dry-run", "--json", "--output-dir", str(tmp_path)]
    assert invoke(["run", str(ROOT / "bench" / "small_study.yaml"), *options]) == 0
    assert json.loads(capsys.readouterr().out)["study"] == "small-rng-seed-7-limit-20"


def test_a_dry_run_says_what_cannot_be_had(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "bench" / "small_study.yaml").read_text()
    plain = yaml.safe_load(text)
    plain["seed_data"] = [{"pocket": 8}]
    plain["synthesis"] = {"methods": ["generate", "respond"], "rows_per_method": 10}
    plain["students"]["rows"] = 30
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(plain))
    assert invoke(["run", str(tmp_path / "study.yaml"), "--output-dir", str(tmp_path), "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    language = plain["languages"][0]
    assert f"note: respond in {language}: 8 prompts for 10 requests" in lines
    assert f"note: students in {language}: 30 rows asked for, synthesis gives at most 18" in lines
    kinds = [line.split()[0] for line in lines if line.startswith("  ")]
    assert kinds == ["seed_data", "synthesis", "gate", "quality", "students", "examination"]
    requests = 18 * len(plain["teachers"]) * len(plain["languages"])
    assert f"requests to make: {requests} (of {requests})" in lines
    assert "money: unknown (local models have no price)" in lines


API = """
name: small
languages: [id]
teachers:
  - {name: mini, model: mini-1, max_new_tokens: 500, endpoint: {urls: ["http://127.0.0.1:1/v1"]},
     price: {input: 1, output: 2}}
seed_data: [{path: id.jsonl, language: id, methods: [respond]}]
synthesis: {methods: [respond], rows_per_method: 100, attempts: 3}
students: {bases: [{name: base-c, model: "pocket:base-c"}], rows: 100}
quality: {judge: oracle}
benchmarks: [pocket-choice]
"""


def test_a_plan_bounds_all_attempts_and_doubts_the_language_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(API, encoding="utf-8")
    german = "Welche Stadt in Deutschland hat die meisten Brücken über ihre Flüsse und Kanäle, Nummer"
    lines = (json.dumps({"prompt": f"{german} {n}?", "response": "Hamburg"}) + "\n" for n in range(50))
    (tmp_path / "id.jsonl").write_text("".join(lines), encoding="utf-8")
    assert invoke(["run", str(path), "--output-dir", str(tmp_path), "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "tokens to be written: at most 75,000" in said.out  # 50 prompts, 3 attempts, 500 tokens
    assert "at listed prices: about 0.08 USD" in said.out  # 50 times 512 tokens read, 500 written
    doubt = "seed_data[0] id.jsonl: 0% of 50 prompts are in Indonesian (id), most of the others in de"
    assert f"warning: {doubt}" in said.err
