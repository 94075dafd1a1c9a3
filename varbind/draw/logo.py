"""Sequence logos: letters as high as their information or weight, above and below an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES
from varbind.draw.letters import PlacedLetters, letter_shapes
from varbind.draw.svg import Drawing, colour, frame, line, text
from varbind.draw.tick_marks import axis, position_labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["LogoRow", "aligned_logos", "sequence_logo"]

LETTER, HEIGHT = 12.0, 72.0
"""The width of a column, and the height of a logo, in pixels."""

LEFT, MARGIN, HEADING, SEQUENCE, POSITIONS = 52.0, 8.0, 24.0, 16.0, 16.0
"""The widths and heights of what stands round a logo, in pixels."""

SMALLEST = 0.05
"""Letters that are less than this number of pixels high are left out."""


@dataclass(frozen=True, slots=True)
class LogoRow:
    """A logo with the sequence under it.

    Attributes:
        letters: the sequence, L letters A, C, G, T, U or N, or - for a base that the other sequence has.
        heights: the height of each base, float (L, 4), in the order A C G T; negative ones are drawn below the axis.
            Where the sequence has a -, they are usually 0.
        label: the name of the sequence.
    """

    letters: str
    heights: NDArray[np.floating]
    label: str

    def __post_init__(self) -> None:
        if self.heights.shape != (len(self.letters), 4):
            raise ValueError(f"{len(self.letters)} letters with heights of shape {self.heights.shape}")


def sequence_logo(
    heights: NDArray[np.floating],
    *,
    title: str,
    first: int = 1,
    strand: str = "+",
    boxed: Iterable[int] = (),
    unit: str = "bits",
    rna: bool = False,
) -> Drawing:
    """Draw a sequence logo.

    Args:
        heights: the height of each base, (L, 4), in the order A C G T; negative ones are drawn below the axis. Higher
            letters stand further from the axis.
        title: the heading.
        first: the position of the first column.
        strand: `+`, or `-` where positions run downwards.
        boxed: indices of columns, from 0, that get a box.
        unit: the unit of the heights.
        rna: whether T is written as U.

    Raises:
        ValueError: there are no columns, a height is not a number, or a boxed column does not exist.
    """
    values = _checked(heights)
    low, high = _limits(values)
    places = _places(len(values), first, strand)
    shapes = [
        text(MARGIN, HEADING - 11, title, size=12),
        _zero_line(len(values), low, high, HEADING),
        letter_shapes([_logo(values, low, high, HEADING, "ACGU" if rna else BASES)]),
        axis(LEFT - 4, HEADING, HEIGHT, low, high, unit),
        position_labels(LEFT, HEADING + HEIGHT + 12, LETTER, places),
        *_boxes(boxed, len(values), HEADING, HEIGHT),
    ]
    width, height = LEFT + LETTER * len(values) + MARGIN, HEADING + HEIGHT + POSITIONS + MARGIN / 2
    consensus = "".join(np.array(list("ACGU" if rna else BASES))[values.argmax(axis=1)])
    words = f"Sequence logo of {len(values)} positions; the highest letters read {consensus}."
    return Drawing(_wide(width, title), height, "".join(shapes), title, words)


def aligned_logos(
    reference: LogoRow,
    alternate: LogoRow,
    *,
    title: str,
    first: int = 1,
    boxed: Iterable[int] | None = None,
    unit: str = "score",
) -> Drawing:
    """Draw the logos of the reference and of the alternate sequence one above the other, on one scale.

    Args:
        reference: the reference sequence; where it has a -, the position does not count.
        alternate: the alternate sequence, aligned with the reference, so that both have the same length.
        title: the heading.
        first: the position of the first reference base.
        boxed: indices of columns, from 0, that get a box; None = those in which the sequences differ.
        unit: the unit of the heights.

    Raises:
        ValueError: the lengths differ, there are no columns, a height is not a number, or a boxed column does not
            exist.
    """
    rows = (reference, alternate)
    values = _checked(np.concatenate([reference.heights, alternate.heights])) + 0.0
    columns = len(reference.letters)
    if len(alternate.letters) != columns:
        raise ValueError(f"sequences of {columns} and {len(alternate.letters)} columns are not aligned")
    changed = [index for index in range(columns) if reference.letters[index] != alternate.letters[index]]
    low, high = _limits(values)
    shapes, top = [text(MARGIN, HEADING - 11, title, size=12)], HEADING
    placed: list[PlacedLetters] = []
    for row, own in zip(rows, (values[:columns], values[columns:]), strict=True):
        shapes.append(text(LEFT, top + 10, row.label, fill="line"))
        top += 14
        placed += [_logo(own, low, high, top, BASES), _sequence(row.letters, top + HEIGHT + 3)]
        shapes += [_zero_line(columns, low, high, top), axis(LEFT - 4, top, HEIGHT, low, high, unit)]
        shapes += _gaps(row.letters, top + HEIGHT + 8)
        shapes += _boxes(changed if boxed is None else boxed, columns, top, HEIGHT + SEQUENCE)
        top += HEIGHT + SEQUENCE + 6
    shapes.append(letter_shapes(placed))
    shapes.append(position_labels(LEFT, top + 8, LETTER, _reference_places(reference.letters, first)))
    named = "; ".join(_difference(reference.letters, alternate.letters, index) for index in changed)
    words = f"Two sequence logos, {reference.label} above {alternate.label}. Differences: {named or 'none'}."
    width = LEFT + LETTER * columns + MARGIN
    return Drawing(_wide(width, title), top + POSITIONS, "".join(shapes), title, words)


def _wide(width: float, heading: str) -> float:
    """The width of a drawing that has room for its heading."""
    return max(width, MARGIN * 2 + 7 * len(heading))


def _checked(heights: NDArray[np.floating]) -> NDArray[np.float64]:
    values = np.asarray(heights, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(BASES) or not len(values):
        raise ValueError(f"heights of shape {values.shape}, expected (L, 4)")
    if not np.isfinite(values).all():
        raise ValueError("a height is not a number")
    return values


def _limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of the axis: the deepest and the highest pile of letters; 0 to 1 where all are 0."""
    low, high = float(np.minimum(values, 0).sum(axis=1).min()), float(np.maximum(values, 0).sum(axis=1).max())
    return (low, high) if high > low else (0.0, 1.0)


def _zero_line(columns: int, low: float, high: float, top: float) -> str:
    """The line on which the letters of a logo stand."""
    zero = top + high * HEIGHT / (high - low)
    return line([(LEFT, zero), (LEFT + LETTER * columns, zero)], colour("line"))


def _logo(values: NDArray[np.float64], low: float, high: float, top: float, letters: str) -> PlacedLetters:
    """The letters of a logo."""
    scale = HEIGHT / (high - low)
    order = np.argsort(np.abs(values), axis=1, kind="stable")
    sorted_values = np.take_along_axis(values, order, axis=1) * scale
    above, below = np.maximum(sorted_values, 0), np.maximum(-sorted_values, 0)
    # The upper edge of a letter: above the axis, all letters up to it; below, all letters before it.
    zero = top + high * scale
    tops = np.where(sorted_values > 0, zero - above.cumsum(axis=1), zero + below.cumsum(axis=1) - below)
    lefts = np.broadcast_to(LEFT + LETTER * np.arange(len(values))[:, None], tops.shape)
    high_enough = np.abs(sorted_values) >= SMALLEST
    sizes = np.abs(sorted_values)
    boxes = np.stack([lefts + 0.4, tops, np.full_like(tops, LETTER - 0.8), sizes], axis=-1)[high_enough]
    chosen = "".join(letters[base] for base in order[high_enough].tolist())
    return PlacedLetters(chosen, boxes)


def _sequence(letters: str, top: float) -> PlacedLetters:
    """The letters of a sequence in their columns."""
    known = [index for index, letter in enumerate(letters) if letter != "-"]
    lefts = LEFT + LETTER * np.array(known, dtype=np.float64) + 2
    boxes = np.stack([lefts, *(np.full(len(known), size) for size in (top, LETTER - 4, 10.0))], axis=1)
    return PlacedLetters("".join(letters[index] for index in known), boxes)


def _gaps(letters: str, middle: float) -> list[str]:
    """A short line in each column without a base."""
    lefts = [LEFT + LETTER * index for index, letter in enumerate(letters) if letter == "-"]
    return [line([(left + 3, middle), (left + 9, middle)], colour("line")) for left in lefts]


def _boxes(columns: Iterable[int], count: int, top: float, height: float) -> list[str]:
    """A box round each run of neighbouring columns."""
    chosen = sorted(set(columns))
    if chosen and not 0 <= chosen[0] <= chosen[-1] < count:
        raise ValueError(f"no column {chosen[-1] if chosen[-1] >= count else chosen[0]} among {count}")
    starts = [column for column in chosen if column - 1 not in chosen]
    ends = [column + 1 for column in chosen if column + 1 not in chosen]
    return [
        frame(LEFT + LETTER * start, top - 1, LETTER * (end - start), height + 2)
        for start, end in zip(starts, ends, strict=True)
    ]


def _places(count: int, first: int, strand: str) -> list[int | None]:
    if strand not in {"+", "-"}:
        raise ValueError(f"{strand!r} is no strand")
    step = 1 if strand == "+" else -1
    return [first + step * index for index in range(count)]


def _reference_places(letters: str, first: int) -> list[int | None]:
    """The position of each column; None where the reference has no base."""
    counts = np.cumsum([letter != "-" for letter in letters]).tolist()
    return [None if letter == "-" else first + count - 1 for letter, count in zip(letters, counts, strict=True)]


def _difference(reference: str, alternate: str, index: int) -> str:
    return f"{reference[index]}>{alternate[index]} in column {index + 1}"
