"""How rare a value is among those of a background sample: counted where the sample is dense, fitted beyond.

A share is of the background that is at least as large; PHRED is its logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GAIN", "LOSS", "ShareCurve", "SignedTails", "UpperTail", "phred"]

LOSS, GAIN = -1, 1

TAIL_SHARE = 0.01
TAIL_MINIMUM = 50

# Of a tail; by less, an excess could not be divided.
SCALE_MINIMUM = 1e-12

# Where the search for the rarest changes is narrowed; the last is the tail, whose share is the same or larger.
NARROWING_SHARES = (0.25, 0.06, TAIL_SHARE)
SHARE_MINIMUM = 1e-12
"""Share of the background from which a tail may start."""


class UpperTail:
    """Share of a background sample that is at least as large as a value.

    Counted in the sample; in its upper one per cent and beyond by a generalised Pareto tail, fitted with
    probability-weighted moments (Hosking and Wallis 1987, "Parameter and quantile estimation for the
    generalized Pareto distribution", eq. 2.3), so that the share never reaches 0.

    Args:
        sample: the background, at least 2 values, any order.
    """

    def __init__(self, sample: NDArray[np.floating]) -> None:
        self.sample = np.sort(sample.astype(np.float64))
        count = len(self.sample)
        excesses = _excesses(count)
        self.threshold = float(self.sample[count - excesses - 1])
        self.tail_share, self.shape, self.scale = _fit_tail(self.sample[count - excesses - 1 :], count)

    def share(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Share in (0, 1] for each value, same shape; NaN stays NaN."""
        values = values.astype(np.float64)
        below = np.searchsorted(self.sample, values, side="left")
        counted = (len(self.sample) - below) / len(self.sample)
        beyond = values > self.threshold
        excess = np.where(beyond, values - self.threshold, 0.0)
        fitted = self.tail_share * _pareto_survival(excess, self.shape, self.scale)
        return np.where(np.isnan(values), np.nan, np.where(beyond, fitted, counted))


class SignedTails:
    """`UpperTail` of the losses and of the gains of F families at once, from one sorted sample of each.

    Args:
        changes: on the background, losses below 0 and gains above, (F, V) with V at least 2, any order.
    """

    def __init__(self, changes: NDArray[np.float64]) -> None:
        self._sorted = np.sort(changes, axis=1)
        count = changes.shape[1]
        excesses = _excesses(count)
        largest = {
            LOSS: np.maximum(-self._sorted[:, excesses::-1], 0.0),
            GAIN: np.maximum(self._sorted[:, count - excesses - 1 :], 0.0),
        }
        self._thresholds = {side: tails[:, 0] for side, tails in largest.items()}
        self._fits = {side: np.array([_fit_tail(tail, count) for tail in tails]) for side, tails in largest.items()}
        places = [count - 1 - max(int(count * share), excesses) for share in NARROWING_SHARES]
        self._narrowing = {
            LOSS: [np.maximum(-self._sorted[:, count - 1 - place], 0.0) for place in places],
            GAIN: [np.maximum(self._sorted[:, place], 0.0) for place in places],
        }

    def rarest(
        self, side: int, changes: NDArray[np.float64], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The rarest losses or gains of each of B variants, with the share of the background of at least as much.

        Args:
            side: LOSS or GAIN.
            changes: finite, (F, B). What goes the other way, or nowhere, is no loss or gain.
            count: the rarest so many of a variant are among the found, or all that it has; there may be more.

        Returns:
            Family, variant and share in (0, 1] of what was found, (N,) each, in order of the families.
        """
        strengths = side * changes
        families, variants = np.nonzero(self._candidates(side, strengths, count))
        found = strengths[families, variants]
        shares = self._counted(side, families, side * found)
        beyond = np.flatnonzero(found > self._thresholds[side][families])
        excess = found[beyond] - self._thresholds[side][families[beyond]]
        tail_shares, shapes, scales = self._fits[side][families[beyond]].T
        shares[beyond] = tail_shares * _pareto_survival(excess, shapes, scales)
        return families, variants, shares

    def _candidates(self, side: int, strengths: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
        """Where the rarest `count` of each variant must be, told by a few quantiles: most need no search, (F, B).

        Above the place p of a sorted sample of V the share is at most (V - p - 1) / V; at or below it, at
        least (V - p) / V. So what lies above it in one family is rarer than what does not in another.
        """
        chosen = strengths > 0
        for quantile in self._narrowing[side]:
            above = strengths > quantile[:, None]
            enough = np.count_nonzero(above, axis=0) >= count
            chosen &= above | ~enough
        return chosen

    def _counted(self, side: int, families: NDArray[np.int64], changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of each change as counted in its family's sample; families come in order."""
        # The next number above a loss: so the equal ones of the sample are among those below it.
        sought = np.nextafter(changes, np.inf) if side == LOSS else changes
        below = np.empty(len(families), dtype=np.int64)
        bounds = np.searchsorted(families, np.arange(len(self._sorted) + 1)).tolist()
        for sample, (first, last) in zip(self._sorted, pairwise(bounds), strict=True):
            if first < last:
                below[first:last] = sample.searchsorted(sought[first:last])
        count = self._sorted.shape[1]
        shares: NDArray[np.float64] = (below if side == LOSS else count - below) / count
        return shares


def _excesses(count: int) -> int:
    """How many of a sample's values lie in its fitted tail."""
    return min(max(TAIL_MINIMUM, int(count * TAIL_SHARE)), count // 2)


def _fit_tail(largest: NDArray[np.float64], count: int) -> tuple[float, float, float]:
    """Share of a sample of `count` beyond the first of its largest values, with shape and scale of what lies there.

    Where nothing does, as with gains of a family that every background variant weakens, no value tells how far
    is rare: all that is beyond has the share that one more draw has of being the first there.
    """
    excess = largest[1:] - largest[0]
    # Values equal to the first are no part of the tail, or a fit to their zeros would end at once.
    excess = excess[excess > 0]
    if not len(excess):
        return 1 / (count + 1), 0.0, np.inf
    return len(excess) / count, *_fit_pareto(excess)


def _fit_pareto(excess: NDArray[np.float64]) -> tuple[float, float]:
    """Shape xi and scale of a generalised Pareto distribution; xi is kept in [0, 0.9].

    A bounded tail (xi < 0) would give share 0 beyond its end, so it is fitted as exponential.
    """
    count = len(excess)
    mean = float(excess.mean())
    if mean <= SCALE_MINIMUM:
        return 0.0, SCALE_MINIMUM
    weights = (count - np.arange(1, count + 1) + 0.35) / count
    moment = float((weights * excess).mean())
    if mean <= 2 * moment:
        return 0.0, mean
    xi = 2 - mean / (mean - 2 * moment)
    if xi <= 0:
        return 0.0, mean
    xi = min(xi, 0.9)
    return xi, mean * (1 - xi)


def _pareto_survival(
    excess: NDArray[np.float64], shape: NDArray[np.float64] | float, scale: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    exponential = np.equal(shape, 0)
    shape = np.where(exponential, 1.0, shape)
    fall = np.where(exponential, excess / scale, np.log1p(shape * excess / scale) / shape)
    # The logarithm is held where its exponential is still above 0.
    return np.exp(-np.minimum(fall, 700.0))


def phred(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """-10 log10 of a share; 0 = every background variant is as strong, 30 = one in a thousand."""
    return -10 * np.log10(share) + 0.0


POINTS_A_HALVING = 64
"""Points of a `ShareCurve` each time the share halves: between two of them PHRED moves by 0.05."""


@dataclass(frozen=True, slots=True)
class ShareCurve:
    """`UpperTail` of a large sample, kept as points: within 0.05 of its PHRED.

    Attributes:
        values: rising, float32 (P,).
        shares: of the sample that is at least as large as each, falling from 1, float32 (P,).
        tail: share beyond the last value, shape and scale of the generalised Pareto distribution there, float32 (3,).
    """

    values: NDArray[np.float32]
    shares: NDArray[np.float32]
    tail: NDArray[np.float32]

    def __post_init__(self) -> None:
        points = len(self.values)
        if not points or self.values.shape != (points,) or self.shares.shape != (points,) or self.tail.shape != (3,):
            raise ResourceError(f"a curve has {self.values.shape} values, {self.shares.shape} shares")
        if not all(np.isfinite(part).all() for part in (self.values, self.shares)) or np.isnan(self.tail).any():
            raise ResourceError("a curve holds a value that is not a number")
        if (np.diff(self.values) <= 0).any() or (np.diff(self.shares) >= 0).any() or self.shares[-1] <= 0:
            raise ResourceError("a curve does not fall")
        share, shape, scale = self.tail.tolist()
        if not (SHARE_MINIMUM <= share <= 1 and 0 <= shape < 1 and scale > 0):
            raise ResourceError("the tail of a curve is none that a fit gives")

    @classmethod
    def of(cls, sample: NDArray[np.floating]) -> Self:
        """Of a sample of 2 values or more, any order."""
        upper = UpperTail(sample)
        values, first = np.unique(upper.sample[upper.sample <= upper.threshold].astype(np.float32), return_index=True)
        shares = 1 - first / len(upper.sample)
        # A point stands where the share has fallen by a step since the last, before it falls by more than one, as where
        # many values are equal, and at both ends.
        falls = np.diff(np.floor(-np.log2(shares) * POINTS_A_HALVING))
        kept = np.append(True, falls > 0)
        kept[:-1] |= falls > 1
        kept[-1] = True
        tail = np.array([upper.tail_share, upper.shape, upper.scale], dtype=np.float32)
        return cls(values[kept], shares[kept].astype(np.float32), tail)

    def share(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Share in (0, 1] for each value, same shape; NaN stays NaN."""
        values = values.astype(np.float64)
        counted = np.exp(np.interp(values, self.values, np.log(self.shares.astype(np.float64))))
        tail_share, shape, scale = self.tail.astype(np.float64)
        excess = np.maximum(values - self.values[-1], 0.0)
        fitted = tail_share * _pareto_survival(excess, shape, scale)
        share = np.where(values > self.values[-1], np.minimum(fitted, counted), counted)
        return np.where(np.isnan(values), np.nan, share)
