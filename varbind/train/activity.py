"""The weights of the activity head: a ridge regression of measured effects in many loci on changes of binding.

The features form three groups per assay: the bound changes of its models, their z, and the mean bound change. Each
group has the same total variance, so that the penalty does not depend on the number of models of an assay. Effects are
divided by their standard deviation within the locus and weighted by their standard error, and every locus has the same
weight. The penalty is the one that predicts left-out loci best, by the mean rank correlation within a locus.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

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
]

PENALTIES = (0.003, 0.01, 0.03, 0.1)
MIN_LOCI = 3
MIN_PER_LOCUS = 10


@dataclass(frozen=True)
class ActivityData:
    """The measured effects of N variants on the activity of loci.

    Attributes:
        changes: The bound change and the z of each model, float64 (N, 2, M) (`ActivityHead.changes`).
        effects: The measured effects, log2, float64 (N,).
        errors: The standard errors of the effects, above 0, float64 (N,).
        loci: The name of the locus of each variant, (N,).
        assays: The name of the assay of each model, (M,).
        path: The path of the file, for messages.

    Raises:
        InputError: There are too few loci or variants, a standard error is not above 0, or a locus has equal effects.
    """

    changes: NDArray[np.float64]
    effects: NDArray[np.float64]
    errors: NDArray[np.float64]
    loci: NDArray[np.str_]
    assays: Sequence[str]
    path: str = ""

    def __post_init__(self) -> None:
        names, counts = np.unique(self.loci, return_counts=True)
        if len(names) < MIN_LOCI or counts.min() < MIN_PER_LOCUS:
            what = f"found {len(names)} loci, the smallest with {counts.min()} variants"
            remedy = f"give {MIN_LOCI} loci of {MIN_PER_LOCUS} variants or more"
            raise InputError(what, path=self.path or None, remedy=remedy)
        if (self.errors <= 0).any():
            raise InputError("a standard error is not above 0", path=self.path or None, remedy="correct the column se")
        for name in names:
            if np.ptp(self.effects[self.loci == name]) == 0:
                raise InputError(f"all effects in {name} are equal", path=self.path or None, remedy="leave it out")

    @cached_property
    def rows_of(self) -> dict[str, NDArray[np.intp]]:
        """The rows of each locus, in the order of the names."""
        return {str(name): np.flatnonzero(self.loci == name) for name in np.unique(self.loci)}

    @cached_property
    def scaling(self) -> NDArray[np.float64]:
        """The matrix that turns changes into features, (2 M, 2 M + assays); it does not depend on the effects."""
        models = self.changes.shape[2]
        flat = self.changes.reshape(len(self.changes), -1)
        spread = flat.std(axis=0)
        # The z keeps its scale, so that a rare change has a large weight; bound changes are scaled to equal variance.
        unit = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1.0), 0.0)
        unit[models:] = 1.0
        assays = np.array(self.assays)
        columns = []
        for kind in range(2):
            diagonal = np.diag(unit[kind * models : (kind + 1) * models])
            variances = (spread * unit)[kind * models : (kind + 1) * models] ** 2
            for assay in np.unique(assays):
                diagonal[:, assays == assay] /= np.sqrt(max(variances[assays == assay].sum(), 1e-12))
            columns.append(np.pad(diagonal, ((kind * models, (1 - kind) * models), (0, 0))))
        for assay in np.unique(assays):
            mean = np.where(assays == assay, unit[:models], 0.0)
            total = flat[:, :models] @ mean
            columns.append(np.append(mean / max(total.std(), 1e-12), np.zeros(models))[:, None])
        return np.hstack(columns)

    @cached_property
    def moments(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """By locus, the weighted second moments of the features (P, P), and of the features with the effects (P,)."""
        return {locus: self._moments_of(rows) for locus, rows in self.rows_of.items()}

    def _moments_of(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        features = self.changes[rows].reshape(len(rows), -1) @ self.scaling
        spread = self.effects[rows].std()
        weights = 1 / ((self.errors[rows] / spread) ** 2 + 1)
        weights /= weights.sum()
        features -= weights @ features
        effects = (self.effects[rows] - weights @ self.effects[rows]) / spread
        weighted = features * weights[:, None]
        return weighted.T @ features, weighted.T @ effects


@dataclass(frozen=True, slots=True)
class ActivityFit:
    """A fitted head, and the results of the fit.

    Attributes:
        head: The head.
        penalty: The penalty, chosen by leaving out each locus in turn.
        slope: The log2 effect per unit of the regression, by which the weights were scaled.
        left_out: The prediction for each variant from the other loci, log2, float64 (N,).
    """

    head: ActivityHead
    penalty: float
    slope: float
    left_out: NDArray[np.float64]


def fit_activity(data: ActivityData, scale: BindingScale, *, progress: Progress | None = None) -> ActivityFit:
    """Fit the head on all loci.

    Args:
        data: The measured effects.
        scale: The scale of the binding changes of the models.
        progress: Called with (loci done, total).
    """
    loci = list(data.rows_of)
    search = _Search(data)
    penalty = search.best(frozenset())
    weights = search.weights(frozenset(), penalty)
    refits = []
    for done, locus in enumerate(loci, 1):
        refits.append(search.weights(frozenset({locus}), penalty))
        if progress:
            progress(done, len(loci))
    left_out = np.zeros(len(data.effects))
    for locus, refit in zip(loci, refits, strict=True):
        left_out[data.rows_of[locus]] = _predict(data, locus, refit)
    slope = _slope(data, left_out)
    shape = (2, data.changes.shape[2])
    head = ActivityHead(
        scale,
        slope * weights.reshape(shape),
        np.stack([(slope * refit).reshape(shape) for refit in refits]).astype(np.float32),
    )
    return ActivityFit(head, penalty, slope, slope * left_out)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The predictions for one locus from all others.

    Attributes:
        locus: The name of the left-out locus.
        penalty: The penalty, chosen on the other loci by leaving out each of them in turn.
        slope: The log2 effect per unit of the regression on the other loci.
        predicted: The predictions for all variants, log2, float64 (N,). Those for the left-out locus come from the
            others, and those for any other locus from the loci without both; a calibration on the latter therefore does
            not depend on the left-out locus.
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
            predicted[rows] = _predict(data, other, search.weights(frozenset({locus, other}), penalty))
        slope = _slope(data, predicted, without=locus)
        found.append(LeftOut(locus, penalty, slope, slope * predicted))
        if progress:
            progress(done, len(wanted))
    return found


class _Search:
    """Solves ridge regressions on subsets of the loci, each of them once."""

    def __init__(self, data: ActivityData) -> None:
        self._data = data
        self._solved: dict[tuple[frozenset[str], float], NDArray[np.float64]] = {}
        self._rated: dict[tuple[frozenset[str], str, float], float] = {}

    def weights(self, without: frozenset[str], penalty: float) -> NDArray[np.float64]:
        """The weights of the changes, (2 M,), trained on all loci except those in `without`."""
        key = (without, penalty)
        if key not in self._solved:
            used = [locus for locus in self._data.moments if locus not in without]
            square, product = (np.zeros_like(part) for part in self._data.moments[used[0]])
            # The sums are computed from scratch, so that a left-out locus has no effect, not even by rounding.
            for locus in used:
                square += self._data.moments[locus][0]
                product += self._data.moments[locus][1]
            square[np.diag_indices(len(square))] += len(used) * penalty
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
            predicted = _predict(self._data, locus, self.weights(without | {locus}, penalty))
            self._rated[key] = spearman(predicted, self._data.effects[self._data.rows_of[locus]]) or 0.0
        return self._rated[key]


def _predict(data: ActivityData, locus: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = data.rows_of[locus]
    predicted: NDArray[np.float64] = data.changes[rows].reshape(len(rows), -1) @ weights
    return predicted


def _slope(data: ActivityData, predicted: NDArray[np.float64], *, without: str | None = None) -> float:
    """The effect per unit of the left-out prediction, with equal weights of the loci without one; at least 0."""
    used = [rows for locus, rows in data.rows_of.items() if locus != without]
    pairs = [np.cov(predicted[rows], data.effects[rows]) for rows in used]
    covariance, variance = (float(np.mean([pair[0, place] for pair in pairs])) for place in (1, 0))
    # The predictions do not vary if no score of a model changes.
    return max(covariance / variance, 0.0) if variance > 0 else 0.0
