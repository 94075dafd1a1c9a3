"""The upper tail of a sample as a generalised Pareto distribution, fitted with probability-weighted moments.

Hosking and Wallis 1987, "Parameter and quantile estimation for the generalized Pareto distribution", eq. 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TAIL_SHARE", "ParetoTails", "pareto_of_moments", "pareto_survival", "rank_weights", "tail_length"]

TAIL_SHARE = 0.01
TAIL_MINIMUM = 50
"""A tail contains this share of a sample, and at least this number of its values."""

TAIL_FITTED_MINIMUM = 20
"""The smallest number of values beyond the threshold for which a tail is fitted."""

SATURATED_SHARE = 1 / 3
"""A level is saturated if more than this share of the values at or beyond it are equal to it. The sample then has a
bound there and not a falling tail, so the distance beyond the level does not measure how rare a value is."""
SATURATED_MINIMUM = 4

# The smallest scale of a tail, so that an excess can be divided by it.
SCALE_MINIMUM = 1e-12


@dataclass(frozen=True, slots=True)
class ParetoTails:
    """The fitted ends of F samples.

    Attributes:
        thresholds: the value above which the share is fitted; infinite if the tail is not fitted, float64 (F,).
        excesses: for each sample, its values above the threshold, minus the threshold, ascending, float64 (N,).
        shapes: the shape of the generalised Pareto distribution, in [0, 0.9], float64 (F,).
        scales: the scale of the distribution, above 0, float64 (F,).
    """

    thresholds: NDArray[np.float64]
    excesses: tuple[NDArray[np.float64], ...]
    shapes: NDArray[np.float64]
    scales: NDArray[np.float64]

    @classmethod
    def of(cls, largest: NDArray[np.float64]) -> Self:
        """Fit the largest values of samples, (F, K) and ascending; the first of them are the usual thresholds.

        The tail begins above the last saturated level. A fit that included this level would overstate how rare a value
        at the level, or just above it, is.
        """
        thresholds = _last_saturated(largest)
        numbers = (largest > thresholds[:, None]).sum(axis=1)
        numbers[numbers < TAIL_FITTED_MINIMUM] = 0
        thresholds[numbers == 0] = np.inf
        shapes, scales = np.zeros(len(largest)), np.full(len(largest), np.inf)
        excesses = [largest[row, :0] for row in range(len(largest))]
        # Tails of equal length are the rows of one array, each of which is summed as if it were alone.
        for number in np.unique(numbers[numbers > 0]).tolist():
            rows = np.flatnonzero(numbers == number)
            excess = largest[rows, -number:] - thresholds[rows, None]
            moments = (rank_weights(number) * excess).sum(axis=1) / number**2
            shapes[rows], scales[rows] = pareto_of_moments(excess.mean(axis=1), moments)
            for row, own in zip(rows.tolist(), excess, strict=True):
                excesses[row] = own
        return cls(thresholds, tuple(excesses), shapes, scales)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of values in each tail, int64 (F,); 0 if it is not fitted."""
        return np.array([len(excess) for excess in self.excesses], dtype=np.int64)


def _last_saturated(largest: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest saturated level of each sample (F, K), or its first value where none is saturated, (F,)."""
    count = largest.shape[1]
    changes = largest[:, 1:] != largest[:, :-1]
    starts = np.flatnonzero(np.pad(changes, ((0, 0), (1, 0)), constant_values=True))
    ties, at_least = np.diff(starts, append=largest.size), count - starts % count
    saturated = starts[(ties >= SATURATED_MINIMUM) & (ties > SATURATED_SHARE * at_least)]
    last = np.zeros(len(largest), dtype=np.int64)
    np.maximum.at(last, saturated // count, saturated % count)
    levels: NDArray[np.float64] = largest[np.arange(len(largest)), last]
    return levels


def rank_weights(number: int) -> NDArray[np.float64]:
    """N - rank + 0.35 for N ascending values, float64 (N,)."""
    return np.arange(number, dtype=np.float64)[::-1] + 0.35


def pareto_of_moments(
    mean: NDArray[np.float64], moment: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The shapes xi, limited to [0, 0.9], and the scales of generalised Pareto distributions with these moments.

    A bounded tail (xi < 0) is fitted as exponential, because its share would be 0 beyond its end.

    Args:
        mean: the mean of the excesses.
        moment: the mean of the excesses weighted by (N - rank + 0.35) / N.
    """
    falls_faster = mean <= 2 * moment
    difference = np.where(falls_faster, 1.0, mean - 2 * moment)
    shape = np.where(falls_faster, 0.0, (2 - mean / difference).clip(0.0, 0.9)).astype(np.float64)
    scale = (mean * (1 - shape)).clip(SCALE_MINIMUM).astype(np.float64)
    return shape, scale


def tail_length(count: int) -> int:
    """The number of values of a sample that lie in its fitted tail."""
    return min(max(TAIL_MINIMUM, int(count * TAIL_SHARE)), count // 2)


def pareto_survival(
    excess: NDArray[np.float64], shape: NDArray[np.float64] | float, scale: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """The share of a generalised Pareto distribution above an excess, which is never 0."""
    exponential = np.equal(shape, 0)
    shape = np.where(exponential, 1.0, shape)
    fall = np.where(exponential, excess / scale, np.log1p(shape * excess / scale) / shape)
    # The limit keeps the exponential above 0.
    return np.exp(-np.minimum(fall, 700.0))
