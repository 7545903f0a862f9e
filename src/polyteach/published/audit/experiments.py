"""The further experiments: rows, methods, translation, families, the Tagalog recipe, counts."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

from polyteach.analysis.family import family_match
from polyteach.analysis.scale import opposed, trends
from polyteach.published.anchors import solve_all
from polyteach.published.audit.construction import Z95
from polyteach.published.audit.finding import Finding, Interval
from polyteach.published.bases import LANGUAGES, figure_2
from polyteach.published.cells import all_cells
from polyteach.published.methods import table_15
from polyteach.published.paper import BASE, Paper
from polyteach.published.scores import mean
from polyteach.published.tagalog import scores
from polyteach.scoring.numbers import listing, number


def more_rows(paper: Paper) -> Finding:
    """Results rise with the number of rows, PG-Scores fall."""
    codes = list(dict.fromkeys(variant.language for variant in paper.scale))
    by = {
        name: {
            code: {float(v.rows or 0): getattr(v, name) for v in paper.scale if v.language == code}
            for code in codes
        }
        for name in ("result", "pg_score")
    }
    against = opposed(trends(by["result"]), trends(by["pg_score"]))
    gains = {}
    for code in codes:
        own = {v.rows: v for v in paper.scale if v.language == code}
        if {1_000, 10_000, 50_000} <= own.keys():
            first, middle, last = own[1_000], own[10_000], own[50_000]
            gains[code] = {
                "to_10k": middle.result - first.result,
                "to_50k": last.result - middle.result,
                "se": sqrt(middle.se**2 + last.se**2),
            }
    interval = None
    if gains:
        code = max(gains, key=lambda c: gains[c]["to_50k"])
        value, reach = gains[code]["to_50k"], Z95 * gains[code]["se"]
        interval = Interval(
            f"result at 50,000 rows less that at 10,000, {code}", value, value - reach, value + reach
        )
    listed = "; ".join(
        f"{c} {number(g['to_10k'], 3, signed=True)} up to 10,000 rows, {number(g['to_50k'], 3, signed=True)} "
        "from there to 50,000"
        for c, g in gains.items()
    )
    return Finding(
        "more_rows",
        "With more rows the students' results rise while the PG-Score falls, in "
        f"{listing(list(against)) if against else 'no language'}.",
        f"Results: {listed}. That gains flatten past 10,000 rows holds for the results, not in every "
        "language.",
        {"opposed": list(against), "gains": gains},
        interval,
    )


def method_named(paper: Paper) -> Finding:
    """Table 15 mixes the language's method with the teacher's own."""
    table = table_15(paper)
    off = [entry for entry in table.entries if entry.status == "differs"]
    return Finding(
        "method_named",
        f"Table 15 names one method for a language, but {len(off)} of {len(table.entries)} of its figures "
        "are of another method.",
        "; ".join(
            f"{e.key}: {number(e.ours, 1)} by the method named, printed {number(e.published, 1)}" for e in off
        )
        + ".",
        {e.key: {"ours": e.ours, "published": e.published} for e in off},
    )


def translation(paper: Paper) -> Finding:
    """Who translates: the order by PG-Score is the reverse of that by results."""
    anchors = solve_all(paper, BASE)
    ways = list(paper.tables["figure_6"])
    means = {
        name: {way: mean([getattr(v, name) for v in paper.translation if v.way == way]) for way in ways}
        for name in ("result", "pg_score")
    }
    order = {name: sorted(ways, key=lambda way, n=name: -means[n][way]) for name in means}  # type: ignore[misc]
    best, other = order["pg_score"][0], order["pg_score"][-1]
    of = {way: [v for v in paper.translation if v.way == way] for way in (best, other)}
    count = len(of[best])
    se = sqrt(sum((v.se / (2 * anchors[v.language].gap)) ** 2 for way in of for v in of[way])) / count
    value = means["pg_score"][best] - means["pg_score"][other]
    reverse = order["result"] == order["pg_score"][::-1]
    relation = "the reverse of" if reverse else "not"
    within = abs(value) < Z95 * se
    results = "; ".join(f"{way} {number(means['result'][way], 3)}" for way in order["result"])
    return Finding(
        "translation",
        f"By the students' results the ways to translate are in {relation} the order of their PG-Scores.",
        f"Mean results: {results}. PG-Score puts {best} first; its lead over {other} is "
        f"{'within' if within else 'above'} the error.",
        {"mean_result": means["result"], "mean_pg_score": means["pg_score"], "reversed": reverse},
        Interval(f"PG-Score of {best} less that of {other}", value, value - Z95 * se, value + Z95 * se),
    )


def families(paper: Paper) -> Finding:
    """Teachers of a student's own family gain no more than others."""
    table = all_cells(paper)
    found = {name: family_match(table, name) for name in ("pg_score", "result")}
    numbers = {
        name: {
            "adjusted": one.adjusted.to_json(),
            "p": one.p,
            "matched": one.matched,
            "unmatched": one.unmatched,
        }
        for name, one in found.items()
    }
    score = found["pg_score"]
    clear = [name for name, one in found.items() if one.adjusted.low is not None and one.adjusted.low > 0]
    listed = "; ".join(
        f"{name} {number(one.adjusted.value, 3, signed=True)} (95% {number(one.adjusted.low, 3)} to "
        f"{number(one.adjusted.high, 3)}, p {number(one.p)})"
        for name, one in found.items()
    )
    interval = None
    if (
        score.adjusted.value is not None
        and score.adjusted.low is not None
        and score.adjusted.high is not None
    ):
        interval = Interval(
            "PG-Score of matched less other teachers",
            score.adjusted.value,
            score.adjusted.low,
            score.adjusted.high,
        )
    return Finding(
        "families",
        f"Teachers of the student's family are {'better' if 'pg_score' in clear else 'not clearly better'} "
        "for it than other teachers.",
        "Table 14 compares with another base, not with other teachers. Over four bases and "
        f"{', '.join(LANGUAGES)} ({score.matched} matched students, {score.unmatched} others), beyond each "
        f"teacher's own mean and each base's in each language: {listed}. p with families dealt anew among "
        "the teachers.",
        numbers,
        interval,
    )


def tagalog(paper: Paper) -> Finding:
    """One report states a score that is not the mean of its categories."""
    ours = scores(paper)
    off = {
        step.name: (step.stated, ours[step.name])
        for step in paper.tagalog
        if abs(step.stated - ours[step.name]) > 1e-6
    }
    parts = [
        f"{name}: stated {number(stated)}, mean of its four categories {number(own)}"
        for name, (stated, own) in off.items()
    ]
    turned = [
        f"{one.name} to {other.name}: {number(other.stated - one.stated, signed=True)} as stated, "
        f"{number(ours[other.name] - ours[one.name], signed=True)} by the means"
        for one, other in pairwise(paper.tagalog)
        if (other.stated - one.stated) * (ours[other.name] - ours[one.name]) < 0
    ]
    return Finding(
        "tagalog",
        f"{len(off)} of {len(paper.tagalog)} FilBench reports state a score that is not the mean of their "
        f"categories; with the mean, {len(turned)} step of the recipe loses instead of gaining.",
        f"{'; '.join(parts) or 'All agree'}. {'; '.join(turned) or 'No step turns'}. Too few tasks were "
        "released to tell which is right, and no error of a category was, so no interval can be given.",
        {"stated": {s.name: s.stated for s in paper.tagalog}, "computed": ours, "differ": list(off)},
    )


def printing(paper: Paper) -> Finding:
    """Printed figures that are not the released ones."""
    figure = figure_2(paper)
    off = [e for e in figure.entries if e.status == "differs" and e.ours is not None]
    rho = [e for e in off if e.key.startswith("rho")]
    digits = [e for e in off if e not in rho and abs((e.ours or 0.0) - e.published) > 0.01]
    return Finding(
        "printing",
        f"In Figure 2, {len(digits)} means are not those of the released files, and {len(rho)} of "
        f"{sum(e.key.startswith('rho') for e in figure.entries)} correlations between bases do not come out.",
        "; ".join(
            f"{e.key}: ours {number(e.ours, 3)}, printed {number(e.published, 3)}" for e in (*digits, *rho)
        )
        + ".",
        {e.key: {"ours": e.ours, "published": e.published} for e in (*digits, *rho)},
    )


def counts(paper: Paper) -> Finding:
    """How the trainings are distributed, and the rows of seed data."""
    main, other = len(paper.of_base(BASE)), len(paper.cells) - len(paper.of_base(BASE))
    parts = {
        BASE: main,
        "three other bases": other,
        "OLMo 3 32B (printed)": sum(len(row["cells"]) for row in paper.tables["table_16"]["rows"].values()),
        "single methods (printed)": sum(
            len(row) for by in paper.tables["table_2"]["rows"].values() for row in by.values()
        ),
        "number of rows": len(paper.scale),
        "translation": len(paper.translation),
        "Tagalog": len(paper.tagalog),
    }
    rows = paper.seed_rows["by_language"]
    return Finding(
        "counts",
        f"Of {paper.tables['trainings']} trainings stated, {sum(parts.values())} show in a table or file, "
        "once each; three trials of each would be three times as many.",
        f"{'; '.join(f'{name} {n}' for name, n in parts.items())}. Seed data: {paper.seed_rows['stated']:,} "
        f"rows stated, {sum(rows.values()):,} in the cells of its table.",
        {"trainings": parts, "stated": paper.tables["trainings"], "seed_rows": sum(rows.values())},
    )
