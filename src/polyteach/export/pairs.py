"""Preference pairs: two answers to one prompt, and which is better by a judge or by scores that are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from polyteach.export.examples import Example
from polyteach.seed_data.turns import Turn
from polyteach.texts import normalised

if TYPE_CHECKING:
    from polyteach.figures import Figure
    from polyteach.quality.judge import Judge

SAME_ANSWER, REPEATED, ONLY_FIRST, ONLY_SECOND = (
    "same_answer",
    "repeated_prompt",
    "prompt_only_in_first",
    "prompt_only_in_second",
)
OTHER_PROMPT = "another_prompt_from_the_same_source"
TIED, ORDERS_DISAGREE = "tie", "orders_disagree"
JUDGES_DISAGREE, BELOW_MARGIN, NO_COMMON_JUDGE = "judges_disagree", "below_margin", "no_common_judge"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt, the better one first.

    Attributes:
        id, language, source, source_id: of the first source's example; method: of both, if they share one.
        context: all before the answers, see `Example.context`.
        chosen, rejected: the answers; `chosen_teacher` and `rejected_teacher` wrote them.
    """

    id: str
    language: str
    source: str
    source_id: str
    method: str
    context: tuple[Turn, ...]
    chosen: str
    rejected: str
    chosen_teacher: str
    rejected_teacher: str

    @property
    def first_prompt(self) -> str:
        """What the user says first, by which splits are drawn."""
        return next(text for role, text in self.context if role == "user")


@dataclass(frozen=True, slots=True)
class Matched:
    """Answers of both sources to the same prompts, and what found no partner, by reason."""

    both: list[tuple[Example, Example]]
    left_out: Counter[str]


@dataclass(slots=True)
class Preferences:
    """What came of asking.

    Attributes:
        asked: prompts on which there were two different answers.
        pairs: those with a verdict.
        left_out: the others, by reason.
        first_chosen: how many of the pairs choose the first source's answer.
        figures: what the judge's verdicts say, by name.
        judges: by how many judges pairs were decided, where scores were read.
    """

    asked: int
    pairs: list[Pair] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    first_chosen: int = 0
    figures: dict[str, Figure] = field(default_factory=dict)
    judges: Counter[int] = field(default_factory=Counter)

    def add(self, first: Example, second: Example, better: bool | str) -> None:
        """Notes whether the first answer is the better one, or why nobody can say."""
        if isinstance(better, str):
            self.left_out[better] += 1
            return
        chosen, rejected = (first, second) if better else (second, first)
        self.first_chosen += better
        self.pairs.append(
            Pair(
                id=first.id,
                language=first.language,
                source=first.source,
                source_id=first.source_id,
                method=first.method if first.method == second.method else "",
                context=first.context,
                chosen=chosen.answer,
                rejected=rejected.answer,
                chosen_teacher=chosen.teacher,
                rejected_teacher=rejected.teacher,
            )
        )


def match(first: Sequence[Example], second: Sequence[Example]) -> Matched:
    """Joins examples by language and all that stands before the answer, compared as `texts.normalised` does.

    Answers that are alike in this way teach no preference. Two teachers that translate one seed example
    answer two prompts: these are counted, not joined.
    """
    left_out: Counter[str] = Counter()
    ours, theirs = _by_context(first, left_out), _by_context(second, left_out)
    sources = {(one.language, one.source_id) for key, one in ours.items() if key not in theirs}
    for key, one in theirs.items():
        if key not in ours:
            same_source = (one.language, one.source_id) in sources
            left_out[OTHER_PROMPT if same_source else ONLY_SECOND] += 1
    left_out[ONLY_FIRST] += sum(key not in theirs for key in ours)
    both = [(one, theirs[key]) for key, one in ours.items() if key in theirs]
    different = [pair for pair in both if normalised(pair[0].answer) != normalised(pair[1].answer)]
    left_out[SAME_ANSWER] += len(both) - len(different)
    return Matched(different, +left_out)


def asked_preferences(
    both: Sequence[tuple[Example, Example]], open_judge: Callable[[str], AbstractContextManager[Judge]]
) -> Preferences:
    """Asks a judge about each two answers in both orders; kept is what both orders prefer.

    Args:
        both: of `match`.
        open_judge: the judge of a language, see `quality.judge.open_judge` for what it raises.
    """
    from polyteach.quality.metric_result import measured_share
    from polyteach.quality.pairwise import FIRST, TIE, Comparison, Verdict, in_both_orders

    found = Preferences(len(both))
    verdicts: list[Verdict] = []
    for language in dict.fromkeys(first.language for first, _ in both):
        own = [pair for pair in both if pair[0].language == language]
        shown = [Comparison(_shown(a.context), a.answer, b.answer) for a, b in own]
        with open_judge(language) as judge:
            said = in_both_orders(shown, judge.compare)
        for (first, second), verdict in zip(own, said, strict=True):
            if verdict.reason:
                found.add(first, second, verdict.reason)
            elif verdict.preferred == TIE:
                found.add(first, second, TIED if verdict.consistent else ORDERS_DISAGREE)
            else:
                found.add(first, second, verdict.preferred == FIRST)
        verdicts += said
    found.figures["order_consistency"] = measured_share(
        [None if verdict.reason else float(bool(verdict.consistent)) for verdict in verdicts],
        [verdict.reason for verdict in verdicts],
        "share of comparisons with one verdict in both orders; Wilson's interval over prompts",
    ).figure
    found.figures["first_chosen"] = _first_chosen(found)
    return found


def scored_preferences(both: Sequence[tuple[Example, Example]], margin: float) -> Preferences:
    """Reads the judges' scores that rows carry: the better answer is that which all judges put higher.

    A judge counts for a prompt if both answers have its score, on one scale and in one set; all that count
    must put the same answer higher, each by the margin or more.

    Args:
        both: of `match`; scores as `quality.sources.judge_means` reads them.
        margin: on the judges' own scale; above 0.
    """
    found = Preferences(len(both))
    for first, second in both:
        ours, theirs = _scores(first), _scores(second)
        gaps = [ours[judge] - theirs[judge] for judge in ours.keys() & theirs.keys()]
        better = _agreed(gaps, margin)
        found.add(first, second, better)
        if not isinstance(better, str):
            found.judges[len(gaps)] += 1
    found.figures["first_chosen"] = _first_chosen(found)
    return found


def _agreed(gaps: Sequence[float], margin: float) -> bool | str:
    if not gaps:
        return NO_COMMON_JUDGE
    if all(gap == 0 for gap in gaps):
        return TIED
    if any(gap > 0 for gap in gaps) and any(gap < 0 for gap in gaps):
        return JUDGES_DISAGREE
    return gaps[0] > 0 if min(abs(gap) for gap in gaps) >= margin else BELOW_MARGIN


def _scores(example: Example) -> Mapping[tuple[str, str, str], float]:
    """Scores by judge, set of prompts and scale."""
    from polyteach.quality.sources import judge_means
    from polyteach.rows import Row

    one = example
    row = Row(one.id, one.language, "", "", one.source, "", one.first_prompt, one.answer, extra=one.extra)
    means = judge_means([row])
    return {
        (mean.judge, mean.source_set if "source_set" in one.extra else "", mean.scale): mean.figure.value
        for mean in means
        if mean.figure.value is not None
    }


def _first_chosen(found: Preferences) -> Figure:
    from polyteach.quality.metric_result import measured_share

    values = [1.0] * found.first_chosen + [0.0] * (len(found.pairs) - found.first_chosen)
    undecided = list(found.left_out.elements())
    return measured_share(
        [*values, *(None for _ in undecided)],
        [*(None for _ in values), *undecided],
        "share of decided prompts on which the first source's answer is chosen; Wilson's interval",
    ).figure


def _by_context(examples: Sequence[Example], left_out: Counter[str]) -> dict[tuple[Any, ...], Example]:
    """Examples by what they answer; of several answers to one prompt the first."""
    found: dict[tuple[Any, ...], Example] = {}
    for example in examples:
        key = (example.language, *((role, normalised(text)) for role, text in example.context))
        if key in found:
            left_out[REPEATED] += 1
        else:
            found[key] = example
    return found


def _shown(context: Sequence[Turn]) -> str:
    """A context as a judge sees it: the prompt, or where more was said all turns with who said them."""
    if len(context) == 1:
        return context[0][1]
    return "\n\n".join(f"{role}: {text}" for role, text in context)
