"""A support vector machine on gapped k-mers, a widely used baseline without a network (gkm-SVM; Ghandi et al. 2014).

The features are gapped k-mers of 5 bases within 7 positions, of which the first is always used, counted on both strands
and scaled to length 1. The machine is linear in them.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.gate import optional_import
from varbind.kernels.cpu.numba_cache import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["GkmSvm", "gapped_kmers"]

SPAN, LETTERS = 7, 5
MASKS = np.array([(0, *rest) for rest in combinations(range(1, SPAN), LETTERS - 1)])
CHUNK = 200
"""Number of sequences whose counts are in memory at the same time during scoring."""


class GkmSvm:
    """A trained gkm-SVM.

    Args:
        codes: base codes of the training sequences, arrays of (n, L) of any lengths.
        bound: which of all N sequences are bound, bool (N,); both classes must be present.

    Raises:
        UsageError: scikit-learn is not installed.
    """

    def __init__(self, codes: Sequence[Codes], bound: NDArray[np.bool_]) -> None:
        svm = optional_import("sklearn.svm", needed_for="--gkm-svm")
        counts = np.concatenate([gapped_kmers(part) for part in codes])
        machine = svm.SVC(kernel="precomputed", C=1.0, class_weight="balanced").fit(counts @ counts.T, bound)
        self._weights = machine.dual_coef_[0] @ counts[machine.support_]

    def score(self, codes: Codes) -> NDArray[np.float64]:
        """Return the decision value of the SVM, without its intercept, for base codes (N, L): float64 (N,)."""
        parts = [codes[start : start + CHUNK] for start in range(0, len(codes), CHUNK)]
        # Row by row and not as a matrix product: equal sequences must tie to the last digit.
        return np.concatenate([(gapped_kmers(part) * self._weights).sum(axis=1) for part in parts])


def gapped_kmers(codes: Codes) -> NDArray[np.float32]:
    """Count gapped k-mers on both strands and scale the counts to length 1; all are zero where there is no k-mer.

    Args:
        codes: base codes, (N, L).

    Returns:
        float32 (N, K): for each mask of positions in turn, the k-mers in alphabetical order.
    """
    counts = np.zeros((len(codes), len(MASKS) * 4**LETTERS), dtype=np.float32)
    _count(np.ascontiguousarray(codes), MASKS, counts)
    lengths = np.linalg.norm(counts, axis=1, keepdims=True)
    counts /= np.where(lengths, lengths, 1)
    return counts


@compiled
def _count(codes: Any, masks: Any, counts: Any) -> None:
    size = 4 ** masks.shape[1]
    for row in range(len(codes)):
        for start in range(codes.shape[1] - SPAN + 1):
            for mask in range(len(masks)):
                forward, backward, known, known_turned = 0, 0, True, True
                for place in range(masks.shape[1]):
                    base = int(codes[row, start + masks[mask, place]])
                    # On the other strand, the k-mer of the same mask begins at the other end of the span.
                    turned = 3 - int(codes[row, start + SPAN - 1 - masks[mask, place]])
                    known, known_turned = known and base < 4, known_turned and turned >= 0
                    forward, backward = 4 * forward + base, 4 * backward + turned
                if known:
                    counts[row, mask * size + forward] += 1
                if known_turned:
                    counts[row, mask * size + backward] += 1
