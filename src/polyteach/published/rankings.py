"""The teachers ranked by other definitions, from the same released figures.

Standard errors were released for mean results only; they are over items (see `errors`) and taken as
independent between students, who share items. So rank intervals hold for these items and this one training of
each student; where a ranking rests on metrics of the data, whose errors nobody knows, there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from polyteach.analysis.possible_ranks import ALL_PAIRS, PossibleRanks, possible_ranks
from polyteach.published.anchors import Anchors, solve_all
from polyteach.published.paper import BASE, Paper
from polyteach.published.scores import Key, mean, mean_by_teacher, published_scores, z_of
from polyteach.scoring.pg_score import paper_score, published_score

WEIGHT = 0.5
"""Of z, as the paper sets it (Eq. 4)."""
CHANCE = {1: 0.5, 2: 0.375, 3: 0.25}
"""Chance of the mean over so many benchmarks: M-RewardBench 1/2, Global-MMLU-Lite 1/4, MGSM 0."""
NO_ERRORS = "no interval: no standard error of an intrinsic metric was released"
NOT_ITS_PARTS = "no interval: it rests on intrinsic metrics, of which no standard error was released"
Z_AS_EXACT = f"{ALL_PAIRS}; errors of the mean results only, z taken as exact"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Teachers in order by one definition.

    Attributes:
        values: by teacher, best first; empty where the definition leaves none, `reason` says why.
        ranks: rank intervals; None where standard errors are not known.
        interval: what the intervals are, or why there are none.
    """

    id: str
    title: str
    definition: str
    values: Mapping[str, float]
    ranks: PossibleRanks | None
    interval: str
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "id": self.id,
            "title": self.title,
            "definition": self.definition,
            "teachers": [
                {
                    "teacher": name,
                    "value": value,
                    "rank": rank,
                    "rank_interval": list(self.ranks.interval[name]) if self.ranks else None,
                }
                for rank, (name, value) in enumerate(self.values.items(), 1)
            ],
            "interval": self.interval,
            "reason": self.reason,
        }


def rankings(paper: Paper) -> list[Ranking]:
    """All of them, the published one first."""
    anchors = solve_all(paper, BASE)
    others = [base for base in paper.bases if base != BASE]
    return [
        _published(paper, anchors),
        _repaired(paper, anchors),
        _ranking(
            paper,
            "z",
            "z alone",
            "mean over six languages of the released z",
            {(c.language, c.teacher): c.z for c in paper.of_base(BASE)},
            None,
            NO_ERRORS,
        ),
        _ranking(
            paper,
            "paper",
            "as written (Eq. 1, 4)",
            "z over the teachers of each language, plus PGR, weight one half each; PGR of mean results as "
            "released, since single benchmarks' results were not",
            written_scores(paper),
            None,
            NOT_ITS_PARTS,
        ),
        _result(paper),
        _gain(paper, anchors),
        _valid_pgr(paper, anchors),
        *(_of_base(paper, f"result_{base}", f"mean result, {base}", [base]) for base in others),
        _of_base(paper, "result_others", f"mean result, {len(others)} other bases", others),
    ]


def written_scores(paper: Paper) -> dict[Key, float]:
    """Eq. 4 with a z of each language's own (Eq. 1) and the released PGR."""
    scores = {}
    for language in paper.codes:
        z = z_of({key: values for key, values in paper.metrics.items() if key[0] == language})
        for teacher, cell in paper.group(BASE, language).items():
            scores[language, teacher] = paper_score(z[language, teacher], cell.pgr, WEIGHT)
    return scores


def gap_error(paper: Paper, language: str) -> float:
    """About the standard error of reference - base: that of two students' mean results (Table 13).

    The errors of base and reference themselves were not released; they took the same items.
    """
    errors = list(paper.tables["table_13"][language].values())
    return sqrt(2) * mean(errors)


def clearly_positive(paper: Paper, anchors: Mapping[str, Anchors]) -> list[str]:
    """The languages in which reference - base is above two standard errors."""
    return [language for language, found in anchors.items() if found.gap > 2 * gap_error(paper, language)]


def _published(paper: Paper, anchors: Mapping[str, Anchors]) -> Ranking:
    return _ranking(
        paper,
        "published",
        "PG-Score as published",
        "mean over six languages of (z + PGR) / 2, as released",
        published_scores(paper),
        _score_errors(paper, anchors),
        Z_AS_EXACT,
    )


def _repaired(paper: Paper, anchors: Mapping[str, Anchors]) -> Ranking:
    values = {
        (cell.language, cell.teacher): published_score(cell.z, anchors[cell.language].pgr(cell.result))
        for cell in paper.of_base(BASE)
    }
    lost = [code for code, found in anchors.items() if not found.level_known]
    return _ranking(
        paper,
        "repaired",
        "whole numbers put back",
        f"PG-Score as published, but with the whole numbers that PGRs lack ({', '.join(lost) or 'none'}), at "
        "the lowest level; a higher one adds the same to all",
        values,
        _score_errors(paper, anchors),
        Z_AS_EXACT,
    )


def _score_errors(paper: Paper, anchors: Mapping[str, Anchors]) -> dict[Key, float]:
    """Errors of (z + PGR) / 2 that come of the mean results alone."""
    return {key: error / (2 * abs(anchors[key[0]].gap)) for key, error in _errors(paper).items()}


def _result(paper: Paper) -> Ranking:
    values = {(cell.language, cell.teacher): cell.result for cell in paper.of_base(BASE)}
    return _ranking(
        paper,
        "result",
        f"mean result, {BASE}",
        "mean over six languages of the students' mean result on their benchmarks, 0 to 1",
        values,
        _errors(paper),
        ALL_PAIRS,
    )


def _gain(paper: Paper, anchors: Mapping[str, Anchors]) -> Ranking:
    chance = {language.code: CHANCE[language.benchmarks] for language in paper.languages}
    values = {
        (cell.language, cell.teacher): (cell.result - anchors[cell.language].base)
        / (1 - chance[cell.language])
        for cell in paper.of_base(BASE)
    }
    errors = {key: error / (1 - chance[key[0]]) for key, error in _errors(paper).items()}
    return _ranking(
        paper,
        "gain",
        "gain over base",
        "mean over six languages of (result - base) / (1 - chance), of mean results, since single "
        "benchmarks' were not released; the base solved from PGRs, in Japanese up to a constant that is the "
        "same for all teachers",
        values,
        errors,
        ALL_PAIRS,
    )


def _valid_pgr(paper: Paper, anchors: Mapping[str, Anchors]) -> Ranking:
    usable = clearly_positive(paper, anchors)
    values = {
        (cell.language, cell.teacher): anchors[cell.language].pgr(cell.result)
        for cell in paper.of_base(BASE)
        if cell.language in usable
    }
    definition = "mean PGR over languages in which reference - base is above two standard errors"
    if not usable:
        return Ranking(
            "valid_pgr",
            "PGR where defined",
            definition,
            {},
            None,
            "none",
            "reference - base is above two standard errors in no language, so PGR is undefined in all",
        )
    return _ranking(paper, "valid_pgr", "PGR where defined", definition, values, None, "not taken")


def _of_base(paper: Paper, id_: str, title: str, bases: list[str]) -> Ranking:
    """By mean results of some bases' students, each with its released standard error."""
    values, errors = {}, {}
    for name in paper.names:
        cells = [cell for base in bases for cell in paper.of_base(base) if cell.teacher == name]
        values[name] = mean([cell.result for cell in cells])
        errors[name] = sqrt(sum((cell.se or 0.0) ** 2 for cell in cells)) / len(cells)
    languages = ", ".join(paper.languages_of(bases[0]))
    return Ranking(
        id_,
        title,
        f"mean over {languages} of the students' mean result on their benchmarks, 0 to 1",
        _sorted(values),
        possible_ranks(values, errors),
        ALL_PAIRS,
    )


def _errors(paper: Paper) -> dict[Key, float]:
    """Table 13's standard errors of the main base's mean results."""
    return {
        (language, teacher): error
        for language, row in paper.tables["table_13"].items()
        for teacher, error in row.items()
    }


def _ranking(
    paper: Paper,
    id_: str,
    title: str,
    definition: str,
    values: Mapping[Key, float],
    errors: Mapping[Key, float] | None,
    interval: str,
) -> Ranking:
    means = mean_by_teacher(paper, dict(values))
    ranks = None
    if errors is not None:
        spread = {
            name: sqrt(sum(e**2 for (_, teacher), e in errors.items() if teacher == name))
            / sum(teacher == name for _, teacher in values)
            for name in paper.names
        }
        ranks = possible_ranks(means, spread)
    return Ranking(id_, title, definition, _sorted(means), ranks, interval)


def _sorted(values: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(values.items(), key=lambda pair: -pair[1]))
