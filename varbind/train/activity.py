"""The weights of the activity head: a ridge regression of measured effects on changes of binding and local outputs.

The data are loci whose bases were all changed and measured, and pairs of alleles from many places, by source. The
features form three groups per assay of the models (bound changes, their z, and the mean bound change) and one group of
the outputs of the local head. Each group has the same total variance, so that the penalty does not depend on the number
of models of an assay; that of the local outputs counts more. The targets are the signed square roots of the effects,
because a few large ones would dominate otherwise. They are scaled to a variance of 1 and weighted by their standard
error, and every locus has the same weight. The penalty is the one that predicts left-out loci best, by the mean rank
correlation within a locus.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from varbind.effect.activity import ActivityHead
from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.train.metrics import spearman

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.binding_scale import BindingScale
    from varbind.core.progress import Progress

__all__ = [
    "PENALTIES",
    "ActivityData",
    "ActivityFit",
    "LeftOut",
    "fit_activity",
    "left_out_activity",
    "left_out_parts",
]

PENALTIES = (0.003, 0.01, 0.03)
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
        if self.is_pair.any() and not self.effects[self.is_pair].any():
            raise InputError("all effects of pairs of alleles are 0", remedy="leave out the table of pairs")

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


@dataclass(frozen=True, slots=True)
class ActivityFit:
    """A fitted head, and the results of the fit.

    Attributes:
        head: The head.
        penalty: The penalty, chosen by leaving out each locus in turn.
        slope: The log2 effect per unit of the regression, by which the weights were scaled.
        left_out: The prediction for each variant from the other loci, or of a pair of alleles, from the other
            chromosomes, log2, float64 (N,).
    """

    head: ActivityHead
    penalty: float
    slope: float
    left_out: NDArray[np.float64]


def fit_activity(data: ActivityData, scale: BindingScale, *, progress: Progress | None = None) -> ActivityFit:
    """Fit the head on all data.

    Args:
        data: The measured effects.
        scale: The scale of the binding changes of the models.
        progress: Called with (parts of the data done, total).
    """
    search = _Search(data)
    penalty = search.best(frozenset())
    refits, left_out = _refits(data, search, penalty, progress)
    weights, slope, models = search.weights(frozenset(), penalty), _slope(data, left_out), data.changes.shape[2]
    head = ActivityHead(
        scale,
        slope * weights[: 2 * models].reshape(2, models),
        slope * weights[2 * models :],
        (slope * np.stack(refits)).astype(np.float32),
    )
    return ActivityFit(head, penalty, slope, slope * left_out)


def left_out_parts(data: ActivityData) -> NDArray[np.float64]:
    """The prediction for each variant or pair without its locus or chromosome, (N,), in units of the regression."""
    search = _Search(data)
    return _refits(data, search, search.best(frozenset()), None)[1]


def _refits(
    data: ActivityData, search: _Search, penalty: float, progress: Progress | None
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """The weights without each part of the data, and the predictions for the variants of the part, (N,)."""
    refits, left_out = list[Any](), np.zeros(len(data.effects))
    for part, rows in (data.rows_of | data.pairs_of).items():
        refits.append(search.weights(frozenset({part}), penalty))
        left_out[rows] = data.inputs[rows] @ refits[-1]
        if progress:
            progress(len(refits), len(data.moments))
    return refits, left_out


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The predictions for one locus from all others.

    Attributes:
        locus: The name of the left-out locus.
        penalty: The penalty, chosen on the other loci by leaving out each of them in turn.
        slope: The log2 effect per unit of the regression on the other loci.
        predicted: The predictions for all variants, log2, float64 (N,). Those for the left-out locus come from the
            others, and those for any other locus from the loci without both; a calibration on the latter therefore does
            not depend on the left-out locus. Pairs of alleles have 0.
    """

    locus: str
    penalty: float
    slope: float
    predicted: NDArray[np.float64]


def left_out_activity(
    data: ActivityData,
    loci: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> list[LeftOut]:
    """Predict each locus from all others.

    Args:
        data: The measured effects.
        loci: The loci to predict; None = all.
        progress: Called with (loci done, total).
    """
    search, found = _Search(data), []
    wanted = list(data.rows_of) if loci is None else list(loci)
    for done, locus in enumerate(wanted, 1):
        penalty, predicted = search.best(frozenset({locus})), np.zeros(len(data.effects))
        for other, rows in data.rows_of.items():
            predicted[rows] = data.inputs[rows] @ search.weights(frozenset({locus, other}), penalty)
        slope = _slope(data, predicted, without=locus)
        found.append(LeftOut(locus, penalty, slope, slope * predicted))
        if progress:
            progress(done, len(wanted))
    return found


def signed_root(effects: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square root of the size of each effect, with its sign, (N,)."""
    roots: NDArray[np.float64] = np.sign(effects) * np.sqrt(np.abs(effects))
    return roots


class _Search:
    """Solves ridge regressions on parts of the data, each of them once."""

    def __init__(self, data: ActivityData) -> None:
        self._data = data
        self._solved: dict[tuple[frozenset[str], float], NDArray[np.float64]] = {}
        self._rated: dict[tuple[frozenset[str], str, float], float] = {}

    def weights(self, without: frozenset[str], penalty: float) -> NDArray[np.float64]:
        """The weights of the inputs, (2 M + K,), trained on all parts except those in `without`."""
        key = (without, penalty)
        if key not in self._solved:
            used = [moments for part, moments in self._data.moments.items() if part not in without]
            square, product = (np.zeros_like(array) for array in used[0][:2])
            # The sums are computed from scratch, so that a left-out part has no effect, not even by rounding.
            for moments in used:
                square += moments.square
                product += moments.product
            square[np.diag_indices(len(square))] += penalty * sum(moments.weight for moments in used)
            # The matrix is symmetric and positive definite, so that a Cholesky decomposition takes half the time.
            solve: Any = optional_import("scipy.linalg", needed_for="training").solve
            solved = solve(square, product, assume_a="pos", overwrite_a=True, check_finite=False)
            self._solved[key] = self._data.scaling @ solved
        return self._solved[key]

    def best(self, without: frozenset[str]) -> float:
        """The penalty that best predicts each of the remaining loci from the others."""
        inner = [locus for locus in self._data.rows_of if locus not in without]
        return max(PENALTIES, key=lambda penalty: np.mean([self._rating(without, locus, penalty) for locus in inner]))

    def _rating(self, without: frozenset[str], locus: str, penalty: float) -> float:
        # The regression without two loci does not depend on their order.
        key = (without | {locus}, locus, penalty)
        if key not in self._rated:
            rows = self._data.rows_of[locus]
            predicted = self._data.inputs[rows] @ self.weights(without | {locus}, penalty)
            self._rated[key] = spearman(predicted, self._data.effects[rows]) or 0.0
        return self._rated[key]


def _slope(data: ActivityData, predicted: NDArray[np.float64], *, without: str | None = None) -> float:
    """The effect per unit of the left-out prediction, with equal weights of the loci without one; at least 0."""
    used = [rows for locus, rows in data.rows_of.items() if locus != without]
    pairs = [np.cov(predicted[rows], data.effects[rows]) for rows in used]
    covariance, variance = (float(np.mean([pair[0, place] for pair in pairs])) for place in (1, 0))
    # The predictions do not vary if no score of a model changes.
    return max(covariance / variance, 0.0) if variance > 0 else 0.0
