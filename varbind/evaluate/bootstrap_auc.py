"""Areas under the ROC curve with intervals over genes: labels, scores and strata enter, areas leave.

Variants of one gene share their sequence and their history, so genes are drawn and not variants. Scores are put in
order once; a draw gives every variant a count, and its area is a few sums along that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["DRAWS", "Areas", "Ranking", "areas_of"]

DRAWS = 1_000
"""Of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Areas:
    """The area over all pairs, and that over pairs of one stratum; or a difference of such areas.

    Attributes:
        whole: 0 to 1; NaN where there is no pair of the two classes.
        within: the mean of the strata's own areas, each weighted by its number of pairs; the same.
        drawn: both, for every draw of genes, float64 (DRAWS, 2).
    """

    whole: float
    within: float
    drawn: NDArray[np.float64]

    def intervals(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """95 % of the draws of either area; NaN where no draw has a pair."""
        whole, within = (_interval(drawn[~np.isnan(drawn)]) for drawn in self.drawn.T)
        return whole, within

    def minus(self, other: Areas) -> Areas:
        """The difference, draw by draw, of areas of the same draws."""
        return Areas(self.whole - other.whole, self.within - other.within, self.drawn - other.drawn)

    @classmethod
    def mean_of(cls, areas: Sequence[Areas]) -> Areas:
        """The mean, draw by draw, of areas of the same draws."""
        whole, within = (float(np.mean([getattr(own, name) for own in areas])) for name in ("whole", "within"))
        return cls(whole, within, np.mean([own.drawn for own in areas], axis=0))


class Ranking:
    """N scores in order.

    Args:
        labels: true = should score higher, bool (N,).
        scores: none NaN, (N,).
        strata: only pairs of one stratum count, (N,).
    """

    def __init__(self, labels: NDArray[np.bool_], scores: NDArray[np.floating], strata: NDArray[np.integer]) -> None:
        self._order = np.lexsort((scores, strata))
        self._labels = labels[self._order]
        ranked, stratum = scores[self._order], strata[self._order]
        new_stratum = np.append(True, stratum[1:] != stratum[:-1])[: len(scores)]
        new_tie = new_stratum | np.append(True, ranked[1:] != ranked[:-1])[: len(scores)]
        self._ties = np.flatnonzero(new_tie)
        self._strata = np.flatnonzero(new_stratum[self._ties])

    def area(self, counts: NDArray[np.int64]) -> float:
        """How often a positive is above a negative of its stratum, a tie counting half.

        Args:
            counts: how often each variant is there, int64 (N,).

        Returns:
            0 to 1; NaN where no stratum has both classes.
        """
        if not len(self._order):
            return float("nan")
        own = counts[self._order]
        positive = own * self._labels
        positives = np.add.reduceat(positive, self._ties)
        negatives = np.add.reduceat(own - positive, self._ties)
        below = np.cumsum(negatives) - negatives
        of_stratum = np.add.reduceat(positives, self._strata)
        pairs = int(of_stratum @ np.add.reduceat(negatives, self._strata))
        # Negatives of earlier strata stand below too, and are taken off.
        won = positives @ (below + negatives / 2) - of_stratum @ below[self._strata]
        return float(won / pairs) if pairs else float("nan")


def areas_of(
    labels: NDArray[np.bool_],
    scores: NDArray[np.floating],
    strata: NDArray[np.integer],
    genes: NDArray[np.str_],
    *,
    folds: NDArray[np.integer],
    seed: int,
) -> Areas:
    """Areas of a score, and those of `DRAWS` draws of genes with replacement.

    Equal genes and seed give equal draws, so that areas of different scores can be subtracted.

    Args:
        labels: true = should score higher, bool (N,).
        scores: NaN = there is none: the variant is drawn, and counts nothing, (N,).
        strata: 0 or more, (N,).
        genes: of each variant, (N,).
        folds: only pairs of one fold count, for scores of several learners have no common scale, (N,).
        seed: of the draws.
    """
    scored = ~np.isnan(scores)
    whole = Ranking(labels[scored], scores[scored], folds[scored])
    both = folds * (strata.max(initial=0) + 1) + strata
    within = Ranking(labels[scored], scores[scored], both[scored])
    once = np.ones(int(scored.sum()), dtype=np.int64)
    counts = (drawn[scored] for drawn in _drawn_counts(genes, seed))
    drawn = [(whole.area(own), within.area(own)) for own in counts]
    return Areas(whole.area(once), within.area(once), np.array(drawn).reshape(-1, 2))


def _drawn_counts(genes: NDArray[np.str_], seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each variant is drawn when its genes are, int64 (N,), `DRAWS` times."""
    rng = np.random.default_rng(seed)
    names, gene = np.unique(genes, return_inverse=True)
    for _ in range(DRAWS):
        yield np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[gene]


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    if not len(drawn):
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return low, high
