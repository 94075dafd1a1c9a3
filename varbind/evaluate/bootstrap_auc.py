"""Areas under the ROC curve with bootstrap intervals over genes.

Variants of one gene share their sequence and their history, so genes are drawn and not variants. The scores are sorted
once; a draw gives every variant a count, and the area of the draw is computed from a few sums along that order.
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
"""Number of draws of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Areas:
    """The area over all pairs and the area over pairs within a stratum, or differences of such areas.

    Attributes:
        whole: area over all pairs, 0 to 1; NaN if there is no pair of the two classes.
        within: mean of the areas of the strata, weighted by their numbers of pairs; NaN likewise.
        drawn: both areas for every draw of genes, float64 (DRAWS, 2).
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
    """N scores in sorted order.

    Args:
        labels: true = should score higher, bool (N,).
        scores: scores without NaN, (N,).
        strata: stratum of each score, (N,); only pairs within a stratum count.
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
        """Return how often a positive scores above a negative of its stratum; ties count half.

        Args:
            counts: number of copies of each variant, int64 (N,).

        Returns:
            0 to 1; NaN if no stratum has both classes.
        """
        if not len(self._order):
            return float("nan")
        copies = counts[self._order]
        positive = copies * self._labels
        positives = np.add.reduceat(positive, self._ties)
        negatives = np.add.reduceat(copies - positive, self._ties)
        below = np.cumsum(negatives) - negatives
        of_stratum = np.add.reduceat(positives, self._strata)
        pairs = int(of_stratum @ np.add.reduceat(negatives, self._strata))
        # The sums include the negatives of earlier strata, which are subtracted.
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
    """Compute the areas of a score, and those of `DRAWS` draws of genes with replacement.

    Equal genes and seeds give equal draws, so that the areas of different scores can be subtracted.

    Args:
        labels: true = should score higher, bool (N,).
        scores: score of each variant, (N,); NaN = missing: the variant is drawn, but does not count.
        strata: stratum of each variant, 0 or more, (N,).
        genes: gene of each variant, (N,).
        folds: fold of each variant, (N,); only pairs within a fold count, since models of different folds have no
            common scale.
        seed: seed of the draws.
    """
    scored = ~np.isnan(scores)
    whole = Ranking(labels[scored], scores[scored], folds[scored])
    both = folds * (strata.max(initial=0) + 1) + strata
    within = Ranking(labels[scored], scores[scored], both[scored])
    once = np.ones(int(scored.sum()), dtype=np.int64)
    counts = (drawn[scored] for drawn in _drawn_counts(genes, seed))
    drawn = [(whole.area(copies), within.area(copies)) for copies in counts]
    return Areas(whole.area(once), within.area(once), np.array(drawn).reshape(-1, 2))


def _drawn_counts(genes: NDArray[np.str_], seed: int) -> Iterator[NDArray[np.int64]]:
    """Draw genes with replacement `DRAWS` times; yields how often each variant is drawn, int64 (N,)."""
    rng = np.random.default_rng(seed)
    names, gene = np.unique(genes, return_inverse=True)
    for _ in range(DRAWS):
        yield np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[gene]


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    if not len(drawn):
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return low, high
