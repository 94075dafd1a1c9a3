"""From the conservation at a variant's site to the log-odds that it is pathogenic, whichever tracks are known.

Conservation enters as it stands in the tracks; a log-odds leaves, or NaN where no track is known. One Gaussian a
class, each with its own covariance, gives a quadratic discriminant (Hastie, Tibshirani & Friedman, The Elements of
Statistical Learning, section 4.3). It is chosen because a Gaussian loses a missing track exactly: what remains has the
sub-vector of the means and the sub-matrix of the covariances, so one fit serves every subset of tracks. Correlated
tracks that are not Gaussian make such a discriminant too sure of itself, hence the slope of each subset and the bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["MATCHED", "MOST_TRACKS", "PATHOGENIC", "ConservationHead"]

MATCHED, PATHOGENIC = 0, 1
"""The rows of means and covariances."""

MOST_TRACKS = 12
"""There is a slope for each of the 2^C subsets of tracks."""

SHARE_MARGIN = 0.01
"""Keeps the logit of a share finite; phastCons is printed with two or three decimals."""

ARRAYS = ("is_share", "clips", "means", "covariances", "slopes", "bounds")


@dataclass(frozen=True, slots=True, eq=False)
class ConservationHead:
    """Log-odds of a pathogenic against a matched common variant, of C tracks that rise with conservation.

    A share x, as of phastCons, becomes log((x + 0.01) / (1.01 - x)); any other value, as of phyloP, stays. Then it is
    clipped. With the known tracks S of a variant and D the log of the ratio of the two densities on S, the log-odds
    are slope(S) D, held within the bounds. They are those of classes of equal size: who knows how common pathogenic
    variants are adds the log of their odds.

    Attributes:
        tracks: the names, in the order of all columns.
        is_share: which tracks lie between 0 and 1, bool (C,).
        clips: lowest and highest transformed value, float64 (2, C).
        means: of the transformed and clipped values, matched then pathogenic, float64 (2, C).
        covariances: of the same, float64 (2, C, C).
        slopes: of each subset of tracks, float64 (2^C,), at the sum of 2^c over its columns c; the first is not used.
        bounds: lowest and highest log-odds (natural logarithm), float64 (2,).

    Raises:
        ResourceError: the parts do not fit together, or a covariance is none.
    """

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

    @classmethod
    def from_arrays(cls, tracks: Sequence[str], arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The head whose `arrays` these are.

        Args:
            tracks: the names, in the order of the columns.
            arrays: those of `arrays`; others are passed over.

        Raises:
            ResourceError: one is missing, or they do not fit together.
        """
        missing = [name for name in ARRAYS if name not in arrays]
        if missing:
            raise _broken(f"has no {', '.join(missing)}")
        numbers = {name: np.asarray(arrays[name], dtype=np.float64) for name in ARRAYS[1:]}
        return cls(tuple(tracks), np.asarray(arrays["is_share"], dtype=np.bool_), **numbers)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All but the names, as arrays that a file can hold."""
        return {name: getattr(self, name) for name in ARRAYS}

    def log_odds(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Natural logarithm of the odds of pathogenic against matched common.

        A variant has the same bytes in every batch.

        Args:
            values: the tracks at the site of each variant, (B, C); NaN = missing.

        Returns:
            float64 (B,); NaN where no track is known, as nothing is known then, which even odds (0) would claim.
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
        """Known values of one track on the scale of the means, float64 (B,)."""
        scaled = np.ascontiguousarray(values, dtype=np.float64)
        if self.is_share[column]:
            scaled = logit_of_share(scaled)
        clipped: NDArray[np.float64] = np.clip(scaled, *self.clips[:, column])
        return clipped

    def _log_ratio(self, columns: list[int], values: list[NDArray[np.floating]]) -> NDArray[np.float64]:
        """Log of the pathogenic over the matched density of some tracks, each (B,); float64 (B,)."""
        scaled = [self.transformed(column, own) for column, own in zip(columns, values, strict=True)]
        matched, pathogenic = (self._log_density(side, columns, scaled) for side in (MATCHED, PATHOGENIC))
        return pathogenic - matched

    def _log_density(self, side: int, columns: list[int], scaled: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Log density of a class but for the constant that both share, (B,).

        Forward substitution track by track: element by element there is no sum whose order depends on the batch.
        """
        factor = np.linalg.cholesky(self.covariances[side][np.ix_(columns, columns)])
        whitened: list[NDArray[np.float64]] = []
        density = np.zeros(len(scaled[0]))
        for row, (column, own) in enumerate(zip(columns, scaled, strict=True)):
            rest = own - self.means[side, column]
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
    """log((x + 0.01) / (1.01 - x)) of shares x, which are first held within 0 and 1; float64, same shape."""
    held = np.clip(shares, 0.0, 1.0)
    logits: NDArray[np.float64] = np.log((held + SHARE_MARGIN) / (1.0 + SHARE_MARGIN - held))
    return logits


def _check_covariance(name: str, covariance: NDArray[np.float64]) -> None:
    """Raise unless a covariance (C, C) is symmetric and positive definite; its sub-matrices then are too."""
    if not np.array_equal(covariance, covariance.T):
        raise _broken(f"has a {name} covariance that is not symmetric")
    try:
        np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise _broken(f"has a {name} covariance that is not positive definite") from None


def _broken(what: str) -> ResourceError:
    return ResourceError(f"the conservation head {what}", remedy="fit it anew or take another")
