"""MGSM: 250 problems of school mathematics, the same in eleven languages (Shi et al.; arXiv 2210.03057)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.resources import files

import yaml

from polyteach.benchmarks.benchmark import Benchmark
from polyteach.benchmarks.columns import fault, may_say, said
from polyteach.benchmarks.items import Item, Question, conversation
from polyteach.benchmarks.numbers import first_number, last_number
from polyteach.seed_data.records import Record
from polyteach.texts import normalised

PROMPTS = "listed/mgsm.yaml"
_LABEL = re.compile(r"\A[^:：\d]{1,40}[:：]\s*")  # "Question: ", "Schritt-für-Schritt-Antwort: "


def _numbers_only(records: Sequence[Record], shots: Sequence[Record], language: str) -> list[Item]:
    instructions = _prompts()["number_only"]
    instruction = instructions.get(language, instructions["en"])

    def asked(question: str) -> str:
        return f"{question}\n\n{instruction}"

    shown = [(asked(_problem(shot)), _answer(shot)) for shot in shots]
    return _items(records, shots, lambda question: Question(conversation(asked(question), shown)))


def _step_by_step(records: Sequence[Record], shots: Sequence[Record], language: str) -> list[Item]:
    instructions = _prompts()["step_by_step"]
    instruction = instructions.get(language, instructions["en"])

    def asked(question: str) -> str:
        return f"{question}\n\n{instruction}"

    shown = [(asked(_problem(shot)), _LABEL.sub("", _solution(shot), count=1)) for shot in shots]
    return _items(records, shots, lambda question: Question(conversation(asked(question), shown)))


def _items(records: Sequence[Record], shots: Sequence[Record], ask: Callable[[str], Question]) -> list[Item]:
    shown = {normalised(_problem(shot)): shot for shot in shots}
    items = []
    for number, record in enumerate(records):
        problem = said(record, "question").strip()
        if shot := shown.get(normalised(_problem(record))):
            what = f"is shown as an example, and asked at {record.where}: its answer would be given away"
            raise fault(shot, what, "take other examples, or leave the row out of the exam")
        question = ask(problem)
        # The data set has no ids: its problems are parallel by their place.
        id = may_say(record, "id") or f"mgsm:{number}"
        right = Question(question.turns, answer=_answer(record))
        items.append(Item(id, f"mgsm/{number}", (right,), problem))
    return items


def _problem(shot: Record) -> str:
    """The example's problem without the word for 'question' before it."""
    return _LABEL.sub("", said(shot, "question"), count=1).strip()


def _solution(shot: Record) -> str:
    solution = said(shot, "answer_cot", "answer").strip()
    if not _LABEL.match(solution) and first_number(solution) == solution:
        what = "has the answer alone, without the steps to it"
        raise fault(shot, what, "take the benchmark's own examples, or `few_shot: 0`")
    return solution


def _answer(record: Record) -> str:
    answer = said(record, "answer_number", "answer")
    number = first_number(answer)
    if not number:
        column = "answer_number" if may_say(record, "answer_number") else "answer"
        raise fault(record, f"column {column!r} says {answer!r}, which is no number", "give the number")
    return number


def _prompts() -> dict[str, dict[str, str]]:
    text = files("polyteach.benchmarks").joinpath(PROMPTS).read_text(encoding="utf-8")
    plain: dict[str, dict[str, str]] = yaml.safe_load(text)
    return plain


_LANGUAGES = ("bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")
_HUB = "ljvmiranda921/mgsm"  # the fork that arXiv 2604.11290 used: the original needs its own loading script

NUMBER_ONLY = Benchmark(
    name="mgsm",
    kind="exact",
    form="written",
    chance=0.0,
    items=250,
    definition=(
        "share of problems of which the first number of the greedy answer, up to the end of turn, a line "
        "break or 50 tokens, is the right one; the number alone is asked for (as in arXiv 2604.11290, "
        "with 5 examples); an answer without a number is wrong"
    ),
    hub=_HUB,
    languages={code: code for code in _LANGUAGES},
    read=_numbers_only,
    few_shot=5,
    shots_split="train",
    says=first_number,
    max_new_tokens=50,
)

STEP_BY_STEP = Benchmark(
    name="mgsm-cot",
    kind="exact",
    form="written",
    chance=0.0,
    items=250,
    definition=(
        "share of problems of which the last number of the greedy answer, up to the end of turn or 512 "
        "tokens, is the right one; the examples are solved step by step in the problem's language; an answer "
        "without a number is wrong"
    ),
    hub=_HUB,
    languages={code: code for code in _LANGUAGES},
    read=_step_by_step,
    few_shot=8,
    shots_split="train",
    says=last_number,
    max_new_tokens=512,
    stop=(),
)
