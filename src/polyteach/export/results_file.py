"""What exports and reviews rely on in a run's results: the file may be of another version, or anybody's."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    """Further keys are none of ours here."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class _Figure(_Part):
    value: float | None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    n: int
    definition: str
    reason: str | None = None


class _Warning(_Part):
    where: str
    message: str


class _Teacher(_Part):
    name: str
    kind: str | None = None
    model: str | None = None
    family: str | None = None
    parameters: float | None = None
    dials: dict[str, Any] | None = None


class _Study(_Part):
    name: str
    languages: list[str]
    teachers: list[_Teacher]


class _Verdict(_Part):
    kind: str
    text: str
    teachers: list[str]


class _Cell(_Part):
    teacher: str
    language: str
    base: str
    gain: _Figure
    quality: _Figure
    metrics: dict[str, _Figure]


class StudyResults(_Part):
    """Of a study's `results.json`."""

    study: _Study
    verdict: _Verdict
    cells: list[_Cell]
    warnings: list[_Warning]


class _Candidate(_Part):
    candidate: str
    teacher: str
    methods: list[str]
    kind: str
    model: str | None
    family: str | None
    parameters: float | None
    settings: dict[str, Any]


class _ScreenVerdict(_Part):
    kind: str
    text: str
    candidates: list[str]


class _ScreenCell(_Part):
    candidate: str
    language: str
    score: _Figure
    usable: _Figure
    quality: _Figure
    wrong_language: _Figure
    metrics: dict[str, _Figure]


class ScreenResults(_Part):
    """Of a screen's `screen.json`."""

    study: str
    languages: list[str]
    verdict: _ScreenVerdict
    candidates: list[_Candidate]
    cells: list[_ScreenCell]
    warnings: list[_Warning]
    cannot_see: list[str]
