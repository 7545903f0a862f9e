from __future__ import annotations

import copy
import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from polyteach.report.languages import each_language
from polyteach.report.next_steps import next_step, took
from polyteach.report.page import render_page
from polyteach.report.view import definitions, warnings

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Outline(HTMLParser):
    """Collects tags and the texts of samples, and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(html: str) -> Outline:
    parsed = Outline()
    parsed.feed(html)
    assert parsed.open == []
    return parsed


def test_hostile_text_stays_text(html: str, outline: Outline) -> None:
    assert not {"img", "iframe", "link", "object", "form"} & outline.tags
    # One script that runs, in the head; the block of samples does not run.
    types = [attributes.get("type") for tag, attributes in outline.attributes if tag == "script"]
    assert types in ([None], [None, "application/json"])
    assert not any("style" in attributes for _, attributes in outline.attributes)
    assert "&lt;script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", html)
    assert "␀␛[31m⟨U+202E⟩" in html
    assert not any(name.startswith("on") for _, attributes in outline.attributes for name in attributes)


def test_what_intervals_leave_out_is_said_where_they_are_explained(html: str) -> None:
    note = next(line for line in html.split("\n") if "Bars are 95% intervals" in line)
    assert "trials repeat the training, never the synthesis of the data" in note
    assert "items that ask the same thing count as one" in note


def test_one_file_that_asks_no_network(html: str, outline: Outline) -> None:
    assert "default-src &#39;none&#39;" in html
    assert not any("src" in attributes for _, attributes in outline.attributes)
    links = {attributes["href"] or "" for _, attributes in outline.attributes if "href" in attributes}
    ids = {attributes["id"] for _, attributes in outline.attributes if "id" in attributes}
    assert len(links) >= 12  # the contents, and samples of teachers and languages
    assert {link.removeprefix("#").partition("?")[0] for link in links} <= ids
    assert "url(" not in html.split("</style>")[0]
    assert len(html.encode()) < 1_000_000
    for kind in ("style", "script"):
        text = html.split(f"<{kind}>")[1].split(f"</{kind}>")[0]
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind}-src &#39;sha256-{digest}&#39;" in html
        assert "unsafe" not in html.split("</head>")[0].split("<style>")[0]


def test_the_verdict_comes_with_its_cost_and_what_to_do_next(html: str, results: dict) -> None:
    assert "It took 2,952 requests, 168,000 tokens and 0 USD." in html
    assert "Next: read some samples of err-03; two more trials" in html
    wins = results["verdict"] | {"kind": "wins"}
    assert "then make more data with it" in next_step(results | {"verdict": wins})
    tied = results["verdict"] | {"kind": "tied", "teachers": ["err-03", "small"]}
    assert next_step(results | {"verdict": tied}).endswith("take the one that is easiest to use.")
    prices = {"err-03": 2.0, "small": 1.0, "err-30": 3.0, "big": 4.0}
    priced = [row | {"money_for_10000_rows": prices[row["teacher"]]} for row in results["requests"]]
    assert "take small, the cheapest" in next_step(results | {"verdict": tied, "requests": priced})
    unknown = [row | {"money": None} for row in results["requests"]]
    assert "an unknown price" in took(results | {"requests": unknown})
    assert "at least 1.50 USD" in took(results | {"requests": [unknown[0] | {"money": 1.5}, *unknown[1:]]})


def test_one_language_is_ranked_by_its_own_gain_and_quality(results: dict) -> None:
    first = each_language(results)[0]
    assert (first["language"], first["benchmarks"]) == ("de", ["choice", "exact"])
    best = first["rows"][0]
    expected = 100 * (0.5 * best["gain"]["value"] + 0.5 * best["quality"]["value"])
    assert best["score"] == pytest.approx(expected)
    scores = [row["score"] for row in first["rows"]]
    assert scores == sorted(scores, reverse=True)
    own = [row["score"] for one in each_language(results) for row in one["rows"] if row["teacher"] == "big"]
    whole = next(entry for entry in results["leaderboard"] if entry["teacher"] == "big")
    assert sum(own) / len(own) == pytest.approx(whole["scores"]["robust"]["value"])
    lacking = copy.deepcopy(results)
    for cell in lacking["cells"]:
        if cell["teacher"] == best["teacher"]:
            cell["scores"]["robust"]["value"] = None
    assert each_language(lacking)[0]["rows"][-1] == best | {"score": None}


def test_samples_carry_language_and_direction(outline: Outline) -> None:
    found = {(a["lang"], a["dir"]) for tag, a in outline.attributes if "dir" in a and a.get("lang")}
    assert ("de", "ltr") in found
    assert ("ja", "ltr") in found
    assert ("ar", "rtl") in found


def test_verdict_comes_first_and_size_and_warnings_are_there(html: str, results: dict) -> None:
    heading = re.search(r"<h1>(.*?)</h1>", html)
    assert heading and heading[1].startswith("err-03 leads")
    assert html.index("<h1>") < html.index(results["verdict"]["size"]) < html.index("<h2>Ranking")
    assert "nobody can win" in html
    assert "big: its students are not clearly better" in html


def test_the_same_warning_is_said_once_with_all_its_places(results: dict) -> None:
    same = [{"code": "no_reference", "where": f"a/{code}", "message": "Nothing."} for code in ("de", "ja")]
    other = {"code": "no_reference", "where": "a/ar", "message": "Failed."}
    (group,) = warnings({"warnings": [*same, other]})["grave"]
    assert group["warnings"] == [
        {"message": "Nothing.", "places": ["a/de", "a/ja"]},
        {"message": "Failed.", "places": ["a/ar"]},
    ]


def plain(analysed: Path) -> dict:
    return json.loads((analysed / "analysis.json").read_text(encoding="utf-8"))


def test_what_else_the_figures_say(html: str) -> None:
    section = html[html.index("What else the figures say") :]
    assert "Do the metrics foretell what students gain?" in section
    assert "rubric" in section.split("</table>")[0]
    assert "one student base: nothing to compare" in section
    assert "12 of 12 planned, equally many for each" in section


def test_failed_requests_stand_with_the_data(html: str, results: dict, analysed: Path) -> None:
    table = html[html.index("Failed requests") :].split("</table>")[0]
    assert '<th class="num">empty answer</th>' in table
    asked = 3 * 2 * (120 + 3)  # languages, methods, rows and failures of each
    assert f'{asked}</td><td class="num" data-value="18">18 <small>(2.4%)</small>' in table
    none = [row | {"failed": {}} for row in results["requests"]]
    page = render_page({**results, "requests": none}, plain(analysed), {}, "")
    assert f"Failed requests: none of {4 * asked}." in page


def test_what_answers_cost_stands_with_the_data(html: str, results: dict, analysed: Path) -> None:
    table = html[html.index("What it cost") :].split("</table>")[0]
    assert "no answer was paid for" in table
    assert "USD" not in table.split("<table")[1]
    assert '<td class="num">720</td><td class="num">12</td><td class="num">30,000</td>' in table
    assert "thinking" not in table
    first, second, *rest = results["requests"]
    paid = first | {"money": 1.5, "money_for_10000_rows": 0.0021, "tokens": first["tokens"] | {"thinking": 7}}
    unknown = second | {"money": None, "money_for_10000_rows": None, "reason": "the price is unknown"}
    page = render_page({**results, "requests": [paid, unknown, *rest]}, plain(analysed), {}, "")
    table = page[page.index("What it cost") :].split("</table>")[0]
    assert (
        '<td class="num" data-value="1.5">1.50</td><td class="num" data-value="0.0021">0.0021</td>' in table
    )
    assert '<td class="num">–</td><td class="num">– <small>the price is unknown</small></td>' in table
    assert '<th class="num">of them thinking</th>' in table
    nobody = [row | {"tokens": dict.fromkeys(row["tokens"], 0)} for row in results["requests"]]
    assert "What it cost" not in render_page({**results, "requests": nobody}, plain(analysed), {}, "")


def test_what_judge_and_embedder_took_has_rows_of_its_own(results: dict, analysed: Path) -> None:
    tokens = {"prompt": 1234567, "response": 8901, "thinking": 0, "cached": 55}
    judge = {"role": "judge", "model": "mini-<1>", "requests": 4321, "tokens": tokens, "money": 2.5}
    embedder = judge | {"role": "embedder", "model": "vectors", "requests": 7, "money": None}
    page = render_page({**results, "measuring": [judge, embedder]}, plain(analysed), {}, "")
    table = page[page.index("What it cost") :].split("</table>")[0]
    assert "no answer was paid for" not in table
    first, second = table.split('<th scope="row">')[-2:]
    assert first.startswith("judge <small>mini-&lt;1&gt;, 4,321 requests</small></th>")
    assert '<td class="num">1,234,567</td><td class="num">55</td><td class="num">8,901</td>' in first
    assert '<td class="num" data-value="2.5">2.50</td><td class="num">–</td>' in first
    assert second.startswith("embedder <small>vectors, 7 requests</small></th>")
    assert '<td class="num">–</td><td class="num">– <small>price or use unknown</small></td>' in second
    nobody = [row | {"tokens": dict.fromkeys(row["tokens"], 0)} for row in results["requests"]]
    alone = render_page({**results, "requests": nobody, "measuring": [judge]}, plain(analysed), {}, "")
    assert "mini-&lt;1&gt;, 4,321 requests" in alone


def test_without_a_ranking_the_badge_says_so(results: dict, analysed: Path) -> None:
    page = render_page(
        {**results, "verdict": results["verdict"] | {"kind": "undefined"}}, plain(analysed), {}, ""
    )
    assert ">no ranking</span>" in page
    assert ">undefined<" not in page


def test_a_rehearsal_has_no_verdict_on_its_badge(results: dict, analysed: Path) -> None:
    page = render_page({**results, "study": results["study"] | {"limit": 8}}, plain(analysed), {}, "")
    assert '<span class="kind undefined">rehearsal</span>' in page


def test_only_the_first_language_of_gate_and_samples_is_open(html: str) -> None:
    for name in ("gate", "samples"):
        section = html.split(f'<section id="{name}">')[1].split("</section>")[0]
        assert section.count("<details") == 3
        assert len(re.findall(r"<details[^>]* open>", section)) == 1


def test_a_definition_names_the_model_of_its_digest(results: dict) -> None:
    study = results["study"] | {"scorers": [{"metric": "perplexity", "model": "pocket:base-a"}]}
    found = dict(definitions({**results, "study": study}))
    for name in ("perplexity", "perplexity median"):
        assert found[name].endswith("(the model is pocket:base-a)")
    assert "the model is" not in found["rubric"]
