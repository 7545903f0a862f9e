"""A bundle can be given to anybody: nothing of what a machine, a key or a row says is in it."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from polyteach.bundles.files import to_bytes
from polyteach.bundles.pack import pack
from polyteach.bundles.public import public_model, public_text
from polyteach.bundles.run import bundle_of_run
from polyteach.figures import Figure
from polyteach.scoring.evidence import study_facts
from polyteach.scoring.records import CellMetrics, Evidence, Exam, Failure, SynthesisFacts

SECRETS = (
    "sk-planted0123456789",
    "planted-host.example",
    "planted-home",
    "planted question",
    "hf_planted0123",
)


def edited(path: Path, change: Any) -> None:
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_no_text_of_rows_or_items_and_no_path_is_in_a_bundle(runs: Path) -> None:
    text = to_bytes(bundle_of_run(runs / "joint")).decode("utf-8")
    assert str(runs.parent) not in text
    assert str(Path.home()) not in text
    checked = 0
    store = runs.parent / ".polyteach"
    for rows in [*store.glob("seed_data/*/rows.parquet"), *store.glob("synthesis/*/rows.parquet")]:
        for row in pq.read_table(rows, columns=["prompt"]).to_pylist():
            assert row["prompt"] not in text
            checked += 1
    for items in store.glob("examination/*/items.parquet"):
        for item in pq.read_table(items, columns=["item_id", "cluster"]).to_pylist():
            assert item["item_id"] not in text
            assert item["cluster"] not in text
            checked += 1
    assert checked > 1000


def test_what_is_planted_in_a_run_is_not_in_its_bundle(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs.parent, tmp_path / "all", symlinks=True)
    run = tmp_path / "all" / "runs" / "clean"

    def asked(manifest: dict[str, Any]) -> None:
        manifest["settings"] |= {
            "model": "/planted-home/models/secret",
            "endpoint": {"extra": {"token": "sk-planted0123456789"}},
            "adapter": "/planted-home/adapter",
        }
        manifest["locations"] = {"urls": "https://planted-host.example/v1", "key": "hf_planted0123"}

    def scored(manifest: dict[str, Any]) -> None:
        study = manifest["settings"]["study"]
        study["teachers"][0] |= {"kind": "model", "model": "/planted-home/models/gemma-3", "dials": None}
        study["bases"][0]["model"] = "~/planted-home/base"
        study["scorers"][0]["model"] = "https://planted-host.example/v1/judge"
        manifest["settings"]["failed"] = [
            {"step": "quality/clean/de", "reason": "planted question: sk-planted0123456789"}
        ]

    edited(run / "artifacts" / "synthesis" / "clean" / "de" / "respond" / "manifest.json", asked)
    edited(run / "artifacts" / "score" / "manifest.json", scored)
    bundle = bundle_of_run(run)
    text = to_bytes(bundle).decode("utf-8")
    assert [secret for secret in SECRETS if secret in text] == []
    assert bundle.teachers[0].model == "gemma-3"


def test_what_is_planted_in_evidence_is_not_packed() -> None:
    secret = "see https://planted-host.example/v1 with sk-planted0123456789 in /planted-home/x/model.bin"
    facts: dict[str, Any] = {
        "name": "s",
        "rng_seed": 0,
        "limit": None,
        "languages": ["de"],
        "trials": 1,
        "methods": ["respond"],
        "teachers": [{"name": "t", "kind": "model", "model": "a/b"}],
        "bases": [{"name": "b", "model": "a/c"}],
        "benchmarks": [{"name": "m", "kind": "exact", "languages": ["de"], "definition": None}],
        "scorers": [],
        "student_rows": 10,
        "quality_weight": 0.5,
    }
    exam = Exam(
        "b", "de", "m", ("planted question",), (None,), 0.0, "t", 0, {secret: 1}, ("planted question",)
    )
    evidence = Evidence(
        study=study_facts(facts),
        bases=[],
        references=[],
        students=[exam],
        metrics=[CellMetrics("t", "de", {"x": Figure(1.0, secret, unscored={secret: 2})})],
        synthesis=[SynthesisFacts("t", "de", 3, {secret: 4})],
        failures=[Failure("quality/t/de", secret)],
    )
    text = pack(evidence, facts, {}, []).model_dump_json()
    assert [word for word in SECRETS if word in text] == []
    assert "model.bin" in text  # the last part of a path is left: it may be a model's name


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("org/model", "org/model"),
        ("pocket:base-c", "pocket:base-c"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
        ("/mnt/disk/models/gemma/", "gemma"),
        ("~/models/gemma", "gemma"),
        ("../gemma", "gemma"),
        (r"C:\Users\me\gemma", "gemma"),
        ("accounts/someone/models/llama", "llama"),
        ("llama3.1:70b", "llama3.1:70b"),
        ("sk-proj-planted0123", "(a key)"),
        ("org/hf_planted0123", "(a key)"),
        ("host.internal:8080", "(an address)"),
    ],
)
def test_a_models_name_is_kept_without_its_folder(name: str, public: str) -> None:
    assert public_model(name) == public


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("sk_live_planted0123 is refused", "(a key) is refused"),
        ("refused: api_key=planted", "refused: (a key)"),
        ("OPENAI_API_KEY: 'planted'", "(a key)'"),
        ("Authorization: Bearer planted", "(a key)"),
        ("401 for Bearer abc", "401 for (a key)"),
        ("host.internal:8080/v1 is down", "(an address) is down"),
        ("gpu-box:8000/v1/chat, twice", "(an address), twice"),
        ("at 127.0.0.1:8000.", "at (an address)."),
        (r"no C:\Users\My Name\gemma.bin here", "no gemma.bin here"),
    ],
)
def test_keys_and_addresses_of_other_forms_are_not_told(text: str, public: str) -> None:
    assert public_text(text) == public


@pytest.mark.parametrize(
    "text",
    [
        "nll per token: mean over rows; prompt_tokens: 12, at 10:15, a ratio of 3.5:10/20, llama3.1:70b",
        "gain g = (student - base) / (1 - chance), mean over the benchmarks",
        "mean over all n(n-1)/2 pairs; acc_norm: log-likelihood divided by characters",
        "100 * [(1 - a) * gain + a * quality]",
        "under org/model; de/en; and/or",
    ],
)
def test_formulas_are_no_paths(text: str) -> None:
    assert public_text(text) == text


def test_packed_bundles_have_no_time_in_them(runs: Path, tmp_path: Path) -> None:
    from polyteach.bundles import read, write

    bundle = bundle_of_run(runs / "clean")
    write(bundle, tmp_path / "one.json.gz")
    write(read(tmp_path / "one.json.gz"), tmp_path / "two.json.gz")
    assert (tmp_path / "one.json.gz").read_bytes() == (tmp_path / "two.json.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.json.gz").read_bytes()) == to_bytes(bundle)
