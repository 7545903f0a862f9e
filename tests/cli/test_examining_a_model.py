"""The options of `polyteach examine`: adapters, the folder of results, and what is refused beforehand."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from servers import start_chat_server

from polyteach.cli.main import USER_ERROR, invoke
from polyteach.cli.options import INTERRUPTED

CHOICE = """id,question,option_a,option_b,answer
red,Was ist rot?,Tomate,Gras,A
green,Was ist grün?,Tomate,Gras,B
blue,Was ist blau?,Himmel,Gras,A
"""


@pytest.fixture
def exam(tmp_path: Path) -> list[str]:
    (tmp_path / "exam.csv").write_text(CHOICE, encoding="utf-8")
    file = ["--file", str(tmp_path / "exam.csv"), "--kind", "choice"]
    return ["--language", "de", "--benchmark", "colours", *file]


def results(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "items.parquet").to_pylist()


@pytest.mark.parametrize("more", [[], ["--in-words", "--max-new-tokens", "8"]])
def test_a_student_that_names_no_base_is_an_adapter_on_the_model(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """polyteach saves its students so: their base is named by content, not by where it lay."""
    from peft import LoraConfig, get_peft_model

    from polyteach import pocket
    from polyteach.students.base import load_base

    model, tokenizer = load_base(str(pocket.model_path("base-a")))
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    adapter = str(tmp_path / "adapter")
    adapted.save_pretrained(adapter)
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    unnamed = json.dumps(config | {"base_model_name_or_path": None})
    (tmp_path / "adapter" / "adapter_config.json").write_text(unnamed)
    adapted.merge_and_unload().save_pretrained(tmp_path / "merged")
    for place in ("adapter", "merged"):
        tokenizer.save_pretrained(tmp_path / place)
    (tmp_path / "exam.csv").write_text("question,answer\nWas ist rot?,Tomate\nWas ist blau?,Himmel\n")
    file = ["--file", str(tmp_path / "exam.csv"), "--kind", "exact"]
    exam = ["--language", "de", "--benchmark", "colours", *file]
    assert invoke(["examine", adapter, *exam, "--output", str(tmp_path / "no"), *more]) == USER_ERROR
    assert "does not say on which base it stands" in capsys.readouterr().err
    asked = {
        "student": ["pocket:base-a", "--adapter", adapter],
        "merged": [str(tmp_path / "merged")],
        "base": ["pocket:base-a"],
    }
    answers = {}
    for name, who in asked.items():
        assert invoke(["examine", *who, *exam, "--output", str(tmp_path / name), *more]) == 0
        answers[name] = [row["answer"] for row in results(tmp_path / name)]
    assert answers["student"] == answers["merged"] != answers["base"]


def test_an_adapter_is_of_a_model_on_this_machine(
    tmp_path: Path, exam: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--model", "x", "--adapter", str(tmp_path), "--output", str(tmp_path / "out")]
    assert invoke(["examine", "http://127.0.0.1:9/v1", *exam, *more]) == USER_ERROR
    assert "--adapter: is of a model on this machine" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--in-words"]])
def test_the_folder_is_tried_before_a_model_is_asked(
    tmp_path: Path, exam: list[str], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "afile").write_text("mine")
    # A model whose weights cannot be loaded: asking it would fail in another way.
    from polyteach import pocket

    broken = tmp_path / "broken"
    broken.mkdir()
    for path in pocket.model_path("base-a").iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | {"model_type": "no-such-model"}))
    output = ["--output", str(tmp_path / "afile"), *more]
    assert invoke(["examine", str(broken), *exam, *output]) == USER_ERROR
    assert "afile: cannot be written (File exists)" in capsys.readouterr().err
    assert (tmp_path / "afile").read_text() == "mine"


def test_nothing_is_sent_where_the_answers_could_not_be_kept(
    tmp_path: Path, exam: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "afile").write_text("mine")
    with start_chat_server(says={"": "A"}) as server:
        output = ["--output", str(tmp_path / "afile" / "deeper")]
        assert invoke(["examine", server.url, "--model", "tiny", *exam, *output]) == USER_ERROR
        assert server.seen()["received"] == 0
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ["--benchmark", "x", "--kind", "choice", "--few-shot", "0"],
            "--few-shot: is of a benchmark by name",
        ),
        (["--benchmark", "x", "--kind", "choice", "--shots", "s.csv"], "--shots: is of a benchmark by name"),
        (["--benchmark", "a/b", "--kind", "choice"], "--benchmark: "),
        (["--benchmark", "mgsm", "--few-shot", "5"], "shots"),
    ],
)
def test_a_mistake_names_the_option(
    tmp_path: Path, options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "exam.csv").write_text(CHOICE, encoding="utf-8")
    rest = ["--language", "de", "--file", str(tmp_path / "exam.csv"), "--output", str(tmp_path / "out")]
    assert invoke(["examine", "pocket:base-a", *options, *rest]) == USER_ERROR
    error = capsys.readouterr().err
    assert says in error and "--name" not in error


@pytest.mark.parametrize("second", ["pocket-exact", "lm_eval:pocket-exact"])
def test_a_benchmark_is_named_once(tmp_path: Path, second: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Results are kept by name: of two with one name, one would be lost."""
    named = ["--benchmark", "pocket-exact", "--benchmark", second, "--language", "de"]
    assert invoke(["examine", "pocket:base-a", *named, "--output", str(tmp_path / "out")]) == USER_ERROR
    assert "--benchmark: 'pocket-exact' is named 2 times" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_holds_one_exam(tmp_path: Path, exam: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Another model, language, limit or benchmark is another exam: nothing is lost without a word."""
    output = tmp_path / "out"
    into = ["--output", str(output)]
    assert invoke(["examine", "pocket:base-a", *exam, *into]) == 0
    said = json.loads((output / "summary.json").read_text())["exam"]
    assert (said["language"], said["limit"], said["adapter"], said["in_words"]) == ("de", None, None, None)
    assert said["named"] == {"model": "pocket:base-a", "file": str(tmp_path / "exam.csv")}
    assert said["benchmarks"]["colours"]["kind"] == "choice" and len(said["model"]) == 64
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    assert invoke(["examine", "pocket:base-a", *exam, *into]) == 0  # the same again gives the same
    own = ["--benchmark", "pocket-exact", "--language", "de"]
    others = {
        "model": ["pocket:base-c", *exam],
        "limit": ["pocket:base-a", *exam, "--limit", "2"],
        "language": ["pocket:base-a", *[part if part != "de" else "en" for part in exam]],
        "in_words": ["pocket:base-a", *exam, "--in-words"],
        "limit, benchmarks": ["pocket:base-a", *own, "--limit", "2"],
    }
    capsys.readouterr()
    for differs, asked in others.items():
        assert invoke(["examine", *asked, *into]) == USER_ERROR
        assert f"out: holds the results of another exam ({differs})" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before
    assert invoke(["examine", *others["model"], *into, "--force"]) == 0
    assert json.loads((output / "summary.json").read_text())["exam"]["named"]["model"] == "pocket:base-c"


def test_results_that_are_not_of_the_command_are_left(
    tmp_path: Path, exam: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "summary.json").write_text("{}")
    assert invoke(["examine", "pocket:base-a", *exam, "--output", str(tmp_path)]) == USER_ERROR
    assert "summary.json: is there already, and was not written by this command" in capsys.readouterr().err
    assert (tmp_path / "summary.json").read_text() == "{}"


def test_all_files_that_are_missing_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--benchmark", "mgsm", "--language", "de", "--output", str(tmp_path / "out")]
    files = ["--file", str(tmp_path / "no.jsonl"), "--shots", str(tmp_path)]
    assert invoke(["examine", "pocket:base-a", *named, *files]) == USER_ERROR
    said = capsys.readouterr().err
    assert "no.jsonl: there is no such file" in said
    assert f"{tmp_path}: this is a folder, not a file" in said


def test_an_interrupted_examination_here_says_that_nothing_is_kept(tmp_path: Path, exam: list[str]) -> None:
    """In a process of its own, to which the signal is sent when the model is being asked."""
    here = [sys.executable, "-m", "polyteach.cli.main", "examine", "pocket:base-a"]
    named = ["--benchmark", "pocket-exact", "--language", "de", "--output", str(tmp_path / "out")]
    with subprocess.Popen([*here, *named], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "to do" in line:
                break
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == INTERRUPTED
    assert "interrupted; nothing was kept" in said and "what was finished is kept" not in said
