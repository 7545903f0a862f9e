"""A screen's ranking: measured cells in, which candidates stand above which out. No training, no files.

A candidate's score in a language is 100 * usable share * quality. The usable share is over all requests; quality
is `scoring.quality.cell_quality`. Neither depends on the other candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyteach.figures import Figure
from polyteach.scoring.cautions.caution import Caution
from polyteach.scoring.records import GatedFigures, GateMetric, Usage


@dataclass(frozen=True, slots=True)
class ScreenedRow:
    """A row, as far as a screen must know it.

    Attributes:
        request: the request that made it, one of the cell's `requests`.
        prompt_in_language, response_in_language: None where the language could not be told.
        is_copy: a surplus member of a group of exact or near duplicates (`quality.duplicates.near_duplicates`).
    """

    request: str
    prompt_in_language: bool | None
    response_in_language: bool | None
    is_copy: bool


@dataclass(frozen=True, slots=True)
class ScreenedCell:
    """What a screen measured of one candidate in one language.

    Attributes:
        candidate: its name; teacher, methods and settings stand elsewhere.
        requests: all requests that were planned, each named alike for candidates that were asked the same on the
            same seed examples (`method/number`).
        rows: those that were made, each of a request of its own.
        failures: requests without a row by the reason of their last answer (`synthesis.answers.REASONS`).
        metrics: the intrinsic metrics of all rows (`metrics.json`).
        gated: the same on the gate's scale and number of rows; None where there is no gate.
        usages: what the answers took, one entry a method; with `retried`, answers that were asked for again.
    """

    candidate: str
    language: str
    requests: Sequence[str]
    rows: Sequence[ScreenedRow]
    failures: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, Figure] = field(default_factory=dict)
    gated: GatedFigures | None = None
    usages: Sequence[Usage] = ()


@dataclass(frozen=True, slots=True)
class Screening:
    """What a screen found; see `to_json`."""

    cells: Sequence[Mapping[str, Any]]
    ranking: Sequence[Mapping[str, Any]]
    verdict: Mapping[str, Any]
    rests_on: Sequence[str]
    cannot_see: Sequence[str]
    warnings: Sequence[Caution]

    def to_json(self) -> dict[str, Any]:
        """The part of `screen.json` that is the ranking's: `cells`, `ranking`, `verdict`, `rests_on`,
        `cannot_see`, `warnings`.
        """
        return {
            "cells": [dict(cell) for cell in self.cells],
            "ranking": [dict(entry) for entry in self.ranking],
            "verdict": dict(self.verdict),
            "rests_on": list(self.rests_on),
            "cannot_see": list(self.cannot_see),
            "warnings": [caution.to_json() for caution in self.warnings],
        }


def rank_screen(
    cells: Sequence[ScreenedCell],
    gate: Sequence[GateMetric],
    languages: Sequence[str],
    rng_seed: int,
    *,
    missing: Mapping[tuple[str, str], str] | None = None,
) -> Screening:
    """Ranks candidates, in each language and over all.

    Args:
        cells: one a candidate and language, candidates in the order in which they are shown.
        gate: what the gate found of the metrics, all languages; none for a language without human pairs.
        languages: of the screen, in order.
        rng_seed: of the draws behind the simultaneous intervals.
        missing: (candidate, language) without a cell, and why.
    """
    raise ValueError("nothing is ranked yet")
