"""What a screen found, in sentences: its verdict, what it rests on, what it cannot see, what to beware of.

Every sentence is made from what was measured; the same for all screens are those on what none can know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from polyteach.quality.corruptions import CORRUPTIONS
from polyteach.scoring.cautions.caution import Caution
from polyteach.scoring.numbers import counted, listing
from polyteach.scoring.quality import passing
from polyteach.scoring.records import GateMetric
from polyteach.scoring.requests import MANY_FAILED, MANY_ROWS
from polyteach.selection.screen.scores import BLIND_POINTS, JUDGE, CellScore

Kind = Literal["best", "tie", "inconclusive", "nothing_to_compare"]
Place = tuple[str, tuple[int, int] | None, str | None]
"""A candidate, its rank interval, why it is excluded."""
NEAR_DAMAGE = 0.5
"""On the scale of quality: nearer to damaged than to human data."""
IDENTIFIERS = ("prompt_fidelity", "response_fidelity")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The screen's answer.

    Attributes:
        kind: `best` (one is surely above every other), `tie` (several could be the best), `inconclusive` (no
            candidate can be recommended), `nothing_to_compare` (fewer than two candidates have a score).
        candidates: those that could be the best, best score first.
    """

    kind: Kind
    text: str
    candidates: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `screen.json` has it."""
        return {"kind": self.kind, "text": self.text, "candidates": list(self.candidates)}


def decide(places: Sequence[Place], without: Mapping[str, str | None], gate: Sequence[GateMetric]) -> Verdict:
    """Reads the verdict off the ranking over all languages.

    Args:
        places: all candidates, in the order of the ranking.
        without: those without a score, and why.
        gate: of the screen's languages.
    """
    ranked = [(name, ranks, why) for name, ranks, why in places if ranks is not None]
    clean = [(name, ranks) for name, ranks, why in ranked if not why]
    excluded = {name: why for name, _, why in ranked if why}
    first = tuple(name for name, ranks in clean if ranks[0] == 1)
    tail = _tail(excluded, without, gate)
    if not ranked:
        return Verdict("inconclusive", f"No candidate has a score.{tail}", ())
    if not clean:
        return Verdict("inconclusive", f"No candidate can be recommended.{tail}", ())
    if len(ranked) == 1:
        text = f"{first[0]} is the only candidate with a score: there is nothing to compare it with."
        return Verdict("nothing_to_compare", f"{text}{tail}", first)
    if len(clean) == 1:
        text = f"{first[0]} stands first: it is the only candidate that is not excluded."
        return Verdict("best", f"{text}{tail}", first)
    if len(first) == 1:
        text = f"{first[0]} stands first: its score is surely above that of the other "
        text += "candidate." if len(clean) == 2 else f"{len(clean) - 1} candidates."
        return Verdict("best", f"{text}{tail}", first)
    behind = [name for name, _ in clean if name not in first]
    if not behind:
        text = f"Tied: any of {listing(first)} could be the best; the screen cannot tell them apart."
    else:
        text = f"{listing(first)} are tied for the best: the screen cannot tell them apart."
        text += f" Surely below another candidate: {listing(behind)}."
    return Verdict("tie", f"{text}{tail}", first)


def _tail(excluded: Mapping[str, str], without: Mapping[str, str | None], gate: Sequence[GateMetric]) -> str:
    parts = []
    for title, group in (("Excluded", excluded), ("Without a score", without)):
        if group:
            parts.append(f" {title}: {'; '.join(f'{name} ({why})' for name, why in group.items())}.")
    if not any(metric.passes for metric in gate):
        parts.append(" No metric passes the gate: candidates are ranked by their usable share alone.")
    elif not any(metric.passes and metric.metric == JUDGE for metric in gate):
        parts.append(" No judge counts here: wrong facts, and how good sound answers are, is not seen.")
    return "".join(parts)


def rests_on(cells: Sequence[CellScore], gate: Sequence[GateMetric], languages: Sequence[str]) -> list[str]:
    """What the ranking is made of, language by language."""
    found = []
    for language in languages:
        here = [cell for cell in cells if cell.cell.language == language]
        if not here:
            continue
        found.append(_asked(language, here))
        metrics = passing(gate, language)
        if not metrics:
            found.append(f"{language}: no metric passes the gate; only the usable share of requests ranks.")
            continue
        rows = max((metric.human.n for metric in metrics), default=0)
        judge = [metric for metric in metrics if metric.metric == JUDGE]
        by = "the judge's rubric, which tells" if judge else f"{counted(len(metrics), 'metric')} that tell"
        text = f"{language}: quality by {by} {rows} human pairs from controlled damage"
        found.append(f"{text}: {_claims(judge or metrics)}.")
        if not judge:
            points = f"{BLIND_POINTS:g}"
            text = (
                f"{language}: without a judge only differences of more than {points} points tell candidates "
            )
            found.append(f"{text}apart: these metrics find damage, and do not grade sound answers.")
    return found


def _claims(metrics: Sequence[GateMetric]) -> str:
    """The metrics with the damage that each answers for."""
    return ", ".join(f"{m.metric} ({', '.join(map(_plain, m.answers_for))})" for m in metrics)


def _asked(language: str, cells: Sequence[CellScore]) -> str:
    """Who was asked how much, and how far candidates can be compared request by request."""
    sizes = sorted({len(cell.cell.requests) for cell in cells})
    many = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    text = f"{language}: {many} requests for each of {counted(len(cells), 'candidate')}"
    if len(cells) < 2:
        return f"{text}."
    shared = Counter(request for cell in cells for request in cell.cell.requests)
    whole = sum(count == len(cells) for count in shared.values())
    if len(shared) == sum(shared.values()):
        return f"{text}; no two were asked the same, so differences are those of independent requests."
    what = "(the same seed examples; of rows that exist, the same prompts)"
    if not whole:
        return f"{text}; none is the same for all; where some were asked the same {what}, these are paired."
    alike = "all are" if whole == sizes[-1] else f"{whole} {'is' if whole == 1 else 'are'}"
    return f"{text}; {alike} the same for all {what}, so differences there are paired."


def cannot_see(cells: Sequence[CellScore], gate: Sequence[GateMetric], languages: Sequence[str]) -> list[str]:
    """What may be wrong with the data all the same."""
    found = ["What students learn from the data: none was trained."]
    for language in languages:
        here = [cell for cell in cells if cell.cell.language == language]
        found.extend(_unseen(language, [m for m in gate if m.language == language]))
        found.extend(_not_told(language, here))
    largest = max((len(cell.cell.rows) for cell in cells), default=0)
    if 0 < largest < MANY_ROWS:
        text = f"Copies that show only in larger sets: the largest one here has {counted(largest, 'row')}."
        found.append(text)
    found.append("What another synthesis by the same candidate would change: each was asked once.")
    return found


def _unseen(language: str, gate: Sequence[GateMetric]) -> Iterator[str]:
    metrics = [metric for metric in gate if metric.passes]
    if not metrics:
        yield f"{language}: how good the rows are: no metric passes the gate."
        return
    judge = next((metric for metric in gate if metric.metric == JUDGE), None)
    if judge is None:
        yield f"{language}: wrong facts, and which of sound answers is better: no judge was asked."
    elif not judge.passes:
        why = f"the judge does not pass the gate ({judge.reason})"
        yield f"{language}: wrong facts, and which of sound answers is better: {why}."
    else:
        yield f"{language}: wrong facts that the judge does not know to be wrong."
    seen = {name for metric in metrics for name in metric.answers_for}
    unseen = [_plain(name) for name in CORRUPTIONS if name not in seen]
    if unseen:
        yield f"{language}: damage that no metric which passes claims to see: {', '.join(unseen)}."


def _not_told(language: str, cells: Sequence[CellScore]) -> Iterator[str]:
    rows = sum(len(cell.cell.rows) for cell in cells)
    untold = sum(row.in_language is None for cell in cells for row in cell.cell.rows)
    if untold:
        yield f"{language}: the language of {untold} of {counted(rows, 'row')}, which could not be told."


def cautions(
    cells: Sequence[CellScore],
    gate: Sequence[GateMetric],
    languages: Sequence[str],
    absent: Mapping[tuple[str, str], str],
    gate_failed: Collection[str],
) -> list[Caution]:
    """What a reader must know before believing the ranking."""
    found = []
    for language in languages:
        metrics = [metric for metric in gate if metric.language == language]
        passed = {metric.metric for metric in metrics if metric.passes}
        if language in gate_failed:
            found.append(Caution("gate_failed", language, "The gate's step failed: quality is unknown here."))
        elif not passed:
            why = "No metric passes the gate" if metrics else "No metric could be tested: no human pairs"
            text = f"{why} in {language}: candidates are ranked by their usable share alone."
            found.append(Caution("no_metric_passes", language, text))
        elif JUDGE not in passed:
            text = (
                f"No judge counts in {language}: candidates that write wrong facts are not told from others."
            )
            found.append(Caution("facts_not_seen", language, text))
        if not passed.issuperset(IDENTIFIERS):
            text = f"It is not shown that texts in {language} are told from others: shares of answers in "
            found.append(Caution("language_unproven", language, f"{text}another language may be wrong."))
    for (candidate, language), why in absent.items():
        found.append(Caution("not_screened", f"{candidate}/{language}", why))
    for one in cells:
        found.extend(_of_cell(one))
    return found


def _of_cell(one: CellScore) -> Iterator[Caution]:
    cell = one.cell
    where = f"{cell.candidate}/{cell.language}"
    if one.excluded:
        text = f"{cell.candidate} stands below all candidates that are not excluded: {one.excluded}."
        yield Caution("excluded", where, text)
    failed = sum(cell.failures.values())
    if failed > MANY_FAILED * len(cell.requests):
        worst = ", ".join(f"{n} {_plain(reason)}" for reason, n in Counter(cell.failures).most_common(3))
        yield Caution("failed_requests", where, f"{failed} of {len(cell.requests)} requests failed: {worst}.")
    for name, quality in one.qualities.items():
        high = quality.figure().high
        if not one.excluded and high is not None and high < NEAR_DAMAGE:
            text = f"By {name} {cell.candidate}'s rows are nearer to damaged than to human ones."
            yield Caution("near_damage", where, text)
    if one.estimate is None:
        yield Caution("not_ranked", where, f"{cell.candidate} has no score: {one.reason}.")


def _plain(name: str) -> str:
    return name.replace("_", " ")
