"""Exams of the user's own, from CSV and JSONL."""

from __future__ import annotations

from pathlib import Path

import pytest
from random_model import random_model

from polyteach.benchmarks.examine import examine_loaded
from polyteach.benchmarks.finding import find_exam, open_exam
from polyteach.benchmarks.items import Exam
from polyteach.errors import UserError
from polyteach.study import OwnExam

CHOICE = """id,question,option_a,option_b,option_c,answer
one,What is red?,a tomato,a lime,snow,A
two,What is white?,a tomato,snow,,snow
"""


def opened(path: Path, kind: str, language: str = "en") -> Exam:
    named = OwnExam.model_validate({"name": "mine", "file": str(path), "kind": kind, "language": language})
    found = find_exam(named, language, Path())
    exam = open_exam(found.settings, language, found.locations)
    assert isinstance(exam, Exam)
    return exam


def exam_of(folder: Path, text: str, kind: str, suffix: str = ".csv") -> Exam:
    path = folder / f"exam{suffix}"
    path.write_text(text, encoding="utf-8")
    return opened(path, kind)


def test_a_csv_of_choices_whose_number_differs(tmp_path: Path) -> None:
    exam = exam_of(tmp_path, CHOICE, "choice")
    one, two = (item.questions[0] for item in exam.items)
    assert (one.choices, one.right) == (("A", "B", "C"), 0)
    assert (two.choices, two.right) == (("A", "B"), 1)
    assert exam.chance == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert [item.cluster for item in exam.items] == ["mine/one", "mine/two"]


def test_a_jsonl_of_choices_in_a_list_and_of_clusters(tmp_path: Path) -> None:
    text = (
        '{"question": "What is red?", "choices": ["snow", "a lip"], "answer": "a lip", "cluster": "red"}\n'
        '{"question": "Name what is red.", "choices": ["a lip", "snow"], "answer": "a", "cluster": "red"}\n'
    )
    exam = exam_of(tmp_path, text, "choice", ".jsonl")
    assert [item.questions[0].right for item in exam.items] == [1, 0]
    assert [item.id for item in exam.items] == ["1", "2"]
    assert {item.cluster for item in exam.items} == {"mine/red"}


def test_exact_answers_and_preferences(tmp_path: Path) -> None:
    exact = exam_of(tmp_path, "question,answer\nCapital of France?,Paris\n", "exact")
    assert exact.chance == 0 and exact.form == "written"
    assert exact.says(" PARIS. ") == exact.says("Paris") != exact.says("Paris, France")
    pairs = exam_of(tmp_path, "prompt,chosen,rejected\nGreet me.,Hello!,No.\n", "preference")
    assert pairs.chance == 0.5 and len(pairs.items[0].questions) == 2


def test_every_kind_is_examined(tmp_path: Path) -> None:
    exams = [
        exam_of(tmp_path, CHOICE, "choice"),
        exam_of(tmp_path, "question,answer\nCapital of France?,Paris\n", "exact"),
        exam_of(tmp_path, "prompt,chosen,rejected\nGreet me.,Hello!,No.\n", "preference"),
    ]
    choice, exact, pairs = examine_loaded(*random_model(), exams)
    assert (choice.accuracy.n, exact.accuracy.value, pairs.accuracy.n) == (2, 0, 1)
    assert pairs.results[0].score in (0, 0.5, 1) and len(pairs.results[0].answer.split(" | ")) == 2
    assert (choice.metric_norm, exact.metric_norm, pairs.metric_norm) == ("acc_norm", None, None)


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (
            "choice",
            "question,answer\nWhat?,A\n",
            r"exam.csv:2: has no column 'choices' or 'option_a'; columns found: 'question', 'answer'",
        ),
        (
            "choice",
            "question,option_a,answer\nWhat?,x,A\n",
            r"exam.csv:2: has fewer than two choices .*\n  fix: rename or add the column",
        ),
        (
            "choice",
            "question,option_a,option_b,answer\nWhat?,x,,A\n",
            r"exam.csv:2: has fewer than two choices",
        ),
        (
            "choice",
            "question,option_a,option_b,option_d,answer\nWhat?,x,y,z,A\n",
            r"exam.csv:2: has no column 'option_c'; columns found",
        ),
        (
            "choice",
            CHOICE + "three,What?,a,b,c,green\n",
            r"exam.csv:4: column 'answer' says 'green', which is not",
        ),
        ("choice", CHOICE + "three,What?,a,b,c,D\n", r"exam.csv:4: column 'answer' says 'D'"),
        ("choice", CHOICE + "three,What?,b,a,c,a\n", r"exam.csv:4: column 'answer' says 'a', which fits 2"),
        ("choice", CHOICE + "three,What?,x,x,c,x\n", r"exam.csv:4: column 'answer' says 'x', which fits 2"),
        ("choice", CHOICE + "three,What?,a,,c,A\n", r"exam.csv:4: column 'option_b' is blank"),
        ("choice", CHOICE + "three,,a,b,c,A\n", r"exam.csv:4: column 'question' is blank"),
        ("choice", CHOICE + "one,What?,a,b,c,A\n", r"exam.csv:4: column 'id': 'one' stands in several"),
        ("choice", CHOICE + "three,What?\n", r"exam.csv:4: has 2 fields, the header has 6"),
        ("exact", "question;answer\nWhat?;A\n", r"separates its columns by ';'"),
        (
            "exact",
            "query,answer\nWhat?,A\n",
            r"2: has no column 'question' or 'prompt'; columns found: 'query'",
        ),
        ("exact", "question,answer\nWhat?,\n", r"exam.csv:2: column 'answer' is blank"),
        (
            "exact",
            "question,answer\nWhat?,A\nWhy?,.\n",
            r"exam.csv:3: column 'answer' says '.', of which nothing",
        ),
        (
            "exact",
            "question,answer,language\nWhat?,A,sw\n",
            r"exam.csv:2: column 'language' says 'sw', not 'en'",
        ),
        ("exact", "question,answer\n", r"exam.csv: the file has no rows"),
        ("exact", "", r"exam.csv: the file is empty"),
        ("preference", "prompt,chosen\nWhat?,A\n", r"exam.csv:2: has no column 'rejected'"),
        (
            "preference",
            "prompt,chosen,rejected\nWhat?,A,B\nWhy?,A,A \n",
            r"exam.csv:3: columns 'chosen' and 'rejected' say the same",
        ),
    ],
)
def test_mistakes_in_a_file_are_told_with_row_and_column(
    tmp_path: Path, kind: str, text: str, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        exam_of(tmp_path, text, kind)


@pytest.mark.parametrize(
    ("kind", "header", "fix"),
    [
        ("choice", "Question,option_a,option_b,answer", "rename 'Question' to 'question'"),
        ("choice", "question,Option A,Option B,answer", "rename 'Option A' to 'option_a'"),
        ("choice", "question,choice,other,answer", "rename 'choice' to 'choices'"),
        ("choice", "frage,a,b,c,d,answer", "name the columns of the choices 'option_a', 'option_b', ..."),
        ("choice", "question,A,B,answer", "name the columns of the choices 'option_a', 'option_b', ..."),
        ("choice", "question,option_a,optionb,answer", "rename 'optionb' to 'option_b'"),
        ("choice", "question,option_a,option_b,answers", "rename 'answers' to 'answer'"),
        ("exact", "questions,answer", "rename 'questions' to 'question'"),
        ("exact", "question,target", "rename or add the column"),
        ("preference", "prompt,chosen,reject", "rename 'reject' to 'rejected'"),
    ],
)
def test_a_misnamed_column_is_told_with_the_one_that_is_meant(
    tmp_path: Path, kind: str, header: str, fix: str
) -> None:
    with pytest.raises(UserError) as caught:
        exam_of(tmp_path, f"{header}\n{','.join('abcdef'[: header.count(',') + 1])}\n", kind)
    assert caught.value.fix == fix


def test_an_answer_that_is_a_place_is_refused_and_never_scored(tmp_path: Path) -> None:
    def exam(line: str) -> Exam:
        return exam_of(tmp_path, line + "\n", "choice", ".jsonl")

    listed = '{"question": "How many legs has a cat?", "choices": ["2", "4", "6"], "answer": %s}'
    numbers = '{"question": "How many?", "option_a": 2, "option_b": 1, "option_c": 3, "answer": %s}'
    for number in ("0", "2", "2.0"):  # the second would be the text of the first choice, or the third choice
        for line in (listed, numbers):
            with pytest.raises(
                UserError, match=f"exam.jsonl:1: column 'answer' is the number {number}"
            ) as caught:
                exam(line % number)
            places = "the choice's own text in quotes; places are not read"
            assert caught.value.fix == f"give one of A, B, C, or {places}"
    assert exam(listed % '"4"').items[0].questions[0].right == 1
    assert exam(numbers % '"1"').items[0].questions[0].right == 1
    with pytest.raises(UserError, match="is a number, not text"):
        exam(listed % "true")


def test_a_list_of_choices_that_is_none(tmp_path: Path) -> None:
    for choices, says in (('"a"', "is no list of texts"), ('["a"]', "holds 1 of them")):
        text = f'{{"question": "?", "choices": {choices}, "answer": "A"}}\n'
        with pytest.raises(UserError, match=f"exam.jsonl:1: column 'choices' {says}"):
            exam_of(tmp_path, text, "choice", ".jsonl")


def test_choices_that_are_letters_are_told_apart_by_a_column_of_their_own(tmp_path: Path) -> None:
    header, rest = "question,option_a,option_b,option_c,option_d,answer", "Which group?,AB,A,B,0"
    with pytest.raises(UserError, match="says 'A', which fits 2 choices") as caught:
        exam_of(tmp_path, f"{header}\n{rest},A\n", "choice")
    assert caught.value.fix == "add a column 'answer_letter' with one of A, B, C, D"
    both = f"{header},answer_letter\n{rest},A,%s\n{rest},0,\n"
    for letter, right in (("A", 0), ("B", 1)):
        first, second = exam_of(tmp_path, both % letter, "choice").items
        assert (first.questions[0].right, second.questions[0].right) == (right, 3)
    alone = both.replace(",answer,", ",").replace(",A,%s", ",C").replace(",0,\n", ",D\n")
    assert [item.questions[0].right for item in exam_of(tmp_path, alone, "choice").items] == [2, 3]
    with pytest.raises(UserError, match="'answer' says 'A', and 'answer_letter' says 'D', another choice"):
        exam_of(tmp_path, both % "D", "choice")
    with pytest.raises(UserError, match="column 'answer_letter' says 'AB', which is not the letter"):
        exam_of(tmp_path, both % "AB", "choice")


def test_a_list_of_choices_in_a_csv_is_json(tmp_path: Path) -> None:
    text = 'question,choices,answer\nWhat is red?,"%s",a lip\n'
    exam = exam_of(tmp_path, text % '[""snow"", ""a lip""]', "choice")
    assert exam.items[0].questions[0].right == 1
    for other in ("['snow', 'a lip']", "snow; a lip"):
        with pytest.raises(UserError, match=r"exam.csv:2: column 'choices' is no list of texts") as caught:
            exam_of(tmp_path, text % other, "choice")
        assert (
            caught.value.fix is not None
            and "in double quotes; or give each choice a column" in caught.value.fix
        )


def test_a_list_of_all_questions_is_told_what_a_line_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is JSON, but not an object") as caught:
        exam_of(tmp_path, '[{"question": "What?", "answer": "A"}]\n', "exact", ".jsonl")
    assert caught.value.fix == 'write one object a line: {"COLUMN": ..., "COLUMN": ...}'


def test_an_exam_has_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "exam.csv").write_text("question,answer\nWhat?,A\n", encoding="utf-8")
    named = {"name": "mgsm", "file": str(tmp_path / "exam.csv"), "kind": "exact", "language": "en"}
    with pytest.raises(UserError, match="exam 'mgsm': has the name of a benchmark"):
        find_exam(OwnExam.model_validate(named), "en", Path())
