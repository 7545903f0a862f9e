"""Which teacher for a language, used how, for what money; how sure, and what would change the answer.

What was measured in the language itself under one definition counts in full; all else by how well it
foretells gains in a language (`priors.yaml`, bench/recommend.py). See `weighing` for the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyteach.figures import Figure
from polyteach.languages import english_name
from polyteach.models.licences import Licence, licence_of_teacher
from polyteach.scoring.numbers import listing
from polyteach.selection.recommend.advice import Advice, base_for, methods_for
from polyteach.selection.recommend.candidates import Candidate, find, together
from polyteach.selection.recommend.change import Change, changes
from polyteach.selection.recommend.evidence import Evidence
from polyteach.selection.recommend.line import Line, led_by, rivals
from polyteach.selection.recommend.money import money_of
from polyteach.selection.recommend.priors import read_priors
from polyteach.selection.recommend.sources import lines_of
from polyteach.selection.recommend.standing import Option, Standings, Wish, option_of
from polyteach.selection.recommend.verdict import IN_LANGUAGE, Verdict, compared, decide
from polyteach.selection.recommend.weighing import NORMAL_95

SCHEMA_VERSION = 1
STANDING = (
    "standing in the language: how far a candidate is from the mean one, in standard deviations of "
    "teachers, by all evidence weighed; 0 with variance 1 before any (docs/recommend.md)"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one source measured of a candidate in the language.

    Attributes:
        figure: robust PG-Score of a run, score of a screen, result of a publication.
        gain: of its students; None where none was trained.
    """

    source: str
    figure: Figure
    gain: Figure | None

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        gain = self.gain.to_json() if self.gain else None
        return {"source": self.source, "figure": self.figure.to_json(), "gain": gain}


@dataclass(frozen=True)
class Recommendation:
    """An answer with all that it rests on.

    Attributes:
        language: its standard code.
        wish: what was asked for.
        lines: evidence, weighed and not.
    """

    language: str
    wish: Wish
    verdict: Verdict
    standings: Standings
    lines: tuple[Line, ...]
    methods: Advice
    base: Advice
    would_change: tuple[Change, ...]
    evidence: tuple[Evidence, ...]
    skipped: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The outside view."""
        return {
            "schema_version": SCHEMA_VERSION,
            "language": self.language,
            "language_name": english_name(self.language),
            "rows": self.wish.rows,
            "budget": self.wish.budget,
            "licence": self.wish.licence,
            "recommendation": {
                "kind": self.verdict.kind,
                "teachers": list(self.verdict.teachers),
                "methods": self.methods.to_json(),
                "base": self.base.to_json(),
                "text": self.verdict.text,
                "reason": self.verdict.reason,
                "if_you_must": self.verdict.if_you_must,
                "basis": self.verdict.basis,
            },
            "candidates": [self._candidate(option) for option in self.standings.order],
            "evidence": [_line(line) for line in self.lines],
            "would_change": [change.to_json() for change in self.would_change],
            "skipped": list(self.skipped),
        }

    def _candidate(self, option: Option) -> dict[str, Any]:
        candidate, ranked = option.candidate, option.status == "fits"
        return {
            "candidate": candidate.name,
            "model": candidate.model,
            "family": candidate.family,
            "parameters": candidate.parameters,
            "methods": list(candidate.methods),
            "rank_interval": list(self.standings.comparison.rank_interval(candidate.name))
            if ranked
            else None,
            "standing": self.standing(option).to_json(),
            "measured": [measured.to_json() for measured in self.measured(option)],
            "money": option.money.to_json() | {"for_rows": option.money.of(self.wish.rows)},
            "fits_rows": option.fits_rows,
            "status": option.status,
            "status_text": option.status_text,
            "licence": option.licence.to_json(),
        }

    def measured(self, option: Option) -> list[Measured]:
        """What sources measured of a candidate in the language itself."""
        return [
            Measured(source.id, source.figures[key], source.gains.get(key))
            for source in self.evidence
            for key in source.figures
            if key[0] == self.language
            and find(source.teachers[key[1]], self.standings.candidates) == option.candidate
        ]

    def standing(self, option: Option) -> Figure:
        """A candidate's standing with its 95% interval; n: lines of evidence with a weight for it."""
        belief = self.standings.belief
        mean, error = belief.mean(option.name), belief.error(option.name)
        n = sum(option.name in line.weighed.weights for line in self.lines if line.weighed)
        return Figure(mean, STANDING, n, error, mean - NORMAL_95 * error, mean + NORMAL_95 * error)


def recommend(
    language: str,
    evidence: Sequence[Evidence],
    wish: Wish,
    candidates: Sequence[Candidate] | None = None,
    skipped: Sequence[str] = (),
) -> Recommendation:
    """Recommends a teacher for a language.

    Args:
        language: its standard code.
        evidence: of runs, screens, bundles; published figures among them are a prior.
        wish: rows, budget and licence.
        candidates: who can be recommended; None: all teachers of runs, screens and bundles of these, or
            without any the published ones.
        skipped: what could not be read, to be shown; rehearsals, which have no weight, are added.
    """
    priors = read_priors()
    skipped = [*skipped, *(_rehearsal(source) for source in evidence if source.limit is not None)]
    evidence = [source if source.limit is None else source.without_weight() for source in evidence]
    known = list(candidates) if candidates is not None else _candidates(evidence)
    if candidates is not None:
        known = together([known])
    lines = lines_of(evidence, known, language, priors)
    money = [money_of(candidate, known, evidence, language) for candidate in known]

    def by_lines(some: Sequence[Line]) -> Standings:
        here = [source for line in some if line.kind in IN_LANGUAGE for source in line.of]
        out = [_excluded(candidate, known, here, language) for candidate in known]
        each = zip(known, money, out, strict=True)
        return Standings(tuple(option_of(c, m, _terms(c), wish, why) for c, m, why in each), tuple(some))

    standings = by_lines(lines)
    where = english_name(language)
    verdict = decide(standings, language, where)
    otherwise = [
        text
        for rival in rivals(lines)
        if (text := _by_rival(rival, decide(by_lines(led_by(lines, rival)), language, where), verdict))
    ]
    verdict = _priced(verdict, standings, wish)
    verdict = replace(verdict, text=" ".join([verdict.text, *otherwise]))
    chosen = verdict.teachers[0] if verdict.kind == "recommended" else verdict.if_you_must
    teacher = next((candidate for candidate in known if candidate.name == chosen), None)
    return Recommendation(
        language,
        wish,
        verdict,
        standings,
        tuple(lines),
        methods_for(teacher, known, evidence, standings, language),
        base_for(teacher, known, evidence, language),
        tuple(changes(standings, by_lines, verdict, language, where)),
        tuple(evidence),
        tuple(skipped),
    )


def _rehearsal(source: Evidence) -> str:
    return f"{source.id}: a rehearsal (--limit {source.limit}), so it has no weight"


def _terms(candidate: Candidate) -> Licence:
    kind = "simulated" if candidate.is_simulated else "model"
    return licence_of_teacher(kind, candidate.model, candidate.name, candidate.family)


def _by_rival(rival: Line, found: Verdict, verdict: Verdict) -> str | None:
    """That runs of another definition, with as many candidates, would be answered otherwise; None else."""
    if (found.kind, found.teachers) == (verdict.kind, verdict.teachers):
        return None
    said = found.kind + (f" ({listing(found.teachers)})" if found.teachers else "")
    return f"But {rival.id} measured as many candidates in another way: by that one it is {said}."


def _priced(verdict: Verdict, standings: Standings, wish: Wish) -> Verdict:
    """The answer with the price of whom it names, and of who was not measured."""
    name = verdict.if_you_must or next(iter(verdict.teachers), None)
    option = next((option for option in standings.options if option.name == name), None)
    if option is None:
        return verdict
    text = f"{verdict.text} {wish.rows:,} rows {option.money.said(wish.rows)}."
    among = compared(standings, standings.lines)
    unknown = [option.name for option in standings.eligible if option.name not in among]
    if unknown:
        text += f" Not measured in this language, so not compared: {listing(unknown)}."
    return replace(verdict, text=text)


def _candidates(evidence: Sequence[Evidence]) -> list[Candidate]:
    """Teachers of what was measured; without any, those of publications."""
    own = [source for source in evidence if source.kind != "published" and source.teachers]
    own.sort(key=lambda source: source.kind != "screen")  # screens know methods apart
    sources = own or evidence
    return together((source.teachers.values() for source in sources), [source.id for source in sources])


def _excluded(
    candidate: Candidate, candidates: Sequence[Candidate], evidence: Sequence[Evidence], language: str
) -> str | None:
    """Why a screen excluded a candidate in the language, unless students were trained on its data."""

    def has(source: Evidence, teacher: str) -> bool:
        return find(source.teachers[teacher], candidates) == candidate

    taught = (
        has(source, teacher)
        for source in evidence
        for code, teacher in source.readings
        if source.kind == "run" and code == language
    )
    if any(taught):
        return None
    reasons = (
        reason
        for source in evidence
        for (code, teacher), reason in source.excluded.items()
        if code == language and has(source, teacher)
    )
    return next(reasons, None)


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind,
        "moves": line.moves,
        "statement": line.statement,
        "source": line.source,
        "weight": line.weight,
        "r": line.r,
        "candidates": sorted(line.weighed.weights) if line.weighed else [],
        "for": line.speaks_for,
        "against": line.speaks_against,
    }
