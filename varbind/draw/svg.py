"""SVG pictures as a file and as an element of a page, and the shapes and colours of which they are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from varbind.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "COLOURS",
    "Drawing",
    "colour",
    "escaped",
    "frame",
    "line",
    "number",
    "path",
    "rectangle",
    "stacked",
    "text",
]

FONT = "system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif"

COLOURS = {
    "background": "#ffffff",
    "ink": "#1b1f24",
    "line": "#6e7781",
    "base-a": "#008a63",
    "base-c": "#0b4fa0",
    "base-g": "#d18f00",
    "base-t": "#b3261e",
    "base-n": "#6e7781",
    "loss": "#b2182b",
    "gain": "#2166ac",
    "mark": "#1b1f24",
    "bar": "#7f9cc0",
    "gene": "#9aa7b5",
    "faint": "#d5d9de",
}
"""The colours by name. People who cannot tell red from green, or blue from yellow, see them as different colours."""

_VARIABLE = re.compile(r'"var\(--[a-z-]+, (#[0-9a-f]{6})\)"')
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture.

    Attributes:
        width: the width in pixels.
        height: the height in pixels.
        body: SVG elements, which hold no ids.
        title: a short name, which screen readers read.
        description: what the picture shows, in words.
    """

    width: float
    height: float
    body: str
    title: str
    description: str

    def document(self) -> str:
        """The picture as an SVG file, on a background of its own.

        Colours are written out, because many programs cannot read custom properties.
        """
        ground = rectangle(0, 0, self.width, self.height, colour("background"))
        written = _VARIABLE.sub(r'"\1"', self._element("picture", ground))
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'

    def inline(self, prefix: str) -> str:
        """The picture as an element of an HTML page, without a background.

        A page changes the colours by its custom properties, such as `--base-a`.

        Args:
            prefix: how the ids of this picture begin, which no other id of the page may do.

        Raises:
            ValueError: the prefix cannot begin an id.
        """
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"{prefix!r} cannot begin an id")
        return self._element(prefix, "")

    def _element(self, prefix: str, ground: str) -> str:
        width, height = number(self.width), number(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="{prefix}-title {prefix}-description" '
            f'font-family="{FONT}">'
            f'<title id="{prefix}-title">{escaped(self.title)}</title>'
            f'<desc id="{prefix}-description">{escaped(self.description)}</desc>'
            f"{ground}{self.body}</svg>"
        )


def stacked(drawings: Sequence[Drawing], *, title: str) -> Drawing:
    """Several drawings one below the other; a single one is not changed."""
    if len(drawings) == 1:
        return drawings[0]
    parts, top = [], 0.0
    for drawing in drawings:
        parts.append(f'<g transform="translate(0 {number(top)})">{drawing.body}</g>')
        top += drawing.height
    description = " ".join(f"{drawing.title}: {drawing.description}" for drawing in drawings)
    return Drawing(max(drawing.width for drawing in drawings), top, "".join(parts), title, description)


def number(value: float) -> str:
    """A coordinate with one decimal."""
    return f"{round(value, 1) + 0.0:g}"


def escaped(words: str) -> str:
    """Text of others as text of XML; what cannot be printed is written as a Python escape."""
    return escape(printable(words), quote=True)


def colour(name: str) -> str:
    """The value of `fill` or `stroke` for a colour of `COLOURS`, which a page can change."""
    return f"var(--{name}, {COLOURS[name]})"


def rectangle(left: float, top: float, width: float, height: float, fill: str, *, opacity: float = 1) -> str:
    """A filled rectangle."""
    place = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
    share = "" if opacity == 1 else f' fill-opacity="{opacity:g}"'
    return f'<rect {place} fill="{fill}"{share}/>'


def path(steps: str, fill: str, *, opacity: float = 1) -> str:
    """A filled path; nothing without steps."""
    share = "" if opacity == 1 else f' fill-opacity="{opacity:g}"'
    return f'<path fill="{fill}"{share} d="{steps}"/>' if steps else ""


def frame(left: float, top: float, width: float, height: float, words: str = "") -> str:
    """A rectangle with a border only; the words are shown where the pointer rests."""
    place = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
    hint = f"<title>{escaped(words)}</title>" if words else ""
    return f'<rect {place} fill="none" stroke="{colour("mark")}" stroke-width="1.5" rx="1.5">{hint}</rect>'


def line(points: Iterable[tuple[float, float]], stroke: str) -> str:
    """A thin line through points."""
    steps = " ".join(f"{number(x)} {number(y)}" for x, y in points)
    return f'<path fill="none" stroke="{stroke}" d="M{steps}"/>'


def text(
    left: float,
    base: float,
    words: str,
    *,
    size: float = 11,
    anchor: str = "start",
    fill: str = "ink",
    turned: bool = False,
) -> str:
    """A line of text, escaped.

    Args:
        left: the place of the anchor in pixels from the left.
        base: the base line in pixels from the top.
        words: the text.
        size: the size of the font in pixels.
        anchor: `start`, `middle` or `end`.
        fill: a colour of `COLOURS`.
        turned: whether the text runs upwards.
    """
    turn = f' transform="rotate(-90 {number(left)} {number(base)})"' if turned else ""
    return (
        f'<text x="{number(left)}" y="{number(base)}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="{colour(fill)}"{turn}>{escaped(words)}</text>'
    )
