from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from synthetic_study import SyntheticStudy

from polyteach.analysis.step import analyse
from polyteach.report.scores import raw_means, score_tables
from polyteach.report.step import report
from polyteach.report.wording import few_scored
from polyteach.scoring.step import score


def _scored(study: SyntheticStudy, folder: Path, *, reference: bool = True) -> tuple[dict, str]:
    task = study.score_task(folder / "score")
    inputs = {name: path for name, path in task.inputs.items() if reference or "/reference/" not in name}
    score(type(task)(task.settings, {}, inputs, task.output))
    analyse(study.analysis_task(folder / "score", folder / "analysis"))
    report(study.report_task(folder / "score", folder / "analysis", folder / "report"))
    results = json.loads((folder / "score/results.json").read_text(encoding="utf-8"))
    return results, (folder / "report/report.html").read_text(encoding="utf-8")


def test_every_row_and_column(results: dict) -> None:
    tables = score_tables(results)
    assert [table["language"] for table in tables] == ["de", "ar", "ja"]
    (group,) = tables[0]["groups"]
    assert tables[0]["benchmarks"] == ["choice", "exact"]
    names = [row["name"] for row in group["rows"]]
    assert names == ["base", "reference", "err-03", "small", "err-30", "big"]
    cell = next(c for c in results["cells"] if (c["teacher"], c["language"]) == ("err-03", "de"))
    shown = group["rows"][2]["scores"][0]
    assert shown["value"] == cell["benchmarks"]["choice"]["value"]
    assert shown["sign"] == "up"
    assert group["rows"][0]["scores"][0]["low"] < group["rows"][0]["scores"][0]["value"]


def test_without_a_reference_base_and_students_are_shown(tmp_path: Path) -> None:
    study = SyntheticStudy(tmp_path / "study", languages=("de",), items=60)
    results, html = _scored(study, tmp_path, reference=False)
    (group,) = score_tables(results)[0]["groups"]
    assert group["rows"][0]["scores"][0]["value"] is not None
    assert group["rows"][1]["scores"] == [None, None]
    assert "<h1>No teacher can be ranked: there is no reference.</h1>" in html
    assert '<ul class="worth"><li>err-03: its students score' in html
    assert "No teacher has a score" in html
    header = html.split("</header>")[1]  # the first is the bar's
    means = raw_means(results)["rows"]
    assert [row["teacher"] for row in means] == ["err-03", "small", "err-30", "big"]
    best = means[0]["cells"][0]
    assert (best["above"], best["below"], best["of"]) == (1, 0, 1)
    assert (
        best["student"]
        == next(c for c in results["cells"] if c["teacher"] == "err-03")["benchmarks"]["choice"]["value"]
    )
    assert (
        f'<span class="yes">▲</span> {best["student"]:.3f} <small>base {best["base"]:.3f}</small>' in header
    )
    assert "No teacher’s gain is known in any language." in html
    assert html.count("left&nbsp;out") == 2


def test_many_teachers_languages_and_bases(tmp_path: Path) -> None:
    skill = {f"teacher-{n}": 0.3 + n / 10 for n in range(6)}
    languages = ("de", "ar", "ja", "es", "zh")
    study = SyntheticStudy(
        tmp_path / "study", languages=languages, bases=("base-a", "base-c"), items=40, skill=skill
    )
    results, html = _scored(study, tmp_path)
    tables = score_tables(results)
    assert [[group["base"] for group in table["groups"]] for table in tables] == [["base-a", "base-c"]] * 5
    where = [cell for cell in results["cells"] if cell["teacher"] == "teacher-5"]
    mean = raw_means(results)["rows"][0]["cells"][0]
    assert mean["student"] == pytest.approx(sum(c["benchmarks"]["choice"]["value"] for c in where) / 10)
    assert (mean["above"], mean["of"]) == (10, 10)
    section = html.split("Students’ scores</h2>")[1].split("</section>")[0]
    assert section.count("<details") == 5
    opened = [
        code for code in languages if f'<details class="language" data-language="{code}" open>' in section
    ]
    assert opened == ["de"]
    assert section.count('<tr class="students">') == 5 * 2 * 6


@pytest.mark.parametrize(
    ("n", "lost", "few"), [(4, 696, True), (50, 50, False), (49, 50, True), (9, 0, False)]
)
def test_few_scored(n: int, lost: int, few: bool) -> None:
    figure = {"value": 0.5, "n": n, "unscored": {"too_short": lost} if lost else {}}
    assert few_scored(figure) is few
    assert not few_scored({**figure, "value": None})


def test_a_share_of_few_rows_shows_its_n(tmp_path: Path) -> None:
    study = SyntheticStudy(tmp_path / "study", languages=("de",), items=40)
    path = study.inputs["quality/small/de"] / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["response_fidelity"] |= {"value": 0.5, "n": 4, "unscored": {"too_short": 696}}
    path.write_text(json.dumps(metrics))
    results, html = _scored(study, tmp_path)
    (cell,) = re.findall(r'<td class="num few".*?</td>', html)
    assert ">0.50</a> <small>(n&nbsp;4)</small></td>" in cell
    assert "Rows without a value in these cells: responses in language: 696 too short.</p>" in html
    assert not any(w["where"] == "small/de" for w in results["warnings"])
