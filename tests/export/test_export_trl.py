"""What is exported is trained by TRL's own command line: five steps of SFT, and of DPO."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest
from exporting import Export

from polyteach.pocket.shipped import model_path

TRL = Path(sysconfig.get_path("scripts")) / "trl"


def train(method: str, folder: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs `trl sft` or `trl dpo` for five steps on the CPU."""
    pytest.importorskip("trl", reason="TRL is not installed")
    command: Sequence[str] = (
        *(str(TRL), method, "--model_name_or_path", str(model_path("base-c")), "--dataset_name", str(folder)),
        *("--output_dir", str(output), "--max_steps", "5", "--per_device_train_batch_size", "2"),
        *("--max_length", "64", "--use_cpu", "--report_to", "none", "--save_strategy", "no", *options),
    )
    environment = dict(os.environ) | {"HF_HOME": str(output / "hf"), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def check_card(folder: Path, tags: list[str]) -> None:
    from huggingface_hub import DatasetCard

    assert DatasetCard.load(folder / "README.md").data.to_dict()["tags"] == tags


def test_sft_on_rows_of_a_run(export: Export, run_folder: Path, tmp_path: Path, no_warning: None) -> None:
    told = export(run_folder, "--teacher", "faultless", "--split", "test=10%")
    check_card(told["folder"], ["polyteach", "synthetic", "sft"])
    done = train("sft", told["folder"], tmp_path / "trained")
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "trained" / "model.safetensors").is_file()
    assert "5/5" in done.stderr + done.stdout


def test_dpo_on_pairs_of_a_run(export: Export, run_folder: Path, tmp_path: Path, no_warning: None) -> None:
    told = export(run_folder, "--teacher", "faultless", "--pairs", "faulty", "--judge", "oracle")
    check_card(told["folder"], ["polyteach", "synthetic", "preference"])
    done = train("dpo", told["folder"], tmp_path / "trained")
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "trained" / "model.safetensors").is_file()
    assert "'rewards/chosen'" in done.stderr + done.stdout
