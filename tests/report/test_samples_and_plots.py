from __future__ import annotations

import pytest

from polyteach.report.plots import axis, heat, mark, scatter
from polyteach.report.samples import choose_samples, samples_each
from polyteach.rows import Row


def _row(teacher: str, source: str, prompt: str = "Q", method: str = "respond") -> Row:
    return Row(f"{teacher}-{source}", "de", method, teacher, "s", source, prompt, f"answer of {teacher}")


def test_the_same_seed_example_across_teachers() -> None:
    cells = {
        ("a", "respond"): [_row("a", str(n)) for n in range(10)],
        ("b", "respond"): [_row("b", str(n)) for n in range(5, 15)],
    }
    samples = choose_samples(cells, "de", 2)
    assert len(samples) == 2
    for sample in samples:
        assert [answer.teacher for answer in sample.answers] == ["a", "b"]
        assert sample.prompt is not None  # shown once: both were asked the same
        assert all(answer.prompt is None for answer in sample.answers)


def test_each_teachers_own_prompt_where_they_differ() -> None:
    cells = {("a", "generate"): [_row("a", "1", "Q1")], ("b", "generate"): [_row("b", "1", "Q2")]}
    (sample,) = choose_samples(cells, "de", 3)
    assert sample.prompt is None
    assert sample.told.startswith("each teacher wrote a question of its own")
    assert [answer.prompt.text for answer in sample.answers if answer.prompt] == ["Q1", "Q2"]


def test_no_rows_no_samples() -> None:
    assert choose_samples({}, "de", 6) == []
    assert choose_samples({("a", "respond"): []}, "de", 6) == []


def test_pages_of_large_studies_stay_small() -> None:
    assert samples_each(3, 4) == 6
    assert samples_each(6, 10) == 4
    assert samples_each(100, 10) == 1


def test_axis_has_round_ends() -> None:
    scale = axis([0.03, 0.57], with_zero=True)
    assert (scale.low, scale.ticks[0]) == (0, 0)
    assert scale.ticks == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    assert scale.place(0.3) == pytest.approx(50)
    assert axis([]).place(0) == pytest.approx(50)
    assert axis([5.0, 5.0]).place(5.0) == pytest.approx(50)


def test_labels_do_not_cover_each_other() -> None:
    across, up = axis([0, 1]), axis([0, 1])
    placed = scatter([("one", 0.5, 0.5, 0.4, 0.6), ("two", 0.52, 0.5, 0.4, 0.6)], across, up)
    assert placed[0].side != placed[1].side
    (edge,) = scatter([("a long name", 1.0, 0.5, 0.4, 0.6)], across, up)
    assert edge.side == "left"
    (near,) = scatter([("err-03", 0.9, 0.5, 0.4, 0.6)], across, up)
    assert near.side == "left"  # it would fit to the right, but not on a telephone


def test_marks_tell_below_zero_from_not_clearly_above() -> None:
    assert [mark(0.1, 0.2), mark(None, None)] == ["", ""]
    assert [mark(-0.1, 0.2), mark(0.0, 0.2), mark(-0.2, 0.0)] == ["unclear"] * 3
    assert mark(-0.2, -0.1) == "below"


def test_heat() -> None:
    assert heat(0.3, 0.6) == ("up", 50)
    assert heat(-0.6, 0.6) == ("down", 100)
    assert heat(None, 0.6) == ("none", 0)
    assert heat(0.0, 0.0) == ("none", 0)
