"""The samples as the page's explorer reads them: one block of JSON, packed where it is large."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from polyteach.languages import is_right_to_left
from polyteach.report.problems import FAILED, title
from polyteach.report.samples import MOST_CHARACTERS, Pair, Passage, Sample, told
from polyteach.report.wording import language, printable

PACK_FROM = 200_000
"""Bytes; smaller data stands in the page as it is."""
MOST_BYTES = 12_000_000
"""Of the packed data: where there is more, texts are cut shorter."""
_CUTS = (MOST_CHARACTERS, 2_000, 1_000, 500, 250)


@dataclass(frozen=True, slots=True)
class Failed:
    """What a teacher answered, by a method in a language, that became no row, for one reason.

    Attributes:
        count: how many answers.
        texts: some of them.
    """

    teacher: str
    language: str
    method: str
    reason: str
    count: int
    texts: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class SamplesData:
    """The data block.

    Attributes:
        text: JSON, or where `packed` the base64 of its gzip.
        cut: after how many characters texts are cut.
    """

    text: str
    packed: bool
    cut: int


def samples_data(
    samples: Mapping[str, Sequence[Sample]], failed: Sequence[Failed], most_bytes: int = MOST_BYTES
) -> SamplesData | None:
    """Packs all samples; None where there are none.

    Args:
        samples: by language.
        failed: answers that became no row.
        most_bytes: texts are cut shorter until the packed data has no more.
    """
    if not failed and not any(samples.values()):
        return None
    for cut in _CUTS:
        plain = _Block(cut).of(samples, failed)
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        content = text.encode("utf-8")
        if len(content) < PACK_FROM:
            return SamplesData(text, False, cut)
        packed = b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")
        if len(packed) <= most_bytes:
            break
    return SamplesData(packed, True, cut)


def samples_address(**asked: str | None) -> str:
    """Where a link leads that opens the explorer filtered.

    Args:
        asked: `teacher`, `language` (its code), `method`, `problem`; None does not filter.
    """
    named = {key: printable(value) for key, value in asked.items() if value is not None}
    return f"#samples?{urlencode(named)}" if named else "#samples"


class _Block:
    """Plain data of samples; names and human rows stand in it once, and are meant by their places."""

    def __init__(self, cut: int) -> None:
        self.cut = cut
        kinds = ("teachers", "languages", "methods", "problems")
        self.names: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
        self.human: dict[Pair, int] = {}

    def of(self, samples: Mapping[str, Sequence[Sample]], failed: Sequence[Failed]) -> dict[str, Any]:
        """The whole block."""
        shown = [self._sample(code, sample) for code, found in samples.items() for sample in found]
        lost = [self._failed(one) for one in failed]
        return {
            "schema_version": 1,
            "cut": self.cut,
            "teachers": [printable(name) for name in self.names["teachers"]],
            "languages": [
                {"code": code, "name": printable(language(code)), "rtl": is_right_to_left(code)}
                for code in self.names["languages"]
            ],
            "methods": [{"name": printable(name), "told": told(name)} for name in self.names["methods"]],
            "problems": [{"code": printable(name), "title": title(name)} for name in self.names["problems"]],
            "human": [self._pair(pair) for pair in self.human],
            "samples": shown,
            "failed": lost,
        }

    def _place(self, kind: str, name: str) -> int:
        return self.names[kind].setdefault(name, len(self.names[kind]))

    def _sample(self, code: str, sample: Sample) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "language": self._place("languages", code),
            "method": self._place("methods", sample.method),
        }
        if sample.prompt:
            plain["prompt"] = self._text(sample.prompt)
        plain["answers"] = []
        for answer in sample.answers:
            of = {"teacher": self._place("teachers", answer.teacher), "response": self._text(answer.response)}
            if answer.prompt:
                of["prompt"] = self._text(answer.prompt)
            if answer.problems:
                of["problems"] = [self._place("problems", problem) for problem in answer.problems]
            plain["answers"].append(of)
        if sample.human:
            plain["human"] = [self.human.setdefault(pair, len(self.human)) for pair in sample.human]
        if sample.picked:
            plain["picked"] = True
        return plain

    def _failed(self, failed: Failed) -> dict[str, Any]:
        return {
            "teacher": self._place("teachers", failed.teacher),
            "language": self._place("languages", failed.language),
            "method": self._place("methods", failed.method),
            "problem": self._place("problems", f"{FAILED}{failed.reason}"),
            "count": failed.count,
            "texts": [self._text(one) for one in failed.texts],
        }

    def _pair(self, pair: Pair) -> dict[str, Any]:
        plain: dict[str, Any] = {"lang": pair.prompt.language, "prompt": self._text(pair.prompt)}
        return plain | ({"response": self._text(pair.response)} if pair.response else {})

    def _text(self, passage: Passage) -> str | list[Any]:
        """A text alone, or with how many more characters it had and whether it runs against its language."""
        short = passage.cut(self.cut)
        against = (short.direction == "rtl") != is_right_to_left(short.language)
        shown = printable(short.text)
        return [shown, short.more, int(against)] if short.more or against else shown
