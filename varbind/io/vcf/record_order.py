"""The order of the records of a file, as far as an index needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RecordOrder"]


class RecordOrder:
    """Whether records can be indexed: sorted by position, with every contig in one stretch.

    Attributes:
        is_sorted: whether the records added so far can be indexed.
    """

    def __init__(self) -> None:
        self.is_sorted = True
        self._chrom, self._pos = "", -1
        self._contigs: set[str] = set()

    def add(self, chrom: str, pos: NDArray[np.int64]) -> None:
        """Add the positions of one or more successive records of one contig, int64 (N,)."""
        self.add_one(chrom, int(pos[0]))
        self.is_sorted &= bool((pos[1:] >= pos[:-1]).all())
        self._pos = int(pos[-1])

    def add_one(self, chrom: str, pos: int) -> None:
        """Add the position of one record."""
        if chrom == self._chrom:
            self.is_sorted &= pos >= self._pos
        else:
            self.is_sorted &= chrom not in self._contigs
            self._contigs.add(chrom)
            self._chrom = chrom
        self._pos = pos
