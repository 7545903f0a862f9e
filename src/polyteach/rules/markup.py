"""What machines leave in texts: tags, control tokens, parts of templates, open blocks of code.

All look outside code, and pass what stands in the prompt too: who asks about a tag may get one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from polyteach.rules.rule import Context, Found, Settings, Side, each, text_of

if TYPE_CHECKING:
    from polyteach.rows import Row

_BLANKS = r"[^\S\n]*+"  # of one line: over several, many empty lines take time by their square
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_TABLE_LINE = re.compile(rf"^{_BLANKS}\|.*$", re.MULTILINE)
_TAG = re.compile(
    r"</?(?:p|br|hr|div|span|b|i|u|em|strong|font|center|table|tbody|thead|tr|td|th|ul|ol|li|dl|dt|dd|h[1-6]|a|img"
    r"|script|style|html|head|body|title|meta|link|form|input|button|iframe|section|article|header|footer|nav"
    r"|blockquote|pre|code|ref|nowiki)(?:\s[^<>]*)?/?>"
    r"|&(?:nbsp|amp|lt|gt|quot|apos|#\d{2,6}|#x[0-9a-fA-F]{2,5});|<!--|<!DOCTYPE\b|<\?xml\b",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"(?<![\\\w^_{}$])\{\{\s*[A-Za-z_][A-Za-z0-9_.]{2,40}\s*\}\}(?!\})|\{%-?\s*\w+"  # Jinja
    r"|(?<![\w\\{$^_])\{(?:prompt|response|instruction|input|output|question|answer|context|text|name)\}(?!\})"
    r"|\$\{[A-Za-z_]\w{2,}\}"
    rf"|^{_BLANKS}\#{{2,3}} ?(?:Instruction|Response|Input|Output|Human|Assistant|User|System|End)\b"
    rf"{_BLANKS}:?{_BLANKS}$"
    rf"|^{_BLANKS}(?:Human|Assistant|USER|ASSISTANT|SYSTEM|HUMAN)\s?:"
    r"|\A\s*\{\s*\"(?:prompt|response|instruction|output|answer|question)\"\s*:"
    r"|\[/?(?:RESULT|PROMPT|RESPONSE|INPUT|OUTPUT|ANSWER|INSTRUCTION|SYSTEM|USER|ASSISTANT)\]",
    re.MULTILINE,
)
_ANY_TOKEN = re.compile(r"<[|｜][A-Za-z_▁]{2,40}[|｜]>")
_FENCE = re.compile(r"^\s{0,12}(?:[-*+]\s+|\d+\.\s+|>\s*)?(`{3,}|~{3,})", re.MULTILINE)


class Html(Settings):
    """Tags or entities of HTML are left in a text; those in a line of a table are Markdown's own."""

    rule: ClassVar[str] = "html"
    of_set: ClassVar[bool] = False
    side: Side = "response"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows; a response to a prompt with markup, or that names HTML, is not looked at."""

        def check(row: Row) -> bool:
            asked = self.side == "response" and (_TAG.search(row.prompt) or "html" in row.prompt.casefold())
            return not asked and bool(_TAG.search(_TABLE_LINE.sub(" ", _prose(text_of(row, self.side)))))

        return each(rows, check)


class ControlTokens(Settings):
    """Control tokens of common chat templates stand in a text, such as `<|im_end|>` or `[/INST]`."""

    rule: ClassVar[str] = "control_tokens"
    of_set: ClassVar[bool] = False
    side: Side = "response"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows by `quality/control_tokens.yaml`, and by the form `<|name|>`."""
        from polyteach.quality.judge_text import usual_control_tokens

        tokens = re.compile("|".join(map(re.escape, usual_control_tokens())) + "|" + _ANY_TOKEN.pattern)
        return each(rows, lambda row: _left(tokens, row, self.side))


class Template(Settings):
    """Parts of a template are left: `{{ name }}`, `{prompt}`, `### Response:`, `Human:`, `{"answer": `."""

    rule: ClassVar[str] = "template"
    of_set: ClassVar[bool] = False
    side: Side = "response"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows; a response to a prompt that names JSON or a template is not looked at."""

        def check(row: Row) -> bool:
            asked = self.side == "response" and re.search(
                r"json|template|テンプレート|jinja|vorlage", row.prompt, re.IGNORECASE
            )
            return not asked and _left(_TEMPLATE, row, self.side)

        return each(rows, check)


class CodeFence(Settings):
    """A block of code is opened and not closed, or closed and not opened."""

    rule: ClassVar[str] = "code_fence"
    of_set: ClassVar[bool] = False
    side: Side = "response"

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows."""
        return each(rows, lambda row: len(_FENCE.findall(text_of(row, self.side))) % 2 == 1)


def _prose(text: str) -> str:
    return _CODE.sub(" ", text)


def _left(pattern: re.Pattern[str], row: Row, side: Side) -> bool:
    """Whether a pattern is found outside code, in a response also: and not in its prompt."""
    found = {match[0].strip() for match in pattern.finditer(_prose(text_of(row, side)))}
    return any(side == "prompt" or text not in row.prompt for text in found)
