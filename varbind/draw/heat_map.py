"""Mutation maps as pictures: the letters of a sequence above a heat map of all its substitutions.

The picture is that of figure 4 of DeepBind (Alipanahi et al. 2015): the height of a letter is the larger of 0 and minus
its most negative substitution, so that the bases on which a score depends stand out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES
from varbind.draw.letters import PlacedLetters, letter_shapes
from varbind.draw.svg import Drawing, colour, frame, line, path, rectangle, text
from varbind.draw.tick_marks import position_labels, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["MapMark", "MapRow", "draw_mutation_map", "letter_heights"]

CELL = 9.0
"""The width and the height of a cell, in pixels."""

LEFT, MARGIN, HEADING, LABEL, LETTERS, POSITIONS, LEGEND = 52.0, 8.0, 20.0, 14.0, 36.0, 18.0, 34.0
"""The widths and heights of what stands round the cells, in pixels."""

LEVELS = 20
"""The number of shades of each sign."""

SMALLEST = 0.05
"""Letters that are less than this number of pixels high are left out."""


@dataclass(frozen=True, slots=True)
class MapRow:
    """The mutation map of one sequence.

    Attributes:
        letters: the sequence, L letters A, C, G, T, U or N, or - for a base that another sequence has.
        changes: mutant minus original score, float (4, L), rows A, C, G, T.
        label: the name of the sequence.
        deletions: the same for deletions of 1, 2, ..., D bases, float (D, L), in the column of the first deleted base;
            NaN where the sequence ends before. Empty if D = 0.
    """

    letters: str
    changes: NDArray[np.floating]
    label: str
    deletions: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        if self.changes.shape != (len(BASES), len(self.letters)):
            raise ValueError(f"{len(self.letters)} letters with changes of shape {self.changes.shape}")
        if self.deletions is not None and self.deletions.shape[1:] != (len(self.letters),):
            raise ValueError(f"{len(self.letters)} letters with deletions of shape {self.deletions.shape}")

    @property
    def cells(self) -> NDArray[np.float64]:
        """All changes, float64 (4 + D, L)."""
        parts = [self.changes, *([] if self.deletions is None else [self.deletions])]
        return np.concatenate(parts).astype(np.float64)


@dataclass(frozen=True, slots=True)
class MapMark:
    """A variant in a map.

    Attributes:
        row: the index of the `MapRow`.
        start: the index of its first column.
        end: the index after its last column.
        base: the new base, whose cell gets a ring; empty = the columns get a box.
        label: its name.
    """

    row: int
    start: int
    end: int
    base: str = ""
    label: str = ""


def letter_heights(changes: NDArray[np.floating]) -> NDArray[np.float64]:
    """The height of each letter, float64 (L,): the larger of 0 and minus the most negative of its changes (4, L)."""
    heights: NDArray[np.float64] = np.maximum(-np.asarray(changes, dtype=np.float64).min(axis=0), 0.0) + 0.0
    return heights


def draw_mutation_map(
    rows: Sequence[MapRow],
    *,
    title: str,
    first: int = 1,
    marks: Sequence[MapMark] = (),
    limit: float | None = None,
    unit: str = "change of the score",
    columns: int = 100,
) -> Drawing:
    """Draw the maps of one sequence, or of several aligned ones, on one scale.

    Args:
        rows: the maps, all of the same length L, such as wild type and mutant.
        title: the heading.
        first: the position of the first base of the first map.
        marks: variants.
        limit: the change that has the full colour; None = the largest of all.
        unit: what the colours mean.
        columns: the number of columns after which the map goes on below.

    Raises:
        ValueError: the maps are empty or differ in length, a change is infinite, or a mark is outside.
    """
    length = _checked_length(rows, marks)
    cells = [row.cells for row in rows]
    largest = max(float(np.nanmax(np.abs(values), initial=0)) for values in cells)
    limit = limit or largest or 1.0
    if not np.isfinite(limit):
        raise ValueError("a change is not a number")
    heights = [letter_heights(row.changes) for row in rows]
    highest = max(float(own.max()) for own in heights) or 1.0
    shapes, top = [text(MARGIN, HEADING - 7, title, size=12)], HEADING
    placed: list[PlacedLetters] = []
    places = _places(rows[0].letters, first)
    for start in range(0, length, columns):
        part = range(start, min(start + columns, length))
        for number, row in enumerate(rows):
            placed.append(_letters(row.letters, heights[number] * LETTERS / highest, part, top + LABEL))
            shapes.append(text(LEFT, top + 10, row.label, fill="line"))
            top += LABEL + LETTERS + 2
            shapes += _panel(row.letters, cells[number], limit, part, top)
            shapes += _rings([mark for mark in marks if mark.row == number], part, top, len(cells[number]))
            top += CELL * len(cells[number]) + 4
        shapes.append(position_labels(LEFT, top + 7, CELL, places[part.start : part.stop]))
        top += POSITIONS
    shapes += [letter_shapes(placed), _legend(limit, unit, marks, top)]
    width = max(LEFT + CELL * min(length, columns) + MARGIN, LEFT + 420, MARGIN * 2 + 7 * len(title))
    return Drawing(width, top + LEGEND, "".join(shapes), title, _description(rows, places, marks))


def _checked_length(rows: Sequence[MapRow], marks: Sequence[MapMark]) -> int:
    """The length of the maps."""
    lengths = {len(row.letters) for row in rows}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"maps of {sorted(lengths)} columns; expected one length of at least 1")
    (length,) = lengths
    for mark in marks:
        if not (0 <= mark.row < len(rows) and 0 <= mark.start < mark.end <= length and mark.base in {"", *BASES}):
            raise ValueError(f"{mark} is outside of {len(rows)} maps of {length} columns")
    if any(np.isnan(row.changes).any() for row in rows):
        raise ValueError("a change is not a number")
    return length


def _places(letters: str, first: int) -> list[int | None]:
    """The position of each column; None where the first sequence has no base."""
    counts = np.cumsum([letter != "-" for letter in letters]).tolist()
    return [None if letter == "-" else first + count - 1 for letter, count in zip(letters, counts, strict=True)]


def _letters(letters: str, heights: NDArray[np.float64], part: range, top: float) -> PlacedLetters:
    """The letters of some columns above their cells."""
    chosen = [index for index in part if heights[index] >= SMALLEST and letters[index] != "-"]
    own = heights[chosen]
    lefts = LEFT + CELL * (np.array(chosen, dtype=np.float64) - part.start) + 0.3
    boxes = np.stack([lefts, top + LETTERS - own, np.full(len(chosen), CELL - 0.6), own], axis=1)
    return PlacedLetters("".join(letters[index] for index in chosen), boxes)


def _panel(letters: str, cells: NDArray[np.float64], limit: float, part: range, top: float) -> list[str]:
    """The cells of some columns, with the line above them, the names of their rows and the marks of the own bases."""
    base = [(LEFT, top - 2), (LEFT + CELL * len(part), top - 2)]
    return [
        line(base, colour("line")),
        _cells(cells[:, part.start : part.stop], limit, top),
        _row_names(len(cells), top),
        _own_bases(letters, part, top),
    ]


def _cells(values: NDArray[np.float64], limit: float, top: float) -> str:
    """Cells (rows, columns) as one path for each shade; a change that rounds to 0 has the background's colour."""
    shades = np.nan_to_num(np.rint(np.clip(values / limit, -1, 1) * LEVELS)).astype(np.int64)
    rows, columns = np.nonzero(shades)
    if not len(rows):
        return ""
    order = np.argsort(shades[rows, columns], kind="stable")
    corners = np.stack([LEFT + CELL * columns[order], top + CELL * rows[order]], axis=1)
    found, starts = np.unique(shades[rows, columns][order], return_index=True)
    shapes = []
    for shade, own in zip(found.tolist(), np.split(np.round(corners, 1), starts[1:]), strict=True):
        steps = f"M%g %gh{CELL:g}v{CELL:g}h-{CELL:g}z" * len(own) % tuple(own.ravel().tolist())
        shapes.append(path(steps, colour("loss" if shade < 0 else "gain"), opacity=abs(shade) / LEVELS))
    return "".join(shapes)


def _own_bases(letters: str, part: range, top: float) -> str:
    """A dot in the cell of each base that the sequence has."""
    own = [(BASES.find(letters[index].replace("U", "T")), index - part.start) for index in part]
    return path(
        "".join(
            f"M{LEFT + CELL * (column + 0.5) - 1:g} {top + CELL * (row + 0.5) - 1:g}h2v2h-2z"
            for row, column in own
            if row >= 0
        ),
        colour("line"),
    )


def _row_names(count: int, top: float) -> str:
    """The names of the rows of cells: a base, or the number of deleted bases."""
    names = [*BASES, *(f"del {size}" for size in range(1, count - len(BASES) + 1))]
    return "".join(
        text(LEFT - 5, top + CELL * (row + 0.5) + 3, name, size=8, anchor="end") for row, name in enumerate(names)
    )


def _rings(marks: Sequence[MapMark], part: range, top: float, count: int) -> list[str]:
    """A ring round the cell of each substitution, and a box round the columns of each other variant."""
    shapes = []
    for mark in marks:
        start, end = max(mark.start, part.start), min(mark.end, part.stop)
        if start >= end:
            continue
        left, width = LEFT + CELL * (start - part.start), CELL * (end - start)
        if mark.base:
            shapes.append(frame(left, top + CELL * BASES.index(mark.base), width, CELL, mark.label))
        else:
            shapes.append(frame(left, top - LETTERS - 2, width, LETTERS + 2 + CELL * count, mark.label))
    return shapes


def _legend(limit: float, unit: str, marks: Sequence[MapMark], top: float) -> str:
    """The colours with the changes that they stand for, and the names of the variants."""
    size = 5.0
    shapes = [
        rectangle(
            LEFT + size * (shade + LEVELS),
            top,
            size,
            CELL,
            colour("loss" if shade < 0 else "gain"),
            opacity=abs(shade) / LEVELS,
        )
        for shade in range(-LEVELS, LEVELS + 1)
        if shade
    ]
    ends = ((0, -limit), (LEVELS + 0.5, 0.0), (2 * LEVELS + 1, limit))
    shapes += [
        text(LEFT + size * column, top + CELL + 10, short(value), size=9, anchor="middle", fill="line")
        for column, value in ends
    ]
    named = "; ".join(mark.label for mark in marks if mark.label)
    shapes.append(text(LEFT + size * (2 * LEVELS + 1) + 14, top + CELL - 1, unit, size=10, fill="line"))
    if named:
        shapes.append(text(LEFT + size * (2 * LEVELS + 1) + 14, top + CELL + 12, f"marked: {named}", size=10))
    return "".join(shapes)


def _description(rows: Sequence[MapRow], places: Sequence[int | None], marks: Sequence[MapMark]) -> str:
    """The strongest loss and gain of each map, in words."""
    sentences = []
    for row in rows:
        for name, chosen in (("loss", row.changes.argmin()), ("gain", row.changes.argmax())):
            base, column = divmod(int(chosen), row.changes.shape[1])
            value, place = float(row.changes[base, column]), places[column]
            at = f"position {place}" if place is not None else f"column {column + 1}"
            sentences.append(
                f"{row.label}: the strongest {name} is {short(value)}, {row.letters[column]}>{BASES[base]} at {at}."
            )
    named = ", ".join(mark.label for mark in marks if mark.label)
    return " ".join([*sentences, *([f"Marked: {named}."] if named else [])])
