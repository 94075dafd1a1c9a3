"""Sets of positions on one axis, as sorted intervals that do not overlap: their union, and how much they cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Intervals"]


@dataclass(frozen=True, slots=True)
class Intervals:
    """A set of positions, as 0-based half-open intervals in ascending order with a gap between any two.

    Attributes:
        starts: first position of each interval, int64 (K,).
        ends: position after the last one of each interval, int64 (K,).
        before: number of positions of the set in front of each interval, and in all of them, int64 (K + 1,).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    before: NDArray[np.int64]

    @classmethod
    def union(cls, starts: ArrayLike, ends: ArrayLike) -> Self:
        """Return the union of intervals in any order, which may overlap; empty ones are ignored.

        Args:
            starts: the first positions, (N,).
            ends: the positions after the last ones, (N,).
        """
        first, last = np.asarray(starts, dtype=np.int64), np.asarray(ends, dtype=np.int64)
        first, last = first[last > first], last[last > first]
        order = np.argsort(first, kind="stable")
        first, reach = first[order], np.maximum.accumulate(last[order])
        is_new = np.ones(len(first), dtype=bool)
        is_new[1:] = first[1:] > reach[:-1]
        own, ends_at = first[is_new], reach[np.roll(is_new, -1)]
        return cls(own, ends_at, np.concatenate([[0], np.cumsum(ends_at - own)]))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def total(self) -> int:
        """Number of positions in the set."""
        return int(self.before[-1])

    def covered(self, starts: ArrayLike, ends: ArrayLike) -> NDArray[np.int64]:
        """Count the positions of the set in each of other intervals, int64 (N,).

        Args:
            starts: the first positions of the other intervals, (N,).
            ends: the positions after their last ones, (N,), none of them smaller than its start.
        """
        return self._below(np.asarray(ends, dtype=np.int64)) - self._below(np.asarray(starts, dtype=np.int64))

    def _below(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of positions of the set that are smaller than each of these."""
        if not len(self.starts):
            return np.zeros(positions.shape, dtype=np.int64)
        index = np.searchsorted(self.starts, positions, side="right")
        beyond = np.maximum(self.ends[index - 1] - positions, 0)
        return self.before[index] - np.where(index > 0, beyond, 0)
