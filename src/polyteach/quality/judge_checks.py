"""Is a judge to be trusted in a language? Checks on human pairs and corrupted versions of them.

Every check takes one pair as one unit: a pair is asked about several times, and its answers are no
independent witnesses. A share's interval is Wilson's over pairs. Where a pair's own value lies between 0 and
1 (two of four answers read), that is not too narrow: nothing between 0 and 1 varies more than a yes or no of
the same mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from polyteach.figures import Figure, undefined
from polyteach.languages import english_name
from polyteach.quality.judge import Judge
from polyteach.quality.judge_attacks import IN_THE_GATE, attacked, plea_language
from polyteach.quality.judge_text import UNREAD
from polyteach.quality.metric_result import count_reasons, measured_share, why_nothing
from polyteach.quality.pairwise import FIRST, SECOND, TIE, Choice, Comparison, Verdict, in_both_orders
from polyteach.rows import Row
from polyteach.texts import normalised

PAIRS = 60
"""How many pairs a judge is tested on where nothing is said."""
ANSWERS_A_PAIR = 8
"""Marks and choices that a judge is asked for, for each pair, at most."""
NEW_A_PAIR = ANSWERS_A_PAIR - 1
"""Of these, those beyond the mark of the response itself, for which the gate asks anyway."""
PLEADING_CHECK = "rubric_discrimination_with_plea"
NO_CORRUPTED = "no_corrupted_response"
ALREADY_PREFERRED = "preferred_without_plea"
_CREDIT = {FIRST: 1.0, TIE: 0.5, SECOND: 0.0}
_CLEAN, _CLEAN_PLEA, _BAD, _BAD_PLEA = range(4)
PairValue = tuple[float | None, str | None]
"""A pair's value, or None and the reason."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One pair to be judged: the row, a corrupted response (None: there is none), and both with a plea."""

    row: Row
    bad: str | None
    pleading: str
    bad_pleading: str | None

    @property
    def responses(self) -> tuple[str | None, ...]:
        """All four, by `_CLEAN` and so on."""
        return self.row.response, self.pleading, self.bad, self.bad_pleading


def judge_checks(
    judge: Judge,
    rows: Sequence[Row],
    corrupted: Mapping[str, Sequence[Row | None]],
    language: str,
    *,
    n: int = PAIRS,
    rng_seed: int,
) -> dict[str, Figure]:
    """Tests a judge on a seeded sample of a language's human pairs.

    A pair costs four marks (its response and a corrupted one, each with and without a plea for a high mark)
    and four choices (response against corrupted one, the latter with and without the plea, in both orders).
    Each pair has one of the corruptions, in turn (where one has nothing for it, the next is taken), and one
    of the attacks `IN_THE_GATE`, in turn. The judge reads all pleas, even where it is spared them elsewhere.

    Figures by name, all undefined with the reason where there is no pair:
        rubric_parse_rate, pairwise_parse_rate: answers that could be read, of those given.
        rubric_discrimination, pairwise_discrimination: the clean response has the higher mark, or is
            preferred in both orders; ties half, .5 is chance.
        rubric_discrimination_with_plea: the same where the corrupted response pleads; the gate rests on it.
        rubric_plea_effect, rubric_plea_effect_on_corrupted: mean mark with a plea minus without, paired. A
            clean response may have no mark above its own to rise to; a corrupted one has.
        pairwise_order_consistency: the same verdict in both orders.
        pairwise_first_place: choices of the first place; ties half, .5 is no preference for a place.
        pairwise_plea_flips: verdicts that the plea moves towards the corrupted response that makes it.

    Args:
        judge: who is tested.
        rows: human pairs; those without a response are left out.
        corrupted: by each corruption that the judge should answer for, the same rows in the same order; None
            where it cannot be done. Only their responses are used, always with the clean prompt.
        language: standard code; which pleas are used.
        n: pairs at most.
        rng_seed: of the sample.

    Raises:
        ValueError: a corruption has not as many rows as there are.
    """
    cases = _cases(rows, corrupted, language, n, rng_seed)
    judge = judge.bare or judge
    pleas = english_name(plea_language(language))
    about = f"judge {judge.name}, pairs of {english_name(language)} seed data, pleas in {pleas}"
    return _rubric_checks(judge, cases, about) | _pairwise_checks(judge, cases, about)


def _cases(
    rows: Sequence[Row], corrupted: Mapping[str, Sequence[Row | None]], language: str, n: int, rng_seed: int
) -> list[_Case]:
    for name, others in corrupted.items():
        if len(others) != len(rows):
            raise ValueError(f"{len(rows)} rows, and {len(others)} of them corrupted by {name}")
    rng = Random(f"judge checks {language} {rng_seed}")
    paired = [index for index, row in enumerate(rows) if row.response.strip()]
    chosen = rng.sample(paired, min(n, len(paired)))
    names = sorted(corrupted)
    cases = []
    for turn, index in enumerate(chosen):
        in_turn = [names[(turn + k) % len(names)] for k in range(len(names))]
        clean = normalised(rows[index].response)
        texts = (found.response for name in in_turn if (found := corrupted[name][index]))
        bad = next((text for text in texts if normalised(text) not in ("", clean)), None)
        row, attack = rows[index], IN_THE_GATE[turn % len(IN_THE_GATE)]
        pleading = attacked(row, attack, language).response
        worse = None if bad is None else attacked(replace(row, response=bad), attack, language).response
        cases.append(_Case(row, bad, pleading, worse))
    return cases


def _rubric_checks(judge: Judge, cases: Sequence[_Case], about: str) -> dict[str, Figure]:
    texts = [case.responses for case in cases]
    asked = [
        replace(case.row, response=text)
        for case, responses in zip(cases, texts, strict=True)
        for text in responses
        if text is not None
    ]
    judged = judge.score(asked)
    answers = iter(zip(judged.values, judged.reasons, strict=True))
    marks = [[(None, NO_CORRUPTED) if text is None else next(answers) for text in four] for four in texts]
    return {
        "rubric_parse_rate": share_of(
            [_read([reason for _, reason in four]) for four in marks],
            f"share of the judge's marks that could be read, one unit a pair ({about})",
        ),
        "rubric_discrimination": share_of(
            [_higher(four[_CLEAN], four[_BAD]) for four in marks],
            f"share of pairs in which the corrupted response has the lower mark, ties half ({about})",
        ),
        PLEADING_CHECK: share_of(
            [_higher(four[_CLEAN], four[_BAD_PLEA]) for four in marks],
            "share of pairs in which the corrupted response has the lower mark although it pleads for a high "
            f"one, ties half ({about})",
        ),
        "rubric_plea_effect": mean_of(
            [difference_of(four[_CLEAN_PLEA], four[_CLEAN]) for four in marks],
            f"mean mark with a plea for a high one minus without, clean responses, paired t ({about})",
        ),
        "rubric_plea_effect_on_corrupted": mean_of(
            [difference_of(four[_BAD_PLEA], four[_BAD]) for four in marks],
            f"mean mark with a plea for a high one minus without, corrupted responses, paired t ({about})",
        ),
    }


def _pairwise_checks(judge: Judge, cases: Sequence[_Case], about: str) -> dict[str, Figure]:
    with_bad = [case for case in cases if case.bad is not None]
    clean_bad, clean_plea = [], []
    for case in with_bad:
        clean, _, bad, bad_plea = case.responses
        clean_bad.append(Comparison(case.row.prompt, str(clean), str(bad)))
        clean_plea.append(Comparison(case.row.prompt, str(clean), str(bad_plea)))
    verdicts = in_both_orders([*clean_bad, *clean_plea], judge.compare)
    plain, pleading = verdicts[: len(with_bad)], verdicts[len(with_bad) :]
    left_out: list[PairValue] = [(None, NO_CORRUPTED)] * (len(cases) - len(with_bad))
    read = [
        _read([c.reason for v in both for c in (v.forward, v.backward)])
        for both in zip(plain, pleading, strict=True)
    ]
    return {
        "pairwise_parse_rate": share_of(
            read + left_out, f"share of the judge's verdicts that could be read, one unit a pair ({about})"
        ),
        "pairwise_order_consistency": share_of(
            [(None, v.reason) if v.reason else (float(bool(v.consistent)), None) for v in plain] + left_out,
            f"share of comparisons with a corrupted response that have one verdict in both orders ({about})",
        ),
        "pairwise_first_place": share_of(
            [_first_place(v.forward, v.backward) for v in plain] + left_out,
            f"share of choices for the first place over both orders, ties half; .5 is none ({about})",
        ),
        "pairwise_discrimination": share_of(
            [(None, v.reason) if v.reason else (_CREDIT[str(v.preferred)], None) for v in plain] + left_out,
            "share of comparisons in which both orders prefer the clean response to the corrupted one; a "
            f"tie, or orders that disagree, half ({about})",
        ),
        "pairwise_plea_flips": share_of(
            [_flip(*both) for both in zip(plain, pleading, strict=True)] + left_out,
            "share of verdicts moved towards a corrupted response by its plea for a high mark, of those not "
            f"for it already ({about})",
        ),
    }


def _read(reasons: Sequence[str | None]) -> PairValue:
    """The share of a pair's answers that could be read; what the judge was not asked is no answer."""
    given = [reason is None for reason in reasons if reason is None or reason in UNREAD]
    return (sum(given) / len(given), None) if given else (None, reasons[0])


def _higher(one: PairValue, other: PairValue) -> PairValue:
    difference, reason = difference_of(one, other)
    if difference is None:
        return None, reason
    return (difference > 0) + 0.5 * (difference == 0), None


def difference_of(one: PairValue, other: PairValue) -> PairValue:
    """One mark less another; without both, why not."""
    if one[0] is None or other[0] is None:
        return None, one[1] or other[1]
    return one[0] - other[0], None


def _first_place(forward: Choice, backward: Choice) -> PairValue:
    if forward.place is None or backward.place is None:
        return None, forward.reason or backward.reason
    return (_CREDIT[forward.place] + _CREDIT[backward.place]) / 2, None


def _flip(plain: Verdict, pleading: Verdict) -> PairValue:
    before, after = plain.preferred, pleading.preferred
    if before is None or after is None:
        return None, plain.reason or pleading.reason
    if before == SECOND:
        return None, ALREADY_PREFERRED
    return float(_CREDIT[after] < _CREDIT[before]), None


def share_of(values: Sequence[PairValue], definition: str) -> Figure:
    """The share of pairs that have 1, of those that have a value, with Wilson's interval."""
    return measured_share([v for v, _ in values], [r for _, r in values], definition).figure


def mean_of(values: Sequence[PairValue], definition: str) -> Figure:
    """The mean of paired differences with its t interval; none for a single pair."""
    from scipy.stats import sem, t  # inside: the command line imports the steps

    differences = [value for value, _ in values if value is not None]
    reasons = [reason for _, reason in values]
    unscored = count_reasons(reasons)
    if not differences:
        return undefined(definition, why_nothing(reasons), unscored)
    n, mean = len(differences), sum(differences) / len(differences)
    if n == 1:
        return Figure(mean, definition, n=n, unscored=unscored)
    se = float(sem(differences))
    half = float(t.ppf(0.975, n - 1)) * se
    return Figure(mean, definition, n=n, se=se, low=mean - half, high=mean + half, unscored=unscored)
