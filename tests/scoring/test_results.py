from __future__ import annotations

import json
from dataclasses import replace

import pytest
from scipy import stats

from polyteach.figures import Figure
from polyteach.report.view import GRAVE, warnings
from polyteach.scoring.records import (
    CellMetrics,
    Evidence,
    Exam,
    Failure,
    Fruitless,
    Scorer,
    StudyFacts,
    SynthesisFacts,
    Teacher,
    Training,
    Usage,
)
from polyteach.scoring.results import results_of

BASE = [0, 0, 0, 1, 0, 0, 0, 1] * 5
REFERENCE = [1, 1, 1, 1, 1, 1, 0, 1] * 5
GOOD = [1, 1, 1, 1, 0, 1, 0, 1] * 5
BAD = [0, 1, 0, 1, 0, 0, 0, 1] * 5


@pytest.fixture
def evidence(make_exam) -> Evidence:
    study = StudyFacts(
        name="small",
        languages=("de", "ja"),
        bases=("a",),
        trials=1,
        teachers=(Teacher("good", "gemma", 10), Teacher("bad", None, 99)),
    )
    languages = ("de", "ja")

    def students(name: str, scores: list[int]) -> list[Exam]:
        return [make_exam(scores, teacher=name, trial=0, language=code) for code in languages]

    def figure(value: float) -> Figure:
        return Figure(value, "made up", n=300)

    return Evidence(
        study=study,
        bases=[make_exam(BASE, language=code) for code in languages],
        references=[make_exam(REFERENCE, language=code) for code in languages],
        students=[*students("good", GOOD), *students("bad", BAD)],
        metrics=[
            CellMetrics(name, code, {"prompt_diversity": figure(x), "perplexity": figure(10 * x)})
            for name, x in (("good", 0.4), ("bad", 0.6))
            for code in languages
        ],
    )


def codes(results: dict) -> list[str]:
    return [warning["code"] for warning in results["warnings"]]


def test_a_small_study_by_hand(evidence: Evidence) -> None:
    results = results_of(evidence, {"name": "small"}, 1)
    first, second = results["leaderboard"]
    # Base 2/8, good 6/8, bad 3/8; chance 1/4; reference 7/8.
    assert first["teacher"] == "good"
    assert first["gain"]["value"] == pytest.approx((0.75 - 0.25) / 0.75)
    assert second["gain"]["value"] == pytest.approx((0.375 - 0.25) / 0.75)
    assert first["pgr"]["value"] == pytest.approx(0.5 / 0.625)
    # z of diversity: -1 and 1; of -log(1 + PPL): 1 and -1; so the intrinsic z is 0 for both.
    assert first["scores"]["intrinsic_pooled"]["value"] == pytest.approx(0, abs=1e-12)
    # Without a gate a = 0: the score is 100 times the gain.
    assert first["quality"]["reason"] == "no metric passes the gate in any language"
    assert first["scores"]["robust"]["value"] == pytest.approx(100 * 2 / 3)
    assert first["scores"]["published"]["value"] == pytest.approx(0.4)
    assert first["scores"]["paper"]["value"] == pytest.approx(0.4)
    assert first["scores"]["paper_eq3"]["value"] == pytest.approx(1)
    assert results["verdict"]["kind"] == "leads"
    assert results["default_score"] == "robust"
    assert results["gate"] == []
    assert {"one_trial", "one_benchmark", "no_metric_passes", "intrinsic_component_dropped"} <= set(
        codes(results)
    )


def test_items_shared_by_languages_stay_paired(evidence: Evidence) -> None:
    """With the same answers to the same items, two languages say no more than one."""
    entry = results_of(evidence, {}, 1)["leaderboard"][0]
    assert entry["gain"]["se"] == pytest.approx(entry["gain_by_language"]["de"]["se"])


def test_every_figure_has_its_parts(evidence: Evidence) -> None:
    results = results_of(evidence, {}, 1)
    figures = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if "definition" in value:
                figures.append(value)
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(results)
    assert len(figures) > 50
    for figure in figures:
        assert {"value", "se", "low", "high", "n", "unscored", "definition"} <= set(figure)
        assert (figure["value"] is None) == ("reason" in figure)


def test_order_of_inputs_changes_nothing(evidence: Evidence) -> None:
    turned = replace(
        evidence,
        bases=evidence.bases[::-1],
        references=evidence.references[::-1],
        students=evidence.students[::-1],
        metrics=evidence.metrics[::-1],
    )
    assert json.dumps(results_of(evidence, {}, 1)) == json.dumps(results_of(turned, {}, 1))


def test_a_teacher_without_a_cell_is_shown_and_not_ranked(evidence: Evidence) -> None:
    students = [e for e in evidence.students if (e.teacher, e.language) != ("good", "ja")]
    failures = [Failure("students/a/good/ja/0", "out of memory")]
    results = results_of(replace(evidence, students=students, failures=failures), {}, 1)
    last = results["leaderboard"][-1]
    assert (last["teacher"], last["rank_interval"], last["gain"]["value"]) == ("good", None, None)
    assert last["gain"]["reason"] == "not complete: no gain in a/ja (no student was examined)"
    assert last["gain_by_language"]["de"]["value"] is not None
    assert "missing_cell" in codes(results)


def test_a_benchmark_left_out_is_shown_and_enters_nothing(evidence: Evidence, make_exam) -> None:
    def more(exams, scores):
        return [*exams, *(replace(e, benchmark="flat", scores=tuple(scores)) for e in exams)]

    flat = replace(
        evidence,
        bases=more(evidence.bases, BASE),
        references=more(evidence.references, BASE),
        students=more(evidence.students, REFERENCE),
    )
    before, after = results_of(evidence, {}, 1), results_of(flat, {}, 1)
    assert before["leaderboard"][0]["gain"] == after["leaderboard"][0]["gain"]
    assert [a["counts"] for a in after["anchors"]] == [True, False, True, False]
    assert "flat" in after["cells"][0]["benchmarks"]
    assert codes(after).count("benchmark_left_out") == 2


def test_gains_and_pgr_count_the_answers_they_lack(evidence: Evidence) -> None:
    def lose(exams: list[Exam], reason: str) -> list[Exam]:
        return [
            replace(e, scores=(None, *e.scores[1:]), reasons={reason: 1}) if e.language == "de" else e
            for e in exams
        ]

    lossy = replace(
        evidence,
        bases=lose(evidence.bases, "too long"),
        references=lose(evidence.references, "no number"),
        students=lose(evidence.students, "too long"),
    )
    results = results_of(lossy, {}, 1)
    cell, entry = results["cells"][0], results["leaderboard"][0]
    assert cell["benchmarks"]["choice"]["unscored"] == {"too long": 1}
    gains = [cell["gain"], cell["gains"]["choice"], entry["gain"], entry["gain_by_language"]["de"]]
    assert all(figure["unscored"] == {"base: too long": 1, "too long": 1} for figure in gains)
    assert entry["gain_by_language"]["ja"]["unscored"] == {}
    ratios = [cell["pgr"]["mean"], cell["pgr"]["benchmarks"]["choice"], entry["pgr"]]
    expected = {"base: too long": 1, "reference: no number": 1, "too long": 1}
    assert all(figure["unscored"] == expected for figure in ratios)


def test_without_a_benchmark_that_counts_nothing_is_ranked(evidence: Evidence) -> None:
    results = results_of(replace(evidence, references=[]), {}, 1)
    assert results["verdict"]["kind"] == "undefined"
    assert results["verdict"]["text"].startswith("No teacher can be ranked: there is no reference. Name one")
    assert codes(results).count("no_reference") == 2  # once a language, whatever the benchmarks
    assert not {"benchmark_left_out", "no_benchmark_counts"} & set(codes(results))
    assert [anchor["base_score"] for anchor in results["anchors"]] == [0.25, 0.25]
    assert [anchor["n"] for anchor in results["anchors"]] == [40, 40]
    assert all(entry["rank_interval"] is None for entry in results["leaderboard"])


def test_raw_scores_say_what_answers_are_worth_without_a_ranking(evidence: Evidence) -> None:
    results = results_of(replace(evidence, references=[]), {}, 1)
    good, bad = results["verdict"]["worth"]
    # Good answers 20 items more of 40 than the base, bad 5; the same items in both languages are one cluster.
    assert good.startswith(
        "good: its students score (means over 2 languages) 0.750 on choice, their base 0.250 "
        "(difference +0.500"
    )
    half = stats.t.ppf(0.975, 39) * stats.sem([s - b for s, b in zip(BAD, BASE, strict=True)])
    assert f"95% interval +{0.125 - half:.3f} to +{0.125 + half:.3f}): better." in bad
    summary = "students are clearly better than their base on at least one benchmark for 2 of 2 teachers: "
    assert results["verdict"]["text"].endswith(f"{summary}good and bad.")
    assert not {"little_worth", "nothing_learned"} & set(codes(results))


def test_worthless_answers_are_called_so_without_a_reference(evidence: Evidence) -> None:
    students = [e if e.teacher == "good" else replace(e, scores=tuple(BASE)) for e in evidence.students]
    results = results_of(replace(evidence, references=[], students=students), {}, 1)
    worth = [w for w in results["warnings"] if w["code"] == "little_worth"]
    assert [w["where"] for w in worth] == ["bad"]
    assert "which are no ranking" in worth[0]["message"]
    assert results["verdict"]["text"].endswith("for 1 of 2 teachers: good.")
    nobody = [replace(e, scores=tuple(BASE)) for e in evidence.students]
    results = results_of(replace(evidence, references=[], students=nobody), {}, 1)
    assert results["verdict"]["text"].endswith("no teacher's students are clearly better than their base.")
    assert codes(results)[:3] == ["nothing_learned", "little_worth", "little_worth"]
    results = results_of(replace(evidence, references=[], students=[]), {}, 1)
    assert results["verdict"]["worth"] == []
    assert codes(results)[0] == "nothing_learned"


def test_teachers_are_not_blamed_where_human_data_taught_no_more(evidence: Evidence) -> None:
    nothing = [replace(e, scores=tuple(BASE)) for e in evidence.references]
    nobody = [replace(e, scores=tuple(BASE)) for e in evidence.students]
    results = results_of(replace(evidence, references=nothing, students=nobody), {}, 1)
    assert codes(results)[0] == "nothing_learned"
    assert "little_worth" not in codes(results)
    worse = [replace(e, scores=(0.0,) * len(BASE)) for e in nobody]
    results = results_of(replace(evidence, references=nothing, students=worse), {}, 1)
    assert codes(results).count("harmful") == 2


def test_a_reference_that_failed_is_told_as_such(evidence: Evidence) -> None:
    gone = [Failure(f"examination/a/reference/{code}", "killed") for code in ("de", "ja")]
    results = results_of(replace(evidence, references=[], failures=gone), {}, 1)
    message = next(w["message"] for w in results["warnings"] if w["code"] == "no_reference")
    assert message.startswith("The reference could not be examined: a step failed.")
    assert "students.bases" not in results["verdict"]["text"]


@pytest.mark.parametrize(("told", "warned"), [(19, False), (20, True)])
def test_a_share_of_a_few_texts_is_no_warning(evidence: Evidence, told: int, warned: bool) -> None:
    figure = Figure(0.2, "share", n=told, unscored={"too_short": 80})
    metrics = [CellMetrics("good", "de", {"response_fidelity": figure})]
    results = results_of(replace(evidence, metrics=metrics, references=[]), {}, 1)
    assert ("low_language_fidelity" in codes(results)) is warned
    text = (
        "20% of its responses are in the language"
        if warned
        else ("The language of only 19 of 99 responses can be told (80 too short): too few for a share.")
    )
    assert text in results["verdict"]["worth"][0]
    all_told = [replace(metrics[0], figures={"response_fidelity": replace(figure, unscored={})})]
    (said, _) = results_of(replace(evidence, metrics=all_told, references=[]), {}, 1)["verdict"]["worth"]
    assert ("19 responses: too few to say what share" in said) is not warned
    if warned:
        message = next(w["message"] for w in results["warnings"] if w["code"] == "low_language_fidelity")
        assert message.endswith("(n 20; of the others 80 too short).")


def test_data_that_helped_nobody_is_called_so(evidence: Evidence) -> None:
    same = {(e.language): e for e in evidence.bases}
    students = [replace(e, scores=same[e.language].scores) for e in evidence.students]
    results = results_of(replace(evidence, students=students), {}, 1)
    assert results["verdict"]["kind"] == "inconclusive"
    assert "None of these teachers' data clearly helped" in results["verdict"]["text"]
    found = codes(results)
    assert found[:3] == ["nothing_learned", "little_worth", "little_worth"]
    assert found.count("identical_scores") == 2
    assert results["verdict"]["worth"] == []  # a gain is counted: raw scores add nothing
    assert not any("-0" in w["message"] for w in results["warnings"])  # minus signs are true ones


def test_cautions_about_the_data(evidence: Evidence) -> None:
    low = CellMetrics("good", "de", {"response_fidelity": Figure(0.2, "share", n=300)})
    study = replace(evidence.study, scorers=(Scorer("perplexity", "gemma-3-4b", "gemma"),))
    results = results_of(
        replace(
            evidence,
            study=study,
            metrics=[low],
            synthesis=[
                SynthesisFacts("good", "de", 40, {"empty": 60, "too long": 5}),
                SynthesisFacts("good", "ja", 40),
                SynthesisFacts("bad", "de", 400, {"empty": 3}),
            ],
        ),
        {},
        1,
    )
    by_code = {w["code"]: w["message"] for w in results["warnings"]}
    assert by_code["low_language_fidelity"].startswith("Only 20% of good's responses")
    assert "it may favour them" in by_code["scorer_family"]
    assert codes(results).count("low_rows") == 2
    assert "most often: empty" in next(w["message"] for w in results["warnings"] if w["code"] == "low_rows")


def test_the_digest_follows_definitions_not_numbers(evidence: Evidence) -> None:
    digest = results_of(evidence, {}, 1)["definitions_digest"]
    students = [replace(e, scores=tuple(REFERENCE)) for e in evidence.students]
    assert results_of(replace(evidence, students=students), {}, 1)["definitions_digest"] == digest
    study = replace(evidence.study, definitions={"choice": "another way"})
    assert results_of(replace(evidence, study=study), {}, 1)["definitions_digest"] != digest


def test_a_scorer_that_is_a_teacher_itself_is_named(evidence: Evidence) -> None:
    study = replace(evidence.study, scorers=(Scorer("rubric", "gemma-27b", "gemma", ("bad",)),))
    (found,) = [
        w
        for w in results_of(replace(evidence, study=study), {}, 1)["warnings"]
        if w["code"] == "scorer_family"
    ]
    assert found["message"] == (
        "rubric is taken under gemma-27b, the same model as bad and of the same family (gemma) as good: "
        "it may favour them."
    )


def test_bases_keep_their_own_anchors(evidence: Evidence) -> None:
    study = replace(evidence.study, bases=("a", "c"))

    def other(exams, change):
        return [*exams, *(replace(e, base="c", scores=tuple(change(e.scores))) for e in exams)]

    doubled = replace(
        evidence,
        study=study,
        bases=other(evidence.bases, lambda s: [0] * len(s)),
        references=other(evidence.references, lambda s: s),
        students=other(evidence.students, lambda s: s),
    )
    entry = results_of(doubled, {}, 1)["leaderboard"][0]
    assert entry["gain_by_base"]["a"]["value"] == pytest.approx(0.5 / 0.75)
    assert entry["gain_by_base"]["c"]["value"] == pytest.approx(0.75 / 0.75)
    assert entry["gain"]["value"] == pytest.approx((0.5 + 0.75) / 2 / 0.75)


def test_failed_requests_are_told_by_teacher_over_languages(evidence: Evidence) -> None:
    synthesis = [
        SynthesisFacts("good", "de", 60, {"empty_response": 35, "cut_off": 5}),
        SynthesisFacts("good", "ja", 90, {"cut_off": 10}),
        SynthesisFacts("bad", "de", 95, {"cut_off": 5}),  # 5% is not more than 5%
    ]
    results = results_of(replace(evidence, synthesis=synthesis), {}, 1)
    (warning,) = (w for w in results["warnings"] if w["code"] == "failed_requests")
    assert warning["where"] == "good"
    text = "good: 25% of answers failed (35 empty response, 15 cut off; 200 requests)."
    assert warning["message"] == text
    good, bad = results["requests"]
    assert good["failed"] == {"empty_response": 35, "cut_off": 15}
    assert (good["teacher"], good["requests"], good["rows"]) == ("good", 200, 150)
    assert (bad["teacher"], bad["requests"], bad["failed"]) == ("bad", 100, {"cut_off": 5})


def test_what_requests_took_is_summed_by_teacher_and_told_for_10000_rows(evidence: Evidence) -> None:
    paid = Usage({"refusal": 2}, 1000, 300, 100, 50, 0.25)
    synthesis = [
        SynthesisFacts("good", "de", 60, {}, [paid, Usage({"refusal": 1, "cut_off": 9}, 10, 3, 1, 5, 0.05)]),
        SynthesisFacts("good", "ja", 90, {"cut_off": 10}, [paid]),
        SynthesisFacts("bad", "de", 95, {}, [paid]),
        SynthesisFacts("bad", "ja", 95, {}, [replace(paid, money=None)]),
    ]
    good, bad = results_of(replace(evidence, synthesis=synthesis), {}, 1)["requests"]
    assert good["retried"] == {"cut_off": 9, "refusal": 5}
    assert good["tokens"] == {"prompt": 2010, "response": 603, "thinking": 201, "cached": 105}
    assert good["money"] == pytest.approx(0.55)
    assert good["money_for_10000_rows"] == pytest.approx(0.55 * 10_000 / 150)
    assert "reason" not in good
    assert (bad["money"], bad["money_for_10000_rows"]) == (None, None)  # a part is not the whole
    assert bad["reason"] == "price or use unknown"
    nothing = [SynthesisFacts("good", "de", 0, {"refusal": 5}, [paid])]
    (entry,) = results_of(replace(evidence, synthesis=nothing), {}, 1)["requests"]
    assert (entry["money"], entry["money_for_10000_rows"], entry["reason"]) == (0.25, None, "no row came")


def test_a_rehearsal_is_the_first_warning(evidence: Evidence) -> None:
    assert "rehearsal" not in codes(results_of(evidence, {}, 1))
    results = results_of(replace(evidence, study=replace(evidence.study, limit=8)), {}, 1)
    assert codes(results)[0] == "rehearsal"
    assert results["verdict"]["text"].startswith("A rehearsal on at most 8 rows and items shows that")
    assert results["verdict"]["text"].endswith(results_of(evidence, {}, 1)["verdict"]["text"])


def test_data_that_does_harm_is_called_so(evidence: Evidence) -> None:
    students = [e if e.teacher == "good" else replace(e, scores=(0,) * 40) for e in evidence.students]
    for references in (evidence.references, []):
        found = results_of(replace(evidence, students=students, references=references), {}, 1)["warnings"]
        (warning,) = (w for w in found if w["code"] == "harmful")
        assert (warning["where"], "worse than their base" in warning["message"]) == ("bad", True)
        assert "little_worth" not in {w["code"] for w in found}


def test_a_reference_that_learned_too_little_has_a_remedy(evidence: Evidence) -> None:
    references = [replace(e, scores=tuple(BASE)) for e in evidence.references]
    text = results_of(replace(evidence, references=references), {}, 1)["verdict"]["text"]
    assert "The reference learned too little to measure by: give it more rows or epochs, or name" in text
    assert "another subject" not in text  # nobody trained it here
    assert "learned too little" not in results_of(evidence, {}, 1)["verdict"]["text"]
    trained = replace(
        evidence, references=references, trainings=[Training("a", "reference", "de", 0, 300, 300)]
    )
    text = results_of(trained, {}, 1)["verdict"]["text"]
    assert "give it more rows or epochs" in text
    assert "look whether that teaches what the benchmarks ask; rows on another subject move nothing" in text
    short = replace(evidence, references=references, trainings=[Training("a", "reference", "de", 0, 60, 300)])
    text = results_of(short, {}, 1)["verdict"]["text"]
    assert "from fewer rows than asked for: give it more seed rows with responses, or name a model" in text


def test_students_are_the_same_only_if_they_are_in_every_trial(evidence: Evidence, make_exam) -> None:
    study = replace(evidence.study, trials=2)
    exams = [
        make_exam(scores, teacher=name, trial=trial)
        for trial, pair in enumerate(((GOOD, GOOD), (GOOD, BAD)))
        for name, scores in zip(("good", "bad"), pair, strict=True)
    ]
    results = results_of(replace(evidence, study=study, students=exams), {}, 1)
    assert "identical_scores" not in codes(results)
    alike = [replace(e, scores=exams[2].scores) for e in exams]
    (told,) = (
        w["message"]
        for w in results_of(replace(evidence, study=study, students=alike), {}, 1)["warnings"]
        if w["code"] == "identical_scores"
    )
    assert told == "Students of good, bad gave the same results on every item in every trial."


def test_results_have_no_impossible_interval(evidence: Evidence) -> None:
    """With two items an interval is wider than what there is to measure: it ends where that ends."""

    def cut(exams: list[Exam]) -> list[Exam]:
        return [replace(e, item_ids=e.item_ids[2:4], scores=e.scores[2:4]) for e in exams]

    few = replace(
        evidence,
        bases=cut(evidence.bases),
        references=cut(evidence.references),
        students=cut(evidence.students),
    )
    results = results_of(few, {}, 1)
    scores = [cell["benchmarks"]["choice"] for cell in results["cells"]]
    assert {(figure["low"], figure["high"]) for figure in scores} == {(0, 1)}
    assert {tuple(anchor["base_interval"]) for anchor in results["anchors"]} == {(0, 1)}
    gains = [cell["gains"]["choice"] for cell in results["cells"]]
    assert min(g["low"] for g in gains) == pytest.approx(-4 / 3)  # chance 1/4: from 0 to 1 is 4/3
    assert max(g["high"] for g in gains) == pytest.approx(4 / 3)
    assert "95% interval \N{MINUS SIGN}1.000 to +1.000" in " ".join(results["verdict"]["worth"])


def test_a_method_of_which_every_answer_failed_is_named(evidence: Evidence) -> None:
    lost = Fruitless("generate", {"unparsable": 20}, "Sure!\n\x1b[31mHere" + " is it" * 99)
    synthesis = [SynthesisFacts("good", "de", 20, {"unparsable": 20}, fruitless=[lost])]
    (warning,) = (
        w
        for w in results_of(replace(evidence, synthesis=synthesis), {}, 1)["warnings"]
        if w["code"] == "failed_requests"
    )
    start = (
        "good: 50% of answers failed (20 unparsable; 40 requests). generate in de: 20 of 20 unparsable; the "
    )
    assert warning["message"].startswith(start + "first answer: “Sure! ␛[31mHere is it is it")
    assert len(warning["message"]) < 300


def test_the_gravest_cautions_come_first_everywhere(evidence: Evidence) -> None:
    """The terminal shows the first of them, the page those of `GRAVE`: the same."""
    harmed = [replace(e, scores=(0,) * 40) for e in evidence.references]
    trainings = [Training("a", who, "de", 0, rows, 300) for who, rows in (("reference", 60), ("good", 300))]
    results = results_of(replace(evidence, references=harmed, trainings=trainings), {}, 1)
    found = list(dict.fromkeys(codes(results)))
    grave = [code for code in found if code in GRAVE]
    assert {"short_reference", "no_benchmark_counts", "inverted_anchors", "one_trial"} <= set(grave)
    assert {"unequal_rows", "benchmark_left_out"} <= set(found) - set(grave)
    assert found[: len(grave)] == grave
    shown = warnings(results)
    assert [group["code"] for part in ("grave", "other") for group in shown[part]] == found
