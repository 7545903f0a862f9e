"""Duplicates: by hand, and against all pairs compared one by one."""

import time

import numpy as np

from polyteach.quality.duplicates import exact_duplicates, near_duplicates


def by_definition(texts: list[str]) -> float:
    """Surplus share: every pair's Jaccard, groups by repeated joining."""
    grams = [{t[i : i + 4] for i in range(max(1, len(t) - 3))} for t in texts]
    group = list(range(len(texts)))
    for i in range(len(texts)):
        for j in range(i):
            if len(grams[i] & grams[j]) >= 0.8 * len(grams[i] | grams[j]):
                group = [group[j] if g == group[i] else g for g in group]
    return 1 - len(set(group)) / len(texts)


def test_exact_after_width_case_and_blanks() -> None:
    found = exact_duplicates(["Ja  gut", "ja gut\n", "Ｊａ gut", "nein", ""], side="response")
    assert found.values == (0.0, 1.0, 1.0, 0.0, None)
    assert found.figure.value == 0.5
    assert dict(found.figure.unscored) == {"empty": 1}


def test_near_equals_all_pairs() -> None:
    rng = np.random.default_rng(0)
    words = [
        "haus",
        "baum",
        "straße",
        "wasser",
        "feuer",
        "erde",
        "luft",
        "stein",
        "tier",
        "mensch",
        "東京",
        "水",
    ]
    texts = []
    for _ in range(60):
        base = list(rng.choice(words, size=30))
        texts.append(" ".join(base))
        for _ in range(int(rng.integers(0, 3))):
            edited = list(base)
            for place in rng.choice(30, size=int(rng.integers(1, 6)), replace=False):
                edited[place] = str(rng.choice(words))
            texts.append(" ".join(edited))
    expected = by_definition(texts)
    assert 0.05 < expected < 0.6
    for rng_seed in (0, 1, 2**40):
        assert near_duplicates(texts, side="p", rng_seed=rng_seed).figure.value == expected


def test_near_holds_exact_copies_and_forgets_order() -> None:
    long = "Die Bibliothek am Marktplatz öffnet jeden Morgen um neun Uhr und schließt am Abend um acht."
    texts = [long, "Etwas ganz anderes steht hier.", long.replace("neun", "zehn"), long.upper(), ""]
    found = near_duplicates(texts, side="p", rng_seed=0)
    assert found.values == (0.0, 0.0, 1.0, 1.0, None)
    assert near_duplicates(texts[::-1], side="p", rng_seed=0).figure.value == found.figure.value


def test_short_words_are_no_near_duplicates() -> None:
    assert near_duplicates(["Juni", "Juli", "5", "7", "八", "九"], side="p", rng_seed=0).figure.value == 0.0


def test_nothing() -> None:
    assert near_duplicates([], side="p", rng_seed=0).figure.reason == "no rows"
    assert exact_duplicates(["", " "], side="p").figure.reason == "empty"


def test_fast_enough() -> None:
    rng = np.random.default_rng(1)
    texts = ["".join(map(chr, rng.integers(0x4E00, 0x4E80, size=600))) for _ in range(1600)]
    start = time.process_time()
    near_duplicates(texts, side="p", rng_seed=0)
    assert time.process_time() - start < 5
