"""What the page shows, computed from `results.json`: plain values for the template, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.report import wording

Plain = Mapping[str, Any]

GRAVE = {
    "rehearsal",
    "failed_requests",
    "harmful",
    "nothing_learned",
    "little_worth",
    "short_reference",
    "missing_cell",
    "missing_trial",
    "one_trial",
    "no_reference",
    "no_benchmark_counts",
    "inverted_anchors",
    "gain_disagrees",
}
METRICS = (
    ("prompt_diversity", "prompt diversity", 3),
    ("response_diversity", "response diversity", 3),
    ("prompt_vendi", "prompt Vendi score", 1),
    ("response_vendi", "response Vendi score", 1),
    ("prompt_distinct_2", "prompt distinct-2", 2),
    ("response_distinct_2", "response distinct-2", 2),
    ("perplexity", "perplexity", 1),
    ("perplexity_median", "perplexity, median", 1),
    ("rubric", "rubric (1–5)", 2),
    ("pleas", "speak to the judge", 3),
    ("prompt_length", "prompt length", 1),
    ("response_length", "response length", 1),
    ("prompt_fidelity", "prompts in language", 2),
    ("response_fidelity", "responses in language", 2),
    ("exact_duplicates", "exact duplicates", 2),
    ("near_duplicates", "near duplicates", 2),
)
_WORDS = {
    "rehearsal": "Rehearsal",
    "failed_requests": "Failed requests",
    "harmful": "Harmful",
    "nothing_learned": "Nothing learned",
    "little_worth": "Little worth",
    "missing_cell": "Missing",
    "short_reference": "Short reference",
    "missing_trial": "Missing trial",
    "unequal_rows": "Unequal rows",
    "one_trial": "One trial",
    "no_reference": "No reference",
    "no_benchmark_counts": "No benchmark counts",
    "gain_disagrees": "Gain disagrees",
    "lost_language": "Language lost",
    "answers_in_another_language": "Other language",
    "inverted_anchors": "Inverted anchors",
    "benchmark_lacks_language": "Benchmark missing",
    "no_metric_passes": "Gain alone",
    "doubtful_judge": "Doubtful judge",
    "asks_the_judge": "Asks the judge",
    "benchmark_left_out": "Benchmark left out",
    "one_benchmark": "One benchmark only",
    "identical_scores": "Identical results",
    "unscored_items": "Unscored answers",
    "low_language_fidelity": "Wrong language",
    "low_rows": "Few rows",
    "short_source": "Short of seed data",
    "scorer_family": "Same family",
    "intrinsic_component_dropped": "Metric not used",
}


def metrics(results: Plain) -> dict[str, Any]:
    """The intrinsic metrics by language: the seed data's own first, then each teacher's."""
    order = [entry["teacher"] for entry in results["leaderboard"]]
    groups = []
    for language in results["study"]["languages"]:
        human = [s["metrics"] for s in results["seed_data"] if s["language"] == language]
        rows = [{"name": "seed data", "human": True, "metrics": found} for found in human]
        cells = {c["teacher"]: c["metrics"] for c in results["cells"] if c["language"] == language}
        rows += [{"name": name, "human": False, "metrics": cells.get(name, {})} for name in order]
        groups.append({"language": language, "rows": rows})
    used = {name for group in groups for row in group["rows"] for name in row["metrics"]}
    return {
        "columns": [column for column in METRICS if column[0] in used],
        "groups": groups,
        "few": _why_few([row["metrics"] for group in groups for row in group["rows"]]),
    }


def _why_few(cells: Sequence[Mapping[str, Plain]]) -> list[str]:
    """Why figures over few of their rows are so, by metric: `perplexity: 588 too long`."""
    lost: dict[str, dict[str, int]] = {}
    for name, figure in (
        entry for figures in cells for entry in figures.items() if wording.few_scored(entry[1])
    ):
        counts = lost.setdefault(name, {})
        for reason, count in figure["unscored"].items():
            counts[reason] = counts.get(reason, 0) + count
    titles = {name: title for name, title, _ in METRICS}
    why = {name: ", ".join(f"{n} {reason}" for reason, n in counts.items()) for name, counts in lost.items()}
    return [f"{titles.get(name, name)}: {reasons}".replace("_", " ") for name, reasons in why.items()]


def requests(results: Plain) -> dict[str, Any]:
    """What became of the requests: reasons, the commonest first, and teachers in the leaderboard's order."""
    order = [entry["teacher"] for entry in results["leaderboard"]]
    rows = sorted(results["requests"], key=lambda row: order.index(row["teacher"]))
    counts: dict[str, int] = {}
    for row in rows:
        for reason, count in row["failed"].items():
            counts[reason] = counts.get(reason, 0) + count
    return {
        "asked": sum(row["requests"] for row in rows),
        "reasons": sorted(counts, key=lambda reason: (-counts[reason], reason)),
        "rows": [row | {"lost": sum(row["failed"].values())} for row in rows],
    }


def warnings(results: Plain) -> dict[str, list[dict[str, Any]]]:
    """Warnings grouped by kind, those that touch the verdict apart from the rest."""
    groups: dict[str, list[Plain]] = {}
    for warning in results["warnings"]:
        groups.setdefault(warning["code"], []).append(warning)
    plain = [
        {"code": code, "title": _WORDS.get(code, code.replace("_", " ")), "warnings": _merged(found)}
        for code, found in groups.items()
    ]
    return {
        "grave": [group for group in plain if group["code"] in GRAVE],
        "other": [group for group in plain if group["code"] not in GRAVE],
    }


def _merged(found: Sequence[Plain]) -> list[dict[str, Any]]:
    """The same sentence once, with all the places it is said of."""
    places: dict[str, list[str]] = {}
    for warning in found:
        named = warning["where"] == "study" or warning["where"] in warning["message"]
        places.setdefault(warning["message"], []).extend([] if named else [warning["where"]])
    return [{"message": message, "places": where} for message, where in places.items()]


def definitions(results: Plain) -> list[tuple[str, str]]:
    """What the figures mean, in words: the leaderboard's and every metric's."""
    entries: Sequence[Plain] = results["leaderboard"]
    found: dict[str, str] = {"rank": results["rank_definition"], "anchors": results["anchor_definition"]}
    for entry in entries[:1]:
        found |= {name: entry[name]["definition"] for name in ("gain", "quality", "pgr")}
        found |= {name: score["definition"] for name, score in entry["scores"].items()}
    for cell in results["cells"]:
        for name, figure in cell["metrics"].items():
            found.setdefault(name, figure["definition"])
    for benchmark in results["study"]["benchmarks"]:
        if benchmark.get("definition"):
            found.setdefault(benchmark["name"], benchmark["definition"])
    for scorer in results["study"].get("scorers", ()):  # the definition has the digest of its model's files
        for name in found:
            if name in (scorer["metric"], f"{scorer['metric']}_median"):
                found[name] += f" (the model is {scorer['model']})"
    return [(name.replace("_", " "), text) for name, text in found.items()]
