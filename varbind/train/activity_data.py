"""The data of the activity head: measured effects, the features of the regression, and their moments.

The data are loci whose bases were all changed and measured, and pairs of alleles from many places, by chromosome. The
features form three groups per assay of the models (bound changes, their z, and the mean bound change) and one group of
the outputs of the local head. Each group has the same total variance, so that the penalty does not depend on the number
of models of an assay; that of the local outputs counts more. The targets are the signed square roots of the effects,
because a few large ones would dominate otherwise. They are scaled to a variance of 1 and weighted by their standard
error, and every locus has the same weight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ActivityData", "Moments", "signed_root"]

LOCAL_VARIANCE = 4.0
"""The total variance of the local outputs relative to that of another group of features."""

MIN_LOCI = 3
MIN_PER_LOCUS = 10


class Moments(NamedTuple):
    """What the regression needs of one part of the data, which is left out as a whole.

    Attributes:
        square: The weighted second moments of the features, (P, P).
        product: Those of the features with the targets, (P,).
        weight: The weight of the part; a locus has 1.
    """

    square: NDArray[np.float64]
    product: NDArray[np.float64]
    weight: float


@dataclass(frozen=True)
class ActivityData:
    """The measured effects of N variants on activity.

    Attributes:
        changes: The bound change and the z of each model, float64 (N, 2, M) (`ActivityHead.changes`).
        effects: The measured effects, log2, float64 (N,).
        errors: The standard errors of the effects, above 0, float64 (N,).
        loci: The name of the locus of each variant, (N,); of a pair of alleles, its source and chromosome.
        assays: The name of the assay of each model, (M,).
        path: The path of the file, for messages.
        local: The outputs of the local head, float64 (N, K); None = there is none.
        pair_weights: The weight of each pair of alleles, where a locus has 1, float64 (N,); 0 for the variants of loci.
            None = there are no pairs.

    Raises:
        InputError: There are too few loci or variants, a standard error is not above 0, or a locus has equal effects.
    """

    changes: NDArray[np.float64]
    effects: NDArray[np.float64]
    errors: NDArray[np.float64]
    loci: NDArray[np.str_]
    assays: Sequence[str]
    path: str = ""
    local: NDArray[np.float64] | None = None
    pair_weights: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        counts = [len(rows) for rows in self.rows_of.values()]
        if len(counts) < MIN_LOCI or min(counts) < MIN_PER_LOCUS:
            what = f"found {len(counts)} loci, the smallest with {min(counts, default=0)} variants"
            remedy = f"give {MIN_LOCI} loci of {MIN_PER_LOCUS} variants or more"
            raise InputError(what, path=self.path or None, remedy=remedy)
        if (self.errors <= 0).any():
            raise InputError("a standard error is not above 0", path=self.path or None, remedy="correct the column se")
        for name, rows in self.rows_of.items():
            if np.ptp(self.effects[rows]) == 0:
                raise InputError(f"all effects in {name} are equal", path=self.path or None, remedy="leave it out")
        for name in self.rows_of.keys() & self.pairs_of.keys():
            raise InputError(
                f"a locus is named {name}", path=self.path or None, remedy="rename it, as pairs are named so"
            )
        if self.is_pair.any() and not self.effects[self.is_pair].any():
            raise InputError("all effects of pairs of alleles are 0", remedy="leave out the table of pairs")

    def rows(self, rows: NDArray[np.intp]) -> Self:
        """The data of some of the variants."""
        return replace(
            self,
            changes=self.changes[rows],
            effects=self.effects[rows],
            errors=self.errors[rows],
            loci=self.loci[rows],
            local=None if self.local is None else self.local[rows],
            pair_weights=None if self.pair_weights is None else self.pair_weights[rows],
        )

    @cached_property
    def is_pair(self) -> NDArray[np.bool_]:
        """Whether each variant is a pair of alleles and not a variant of a locus, bool (N,)."""
        if self.pair_weights is None:
            return np.zeros(len(self.effects), dtype=np.bool_)
        return self.pair_weights > 0

    @cached_property
    def rows_of(self) -> dict[str, NDArray[np.intp]]:
        """The rows of each locus, in the order of the names."""
        return {str(name): np.flatnonzero(self.loci == name) for name in np.unique(self.loci[~self.is_pair])}

    @cached_property
    def pairs_of(self) -> dict[str, NDArray[np.intp]]:
        """The rows of the pairs of each source and chromosome, in the order of the names."""
        return {str(name): np.flatnonzero(self.loci == name) for name in np.unique(self.loci[self.is_pair])}

    @cached_property
    def inputs(self) -> NDArray[np.float64]:
        """The inputs of the head, float64 (N, 2 M + K)."""
        flat = self.changes.reshape(len(self.changes), -1)
        return flat if self.local is None else np.hstack([flat, self.local])

    @cached_property
    def scaling(self) -> NDArray[np.float64]:
        """The matrix that turns the inputs into features, (2 M + K, 2 M + assays + K), whatever the effects."""
        models = self.changes.shape[2]
        measured = self.inputs[~self.is_pair]
        spread = measured.std(axis=0)
        # The z keeps its scale, so that a rare change has a large weight; bound changes are scaled to equal variance.
        unit = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1.0), 0.0)
        unit[models:] = 1.0
        variances, assays = (spread * unit) ** 2, np.array(self.assays)
        diagonal = np.zeros(len(unit))
        for first in (0, models):
            for assay in np.unique(assays):
                own = first + np.flatnonzero(assays == assay)
                diagonal[own] = unit[own] / np.sqrt(max(variances[own].sum(), 1e-12))
        local = slice(2 * models, None)
        diagonal[local] = np.sqrt(LOCAL_VARIANCE / max(variances[local].sum(), 1e-12))
        means = []
        for assay in np.unique(assays):
            mean = np.zeros(len(unit))
            mean[:models] = np.where(assays == assay, unit[:models], 0.0)
            means.append(mean / max((measured @ mean).std(), 1e-12))
        return np.column_stack([np.diag(diagonal), *means])

    @cached_property
    def moments(self) -> dict[str, Moments]:
        """The moments of each locus, and of the pairs of each source and chromosome."""
        found = {locus: self._moments_of_locus(rows) for locus, rows in self.rows_of.items()}
        return found | {part: self._moments_of_pairs(rows) for part, rows in self.pairs_of.items()}

    def _moments_of_locus(self, rows: NDArray[np.intp]) -> Moments:
        features, effects = self.inputs[rows] @ self.scaling, self.effects[rows]
        weights = 1 / ((self.errors[rows] / effects.std()) ** 2 + 1)
        weights /= weights.sum()
        targets = signed_root(effects)
        features -= weights @ features
        targets -= weights @ targets
        targets /= np.sqrt(weights @ targets**2)
        weighted = features * weights[:, None]
        return Moments(weighted.T @ features, weighted.T @ targets, 1.0)

    def _moments_of_pairs(self, rows: NDArray[np.intp]) -> Moments:
        """Pairs are not centred: each has its own place, and 0 is no change."""
        assert self.pair_weights is not None
        features, targets = self.inputs[rows] @ self.scaling, signed_root(self.effects[rows])
        targets /= self._pair_spread
        weighted = features * self.pair_weights[rows, None]
        return Moments(weighted.T @ features, weighted.T @ targets, float(self.pair_weights[rows].sum()))

    @cached_property
    def _pair_spread(self) -> float:
        """The root of the mean square of the targets of all pairs."""
        assert self.pair_weights is not None
        targets = signed_root(self.effects)
        return float(np.sqrt(self.pair_weights @ targets**2 / self.pair_weights.sum()))


def signed_root(effects: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square root of the size of each effect, with its sign, (N,)."""
    roots: NDArray[np.float64] = np.sign(effects) * np.sqrt(np.abs(effects))
    return roots
