"""Teachers that are no models: whether a simulated one or a contestant fits the study it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyteach.errors import UserError
from polyteach.pocket import LANGUAGES
from polyteach.scoring.evidence import SEED_DATA
from polyteach.study import Candidates, Contestant, SimulatedTeacher

if TYPE_CHECKING:
    from polyteach.resources import Resources


def data_path(contestant: Contestant, language: str) -> str | None:
    """The file of a contestant's rows of a language; None for the seed data.

    Raises:
        KeyError: it has none of this language, see `misnamed_data`.
    """
    if contestant.data == SEED_DATA:
        return None
    return contestant.data if isinstance(contestant.data, str) else contestant.data[language]


def misnamed_data(contestant: Contestant, languages: Sequence[str]) -> list[UserError]:
    """What is wrong with the files that a contestant names for the languages of its study.

    One file alone is of the study's only language: rows of several in one file would have to be parted, and a
    contestant that lacks a language could not be ranked with teachers that have it.
    """
    data = contestant.data
    if isinstance(data, str):
        if data == SEED_DATA or len(languages) == 1:
            return []
        fix = ", ".join(f"{language}: FILE" for language in languages)
        return [UserError("one file for several languages", fix=f"name one for each: data: {{{fix}}}")]
    lacking = [language for language in languages if language not in data]
    beyond = [language for language in data if language not in languages]
    known = ", ".join(languages)
    return [
        UserError(f"no data of {language}", fix=f"add `{language}: FILE`: it needs all of {known}")
        for language in lacking
    ] + [
        UserError(f"{language} is no language of this study ({known})", fix="take it out")
        for language in beyond
    ]


def simulated_elsewhere(study: Candidates) -> list[UserError]:
    """Simulated teachers in languages that the pocket world does not have."""
    unknown = [language for language in study.languages if language not in LANGUAGES]
    return [
        UserError(
            f"simulated teachers know the pocket world alone, which has no {', '.join(unknown)}",
            where=f"teachers[{index}].simulated",
            fix=f"study some of {', '.join(LANGUAGES)}",
        )
        for index, teacher in enumerate(study.teachers)
        if unknown and isinstance(teacher, SimulatedTeacher)
    ]


def without_pairs(study: Candidates, resources: Resources) -> list[UserError]:
    """Seed data as a contestant where it is prompts alone."""
    return [
        UserError(
            f"the seed data of {language} has no responses, so it can be no contestant",
            where=f"teachers[{index}].data",
            fix="add seed data with responses, or leave the contestant out",
        )
        for index, teacher in enumerate(study.teachers)
        if isinstance(teacher, Contestant) and teacher.data == SEED_DATA
        for language in study.languages
        if not resources.pairs(study, language)
    ]
