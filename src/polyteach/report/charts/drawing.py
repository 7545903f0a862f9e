"""What charts are drawn with: elements of SVG, the widths of texts, markers, and the finished chart.

A chart is drawn twice, for a page's width and for a telephone's, so that texts keep their size; the page
shows one of the two. Colours are classes of `charts.css`, places are attributes: a page's policy allows no
style attributes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from polyteach.report.wording import printable

WIDE, NARROW = 900.0, 330.0  # pixels
SIZE = 13.0  # of letters, in pixels
LINE = 16.0  # from one line of text to the next
_LETTER = 0.6  # of the size: the mean width of a letter, rather wide
_STYLE = Path(__file__).parent.parent / "templates" / "charts.css"
_ELLIPSIS = "…"
SHAPES = ("circle", "square", "triangle", "diamond", "plus", "cross", "down", "ring")
"""Markers of series: no two are told apart by colour alone."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A finished chart, which a notebook, a browser and a template show as it is.

    Attributes:
        title, description: what a screen reader says.
        wide, narrow: the drawings, for a page and for a telephone.
    """

    title: str
    description: str
    wide: str
    narrow: str

    @property
    def svg(self) -> str:
        """A file of its own, with its style inside and on white paper."""
        style = re.sub(r"\s+", " ", _STYLE.read_text(encoding="utf-8"))
        paper = '<rect class="paper" width="100%" height="100%"/>'
        head, rest = self.wide.split(">", 1)
        named = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        return f"{named}><style>{style}</style>{paper}{rest}\n"

    def save(self, path: Path | str) -> Path:
        """Writes the chart as an SVG file; returns its path."""
        path = Path(path)
        path.write_text(self.svg, encoding="utf-8")
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def __html__(self) -> str:
        return f'<div class="chart">{self.wide}{self.narrow}</div>'


class Drawing:
    """An SVG under construction. Numbers are pixels from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._root = ElementTree.Element("svg")

    def add(
        self,
        tag: str,
        text: str | None = None,
        *,
        title: str | None = None,
        href: str | None = None,
        **attributes: object,
    ) -> None:
        """Adds an element.

        Args:
            tag: its name.
            text: shown in it.
            title: shown where a pointer rests on it.
            href: where it leads, if anywhere.
            attributes: `class_` is `class`, `text_anchor` is `text-anchor`; numbers get one decimal, None is
                left out.
        """
        around = self._root
        if href is not None:
            around = ElementTree.SubElement(self._root, "a", {"href": printable(href)})
        element = ElementTree.SubElement(around, tag, _plain(attributes))
        element.text = None if text is None else printable(text)
        if title is not None:
            told = ElementTree.SubElement(element, "title")
            told.text, told.tail, element.text = printable(title), element.text, None

    def text(self, x: float, y: float, text: str, *, room: float | None = None, **attributes: Any) -> None:
        """Writes a line whose middle is at `y`, shortened in its middle to `room` pixels where given."""
        shown = text if room is None else fitted(text, room)
        if shown != text:
            attributes.setdefault("title", text)
        self.add("text", shown, x=x, y=y, dominant_baseline="central", **attributes)

    def marker(self, x: float, y: float, shape: str, radius: float, **attributes: Any) -> None:
        """Adds a marker of `SHAPES`; attributes are those of `add`."""
        if shape in ("circle", "ring"):
            self.add("circle", cx=x, cy=y, r=radius, **attributes)
        else:
            self.add("path", d=_outline(shape, x, y, radius), **attributes)

    def finished(self, title: str, description: str, kind: str) -> str:
        """The SVG's text. `kind` is its class, `wide` or `narrow`."""
        # What is inside an image cannot be reached by keyboard: a chart with links is a group.
        role = "group" if self._root.find(".//a") is not None else "img"
        label = f"{title}. {description}" if description else title
        attributes = {
            "class": kind,
            "role": role,
            "aria-label": label,
            "viewBox": f"0 0 {_shown(self.width)} {_shown(self.height)}",
            "width": _shown(self.width),
            "height": _shown(self.height),
        }
        for name, value in attributes.items():
            self._root.set(name, printable(value))
        return ElementTree.tostring(self._root, encoding="unicode")


def chart(title: str, description: str, draw: Callable[[float], Drawing]) -> Chart:
    """Draws a chart at both widths."""
    wide, narrow = draw(WIDE), draw(NARROW)
    return Chart(
        title,
        description,
        wide.finished(title, description, "wide"),
        narrow.finished(title, description, "narrow"),
    )


def text_width(text: str, size: float = SIZE) -> float:
    """About how wide a text is in pixels: ideographs and the like are as wide as high."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return size * (wide + _LETTER * (len(text) - wide))


def fitted(text: str, room: float, size: float = SIZE) -> str:
    """A text of at most so many pixels: its middle is left out, as beginnings and ends tell names apart."""
    if text_width(text, size) <= room:
        return text
    kept = len(text) - 1
    while kept > 2 and text_width(shown := _without_middle(text, kept), size) > room:
        kept = min(kept - 1, int(kept * room / text_width(shown, size)) + 1)
    return _without_middle(text, max(kept, 2))


def _without_middle(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    return text[:head] + _ELLIPSIS + text[len(text) - (kept - head) :]


def _outline(shape: str, x: float, y: float, r: float) -> str:
    """The path of a marker: corners as multiples of its radius."""
    corners = {
        "square": "M-.9-.9H.9V.9H-.9Z",
        "triangle": "M0-1.15L1.05.75H-1.05Z",
        "down": "M0 1.15L1.05-.75H-1.05Z",
        "diamond": "M0-1.25L1.25 0L0 1.25L-1.25 0Z",
        "plus": "M-.35-1.1H.35V-.35H1.1V.35H.35V1.1H-.35V.35H-1.1V-.35H-.35Z",
        "cross": "M-1-.55L-.55-1L0-.45L.55-1L1-.55L.45 0L1 .55L.55 1L0 .45L-.55 1L-1 .55L-.45 0Z",
    }[shape]
    return _moved(corners, x, y, r)


def _moved(path: str, x: float, y: float, r: float) -> str:
    parts = []
    for command, rest in re.findall(r"([MLHVZ])([^MLHVZ]*)", path):
        numbers = [float(found) for found in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        origins = {"H": (x,), "V": (y,)}.get(command, (x, y))
        placed = [_shown(origins[index % len(origins)] + r * value) for index, value in enumerate(numbers)]
        parts.append(command + " ".join(placed))
    return "".join(parts)


def _plain(attributes: dict[str, object]) -> dict[str, str]:
    return {
        name.rstrip("_").replace("_", "-"): _shown(value)
        if isinstance(value, float)
        else printable(str(value))
        for name, value in attributes.items()
        if value is not None
    }


def _shown(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
