"""The results of methods on loci, and what one method is better by than another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import InputError
from varbind.train.metrics import DRAWS, auc, drawn_correlations, spearman

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.datasets.variant_table import VariantTable

__all__ = ["MEAN", "ActivityRow", "LocusResults"]

BLOCK = 20
"""Number of bases that are drawn together in the bootstrap, since neighbouring variants change the same site."""

MEAN = "mean"


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """The result of one method on one locus, or the mean over loci; or by how much it is above that of another method.

    Attributes:
        method: name of the method; `A minus B` for the difference of two methods.
        locus: name of the locus, or `mean`.
        variants: number of measured variants.
        spearman: rank correlation with the effect; NaN for a method without a sign.
        spearman_low: lower end of its 95 % interval, by a bootstrap of blocks of 20 bases.
        spearman_high: upper end of the interval.
        spearman_abs: rank correlation with the size of the effect; NaN for a method without a size.
        spearman_abs_low: lower end of its 95 % interval, by the same draws.
        spearman_abs_high: upper end of the interval.
        auc: area under the ROC curve for probable changes of more than 0.3 log2; NaN where there are not both classes.
            The mean is over the loci that have both.
    """

    method: str
    locus: str
    variants: int
    spearman: float
    spearman_low: float
    spearman_high: float
    spearman_abs: float
    spearman_abs_low: float
    spearman_abs_high: float
    auc: float


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of one method on one locus, or the mean over loci, with the draws of both correlations, (DRAWS,)."""

    variants: int
    signed: float
    signed_draws: NDArray[np.float64]
    size: float
    size_draws: NDArray[np.float64]
    auc: float

    @classmethod
    def mean(cls, results: Sequence[_Result]) -> _Result:
        """The mean over loci. That of the areas is over the loci with both classes, if each locus has variants."""
        areas = [result.auc for result in results if not (result.variants and np.isnan(result.auc))]
        return cls(
            sum(result.variants for result in results),
            float(np.mean([result.signed for result in results])),
            np.mean([result.signed_draws for result in results], axis=0),
            float(np.mean([result.size for result in results])),
            np.mean([result.size_draws for result in results], axis=0),
            float(np.mean(areas)) if areas else float("nan"),
        )

    def minus(self, other: _Result) -> _Result:
        """The difference to another method, whose draws are of the same variants."""
        return _Result(
            self.variants,
            self.signed - other.signed,
            self.signed_draws - other.signed_draws,
            self.size - other.size,
            self.size_draws - other.size_draws,
            self.auc - other.auc,
        )

    def row(self, method: str, locus: str) -> ActivityRow:
        """The result with intervals."""
        signed, size = _interval(self.signed_draws), _interval(self.size_draws)
        return ActivityRow(method, locus, self.variants, self.signed, *signed, self.size, *size, self.auc)


class LocusResults:
    """The results of methods, locus by locus.

    Args:
        table: measured effects.
        outcomes: whether each variant has probably changed activity, bool (N,).
        loci: locus of each variant, (N,).
        wanted: loci on which methods are evaluated.
        seed: seed of the bootstrap.

    Attributes:
        wanted: the loci, as given.
        rows: rows of each method in turn, with the mean after its loci.
    """

    def __init__(
        self,
        table: VariantTable,
        outcomes: NDArray[np.bool_],
        loci: NDArray[np.str_],
        wanted: Sequence[str],
        seed: int,
    ) -> None:
        self.wanted, self.rows = list(wanted), list[ActivityRow]()
        self._effects, self._outcomes, self._seed = table.numbers["effect"], outcomes, seed
        self._blocks = np.array([variant.pos // BLOCK for variant in table.variants])
        self._rows_of = {locus: np.flatnonzero(loci == locus) for locus in wanted}
        self._results: dict[str, dict[str, _Result]] = {}

    def add(self, name: str, effects: NDArray[np.float64] | None, sizes: NDArray[np.float64] | None = None) -> None:
        """Evaluate a method by its predicted effects and by its predicted sizes of effects, each float64 (N,).

        Raises:
            InputError: a method has this name already.
        """
        if name in self._results:
            raise InputError(f"two methods are named {name}", remedy="rename one")
        self._add(name, {locus: self._result(locus, effects, sizes) for locus in self.wanted})

    def compare(self, name: str, other: str) -> None:
        """Add by how much one method is above another. Both are drawn together, so that their common noise cancels.

        Where one of them has no sign, or no size, or not the variants of the other, there is no difference.
        """
        one, two = self._results[name], self._results[other]
        self._add(f"{name} minus {other}", {locus: one[locus].minus(two[locus]) for locus in self.wanted})

    def _add(self, name: str, results: dict[str, _Result]) -> None:
        self._results[name] = results
        of_all = results | {MEAN: _Result.mean(list(results.values()))}
        self.rows += [result.row(name, locus) for locus, result in of_all.items()]

    def _result(self, locus: str, effects: NDArray[np.float64] | None, sizes: NDArray[np.float64] | None) -> _Result:
        rows = self._rows_of[locus]
        for scores in (effects, sizes):
            if scores is not None:
                rows = rows[np.isfinite(scores[rows])]
        measured = self._effects[rows]
        area = None if sizes is None else auc(self._outcomes[rows], sizes[rows])
        return _Result(
            len(rows),
            *self._correlation(locus, rows, effects, measured),
            *self._correlation(locus, rows, sizes, np.abs(measured)),
            float("nan") if area is None else area,
        )

    def _correlation(
        self, locus: str, rows: NDArray[np.intp], scores: NDArray[np.float64] | None, measured: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """The rank correlation, and its draws; NaN without scores."""
        if scores is None or not len(rows):
            return float("nan"), np.full(DRAWS, np.nan)
        # The draws are the same for all methods and differ between loci.
        seed = (self._seed, self.wanted.index(locus))
        drawn = drawn_correlations(measured, scores[rows], self._blocks[rows], seed)
        return spearman(scores[rows], measured) or 0.0, drawn


def _interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    if np.isnan(draws).any():
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
