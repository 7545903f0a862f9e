"""What may leave a machine: names of models, not where they lie; words, not addresses, paths or keys."""

from __future__ import annotations

import re
from typing import Any

from polyteach.figures import Figure

_END = r"[^\s,;:()'\"<>|]"
_ADDRESS = re.compile(
    rf"""
    [A-Za-z][A-Za-z0-9+.-]*:// [^\s,;()'"<>|]+
    | (?<![\w.:/-]) (?: localhost | (?:\d+\.){{3}}\d+ | (?=[\w.-]*[A-Za-z])[\w-]+(?:\.[\w-]+)+ )
      :\d{{2,5}} (?!\w|\.\d) (?:/{_END}*)?
    | (?<![\w.:/-]) (?=[\w-]*[A-Za-z])[\w-]+ :\d{{2,5}} /[A-Za-z]{_END}*  # a host without a dot
    """,
    re.VERBOSE,
)
_PATH = re.compile(
    rf"""
    (?<![\w.)/~-]) (?:
        (?:[A-Za-z]:\\|\\\\) (?:[^\\/\s:'"<>|][^\\/\n:'"<>|]*\\)* {_END}+  # folders may have blanks
        | (?: (?:~|\.\.?)/ | /(?={_END}+/) ) {_END}+
    )
    """,
    re.VERBOSE,
)
_KEY = re.compile(
    rf"""
    (?<![A-Za-z0-9])
    (?: [spr]k[-_] | hf_ | gh[pousr]_ | github_pat_ | glpat- | xox[abprs]- | AKIA | AIza )
      [A-Za-z0-9_.-]{{8,}}
    | (?i: \b[\w-]{{0,40}}
      (?: (?:key|token|secret|password)\s*= | (?:api[_-]?key|password|authorization)['"]?\s*: ) )
      \s*['"]?(?:(?:Basic|Bearer)\s+)? {_END}+
    | \bBearer\s+ {_END}+
    """,
    re.VERBOSE,
)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?(?:@[\w.-]+)?")
LONGEST = 4000
"""Characters of a public text. Of a longer one twice as many are looked at: time grows with their square."""


def public_text(text: str) -> str:
    """The text without addresses and keys; of a path its last part is left."""
    text = _KEY.sub("(a key)", _ADDRESS.sub("(an address)", text[: 2 * LONGEST]))
    return _PATH.sub(lambda found: _last(found.group()), text)[:LONGEST]


def public_model(name: str) -> str:
    """A model's name: a hub id, `pocket:NAME` or a name at an endpoint; of a folder's path the last part."""
    name = name[:LONGEST]
    is_hub_id = _HUB_ID.fullmatch(name.removeprefix("pocket:")) and not _KEY.search(name)
    return name if is_hub_id else public_text(_last(name)) or "a model"


def public_figure(figure: Figure) -> Figure:
    """The figure with public texts."""
    return Figure.from_json(public(figure.to_json()))


def public(value: Any) -> Any:
    """Plain data whose texts, keys of objects included, are public."""
    if isinstance(value, str):
        return public_text(value)
    if isinstance(value, dict):
        return {public_text(key): public(entry) for key, entry in value.items()}
    return [public(entry) for entry in value] if isinstance(value, list | tuple) else value


def _last(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]
