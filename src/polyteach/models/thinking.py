"""What a model thinks before it answers, taken out of the answer."""

from __future__ import annotations

import re
from bisect import bisect_left

_TAGS = r"think|thinking|thought|reasoning|reflection"
_BLOCK = (
    re.compile(rf"(?<!`)<(?P<tag>{_TAGS})>", re.IGNORECASE),
    re.compile(rf"</(?P<tag>{_TAGS})>", re.IGNORECASE),
)
_OPEN = re.compile(rf"\A\s*(?:<(?:{_TAGS})>|\[THINK\])(?P<inner>.*)\Z", re.DOTALL | re.IGNORECASE)
_CLOSE = re.compile(rf"\A(?P<inner>.*)(?<!`)</(?:{_TAGS})>", re.DOTALL | re.IGNORECASE)
_BRACKETS = re.compile(r"(?<!`)\[(?P<tag>THINK)\]"), re.compile(r"\[/(?P<tag>THINK)\]")
_FIRST = re.compile(
    rf"\s*(?:<(?P<tag>{_TAGS})>(?P<inner>.*?)</(?P=tag)>|\[THINK\](?P<bracketed>.*?)\[/THINK\])",
    re.DOTALL | re.IGNORECASE,
)
_JSON = re.compile(r"\s*(?:```\w*\s*)?\{")
_CHANNEL = re.compile(r"<\|channel\|>\s*(?P<name>\w++)[^<]*+<\|message\|>(?P<inner>.*?)"
                      r"(?=<\|(?:end|return|call|start|channel)\|>|\Z)", re.DOTALL)  # fmt: skip
_CHANNEL_OPEN = re.compile(r"<\|channel\|>\s*(?P<name>\w+)(?P<inner>[^<]*)")
_BARE_CHANNEL = re.compile(r"\Aanalysis(?P<inner>.*?)(?:assistantfinal|\Z)", re.DOTALL)
_BARE_START = re.compile(r"\Aanalysis(?=[A-Z])")
_FINAL = "final"


def without_thinking(text: str) -> tuple[str, str]:
    """Parts a text into (answer, thinking), white space around both removed.

    Thinking is what stands in `<think>`, `<thinking>`, `<thought>`, `<reasoning>` or `<reflection>` tags, in
    Mistral's `[THINK]`, or in any channel of gpt-oss (harmony) but `final`, also where the special tokens of
    the channels were lost (`analysis...assistantfinal...`). A text that begins with a block without its end
    is thinking alone: it was cut off before the answer began. An end without a beginning, as templates leave
    that write the opening tag into the prompt, makes all before it thinking. A tag is text where it begins
    what never ends in the midst of an answer, as code (`` `<think>` ``), and in an answer that is one JSON
    object.
    """
    if "<|channel|>" in text:
        return _channels(text)
    if _BARE_START.match(text) and (match := _BARE_CHANNEL.match(text)):
        return text[match.end() :].strip(), match["inner"].strip()
    thoughts: list[str] = []
    start = 0
    while match := _FIRST.match(text, start):
        thoughts.append(match["inner"] or match["bracketed"] or "")
        start = match.end()
    text = text[start:]

    def note(match: re.Match[str]) -> str:
        thoughts.append(match["inner"])
        return ""

    if not _JSON.match(text):
        for opening, closing in (_BLOCK, _BRACKETS):
            text, inner = _without_blocks(text, opening, closing)
            thoughts += inner
        for pattern in (_CLOSE, _OPEN):
            text = pattern.sub(note, text)
    return text.strip(), "\n".join(stripped for thought in thoughts if (stripped := thought.strip()))


def _without_blocks(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> tuple[str, list[str]]:
    """Takes out what stands between a tag and the next end of it; both are known by the group `tag`.

    Ends are looked for once. A pattern with both in it would look for an end from each beginning anew, so
    that an answer of many beginnings takes time by their square.
    """
    ends: dict[str, list[re.Match[str]]] = {}
    for end in closing.finditer(text):
        ends.setdefault(end["tag"].lower(), []).append(end)
    kept, inner, start = [], [], 0
    for begin in opening.finditer(text):
        own = ends.get(begin["tag"].lower(), [])
        place = bisect_left(own, begin.end(), key=lambda end: end.start())
        if begin.start() >= start and place < len(own):
            kept.append(text[start : begin.start()])
            inner.append(text[begin.end() : own[place].start()])
            start = own[place].end()
    return "".join([*kept, text[start:]]), inner


def _channels(text: str) -> tuple[str, str]:
    found = [(match["name"], match["inner"].strip()) for match in _CHANNEL.finditer(text)]
    found = found or [(match["name"], match["inner"].strip()) for match in _CHANNEL_OPEN.finditer(text)]
    answer = "\n".join(inner for name, inner in found if name == _FINAL)
    return answer, "\n".join(inner for name, inner in found if name != _FINAL)
