"""Whole pages of one file: a template with its styles and scripts inside, which ask nothing of any network.

Every page of polyteach is made here: the report, a screen's, a comparison's, a reviewer's. A page is a
template that extends `base.html.j2` and fills its blocks `title` and `main`. Its Content-Security-Policy
allows the one style and the one script of the page by their hashes and nothing else, so what a text might
smuggle in cannot run. Hashes do not allow style attributes either: places and widths in plots are attributes
of SVG (see `charts`), shades are classes.

Texts of models and data are hostile. Whatever a template shows passes `printable` and is escaped; only a
`Markup` is not, so a template may show `{{ text }}` without thinking of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.languages import is_right_to_left
from polyteach.report import wording
from polyteach.report.costs import usd

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
STYLES = ("page.css", "charts.css")
SCRIPTS = ("page/theme.js", "page/tables.js", "page/copying.js", "page/page.js")


def whole_page(
    template: str,
    *,
    styles: Sequence[str] = STYLES,
    scripts: Sequence[str] = SCRIPTS,
    folders: Sequence[Path] = (),
    **values: Any,
) -> str:
    """Renders a page of one file.

    Args:
        template: extends `base.html.j2`.
        styles: files joined into the page's one style element, in this order.
        scripts: files joined into its one script element, which stands in the head and so runs before the
            page is drawn: what needs the page waits for `whenRead`. They share one scope.
        folders: where templates, styles and scripts are looked for before this package's own.
        values: what the template shows.

    Raises:
        ValueError: where a style or script holds what would end its element, as `</script`.
    """
    from markupsafe import Markup

    environment = _environment(tuple(folders))
    style = _joined(environment, styles)
    script = f'(() => {{\n"use strict";\n{_joined(environment, scripts)}}})();\n'
    return environment.get_template(template).render(
        page_style=Markup(style),  # our own files
        page_script=Markup(script),
        page_policy=_policy(style, script),
        **values,
    )


def _policy(style: str, script: str) -> str:
    """What the page may do: its own style and script, by their hashes; no script may make markup of text."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _joined(environment: jinja2.Environment, names: Sequence[str]) -> str:
    """The files after one another, as they are."""
    assert environment.loader is not None
    parts = [environment.loader.get_source(environment, name)[0].rstrip() + "\n" for name in names]
    joined = "".join(parts)
    if any(end in joined.lower() for end in ("</script", "</style", "<!--")):
        raise ValueError(f"one of {', '.join(names)} holds what would end its element")
    return joined


@cache
def _environment(folders: tuple[Path, ...]) -> jinja2.Environment:
    import jinja2  # inside: the command line imports the steps

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        number=wording.number,
        bounds=wording.bounds,
        bare=_bare,
        usd=usd,
        few_scored=wording.few_scored,
        ranks=wording.ranks,
        parameters=wording.parameters,
        language_name=wording.language,
        is_right_to_left=is_right_to_left,
    )
    return environment


def _bare(figure: Mapping[str, Any] | float | None, scale: float = 1.0) -> Markup | str:
    """What a cell of a table is copied and sorted by: attributes with all digits; none where undefined.

    Args:
        figure: with `value`, `low` and `high`, where the cell shows an interval; else the value alone.
        scale: what the cell shows them times, such as 100 for points.
    """
    from markupsafe import Markup

    found = figure if isinstance(figure, Mapping) else {"value": figure}
    if found["value"] is None:
        return ""
    known = {name: found.get(name) for name in ("value", "low", "high")}
    attributes = [
        f' data-{name}="{value if scale == 1.0 else scale * value}"'
        for name, value in known.items()
        if value is not None
    ]
    return Markup("".join(attributes))  # numbers of our own


def _shown(value: Any) -> Any:
    """Texts as they may stand in a page; markup and numbers as they are."""
    return wording.printable(value) if type(value) is str else value
