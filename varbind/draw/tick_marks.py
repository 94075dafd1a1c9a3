"""The axis of heights, and the positions under the columns of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.draw.svg import colour, line, text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["axis", "position_labels", "short", "step_between"]

LABEL_GAP = 8.0
"""The least distance of two positions, in pixels."""

DIGIT = 6.0
"""The width of a digit, in pixels."""


def short(value: float) -> str:
    """A number with two significant digits."""
    return f"{value:.2g}".replace("-", "\N{MINUS SIGN}")


def axis(left: float, top: float, height: float, low: float, high: float, unit: str) -> str:
    """A vertical axis with its two ends, and 0 if it lies between them."""
    shapes = [line([(left, top), (left, top + height)], colour("line"))]
    for value in sorted({low, high, *([0.0] if low < 0 < high else [])}):
        base = top + height * (high - value) / (high - low)
        crowded = low < value < high and min(high, -low) * height / (high - low) < 10
        if not crowded:
            shapes.append(text(left - 4, base + 3.5, short(value), size=9, anchor="end", fill="line"))
        shapes.append(line([(left - 3, base), (left, base)], colour("line")))
    shapes.append(text(12, top + height / 2, unit, size=9, anchor="middle", fill="line", turned=True))
    return "".join(shapes)


def step_between(width: float, longest: int) -> int:
    """The distance of two labels in columns: 1, 2, 5, 10, 20, ..., so that they do not touch.

    Args:
        width: the width of a column in pixels.
        longest: the number of characters of the longest label.
    """
    least = (longest * DIGIT + LABEL_GAP) / width
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step >= least:
                return step
        power *= 10


def position_labels(left: float, base: float, width: float, places: Sequence[int | None]) -> str:
    """Round positions under their columns; the first one where none is round.

    Args:
        left: where the first column begins, in pixels.
        base: the base line of the text.
        width: the width of a column.
        places: the position of each column; None = it has none.
    """
    known = [(index, place) for index, place in enumerate(places) if place is not None]
    step = step_between(width, max((len(str(place)) for _, place in known), default=1))
    shown = [(index, place) for index, place in known if place % step == 0] or known[:1]
    return "".join(
        text(left + width * (index + 0.5), base, str(place), size=9, anchor="middle", fill="line")
        for index, place in shown
    )
