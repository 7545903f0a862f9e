"""Problems and judges' means of files side by side."""

import numpy as np
import pytest
from quality_rows import row

from polyteach.quality.cell import measure_rows
from polyteach.quality.sources import find_problems, judge_means
from polyteach.steps import SilentProgress

GERMAN = "Die alte Bücherei am Marktplatz ist am Sonntag leider immer geschlossen."


def test_each_problem_is_counted() -> None:
    rows = [
        row(1, "Wann ist die Bücherei am Marktplatz offen?", GERMAN),
        row(2, "Wann ist die Bücherei am Marktplatz offen?", GERMAN),
        row(3, "Wann ist die Bücherei am Marktplatz offen??", GERMAN),
        row(4, "Wo ist die alte Bücherei unserer Stadt?", "The old library is closed on Sundays."),
        row(5, "Wer hat die alte Bücherei gebaut?", "  ", finish_reason="length"),
        row(6, "When was the old library built, please?", "1889", finish_reason="stop"),
    ]
    cell = measure_rows(rows, "de", rng_seed=0, progress=SilentProgress())
    assert find_problems(rows, cell) == {
        "empty_prompt": 0,
        "empty_response": 1,
        "duplicate": 1,
        "near_duplicate": 1,
        "prompt_wrong_language": 1,
        "response_wrong_language": 1,
        "cut_off": 1,
    }


def test_cut_off_is_left_out_where_nobody_says() -> None:
    rows = [row(1, "Frage", "Antwort")]
    cell = measure_rows(rows, "de", rng_seed=0, progress=SilentProgress())
    assert "cut_off" not in find_problems(rows, cell)
    said = [row(1, "Frage", "Antwort", extra={"finish_reason": "length"})]
    assert find_problems(said, cell)["cut_off"] == 1


def test_judges_keep_their_sets_and_scales_apart() -> None:
    def judged(number: int, source_set: str, scale: str, **scores: object) -> object:
        extra = {"source_set": source_set, "judge_scale": scale, "judge_scores": scores}
        return row(number, "F", "A", extra=extra)

    rows = [
        judged(1, "a", "1-5", x=4, y=None),
        judged(2, "a", "1-5", x={"score": 5, "text": "..."}),
        judged(3, "a", "1-5", x=0, y="4"),
        judged(4, "b", "1-10", x=10),
        judged(5, "b", "1-5", x=True),
        row(6, "F", "A"),
    ]
    found = {(j.source_set, j.scale, j.judge): j.to_json() for j in judge_means(rows)}  # type: ignore[arg-type]
    assert list(found) == [("a", "1-5", "x"), ("a", "1-5", "y"), ("b", "1-10", "x"), ("b", "1-5", "x")]
    first = found["a", "1-5", "x"]
    assert (first["mean"], first["n"], first["outside_scale"]) == (3.0, 3, {"0": 1})
    assert first["se"] == pytest.approx(np.sqrt(7 / 3))  # squares 1 + 4 + 9 = 14, / 2, / 3
    nobody = found["a", "1-5", "y"]
    assert nobody["mean"] is None
    assert nobody["unscored"] == {"no_score": 1, "not_a_number": 1, "not_judged": 1}
    assert found["b", "1-5", "x"]["unscored"] == {"not_a_number": 1}
