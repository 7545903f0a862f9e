"""What the ranking takes for granted, each with what this study's own figures say of it.

A check is a function of the results (and of what else is known) that returns a `Check`; to add one, write it
and put it in `_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from polyteach.languages import english_name, script
from polyteach.report.analysis import LEAST_LANGUAGES
from polyteach.scoring.numbers import counted, listing, number

Plain = Mapping[str, Any]
Status = Literal["doubtful", "not checked", "ok"]
MOST_TOKENS_RATIO = 1.5
"""Students of one language and base of whom one saw so many times another's tokens were not taught alike."""
ENOUGH_TRIALS = 3
_ORDER: tuple[Status, ...] = ("doubtful", "not checked", "ok")


@dataclass(frozen=True, slots=True)
class Check:
    """One assumption.

    Attributes:
        name: of the assumption, as a claim.
        status: what the figures say of it.
        evidence: in words; of one that was not checked, why, or what would check it.
    """

    name: str
    status: Status
    evidence: str


@dataclass(frozen=True, slots=True)
class Known:
    """What checks read."""

    results: Plain
    sections: Plain
    manifests: Mapping[str, Plain]

    def warned(self, code: str) -> list[str]:
        """What the warnings of a code say."""
        return [warning["message"] for warning in self.results["warnings"] if warning["code"] == code]


def assumptions(
    results: Plain, analysed: Plain, manifests: Mapping[str, Plain] | None = None
) -> dict[str, Any]:
    """All checks, the doubtful ones first.

    Args:
        results: as in `results.json`.
        analysed: as in `analysis.json`.
        manifests: of the study's artifacts by step id; without them some checks are not made.

    Returns:
        `checks`, and `counts` by status.
    """
    known = Known(results, analysed["sections"], manifests or {})
    checks = sorted((check(known) for check in _CHECKS), key=lambda found: _ORDER.index(found.status))
    counts = {status: sum(check.status == status for check in checks) for status in _ORDER}
    return {"checks": checks, "counts": counts}


def _languages(known: Known) -> Check:
    name = "The languages stand for others"
    codes = known.results["study"]["languages"]
    found = known.sections["resources"]
    shares = sorted((pair[0], code) for code, pair in found["languages"].items())
    scripts = sorted({script(code) for code in codes})
    told = f"{counted(len(codes), 'language')} in {counted(len(scripts), 'script')}"
    if len(shares) > 1:
        (low, least), (high, most) = shares[0], shares[-1]
        of = "of CommonCrawl"
        told += f", from {english_name(least)} ({number(low, 2)}% {of})"
        told += f" to {english_name(most)} ({number(high, 2)}%)"
    if len(codes) < LEAST_LANGUAGES or len(scripts) < 2:
        return Check(name, "doubtful", f"{told}: what holds here is shown for these languages only")
    if len(shares) < len(codes):
        missing = [english_name(code) for code in codes if code not in found["languages"]]
        return Check(
            name, "not checked", f"{told}; how much text there is of {listing(missing)} is not known"
        )
    return Check(name, "ok", told)


def _rows(known: Known) -> Check:
    name = "Students were taught on equally many rows"
    trainings = known.results["trainings"]
    if not trainings:
        return Check(name, "not checked", "the results have no trainings")
    uneven = []
    for place, found in _by_place(trainings).items():
        counts = {t["examples"] for t in found}
        if len(counts) > 1:
            uneven.append(f"{place}: {min(counts):,} to {max(counts):,} rows")
    if uneven:
        return Check(name, "doubtful", "; ".join(uneven))
    return Check(name, "ok", f"{len(trainings)} students, equal within each language and base")


def _tokens(known: Known) -> Check:
    name = "Students were taught equally long"
    facts = [
        (id.split("/"), plain["facts"])
        for id, plain in known.manifests.items()
        if plain["kind"] == "students" and {"steps", "tokens"} <= set(plain["facts"])
    ]
    if not facts:
        return Check(name, "not checked", "steps and tokens of the trainings are not at hand")
    steps: dict[str, set[int]] = {}
    tokens: dict[str, dict[str, int]] = {}
    for (_, base, who, language, _), found in facts:
        place = f"{base} in {english_name(language)}"
        steps.setdefault(place, set()).add(found["steps"])
        tokens.setdefault(place, {})[who] = found["tokens"]
    uneven = [place for place, counts in steps.items() if len(counts) > 1]
    ratios = {place: max(of.values()) / max(min(of.values()), 1) for place, of in tokens.items()}
    worst = max(ratios, key=lambda place: ratios[place])
    told = f"tokens differ by a factor of {number(ratios[worst], 2)} at most ({worst})"
    if uneven:
        return Check(name, "doubtful", f"unequal steps: {listing(uneven)}; {told}")
    if ratios[worst] > MOST_TOKENS_RATIO:
        longest = max(tokens[worst], key=lambda who: tokens[worst][who])
        return Check(
            name, "doubtful", f"equal steps, but {told}, most for {longest}: longer answers teach longer"
        )
    return Check(name, "ok", f"equal steps; {told}")


def _trials(known: Known) -> Check:
    name = "The luck of training is allowed for"
    trials = known.results["study"]["trials"]
    if trials == 1:
        return Check(name, "doubtful", "one trial: intervals are over items only")
    if trials < ENOUGH_TRIALS:
        return Check(name, "doubtful", f"{trials} trials tell little of their spread")
    return Check(name, "ok", f"{trials} trials each, their spread is in the intervals")


def _synthesis(known: Known) -> Check:
    return Check(
        "Another draw of the same teacher’s data would rank alike",
        "not checked",
        "each teacher wrote its data once; a second study with another rng_seed would show it",
    )


def _anchors(known: Known) -> Check:
    name = "The reference shows what there is to learn"
    anchors = known.results["anchors"]
    if not anchors:
        return Check(name, "not checked", "there are no anchors")
    counting = [anchor for anchor in anchors if anchor["counts"]]
    without = sorted(
        {(a["base"], a["language"]) for a in anchors} - {(a["base"], a["language"]) for a in counting}
    )
    told = (
        f"human data teaches clearly in {len(counting)} of {len(anchors)} places (base, language, benchmark)"
    )
    if inverted := known.warned("inverted_anchors"):
        return Check(name, "doubtful", f"{told}; {' '.join(inverted)}")
    if without:
        places = listing([f"{english_name(language)} on {base}" for base, language in without])
        return Check(name, "doubtful", f"{told}; in none of {places}")
    return Check(name, "ok", told)


def _gate(known: Known) -> Check:
    name = "Quality is measured by metrics that see damage"
    gate, codes = known.results["gate"], known.results["study"]["languages"]
    if not gate:
        return Check(name, "not checked", "no human pairs to test metrics on: the score is the gain alone")
    passing = {code: {e["metric"] for e in gate if e["language"] == code and e["passes"]} for code in codes}
    none = [english_name(code) for code, metrics in passing.items() if not metrics]
    if none:
        return Check(
            name, "doubtful", f"no metric passes the gate in {listing(none)}: there the score is the gain"
        )
    least, most = (choose(len(metrics) for metrics in passing.values()) for choose in (min, max))
    several = counted(most, "metric") if least == most else f"{least} to {most} metrics"
    return Check(name, "ok", f"{several} {'passes' if most == 1 else 'pass'} the gate in each language")


def _judge(known: Known) -> Check:
    name = "The judge tells good from bad"
    if not known.results["gate_judges"]:
        return Check(name, "not checked", "no judge was asked")
    if doubts := known.warned("doubtful_judge"):
        return Check(name, "doubtful", " ".join(doubts))
    judges = listing(list(dict.fromkeys(found["judge"] for found in known.results["gate_judges"])))
    return Check(name, "ok", f"{judges} passed its checks: see the gate")


def _scorers(known: Known) -> Check:
    name = "No scorer favours its own family"
    scorers = known.results["study"].get("scorers") or []
    if not scorers:
        return Check(name, "ok", "no model scores the data")
    if same := known.warned("scorer_family"):
        return Check(name, "doubtful", " ".join(same))
    models = [t for t in known.results["study"]["teachers"] if t.get("kind", "model") == "model"]
    unnamed = [s["model"] for s in scorers if not s["family"]] + [
        t["name"] for t in models if not t["family"]
    ]
    if models and unnamed:
        return Check(name, "not checked", f"no `family` in the study: {listing(unnamed)}")
    told = "; ".join(f"{scorer['metric']} by {scorer['model']}" for scorer in scorers)
    return Check(name, "ok", f"{told}: of no teacher’s family")


def _families(known: Known) -> Check:
    name = "No student base favours its own family"
    study = known.results["study"]
    models = [t for t in study["teachers"] if t.get("kind", "model") == "model"]
    if not models:
        return Check(name, "ok", "no teacher is a model")
    unnamed = [one["name"] for one in (*study["bases"], *models) if not one["family"]]
    if unnamed:
        return Check(name, "not checked", f"no `family` in the study: {listing(unnamed)}")
    shared = [
        f"{teacher['name']} and {base['name']} are {base['family']}"
        for base in study["bases"]
        for teacher in models
        if teacher["family"] == base["family"]
    ]
    if not shared:
        return Check(name, "ok", "no teacher is of a base’s family")
    adjusted = known.sections["family"]["adjusted"]
    effect = "its effect cannot be told from the teachers’ own worth"
    if adjusted["value"] is not None:
        effect = f"their gain is {number(adjusted['value'], 3, signed=True)} beside what is theirs elsewhere"
    return Check(name, "doubtful", f"{'; '.join(shared)}: {effect}")


def _overlap(known: Known) -> Check:
    name = "No student was taught the exam"
    removed = [
        plain["facts"]["removed"]["overlaps_benchmark"]
        for plain in known.manifests.values()
        if plain["kind"] == "students" and "overlaps_benchmark" in plain["facts"].get("removed", {})
    ]
    if not removed:
        return Check(name, "not checked", "whether rows share passages with benchmarks was not looked up")
    told = f"{sum(removed):,} rows with a passage of a benchmark were taken from {len(removed)} students"
    return Check(name, "ok", f"{told}; the same in other words is not seen")


def _contamination(known: Known) -> Check:
    return Check(
        "Teachers and bases do not know the benchmarks by heart",
        "not checked",
        "what models were trained on is not known; a benchmark of your own is known to none",
    )


def _by_place(trainings: Sequence[Plain]) -> dict[str, list[Plain]]:
    """Trainings by what should be alike in them; the reference is one of them."""
    places: dict[str, list[Plain]] = {}
    for found in trainings:
        places.setdefault(f"{found['base']} in {english_name(found['language'])}", []).append(found)
    return places


_CHECKS: tuple[Callable[[Known], Check], ...] = (
    _languages,
    _rows,
    _tokens,
    _trials,
    _synthesis,
    _anchors,
    _gate,
    _judge,
    _scorers,
    _families,
    _overlap,
    _contamination,
)
