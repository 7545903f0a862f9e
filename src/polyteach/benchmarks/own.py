"""An exam of the user's own: choice, exact or preference, from a CSV, JSONL or Parquet file."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from polyteach.benchmarks.benchmark import LETTERS, SAME_FOR_LETTERS
from polyteach.benchmarks.columns import fault, lacks, may_say, options, said, which
from polyteach.benchmarks.items import Item, Kind, Question, conversation
from polyteach.benchmarks.letters import MOST_CHOICES, letter_question
from polyteach.benchmarks.preference import DEFINITION, preference_item
from polyteach.seed_data.records import Record

MAX_NEW_TOKENS = 64
_EXACT = (
    "share of questions of which the greedy answer, up to the end of turn, a line break or "
    f"{MAX_NEW_TOKENS} tokens, equals the right one after NFKC, case folding and stripping of white space "
    "and of a full stop"
)
DEFINITIONS: Mapping[Kind, str] = {
    "choice": f"share of questions answered right: {LETTERS}. {SAME_FOR_LETTERS}",
    "exact": _EXACT,
    "preference": f"{DEFINITION}: {LETTERS}",
}


def normalise(text: str) -> str:
    """NFKC, case folded, without white space around and a full stop behind."""
    return unicodedata.normalize("NFKC", text).strip().rstrip(".。।").strip().casefold()


def own_items(records: Sequence[Record], name: str, kind: Kind, language: str) -> list[Item]:
    """The items of an own exam.

    Columns: `question` and `option_a`, `option_b`, ... (or a list `choices`, in CSV as JSON) and `answer`, a
    letter or the choice's text (`columns.which`); `question` and `answer`; or `prompt`, `chosen` and
    `rejected`. Optional are `id` (else the
    row's number) and `cluster`: rows with the same one ask the same thing in other words. Without it, rows
    of the same id are one cluster in all languages.

    Raises:
        UserError: a row lacks a column, its answer is not among the choices or a full stop alone, or both
            responses of a pair are the same; names file, row and column.
    """
    items = []
    for number, record in enumerate(records, start=1):
        id = may_say(record, "id").strip() or str(number)
        cluster = f"{name}/{may_say(record, 'cluster').strip() or id}"
        if kind == "preference":
            texts = (said(record, "prompt", "question"), said(record, "chosen"), said(record, "rejected"))
            if texts[1].strip() == texts[2].strip():
                what = "columns 'chosen' and 'rejected' say the same, so neither is the better one"
                raise fault(record, what, "correct one of them, or leave the row out")
            items.append(preference_item(id, cluster, *texts, language, may_say(record, "subset").strip()))
        else:
            question = _choice(record) if kind == "choice" else _exact(record)
            items.append(Item(id, cluster, (question,), said(record, "question", "prompt")))
    return items


def _choice(record: Record) -> Question:
    choices = _choices(record)
    return letter_question(said(record, "question", "prompt"), choices, which(record, "answer", choices))


def _choices(record: Record) -> list[str]:
    listed = _list(record.columns.get("choices"))
    if listed is None:
        if "option_a" not in record.columns:
            raise lacks(record, "choices", "option_a")
        return options(record)
    if not isinstance(listed, list) or not all(
        isinstance(choice, str) and choice.strip() for choice in listed
    ):
        fix = 'write ["first", "second"], in double quotes; or give each choice a column: option_a, option_b'
        raise fault(record, "column 'choices' is no list of texts", fix)
    if not 2 <= len(listed) <= MOST_CHOICES:
        what = f"column 'choices' holds {len(listed)} of them"
        raise fault(record, what, f"give 2 to {MOST_CHOICES}")
    return listed


def _list(listed: Any) -> Any:
    """A list that a column holds as JSON text, as it has to in CSV; else the column as it is."""
    if not isinstance(listed, str):
        return listed
    try:
        return json.loads(listed)
    except ValueError:
        return listed


def _exact(record: Record) -> Question:
    turns = conversation(said(record, "question", "prompt").strip())
    answer = said(record, "answer")
    if not normalise(answer):
        what = f"column 'answer' says {answer!r}, of which nothing is left to compare"
        raise fault(record, what, "give an answer of letters or digits, or leave the row out")
    return Question(turns, answer=answer)
