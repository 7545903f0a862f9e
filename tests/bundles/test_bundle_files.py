"""Bundles come from anybody: whatever is in a file, it is read, or refused in a sentence."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from polyteach import bundles
from polyteach.bundles import Bundle, files
from polyteach.bundles.bundle import BundledCell, BundledTeacher, Provenance
from polyteach.bundles.run import bundle_of_run
from polyteach.cli.main import invoke
from polyteach.errors import UserError
from polyteach.figures import Figure

ODD: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    "x" * 10_000,
    [],
    {},
    [[]],
    {"a": 1},
    "\x1b[31m",
    "\u202e",
    0.5,
]


def small() -> Bundle:
    return Bundle(
        kind="figures",
        name="small",
        provenance=Provenance(source="a test"),
        languages=["de"],
        teachers=[BundledTeacher(name="t")],
        cells=[BundledCell(teacher="t", language="de", bundle="small", figures={"score": Figure(0.5, "d")})],
    )


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in nested data: (container, key)."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    found = [(value, key) for key, _ in pairs]
    return found + [p for _, inner in pairs if isinstance(inner, dict | list) for p in places(inner)]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    bundles.write(small(), tmp_path / "a.json")
    assert bundles.read(tmp_path / "a.json") == small()
    assert (tmp_path / "a.json").read_bytes() == files.to_bytes(small())


def test_mangled_bundles_never_raise_anything_else(runs: Path, tmp_path: Path) -> None:
    content = files.to_bytes(bundle_of_run(runs / "clean"))
    good = bundles.merge([bundle_of_run(runs / "copies")]).bundle
    rng = random.Random(1)
    path = tmp_path / "mangled.json"
    refused = read = 0
    for _ in range(250):
        plain = json.loads(content)
        for _ in range(rng.choice([1, 1, 2])):
            container, key = rng.choice(places(plain))
            action = rng.choice(["value", "value", "drop", "add"])
            if action == "value":
                container[key] = rng.choice(ODD)
            elif action == "drop":
                del container[key]
            elif isinstance(container, dict):
                container["surplus"] = 1
        path.write_text(json.dumps(plain), encoding="utf-8")
        try:
            bundle = bundles.read(path)
            read += 1
            bundles.merge([good, bundle])
        except UserError:
            refused += 1
    assert refused > 150
    assert read  # some changes are none that a reader could see


@pytest.mark.parametrize(
    "change",
    [
        lambda evidence: evidence["students"][0].update(base="other"),
        lambda evidence: evidence["students"][0].update(teacher=None),
        lambda evidence: evidence["students"][0].update(trial=None),
        lambda evidence: evidence["students"].append(evidence["students"][0]),
        lambda evidence: evidence["students"][0].update(items=9),
        lambda evidence: evidence["students"][0].update(scores="1"),
        lambda evidence: evidence["items"][0].update(language="xx"),
        lambda evidence: evidence["items"][0].update(chance=1.0),
        lambda evidence: evidence["items"][0].update(ids=evidence["items"][0]["ids"][:16] * 60),
        lambda evidence: evidence["gated"][0].update(teacher="other"),
        lambda evidence: evidence["study"]["languages"].append("de"),
        lambda evidence: evidence["study"].update(trials=0),
    ],
)
def test_evidence_that_contradicts_itself_is_refused(runs: Path, tmp_path: Path, change: Any) -> None:
    plain = json.loads(files.to_bytes(bundle_of_run(runs / "clean")))
    change(plain["bundle"]["evidence"])
    (tmp_path / "a.json").write_text(json.dumps(plain))
    with pytest.raises(UserError, match="damaged"):
        bundles.read(tmp_path / "a.json")


def test_mangled_bytes_are_refused(tmp_path: Path) -> None:
    content = bytearray(files.to_bytes(small()))
    rng = random.Random(2)
    path = tmp_path / "mangled.json"
    for _ in range(200):
        mangled = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            mangled[rng.randrange(len(mangled))] = rng.randrange(256)
        path.write_bytes(bytes(mangled[: rng.choice([len(mangled), rng.randrange(len(mangled))])]))
        try:
            bundles.read(path)
        except UserError as error:
            assert "\n" in str(error)  # what, and how to mend it


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"polyteach_bundle": 1}',
        b'{"polyteach_bundle": 2, "definitions": [], "bundle": {}}',
        b'{"polyteach_bundle": 1, "definitions": [1], "bundle": {}}',
        b'{"polyteach_bundle": 1, "definitions": [], "bundle": ' + b"[" * 500 + b"]" * 500 + b"}",
        b"\x1f\x8b\x08\x00broken",
        gzip.compress(b"{}"),
        gzip.compress(b'"' + b"a" * 51_000_000 + b'"'),
    ],
)
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError):
        bundles.read(tmp_path / "a.json")
    assert invoke(["bundle", "show", str(tmp_path / "a.json")]) == 2


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_are_finite(tmp_path: Path, number: str) -> None:
    text = files.to_bytes(small()).decode().replace("0.5", number)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match="finite"):
        bundles.read(tmp_path / "a.json")


@pytest.mark.parametrize("odd", [{"se": -0.1}, {"low": 0.6, "high": 0.4}])
def test_errors_below_zero_and_intervals_upside_down_are_refused(
    tmp_path: Path, odd: dict[str, float]
) -> None:
    plain = json.loads(files.to_bytes(small()))
    plain["bundle"]["cells"][0]["figures"]["score"] |= odd
    (tmp_path / "a.json").write_text(json.dumps(plain))
    with pytest.raises(UserError):
        bundles.read(tmp_path / "a.json")


def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    plain = json.loads(files.to_bytes(small()))
    cell = plain["bundle"]["cells"][0] | {"figures": {}}
    plain["bundle"]["cells"] = [cell | {"bundle": str(n)} for n in range(100_001)]
    (tmp_path / "a.json").write_text(json.dumps(plain))
    with pytest.raises(UserError, match="100000"):
        bundles.read(tmp_path / "a.json")


def test_hostile_names_are_printed_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "[red]\x1b[2J\u202eevil[/]"
    bundle = Bundle(
        kind="figures",
        name=hostile,
        provenance=Provenance(source=hostile, licence=hostile, notes=[hostile]),
        languages=[hostile],
        teachers=[BundledTeacher(name=hostile)],
        cells=[
            BundledCell(
                teacher=hostile,
                language=hostile,
                bundle=hostile,
                figures={"score": Figure(0.5, hostile)},
                doubts={"score": hostile},
            )
        ],
    )
    bundles.write(bundle, tmp_path / "a.json")
    assert invoke(["bundle", "show", str(tmp_path / "a.json")]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "[red]" in printed
    formula = bundle.model_copy(update={"name": "f"})
    cell = formula.cells[0].model_copy(update={"bundle": "=1+1"})
    bundles.write(formula.model_copy(update={"cells": [cell]}), tmp_path / "b.json")
    assert invoke(["bundle", "merge", str(tmp_path / "b.json"), "--csv", str(tmp_path / "t.csv")]) == 0
    assert "\n'=1+1," in (tmp_path / "t.csv").read_text(encoding="utf-8")
