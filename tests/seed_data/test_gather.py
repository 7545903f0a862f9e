"""Mixtures: the draw, what is left out and counted, overlap with lists, and the seed file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from upstream import AYA, CENDOL, CIDAR, OASST2, TULU3, WILDCHAT, message, wildchat, written

from polyteach.errors import UserError
from polyteach.rows import Row
from polyteach.seed_data.draw import Draw
from polyteach.seed_data.files import read_file
from polyteach.seed_data.gather import Account, Part, code_of, gather
from polyteach.seed_data.listed import listed_texts
from polyteach.seed_data.mixture import Asked, in_numbers, targets
from polyteach.seed_data.origin import Origin
from polyteach.seed_data.overlap import Listed, overlap
from polyteach.seed_data.seed_file import write_seed_file
from polyteach.seed_data.sources import source_named

WORDS = [
    *("Baum", "Haus", "Fluss", "Berg", "Stadt", "Wald", "Meer", "Weg"),
    *("Brot", "Salz", "Licht", "Stein", "Vogel", "Wolke", "Tisch", "Garten"),
]


def questions(count: int, rng_seed: int = 0) -> list[dict[str, Any]]:
    rng = random.Random(rng_seed)
    return [
        wildchat(n, "German", f"Frage {n}: {' '.join(rng.sample(WORDS, 9))}?", f"Antwort {n}")
        for n in range(count)
    ]


def part(name: str, path: Path, rows: dict[str, int] | None = None, **rest: Any) -> Part:
    return Part(source_named(name), Origin(path=path), rows, **rest)


def german(name: str, path: Path, rows: int) -> Part:
    return part(name, path, {"de": rows})


def drawn(*parts: Part, languages: list[str] | None = None, **rest: Any) -> tuple[list[Row], list[Account]]:
    rows, accounts = gather(parts, languages=languages, rng_seed=rest.pop("rng_seed", 3), **rest)
    for account in accounts:
        assert account.read == account.rows.total() + account.dropped.total()
    return rows, accounts


def test_languages_are_kept_apart_whatever_their_spelling(tmp_path: Path) -> None:
    chat = part("wildchat", written(tmp_path / "chat.jsonl", WILDCHAT))
    aya = part("aya", written(tmp_path / "aya.jsonl", AYA))
    rows, (of_chat, of_aya) = drawn(chat, aya, languages=["de", "ar"])
    assert [(row.source, row.language) for row in rows] == [
        ("wildchat", "de"),
        ("wildchat", "de"),
        ("aya", "ar"),
    ]
    assert rows[0].extra["licence"] == "ODC-By 1.0" and {row.method for row in rows} == {"human"}
    assert of_chat.dropped["in another language"] == 1
    assert of_chat.dropped["of an unknown language"] == 1
    assert of_chat.dropped["the prompt is empty"] == 1
    assert dict(of_aya.dropped) == {"in another language": 2, "the prompt is empty": 1}


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("German", "de"),
        ("Thai", "th"),
        ("arb", "ar"),
        ("Tagalog", "fil"),
        ("pt-BR", "pt-BR"),
        ("Bokmal", "no"),
        ("nb-NO", "no-NO"),
        ("Nolang", None),
    ],
)
def test_names_and_codes_of_languages(spelling: str, code: str | None) -> None:
    assert code_of(spelling) == code


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_records(tmp_path: Path) -> None:
    records = questions(200)
    there = german("wildchat", written(tmp_path / "a.jsonl", records), 20)
    back = german("wildchat", written(tmp_path / "b.jsonl", records[::-1]), 20)
    rows, (account,) = drawn(there, languages=["de"])
    assert len(rows) == 20 and dict(account.dropped) == {"not drawn": 180}
    assert drawn(back, languages=["de"])[0] == rows
    other = drawn(there, languages=["de"], rng_seed=4)[0]
    assert len({row.source_id for row in rows} & {row.source_id for row in other}) < 12


def test_a_draw_is_uniform_and_holds_no_more_than_asked() -> None:
    counts = [0] * 20
    for rng_seed in range(2000):
        rng, draw = random.Random(rng_seed), Draw[int](5)
        for item in range(20):
            key = rng.getrandbits(64)
            if draw.wants(key):
                draw.add(key, item)
        assert len(draw.items()) == 5
        for _, item in draw.items():
            counts[item] += 1
    assert all(400 < count < 600 for count in counts)  # 500 expected, sd 19
    assert not Draw[int](0).wants(1)


def test_copies_and_near_copies_are_counted_across_sources(tmp_path: Path) -> None:
    long = "Erzähle mir bitte eine lange Geschichte über den alten Leuchtturm am Meer und seinen Wärter"
    first = [
        wildchat(1, "German", long, "a"),
        wildchat(2, "German", f"  {long.upper()} ", "b"),
        wildchat(3, "German", f"{long}!", "c"),
        wildchat(4, "German", "Was ist ein Anker?", "d"),
    ]
    again = {"language_code": "deu", "language": "German", "annotation_type": "x", "targets": "e"}
    second = [again | {"inputs": text} for text in ("was ist ein Anker?", f"{long}.", "Wer malt?")]
    rows, (chat, aya) = drawn(
        part("wildchat", written(tmp_path / "a.jsonl", first)),
        part("aya", written(tmp_path / "b.jsonl", second)),
        languages=["de"],
    )
    assert dict(chat.dropped) == {"a copy of another prompt": 1, "a near copy of another prompt": 1}
    assert dict(aya.dropped) == {"a copy of another prompt": 1, "a near copy of another prompt": 1}
    assert sorted(row.response for row in rows if row.source == "aya") == ["e"]
    assert rows[-1].prompt == "Wer malt?"


def test_a_shortfall_is_said_by_language(tmp_path: Path) -> None:
    chat = part("wildchat", written(tmp_path / "a.jsonl", questions(7)), {"de": 10, "fr": 10})
    rows, (account,) = drawn(chat, languages=["de", "fr"])
    assert len(rows) == 7
    assert account.shortfall == account.to_json()["shortfall"] == {"de": 3, "fr": 10}


def test_numbers_are_by_language_among_the_sources_that_have_it(tmp_path: Path) -> None:
    """Arabic has two sources and German one; both get the 10 rows of the limit."""
    chat = part("wildchat", written(tmp_path / "chat.jsonl", questions(30)))
    cidar = part("cidar", written(tmp_path / "cidar.jsonl", CIDAR))
    parts = in_numbers([chat, cidar], [Asked("wildchat"), Asked("cidar")], 10, ["ar", "de"])
    assert [one.rows for one in parts] == [{"ar": 5, "de": 10}, {"ar": 5}]
    rows, accounts = drawn(*parts, languages=["ar", "de"])
    assert [account.shortfall for account in accounts] == [{"ar": 5}, {"ar": 4}]
    assert sorted(row.language for row in rows) == ["ar"] + ["de"] * 10
    (of_all,) = in_numbers([chat], [Asked("wildchat", count=7)], None, None)
    assert of_all.rows == {"all": 7} and len(drawn(of_all)[0]) == 7


def test_spare_rows_make_up_for_near_copies(tmp_path: Path) -> None:
    records = questions(40)
    near = [
        wildchat(100 + n, "German", row["conversation"][0]["content"] + "!", "x")
        for n, row in enumerate(records)
    ]
    rows, (account,) = drawn(
        german("wildchat", written(tmp_path / "a.jsonl", records + near), 20), languages=["de"]
    )
    assert len(rows) == 20 and account.shortfall == {}
    assert account.dropped["a near copy of another prompt"] > 0


def test_texts_of_mixed_sources_are_identified(tmp_path: Path) -> None:
    rows, (cendol, tulu) = drawn(
        part("cendol", written(tmp_path / "a.jsonl", CENDOL)),
        part("tulu3", written(tmp_path / "b.jsonl", TULU3)),
    )
    found = [(row.language, row.extra.get("subset_name"), row.extra.get("source")) for row in rows]
    assert found == [("id", "wikihow", None), ("en", None, "no_robots")]
    for account in (cendol, tulu):
        assert account.dropped["in another language, as py3langid finds"] == 1


def test_a_source_may_be_read_in_part_and_its_trees_stay_whole(tmp_path: Path) -> None:
    few = part("oasst2", written(tmp_path / "a.jsonl", OASST2), read_at_most=4)
    rows, (account,) = drawn(few)
    assert (account.read, [row.response for row in rows]) == (4, ["Tierra rodeada de agua."])


THIRTEEN = "one two three four five six seven eight nine ten eleven twelve thirteen"


@pytest.mark.parametrize(
    ("text", "listed", "found"),
    [
        (f"say: {THIRTEEN.upper()}, please", f"zero {THIRTEEN} fourteen", True),
        (THIRTEEN.replace("seven", "7"), f"zero {THIRTEEN} fourteen", False),
        ("well, what is the capital city of Peru? quick", "What is the capital city of Peru?", True),
        ("what is the capital of Peru", "What is the capital city of Peru?", False),
        ("Two and two?", "two and two", True),
        ("Two and two make what?", "two and two", False),
        (
            "次の質問に答えてください。日本で一番高い山は何ですか。また、その高さは?",
            "日本で一番高い山は何ですか",
            True,
        ),
        ("日本で一番長い川は何ですか。", "日本で一番高い山は何ですか", False),
        ("", "", False),
        ("!!", "??", False),
    ],
)
def test_the_rule_of_overlap(text: str, listed: str, found: bool) -> None:
    assert list(overlap([text], [listed, "another line"])) == [found]


def test_real_questions_are_found_in_longer_prompts_and_not_in_others(real_data: Path) -> None:
    path = real_data / "eval" / "mgsm_de.jsonl"
    asked = [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()]
    listed = Listed(asked[:125])
    assert all(listed.overlaps(f"Rechne bitte: {question} Danke!") for question in asked[:125])
    assert not any(listed.overlaps(question) for question in asked[125:])
    assert Listed(listed_texts(str(path))).overlaps(asked[200])


def test_overlap_of_prompt_or_response_is_left_out(tmp_path: Path) -> None:
    records = questions(30)
    leaked = records[3]["conversation"][0]["content"]
    records[5]["conversation"][1]["content"] = f"Siehe: {leaked}"
    lists = tmp_path / "list.txt"
    lists.write_text(f"{leaked}\n", encoding="utf-8")
    listed = Listed(listed_texts(str(lists)))
    rows, (account,) = drawn(part("wildchat", written(tmp_path / "a.jsonl", records)), listed=listed)
    assert account.dropped["shares a passage with the listed texts"] == 2
    assert {"h3", "h5"}.isdisjoint(row.source_id for row in rows) and len(rows) == 28


def test_norwegian_is_one_language_however_data_sets_spell_it(tmp_path: Path) -> None:
    chat = [wildchat(1, "Bokmal", "Hva heter hovedstaden i Norge?", "Oslo heter hovedstaden i Norge.")]
    tree = [message("p1", None, "p1", "Hvor mange dager har et år?", lang="nb-NO")]
    parts = [part("wildchat", written(tmp_path / "a.jsonl", chat))]
    parts.append(part("oasst2", written(tmp_path / "b.jsonl", tree)))
    rows, _ = drawn(*parts, languages=["no"])
    assert [(row.source, row.language) for row in rows] == [("wildchat", "no"), ("oasst2", "no")]


def test_a_benchmark_is_a_list_and_a_wrong_name_is_none() -> None:
    from polyteach.pocket.exam import exam

    listed = Listed(listed_texts("pocket-choice"))
    assert all(listed.overlaps(item.question) for item in exam("ja").choice[:50])
    with pytest.raises(UserError, match="no file and no benchmark 'pocket-chioce'"):
        listed_texts("pocket-chioce")


@pytest.mark.parametrize(
    ("asked", "limit", "rows"),
    [
        (["a", "b"], None, [None, None]),
        (["a=5", "b"], None, [5, None]),
        (["a", "b", "c"], 100, [34, 33, 33]),
        (["a=25%", "b=10", "c", "d"], 100, [25, 10, 33, 32]),
        (["a=50%", "b=25%", "c=25%"], 2006, [1003, 502, 501]),
        (["a=50%", "b=50%"], 5, [3, 2]),
        ([f"{name}=12.5%" for name in "abcdefgh"], 100, [13, 13, 13, 13, 12, 12, 12, 12]),
        (["a=29%", "b=71%"], 100, [29, 71]),
        (["a=50%", "b"], 5, [2, 3]),
    ],
)
def test_counts_and_shares(asked: list[str], limit: int | None, rows: list[int | None]) -> None:
    assert targets([Asked.of(one) for one in asked], limit) == rows


@pytest.mark.parametrize(
    ("asked", "limit"),
    [(["a=5%"], None), (["a=50", "b=60"], 100), (["a=100%", "b"], 10), (["a=0"], 5), (["=3"], 5)],
)
def test_counts_and_shares_that_cannot_be(asked: list[str], limit: int | None) -> None:
    with pytest.raises(UserError):
        targets([Asked.of(one) for one in asked], limit)


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_seed_file_is_read_back_as_seed_data(suffix: str, tmp_path: Path) -> None:
    chat = part("wildchat", written(tmp_path / "chat.jsonl", WILDCHAT))
    rows, _ = drawn(chat, languages=["de"])
    write_seed_file(tmp_path / f"seed{suffix}", rows)
    write_seed_file(tmp_path / f"again{suffix}", rows)
    assert (tmp_path / f"seed{suffix}").read_bytes() == (tmp_path / f"again{suffix}").read_bytes()
    back = read_file(tmp_path / f"seed{suffix}", language="de")
    same = ("id", "language", "prompt", "response")
    assert [[getattr(row, name) for name in same] for row in back] == [
        [getattr(row, name) for name in same] for row in rows
    ]
    assert {(row.extra["source"], row.extra["licence"]) for row in back} == {("wildchat", "ODC-By 1.0")}
    with pytest.raises(UserError, match="no Parquet or JSONL"):
        write_seed_file(tmp_path / "seed.csv", rows)
