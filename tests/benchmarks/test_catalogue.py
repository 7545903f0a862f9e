from pathlib import Path

import pytest

from polyteach import pocket
from polyteach.benchmarks.catalogue import check_languages, facts_of, in_language, languages_of
from polyteach.benchmarks.codes import find_code, plain_code
from polyteach.benchmarks.finding import find_exam, planned_clusters
from polyteach.benchmarks.items import Exam, spread_items
from polyteach.benchmarks.listed import LISTED, benchmark
from polyteach.benchmarks.listed.pocket import normalise
from polyteach.benchmarks.stand_alone import open_exams
from polyteach.errors import UserError
from polyteach.pocket.world import FAMILIES
from polyteach.study import ListedBenchmark, LmEvalTask, OwnExam


def pocket_exam(name: str, language: str) -> Exam:
    (exam,) = open_exams([name], language, None)
    assert isinstance(exam, Exam)
    return exam


@pytest.mark.parametrize("language", pocket.LANGUAGES)
def test_chance_is_that_of_the_items(language: str) -> None:
    choice, exact = pocket_exam("pocket-choice", language), pocket_exam("pocket-exact", language)
    assert len({item.id for item in choice.items}) == len(choice.items) >= 360
    assert all(len(set(item.questions[0].choices)) == 4 for item in choice.items)
    assert (choice.chance, exact.chance) == (1 / 4, 0)
    assert [item.id for item in exact.items] == [item.id for item in choice.items]
    assert [item.cluster for item in exact.items] == [item.cluster for item in choice.items]


@pytest.mark.parametrize("limit", [27, 100, 184, 300])
def test_few_items_cover_the_exam_and_are_the_same_facts_in_both_tasks(limit: int) -> None:
    choice, exact = (
        spread_items(pocket_exam(name, "id").items, limit) for name in ("pocket-choice", "pocket-exact")
    )
    assert [item.id for item in choice] == [item.id for item in exact]
    facts = {item.cluster for item in choice}
    assert len(choice) == limit
    assert len(facts) >= min(limit, 184) - max(limit - 184, 0)
    assert {fact.split("/")[1] for fact in facts} == set(FAMILIES)


def test_the_papers_benchmarks_and_the_languages_they_lack() -> None:
    has = {known.name: set(known.languages) for known in LISTED}
    paper = ("ar", "cs", "de", "es", "id", "ja")
    lacks = {name: [code for code in paper if code not in has[name]] for name in has if "pocket" not in name}
    assert lacks["global-mmlu-lite"] == lacks["global-mmlu-lite-text"] == ["cs"]
    assert lacks["mgsm"] == lacks["mgsm-cot"] == ["ar", "cs", "id"]
    assert lacks["m-rewardbench"] == lacks["belebele"] == []
    assert lacks["include"] == ["cs"]
    assert len(has["belebele"]) == 122 and len(has["include"]) == 44 and len(has["m-rewardbench"]) == 23
    assert "fil" not in has["global-mmlu-lite"] | has["mgsm"] | has["m-rewardbench"]
    assert "fil" in has["belebele"] & has["include"]


@pytest.mark.parametrize("spelling", ["tl", "tgl", "fil", "tgl_Latn", "fil-Latn"])
def test_tagalog_is_filipino_however_it_is_spelt(spelling: str) -> None:
    assert plain_code(spelling) == "fil"
    assert in_language(["belebele", "include", "mgsm"], spelling) == ["belebele", "include"]
    assert benchmark("belebele").languages[str(find_code(spelling, languages_of("belebele")))] == "tgl_Latn"


@pytest.mark.parametrize("spelling", ["ps", "pus", "pbt", "pbt_Arab"])
def test_pashto_is_found_under_its_own_code_and_under_that_of_flores(spelling: str) -> None:
    assert find_code(spelling, languages_of("belebele")) == "ps"
    assert benchmark("belebele").languages["ps"] == "pbt_Arab"


def test_a_script_or_region_of_its_own_is_another_language() -> None:
    codes = languages_of("belebele")
    assert find_code("zh-Hans", codes) == "zh" and find_code("zh-Hant", codes) == "zh-Hant"
    assert find_code("ko", codes) == "ko" and find_code("hi-Latn", codes) == "hi-Latn"
    assert find_code("de-AT", codes) is None


def test_a_file_gives_a_benchmark_the_language_that_it_is_in() -> None:
    named = ListedBenchmark(benchmark="global-mmlu-lite", file={"fil": "dev.jsonl"})
    assert languages_of(named) == facts_of(named)["languages"] == ["fil"]
    assert in_language([named], "tl") == [named] and in_language([named], "en") == []


def test_languages_that_are_lacking_are_told_not_filled_in() -> None:
    assert not check_languages(["pocket-choice"], ["de", "fil"])
    assert "no items in sw" in str(check_languages(["pocket-choice"], ["de", "sw"])[0])
    (error,) = check_languages(["pocket-choice", "pocket-exact"], ["de", "sw"])
    assert "'pocket-choice' and 'pocket-exact' have no items in sw" in error.what
    assert not check_languages(["mmlu"], ["sw"])
    assert len(check_languages(["pocket-choice"], ["sw", "tr"])) == 2
    (error,) = check_languages(["global-mmlu-lite"], ["de-AT"])
    assert error.fix and "write `de` for `de-AT`" in error.fix and "file: {LANGUAGE: FILE}" in error.fix
    own = OwnExam(name="mine", file={"cs": "a.csv"}, kind="exact")
    task = LmEvalTask(lm_eval="xcopa_id", language="id")
    assert not check_languages([own, task], ["cs", "id"])
    assert (
        "'mine' and 'xcopa_id' have no items in de"
        in check_languages([own, task], ["de", "cs", "id"])[0].what
    )


def test_a_wrong_name_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(UserError, match=r"no benchmark 'mgms'(?s:.*)did you mean 'mgsm'"):
        benchmark("mgms")


def test_what_results_say_of_each_benchmark_names_its_setting() -> None:
    for known in LISTED:
        facts = facts_of(known.name)
        assert (facts["chance"], facts["kind"]) in {(0.25, "choice"), (0.0, "exact"), (0.5, "preference")}
        assert ("0-shot" in facts["definition"] or "examples as turns" in facts["definition"]) == bool(
            known.hub
        )
    assert "5 examples" in facts_of("mgsm")["definition"]
    assert "8 examples" in facts_of("mgsm-cot")["definition"]
    assert "0-shot" in facts_of(ListedBenchmark(benchmark="mgsm", few_shot=0))["definition"]
    assert facts_of(OwnExam(name="x", file="x.csv", kind="preference", language="de"))["chance"] == 0.5


def test_planning_knows_the_usual_number_of_items_without_the_hub() -> None:
    assert len(planned_clusters("global-mmlu-lite", "de", Path(), None)) == 400
    assert planned_clusters("mgsm", "de", Path(), 9) == planned_clusters("mgsm", "ja", Path(), 9)
    assert len(set(planned_clusters("pocket-choice", "de", Path(), None))) == 184
    with pytest.raises(UserError, match="how many items 'include' has in de is not known"):
        planned_clusters("include", "de", Path(), None)


def test_settings_that_a_benchmark_does_not_have_are_refused() -> None:
    with pytest.raises(UserError, match="belebele is asked without examples"):
        find_exam(ListedBenchmark(benchmark="belebele", few_shot=2), "de", Path())
    with pytest.raises(UserError, match="pocket-exact has no files"):
        find_exam(ListedBenchmark(benchmark="pocket-exact", file={"de": "x"}), "de", Path())


@pytest.mark.parametrize(
    ("answer", "wrote", "same"),
    [("12", "１２ ", True), ("が", "か\u3099", True), ("Mai", "mai", False), ("Mai", "Mai.", False)],
)
def test_exact_match_of_the_pocket_world_after_nfkc(answer: str, wrote: str, same: bool) -> None:
    assert (normalise(answer) == normalise(wrote)) is same
