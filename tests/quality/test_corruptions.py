"""Each corruption on real texts with and without blanks between words, from left and from right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from quality_rows import row

from polyteach import pocket
from polyteach.quality.corruptions import (
    BOILERPLATE,
    CORRUPTIONS,
    CUT_OFF,
    NEAR_DUPLICATES,
    NOISE,
    SHUFFLED,
    SWAPPED,
    WRONG_LANGUAGE,
    Corrupted,
    corrupt_all,
    near_duplicates,
    swapped,
    units,
    wrong_language,
)
from polyteach.quality.duplicates import near_duplicates as share_of_near
from polyteach.quality.fidelity import language_fidelity
from polyteach.rows import Row
from polyteach.seed_data.files import read_file
from polyteach.texts import normalised


def real(folder: Path, code: str) -> list[Row]:
    """Forty rows whose responses are real prompts of a language, moved on by one."""
    rows = read_file(folder / "prompts" / f"{code}_llmzoo100.jsonl", language=code)[:41]
    return [replace(one, response=other.prompt) for one, other in pairwise(rows)]


def damaged(folder: Path, code: str) -> tuple[list[Row], dict[str, Corrupted]]:
    rows = real(folder, code)
    others = [row for other in ("es", "fr") for row in real(folder, other)]
    return rows, corrupt_all(rows, held_out=[], others=others, group=10, rng_seed=3)


@pytest.mark.parametrize("code", ["de", "ar", "ja"])
def test_on_real_texts(real_data: Path, code: str) -> None:
    rows, found = damaged(real_data, code)
    assert list(found) == list(CORRUPTIONS)
    again = damaged(real_data, code)[1]
    assert found == again
    for name, one in found.items():
        assert len(one.rows) == len(one.reasons) == len(one.clusters) == len(rows)
        assert all(
            (row is None) == (reason is not None) for row, reason in zip(one.rows, one.reasons, strict=True)
        )
        assert sum(row is not None for row in one.rows) >= 39, name
    for clean, bad in zip(rows, found[SHUFFLED].rows, strict=True):
        if bad:
            assert Counter(units(bad.response)) == Counter(units(clean.response)) or code == "ja"
            assert Counter(bad.response) == Counter(clean.response) and bad.response != clean.response
    for clean, bad in zip(rows, found[CUT_OFF].rows, strict=True):
        assert bad and clean.response.startswith(bad.response)
        assert 0.25 * len(clean.response) <= len(bad.response) <= 0.75 * len(clean.response)
    for clean, bad in zip(rows, found[NOISE].rows, strict=True):
        assert bad and bad.prompt == clean.prompt and abs(len(bad.response) - len(clean.response)) <= 20
    phrases = [bad.response.split("\n")[0] for bad in found[BOILERPLATE].rows if bad]
    assert len(set(phrases)) == 1
    for clean, bad in zip(rows, found[BOILERPLATE].rows, strict=True):
        assert bad and clean.response in bad.response and len(bad.response) >= 1.4 * len(clean.response)
    wrong = [bad.response for bad in found[WRONG_LANGUAGE].rows if bad]
    assert language_fidelity(wrong, code, side="response").measured.figure.value == 0.0


def test_swapped_rows_exchange_in_pairs(real_data: Path) -> None:
    rows, found = damaged(real_data, "de")
    one = found[SWAPPED]
    by_cluster: dict[object, list[int]] = {}
    for place, cluster in enumerate(one.clusters):
        by_cluster.setdefault(cluster, []).append(place)
    for first, second in by_cluster.values():
        assert one.rows[first] and one.rows[first].response == rows[second].response
        assert one.rows[second] and one.rows[second].response == rows[first].response
        assert one.rows[first].prompt == rows[first].prompt


def test_near_duplicates_are_found_as_such(real_data: Path) -> None:
    rows, found = damaged(real_data, "de")
    copies = [row for row in found[NEAR_DUPLICATES].rows if row]
    texts = [f"{row.prompt}\n{row.response}" for row in copies]
    # In each ten the last five are copies of the first: half of the rows are surplus.
    assert share_of_near(texts, side="pair", rng_seed=0).figure.value == 0.5
    assert [row.id for row in copies] == [row.id for row in rows]
    assert found[NEAR_DUPLICATES].clusters == tuple(n // 10 for n in range(40))


def test_units_of_scripts_without_blanks() -> None:
    assert units("Guten Tag, Welt") == ["Guten", "Tag,", "Welt"]
    assert units("東京は大きいです。") == ["東", "京", "は", "大", "きいです", "。"]
    assert units("コーヒーを2杯") == ["コーヒー", "を", "2", "杯"]
    assert units("سؤال وجواب") == ["سؤال", "وجواب"]
    thai = "ประเทศไทย"
    assert "".join(units(thai)) == thai and len(units(thai)) > 1


def test_what_a_corruption_cannot_change_is_counted() -> None:
    rows = [row(1, "Was?", "klein"), row(2, "Wie viel?", "5"), row(3, "Was noch?", "klein klein")]
    found = corrupt_all(rows, held_out=[], others=[], group=2, rng_seed=0)
    assert found[SHUFFLED].reasons == ("fewer than two different words",) * 3
    assert found[CUT_OFF].reasons == (None, "too short to cut", None)
    assert found[NOISE].reasons == (None, "no letter to change", None)
    assert found[WRONG_LANGUAGE].reasons == ("no text of another language",) * 3


def test_swapping_needs_another_response() -> None:
    alike = [row(n, f"Frage {n}?", "ja") for n in range(3)]
    assert set(swapped(alike, np.random.default_rng(0)).reasons) == {"no row with another response"}
    odd = [*alike[:1], row(7, "Und?", "nein"), row(8, "Oder?", "vielleicht")]
    reasons = swapped(odd, np.random.default_rng(0)).reasons
    assert Counter(reasons) == {None: 2, "no row with another response": 1}


def test_a_text_of_both_languages_is_in_no_wrong_one() -> None:
    rows = pocket.seed_rows("de", 60, 1)
    others = [*pocket.seed_rows("fil", 60, 1), *pocket.seed_rows("ar", 60, 1)]
    own = {normalised(one.response) for one in pocket.seed_rows("de", 600, 1)}
    assert any(normalised(one.response) in own for one in others)
    found = wrong_language(rows, others, own, np.random.default_rng(0))
    assert not any(one and normalised(one.response) in own for one in found.rows)
    scripts = Counter("ar" if one and one.response[0] > "\u0600" else "fil" for one in found.rows)
    assert scripts == {"ar": 30, "fil": 30}  # languages in turn


def test_prompts_alone_stand_for_their_responses_and_few_donors_damage_few_rows() -> None:
    rows = pocket.seed_rows("de", 5, 1)
    others = [replace(one, response="") for one in pocket.seed_rows("en", 2, 1)]
    found = wrong_language(rows, others, set(), np.random.default_rng(0))
    assert Counter(found.reasons) == {None: 2, "too little text of other languages": 3}
    assert all(one.response == one.prompt and one.language == "de" for one in found.rows if one)


def test_no_rows() -> None:
    assert all(
        one.rows == () for one in corrupt_all([], held_out=[], others=[], group=2, rng_seed=0).values()
    )
    assert near_duplicates([], 1, np.random.default_rng(0)).rows == ()
