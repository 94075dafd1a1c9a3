"""Metrics of how well scores agree with labels or with measured values, and their bootstrap intervals.

The metrics themselves are those of scikit-learn and scipy; None stands for a metric that is undefined. The bootstrap is
computed here, because a thousand draws by library calls would sort the same scores a thousand times.

Variants of one gene share their sequence and their history, so genes are drawn and not variants. The scores are sorted
once; a draw gives every variant a count, and the areas of the draw are computed from a few sums along that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "DRAWS",
    "Areas",
    "Ranking",
    "areas_of",
    "auc",
    "average_precision",
    "drawn_correlations",
    "drawn_counts",
    "pearson",
    "spearman",
]

DRAWS = 1_000
"""The number of draws of a bootstrap."""


def auc(labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> float | None:
    """Area under the ROC curve: the share of pairs in which the positive scores higher; a tie counts one half.

    Args:
        labels: Whether each row is positive, bool (N,).
        scores: The scores, none NaN, (N,).

    Returns:
        0 to 1; None if there is only one class.
    """
    return float(_sklearn().roc_auc_score(labels, scores)) if _has_both_classes(labels) else None


def average_precision(labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> float | None:
    """Area under the precision-recall curve: the precision at each threshold, weighted by the recall it adds.

    Args:
        labels: Whether each row is positive, bool (N,).
        scores: The scores, none NaN, (N,).

    Returns:
        0 to 1; chance is the share of positives. None if there is only one class.
    """
    return float(_sklearn().average_precision_score(labels, scores)) if _has_both_classes(labels) else None


def pearson(values: NDArray[np.floating], scores: NDArray[np.floating]) -> float | None:
    """Pearson correlation of values and scores, both (N,): -1 to 1; None if one of them is constant."""
    if _is_constant(values) or _is_constant(scores):
        return None
    # scipy warns of values that hardly vary about a large mean, which are exact once the mean is subtracted.
    return float(_stats().pearsonr(values - values.mean(), scores - scores.mean()).statistic)


def spearman(values: NDArray[np.floating], scores: NDArray[np.floating]) -> float | None:
    """Rank correlation of values and scores, both (N,): -1 to 1, ties at their mean rank; None if one is constant."""
    if _is_constant(values) or _is_constant(scores):
        return None
    return float(_stats().spearmanr(values, scores).statistic)


@dataclass(frozen=True, slots=True)
class Areas:
    """The area over all pairs and the area over pairs within a stratum, or differences of such areas.

    Attributes:
        whole: The area over all pairs, 0 to 1; NaN if there is no pair of the two classes.
        within: The mean of the areas of the strata, weighted by their numbers of pairs; NaN likewise.
        drawn: Both areas for every draw of genes, float64 (DRAWS, 2).
    """

    whole: float
    within: float
    drawn: NDArray[np.float64]

    def intervals(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the 95 % intervals of both areas; NaN if no draw has a pair."""
        whole, within = (_interval(drawn[~np.isnan(drawn)]) for drawn in self.drawn.T)
        return whole, within

    def minus(self, other: Areas) -> Areas:
        """Subtract other areas, draw by draw; the draws must be the same."""
        return Areas(self.whole - other.whole, self.within - other.within, self.drawn - other.drawn)

    @classmethod
    def mean_of(cls, areas: Sequence[Areas]) -> Areas:
        """Average areas, draw by draw; the draws must be the same."""
        whole, within = (float(np.mean([getattr(one, name) for one in areas])) for name in ("whole", "within"))
        return cls(whole, within, np.mean([one.drawn for one in areas], axis=0))


class Ranking:
    """N scores in sorted order, for the areas of many draws.

    Args:
        labels: Whether each score is that of a positive, bool (N,).
        scores: The scores, none NaN, (N,).
        strata: The stratum of each score, (N,); only pairs within a stratum count. None = one stratum.
    """

    def __init__(
        self, labels: NDArray[np.bool_], scores: NDArray[np.floating], strata: NDArray[np.integer] | None = None
    ) -> None:
        strata = np.zeros(len(scores), dtype=np.int64) if strata is None else strata
        self._order = np.lexsort((scores, strata))
        self._labels = labels[self._order]
        ranked, stratum = scores[self._order], strata[self._order]
        new_stratum = np.append(True, stratum[1:] != stratum[:-1])[: len(scores)]
        new_tie = new_stratum | np.append(True, ranked[1:] != ranked[:-1])[: len(scores)]
        self._ties = np.flatnonzero(new_tie)
        self._strata = np.flatnonzero(new_stratum[self._ties])

    def area(self, counts: NDArray[np.int64]) -> float:
        """Return the area under the ROC curve over the pairs within strata; ties count half.

        Args:
            counts: The number of copies of each variant, int64 (N,).

        Returns:
            0 to 1; NaN if no stratum has both classes.
        """
        if not len(self._order):
            return float("nan")
        positives, negatives = self._tied(counts)
        below = np.cumsum(negatives) - negatives
        of_stratum = np.add.reduceat(positives, self._strata)
        pairs = int(of_stratum @ np.add.reduceat(negatives, self._strata))
        # The sums include the negatives of earlier strata, which are subtracted.
        won = positives @ (below + negatives / 2) - of_stratum @ below[self._strata]
        return float(won / pairs) if pairs else float("nan")

    def average_precision(self, counts: NDArray[np.int64]) -> float:
        """Return the average precision of scores in one stratum.

        Args:
            counts: The number of copies of each variant, int64 (N,).

        Returns:
            0 to 1; NaN unless both classes are drawn.
        """
        positives, negatives = (tied[::-1] for tied in self._tied(counts))
        found, false = np.cumsum(positives), np.cumsum(negatives)
        if not (found[-1] and false[-1]):
            return float("nan")
        precision = found / np.maximum(found + false, 1)
        return float(np.sum(positives / found[-1] * precision))

    def _tied(self, counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of positives and of negatives with each different score of a stratum, in ascending order."""
        copies = counts[self._order]
        positive = copies * self._labels
        return np.add.reduceat(positive, self._ties), np.add.reduceat(copies - positive, self._ties)


def areas_of(
    labels: NDArray[np.bool_],
    scores: NDArray[np.floating],
    strata: NDArray[np.integer],
    genes: NDArray[np.str_],
    *,
    folds: NDArray[np.integer],
    seed: int,
) -> Areas:
    """Compute the areas of a score, and those of `DRAWS` draws of genes with replacement.

    Equal genes and seeds give equal draws, so that the areas of different scores can be subtracted.

    Args:
        labels: Whether each variant is positive, bool (N,).
        scores: The score of each variant, (N,); NaN = missing: the variant is drawn, but does not count.
        strata: The stratum of each variant, 0 or more, (N,).
        genes: The gene of each variant, (N,).
        folds: The fold of each variant, (N,); only pairs within a fold count, since models of different folds have no
            common scale.
        seed: The seed of the draws.
    """
    scored = ~np.isnan(scores)
    whole = Ranking(labels[scored], scores[scored], folds[scored])
    both = folds * (strata.max(initial=0) + 1) + strata
    within = Ranking(labels[scored], scores[scored], both[scored])
    once = np.ones(int(scored.sum()), dtype=np.int64)
    counts = (drawn[scored] for drawn in drawn_counts(genes, seed))
    drawn = [(whole.area(copies), within.area(copies)) for copies in counts]
    return Areas(whole.area(once), within.area(once), np.array(drawn).reshape(-1, 2))


def drawn_counts(genes: NDArray[Any], seed: int | Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Draw genes with replacement `DRAWS` times; yields how often each variant is drawn, int64 (N,).

    Args:
        genes: The gene of each variant, (N,).
        seed: The seed; equal genes and seeds give equal draws.
    """
    rng = np.random.default_rng(seed)
    names, gene = np.unique(genes, return_inverse=True)
    for _ in range(DRAWS):
        yield np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[gene]


def drawn_correlations(
    values: NDArray[np.float64], scores: NDArray[np.float64], blocks: NDArray[np.int64], seed: Sequence[int]
) -> NDArray[np.float64]:
    """Rank correlations in draws of whole blocks with replacement, float64 (DRAWS,).

    Args:
        values: The measured values, (N,).
        scores: The scores, (N,).
        blocks: The block of each row, (N,).
        seed: The seed of the draws.
    """
    rng = np.random.default_rng(seed)
    block = np.unique(blocks, return_inverse=True)[1]
    count = block.max() + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)[:, block].astype(np.float64)
    # Ties get their mean rank, as in the estimate; their order in the file would follow their positions.
    one, other = (_stats().rankdata(column) - (len(column) + 1) / 2 for column in (scores, values))
    total = drawn.sum(axis=1)
    mean_one, mean_other = drawn @ one / total, drawn @ other / total
    covariance = drawn @ (one * other) / total - mean_one * mean_other
    variances = [drawn @ ranks**2 / total - mean**2 for ranks, mean in ((one, mean_one), (other, mean_other))]
    correlations: NDArray[np.float64] = covariance / np.sqrt(np.maximum(variances[0] * variances[1], 1e-12))
    return correlations


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    if not len(drawn):
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return low, high


def _has_both_classes(labels: NDArray[np.bool_]) -> bool:
    return bool(labels.any()) and not labels.all()


def _is_constant(values: NDArray[np.floating]) -> bool:
    return bool((values == values[:1]).all())


def _sklearn() -> Any:
    return optional_import("sklearn.metrics", needed_for="training and evaluation")


def _stats() -> Any:
    return optional_import("scipy.stats", needed_for="training and evaluation")
