"""Whether a study's seed data feeds its methods, and is of use at all."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from polyteach.errors import UserError
from polyteach.languages import english_name
from polyteach.pocket import SEED_ROW_COUNT
from polyteach.study import Candidates, PocketSource
from polyteach.synthesis.translation import MODEL

if TYPE_CHECKING:
    from polyteach.resources import Resources

_WITHOUT_TRANSLATE = "or take `translate` out of synthesis.methods"


def unfed(study: Candidates, resources: Resources) -> list[UserError]:
    """Methods for which there is too little seed data."""
    errors: list[UserError] = []
    used = {method for teacher in study.teachers for method in study.methods_of(teacher)}
    for method in [method for method in study.synthesis.methods if method in used]:
        for language in study.languages:
            needed = study.synthesis.few_shot if method == "generate" else 1
            there = resources.feeding(study, method, language)
            if there >= needed:
                continue
            if method == "translate":
                errors.append(_untranslated(study))
                break  # it is fed by the same rows whatever the language
            kind = " with responses (its few-shot examples are pairs)" if method == "generate" else ""
            few = f"{there} examples feed `{method}` in {language}, it shows {needed} at a time"
            less = ", lower synthesis.few_shot" if there else ""
            errors.append(
                UserError(
                    few if there else f"nothing feeds `{method}` in {language}",
                    where="seed_data",
                    fix=f"add seed data of {language}{kind} with `{method}` among its methods{less}, "
                    f"or take `{method}` out of synthesis.methods",
                )
            )
    return errors


def _untranslated(study: Candidates) -> UserError:
    """Nothing feeds translate; names the English files that are there."""
    english = [
        f"seed_data[{index}]"
        for index, source in enumerate(study.seed_data)
        if not isinstance(source, PocketSource) and source.language == "en"
    ]
    if study.synthesis.translate == MODEL and any(study.feeding("translate", study.languages[0])):
        return UserError(
            "no English row that feeds `translate` has a response, and `translate: model` translates both",
            where="seed_data",
            fix=f"add responses, write `translate: model_then_teacher`, {_WITHOUT_TRANSLATE}",
        )
    if not english:
        fix = "add English prompts with `translate` among their methods"
        return UserError("nothing feeds `translate`", "seed_data", f"{fix}, {_WITHOUT_TRANSLATE}")
    are = (
        "is English, but `translate` is not among its"
        if len(english) == 1
        else "are English, but `translate` is not among their"
    )
    return UserError(
        f"nothing feeds `translate`: {', '.join(english)} {are} methods",
        where="seed_data",
        fix=f"add `translate` to the methods there, {_WITHOUT_TRANSLATE}",
    )


def of_no_use(study: Candidates) -> list[UserError]:
    """Files in a language that the study neither asks for nor translates from."""
    used = {*study.languages} | ({"en"} if "translate" in study.synthesis.methods else set())
    return [
        UserError(
            f"{english_name(source.language)} is no language of this study ({', '.join(study.languages)})",
            where=f"seed_data[{index}].language",
            fix=_use_for(source.language, used),
        )
        for index, source in enumerate(study.seed_data)
        if not isinstance(source, PocketSource) and source.language not in used
    ]


def _use_for(code: str, used: Set[str]) -> str:
    near = [other for other in sorted(used) if other.split("-")[0] == code.split("-")[0]]
    known = f"write `{near[0]}`, as the study does" if near else f"add `{code}` to languages"
    return f"{known}, or take the source out"


def beyond_the_pocket(study: Candidates) -> list[UserError]:
    """Sources that ask the pocket world for more rows than it has."""
    return [
        UserError(
            f"the pocket world has {SEED_ROW_COUNT} rows in each language, not {source.pocket}",
            where=f"seed_data[{index}].pocket",
            fix=f"ask for at most {SEED_ROW_COUNT}",
        )
        for index, source in enumerate(study.seed_data)
        if isinstance(source, PocketSource) and source.pocket > SEED_ROW_COUNT
    ]


def twins(study: Candidates, resources: Resources) -> list[UserError]:
    """Sources that would give the same rows twice."""
    first: dict[tuple[str, str], int] = {}
    errors = []
    for index, source in enumerate(study.seed_data):
        same = ("pocket", "")
        if not isinstance(source, PocketSource):
            same = (resources.files[source.key].digest, source.language)
        if first.setdefault(same, index) != index:
            errors.append(
                UserError(
                    f"the same rows as seed_data[{first[same]}]",
                    where=f"seed_data[{index}]",
                    fix="list each source once, with all its methods",
                )
            )
    return errors
