"""Each mistake of a user: one clear message, exit code 2, no traceback, earlier artifacts untouched."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from polyteach.artifacts import Store
from polyteach.cli.doctor import _library
from polyteach.cli.main import USER_ERROR, invoke
from polyteach.pocket import model_path

GOOD = """
name: small
languages: [de]
teachers: [{name: a, model: ./teacher, prompts: pocket, max_new_tokens: 8}]
seed_data: [{path: seed.jsonl, language: de}]
synthesis: {methods: [generate, respond], rows_per_method: 4}
students:
  bases: [{name: b, model: "pocket:base-c"}]
benchmarks: [pocket-choice]
"""
SEED = [{"prompt": f"Frage {i}?", "response": f"Antwort {i}"} for i in range(6)]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with a good study, its seed data and its teacher."""
    (tmp_path / "study.yaml").write_text(GOOD, encoding="utf-8")
    lines = [json.dumps(row, ensure_ascii=False) for row in SEED]
    (tmp_path / "seed.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copytree(model_path("base-c"), tmp_path / "teacher")
    return tmp_path


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def put(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def cut(name: str, keep: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * keep)])

    return change


def only_pickle(folder: Path) -> None:
    (folder / "teacher" / "model.safetensors").rename(folder / "teacher" / "pytorch_model.bin")


def huge_header(folder: Path) -> None:
    (folder / "teacher" / "model.safetensors").write_bytes(struct.pack("<Q", 2**60) + b"{}")


def damaged_parquet(folder: Path) -> None:
    (folder / "seed.parquet").write_bytes(b"PAR1nonsense")
    edit("study.yaml", "seed.jsonl", "seed.parquet")(folder)


MISTAKES: dict[str, tuple[Callable[[Path], None], str]] = {
    "unknown key": (edit("study.yaml", "languages:", "rng_sed: 3\nlanguages:"), "did you mean `rng_seed`"),
    "wrong type": (edit("study.yaml", "rows_per_method: 4", "rows_per_method: four"), "found 'four'"),
    "unknown language": (edit("study.yaml", "[de]", "[qx]"), "unknown language 'qx'"),
    "a language's name": (edit("study.yaml", "[de]", "[tagalog]"), "write 'fil' for Filipino"),
    "a language, no list": (edit("study.yaml", "[de]", "tagalog"), "write it as a list: [fil]"),
    "a code, no list": (edit("study.yaml", "[de]", "tl"), "write it as a list: [fil]"),
    "unknown benchmark": (
        edit("study.yaml", "pocket-choice", "pocket-choise"),
        "no benchmark 'pocket-choise'",
    ),
    "no YAML": (put("study.yaml", b"a: [1,"), "not valid YAML"),
    "study not UTF-8": (put("study.yaml", b"name: \xff"), "not UTF-8"),
    "missing seed file": (remove("seed.jsonl"), "study.yaml:5: seed_data[0].path: "),
    "empty seed file": (put("seed.jsonl", b""), "empty"),
    "seed file not UTF-8": (put("seed.jsonl", b'{"prompt": "\xff"}\n'), "UTF-8"),
    "JSON broken at a line": (
        put("seed.jsonl", b'{"prompt": "a", "response": "b"}\n{"pro\n'),
        "seed.jsonl:2",
    ),
    "a line that is no object": (put("seed.jsonl", b'["a"]\n'), "seed.jsonl:1"),
    "no prompt column": (put("seed.jsonl", b'{"question": "a"}\n'), "question"),
    "duplicate ids": (
        put("seed.jsonl", b'{"id": "1", "prompt": "a"}\n{"id": "1", "prompt": "b"}\n'),
        "'1'",
    ),
    "no responses for generate": (put("seed.jsonl", b'{"prompt": "a"}\n'), "nothing feeds `generate` in de"),
    "damaged Parquet": (damaged_parquet, "seed.parquet"),
    "missing model folder": (edit("study.yaml", "./teacher", "./nobody"), "nobody"),
    "unknown pocket model": (edit("study.yaml", "pocket:base-c", "pocket:base-z"), "base-z"),
    "no tokenizer": (remove("teacher/tokenizer.json"), "tokenizer"),
    "no config": (remove("teacher/config.json"), "config.json"),
    "config no JSON": (put("teacher/config.json", b"{"), "config.json"),
    "truncated safetensors": (cut("teacher/model.safetensors", 0.5), "cut off"),
    "safetensors with a mad header": (huge_header, "model.safetensors"),
    "pickled weights only": (only_pickle, "pickle"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_one_message_and_exit_2(
    study: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_mistake, message = MISTAKES[kind]
    earlier = study / ".polyteach" / "students" / "abc" / "manifest.json"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("kept")
    make_mistake(study)
    code = invoke(["run", str(study / "study.yaml"), "--output-dir", str(study)])
    printed = capsys.readouterr()
    assert code == USER_ERROR
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.err.count("error: ") == 1
    assert printed.out == ""
    assert earlier.read_text() == "kept"


def test_the_good_study_itself_has_no_mistake(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["run", str(study / "study.yaml"), "--output-dir", str(study), "--dry-run", "--json"]) == 0
    forecast = json.loads(capsys.readouterr().out)
    assert forecast["requests"] == {"total": 8, "left": 8}
    assert not Store(study / ".polyteach").root.exists()  # a dry run writes nothing


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere.yaml"], "no such study file"),
        (["run", "study.yaml", "--limit", "0"], "--limit"),
        (["run", "study.yaml", "--resume", "maybe"], "--resume"),
        (["run", "study.yaml", "--resume", "always"], "no run to resume"),
        (["run", "study.yaml", "--output-dir", "seed.jsonl"], "cannot write"),
        (["status", "nothing"], "no run here"),
        (["status"], "no run here"),
        (["init", "klingon!"], "unknown language"),
        (["init", "deutsch", "klingon"], "unknown language 'deutsch'"),
        (["init", "deutsch", "klingon"], "unknown language 'klingon'"),
        (["run", "study.yaml", "--resume", "always", "--dry-run"], "no run to resume"),
        (["init", "de", "--output", "study.yaml"], "a file already"),
        (["init", "de", "de"], "listed twice: de"),
        (["init", "tl", "fil"], "listed twice: fil"),
        (["init", "de", "--name", "x: [y"], "a name is made of"),
        (["run", "study.yaml", "--rng-seed", "1099511627776"], "--rng-seed"),
        (["run", "study.yaml", "--limit", "9" * 300], "--limit"),
        (["run", "study.yaml", "--store", "gs://bucket/store"], "is no store that is supported"),
        (["run", "study.yaml", "--output-dir", "gs://bucket"], "is no folder"),
        (["status", "x" * 300], "no run here"),
        (["measure", "nowhere.jsonl", "--language", "de"], "nowhere.jsonl"),
        (["measure", "seed.jsonl", "--language", "zzzz"], "unknown language"),
        (["pocket", "build", "--only", "nobody"], "nobody"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_mistake_on_the_command_line(
    study: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(study)
    assert invoke(arguments) == USER_ERROR
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"state": "running"}', b"[" * 100_000, b"\xff"])
def test_a_status_that_is_none_is_said(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "status.json").write_bytes(content)
    assert invoke(["status", str(tmp_path)]) == USER_ERROR
    assert "the status cannot be read" in capsys.readouterr().err


def test_a_file_is_no_output_folder_for_the_doctor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert invoke(["doctor", "--output-dir", str(tmp_path / "file"), "--json"]) == USER_ERROR
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert not checks["output folder"]["ok"]
    assert checks["device"]["ok"]
    assert checks["torch"]["ok"]


@pytest.mark.parametrize("metadata", [None, "", "Name: half\nVersion: 1.0\n"])
def test_the_doctor_reports_a_half_installed_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str | None
) -> None:
    (tmp_path / "half").mkdir()  # without code: what an installation that broke off leaves behind
    if metadata is not None:
        (tmp_path / "half-1.0.dist-info").mkdir()
        (tmp_path / "half-1.0.dist-info" / "METADATA").write_text(metadata)
    monkeypatch.syspath_prepend(str(tmp_path))
    check = _library("half")
    assert (check.ok, check.found) == (False, "broken or incomplete")
    assert check.fix == "pip install --force-reinstall half"


def test_the_doctor_shows_the_whole_path_of_the_output_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["doctor"]) == 0
    assert f"ok   output folder: {tmp_path}\n" in capsys.readouterr().out
