"""Every command that reads a run takes its name, from the folder above runs/, or its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyteach.cli.main import invoke


@pytest.mark.parametrize("named", ["small", "runs/small"])
def test_a_run_is_named_in_one_way(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.chdir(run_folder.parents[1])
    bundle = str(tmp_path / "b.json")
    assert invoke(["export", named, "--teacher", "faulty", "--output", str(tmp_path / "out")]) == 0
    assert invoke(["bundle", named, "--output", bundle]) == 0
    assert invoke(["recommend", "de", "--run", named]) == 0
    assert invoke(["status", named]) == 0


def test_what_only_has_the_name_of_a_run_stands_for_it(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "runs").symlink_to(run_folder.parent)
    monkeypatch.chdir(tmp_path)
    assert invoke(["export", "small", "--teacher", "faulty", "--output", "out"]) == 0
    assert invoke(["export", "large", "--output", "other"]) == 2
    assert "no such file" in capsys.readouterr().err
