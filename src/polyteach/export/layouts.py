"""How examples and preference pairs look to those who train: a record a row, in the layout of their tool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyteach.export.examples import Example
from polyteach.seed_data.turns import ASSISTANT, SYSTEM, USER, Turn

if TYPE_CHECKING:
    from polyteach.export.pairs import Pair

MESSAGES, PLAIN, SHAREGPT, LLAMA_FACTORY = "messages", "plain", "sharegpt", "llama-factory"
LAYOUTS = (MESSAGES, PLAIN, SHAREGPT, LLAMA_FACTORY)
MORE_TURNS = "more_than_one_turn"
_FROM = {SYSTEM: "system", USER: "human", ASSISTANT: "gpt"}

Record = dict[str, Any]


def fits(turns: Sequence[Turn], layout: str) -> bool:
    """Whether a context can be written in a layout: the plain one has room for a prompt alone."""
    return layout != PLAIN or len(turns) == 1


def records_of(examples: Sequence[Example], layout: str) -> list[Record]:
    """The examples in a layout, each with where it comes from; all records have the same columns."""
    told = ("id", "language", "method", "teacher", "source", "source_id")
    written = [_example(one, layout) for one in examples]
    whole = _alike(written) if layout == LLAMA_FACTORY else written
    return [
        record | {name: getattr(one, name) for name in told}
        for record, one in zip(whole, examples, strict=True)
    ]


def records_of_pairs(pairs: Sequence[Pair], layout: str) -> list[Record]:
    """Preference pairs in a layout, likewise."""
    told = ("id", "language", "method", "chosen_teacher", "rejected_teacher", "source", "source_id")
    written = [_pair(one, layout) for one in pairs]
    whole = _alike(written) if layout == LLAMA_FACTORY else written
    return [
        record | {name: getattr(one, name) for name in told} for record, one in zip(whole, pairs, strict=True)
    ]


def dataset_info(
    name: str, files: Mapping[str, str], layout: str, columns: Iterable[str], *, ranking: bool
) -> dict[str, Any] | None:
    """LLaMA-Factory's `dataset_info.json` for the folder; None for layouts that it is not told of.

    Source: data/README.md of hiyouga/LLaMA-Factory.

    Args:
        name: of the data set; a split other than `train` gets its name behind it.
        files: path of each split's file, from the folder.
        layout: sharegpt or llama-factory.
        columns: those that the records have.
        ranking: whether they are preference pairs.
    """
    if layout not in (SHAREGPT, LLAMA_FACTORY):
        return None
    wanted = {"messages": "conversations"}
    if layout == LLAMA_FACTORY:
        wanted = {"prompt": "instruction", "query": "input", "response": "output"}
        wanted |= {"system": "system", "history": "history"}
    wanted |= {"chosen": "chosen", "rejected": "rejected"} if ranking else {}
    there = set(columns)
    description: dict[str, Any] = {"formatting": "sharegpt" if layout == SHAREGPT else "alpaca"}
    description |= {"ranking": True} if ranking else {}
    description["columns"] = {tag: column for tag, column in wanted.items() if column in there}
    if layout == SHAREGPT:
        tags = {"role_tag": "from", "content_tag": "value"}
        description["tags"] = tags | {"user_tag": "human", "assistant_tag": "gpt", "system_tag": "system"}
    return {
        (name if split == "train" else f"{name}_{split}"): {"file_name": file, **description}
        for split, file in files.items()
    }


def _example(one: Example, layout: str) -> Record:
    if layout == MESSAGES:
        return {"messages": _messages(one.turns)}
    if layout == PLAIN:
        return {"prompt": one.first_prompt, "completion": one.answer}
    if layout == SHAREGPT:
        return {"conversations": _conversation(one.turns)}
    return _alpaca(one.context) | {"output": one.answer}


def _pair(one: Pair, layout: str) -> Record:
    both = {"chosen": one.chosen, "rejected": one.rejected}
    if layout == MESSAGES:
        answers = {name: _messages([(ASSISTANT, text)]) for name, text in both.items()}
        return {"prompt": _messages(one.context), **answers}
    if layout == PLAIN:
        return {"prompt": one.context[-1][1], **both}
    if layout == SHAREGPT:
        said = {name: _conversation([(ASSISTANT, text)])[0] for name, text in both.items()}
        return {"conversations": _conversation(one.context), **said}
    return _alpaca(one.context) | both


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in turns]


def _conversation(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"from": _FROM[role], "value": text} for role, text in turns]


def _alpaca(context: Sequence[Turn]) -> Record:
    """`instruction` is the last prompt; earlier turns are the history, as pairs."""
    system = next((text for role, text in context if role == SYSTEM), "")
    said = [text for role, text in context if role != SYSTEM]
    earlier = [list(both) for both in zip(said[:-1:2], said[1::2], strict=True)]
    return {"instruction": said[-1], "input": "", "system": system, "history": earlier}


def _alike(records: list[Record]) -> list[Record]:
    """The records without `system` and `history` where none of them has any."""
    unused = [name for name in ("system", "history") if not any(record[name] for record in records)]
    return [{k: v for k, v in record.items() if k not in unused} for record in records]
