"""The conservation head: the log-odds that a variant is pathogenic, from the conservation tracks at its site.

One Gaussian per class, each with a separate covariance, gives a quadratic discriminant (Hastie, Tibshirani & Friedman,
The Elements of Statistical Learning, section 4.3). It is used because the marginal distribution of a Gaussian without a
missing track is known exactly (the sub-vector of the means and the sub-matrix of the covariances), so one fit serves
every subset of tracks. Correlated tracks that are not Gaussian make such a discriminant overconfident; therefore each
subset has a slope, and the log-odds have bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MATCHED", "MOST_TRACKS", "PATHOGENIC", "ConservationHead"]

MATCHED, PATHOGENIC = 0, 1
"""The rows of the means and covariances."""

MOST_TRACKS = 12
"""The largest number of tracks, because there is a slope for each of the 2^C subsets of tracks."""

SHARE_MARGIN = 0.01
"""Keeps the logit of a share finite; phastCons values have two or three decimals."""

ARRAYS = ("is_share", "clips", "means", "covariances", "slopes", "bounds")


@dataclass(frozen=True, slots=True, eq=False)
class ConservationHead(Head):
    """Log-odds of a pathogenic versus a matched common variant, from C tracks that increase with conservation.

    A share x, as in phastCons, is transformed to log((x + 0.01) / (1.01 - x)); other values, as in phyloP, are not
    transformed. Then all values are clipped. For a variant with known tracks S, and with D the logarithm of the ratio
    of the two densities on S, the log-odds are slope(S) D, limited to the bounds. They hold for classes of equal size:
    for other prior odds of pathogenic variants, add the logarithm of these odds.

    Attributes:
        tracks: The names of the tracks, in the order of the columns.
        is_share: Whether the values of each track lie between 0 and 1, bool (C,).
        clips: The lowest and the highest transformed value, float64 (2, C).
        means: The means of the transformed and clipped values, matched then pathogenic, float64 (2, C).
        covariances: The covariances of the same values, float64 (2, C, C).
        slopes: The slope of each subset of tracks, float64 (2^C,), at the sum of 2^c over its columns c; the first is
            not used.
        bounds: The lowest and the highest log-odds (natural logarithm), float64 (2,).

    Raises:
        ResourceError: The arrays do not fit together, or a matrix is not a covariance.
    """

    name: ClassVar[str] = "conservation"
    label: ClassVar[str] = "conservation"
    keys: ClassVar[tuple[HeadKey, ...]] = ()

    tracks: tuple[str, ...]
    is_share: NDArray[np.bool_]
    clips: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]
    slopes: NDArray[np.float64]
    bounds: NDArray[np.float64]

    def __post_init__(self) -> None:
        self._check_tracks()
        self._check_shapes()
        self._check_numbers()
        for name, covariance in zip(("matched", "pathogenic"), self.covariances, strict=True):
            _check_covariance(name, covariance)

    @property
    def needs(self) -> HeadNeeds:
        """At least one of its tracks."""
        return HeadNeeds(tracks=self.tracks)

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """The `log_odds` that conservation adds, (B,); 0, no evidence either way, where no track has a value."""
        values = np.full((len(inputs.ref), len(self.tracks)), np.nan)
        for column, track in enumerate(self.tracks):
            if track in inputs.sites.conservation:
                values[:, column] = inputs.sites.conservation[track][:, 0]
        return HeadResult(parts={"log_odds": np.nan_to_num(self.log_odds(values), nan=0.0)})

    def log_odds(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Natural logarithm of the odds of pathogenic versus matched common variants.

        The result for a variant has the same bytes in every batch.

        Args:
            values: The values of the tracks at the site of each variant, (B, C); NaN = missing.

        Returns:
            float64 (B,); NaN where no track has a value, because 0 would mean even odds.
        """
        known = ~np.isnan(values)
        subsets = known @ (1 << np.arange(len(self.tracks)))
        found = np.full(len(values), np.nan)
        for subset in np.unique(subsets[subsets > 0]).tolist():
            rows = np.flatnonzero(subsets == subset)
            columns = [column for column in range(len(self.tracks)) if subset >> column & 1]
            ratio = self._log_ratio(columns, [values[rows, column] for column in columns])
            found[rows] = np.clip(self.slopes[subset] * ratio, *self.bounds)
        return found

    def transformed(self, column: int, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """The known values of one track on the scale of the means, float64 (B,)."""
        scaled = np.ascontiguousarray(values, dtype=np.float64)
        if self.is_share[column]:
            scaled = logit_of_share(scaled)
        clipped: NDArray[np.float64] = np.clip(scaled, *self.clips[:, column])
        return clipped

    def _log_ratio(self, columns: list[int], values: list[NDArray[np.floating]]) -> NDArray[np.float64]:
        """The log ratio of the pathogenic to the matched density on some tracks, each (B,); float64 (B,)."""
        scaled = [self.transformed(column, known) for column, known in zip(columns, values, strict=True)]
        matched, pathogenic = (self._log_density(side, columns, scaled) for side in (MATCHED, PATHOGENIC))
        return pathogenic - matched

    def _log_density(self, side: int, columns: list[int], scaled: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """The log density of a class without the constant that both classes share, (B,).

        The forward substitution is done track by track and element by element, because the order of a sum could depend
        on the size of the batch.
        """
        factor = np.linalg.cholesky(self.covariances[side][np.ix_(columns, columns)])
        whitened: list[NDArray[np.float64]] = []
        density = np.zeros(len(scaled[0]))
        for row, (column, known) in enumerate(zip(columns, scaled, strict=True)):
            rest = known - self.means[side, column]
            for before, earlier in enumerate(whitened):
                rest -= factor[row, before] * earlier
            rest /= factor[row, row]
            whitened.append(rest)
            density -= rest * rest / 2 + math.log(factor[row, row])
        return density

    def _check_tracks(self) -> None:
        if not 1 <= len(self.tracks) <= MOST_TRACKS:
            raise _broken(f"has {len(self.tracks)} tracks, not 1 to {MOST_TRACKS}")
        if len(set(self.tracks)) < len(self.tracks):
            raise _broken(f"names a track twice: {', '.join(self.tracks)}")

    def _check_shapes(self) -> None:
        count = len(self.tracks)
        shapes = ((count,), (2, count), (2, count), (2, count, count), (2**count,), (2,))
        for name, shape in zip(ARRAYS, shapes, strict=True):
            found = getattr(self, name).shape
            if found != shape:
                raise _broken(f"has {name} of shape {found}, not {shape}")

    def _check_numbers(self) -> None:
        for name in ("clips", "means", "covariances", "slopes"):
            if not np.isfinite(getattr(self, name)).all():
                raise _broken(f"has {name} that are not finite")
        if not (self.clips[0] <= self.clips[1]).all():
            raise _broken("has a lower clip above the upper one")
        if self.slopes.min() < 0:
            raise _broken("has a negative slope")
        if not self.bounds[0] <= 0 <= self.bounds[1]:
            raise _broken(f"has bounds {self.bounds.tolist()}, which do not enclose 0")


def logit_of_share(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """log((x + 0.01) / (1.01 - x)) for shares x, which are first limited to 0 to 1; float64, same shape."""
    held = np.clip(shares, 0.0, 1.0)
    logits: NDArray[np.float64] = np.log((held + SHARE_MARGIN) / (1.0 + SHARE_MARGIN - held))
    return logits


def _check_covariance(name: str, covariance: NDArray[np.float64]) -> None:
    """Raise unless a covariance (C, C) is symmetric and positive definite, as its sub-matrices then are too."""
    if not np.array_equal(covariance, covariance.T):
        raise _broken(f"has a {name} covariance that is not symmetric")
    try:
        np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise _broken(f"has a {name} covariance that is not positive definite") from None


def _broken(what: str) -> ResourceError:
    return ResourceError(f"the conservation head {what}", remedy="fit it again or use another one")
