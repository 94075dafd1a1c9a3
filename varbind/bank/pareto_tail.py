"""The upper tail of a sample as a generalised Pareto distribution, fitted with probability-weighted moments.

Hosking and Wallis 1987, "Parameter and quantile estimation for the generalized Pareto distribution", eq. 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TAIL_SHARE", "ParetoTail", "pareto_of_moments", "pareto_survival", "rank_weights", "tail_length"]

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
class ParetoTail:
    """The fitted end of a sample.

    Attributes:
        threshold: the value above which the share is fitted; infinite if the tail is not fitted.
        excess: the values of the sample above the threshold, minus the threshold, ascending, float64 (N,).
        shape: the shape of the generalised Pareto distribution, in [0, 0.9].
        scale: the scale of the distribution, above 0.
    """

    threshold: float
    excess: NDArray[np.float64]
    shape: float
    scale: float

    @classmethod
    def of(cls, largest: NDArray[np.float64]) -> Self:
        """Fit the largest values of a sample, in ascending order; the first of them is the usual threshold.

        The tail begins above the last saturated level. A fit that included this level would overstate how rare a value
        at the level, or just above it, is.
        """
        threshold = _last_saturated(largest)
        excess = largest[largest > threshold] - threshold
        if len(excess) < TAIL_FITTED_MINIMUM:
            return cls(np.inf, excess[:0], 0.0, np.inf)
        number = len(excess)
        weighted = rank_weights(number) * excess
        shape, scale = pareto_of_moments(np.array(excess.mean()), np.array(weighted.sum() / number**2))
        return cls(threshold, excess, float(shape), float(scale))


def _last_saturated(largest: NDArray[np.float64]) -> float:
    """The largest saturated level, or the first value where none is saturated."""
    levels, starts = np.unique(largest, return_index=True)
    at_least = len(largest) - starts
    ties = at_least - np.append(at_least[1:], 0)
    saturated = levels[(ties >= SATURATED_MINIMUM) & (ties > SATURATED_SHARE * at_least)]
    return float(saturated[-1] if len(saturated) else largest[0])


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
