"""A student as a folder: loaded by `transformers`, its card true and read without a warning."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from exporting import Export


def test_a_student_is_loaded_and_its_card_says_what_it_is(export: Export, run_folder: Path) -> None:
    told = export(run_folder, "--student", "base-c", "--teacher", "faulty")
    folder = told["folder"]
    assert told["student"] == {"base": "base-c", "teacher": "faulty", "language": "de", "trial": 0}
    own = run_folder / "artifacts" / "students" / "base-c" / "faulty" / "de" / "0"
    assert (folder / "model.safetensors").read_bytes() == (own / "model" / "model.safetensors").read_bytes()
    from huggingface_hub import ModelCard

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        card = ModelCard.load(folder / "README.md")
    data = card.data
    assert (data.language, data.license, data.library_name) == (["de"], "unknown", "transformers")
    assert "base_model" not in data.to_dict(), "pocket:base-c is no name of the hub"
    examined = run_folder / "artifacts" / "examination" / "base-c" / "faulty" / "de" / "0" / "summary.json"
    accuracy = json.loads(examined.read_text(encoding="utf-8"))["benchmarks"]["pocket-choice"]["accuracy"]
    assert [(one.dataset_name, one.metric_type, one.metric_value) for one in data.eval_results] == [
        ("pocket-choice", "acc", accuracy["value"])
    ]
    bounds = f"{accuracy['low']:.4g} to {accuracy['high']:.4g}"
    assert f"| this student | de | pocket-choice | {accuracy['value']:.4g} | {bounds} | 8 |" in card.text
    assert "| its base | de | pocket-choice |" in card.text
    training = json.loads((own / "training.json").read_text(encoding="utf-8"))
    assert f"| learning\\_rate | {training['recipe']['learning_rate']} |" in card.text
    assert f"{training['examples']} rows, by method" in card.text
    assert str(run_folder) not in card.text


def test_the_folder_is_a_model(export: Export, run_folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    told = export(run_folder, "--student", "base-c", "--teacher", "faultless", "--language", "de")
    model = transformers.AutoModelForCausalLM.from_pretrained(told["folder"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(told["folder"])
    text = tokenizer.apply_chat_template([{"role": "user", "content": "Hallo?"}], tokenize=False)
    assert model.num_parameters() > 0 and "Hallo?" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--student", "base-x"), "bases of this run: base-c"),
        (("--student", "base-c", "--trial", "3"), "--trial is one of 0"),
        (("--student", "base-c", "--teacher", "faultless"), "choose one: faulty, faultless"),
        (("--student", "base-c", "--split", "test=5"), "no --pairs and no --split"),
    ],
)
def test_a_student_that_is_not_there_is_refused(
    export: Export, run_folder: Path, options: tuple[str, ...], said: str
) -> None:
    assert said in export(run_folder, "--teacher", "faulty", *options, code=2)["stderr"]
