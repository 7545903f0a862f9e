"""A study's judge is tested by the gate of each language, and its checks are written beside the metrics."""

import json
from pathlib import Path

from polyteach import pocket
from polyteach.figures import Figure
from polyteach.quality.gate_step import GATE, gate_language
from polyteach.rows import write_rows
from polyteach.steps import StepTask


def judges(
    folder: Path, judge: dict[str, str] | None, locations: dict[str, str], pairs: int = 60
) -> dict[str, dict[str, Figure]]:
    """What the gate of German says of a judge, half of its pairs held out."""
    inputs = {}
    for name, language in (("seed_data", "de"), ("seed_data_en", "en")):
        (folder / name).mkdir()
        write_rows(folder / name / "rows.parquet", pocket.seed_rows(language, pairs, rng_seed=0))
        inputs[name] = folder / name
    settings = {"language": "de", "rows": 200, "rng_seed": 1, "embedder": "lexical", "perplexity": None}
    (folder / "out").mkdir()
    gate_language(StepTask(settings | {"judge": judge}, locations, inputs, folder / "out"))
    found = json.loads((folder / "out" / GATE).read_text(encoding="utf-8"))["judges"]
    return {name: {c: Figure.from_json(f) for c, f in checks.items()} for name, checks in found.items()}


def test_the_oracle_stands_the_test(tmp_path: Path) -> None:
    found = judges(tmp_path, {"kind": "oracle", "world_digest": "x"}, {})
    assert list(found) == ["oracle"]
    checks = found["oracle"]
    assert checks["rubric_discrimination"].value == checks["pairwise_discrimination"].value == 1.0
    assert checks["rubric_parse_rate"].n == 30


def test_a_pocket_model_has_no_room_to_judge(tmp_path: Path) -> None:
    digest = "0123456789abcdef"
    judge = {"kind": "model", "model": digest, "rubric_digest": "x"}
    found = judges(tmp_path, judge, {"judge": str(pocket.model_path("small-err-45"))}, pairs=16)
    assert list(found) == [digest[:12]]
    assert {figure.reason for figure in found[digest[:12]].values()} == {"judge_prompt_too_long"}


def test_no_judge_no_checks(tmp_path: Path) -> None:
    assert judges(tmp_path, None, {}) == {}
