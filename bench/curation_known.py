"""Defects that the rules of `polyteach filter` were made for, planted into rows; see `curation.py`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from polyteach.quality.corruptions import cut_off, stream
from polyteach.rows import Row

Damage = Callable[[Row, Random], Row | None]
"""One row with the defect; None where it cannot have it."""


@dataclass(frozen=True)
class Kind:
    """A kind of defect.

    Attributes:
        rules: the reasons that should be given for it; empty where no rule was made for it.
        beside: whether the damaged rows stand behind the clean ones (copies are found only so).
    """

    name: str
    rules: tuple[str, ...]
    damaged: Callable[[Sequence[Row], Sequence[Row], int], list[Row]]
    beside: bool = False


def each(name: str, damage: Damage) -> Callable[[Sequence[Row], Sequence[Row], int], list[Row]]:
    """Damages each row that can be, from a random stream of the kind's own."""

    def damaged(rows: Sequence[Row], others: Sequence[Row], rng_seed: int) -> list[Row]:
        rng = Random(f"{name} {rng_seed}")
        return [one for row in rows if (one := damage(row, rng)) is not None and one != row]

    return damaged


def said(row: Row, response: str) -> Row:
    """The row with another response."""
    return replace(row, response=response)


def _foreign(name: str, side: str) -> Callable[[Sequence[Row], Sequence[Row], int], list[Row]]:
    def damaged(rows: Sequence[Row], others: Sequence[Row], rng_seed: int) -> list[Row]:
        rng = Random(f"{name} {rng_seed}")
        return [replace(row, **{side: getattr(rng.choice(others), side)}) for row in rows]

    return damaged


def _cut(told: bool) -> Callable[[Sequence[Row], Sequence[Row], int], list[Row]]:
    def damaged(rows: Sequence[Row], others: Sequence[Row], rng_seed: int) -> list[Row]:
        found = cut_off(rows, stream("cut_off", rng_seed)).rows
        return [replace(row, finish_reason="length" if told else "") for row in found if row]

    return damaged


_TOKENS = (
    "<|im_end|>",
    "<|eot_id|>",
    "[/INST]",
    "</s>",
    "<|endoftext|>",
    "<end_of_turn>",
    "<|im_start|>user",
)
_TEMPLATES = (
    "### Response:\n{}",
    "Assistant: {}",
    "{}\n\n{{{{ answer }}}}",
    "{}\n### Instruction:",
    "{{response}}\n{}",
)
_REFUSALS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "I'm sorry, but I can't help with that request.",
        "As an AI language model, I cannot answer this.",
        "Sorry, I am unable to assist with this.",
        "I cannot fulfill this request.",
    ),
    "de": (
        "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
        "Als KI-Sprachmodell kann ich dazu keine Auskunft geben.",
        "Leider kann ich bei dieser Anfrage nicht helfen.",
        "Ich kann diese Anfrage leider nicht beantworten.",
    ),
    "ja": (
        "申し訳ありませんが、そのご要望にはお応えできません。",
        "申し訳ございませんが、お手伝いできません。",
        "すみませんが、その質問にはお答えできません。",
        "AIとしてその依頼には対応できません。",
    ),
}


def _html(row: Row, rng: Random) -> Row:
    paragraphs = row.response.split("\n\n")
    tagged = rng.choice(("<p>{}</p>", "<div>{}</div>", "{}<br>", "{}&nbsp;", "<b>{}</b>"))
    return said(row, "\n\n".join(tagged.format(part) if part else part for part in paragraphs))


def _template(row: Row, rng: Random) -> Row:
    if rng.random() < 0.2:
        return said(row, json.dumps({"prompt": row.prompt, "response": row.response}, ensure_ascii=False))
    return said(row, rng.choice(_TEMPLATES).format(row.response))


def _fence(row: Row, rng: Random) -> Row:
    if "```" in row.response:
        return said(row, "".join(row.response.rsplit("```", 1)))
    return said(row, f"{row.response}\n\n```")


def _loop(row: Row, rng: Random) -> Row:
    tail = row.response.rstrip()[-rng.randint(12, 60) :]
    space = "" if row.language == "ja" else " "
    return said(row, row.response + (space + tail) * rng.randint(6, 20))


def _echo(row: Row, rng: Random) -> Row:
    return said(row, row.prompt if rng.random() < 0.5 else f"{row.prompt}\n{row.response}")


def _copy(row: Row, rng: Random) -> Row:
    changed = rng.choice((str.upper, lambda text: f"  {text}\n", lambda text: text))
    return replace(row, id=f"{row.id} again", response=changed(row.response))


def _near(row: Row, rng: Random) -> Row | None:
    parts = row.response.split(" " if row.language != "ja" else "。")
    if len(parts) < 3:
        return None
    del parts[rng.randrange(len(parts))]
    joined = (" " if row.language != "ja" else "。").join(parts)
    return (
        replace(row, id=f"{row.id} again", response=joined)
        if len(joined) > 0.85 * len(row.response)
        else None
    )


KNOWN = (
    Kind("no response", ("empty",), each("empty", lambda row, rng: said(row, rng.choice(("", " ", "\n"))))),
    Kind("cut off, and says so", ("cut_off",), _cut(told=True)),
    Kind("cut off", ("unfinished", "code_fence"), _cut(told=False)),
    Kind("response of another language", ("wrong_language",), _foreign("response", "response")),
    Kind("prompt of another language", ("wrong_language_prompt",), _foreign("prompt", "prompt")),
    Kind("tags of HTML", ("html",), each("html", _html)),
    Kind(
        "control token",
        ("control_tokens",),
        each("token", lambda r, rng: said(r, f"{r.response}{rng.choice(_TOKENS)}")),
    ),
    Kind("part of a template", ("template",), each("template", _template)),
    Kind("open block of code", ("code_fence",), each("fence", _fence)),
    Kind("loop", ("repetition",), each("loop", _loop)),
    Kind(
        "refusal",
        ("refusal",),
        each("refusal", lambda row, rng: said(row, rng.choice(_REFUSALS[row.language]))),
    ),
    Kind("prompt said again", ("echo",), each("echo", _echo)),
    Kind("copy", ("exact_duplicates", "near_duplicates"), each("copy", _copy), beside=True),
    Kind("copy with a part left out", ("near_duplicates",), each("near", _near), beside=True),
)
