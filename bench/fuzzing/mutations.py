"""Changes to plain data, to texts and to bytes, as hypothesis draws them."""

from __future__ import annotations

import copy
import datetime
import gzip
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

TEXTS: Sequence[str] = (
    *("", " ", "\n", "\t", "\0", "a\0b", "\ufeff", "\ud800", "\udfff\ud800", "a\ud83d", "\u2028", "\x85"),
    *("\x1b[31mred", "\x1b]0;title\x07", "\u202edrawkcab", "\u2066\u2067", "\x9b5n", "\x08\x08\x08", "\x7f"),
    *(
        "../../up",
        "/abs",
        "a/b",
        ".",
        "..",
        "a\\b",
        "con",
        "-rf",
        "--force",
        "~",
        "$HOME",
        "%s%n",
        "{0}",
        "{x}",
    ),
    *(
        "null",
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "true",
        "no",
        "1",
        "-1",
        "1e999",
        "1_000",
        "0x10",
        "1,5",
        "١٢",
    ),
    *("2024-13-45", "2024-01-01", "12:99:99", "<script>alert(1)</script>", "</script", "<!--", "[/bold]"),
    *("[bold]x", "[link=x]", "![", "e\u0301" * 40, "\u0e33" * 30, "\U000e0041\U000e007f", "👩‍👩‍👧", "ﷺ" * 20),
    *("word " * 400, "x" * 5000, "ا" * 3000, "漢" * 2000, "$\\frac{1}{2}$", "`" * 60, "#" * 40, "a" * 256),
    *(
        '"',
        "'",
        '{"prompt": "a", "response": "b"}',
        "[[A]]",
        "[RESULT] 5",
        "<think>",
        "</think>",
        "<|im_end|>",
    ),
    *(
        "fil",
        "tl",
        "zh-Hant",
        "xx",
        "qqq",
        "de_DE",
        "en-x-private",
        "mul",
        "und",
        "art-lojban",
        "İ",
        "ß",
        "ǅ",
    ),
    *(
        "\N{SUPERSCRIPT TWO}",
        "½",
        "Ⅷ",
        "①",
        "٫",
        "1٬000",
        "=1+1",
        "@x",
        "=cmd|' /C calc'!A0",
        "pocket:",
        "hf:",
    ),
)
NUMBERS: Sequence[int | float] = (
    *(0, 1, -1, 2, 3, 10, 100, 1000, 10**6, 10**9, 2**31 - 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**30),
    *(10**400, -(10**400), 0.0, -0.0, 0.5, 1.5, -0.5, 1e-320, 1e-9, 1e9, 1e300, 1e308, -1e308, 5e-324),
    *(float("nan"), float("inf"), float("-inf")),
)
OTHERS: Sequence[Any] = (
    *(None, True, False, [], {}, [[]], [{}], {"": {}}, {"a": []}, [None], [None, 1, "a"], ["a"], ["a", "a"]),
    *(
        {"value": None},
        {"x": float("nan")},
        {"1": 1},
        [[1, 2], [3]],
        [0] * 50,
        {str(n): n for n in range(30)},
    ),
)
_NOT_IN_JSON: Sequence[Any] = (
    *(datetime.date(2024, 1, 1), datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)),
    *(b"\x00\xff", {1: 2}, {None: 1}, {True: 1, 1.5: 2}, {"a", "b"}),
)
_LONG = ("x" * 100_000, "ab " * 30_000, "\n" * 50_000, "1" * 6000, "é" * 50_000, "[" * 3000, "{" * 3000)
_DEEP = "@deep@"  # a text stands for it: what copies data gives up far earlier than what reads it
_DEPTHS = (50, 500, 2000, 20_000)


class Mutator:
    """Draws changes.

    Args:
        draw: of a composite strategy.
        keys: names that mean something in the data at hand.
        values: values that do.
        plain: whether only what JSON can hold may come in.
    """

    def __init__(
        self, draw: Draw, keys: Sequence[str] = (), values: Sequence[Any] = (), *, plain: bool = True
    ) -> None:
        self._draw = draw
        self._keys = keys
        self._values = values
        self._plain = plain

    def below(self, most: int) -> int:
        """A whole number from 0 to below `most`."""
        return int(self._draw(st.integers(0, most - 1)))

    def once_in(self, times: int) -> bool:
        """Whether something that happens once in so many times does."""
        return self.below(times) == times - 1  # hypothesis tends to 0: the rare is not what it tends to

    def of(self, choices: Sequence[Any]) -> Any:
        """One of some choices."""
        return choices[self.below(len(choices))]

    def value(self) -> Any:
        """Any value: one that means something here, an odd one, or a large one."""
        kind = self.below(8)
        if kind < 3 and self._values:
            return copy.deepcopy(self.of(self._values))
        if kind < 5:
            return self.of(TEXTS)
        if kind < 6:
            return self.of(NUMBERS)
        if kind < 7 or self.below(4):
            others = OTHERS if self._plain else (*OTHERS, *_NOT_IN_JSON)
            return copy.deepcopy(self.of(others))
        return _DEEP if self.once_in(3) else self.of(_LONG)

    def tree(self, tree: Any, changes: int | None = None) -> Any:
        """Plain data with some changes; where not said, mostly one, and sometimes up to six, or none."""
        root = [copy.deepcopy(tree)]
        if changes is None:
            changes = self.of((1, 1, 1, 2, 2, 3, 6, 0))
        for _ in range(changes):
            self._change(*self._place(root))
        return root[0]

    def text(self, text: str) -> str:
        """A text with a few changes to characters and lines."""
        for _ in range(self.of((0, 1, 1, 2, 4))):
            at, kind = self.below(len(text) + 1), self.below(6)
            end = min(len(text), at + 1 + self.below(40))
            if kind == 0:
                text = text[:at] + text[end:]
            elif kind == 1:
                text = text[:at] + self.of(TEXTS) + text[at:]
            elif kind == 2:
                text = text[:at] + text[at:end] * 2 + text[end:]
            elif kind == 3:
                text = text[:at] + self.of(list("{}[]:,\"'&*!|>%@`#-? \n\t\\")) + text[at:]
            elif kind == 4:
                text = text[:at]
            else:
                lines = text.split("\n")
                lines.insert(self.below(len(lines)), self.of(lines))
                text = "\n".join(lines)
        return text

    def content(self, text: str) -> bytes:
        """A text as a file holds it: mostly UTF-8 as it should be, sometimes another encoding or damaged."""
        if _DEEP in text:
            deep = self.of(_DEPTHS)
            nested = "[" * deep + "0" + "]" * deep
            for written in (f'"{_DEEP}"', f"'{_DEEP}'", _DEEP):
                text = text.replace(written, nested)
        plain = text.encode("utf-8", "surrogatepass" if self.once_in(6) else "replace")
        kind = self.below(40)
        if kind == 8:
            return b"\xef\xbb\xbf" + plain
        if kind == 9:
            return text.encode(self.of(("utf-16", "utf-16-le", "utf-32")), "replace")
        if kind == 10:
            return text.encode(self.of(("latin-1", "cp1252", "shift-jis", "cp037")), "replace")
        if kind == 11:
            return plain.replace(b"\n", self.of((b"\r\n", b"\r", b"\n\n", b"\x85")))
        return self.damaged(plain) if kind == 12 else plain

    def damaged(self, content: bytes) -> bytes:
        """Bytes of which some are changed, lost, doubled or strange."""
        for _ in range(1 + self.below(3)):
            at, kind = self.below(len(content) + 1), self.below(5)
            if kind == 0:
                content = content[:at]
            elif kind == 1:
                content = content[:at] + bytes([self.below(256)]) + content[at + 1 :]
            elif kind == 2:
                content = (
                    content[:at] + self.of((b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\0" * 64)) + content[at:]
                )
            elif kind == 3:
                content = content[:at] + content[at + 1 + self.below(64) :]
            else:
                content = content[at:] + content[:at]
        return content

    def packed(self, content: bytes) -> bytes:
        """As gzip, sometimes damaged or with something behind it."""
        packed = gzip.compress(content, mtime=0)
        kind = self.below(5)
        if kind == 3:
            return self.damaged(packed)
        return packed + self.of((b"", b"more", packed)) if kind == 4 else packed

    def _place(self, root: list[Any]) -> tuple[Any, Any]:
        """A place in data, as its holder and its key there: the way leads down by chance."""
        holder: Any = root
        key: Any = 0
        while isinstance(holder[key], dict | list) and holder[key]:
            if holder is not root and self.once_in(4):
                break
            holder = holder[key]
            key = self.of(list(holder) if isinstance(holder, dict) else range(len(holder)))
        return holder, key

    def _change(self, holder: Any, key: Any) -> None:
        kind, old = self.below(10), holder[key]
        if kind == 0:
            del holder[key]
            if not holder and isinstance(holder, list):
                holder.append(None)
        elif kind == 1 and isinstance(holder, dict):
            holder[self._key()] = holder.pop(key)
        elif kind == 2 and isinstance(holder, dict):
            holder[self._key()] = self.value()
        elif kind == 3 and isinstance(holder, list):
            holder[key:key] = [copy.deepcopy(old)] * self.of((1, 1, 2, 40))
        elif kind == 4:
            holder[key] = self.of(([old], {"a": old}, [[old]], [old, old], {str(key): old}))
        elif kind == 5 and isinstance(old, dict | list) and old:
            holder[key] = self.of(list(old.values()) if isinstance(old, dict) else old)
        elif kind == 6:
            holder[key] = self._alike(old)
        elif kind == 7 and isinstance(holder, list):
            holder.append(self.value())
        else:
            holder[key] = self.value()

    def _key(self) -> str:
        return str(self.of(self._keys) if self._keys and not self.once_in(3) else self.of(TEXTS))

    def _alike(self, old: Any) -> Any:
        """Another value of the same kind, or the same written otherwise."""
        if isinstance(old, bool) or old is None:
            return self.of((True, False, None, 0, 1, "true"))
        if isinstance(old, int | float):
            return self.of((*NUMBERS, -old, str(old), float(old) if abs(old) < 1e300 else 1))
        if isinstance(old, str):
            return self.of(
                (old.upper(), old[:1], old * 3, f" {old} ", old + self.of(TEXTS), self.of(TEXTS) + old)
            )
        return self.of((str(old), None, [], {}))
