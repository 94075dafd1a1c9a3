"""Instances of a motif in sequences, with exact p-values, as FIMO finds them (Grant et al. 2011).

A place scores the sum of the log-odds of its bases. Log-odds are rounded to a hundredth of a bit first, so that the
distribution of the score over random sequence can be computed exactly, position by position, and so that scores and
distribution are sums of the same numbers. The `fimo` of memelite rounds them only for the distribution, and gives the
best word of a motif the p-value 0, so it is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.datasets.pwm import log_odds
from varbind.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["P_MAX", "MotifInstances", "best_instances"]

P_MAX = 1e-4
"""Largest p-value of an instance, the default of FIMO."""

_UNITS = 100
"""Number of units of a score in a bit."""
_SEQUENCES_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class MotifInstances:
    """The best instance of a motif in each of some sequences.

    Attributes:
        rows: number of the sequence of each instance, ascending, int64 (K,).
        starts: first position of the instance in the sequence, on the forward strand, int64 (K,).
        width: number of bases of the motif.
        p_values: probability that one place of random sequence, with equal shares of the bases, matches the motif as
            well as the instance or better, float64 (K,).
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    width: int
    p_values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return some of the instances."""
        return type(self)(self.rows[chosen], self.starts[chosen], self.width, self.p_values[chosen])


def best_instances(codes: Codes, matrix: NDArray[np.float64], *, p_max: float = P_MAX) -> MotifInstances:
    """Find the instance with the smallest p-value in each sequence, on either strand; the first one of equal ones.

    Args:
        codes: base codes, (N, L); a place with an N is no instance.
        matrix: shares of A, C, G and T at each position of the motif, float64 (width, 4).
        p_max: largest p-value of an instance.

    Raises:
        UsageError: the motif is longer than the sequences.
    """
    width, length = len(matrix), codes.shape[1]
    if width > length:
        what = f"the motif has {width} bases, and {length} are searched"
        raise UsageError(what, remedy="give longer regions, or search more of them")
    units = np.rint(_UNITS * log_odds(matrix)).astype(np.int64)
    units -= units.min(axis=1, keepdims=True)
    tails = _upper_tails(units)
    starts, scores = np.empty(len(codes), dtype=np.int64), np.empty(len(codes), dtype=np.int64)
    for first in range(0, len(codes), _SEQUENCES_AT_ONCE):
        part = slice(first, first + _SEQUENCES_AT_ONCE)
        of_places = _scores(codes[part], units)
        starts[part] = of_places.argmax(axis=1)
        scores[part] = of_places.max(axis=1)
    p_values = np.where(scores < 0, 1.0, tails[np.maximum(scores, 0)])
    rows = np.flatnonzero(p_values <= p_max)
    return MotifInstances(rows, starts[rows], width, p_values[rows])


def _scores(codes: Codes, units: NDArray[np.int64]) -> NDArray[np.int32]:
    """The score of each place on the better strand, (N, L - width + 1); negative where there is an N."""
    places = codes.shape[1] - len(units) + 1
    impossible = -int(units.max(axis=1).sum()) - 1
    best = np.full((len(codes), places), impossible, dtype=np.int32)
    for strand in (units, units[::-1, ::-1]):
        of_base = np.column_stack([strand, np.full(len(units), impossible)]).astype(np.int32)
        sums = np.zeros_like(best)
        for position, scores in enumerate(of_base):
            sums += scores[codes[:, position : position + places]]
        np.maximum(best, sums, out=best)
    return best


def _upper_tails(units: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of each score or a larger one in random sequence, from the score 0 on.

    The smallest score of each position must be 0.
    """
    density = np.ones(1)
    for scores in units:
        following = np.zeros(len(density) + int(scores.max()))
        for score in scores.tolist():
            following[score : score + len(density)] += density / 4
        density = following
    # Summed from the smallest probabilities on, so that these keep their digits.
    tails: NDArray[np.float64] = np.cumsum(density[::-1])[::-1]
    return tails
