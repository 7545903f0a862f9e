"""The bundle of a screen says of its candidates what the screen says."""

from __future__ import annotations

import json
from pathlib import Path

from polyteach.bundles.screen import bundle_of_screen
from polyteach.cli.main import invoke
from polyteach.figures import Figure

SCREEN = """
name: kinds
languages: [de]
seed_data: [{pocket: 40}]
synthesis: {methods: [respond], rows_per_method: 20}
teachers:
- {name: simulated, simulated: {}}
- {name: humans, data: seed_data}
- {name: tiny, model: "pocket:err-03"}
"""


def test_a_screens_bundle_has_its_candidates_and_figures(tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_text(SCREEN, encoding="utf-8")
    assert invoke(["screen", str(tmp_path / "kinds.yaml"), "--output-dir", str(tmp_path)]) == 0
    folder = tmp_path / "runs" / "kinds-screen"
    screen = json.loads((folder / "screen.json").read_bytes())
    bundle = bundle_of_screen(folder)
    kinds = {teacher.name: teacher.kind for teacher in bundle.teachers}
    assert kinds == {"simulated": "simulated", "humans": "data", "tiny": "model"}
    assert bundle.teacher("tiny").model == "pocket:err-03"
    for cell, known in zip(bundle.cells, screen["cells"], strict=True):
        assert (cell.teacher, cell.rows) == (known["candidate"], known["rows"])
        assert cell.figures["score"] == Figure.from_json(known["score"])
    assert [line.rank_interval and [*line.rank_interval] for line in bundle.ranking] == [
        line["rank_interval"] for line in screen["ranking"]
    ]
