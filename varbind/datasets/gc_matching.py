"""Unbound sequences like the bound ones: what a network then tells apart is not their share of G and C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["gc_matched", "one_a_negative"]

GC_BINS = 40
"""Of the share of G and C; five bases of 200 to a bin."""


def one_a_negative(bound: NDArray[np.intp], min_count: int) -> NDArray[np.intp]:
    """Repeat the rows of bound sequences, once for each negative: at least once each, `min_count` or more in all."""
    return np.repeat(bound, max(1, -(-min_count // len(bound))))


def gc_matched(bound: Codes, unbound: Codes, rng: np.random.Generator) -> NDArray[np.intp]:
    """For each bound sequence an unbound one of its bin of GC share, or of the nearest that has any.

    None is taken twice while others of its bin are left.

    Args:
        bound: base codes, (N, L).
        unbound: base codes, (U, L), at least one.
        rng: which ones.

    Returns:
        Rows of `unbound`, (N,).
    """
    bins = _bins(unbound)
    drawn = {index: rng.permutation(np.flatnonzero(bins == index)) for index in np.unique(bins).tolist()}
    filled = np.array(list(drawn))
    used = dict.fromkeys(drawn, 0)
    found = np.empty(len(bound), dtype=np.intp)
    for row, index in enumerate(_bins(bound)):
        nearest = int(filled[np.argmin(np.abs(filled - index))])
        found[row] = drawn[nearest][used[nearest] % len(drawn[nearest])]
        used[nearest] += 1
    return found


def _bins(codes: Codes) -> NDArray[np.int64]:
    share = np.isin(codes, (1, 2)).mean(axis=1)
    bins: NDArray[np.int64] = np.rint(share * GC_BINS).astype(np.int64)
    return bins
