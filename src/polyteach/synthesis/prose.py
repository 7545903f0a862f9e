"""What of a text is prose: neither markup nor code, whether or not it stands in a fence."""

from __future__ import annotations

import re

LONGEST_CODE = 300
"""A line of more characters is a paragraph."""

_BLANKS = " \t\r\f\v"  # taken off first: a line of blanks alone would take the pattern long
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_CODE = re.compile(
    r"""\s*(?:
    (?:\#include\b|\#define\b|\#!|//|/\*|\*/|@[a-z]\w*).*                    # what only code begins with
    | [^.!?]*[{}\[\]();=].*[;{}]                                             # a statement, a block
    | [}\])]+[;,]?
    | (?:def|class|async|for|while|if|elif|switch|case|with|except)\b.*[()\[\]<>=_.].*:   # a block of Python
    | for\ \w+\ in\ \w+:|(?:try|else|finally|do):?
    | return(?:\ [\w.\[\]'"]+|\ .*[-+*/()\[\]=<>].*)?
    | [A-Za-z_][\w.\[\]'"]*(?:\s*,\s*[A-Za-z_][\w.]*)*\s*[-+*/%|&:]?=(?!=)\s*\S.*           # an assignment
    | =?\s*[A-Za-z_][A-Za-z0-9_.]*\s?\(.*\)[;,]?                             # a call, a formula of a table
    | import\s+[\w.*{},]+(?:\s+as\s+\w+)?;? | from\s+[\w.]+\s+import\s+.+
    | (?:SELECT|INSERT\ INTO|UPDATE|DELETE\ FROM|CREATE|ALTER|DROP|FROM|WHERE|(?:[A-Z]+\ )?JOIN|GROUP\ BY
       |ORDER\ BY|HAVING|LIMIT|VALUES|UNION)\b.*
    )\s*""",
    re.VERBOSE | re.ASCII,
)


def prose_of(text: str) -> str:
    """A text without tags of HTML and XML and without lines of code; what stands between tags is kept."""
    lines = _TAG.sub(" ", text).split("\n")
    return "\n".join(
        line for line in lines if len(line) > LONGEST_CODE or not _CODE.fullmatch(line.strip(_BLANKS))
    )
