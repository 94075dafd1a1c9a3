"""The CPU path of numpy alone: convolution as a sum of table rows, gathered.

A detector over one-hot bases is a sum of one row for each word of a few bases. Tables hold the words that occur
in a batch, so a small batch pays for small tables, and a row holds the detectors of a few networks on both
strands. Stretches of positions are walked side by side: at each step one gather for each word of the detector,
sums in place, and a running maximum, on buffers that stay in the second-level cache.

Everything is whole numbers, quarters of those of `varbind.kernels.fixed_point` because an N counts as a quarter of
each base, so sums are exact in whatever order and for whatever part of a sequence they are formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.kernels.cpu.position_schedule import BASES, Layout
from varbind.kernels.fixed_point import HALF, quarters
from varbind.kernels.output_layers import Heads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.cpu.position_schedule import Step, Walk
    from varbind.kernels.work_plan import Plan

__all__ = ["GatherStack", "GatherStacks"]

LONGEST_WORD = 5
"""Bases of a word: the longer, the fewer gathers for a detector and the more rows of a table, up to 5^k."""

LANES = 64
"""Detectors, of both strands, in a row of a table."""

BLOCKS_A_TASK = 8
"""Blocks of networks that a thread takes at a time."""

SMALL_BUFFER = 128
"""Elements of numpy's own buffers while small arrays are broadcast."""

LOWEST = np.iinfo(np.int32).min
"""Neutral to a maximum."""


class GatherStacks:
    """Networks of one window length, scored with numpy alone.

    Args:
        stacks: the networks.
        threads: where blocks of networks are scored; None = here.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], threads: Executor | None = None) -> None:
        self._stacks = [GatherStack(stack) for stack in stacks]
        self._threads = threads

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack."""
        layouts = {
            length: Layout(plan.work(length), length, _word_len(length))
            for length in sorted({stack.config.detector_len for stack in self._stacks})
        }
        scores = [stack.score(layouts[stack.config.detector_len], self._threads) for stack in self._stacks]
        return np.concatenate(scores, axis=1)


class GatherStack:
    """Networks of one shape, in blocks that share table rows.

    Args:
        stack: the networks.
    """

    def __init__(self, stack: DeepBindStack) -> None:
        self.config = stack.config
        step = max(1, LANES // (stack.config.detectors * stack.config.strands))
        count = len(stack.model_ids)
        self._blocks = [_Block(stack.take(range(i, min(i + step, count)))) for i in range(0, count, step)]

    def score(self, layout: Layout, threads: Executor | None) -> NDArray[np.float32]:
        """Scores of every allele, float32 (alleles, K)."""

        def score_task(blocks: Sequence[_Block]) -> list[NDArray[np.float32]]:
            return _score(layout, blocks)

        # The blocks of a task have the same number of networks, so the last one may be alone.
        *full, last = self._blocks
        tasks = [full[i : i + BLOCKS_A_TASK] for i in range(0, len(full), BLOCKS_A_TASK)] + [[last]]
        parts = threads.map(score_task, tasks) if threads else map(score_task, tasks)
        return np.concatenate([scores for of_task in parts for scores in of_task], axis=1)


def _score(layout: Layout, blocks: Sequence[_Block]) -> list[NDArray[np.float32]]:
    """Scores of every allele, float32 (alleles, k) of each block."""
    pools = [block.empty(layout.cells) for block in blocks]
    for walk in layout.walks():
        pooling = _Pooling(walk, blocks[0])
        for block, pooled in zip(blocks, pools, strict=True):
            pooling.pool(block, pooled)
    return [block.score(pooled, layout.alleles) for block, pooled in zip(blocks, pools, strict=True)]


def _word_len(detector_len: int) -> int:
    """Bases of a word: as many words as needed, as equal as can be."""
    return -(-detector_len // -(-detector_len // LONGEST_WORD))


@dataclass(frozen=True, slots=True)
class _Pooled:
    """What is pooled over the positions of each cell of a plan, in quarters of whole numbers.

    Attributes:
        maxima: largest sum, int32 (cells, lanes), the lowest integer where a cell has no position.
        totals: of rectified sums, int64 (cells, lanes); None without mean pooling.
    """

    maxima: NDArray[np.int32]
    totals: NDArray[np.int64] | None

    def of_alleles(self, alleles: NDArray[np.int64]) -> _Pooled:
        """Of three cells each, both (alleles, lanes)."""
        maxima, totals = self.maxima[alleles[:, 0]], None
        for cells in alleles.T[1:3]:
            np.maximum(maxima, self.maxima[cells], out=maxima)
        if self.totals is not None:
            totals = self.totals[alleles[:, 0]]
            for cells in alleles.T[1:3]:
                totals += self.totals[cells]
        return _Pooled(maxima, totals)


class _Block:
    """A few networks of one shape whose detectors, strand by strand, are the lanes of a row."""

    def __init__(self, stack: DeepBindStack) -> None:
        config, whole = stack.config, quarters(stack)
        word = _word_len(config.detector_len)
        whole.detectors[:, :, 0] += whole.thresholds[:, None, None]
        rows = whole.detectors.transpose(2, 3, 0, 4, 1).reshape(config.detector_len, BASES, -1)
        # Bases beyond the detector, of the last word, count nothing.
        padded = np.pad(rows, ((0, -config.detector_len % word), (0, 0), (0, 0)))
        self.bases = padded.reshape(-1, word, *rows.shape[1:])  # (words, word, 5, lanes)
        self.mean = config.mean_pooling
        self._detector_len = config.detector_len
        self._axes = (len(stack.model_ids), config.detectors, config.strands)
        self._scale = whole.scale[:, :, None, None]
        self._heads = Heads(stack)

    def differences(self) -> NDArray[np.int32]:
        """What a sum gains by a change of one base, (m x 25, lanes): place in the detector, before, after.

        It may leave 32 bits and wrap around; the changed sum does not, so it comes back.
        """
        bases = self.bases.reshape(-1, *self.bases.shape[2:])[: self._detector_len]
        changes: NDArray[np.int32] = bases[:, None] - bases[:, :, None]
        return changes.reshape(-1, bases.shape[-1])

    def empty(self, cells: int) -> _Pooled:
        """Cells into which nothing has been pooled."""
        shape = (cells, self.bases.shape[-1])
        totals = np.zeros(shape, dtype=np.int64) if self.mean else None
        return _Pooled(np.full(shape, LOWEST, dtype=np.int32), totals)

    def score(self, pooled: _Pooled, alleles: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of every allele (alleles, k) from its three cells and its number of positions."""
        of_alleles = pooled.of_alleles(alleles)
        maxima, means = self._by_network(np.maximum(of_alleles.maxima, 0)), None
        if of_alleles.totals is not None:
            means = self._by_network(of_alleles.totals) / alleles[:, 3]
        networks = [slice(row, row + 1) for row in range(self._axes[0])]
        return np.concatenate([self._score_network(row, maxima, means) for row in networks]).T

    def _by_network(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Integers (alleles, lanes) in the units of the detectors, (k, D, S, alleles)."""
        units: NDArray[np.float64] = values.T.astype(np.float64).reshape(*self._axes, len(values))
        units *= self._scale
        return units

    def _score_network(
        self, row: slice, maxima: NDArray[np.float64], means: NDArray[np.float64] | None
    ) -> NDArray[np.float32]:
        """Scores of every allele by one network, (1, alleles)."""
        # Strands stand beside the alleles.
        pools = [None if pool is None else pool[row].reshape(1, pool.shape[1], -1) for pool in (maxima, means)]
        with np.errstate(over="ignore"):  # beyond single precision is infinity
            # By default numpy copies what it broadcasts into buffers, which takes twice the time of the arithmetic.
            np.setbufsize(SMALL_BUFFER)
            output = np.asarray(self._heads.score(*pools, models=row)).astype(np.float32)
        forward, *reverse = output.reshape(self._axes[2], 1, -1)
        return np.where(reverse[0] > forward, reverse[0], forward) if reverse else forward


class _Tables:
    """Tables of one block after the other, in the same memory.

    The first bases of a word and the last ones pick their sums from small tables of all such words.
    """

    def __init__(self, words: NDArray[np.int64], shape: tuple[int, ...]) -> None:
        count, self._length, _, lanes = shape
        self._low_len = (self._length + 1) // 2
        self._high, self._low = np.divmod(words, BASES**self._low_len)
        self._tables, self._rows = np.empty((2, count, len(words), lanes), dtype=np.int32)

    def of(self, bases: NDArray[np.int32]) -> NDArray[np.int32]:
        """Sums (words of the detector, words, lanes) of what each word picks from its bases."""
        first = self._length - self._low_len
        _take(_every_word(bases[:, first:]), self._low, 1, self._tables)
        if first:
            _take(_every_word(bases[:, :first]), self._high, 1, self._rows)
            np.add(self._tables, self._rows, out=self._tables)
        return self._tables


def _every_word(bases: NDArray[np.int32]) -> NDArray[np.int32]:
    """Sums (words, 5^k, lanes) for every word of k bases, from (words, k, 5, lanes)."""
    table = bases[:, 0]
    for place in range(1, bases.shape[1]):
        table = (table[:, :, None] + bases[:, None, place]).reshape(len(bases), -1, bases.shape[-1])
    return table


def _take(table: NDArray[np.int32], rows: NDArray[np.int64], axis: int, out: NDArray[np.int32]) -> None:
    """Gather rows. None is clipped: otherwise numpy gathers into a copy, to leave `out` alone on an error."""
    table.take(rows, axis=axis, out=out, mode="clip")


class _Pooling:
    """Pools the positions of a walk for one block after the other, in the same memory.

    The two parts of a sum of rectified values (`HALF`) together give the exact sum of up to 2^15 positions.
    """

    def __init__(self, walk: Walk, block: _Block) -> None:
        self._walk, self._mean = walk, block.mean
        self._tables = _Tables(walk.words, block.bases.shape)
        lanes = block.bases.shape[-1]
        largest = max(max(len(step.rows[0]), len(step.changed)) for step in walk.steps)
        self._sums, self._row, self._other = np.empty((3, largest, lanes), dtype=np.int32)
        self._zero = np.zeros((largest, lanes), dtype=np.int32)
        self._maxima, self._rough = np.empty((2, walk.stretches + walk.substitutions, lanes), dtype=np.int32)
        self._modulo = np.empty(self._rough.shape, dtype=np.uint32)

    def pool(self, block: _Block, pooled: _Pooled) -> None:
        """Pool all positions of the walk into their cells."""
        self._maxima.fill(LOWEST)
        self._modulo.fill(0)
        self._rough.fill(0)
        tables = self._tables.of(block.bases)
        differences = block.differences()
        for step in self._walk.steps:
            sums = self._summed(step, tables)
            if len(step.changed):
                self._collect(self._changed(step, sums, differences), slice(self._walk.stretches, None))
            self._collect(sums, slice(step.stretches))
        self._walk.pool(np.maximum, self._maxima, pooled.maxima)
        if pooled.totals is not None:
            # Near the rough sum, and right modulo 2^32.
            totals = self._rough.astype(np.int64) << HALF
            totals += (self._modulo - totals) & 0xFFFFFFFF
            self._walk.pool(np.add, totals, pooled.totals)

    def _summed(self, step: Step, tables: NDArray[np.int32]) -> NDArray[np.int32]:
        """Sums of the positions of one step, (positions x stretches, lanes)."""
        count = len(step.rows[0])
        sums, row = self._sums[:count], self._row[:count]
        _take(tables[0], step.rows[0], 0, sums)
        for table, rows in zip(tables[1:], step.rows[1:], strict=True):
            _take(table, rows, 0, row)
            np.add(sums, row, out=sums)
        return sums

    def _changed(self, step: Step, sums: NDArray[np.int32], differences: NDArray[np.int32]) -> NDArray[np.int32]:
        """Sums of the positions that see a substitution, (positions x substitutions, lanes)."""
        count = len(step.changed)
        changed, row = self._other[:count], self._row[:count]
        _take(sums, step.changed, 0, changed)
        _take(differences, step.differences, 0, row)
        np.add(changed, row, out=changed)
        return changed

    def _collect(self, sums: NDArray[np.int32], into: slice) -> None:
        """Pool sums (positions x n, lanes), which are rectified in place, into n places."""
        maxima = self._maxima[into]
        by_position = sums.reshape(-1, *maxima.shape)
        _fold(np.maximum, maxima, by_position)
        if self._mean:
            # An array of zeros: numpy's maximum with a scalar is three times slower.
            np.maximum(sums, self._zero[: len(sums)], out=sums)
            _fold(np.add, self._modulo[into], by_position.view(np.uint32))
            np.right_shift(sums, HALF, out=sums)
            _fold(np.add, self._rough[into], by_position)


def _fold(operation: np.ufunc, into: NDArray[Any], values: NDArray[Any]) -> None:
    """Take values (positions, stretches, lanes) into what is pooled of them."""
    if len(values) > 4:  # a reduction costs a copy, a loop a call for each
        values = operation.reduce(values, axis=0, keepdims=True, dtype=values.dtype)
    for of_position in values:
        operation(into, of_position, out=into)
