"""The best site of every kind in regions, and unbound regions whose sites of partners are as those of bound ones.

Regions bound by a protein often hold sites of the proteins that bind beside it, which a network learns as if they were
its own. Negatives are therefore chosen so that a region's sites of foreign kinds do not tell whether it is bound: both
classes have the same distribution of the propensity score (Rosenbaum and Rubin 1983), the probability of being bound
that a logistic regression predicts from these sites and the GC content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from site_kinds import SITE_KINDS, foreign_kinds
from sklearn.linear_model import LogisticRegression

from varbind.core.deepbind import DeepBindStack
from varbind.datasets.negatives import GC_BINS, match_bins
from varbind.datasets.pwm import matrix_network
from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from motif_collections import Collection
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

MATRICES_OF_KIND = 3
"""The number of matrices that are searched for a kind, the first in the order of their names."""

WIDEST = 24
BATCH = 4_096

STRONG_SITE = 0.75
"""Share of the largest score of a matrix from which a site counts as strong."""

MOST_FITTED = 30_000
"""The largest number of unbound regions to which the propensity is fitted."""

BINS = 100
"""Number of bins of the propensity score, which hold equal numbers of bound regions."""


def best_sites(codes: Codes, collection: Collection) -> NDArray[np.float16]:
    """The score of the best site of every kind, as a share of the largest score of its matrix, float16 (N, kinds).

    Scores below 0 count as 0.
    """
    stacks, columns = [], []
    for column, kind in enumerate(SITE_KINDS.values()):
        own = [name for name, (_, protein) in sorted(collection.items()) if protein in kind.planted]
        for name in own[:MATRICES_OF_KIND]:
            stacks.append(matrix_network(name, collection[name][0], detector_len=WIDEST, window=31))
            columns.append(column)
    stack = DeepBindStack.concatenate(stacks)
    # Lifted by its threshold, the largest sum of a matrix is its largest score.
    largest = stack.detectors.max(axis=2).sum(axis=1)[:, 0]
    ensemble = Ensemble([stack], stack.outputs)
    best = np.zeros((len(codes), len(SITE_KINDS)), dtype=np.float16)
    for start in range(0, len(codes), BATCH):
        rows = slice(start, start + BATCH)
        shares = ensemble.score({31: list(codes[rows])}) / largest
        for model, column in enumerate(columns):
            np.maximum(best[rows, column], shares[:, model].astype(np.float16), out=best[rows, column])
    return best


def match_partners(
    protein: str,
    sites: NDArray[np.float16],
    codes: Codes,
    bound: NDArray[np.intp],
    unbound: NDArray[np.intp],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Choose an unbound region for each bound one, so that their GC content and foreign sites are distributed alike.

    Args:
        protein: whose own kinds of sites, and what resembles them, are not balanced.
        sites: of all regions, as from `best_sites`.
        codes: base codes of all regions.
        bound: rows of bound regions, (N,).
        unbound: rows of unbound regions.
        rng: random numbers for the choice.

    Returns:
        Rows of unbound regions, (N,).
    """
    columns = [list(SITE_KINDS).index(name) for name in foreign_kinds(protein)]
    rows, repeats = np.unique(bound, return_inverse=True)
    own, other = (_features(sites[some][:, columns], codes[some]) for some in (rows, unbound))
    fitted = rng.permutation(len(unbound))[:MOST_FITTED]
    is_bound = np.arange(len(rows) + len(fitted)) < len(rows)
    model = LogisticRegression(max_iter=300, class_weight="balanced")
    model.fit(np.concatenate([own, other[fitted]]), is_bound)
    scores = model.decision_function(own)[repeats]
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1])
    bins = [np.searchsorted(edges, some) for some in (scores, model.decision_function(other))]
    return unbound[match_bins(*bins, rng)]


def _features(sites: NDArray[np.float16], codes: Codes) -> NDArray[np.float32]:
    """Scores of sites, whether they are strong, and bins of the GC content."""
    gc = np.rint(np.isin(codes, (1, 2)).mean(axis=1) * GC_BINS / 4).astype(np.int64)
    return np.concatenate([sites, sites > STRONG_SITE, np.eye(GC_BINS // 4 + 1)[gc]], axis=1).astype(np.float32)
