"""The weights of the activity head: a ridge regression of measured effects on changes of binding and local outputs.

`varbind.train.activity_data` describes the features and the targets. The penalty is the one that predicts left-out loci
best, by the mean rank correlation within a locus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.effect.activity import ActivityHead
from varbind.gate import optional_import
from varbind.train.metrics import spearman

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.binding_scale import BindingScale
    from varbind.core.progress import Progress
    from varbind.train.activity_data import ActivityData

__all__ = [
    "PENALTIES",
    "ActivityFit",
    "LeftOut",
    "fit_activity",
    "fitted_weights",
    "left_out_activity",
    "left_out_parts",
]

PENALTIES = (0.003, 0.01, 0.03)


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


def fitted_weights(data: ActivityData) -> NDArray[np.float64]:
    """The weights of the inputs after a fit to all data, (2 M + K,), in units of the regression."""
    search = _Search(data)
    return search.weights(frozenset(), search.best(frozenset()))


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
