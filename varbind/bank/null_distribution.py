"""The share of a background sample that is at least as large as a value, and its PHRED.

The value itself counts as one more draw, so the share is (1 + number at least as large) / (1 + size of the sample). It
is never 0, and it is valid for any sample (Phipson and Smyth 2010, "Permutation P-values should never be zero"). In the
upper tail of the sample it is read off a fitted distribution. PHRED is -10 log10 of the share.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.bank.pareto_tail import (
    TAIL_SHARE,
    ParetoTails,
    pareto_of_moments,
    pareto_survival,
    rank_weights,
    tail_length,
)
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GAIN", "LOSS", "ShareCurve", "SignedTails", "UpperTail", "phred"]

LOSS, GAIN = -1, 1

NARROWED_FROM = 500
"""The number of background variants from which the search for their own rarest changes is narrowed."""

# The quantiles by which the search for the rarest changes is narrowed; the last one is the usual start of the tail.
NARROWING_SHARES = (0.25, 0.06, TAIL_SHARE)
SHARE_MINIMUM = 1e-12
"""The smallest share of the background at the start of a tail."""


class UpperTail:
    """The share of a background sample that is at least as large as a value.

    The share is counted in the sample. In the upper 1 % of the sample and beyond it, the share is that of a fitted
    generalised Pareto tail, which begins above the levels that many values share, if enough values lie beyond them.

    Args:
        sample: the background, at least 2 values in any order.
    """

    def __init__(self, sample: NDArray[np.floating]) -> None:
        self.sample = np.sort(sample.astype(np.float64))
        count = len(self.sample)
        tails = ParetoTails.of(self.sample[None, count - tail_length(count) - 1 :])
        self.threshold, self.shape, self.scale = (
            float(of_one) for (of_one,) in (tails.thresholds, tails.shapes, tails.scales)
        )
        self.tail_share = (1 + len(tails.excesses[0])) / (1 + count)

    def share(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """The share in (0, 1] for each value, same shape; NaN for NaN."""
        values = values.astype(np.float64)
        below = np.searchsorted(self.sample, values, side="left")
        counted = (1 + len(self.sample) - below) / (1 + len(self.sample))
        beyond = values > self.threshold
        excess = np.subtract(values, self.threshold, out=np.zeros_like(values), where=beyond)
        fitted = self.tail_share * pareto_survival(excess, self.shape, self.scale)
        return np.where(np.isnan(values), np.nan, np.where(beyond, fitted, counted))


class SignedTails:
    """The `UpperTail` of the losses and of the gains of F families, from one sorted sample per family.

    Args:
        changes: the changes on the V background variants, losses below 0 and gains above 0, (F, V) with V at least 2.
    """

    def __init__(self, changes: NDArray[np.float64]) -> None:
        self._sorted = np.sort(changes, axis=1)
        count = changes.shape[1]
        excesses = tail_length(count)
        largest = {
            LOSS: np.maximum(-self._sorted[:, excesses::-1], 0.0),
            GAIN: np.maximum(self._sorted[:, count - excesses - 1 :], 0.0),
        }
        self._tails = {side: ParetoTails.of(largest[side]) for side in largest}
        self._thresholds = {side: tails.thresholds for side, tails in self._tails.items()}
        self._fits = {
            side: np.stack([(1 + tails.sizes) / (1 + count), tails.shapes, tails.scales], axis=1)
            for side, tails in self._tails.items()
        }
        places = [count - 1 - max(int(count * share), excesses) for share in NARROWING_SHARES]
        self._narrowing = {
            LOSS: [np.maximum(-self._sorted[:, count - 1 - place], 0.0) for place in places],
            GAIN: [np.maximum(self._sorted[:, place], 0.0) for place in places],
        }

    def rarest(
        self, side: int, changes: NDArray[np.float64], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The rarest losses or gains of each of B variants, with their shares of the background.

        Args:
            side: LOSS or GAIN.
            changes: the changes, finite, (F, B); changes of 0 or in the other direction are ignored.
            count: the number of changes per variant that must be found; more may be found, or fewer if there are fewer.

        Returns:
            The family, the variant, and the share in (0, 1] of each change, (N,) each, in the order of the families.
        """
        strengths = side * changes
        families, variants = np.nonzero(self._candidates(side, strengths, count))
        found = strengths[families, variants]
        shares = (1 + self._at_least(side, families, side * found)) / (1 + self._sorted.shape[1])
        beyond = np.flatnonzero(found > self._thresholds[side][families])
        excess = found[beyond] - self._thresholds[side][families[beyond]]
        tail_shares, shapes, scales = self._fits[side][families[beyond]].T
        shares[beyond] = tail_shares * pareto_survival(excess, shapes, scales)
        return families, variants, shares

    def rarest_of_background(self, side: int, changes: NDArray[np.float64], *, site: int) -> NDArray[np.float64]:
        """The share of the rarest loss or gain of each of the V background variants, 1 where there is none, (V,).

        The variants of the same site are left out of the sample for the share of a variant. Then these shares have the
        same distribution as the shares of new variants. Otherwise they would be too large, because the variant itself
        would count among those that are at least as large, and new variants would seem too rare.

        Args:
            side: LOSS or GAIN.
            changes: the changes that were given to the constructor.
            site: the number of successive variants that are changes of one site; these resemble each other.
        """
        strengths = side * changes
        count = strengths.shape[1]
        # Leaving out a site moves a share by up to `site` ranks, which matters for the candidates of few variants only.
        candidates = self._candidates(side, strengths, 1) if count >= NARROWED_FROM else strengths > 0
        families, variants = np.nonzero(candidates)
        found = strengths[families, variants]
        places = (variants // site * site)[:, None] + np.arange(site)
        # The last site may lack a variant.
        of_site = np.where(places < count, strengths[families[:, None], np.minimum(places, count - 1)], -np.inf)
        larger = self._at_least(side, families, side * found) - np.count_nonzero(of_site >= found[:, None], axis=1)
        others = count - np.count_nonzero(places < count, axis=1)
        shares = (1 + larger) / (1 + others)
        beyond = np.flatnonzero(found > self._thresholds[side][families])
        threshold = self._thresholds[side][families[beyond]]
        number, shape, scale = self._fits_without(side, families[beyond], of_site[beyond])
        survival = pareto_survival(found[beyond] - threshold, shape, scale)
        shares[beyond] = (1 + number) / (1 + others[beyond]) * survival
        smallest = np.ones(count)
        np.minimum.at(smallest, variants, shares)
        return smallest

    def _fits_without(
        self, side: int, families: NDArray[np.int64], left_out: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """The number of values, shape and scale of the tails of N families if some variants are left out, (N,) each.

        Args:
            side: LOSS or GAIN.
            families: families with a fitted tail, in ascending order, int64 (N,).
            left_out: strengths of the variants to leave out, (N, S); those below the tail have no effect.
        """
        excesses, sizes = self._tails[side].excesses, self._tails[side].sizes
        excess = np.concatenate(excesses)
        weighted = np.concatenate([rank_weights(len(own)) * own for own in excesses])
        smaller = np.concatenate([np.cumsum(own) - own for own in excesses])
        totals, weighted_totals = (
            np.add.reduceat(np.append(values, 0.0), np.cumsum(sizes) - sizes) * (sizes > 0)
            for values in (excess, weighted)
        )
        in_tail = left_out > self._thresholds[side][families][:, None]
        every = np.repeat(families, left_out.shape[1])
        at_least = self._at_least(side, every, side * np.maximum(left_out.ravel(), 0.0)).reshape(left_out.shape)
        places = np.where(in_tail, np.cumsum(sizes)[families][:, None] - at_least, 0)
        values, fallen = (np.where(in_tail, own[places], 0.0) for own in (excess, weighted + smaller))
        # Without one value the weights of the larger ones stay, and those of the smaller ones fall by one rank: by
        # `smaller` in all, but for the smaller ones that are left out themselves.
        pairs = (np.sort(values, axis=1)[:, ::-1] * np.arange(values.shape[1])).sum(axis=1)
        number = sizes[families] - np.count_nonzero(in_tail, axis=1)
        means = (totals[families] - values.sum(axis=1)) / number
        moments = (weighted_totals[families] - fallen.sum(axis=1) + pairs) / number**2
        return number, *pareto_of_moments(means, moments)

    def _candidates(self, side: int, strengths: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
        """Which changes (F, B) can be among the `count` rarest of their variant, so that the others are not searched.

        A value above the element p of a sorted sample of V values has a share of at most (V - p) / (V + 1), and any
        other value has at least (V - p + 1) / (V + 1). So a change above a quantile of its family is rarer than a
        change of another family that is not.
        """
        chosen = strengths > 0
        for quantile in self._narrowing[side]:
            above = strengths > quantile[:, None]
            enough = np.count_nonzero(above, axis=0) >= count
            chosen &= above | ~enough
        return chosen

    def _at_least(self, side: int, families: NDArray[np.int64], changes: NDArray[np.float64]) -> NDArray[np.int64]:
        """The number of background variants whose change is at least as large; `families` is ascending."""
        # The next number above a loss is searched, so that equal values of the sample count as at least as large.
        sought = np.nextafter(changes, np.inf) if side == LOSS else changes
        below = np.empty(len(families), dtype=np.int64)
        bounds = np.searchsorted(families, np.arange(len(self._sorted) + 1)).tolist()
        for sample, (first, last) in zip(self._sorted, pairwise(bounds), strict=True):
            if first < last:
                below[first:last] = sample.searchsorted(sought[first:last])
        return below if side == LOSS else self._sorted.shape[1] - below


def phred(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """-10 log10 of a share: 0 = all background variants are at least as strong, 30 = one in a thousand is."""
    return -10 * np.log10(share) + 0.0


POINTS_A_HALVING = 64
"""The number of points of a `ShareCurve` per halving of the share, so that PHRED changes by 0.05 between points."""


@dataclass(frozen=True, slots=True)
class ShareCurve:
    """The `UpperTail` of a large sample as P points, within 0.05 of its PHRED.

    Attributes:
        values: the values of the points, ascending, float32 (P,).
        shares: the share of the sample that is at least as large as each value, descending from 1, float32 (P,).
        tail: the share beyond the last value, and the shape and the scale of the generalised Pareto distribution there,
            float32 (3,).
    """

    values: NDArray[np.float32]
    shares: NDArray[np.float32]
    tail: NDArray[np.float32]

    def __post_init__(self) -> None:
        points = len(self.values)
        if not points or self.values.shape != (points,) or self.shares.shape != (points,) or self.tail.shape != (3,):
            raise ResourceError(f"a curve has {self.values.shape} values, {self.shares.shape} shares")
        if not all(np.isfinite(part).all() for part in (self.values, self.shares)) or np.isnan(self.tail).any():
            raise ResourceError("a curve has a value that is not a finite number")
        if (np.diff(self.values) <= 0).any() or (np.diff(self.shares) >= 0).any() or self.shares[-1] <= 0:
            raise ResourceError("the shares of a curve do not decrease")
        share, shape, scale = self.tail.tolist()
        if not (SHARE_MINIMUM <= share <= 1 and 0 <= shape < 1 and scale > 0):
            raise ResourceError("the tail of a curve has impossible parameters")

    @classmethod
    def of(cls, sample: NDArray[np.floating]) -> Self:
        """The curve of a sample of at least 2 values in any order."""
        upper = UpperTail(sample)
        values, first = np.unique(upper.sample[upper.sample <= upper.threshold].astype(np.float32), return_index=True)
        shares = 1 - first / (1 + len(upper.sample))
        # There is a point after each step of the share, before each drop by more than a step, as at values that occur
        # often, and at both ends.
        falls = np.diff(np.floor(-np.log2(shares) * POINTS_A_HALVING))
        kept = np.append(True, falls > 0)
        kept[:-1] |= falls > 1
        kept[-1] = True
        tail = np.array([upper.tail_share, upper.shape, upper.scale], dtype=np.float32)
        return cls(values[kept], shares[kept].astype(np.float32), tail)

    def share(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """The share in (0, 1] for each value, same shape; NaN for NaN."""
        values = values.astype(np.float64)
        counted = np.exp(np.interp(values, self.values, np.log(self.shares.astype(np.float64))))
        tail_share, shape, scale = self.tail.astype(np.float64)
        excess = np.maximum(values - self.values[-1], 0.0)
        fitted = tail_share * pareto_survival(excess, shape, scale)
        share = np.where(values > self.values[-1], np.minimum(fitted, counted), counted)
        return np.where(np.isnan(values), np.nan, share)
