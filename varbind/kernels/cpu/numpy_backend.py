"""DeepBind networks on a CPU with numpy alone: for small batches, and where the compiled kernel cannot be used.

With one-hot input a convolution is a sum of table rows. A table has one row for each word of up to five bases that
occurs in the batch, and a row holds the detectors of a few networks on both strands. A position of a detector is the
sum of one row for each word of the detector. All numbers are 32-bit whole numbers (`varbind.kernels.exact_arithmetic`),
so that the sums are exact in any order and equal to those of the other kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence import N_CODE
from varbind.kernels.exact_arithmetic import OutputLayers, quarters
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.work_plan import Plan, Work

__all__ = ["NumpyStacks"]

CODES = N_CODE + 1

LONGEST_WORD = 5
"""Bases of a word. Longer words need fewer rows per position, but larger tables."""

LANES = 64
"""Detectors, of both strands, in one row of a table. A table of this width fits into the second-level cache."""

ROWS = 1024
"""Positions that are summed at once."""

STRETCH = 128
"""Positions of one stretch; longer cells are cut. A usual window fits into one stretch."""

SMALL_BUFFER = 128
"""Elements of numpy's buffers for broadcasting. Its default copies large blocks and takes twice as long here."""

LOWEST = np.iinfo(np.int32).min
"""A value that changes neither a maximum nor a sum of rectified values."""


class NumpyStacks:
    """Networks of one window length, scored with numpy alone.

    Args:
        stacks: the networks.
        threads: the threads that score blocks of networks; None = the caller's thread does.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], threads: Executor | None = None) -> None:
        self._threads = threads
        self._blocks = [_Block(part) for stack in stacks for part in _parts(stack)]

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack."""
        lengths = {block.detector_len for block in self._blocks}
        layouts = {length: _Layout(plan.work(length), length) for length in lengths}
        score_blocks = self._threads.map if self._threads else map
        return np.concatenate(
            list(score_blocks(lambda block: block.score(layouts[block.detector_len]), self._blocks)), 1
        )


def _parts(stack: DeepBindStack) -> Iterator[DeepBindStack]:
    """The networks of a stack, as many at a time as fill the lanes of a row."""
    step, count = max(1, LANES // (stack.config.detectors * stack.config.strands)), len(stack.model_ids)
    return (stack.take(range(first, min(first + step, count))) for first in range(0, count, step))


def _word_len(detector_len: int) -> int:
    """Number of bases per word, so that a detector has as few words as possible, of about equal length."""
    return -(-detector_len // -(-detector_len // LONGEST_WORD))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Stretches of about the same length that are summed together, position by position.

    Attributes:
        stretches: the n stretches, as a slice of those of the layout.
        rows: for every word of a detector, the table rows of all positions, uint16 (words, positions x n). A stretch
            that is shorter than the first one is filled up with the last row of the table.
        substitutions: the q substitutions within these stretches, as a slice of those of the layout.
        changed: the stretch that each substitution changes, counted within the chunk, (q,).
        changes: for every position and substitution, the row of the table of changes, (positions x q,).
    """

    stretches: slice
    rows: NDArray[np.uint16]
    substitutions: slice
    changed: NDArray[np.int64]
    changes: NDArray[np.int64]


class _Layout:
    """The cells of a plan cut into stretches, which are summed in chunks.

    Args:
        work: the plan for detectors of one length.
        detector_len: m, that length.

    Attributes:
        words: the words that occur, with base codes as digits, ascending.
        stretches: the number of stretches. Those with substitutions are the last ones, and each has m positions; the
            others are in descending order of length.
        substitutions: the number of substitutions.
        chunks: all stretches and substitutions.
        alleles: as in `Work`.
    """

    def __init__(self, work: Work, detector_len: int) -> None:
        word_len = _word_len(detector_len)
        lengths = np.diff(work.bounds, axis=1).ravel()
        starts = ((work.sequences * work.codes.shape[1])[:, None] + work.bounds[:, :-1]).ravel()
        longest = max(STRETCH, detector_len)
        parts = -(-lengths // longest)
        cell_of = np.repeat(np.arange(len(lengths)), parts)
        offsets = longest * (np.arange(len(cell_of)) - np.repeat(np.cumsum(parts) - parts, parts))
        lengths = np.minimum(lengths[cell_of] - offsets, longest)
        middles = SEGMENTS * np.repeat(np.arange(len(work.sequences)), np.diff(work.first_substitution)) + 1
        substituted = np.isin(cell_of, middles)
        order = np.lexsort((-lengths, substituted))
        self._place = np.argsort(order)
        self._cells = work.cells
        self._filled, self._first = np.unique(cell_of, return_index=True)
        self._starts, self._lengths = (starts[cell_of] + offsets)[order], lengths[order]
        self._unsubstituted = int(np.count_nonzero(~substituted))
        self._changed = self._place[np.searchsorted(cell_of, middles)]
        self._changes = CODES * work.substitutions[:, 0] + work.substitutions[:, 1]
        self.alleles, self.stretches, self.substitutions = work.alleles, len(order), len(middles)
        self.words, rows = _occurring_words(work.codes.ravel(), word_len)
        self.chunks = list(self._chunks(rows, detector_len, word_len))

    def _chunks(self, text: NDArray[np.uint16], detector_len: int, word_len: int) -> Iterator[_Chunk]:
        words = np.arange(0, detector_len, word_len)[:, None, None]
        first = 0
        while first < self.stretches:
            end = self._unsubstituted if first < self._unsubstituted else self.stretches
            last = min(first + max(1, ROWS // int(self._lengths[first])), end)
            at = np.arange(self._lengths[first])[:, None]
            index = self._starts[first:last] + at + words
            rows = text.take(index, mode="clip")
            rows[:, at >= self._lengths[first:last]] = len(self.words)
            within = slice(*np.searchsorted(self._changed, [first, last]))
            # The first position reads the changed base last, and each following position reads it one place earlier.
            changes = (detector_len - 1 - at) * CODES**2 + self._changes[within]
            changed = self._changed[within] - first
            yield _Chunk(slice(first, last), rows.reshape(len(words), -1), within, changed, changes.ravel())
            first = last

    def by_cell(self, operation: np.ufunc, pooled: NDArray[Any], empty: int) -> NDArray[Any]:
        """Combine values of the stretches, then those of the substitutions, (n, lanes), to values of the cells.

        Cells without positions get the value `empty`.
        """
        cells = np.full((self._cells, pooled.shape[1]), empty, dtype=pooled.dtype)
        stretches = pooled[self._place]
        if len(self._filled) < self.stretches:  # a cell was cut
            stretches = operation.reduceat(stretches, self._first, axis=0)
        cells[self._filled] = stretches
        cells[self._cells - self.substitutions :] = pooled[self.stretches :]
        return cells


def _occurring_words(text: NDArray[np.uint8], length: int) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """The words that occur in a text, ascending, and for every base of the text the index of the word that it begins.

    The text is continued with N.
    """
    padded = np.append(text, np.full(length - 1, N_CODE, dtype=np.uint8))
    words = np.zeros(len(text), dtype=np.uint16)
    for place in range(length):
        words = words * np.uint16(CODES) + padded[place : place + len(text)]
    occurring = np.bincount(words, minlength=CODES**length) > 0
    return np.flatnonzero(occurring), (np.cumsum(occurring) - 1).astype(np.uint16)[words]


class _Block:
    """A few networks of one configuration, whose detectors on both strands are the lanes of a row."""

    def __init__(self, stack: DeepBindStack) -> None:
        config, whole = stack.config, quarters(stack)
        word = _word_len(config.detector_len)
        self.detector_len, self._mean = config.detector_len, config.mean_pooling
        whole.detectors[:, :, 0] += whole.thresholds[:, None, None]
        bases = whole.detectors.transpose(2, 3, 0, 4, 1).reshape(config.detector_len, CODES, -1)  # (m, 5, lanes)
        # The effect of a changed base may need 33 bits and wrap around; the changed sum wraps back.
        self._changes = (bases[:, None] - bases[:, :, None]).reshape(-1, bases.shape[-1])
        # The last word may reach beyond the detector; bases there add nothing.
        padded = np.pad(bases, ((0, -config.detector_len % word), (0, 0), (0, 0)))
        self._bases = padded.reshape(-1, word, *bases.shape[1:])  # (words, word, 5, lanes)
        self._axes = (len(stack.model_ids), config.detectors, config.strands)
        self._scale = whole.scale[:, :, None, None]
        self._output_layers = OutputLayers(stack)

    def score(self, layout: _Layout) -> NDArray[np.float32]:
        """Scores of every allele, float32 (alleles, k)."""
        maxima, totals = self._pool(layout)
        left, middle, right, positions = layout.alleles.T
        cells = layout.by_cell(np.maximum, maxima, LOWEST)
        best = self._by_network(np.maximum(np.maximum(cells[left], cells[middle]), np.maximum(cells[right], 0)))
        means = None
        if totals is not None:
            cells = layout.by_cell(np.add, totals, 0)
            means = self._by_network(cells[left] + cells[middle] + cells[right]) / positions
        rows = [slice(row, row + 1) for row in range(self._axes[0])]
        return np.concatenate([self._score_network(row, best, means) for row in rows]).T

    def _pool(self, layout: _Layout) -> tuple[NDArray[np.int32], NDArray[np.int64] | None]:
        """Pool the sums of every stretch, then of every substitution: their maxima and the totals of rectified sums."""
        shape = (layout.stretches + layout.substitutions, self._bases.shape[-1])
        maxima, totals = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int64) if self._mean else None
        tables = self._tables(layout.words)
        largest = max((len(rows) for chunk in layout.chunks for rows in (chunk.rows[0], chunk.changes)), default=0)
        buffers = np.empty((3, largest, shape[1]), dtype=np.int32)
        for chunk in layout.chunks:
            sums = self._summed(chunk, tables, buffers)
            if len(chunk.changed):
                some = chunk.substitutions
                place = slice(layout.stretches + some.start, layout.stretches + some.stop)
                _collect(self._substituted(chunk, sums, buffers), place, maxima, totals)
            _collect(sums, chunk.stretches, maxima, totals)
        return maxima, totals

    def _summed(self, chunk: _Chunk, tables: NDArray[np.int32], buffers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Sums of the detectors at all positions of a chunk, (positions, n, lanes)."""
        sums, row = buffers[:2, : chunk.rows.shape[1]]
        _take(tables[0], chunk.rows[0], sums)
        for table, rows in zip(tables[1:], chunk.rows[1:], strict=True):
            _take(table, rows, row)
            np.add(sums, row, out=sums)
        by_position: NDArray[np.int32] = sums.reshape(-1, chunk.stretches.stop - chunk.stretches.start, sums.shape[1])
        return by_position

    def _substituted(self, chunk: _Chunk, sums: NDArray[np.int32], buffers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Sums at the positions that read a substituted base, (positions, q, lanes)."""
        row, changed = buffers[1:, : len(chunk.changes)]
        by_position: NDArray[np.int32] = changed.reshape(-1, len(chunk.changed), sums.shape[2])
        sums.take(chunk.changed, axis=1, out=by_position, mode="clip")
        _take(self._changes, chunk.changes, row)
        np.add(changed, row, out=changed)
        return by_position

    def _tables(self, words: NDArray[np.int64]) -> NDArray[np.int32]:
        """The sum of every word at every place of the detectors, (words of a detector, words + 1, lanes).

        The last row is for positions beyond the end of a stretch.
        """
        length = self._bases.shape[1]
        end_len = (length + 1) // 2
        beginnings, ends = np.divmod(np.append(words, 0), CODES**end_len)
        tables = np.empty((len(self._bases), len(ends), self._bases.shape[-1]), dtype=np.int32)
        _every_word(self._bases[:, length - end_len :]).take(ends, axis=1, out=tables, mode="clip")
        if length > end_len:
            tables += _every_word(self._bases[:, : length - end_len]).take(beginnings, axis=1)
        tables[:, -1] = 0
        tables[0, -1] = LOWEST
        return tables

    def _by_network(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Convert whole numbers (alleles, lanes) to the units of the detectors, (k, D, S, alleles)."""
        units: NDArray[np.float64] = values.T.astype(np.float64).reshape(*self._axes, len(values))
        units *= self._scale
        return units

    def _score_network(
        self, row: slice, maxima: NDArray[np.float64], means: NDArray[np.float64] | None
    ) -> NDArray[np.float32]:
        """Scores of every allele by one network, (1, alleles)."""
        # Both strands are computed side by side, as if they were further alleles.
        pools = [None if pool is None else pool[row].reshape(1, pool.shape[1], -1) for pool in (maxima, means)]
        with np.errstate(over="ignore"):  # a score beyond single precision is infinite
            np.setbufsize(SMALL_BUFFER)
            output = np.asarray(self._output_layers.score(*pools, models=row)).astype(np.float32)
        forward, *reverse = output.reshape(self._axes[2], 1, -1)
        return np.where(reverse[0] > forward, reverse[0], forward) if reverse else forward


def _every_word(bases: NDArray[np.int32]) -> NDArray[np.int32]:
    """The sum of every possible word of k bases, (words, 5^k, lanes), from the bases (words, k, 5, lanes)."""
    table = bases[:, 0]
    for place in range(1, bases.shape[1]):
        table = (table[:, :, None] + bases[:, None, place]).reshape(len(bases), -1, bases.shape[-1])
    return table


def _take(table: NDArray[np.int32], rows: NDArray[Any], out: NDArray[np.int32]) -> None:
    """Gather rows. No row is clipped, but without this mode numpy gathers into a copy first."""
    table.take(rows, axis=0, out=out, mode="clip")


def _collect(sums: NDArray[np.int32], place: slice, maxima: NDArray[np.int32], totals: NDArray[Any] | None) -> None:
    """Pool sums (positions, n, lanes) over the positions into n places; with totals they are overwritten."""
    np.maximum.reduce(sums, axis=0, out=maxima[place])
    if totals is not None:
        # An array of zeros: numpy's maximum with a scalar takes three times as long.
        np.maximum(sums, np.zeros_like(sums[:1]), out=sums)
        np.add.reduce(sums, axis=0, dtype=np.int64, out=totals[place])
