"""The character model: Witten-Bell by hand, by a plain dictionary, and on real text."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import log2
from pathlib import Path

import pytest

from polyteach import pocket
from polyteach.quality.characters import CODE_POINTS, CharacterModel
from polyteach.seed_data.files import read_file


def test_two_characters_by_hand() -> None:
    # "aab" and its end: four events of three kinds. P1(b) = (1 + 3/V) / (4 + 3), P1(a) = (2 + 3/V) / 7.
    # After `a` came a and b, once each: P2(b|a) = (1 + 2 P1(b)) / (2 + 2). At the begin, where only a was
    # seen: P2(a|^) = (1 + P1(a)) / 2.
    model = CharacterModel(["aab"], order=2)
    one = {"a": (2 + 3 / CODE_POINTS) / 7, "b": (1 + 3 / CODE_POINTS) / 7, "$": (1 + 3 / CODE_POINTS) / 7}
    expected = [(1 + one["a"]) / 2, (1 + 2 * one["b"]) / 4, (1 + one["$"]) / 2]
    assert model.bits(["ab"])[0].tolist() == pytest.approx([-log2(p) for p in expected])
    # An unseen letter: the begin, then P1's escape alone; after it nothing is known but P1.
    unseen = model.bits(["x"])[0]
    assert unseen.tolist() == pytest.approx([-log2((3 / CODE_POINTS / 7) / 2), -log2(one["$"])])


def plain_bits(texts: list[str], order: int, asked: str) -> list[float]:
    """The same model by dictionaries."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def events(text: str) -> list[tuple[str, str]]:
        padded = "^" * (order - 1) + text + "$"
        return [(padded[: k + order - 1], padded[k + order - 1]) for k in range(len(text) + 1)]

    for text in texts:
        for before, char in events(text):
            for width in range(order):
                counts[before[len(before) - width :] if width else ""][char] += 1
    bits = []
    for before, char in events(asked):
        p = 1 / CODE_POINTS
        for width in range(order):
            seen = counts.get(before[len(before) - width :] if width else "")
            if seen:
                p = (seen[char] + len(seen) * p) / (seen.total() + len(seen))
        bits.append(-log2(p))
    return bits


@pytest.mark.parametrize("order", [1, 3, 5])
def test_as_dictionaries_have_it(order: int) -> None:
    texts = ["日本の首都は東京です。", "東京は日本の首都。", "ما هي عاصمة اليابان؟", "Tokio, natürlich."]
    model = CharacterModel(texts, order)
    for asked in ("日本は東京です", "عاصمة", "Natur 東京", "xyz"):
        assert model.bits([asked])[0].tolist() == pytest.approx(plain_bits(texts, order, asked))


def test_probabilities_sum_to_one() -> None:
    model = CharacterModel(["abab", "abc"], order=3)
    # After "ab": every character of the texts, the end, and all the rest of Unicode, which are alike.
    known = [2 ** -model.bits([f"ab{char}"])[0][2] for char in "abc"]
    end, other = 2 ** -model.bits(["ab"])[0][2], 2 ** -model.bits(["abx"])[0][2]
    assert sum(known) + end + other * (CODE_POINTS - 4) == pytest.approx(1.0)


def test_text_of_the_language_is_cheaper(real_data: Path) -> None:
    def prompts(code: str) -> list[str]:
        return [
            row.prompt for row in read_file(real_data / "prompts" / f"{code}_llmzoo100.jsonl", language=code)
        ]

    texts = {code: prompts(code) for code in ("de", "ar", "ja", "es")}
    models = {code: CharacterModel(own[:50]) for code, own in texts.items()}
    for code, own in texts.items():
        bits = {name: sum(b.sum() for b in model.bits(own[50:])) for name, model in models.items()}
        assert min(bits, key=lambda name: bits[name]) == code


def test_blanks_and_forms_of_a_letter_do_not_count_and_nothing_is_nothing() -> None:
    model = CharacterModel([row.response for row in pocket.seed_rows("de", 50, 1)])
    assert model.bits(["  fu\u0308nf \n"])[0].tolist() == model.bits(["fünf"])[0].tolist()
    assert model.bits([]) == [] and len(model.bits([""])[0]) == 1  # the end alone
    assert CharacterModel([]).bits(["a"])[0].tolist() == pytest.approx([17.0, 17.0])
