"""The samples that the page's explorer reads: what is chosen, marked, cut and packed."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from random import Random
from string import ascii_letters

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from synthetic_study import SyntheticStudy

from polyteach.report.examples import gather
from polyteach.report.problems import measured_problems, plain_problems
from polyteach.report.samples import MOST_CHARACTERS, Sample, choose_samples, on_page, passage
from polyteach.report.samples_data import Failed, samples_address, samples_data
from polyteach.rows import Row


def made(teacher: str, source: str, response: str = "eine Antwort", prompt: str = "Q", **more: str) -> Row:
    return Row(f"{teacher}-{source}", "de", "respond", teacher, "s", source, prompt, response, **more)


def opened(data) -> dict:
    text = gzip.decompress(base64.b64decode(data.text)).decode() if data.packed else data.text
    return json.loads(text)


def test_problems_are_those_that_were_measured(tmp_path: Path) -> None:
    table = {
        "input": ["respond"] * 4,
        "id": ["a", "b", "c", "d"],
        "response_fidelity": [1.0, 0.0, None, 1.0],
        "exact_duplicates": [0.0, 0.0, 0.0, 1.0],
        "near_duplicates": [0.0, 0.0, 1.0, 1.0],
    }
    pq.write_table(pa.table(table), tmp_path / "per_row.parquet")
    assert measured_problems(tmp_path / "per_row.parquet") == {
        ("respond", "b"): ("wrong_language",),
        ("respond", "c"): ("near_duplicates",),  # what could not be told is no problem
        ("respond", "d"): ("exact_duplicates",),  # an exact copy is a near one: named once
    }


def test_problems_by_rules() -> None:
    rows = [
        made("a", "1", finish_reason="length"),
        made("a", "2", ""),
        made("a", "3", "I'm sorry, but I cannot help with that."),
        made("a", "4"),
    ]
    assert [set(found) for found in plain_problems(rows)] == [{"cut_off"}, {"empty"}, {"refusal"}, set()]


def test_a_rare_problem_is_picked_beside_the_others_of_the_same_seed_example() -> None:
    cells = {(who, "respond"): [made(who, str(n)) for n in range(100)] for who in ("a", "b")}
    problems = {"b": {("respond", "b-57"): ("wrong_language",)}}
    samples = choose_samples(cells, "de", 4, problems=problems)
    assert [sample.picked for sample in samples] == [False] * 4 + [True]
    (picked,) = (sample for sample in samples if sample.picked)
    assert [(answer.teacher, answer.problems) for answer in picked.answers] == [
        ("a", ()),
        ("b", ("wrong_language",)),
    ]
    assert on_page(samples, 6) == samples[:4]  # none that is picked


def test_a_problem_that_is_seen_anyway_is_not_picked_too() -> None:
    rows = [made("a", str(n), finish_reason="length") for n in range(100)]
    assert not any(s.picked for s in choose_samples({("a", "respond"): rows}, "de", 4))


def test_none_is_picked_where_none_is_wanted() -> None:
    rows = [made("a", str(n), finish_reason="length") for n in range(9)]
    assert choose_samples({("a", "respond"): rows}, "de", 0) == []


def test_human_rows_stand_beside_one_seed_example_or_several() -> None:
    seed = {
        name: Row(name, "de", "human", "", "s", "", f"Frage {name}", f"Antwort {name}")
        for name in ("1", "2", "3", "with blank")
    }
    cells = {("a", "respond"): [made("a", source) for source in ("1", "1 2 3", "with blank", "gone")]}
    samples = choose_samples(cells, "de", 4, seed_row=seed.get)
    assert [[pair.prompt.text for pair in sample.human] for sample in samples] == [
        ["Frage 1"],
        ["Frage 1", "Frage 2", "Frage 3"],
        ["Frage with blank"],
        [],
    ]


def test_a_hundred_kilobytes_are_cut_and_counted() -> None:
    row = made("a", "1", "x" * 100_000)
    (sample,) = choose_samples({("a", "respond"): [row]}, "de", 1)
    response = sample.answers[0].response
    assert (len(response.text), response.more) == (MOST_CHARACTERS, 100_000 - MOST_CHARACTERS)
    (short,) = on_page([sample], 1)
    assert (len(short.answers[0].response.text), short.answers[0].response.more) == (400, 99_600)
    found = opened(samples_data({"de": [sample]}, []))
    assert found["samples"][0]["answers"][0]["response"] == ["x" * MOST_CHARACTERS, 96_000, 0]


def test_texts_are_cut_shorter_until_the_data_fit() -> None:
    random = Random(1)
    rows = [made("a", str(n), "".join(random.choices(ascii_letters, k=3_500))) for n in range(200)]
    samples = choose_samples({("a", "respond"): rows}, "de", 200)
    whole = samples_data({"de": samples}, [])
    assert whole and whole.packed and whole.cut == MOST_CHARACTERS
    small = samples_data({"de": samples}, [], most_bytes=len(whole.text) // 2)
    assert small and small.cut < MOST_CHARACTERS
    assert len(small.text) <= len(whole.text) // 2
    text, more, _ = opened(small)["samples"][0]["answers"][0]["response"]
    assert (len(text), len(text) + more) == (small.cut, 3_500)


def test_the_same_samples_make_the_same_bytes() -> None:
    rows = [made("a", str(n), "Antwort " * 300) for n in range(200)]
    first, second = (
        samples_data({"de": choose_samples({("a", "respond"): rows}, "de", 200)}, []) for _ in range(2)
    )
    assert first == second
    assert first and first.packed


def test_hostile_texts_end_no_element_and_are_shown() -> None:
    row = made("</script><b>", "1", "</script><!-- <script> \ud800 \x00 \u202e")
    data = samples_data({"de": choose_samples({("</script><b>", "respond"): [row]}, "de", 1)}, [])
    assert data and "<" not in data.text
    data.text.encode("utf-8")  # no lone surrogate is left
    response = opened(data)["samples"][0]["answers"][0]["response"]
    assert response == "</script><!-- <script> ⟨U+D800⟩ ␀ ⟨U+202E⟩"


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("ar", "القاهرة", "القاهرة"),
        ("ar", "Cairo", ["Cairo", 0, 1]),  # runs against its language
        ("de", "Kairo", "Kairo"),
        ("de", "القاهرة", ["القاهرة", 0, 1]),
    ],
)
def test_direction_is_told_where_it_is_not_the_languages(code: str, text: str, expected: object) -> None:
    failed = Failed("a", code, "respond", "empty", 1, (passage(text, code),))
    found = opened(samples_data({}, [failed]))
    assert found["failed"][0]["texts"] == [expected]
    assert found["languages"][0]["rtl"] is (code == "ar")


def test_nothing_to_show_is_no_data() -> None:
    assert samples_data({"de": []}, []) is None


def test_an_address_names_what_is_asked() -> None:
    assert samples_address(teacher="a b&c", language=None, problem="cut_off") == (
        "#samples?teacher=a+b%26c&problem=cut_off"
    )
    assert samples_address() == "#samples"


def test_a_study_is_gathered_from_its_artifacts(study: SyntheticStudy) -> None:
    samples, failed = gather(study.inputs, ["err-03", "big"], ["de", "ar"], 10)
    assert list(samples) == ["de", "ar"]
    found: list[Sample] = samples["de"]
    assert sum(not sample.picked for sample in found) == 10
    problems = [p for sample in found for answer in sample.answers for p in answer.problems]
    assert {"exact_duplicates", "near_duplicates", "wrong_language"} <= set(problems)
    foreign = [s for s in found if any("wrong_language" in a.problems for a in s.answers)]
    assert [(s.picked, s.method) for s in foreign] == [(True, "respond")]
    assert all(pair.response for sample in found for pair in sample.human)
    assert len(failed) == 2 * 2 * 2  # teachers, languages, methods
    assert failed[0].count == 3
    assert failed[0].texts
