from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from polyteach.published.page import Matrix, digits, further, layout, name_of, ours, render_page

VOID = {"meta", "br", "link"}


class Outline(HTMLParser):
    """Collects tags and attributes, and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(study: dict[str, Any]) -> str:
    return render_page(study)


@pytest.fixture(scope="module")
def outline(html: str) -> Outline:
    parsed = Outline()
    parsed.feed(html)
    assert parsed.open == []
    return parsed


def test_one_file_that_asks_no_network(html: str, outline: Outline) -> None:
    assert "default-src &#39;none&#39;; script-src &#39;sha256-" in html
    assert not {"src", "onclick", "style"} & outline.attributes
    assert not {"img", "link", "iframe"} & outline.tags
    assert html.count("<script>") == 1
    assert html.count('href="') == 1, "to the content"
    assert len(html.encode()) < 500_000
    assert "`" not in html.split("</head>")[1]
    assert '<th scope="col">PGR where defined</th>' not in html  # it ranks nobody


def test_every_figure_and_finding_is_there(html: str, outline: Outline, study: dict[str, Any]) -> None:
    ids = [one["id"] for part in ("audit", "figures") for one in study[part]]
    assert [one for one in outline.ids if one not in ("theme", "main", "told")] == ids
    assert html.count("<summary><strong>") == 19
    assert "10 of 19 tables and figures match, 7 differ, 2 cannot be recomputed" in html


def test_ours_stands_beside_the_published_figure(html: str) -> None:
    assert "<b>0.7264</b><small>0.726</small>" in html  # Table 1, the first teacher's mean
    assert '<td class="num differs"><b>0.9452</b><small>0.545</small></td>' in html  # Figure 2
    assert '<td class="num cited" title="cited: not released">0.032</td>' in html  # Table 2


def test_estimates_stand_below_their_figure(html: str, study: dict[str, Any]) -> None:
    tables = [table for figure in study["figures"] for table in figure["estimates"]]
    assert html.count('<h4 class="beyond">') == len(tables) == 11
    assert "adjusted 0.624" in html
    matched = '<th scope="row">10K-Polyglot-TL 4B less 10K-Aya</th><td class="num"><b>8.89</b></td>'
    assert f'{matched}<td class="num">3.50</td><td class="num">1.26 to 16.51</td>' in html
    # a note that the table above has already is not said again
    assert html.count("one draw of many") == 2 + 1 + 1 + 2


def test_text_is_text(study: dict[str, Any]) -> None:
    figure = {**study["figures"][0], "explanation": "<script>alert(1)</script>"}
    page = render_page({**study, "figures": [figure, *study["figures"][1:]]})
    assert page.count("<script>") == 1, "our own"
    assert "&lt;script&gt;" in page


def test_keys_become_a_matrix_where_they_are_one() -> None:
    def entry(key: str) -> dict[str, Any]:
        return {"key": key, "ours": 1.0, "published": 1.0, "precision": 0.1, "status": "match"}

    matrix, rest = layout([entry(key) for key in ("a, x", "a, y", "b, x", "b, y", "rho")])
    assert isinstance(matrix, Matrix)
    assert list(matrix.columns) == ["x", "y"]
    assert [row for row, _ in matrix.rows] == ["a", "b"]
    assert [one["key"] for one in rest] == ["rho"]
    matrix, rest = layout([entry(key) for key in ("a, x", "b, y", "c, z")])
    assert matrix is None
    assert len(rest) == 3


def test_digits_and_names() -> None:
    assert [digits(p) for p in (1.0, 0.1, 0.01, 0.001, 0.0174, 1e-9)] == [0, 1, 2, 3, 2, 4]
    assert ours({"ours": -0.0306, "precision": 0.001}) == "\N{MINUS SIGN}0.0306"
    assert name_of("table_11") == "Table 11"
    assert [further(name, value) for name, value in (("p", 1e-9), ("p", 0.0006), ("vif", 3.424))] == [
        "<0.001",
        "0.001",
        "3.42",
    ]
    assert further("p_holm", None) == "–"
