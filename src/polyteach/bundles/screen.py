"""A screen's folder into a bundle: figures of data alone, no student was trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.bundles.bundle import (
    Bundle,
    BundledCell,
    BundledTeacher,
    Provenance,
    Ranked,
    Tokens,
    Verdict,
)
from polyteach.bundles.public import public, public_model, public_text
from polyteach.bundles.run import RUN_AGAIN, SETTINGS
from polyteach.bundles.terms import STUDY, short
from polyteach.errors import UserError
from polyteach.figures import Figure

SCREEN = "screen.json"
_TERMS = ("rng_seed", "rows_per_method", "limit")
_DIALS = ("error", "unique", "wrong_language", "length")
_FIGURES = ("score", "quality", "usable", "wrong_language", "duplicates")

Plain = Mapping[str, Any]


def bundle_of_screen(folder: Path) -> Bundle:
    """The bundle of a screen that has a ranking.

    Raises:
        UserError: its `screen.json` is not what a screen writes.
    """
    path = folder / SCREEN
    try:
        return _bundle(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"this is not what a screen writes ({type(error).__name__})"
        raise UserError(what, str(path), RUN_AGAIN) from error


def _bundle(screen: Plain) -> Bundle:
    from polyteach import __version__

    name = screen["study"] + ("-by-method" if screen["by"] == "method" else "")
    digest = screen["definitions_digest"]
    return Bundle(
        kind="screen",
        name=name,
        provenance=Provenance(
            polyteach=__version__,
            definitions_digest=digest,
            study_digest=short([name, screen["candidates"], screen["languages"]]),
            rng_seed=screen["rng_seed"],
            source="a screen of polyteach: data measured, no student trained",
        ),
        languages=list(screen["languages"]),
        teachers=[_teacher(candidate) for candidate in screen["candidates"]],
        cells=[_cell(cell, name) for cell in screen["cells"]],
        ranking=[_ranked(line) for line in screen["ranking"]],
        verdict=Verdict(
            kind=screen["verdict"]["kind"],
            text=public_text(screen["verdict"]["text"]),
            teachers=list(screen["verdict"]["candidates"]),
        ),
        terms={STUDY: {key: screen[key] for key in _TERMS} | {"definitions": digest}},
    )


def _teacher(candidate: Plain) -> BundledTeacher:
    asked, model = candidate["settings"], candidate["model"]
    known = (*SETTINGS, *_DIALS)
    return BundledTeacher(
        name=candidate["candidate"],
        kind=candidate["kind"],
        model=public_model(model) if model else None,
        family=candidate["family"],
        parameters=candidate["parameters"],
        methods=list(candidate["methods"]),
        settings={key: asked[key] for key in known if asked.get(key) is not None},
    )


def _cell(cell: Plain, name: str) -> BundledCell:
    figures = {key: cell[key] for key in _FIGURES if cell.get(key)}
    figures |= {f"metric/{key}": figure for key, figure in cell.get("metrics", {}).items()}
    return BundledCell(
        teacher=cell["candidate"],
        language=cell["language"],
        bundle=name,
        scored=True,
        figures={key: Figure.from_json(public(figure)) for key, figure in figures.items()},
        rows=cell["rows"],
        requests=cell["requests"],
        failures=public(cell["failures"]),
        tokens=Tokens(**{key: cell["tokens"][key] for key in Tokens.model_fields if key in cell["tokens"]})
        if cell["tokens"]
        else None,
        money=cell["money"],
        money_per_10k=cell["money_per_10k"],
        excluded=public_text(cell["excluded"]) if cell["excluded"] else None,
    )


def _ranked(line: Plain) -> Ranked:
    score = line["score"]
    return Ranked(
        teacher=line["candidate"],
        language=line["language"],
        rank_interval=line["rank_interval"],
        figures={"score": Figure.from_json(public(score))} if score else {},
    )
