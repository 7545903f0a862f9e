from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from run_of_review import RANKED, ReviewRun, answered, make_run, saved, the_key
from test_review_figures import right_choice, right_mark

from polyteach.cli.main import invoke


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ReviewRun:
    return make_run(tmp_path_factory.mktemp("command"))


def test_there_and_back(run: ReviewRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, folder = tmp_path / "page.html", str(run.folder)
    made = ["review", folder, "--language", "de", "--rows", "4", "--output", str(page)]
    assert invoke([*made, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    key = the_key(run.folder)
    assert (told["page"], told["items"], told["telling"]) == (key.page, len(key.items), 0)
    text = page.read_text(encoding="utf-8")
    assert not [name for name in (*RANKED, "synthetic", "pocket:", key.secret, "respond/") if name in text]
    first = page.read_bytes()
    assert invoke(made) == 0  # its own page is written over, with the same bytes
    assert page.read_bytes() == first

    back = saved(answered(key, "a", "Ana", right_mark, right_choice), tmp_path / "back.json")
    capsys.readouterr()
    assert invoke(["review", "import", folder, str(back), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema_version"] == 1
    assert found["languages"][0]["teachers"][0]["teacher"] == RANKED[0]
    assert invoke(["review", "import", folder, str(back)]) == 2
    assert "there already" in capsys.readouterr().err
    assert invoke(["review", "import", folder, str(back), "--force"]) == 0
    shown = capsys.readouterr().out
    other = saved(answered(key, "b", "ana", right_mark, right_choice), tmp_path / "other.json")
    assert invoke(["review", "import", folder, str(other)]) == 0
    assert "of one name" in capsys.readouterr().err
    assert re.search(r"with the judge \(rho within prompts\) +1\.00", shown)
    assert RANKED[0] in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--language", "fr"], "no language 'fr'"),
        (["--language", "xx-nowhere"], "unknown language"),
        (["--instructions", "klingon!"], "unknown language"),
        (["--output", "{run}/results.json"], "would be written over"),
    ],
)
def test_what_cannot_be(
    run: ReviewRun, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    given = [one.replace("{run}", str(run.folder)) for one in arguments]
    assert invoke(["review", str(run.folder), *given]) == 2
    assert said in capsys.readouterr().err


def test_a_file_of_others_is_not_written_over(
    run: ReviewRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "mine.html"
    other.write_text("mine")
    assert invoke(["review", str(run.folder), "--output", str(other)]) == 2
    assert other.read_text() == "mine"
    assert "--force" in capsys.readouterr().err


def test_another_page_is_not_written_over(
    run: ReviewRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "page.html"
    made = ["review", str(run.folder), "--language", "de", "--output", str(path)]
    assert invoke(made) == 0
    first, keys = path.read_bytes(), sorted(run.folder.glob("reviews/*"))
    assert invoke([*made, "--rng-seed", "1"]) == 2
    assert "is the page of another run" in capsys.readouterr().err
    assert (path.read_bytes(), sorted(run.folder.glob("reviews/*"))) == (first, keys)
    assert invoke([*made, "--rng-seed", "1", "--force"]) == 0
    assert path.read_bytes() != first


def test_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["review", str(tmp_path), "--language", "de"]) == 2
    assert "no finished run" in capsys.readouterr().err


def test_instructions_of_another_language_are_the_same_page(
    run: ReviewRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = []
    for name, more in (("de", []), ("cs", ["--instructions", "cs"])):
        output = ["--output", str(tmp_path / f"{name}.html"), "--rows", "3"]
        assert invoke(["review", str(run.folder), *output, *more, "--json"]) == 0
        pages.append(json.loads(capsys.readouterr().out))
    assert pages[0]["page"] == pages[1]["page"]
    assert [page["instructions"] for page in pages] == ["de", "en"]
    assert "There are no instructions in Czech yet" in (tmp_path / "cs.html").read_text(encoding="utf-8")
