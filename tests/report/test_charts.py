from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from polyteach.report.charts import Interval, Point, Series, heat, intervals, lines, scatter, shade
from polyteach.report.charts.axis import linear, logarithmic, mark
from polyteach.report.charts.drawing import fitted, text_width
from polyteach.report.charts.labels import placed, spread

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</svg><script>alert(1)</script>\x00\u202e\ud800"


def test_axis_has_round_ends() -> None:
    scale = linear([0.03, 0.57], with_zero=True)
    assert (scale.low, scale.ticks[0]) == (0, 0)
    assert scale.ticks == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    assert scale.place(0.3) == pytest.approx(50)
    assert linear([]).place(0) == pytest.approx(50)
    assert linear([5.0, 5.0]).place(5.0) == pytest.approx(50)
    assert linear([-0.2, 0.1]).labels[0] == "−0.20"


def test_logarithmic_axis_has_equal_factors() -> None:
    scale = logarithmic([67, 600])
    assert (scale.low, scale.high) == (50, 1000)
    assert scale.place(100) - scale.place(50) == pytest.approx(scale.place(400) - scale.place(200), abs=0.02)
    assert logarithmic([0.004, 900]).labels == ("0.01", "0.1", "1", "10", "100", "1,000")
    assert logarithmic([10, 10]).place(10) == pytest.approx(50)
    assert logarithmic([]).ticks == (1, 2, 5, 10)


def test_marks_tell_below_zero_from_not_clearly_above() -> None:
    assert [mark(0.1, 0.2), mark(None, None)] == ["", ""]
    assert [mark(-0.1, 0.2), mark(0.0, 0.2), mark(-0.2, 0.0)] == ["unclear"] * 3
    assert mark(-0.2, -0.1) == "below"


def test_shades_of_a_table() -> None:
    assert shade(0.3, 0.6) == "up s10"
    assert shade(-0.6, 0.6) == "down s20"
    assert shade(None, 0.6) == shade(0.0, 0.0) == "none"


def test_names_beside_points_cover_nothing() -> None:
    inside = (0.0, 0.0, 400.0, 300.0)
    points = [(200.0 + 3 * n, 150.0 + 2 * n, f"teacher {n}") for n in range(8)]
    boxes = []
    for label in placed(points, inside):
        left = label.x if label.anchor == "start" else label.x - text_width(label.text)
        boxes.append((left, label.y - 8, left + text_width(label.text), label.y + 8))
    for box in boxes:
        assert box[0] >= 0 and box[2] <= 400
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            assert across <= 0 or down <= 0
    (edge,) = placed([(395.0, 150.0, "a name")], inside)
    assert edge.anchor == "end"


def test_places_are_moved_apart_in_their_order() -> None:
    assert spread([10, 10, 50], 0, 100, 16) == [10, 26, 50]
    assert spread([99, 98], 0, 100, 16) == [100, 84]
    assert spread([5.0], 0, 100) == [5.0]
    crowded = spread([50.0] * 11, 0, 100, 16)
    assert crowded == pytest.approx([10.0 * n for n in range(11)])


def test_long_names_lose_their_middle() -> None:
    short = fitted("organisation/teacher-70b-instruct", 120)
    assert text_width(short) <= 120
    assert short.startswith("organ") and short.endswith("struct") and "…" in short
    assert fitted("short", 120) == "short"
    assert text_width("日本") == 26  # as wide as high
    assert fitted("w" * 100_000, 100).count("w") < 20


def charts() -> dict:
    rows = [
        Interval(HOSTILE, 0.2, 0.1, 0.3, "0.20"),
        Interval("b", -0.2, -0.3, -0.1),
        Interval("c", None, text="–"),
    ]
    points = [Point(HOSTILE, 0.5, 0.1, 0.0, 0.2, "#x"), Point("b", 0.6, 0.3)]
    series = [Series(HOSTILE, [(67, 0.1), (200, 0.2)], [(0.0, 0.2), (0.1, 0.3)]), Series("b", [(67, 0.3)])]
    return {
        "intervals": intervals(rows, title=HOSTILE),
        "scatter": scatter(points, "x", "y", title="t", front=[HOSTILE, "b"]),
        "lines": lines(series, "rows", "gain", title="t", log_across=True),
        "heat": heat([HOSTILE], ["de"], [[0.1], [None]][:1], title="t"),
    }


@pytest.mark.parametrize("name", ["intervals", "scatter", "lines", "heat"])
def test_a_chart_is_whole_svg_and_its_texts_stay_texts(name: str, tmp_path: Path) -> None:
    chart = charts()[name]
    root = ElementTree.parse(chart.save(tmp_path / "chart.svg")).getroot()
    assert root.tag == f"{SVG}svg"
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {
        "svg",
        "style",
        "rect",
        "line",
        "text",
        "title",
        "circle",
        "path",
        "polyline",
        "polygon",
        "a",
    }
    said = " ".join(root.itertext()) + root.get("aria-label")
    assert "<script>alert(1)</script>␀⟨U+202E⟩⟨U+D800⟩" in said or name != "intervals"
    page = chart.__html__()
    assert "<script" not in page and " style=" not in page and "<style" not in page
    assert chart == charts()[name], "the same data, the same bytes"


def test_a_chart_with_links_can_be_walked_through() -> None:
    assert 'role="group"' in charts()["scatter"].wide
    assert 'role="img"' in charts()["lines"].wide


def test_series_differ_by_more_than_colour() -> None:
    many = [Series(f"s{n}", [(1, n), (2, n)]) for n in range(10)]
    drawn = lines(many, "x", "y", title="t").wide
    marks = re.findall(r'<(circle|path) ([^>]*)class="dot series-(\d)', drawn) or re.findall(
        r'<(circle|path)[^>]*class="dot series-(\d)"', drawn
    )
    assert len(marks) == 20
    assert drawn.count("stroke-dasharray") == 2, "from the ninth on, lines are dashed"
