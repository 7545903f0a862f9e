"""Everything that reads what a model wrote, and texts made to be slow to read.

    python tests/security/readers.py CHARACTERS

prints, for each reader, its slowest text and the seconds that it took; a reader that takes more than half a
minute with one ends the whole.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from polyteach.benchmarks.letters import read_letter
from polyteach.benchmarks.numbers import first_number, last_number
from polyteach.benchmarks.own import normalise
from polyteach.bundles.public import public_model, public_text
from polyteach.export.card import as_text
from polyteach.identification import identify
from polyteach.models.endpoint.dialect import too_long
from polyteach.models.refusals import is_refusal
from polyteach.models.thinking import without_thinking
from polyteach.quality.pairwise import parse_choice
from polyteach.quality.rubric import parse_score
from polyteach.report.wording import direction, one_line, printable
from polyteach.rows import Row
from polyteach.rules import DEFAULTS, Context
from polyteach.rules.endings import Unfinished
from polyteach.synthesis.checks import is_echo, is_template
from polyteach.synthesis.json_answers import first_pair, repaired_pair
from polyteach.synthesis.language_check import is_wrong_language, is_wrong_prompt
from polyteach.synthesis.prose import prose_of
from polyteach.texts import normalised

MOST_SECONDS = 30
_PARTS = (
    *("a", "A", "é", "の", "ا", "0", " ", "\n", "\t", "\u200d", "\u202e", "́", "!", ".", ",", "-", "_", "*"),
    *(
        "<",
        ">",
        "`",
        "#",
        "|",
        "\\",
        "/",
        "@",
        ":",
        ";",
        "=",
        "(",
        "[",
        "{",
        '"',
        "'",
        "```",
        "~~~",
        "[[",
        "{{",
    ),
    *(
        "<a ",
        "</p>",
        "<!--",
        "<|",
        "[/INST]",
        "{%",
        "1.",
        "1,",
        "1 ",
        "-\n",
        "a\n",
        "a. ",
        " \n",
        "\n\n",
        "\r\n",
    ),
    *(
        '{"prompt": "',
        '{"a":',
        '"prompt": "a", "response": "',
        '\\"',
        "\\u",
        "\\frac{",
        "[[A]]",
        "Feedback: ",
    ),
    *(
        "answer is A or ",
        "Answer: ",
        "http://a",
        "a@a",
        "a/a",
        "def f(",
        "x = ",
        "I cannot ",
        "<think>",
        "</think>",
    ),
    *("a b ", "aa ab ", "的是 ", "sk-", "a=b;", "f(x); "),
)


_BEGINNINGS = (
    *(
        "<|channel|>",
        "analysis",
        "### Response",
        "{{",
        "{%",
        "`",
        "```",
        "<p",
        "<think",
        "Answer: ",
        "**",
        "__",
        "1",
    ),
    *(
        '{"prompt": "',
        '{"prompt": "a", "response": "',
        "Bearer ",
        "api_key",
        "/",
        "C:\\\\",
        "[RESULT] ",
        "I cannot ",
    ),
)
_RUNS = ("a", " ", "\n", "1", "<", "\\", "_", "a ", ". ", "</think>")


def texts(characters: int) -> Iterator[tuple[str, str]]:
    """Texts of one part over and over: as it is, and with another beginning and end, so that nothing fits."""
    for beginning in _BEGINNINGS:
        for run in _RUNS:
            yield f"{beginning} and {run}", beginning + run * (characters // len(run)) + "!"
    for part in _PARTS:
        body = (part * (characters // len(part) + 1))[:characters]
        yield part, body
        yield f"x{part}!", f"x{body[2:]}!"
        # lines as long as those that are looked at for code
        yield f"{part} in lines", "\n".join([(part * 300)[:299]] * (characters // 300))


def _row(text: str) -> Row:
    return Row("1", "de", "generate", "t", "s", "1", prompt="Was ist der Mond?", response=text)


def _pair(read: Callable[[str], object]) -> Callable[[str], object]:
    def safely(text: str) -> None:
        try:
            read(text)
        except ValueError:
            return

    return safely


def _rule(rule: Any) -> Callable[[str], object]:
    return lambda text: rule.find([_row(text), _row(f"{text} ")], Context())


READERS: dict[str, Callable[[str], object]] = {
    "first_pair": _pair(first_pair),
    "repaired_pair": _pair(repaired_pair),
    "is_wrong_language": lambda text: is_wrong_language(text, "de"),
    "is_wrong_prompt": lambda text: is_wrong_prompt(text, "de"),
    "without_thinking": without_thinking,
    "is_refusal": is_refusal,
    "is_echo": lambda text: is_echo(text, text[1:], text[2:]),
    "is_template": lambda text: is_template(text, text, 'Schreibe.\n{"prompt": "...", "response": "..."}'),
    "prose_of": prose_of,
    "read_letter": lambda text: read_letter(text, ("A", "B")),
    "first_number": first_number,
    "last_number": last_number,
    "own exam": normalise,
    "normalised": normalised,
    "identify": lambda text: identify(text, "de"),
    "parse_score": parse_score,
    "parse_choice": parse_choice,
    "too_long": lambda text: too_long(400, text),
    "public_text": public_text,
    "public_model": public_model,
    "printable": printable,
    "one_line": one_line,
    "direction": lambda text: direction(text, "de"),
    "as_text of a card": as_text,
    "unfinished": _rule(Unfinished()),
} | {f"rule {rule.rule} {getattr(rule, 'side', '')}".strip(): _rule(rule) for rule in DEFAULTS}


def slowest(read: Callable[[str], object], characters: int) -> tuple[float, str]:
    """Seconds of the slowest text, and which it is."""
    worst = (0.0, "")
    for name, text in texts(characters):
        began = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        read(text)
        signal.setitimer(signal.ITIMER_REAL, 0)
        worst = max(worst, (time.perf_counter() - began, name))
    return worst


def _give_up(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"longer than {MOST_SECONDS} s")


def main() -> None:
    """Measures all readers."""
    signal.signal(signal.SIGALRM, _give_up)
    for name, read in READERS.items():
        seconds, text = slowest(read, int(sys.argv[1]))
        print(f"{seconds:8.3f} s  {name:40} {text!r}", flush=True)


if __name__ == "__main__":
    main()
