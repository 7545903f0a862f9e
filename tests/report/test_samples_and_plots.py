from __future__ import annotations

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
