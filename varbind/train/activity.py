"""The activity head's weights: binding scores and measured effects of many loci enter, a ridge regression leaves.

Features come in groups, three an assay: the bound changes of its models, their z, and the mean bound change. Each
group has the same total variance, so that the penalty treats an assay of 500 models as it does one of 100. Effects
are divided by their standard deviation in their locus, weighted by their standard error, and each locus counts the
same. The penalty is the one that predicts left-out loci best, by the mean rank correlation within a locus.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.effect.activity import ActivityHead
from varbind.errors import InputError
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from varbind.bank.binding_scale import BindingScale

__all__ = [
    "PENALTIES",
    "ActivityData",
    "ActivityFit",
    "LeftOut",
    "fit_activity",
    "left_out_activity",
    "rank_correlation",
]

PENALTIES = (0.003, 0.01, 0.03, 0.1)
FEWEST_LOCI = 3
FEWEST_IN_LOCUS = 10


@dataclass(frozen=True)
class ActivityData:
    """Effects of N variants on the activity of loci.

    Attributes:
        changes: bound change and z of each model, float64 (N, 2, M) (`ActivityHead.changes`).
        effects: measured, log2, float64 (N,).
        errors: their standard errors, above 0, float64 (N,).
        loci: name of each variant's locus, (N,).
        assays: name of each model's assay, (M,).
        path: of the file, for messages.
    """

    changes: NDArray[np.float64]
    effects: NDArray[np.float64]
    errors: NDArray[np.float64]
    loci: NDArray[np.str_]
    assays: Sequence[str]
    path: str = ""

    def __post_init__(self) -> None:
        names, counts = np.unique(self.loci, return_counts=True)
        if len(names) < FEWEST_LOCI or counts.min() < FEWEST_IN_LOCUS:
            what = f"{len(names)} loci, the smallest with {counts.min()} variants"
            remedy = f"give {FEWEST_LOCI} loci of {FEWEST_IN_LOCUS} variants or more"
            raise InputError(what, path=self.path or None, remedy=remedy)
        if (self.errors <= 0).any():
            raise InputError("a standard error is not above 0", path=self.path or None, remedy="correct the column se")
        for name in names:
            if np.ptp(self.effects[self.loci == name]) == 0:
                raise InputError(f"all effects in {name} are equal", path=self.path or None, remedy="leave it out")

    @cached_property
    def rows_of(self) -> dict[str, NDArray[np.intp]]:
        """Rows of each locus, in order of the names."""
        return {str(name): np.flatnonzero(self.loci == name) for name in np.unique(self.loci)}

    @cached_property
    def scaling(self) -> NDArray[np.float64]:
        """What turns the changes of one model or of a mean into features, (2 M, 2 M + assays); effects play no part."""
        models = self.changes.shape[2]
        flat = self.changes.reshape(len(self.changes), -1)
        spread = flat.std(axis=0)
        # The z of a rare change weighs by what it is; the bound change of every model weighs the same.
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
        """By locus, the weighted second moments of its features (P, P), and those with its effects (P,)."""
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
    """A fitted head, and how it was chosen.

    Attributes:
        head: see `ActivityHead`.
        penalty: chosen by leaving each locus out.
        slope: log2 of effect per unit of the regression, by which it was scaled.
        left_out: prediction of each variant by the loci other than its own, log2, float64 (N,).
    """

    head: ActivityHead
    penalty: float
    slope: float
    left_out: NDArray[np.float64]


def fit_activity(
    data: ActivityData, scale: BindingScale, *, progress: Callable[[int, int], None] | None = None
) -> ActivityFit:
    """Fit the head on all loci.

    Args:
        data: what was measured.
        scale: of the models.
        progress: called with (loci done, in all).
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
    """A locus that was predicted from all others.

    Attributes:
        locus: its name.
        penalty: chosen by the others, leaving each of them out in turn.
        slope: log2 of effect per unit of the regression among the others.
        predicted: by the loci other than a variant's own and this one, log2, float64 (N,): of the locus itself what the
            others say of it, of each other one what the rest says. So what is calibrated on the others' predictions
            has not seen the locus either.
    """

    locus: str
    penalty: float
    slope: float
    predicted: NDArray[np.float64]


def left_out_activity(
    data: ActivityData,
    loci: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[LeftOut]:
    """Predict each locus from all others.

    Args:
        data: what was measured.
        loci: to predict; None = all.
        progress: called with (loci done, in all).

    """
    search, found = _Search(data), []
    wanted = list(data.rows_of) if loci is None else list(loci)
    for done, locus in enumerate(wanted, 1):
        penalty, predicted = search.best(frozenset({locus})), np.zeros(len(data.effects))
        for own in data.rows_of:
            predicted[data.rows_of[own]] = _predict(data, own, search.weights(frozenset({locus, own}), penalty))
        slope = _slope(data, predicted, without=locus)
        found.append(LeftOut(locus, penalty, slope, slope * predicted))
        if progress:
            progress(done, len(wanted))
    return found


class _Search:
    """Ridge regressions on subsets of the loci, each solved once."""

    def __init__(self, data: ActivityData) -> None:
        self._data = data
        self._solved: dict[tuple[frozenset[str], float], NDArray[np.float64]] = {}
        self._rated: dict[tuple[frozenset[str], str, float], float] = {}

    def weights(self, without: frozenset[str], penalty: float) -> NDArray[np.float64]:
        """Of the changes, (2 M,), trained on all loci but some."""
        key = (without, penalty)
        if key not in self._solved:
            used = [locus for locus in self._data.moments if locus not in without]
            square, product = (np.zeros_like(part) for part in self._data.moments[used[0]])
            # Added up anew each time: what is left out leaves no trace, not even of rounding.
            for locus in used:
                square += self._data.moments[locus][0]
                product += self._data.moments[locus][1]
            square[np.diag_indices(len(square))] += len(used) * penalty
            # Symmetric and positive definite: Cholesky's is half the work.
            solve: Any = optional_import("scipy.linalg", needed_for="training").solve
            solved = solve(square, product, assume_a="pos", overwrite_a=True, check_finite=False)
            self._solved[key] = self._data.scaling @ solved
        return self._solved[key]

    def best(self, without: frozenset[str]) -> float:
        """The penalty that predicts best, each of the loci left in from the others."""
        inner = [locus for locus in self._data.rows_of if locus not in without]
        return max(PENALTIES, key=lambda penalty: np.mean([self._rating(without, locus, penalty) for locus in inner]))

    def _rating(self, without: frozenset[str], locus: str, penalty: float) -> float:
        # Two loci left out are the same pair in either order.
        key = (without | {locus}, locus, penalty)
        if key not in self._rated:
            predicted = _predict(self._data, locus, self.weights(without | {locus}, penalty))
            self._rated[key] = rank_correlation(predicted, self._data.effects[self._data.rows_of[locus]])
        return self._rated[key]


def _predict(data: ActivityData, locus: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = data.rows_of[locus]
    predicted: NDArray[np.float64] = data.changes[rows].reshape(len(rows), -1) @ weights
    return predicted


def _slope(data: ActivityData, predicted: NDArray[np.float64], *, without: str | None = None) -> float:
    """Effect per unit of the left-out prediction, every locus but one counting the same; at least 0."""
    used = [rows for locus, rows in data.rows_of.items() if locus != without]
    pairs = [np.cov(predicted[rows], data.effects[rows]) for rows in used]
    common, own = (float(np.mean([pair[0, place] for pair in pairs])) for place in (1, 0))
    # Where no model changes at all, nothing is predicted.
    return max(common / own, 0.0) if own > 0 else 0.0


def rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Spearman's, ties at their mean rank; 0 where one is constant."""
    rankdata = optional_import("scipy.stats", needed_for="training").rankdata
    first, second = rankdata(one), rankdata(other)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
