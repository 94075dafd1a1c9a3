"""Positions of a plan laid out for gathers: stretches of them walked side by side, the longest first.

At each step of a walk all stretches that are not at their end are at one position each, so what is pooled of
them is a running maximum of arrays, whatever their lengths. A substitution follows the stretch that it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence import N_CODE
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from varbind.kernels.work_plan import Work

__all__ = ["BASES", "Layout", "Step", "Walk"]

BASES = N_CODE + 1

ROWS = 1024
"""Positions summed at once, and stretches walked side by side."""

STRETCH = 128
"""Positions of a stretch: enough for a usual window in one piece. A changed middle is never cut."""

WALKS_KEPT = 4
"""Walks that are laid out once for all networks; those of a long sequence are laid out again each time."""


@dataclass(frozen=True, slots=True)
class Step:
    """Positions summed at once: as many of each of the first stretches of a walk.

    Attributes:
        stretches: how many.
        rows: for each word of a detector, the rows of its table, (positions of each x stretches,).
        changed: which of these sums the substitutions change, (positions of each x substitutions,) or empty.
        differences: rows (the same) of the table of changes, (m x 25, lanes): position of the base in the
            detector, base before, base after.
    """

    stretches: int
    rows: list[NDArray[np.intp]]
    changed: NDArray[np.intp]
    differences: NDArray[np.intp]


class Layout:
    """All positions of a plan, in walks.

    Args:
        work: the plan laid out for detectors of one length.
        detector_len: m, that length.
        word_len: bases of a word; a detector is read as words side by side, the last one perhaps beyond its end.
    """

    def __init__(self, work: Work, detector_len: int, word_len: int) -> None:
        self.alleles, self.cells = work.alleles, work.cells
        self.detector_len, self.word_len = detector_len, word_len
        self.text_words = _words(work.codes.ravel(), word_len)
        starts = ((work.sequences * work.codes.shape[1])[:, None] + work.bounds[:, :-1]).ravel()
        lengths = np.diff(work.bounds, axis=1).ravel()
        longest = max(STRETCH, detector_len)
        parts = -(-lengths // longest)
        self.cell_of = np.repeat(np.arange(len(lengths)), parts)
        part = np.arange(len(self.cell_of)) - np.repeat(np.cumsum(parts) - parts, parts)
        self.starts = starts[self.cell_of] + part * longest
        self.lengths = np.minimum(lengths[self.cell_of] - part * longest, longest)
        item = np.repeat(np.arange(len(work.sequences)), np.diff(work.first_substitution))
        self.substituted = np.searchsorted(self.cell_of, SEGMENTS * item + 1)
        self.changes = BASES * work.substitutions[:, 0] + work.substitutions[:, 1]
        self._kept = list(self._lay_out()) if len(self.starts) <= WALKS_KEPT * ROWS else None

    def walks(self) -> Iterator[Walk]:
        """All positions, some stretches after others."""
        return iter(self._kept) if self._kept is not None else self._lay_out()

    def _lay_out(self) -> Iterator[Walk]:
        for first in range(0, len(self.starts), ROWS):
            yield Walk(self, first, min(first + ROWS, len(self.starts)))


class Walk:
    """Stretches walked side by side, and the substitutions that follow them.

    Args:
        layout: of the plan.
        first: stretch of the layout.
        last: behind the last one.

    Attributes:
        stretches: how many.
        substitutions: how many.
        words: those that occur, base codes as digits, ascending.
        steps: of the walk.
    """

    def __init__(self, layout: Layout, first: int, last: int) -> None:
        lengths = layout.lengths[first:last]
        order = np.argsort(-lengths, kind="stable")
        self._place = np.argsort(order)
        self._cells, self._first = np.unique(layout.cell_of[first:last], return_index=True)
        of_walk = slice(*np.searchsorted(layout.substituted, [first, last]))
        followed = self._place[layout.substituted[of_walk] - first]
        self.stretches, self.substitutions = last - first, len(followed)
        self._changed_cells = layout.cells - len(layout.changes) + np.arange(of_walk.start, of_walk.stop)
        self.words, row_of = _occurring(layout, first, last)
        self.steps = []
        for begin, end, walked in _schedule(lengths[order]):
            at = np.arange(begin, end)[:, None]
            text = (layout.starts[first:last][order[:walked]] + at).ravel()
            offsets = range(0, layout.detector_len, layout.word_len)
            # Every substitution changes a middle of m positions; its first one reads the changed base last.
            changing = at[at[:, 0] < layout.detector_len]
            changed = (changing - begin) * walked + followed
            differences = (layout.detector_len - 1 - changing) * BASES**2 + layout.changes[of_walk]
            rows = [row_of[layout.text_words[text + offset]] for offset in offsets]
            self.steps.append(Step(walked, rows, changed.ravel(), differences.ravel()))

    def pool(self, operation: np.ufunc, values: NDArray[Any], cells: NDArray[Any]) -> None:
        """Take what was pooled of each stretch, then each substitution, (n, lanes), into its cell."""
        in_order = values[self._place]
        if len(self._cells) < self.stretches:
            in_order = operation.reduceat(in_order, self._first, axis=0)
        # Only the first cell may have begun in another walk.
        operation(in_order[0], cells[self._cells[0]], out=in_order[0])
        cells[self._cells] = in_order
        cells[self._changed_cells] = values[self.stretches :]


def _occurring(layout: Layout, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The words that some stretches read, and where each word is among them."""
    occurring = np.zeros(BASES**layout.word_len, dtype=bool)
    reach = layout.lengths[first:last] + layout.detector_len
    for start, length in zip(layout.starts[first:last], reach, strict=True):
        occurring[layout.text_words[start : start + length]] = True
    return np.flatnonzero(occurring), np.cumsum(occurring) - 1


def _schedule(lengths: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """First position, end and number of stretches of each step; the lengths of the stretches are descending."""
    begin = 0
    for end in np.unique(lengths).tolist():
        walked = int(np.count_nonzero(lengths >= end))
        step = max(1, ROWS // walked)
        for first in range(begin, end, step):
            yield first, min(first + step, end), walked
        begin = end


def _words(text: NDArray[np.uint8], length: int) -> NDArray[np.uint16]:
    """The word that begins at every base of a text, its bases as digits; N follow the text."""
    padded = np.append(text, np.full(length - 1, N_CODE, dtype=np.uint8))
    words = np.zeros(len(text), dtype=np.uint16)
    for base in range(length):
        words *= BASES
        words += padded[base : base + len(text)]
    return words
