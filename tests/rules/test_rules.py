"""Each rule finds what it is for, passes what it must not take, and says where it cannot tell."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from polyteach.curation.judging import AT_ONCE, judge_rows
from polyteach.curation.naming import as_plain, default_rules_yaml, read_rules, rules_named
from polyteach.errors import UserErrors
from polyteach.pocket.seed import seed_rows
from polyteach.quality.judge import oracle_judge
from polyteach.rows import Row
from polyteach.rules import DEFAULTS, RULES, Context
from polyteach.seed_data.files import read_file
from polyteach.students.candidates import FILTERS

ANSWER = "Der Mond zieht das Meer an, darum steigt und fällt das Wasser zweimal am Tag."
ENGLISH = "The moon pulls at the sea, and so the water rises and falls twice a day along the coast."
TIDES = "潮の満ち引きは月の引力による。太陽も同じで、地球の自転や次の潮の高さを決める"
QUESTION = "Warum gibt es an der Küste der Nordsee Ebbe und Flut?"
_ids = itertools.count()


def row(response=ANSWER, prompt=QUESTION, language="de", **more) -> Row:
    return Row(str(next(_ids)), language, "human", "", "s", "", prompt, response, **more)


def found(rule: str, *rows: Row, context: Context | None = None) -> list[bool]:
    [made] = rules_named([rule])
    return list(made.find(rows, context or Context()).bad)


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        ("empty", row(" \n"), row("4")),
        ("cut_off", row(finish_reason="length"), row(finish_reason="stop")),
        ("unfinished", row(f"{ANSWER} Das liegt auch an der"), row("Berlin und Hamburg")),
        ("unfinished", row(TIDES), row(f"{ANSWER}\n- ein Punkt")),
        ("wrong_language", row(ENGLISH), row(ENGLISH, prompt=f"Übersetze ins Englische: {ANSWER}")),
        ("wrong_language: {side: prompt}", row(prompt=ENGLISH), row(ENGLISH)),
        ("wrong_language: {sure: false}", row(ENGLISH), row("Nein.")),
        ("html", row(f"<p>{ANSWER}</p>"), row("`<p>` ist ein Absatz. 3 < 4 > 2.\n| a<br>b | c |")),
        ("html", row("Ebbe&nbsp;und Flut"), row("<p>", prompt="Schreibe das in HTML.")),
        ("control_tokens", row(f"{ANSWER}<|im_end|>"), row("```\n<|im_end|>\n```")),
        ("control_tokens", row(f"[/INST] {ANSWER}"), row("<|im_end|>", prompt="Was ist <|im_end|>?")),
        ("template", row(f"### Response:\n{ANSWER}"), row(f"### Antwort\n{ANSWER}")),
        ("template", row('{"response": "ja"}'), row('{"response": "ja"}', prompt="Antworte als JSON.")),
        ("template", row("Hallo {{ name }}!"), row(r"$\frac{{a}}{b}$")),
        ("code_fence", row("```python\nprint(1)"), row("```python\nprint(1)\n```")),
        ("repetition", row(f"{ANSWER} {'So ist das Meer. ' * 6}"), row("ha ha ha")),
        ("repetition", row("海" * 60, language="ja"), row("海は広い。" * 2, language="ja")),
        ("refusal", row("Es tut mir leid, aber dabei kann ich nicht helfen."), row()),
        ("echo", row(f"{QUESTION.upper()} {ANSWER}"), row("Ja, Ebbe und Flut.")),
        ("echo", row("Hallo!", prompt="Hallo!"), row("Hallo! Wie geht es?", prompt="Hallo!")),
        ("too_short: {characters: 5}", row("a\u0308bcd"), row("abcde")),
        ("too_long: {characters: 5}", row("abcdef"), row(" abcde ")),
        ("pattern: {regex: '^Hinweis'}", row(f"{ANSWER}\nHinweis: keiner"), row("Ein Hinweis")),
    ],
)  # fmt: skip
def test_a_rule_finds_its_defect_and_passes_what_is_none(rule: str, bad: Row, good: Row) -> None:
    assert found(rule, bad, good) == [True, False]


def test_what_cannot_be_told_stays_and_is_counted() -> None:
    judged = judge_rows([row("Nein.", prompt="?"), row("42")], rules_named(["cut_off", "wrong_language"]))
    assert judged.kept == 2
    assert judged.untold == {"cut_off": {"not_said": 2}, "wrong_language": {"no_letters": 1, "too_short": 1}}


def test_short_texts_are_told_by_human_texts(tmp_path: Path) -> None:
    for code in ("de", "en"):
        lines = [json.dumps({"prompt": r.prompt, "response": r.response}) for r in seed_rows(code, 300, 1)]
        (tmp_path / code).with_suffix(".jsonl").write_text("\n".join(lines), encoding="utf-8")
    files = f"{{de: {tmp_path / 'de.jsonl'}, en: {tmp_path / 'en.jsonl'}}}"
    assert found(f"wrong_language: {{short: {files}}}", row("The yellow one"), row("geschlossen")) == [
        True,
        False,
    ]


def test_the_copy_that_stays_is_a_row_that_stays() -> None:
    rows = [row(finish_reason="length"), row(ANSWER.upper()), row(), row(f"{ANSWER} Und so weiter")]
    judged = judge_rows(rows, rules_named(["cut_off", "exact_duplicates", "near_duplicates"]))
    assert judged.reasons == [("cut_off",), (), ("exact_duplicates",), ("near_duplicates",)]
    assert judged.dropped == judged.found  # each of these rows is found once


def test_one_row_can_be_found_by_several_and_is_dropped_for_the_first() -> None:
    judged = judge_rows([row("<p>\n```"), row()], rules_named(["code_fence", "html"]))
    assert judged.reasons == [("code_fence", "html"), ()]
    assert (judged.found, judged.dropped) == ({"code_fence": 1, "html": 1}, {"code_fence": 1})


def test_copies_are_found_across_the_parts_in_which_rows_are_read() -> None:
    rows = [row(f"{n % 7}", finish_reason="length" if n % 5 == 0 else "stop") for n in range(AT_ONCE + 76)]
    judged = judge_rows(iter(rows), rules_named(["exact_duplicates", "cut_off", "too_long: {characters: 9}"]))
    # `cut_off` stands behind the duplicates, so a copy that is cut off is found by both
    assert judged.found == {"exact_duplicates": AT_ONCE + 69, "cut_off": 220}
    assert judged.dropped == {"exact_duplicates": AT_ONCE + 69, "cut_off": 2}
    assert judged.reasons[0] == judged.reasons[5] == ("cut_off",)
    assert judged.reasons[10] == ("exact_duplicates", "cut_off")


def test_near_duplicates_of_long_prompts_need_like_answers() -> None:
    text = " ".join(f"Am {n}. Tag kamen {n * n + 17} Schiffe in den Hafen." for n in range(20))
    rows = [row("Blau.", prompt=f"{text} Welche Farbe?"), row("Vor zwei Tagen.", prompt=f"{text} Seit wann?")]
    assert found("near_duplicates", *rows) == [False, False]
    assert found("near_duplicates: {side: row}", *rows) == [False, True]


def test_a_quantile_is_of_the_rows_left() -> None:
    rows = [row("x" * n) for n in range(1, 12)]
    assert found("too_short: {quantile: 0.3}", *rows) == [True] * 3 + [False] * 8
    assert found("too_long: {quantile: 0.8}", *rows) == [False] * 9 + [True] * 2


def test_marks_of_the_data_and_of_a_judge_that_is_asked() -> None:
    low, high = ({"judge_scores": {"a": mark, "b": 4}, "judge_scale": "1-5"} for mark in (1, 5))
    rows = [row(extra=low), row(extra=high), row(), row(extra={"judge_scores": {"a": 1}})]
    assert found("judge_below: {judge: a, least: 3}", *rows) == [True, False, False, True]
    assert found("judge_below: {least: 3}", *rows) == [True, False, False, True]  # (1 + 4) / 2, (5 + 4) / 2
    [share] = rules_named(["judge_below: {judge: a, least_share: 0.5}"])
    judged = share.find(rows, Context())
    assert judged.bad == (True, False, False, False)
    assert judged.untold == {"no_scale": 1, "not_judged": 1}
    right, wrong = seed_rows("de", 2, 1)
    asked = Context(judge=oracle_judge("de"))
    rows = [right, replace(wrong, response="Unsinn")]
    assert found("judge_below: {least: 3}", *rows, context=asked) == [False, True]


def test_likelihood_takes_both_tails_of_a_set() -> None:
    rows = seed_rows("de", 40, 1)
    [rule] = rules_named(["likelihood: {model: 'pocket:base-c', low: 0.1, high: 0.9}"])
    first = rule.find(rows, Context())
    assert sum(first.bad) == 8
    noisy = [replace(rows[0], response="qxj zzk vvw qqq xxj"), *rows[1:]]
    assert rule.find(noisy, Context()).bad[0]
    assert rule.find([row("")], Context()).untold == {"empty_response": 1}


def test_overlap_with_a_benchmark_and_with_a_file(tmp_path: Path) -> None:
    from polyteach.benchmarks.stand_alone import open_exams

    [exam] = open_exams(["pocket-choice"], "de", 1)
    [item] = exam.items
    rows = [row(prompt=item.asks), row()]
    assert found("benchmark_overlap: {benchmarks: [pocket-choice]}", *rows) == [True, False]
    (tmp_path / "exam.csv").write_text(f'question,answer\n"{item.asks}",x\n', encoding="utf-8")
    assert found(f"benchmark_overlap: {{files: ['{tmp_path / 'exam.csv'}']}}", *rows) == [True, False]


def test_students_filters_are_rules_with_settings_of_their_own() -> None:
    """Another setting would make other students under the same identity, see `pipeline.VERSIONS`."""
    assert {name: as_plain(rule)[name] for name, rule in FILTERS.items()} == {
        "cut_off": {},
        "wrong_language": {"side": "either", "sure": False, "short": {}},
        "exact_duplicates": {"side": "row"},
        "near_duplicates": {"side": "row"},
    }


def test_the_printed_rules_are_the_defaults_and_name_all(tmp_path: Path) -> None:
    text = default_rules_yaml()
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    assert tuple(read_rules(tmp_path / "rules.yaml")) == DEFAULTS
    assert all(f"- {name}" in text for name in RULES)


def test_all_mistakes_in_rules_are_told_at_once() -> None:
    with pytest.raises(UserErrors) as told:
        rules_named(
            [
                "cutoff",
                "too_long",
                "pattern: {regx: a, regex: '('}",
                "html",
                "html",
                "likelihood: {model: m, low: 2}",
            ]
        )
    said = str(told.value)
    for part in (
        "there is no rule 'cutoff'", "did you mean 'cut_off'?", "give `characters` or `quantile`",
        "did you mean 'regex'?", "is no regular expression", "'html' stands there 2 times", "less than 1",
    ):  # fmt: skip
        assert part in said
    assert [rule.reason for rule in rules_named(["html", "html: {called: more}"])] == ["html", "more"]


@pytest.mark.parametrize(
    ("name", "rule", "least"),
    [
        ("ja_shaberi_olmo-2-1124-7b-instruct", "unfinished", 20),
        ("ja_shaberi_llama-3.1-70b-instruct-turbo", "repetition", 5),
    ],
)
def test_true_defects_of_real_answers_are_found(real_data: Path, name: str, rule: str, least: int) -> None:
    rows = read_file(real_data / "sft" / f"{name}.jsonl", language="ja")
    assert least <= sum(found(rule, *rows)) <= 2 * least


def test_answers_of_gpt_3_5_are_left_alone(real_data: Path) -> None:
    rows = read_file(real_data / "sft" / "en_llmzoo_gpt35.jsonl", language="en")
    assert judge_rows(rows, DEFAULTS).kept == len(rows) == 70
