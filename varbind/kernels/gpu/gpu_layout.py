"""The layout of the matrix products of a GPU: stretches of bases are rows, and detectors are columns.

A position of a detector reads a stretch of m bases. Each base has three numbers in its row, one each for A, C and G:
4 for its own letter, none of them for T, and 1 for all three for N, which counts as a quarter of each base. A column
holds, for each base of a detector, by how much A, C and G differ from T. The sum over T alone and the threshold are
stored at the end of the column and meet a 1 in every row. A row times a column is then the output of the detector
with its threshold, in quarters of the fixed point, as on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import
from varbind.kernels.exact_arithmetic import fixed_point
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.work_plan import Work
else:
    torch = optional_import("torch", needed_for="scoring on a GPU")

__all__ = ["LETTERS", "ONE_HOT", "Piece", "Stretches", "detector_columns", "stretch_width"]

LETTERS = 3
"""Numbers per base in a row."""

ONE_HOT = np.vstack([4 * np.eye(4, LETTERS), np.ones((1, LETTERS))]).astype(np.int8)
"""The numbers of every base code, (5, 3)."""

WIDTH_STEP = 32
"""Bytes that a tensor core of sm_90 takes at once along the axis of the sum."""


def stretch_width(detector_len: int) -> int:
    """Length of a row: three numbers per base and the 1, rounded up for the tensor cores.

    The result is a power of two, or the sum of two.
    """
    steps = -(-(LETTERS * detector_len + 1) // WIDTH_STEP)
    wide = 1 << (steps.bit_length() - 1)
    narrow = 1 << (steps - wide - 1).bit_length() if steps > wide else 0
    return WIDTH_STEP * (wide + narrow)


def detector_columns(stack: DeepBindStack) -> NDArray[np.int64]:
    """The detectors of a stack as columns, (width, K S D); they and their products with rows are below 2^31.

    The second strand is read by the reverse complements of the detectors, whose pooled values are the same as those of
    the original detectors on the reverse complement of the sequence.
    """
    config = stack.config
    fixed = fixed_point(stack)
    whole = fixed.detectors.astype(np.int64)  # (K, m, 4, D)
    strands = np.stack([whole, whole[:, ::-1, ::-1]][: config.strands], axis=1)
    differences = strands[:, :, :, :LETTERS] - strands[:, :, :, LETTERS:]  # (K, S, m, 3, D)
    of_t = 4 * (strands[:, :, :, LETTERS].sum(axis=2) + fixed.thresholds.astype(np.int64)[:, None])  # (K, S, D)
    columns = np.zeros((stretch_width(config.detector_len), of_t.size), dtype=np.int64)
    last = LETTERS * config.detector_len
    columns[:last] = differences.transpose(2, 3, 0, 1, 4).reshape(last, -1)
    columns[last] = of_t.reshape(-1)
    return columns


@dataclass(frozen=True, slots=True)
class Piece:
    """Some alleles of a plan and the cells that they need, in descending order of the number of positions.

    Attributes:
        codes: the bases that the cells read, one cell after the other, uint8.
        first: the index in `codes` at which the first position of each cell begins, int64 (cells,).
        positions: number of positions of each cell, at least one, int64 (cells,).
        alleles: cells of the left, middle and right part and number of positions, int64 (alleles, 4); a part
            without positions has the cell after the last one.
    """

    codes: NDArray[np.uint8]
    first: NDArray[np.int64]
    positions: NDArray[np.int64]
    alleles: NDArray[np.int64]

    @classmethod
    def of(cls, work: Work, detector_len: int, alleles: slice) -> Piece:
        """The piece of a plan that scores some of its alleles."""
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
    """The item and the segment of cells, and the base that replaces the middle base; -1 = it is not replaced."""
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


class Stretches:
    """A piece on a torch device.

    Attributes:
        rows: the stretches that all positions read, int8 (rows, width), cell by cell.
        first_row: first row of every cell, int64 (cells,).
        positions: number of positions, and rows, of every cell, int64 (cells,).
        alleles: as in `Piece`.
        cells: number of cells.
        groups: cells with the same number of positions: the cells, that number, and their rows.
    """

    def __init__(self, piece: Piece, detector_len: int, device: torch.device) -> None:
        width = stretch_width(detector_len)
        self.cells = len(piece.positions)
        self.groups = list(_groups(piece.positions))
        self.positions = torch.from_numpy(piece.positions).to(device)
        self.alleles = torch.from_numpy(piece.alleles).to(device)
        self.first_row = torch.cumsum(self.positions, dim=0) - self.positions
        letters = torch.from_numpy(ONE_HOT).to(device)[torch.from_numpy(piece.codes).to(device).int()]  # (n, 3)
        flat = torch.cat([letters.flatten(), letters.new_zeros(width)])
        # Overlapping views: one stretch from each base on. Bases beyond the detector meet zeros in every column.
        every = flat.as_strided((len(piece.codes), width), (LETTERS, 1))
        offsets = torch.from_numpy(piece.first).to(device) - self.first_row
        count = int(piece.positions.sum())
        source = torch.repeat_interleave(offsets, self.positions, output_size=count)
        self.rows = every[source + torch.arange(count, device=device)]
        self.rows[:, LETTERS * detector_len] = 1


def _groups(positions: NDArray[np.int64]) -> Iterator[tuple[slice, int, slice]]:
    """Runs of cells with the same number of positions."""
    starts = np.flatnonzero(np.diff(positions, prepend=-1))
    row = 0
    for first, last in zip(starts, [*starts[1:], len(positions)], strict=True):
        count = int(positions[first])
        rows = count * int(last - first)
        yield slice(int(first), int(last)), count, slice(row, row + rows)
        row += rows
