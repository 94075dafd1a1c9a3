"""What a device multiplies: stretches of bases as rows of small whole numbers, detectors as columns of large ones.

A position of a detector reads a stretch of m bases. A base takes three numbers of its row, one each for A, C and
G: 4 at its own letter, none for T, and 1 at all three for N, which counts as a quarter of each base. A column
holds by how much A, C and G differ from T at each base of a detector. What T alone would give, and the
threshold, stand at the end of the column, against a 1 in every row. A row times a column is then the
detector's output with its threshold in quarters of the fixed point, as on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.kernels.exact_arithmetic import fixed_point
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.work_plan import Work

__all__ = ["LETTERS", "ONE_HOT", "Piece", "detector_columns", "stretch_width"]

LETTERS = 3
"""Numbers of a row for one base."""

ONE_HOT = np.vstack([4 * np.eye(4, LETTERS), np.ones((1, LETTERS))]).astype(np.int8)
"""Of every base code, (5, 3)."""

WIDTH_STEP = 32
"""A tensor core of sm_90 takes bytes by 32 along the axis that is summed."""


def stretch_width(detector_len: int) -> int:
    """Numbers in a row: three a base and the 1, rounded up to at most two powers of two for the tensor cores."""
    steps = -(-(LETTERS * detector_len + 1) // WIDTH_STEP)
    wide = 1 << (steps.bit_length() - 1)
    narrow = 1 << (steps - wide - 1).bit_length() if steps > wide else 0
    return WIDTH_STEP * (wide + narrow)


def detector_columns(stack: DeepBindStack) -> NDArray[np.int64]:
    """The detectors of a stack as columns, (width, K S D): below 2^31 each, and so is a row times a column.

    The reverse strand is read by detectors turned to their reverse complement, which pools to the same values
    as turning the sequence.
    """
    config = stack.config
    fixed = fixed_point(stack)
    whole = fixed.detectors.astype(np.int64)  # (K, m, 4, D)
    strands = np.stack([whole, whole[:, ::-1, ::-1]][: config.strands], axis=1)
    differences = strands[:, :, :, :LETTERS] - strands[:, :, :, LETTERS:]  # (K, S, m, 3, D)
    of_t = 4 * (strands[:, :, :, LETTERS].sum(axis=2) + fixed.thresholds.astype(np.int64)[:, None])  # (K, S, D)
    columns = np.zeros((stretch_width(config.detector_len), of_t.size), dtype=np.int64)
    own = LETTERS * config.detector_len
    columns[:own] = differences.transpose(2, 3, 0, 1, 4).reshape(own, -1)
    columns[own] = of_t.reshape(-1)
    return columns


@dataclass(frozen=True, slots=True)
class Piece:
    """Some alleles of a plan's work and the cells that they need, by falling number of positions.

    Attributes:
        codes: the bases that the cells read, one cell after the other, uint8.
        first: where in `codes` the first position of each cell begins, int64 (cells,).
        positions: of each cell, at least one, int64 (cells,).
        alleles: cells of the left, middle and right part and number of positions, int64 (alleles, 4); a part
            without positions has the cell after the last one.
    """

    codes: NDArray[np.uint8]
    first: NDArray[np.int64]
    positions: NDArray[np.int64]
    alleles: NDArray[np.int64]

    @classmethod
    def of(cls, work: Work, detector_len: int, alleles: slice) -> Piece:
        """The piece of a work that scores some of its alleles."""
        chosen = work.alleles[alleles]
        cells, renumbered = np.unique(chosen[:, :SEGMENTS], return_inverse=True)
        item, segment, base = _origin(work, cells)
        positions = work.bounds[item, segment + 1] - work.bounds[item, segment]
        order = np.argsort(-positions, kind="stable")
        order = order[positions[order] > 0]
        number = np.full(len(cells), len(order))
        number[order] = np.arange(len(order))
        item, segment, base, positions = item[order], segment[order], base[order], positions[order]
        length = positions + detector_len - 1
        first = np.cumsum(length) - length
        source = work.sequences[item] * work.codes.shape[1] + work.bounds[item, segment]
        codes = work.codes.reshape(-1)[np.repeat(source - first, length) + np.arange(length.sum())]
        changed = base >= 0
        codes[first[changed] + detector_len - 1] = base[changed]
        parts = number[renumbered.reshape(-1, SEGMENTS)]
        return cls(codes, first, positions, np.column_stack([parts, chosen[:, SEGMENTS]]))


def _origin(work: Work, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Item and segment of cells, and the base that a substitution puts in place of the middle's; -1 = none."""
    count = len(work.sequences)
    substituted = cells >= SEGMENTS * count
    substitution = np.where(substituted, cells - SEGMENTS * count, 0)
    item, segment = np.divmod(cells, SEGMENTS)
    base = np.full(len(cells), -1)
    if substituted.any():
        owner = np.searchsorted(work.first_substitution, substitution, side="right") - 1
        item, segment = np.where(substituted, owner, item), np.where(substituted, 1, segment)
        base = np.where(substituted, work.substitutions[substitution, 1], base)
    return item, segment, base
