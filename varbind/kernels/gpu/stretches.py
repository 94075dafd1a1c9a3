"""A piece of work on a torch device: what every position of every cell reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import
from varbind.kernels.gpu.gpu_layout import LETTERS, ONE_HOT, stretch_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from numpy.typing import NDArray

    from varbind.kernels.gpu.gpu_layout import Piece
else:
    torch = optional_import("torch", needed_for="scoring on a GPU")

__all__ = ["Stretches"]


class Stretches:
    """A piece on a device.

    Attributes:
        rows: what every position reads, int8 (rows, width), cell by cell.
        first_row: of every cell, int64 (cells,).
        positions: of every cell, int64 (cells,).
        alleles: as in `Piece`.
        cells: how many have positions.
        groups: cells of one number of positions: which, the number, and their rows.
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
        # Overlapping views: the stretch of any base, with bases behind it that meet zeros in every column.
        every = flat.as_strided((len(piece.codes), width), (LETTERS, 1))
        apart = torch.from_numpy(piece.first).to(device) - self.first_row
        count = int(piece.positions.sum())
        source = torch.repeat_interleave(apart, self.positions, output_size=count)
        self.rows = every[source + torch.arange(count, device=device)]
        self.rows[:, LETTERS * detector_len] = 1


def _groups(positions: NDArray[np.int64]) -> Iterator[tuple[slice, int, slice]]:
    """Runs of cells with one number of positions."""
    starts = np.flatnonzero(np.diff(positions, prepend=-1))
    row = 0
    for first, last in zip(starts, [*starts[1:], len(positions)], strict=True):
        count = int(positions[first])
        rows = count * int(last - first)
        yield slice(int(first), int(last)), count, slice(row, row + rows)
        row += rows
