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
        """Add the positions of one or more successive records of one contig."""
        is_new = chrom != self._chrom
        self.is_sorted &= chrom not in self._contigs if is_new else int(pos[0]) >= self._pos
        self.is_sorted &= bool((pos[1:] >= pos[:-1]).all())
        self._chrom, self._pos = chrom, int(pos[-1])
        self._contigs.add(chrom)
