"""Family match: by hand, with the teachers' own worth taken off, and where it cannot be told."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest

from polyteach.analysis.family import ONE_BASE, family_match
from polyteach.analysis.table import Row, Table

FAMILIES = {"ta": "A", "tb": "B", "tc": "C"}
GAINS = {
    ("ta", "a"): 13.0,
    ("ta", "x"): 12.0,
    ("tb", "a"): 1.0,
    ("tb", "x"): 4.0,
    ("tc", "a"): 2.0,
    ("tc", "x"): 3.0,
}


def small(gains: dict[tuple[str, str], float], bases: dict[str, str]) -> Table:
    return Table(
        tuple(
            Row(teacher, language, base, {"gain": gain})
            for language in ("de", "ja")
            for (teacher, base), gain in gains.items()
            if base in bases
        ),
        families=FAMILIES,
        base_families=bases,
    )


def test_one_matched_family_by_hand():
    # Base a is of ta's family, base x of none. Beside the bases' means: 13 - (1 + 2) / 2 = 11.5.
    # With the teachers' own means off: ta is 1 better on a, the others on average 2 worse: 1 + 2 = 3.
    found = family_match(small(GAINS, {"a": "A", "x": "X"}))
    assert (found.matched, found.unmatched) == (2, 10)
    assert found.families == {"A": ["ta"]}
    assert found.plain.value == pytest.approx(11.5)
    assert found.adjusted.value == pytest.approx(3)
    assert found.adjusted.low is None
    assert "fewer than 5 teachers" in found.adjusted.definition
    # of the six deals of A, B, C each teacher is of A in two: |1+2|, |-3-0|, |-1+1|: two families do as well
    assert found.p == pytest.approx(4 / 6)
    json.dumps(found.to_json(), allow_nan=False)


def eight(match: float, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    teachers = {f"t{i}": "ABCD"[i % 4] for i in range(8)}
    own = {teacher: rng.normal() for teacher in teachers}
    bases = {"a": "A", "b": "B", "x": "X"}
    rows = [
        Row(t, lang, base, {"gain": own[t] + match * (teachers[t] == family) + 0.1 * rng.normal()})
        for lang in ("de", "ja", "ar")
        for base, family in bases.items()
        for t in teachers
    ]
    return Table(tuple(rows), families=teachers, base_families=bases)


def test_a_match_that_is_worth_something_is_found():
    found = family_match(eight(match=0.5))
    assert found.adjusted.low < 0.5 < found.adjusted.high
    assert found.adjusted.low > 0.3
    assert found.p < 0.05
    assert {name: figure.value for name, figure in found.by_family.items()} == pytest.approx(
        {"A": 0.5, "B": 0.5}, abs=0.15
    )
    assert family_match(eight(match=0.5)).to_json() == found.to_json()


def test_p_by_brute_force():
    from polyteach.analysis.regression import fit

    table = small(GAINS | {("tb", "x"): 6.0}, {"a": "A", "x": "X"})
    y = [row.values["gain"] for row in table.rows]
    places = [f"{row.language}{row.base}" for row in table.rows]
    teachers = [row.teacher for row in table.rows]

    def size(families: dict[str, str]) -> float:
        own = {t: [float(s == t) for s in teachers] for t in ("tb", "tc")}
        match = [float(families[row.teacher] == table.base_families[row.base]) for row in table.rows]
        return abs(fit(y, {**own, "match": match}, places).coefficients[-1].value)

    every = [size(dict(zip(FAMILIES, deal, strict=True))) for deal in permutations(FAMILIES.values())]
    found = family_match(table)
    assert abs(found.adjusted.value) == pytest.approx(every[0])
    assert found.p == pytest.approx(np.mean(np.array(every) >= every[0] - 1e-9))


def test_with_one_base_a_family_is_its_teachers():
    found = family_match(small(GAINS, {"a": "A"}))
    assert found.plain.value == pytest.approx(11.5)
    assert found.adjusted.value is None
    assert found.adjusted.reason == found.p_method == ONE_BASE
    assert found.p is None


def test_no_match_all_match_and_unknown_families_are_said():
    nobody = family_match(small(GAINS, {"a": "Y", "x": "X"}))
    assert nobody.plain.reason == nobody.adjusted.reason == "no teacher is of a base's family"
    everyone = Table(
        tuple(Row(t, "de", "a", {"gain": 1.0}) for t in "uv"),
        families={"u": "A", "v": "A"},
        base_families={"a": "A"},
    )
    assert family_match(everyone).plain.reason == "all teachers are of the base's family"
    rows = (
        Row("u", "de", "a", {"gain": 1.0}),
        Row("w", "de", "a", {"gain": 1.0}),
        Row("u", "de", "z", {"gain": 1.0}),
        Row("u", "ja", "a", {}),
    )
    unknown = family_match(Table(rows, families={"u": "A"}, base_families={"a": "A"}))
    assert unknown.dropped == {
        "no gain": 1,
        "the base's family is not known": 1,
        "the teacher's family is not known": 1,
    }
    empty = family_match(Table(()))
    assert empty.plain.reason == "no row has the target and both families"
    json.dumps(empty.to_json(), allow_nan=False)


def test_equal_gains_are_undefined():
    found = family_match(small(dict.fromkeys(GAINS, 1.0), {"a": "A", "x": "X"}))
    assert found.adjusted.reason == "the target is the same in every row"
    assert found.p is None
