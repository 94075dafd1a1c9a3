"""A support vector machine on gapped words, the field's baseline without a network (Ghandi et al. 2014).

Words of 5 bases out of 7 successive ones, the first among them, counted on both strands; a linear machine on their
counts scaled to length 1. Sequences and labels enter, a scorer of sequences leaves.
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

__all__ = ["GappedWordMachine", "gapped_words"]

SPAN, LETTERS = 7, 5
MASKS = np.array([(0, *rest) for rest in combinations(range(1, SPAN), LETTERS - 1)])
CHUNK = 200
"""Sequences whose counts are held at a time while they are scored."""


class GappedWordMachine:
    """A trained machine.

    Args:
        codes: base codes to learn from, arrays of (n, L) of any lengths.
        bound: which of all N are bound, bool (N,); there are both.

    Raises:
        UsageError: scikit-learn is not installed.
    """

    def __init__(self, codes: Sequence[Codes], bound: NDArray[np.bool_]) -> None:
        svm = optional_import("sklearn.svm", needed_for="--gkm-svm")
        words = np.concatenate([gapped_words(part) for part in codes])
        machine = svm.SVC(kernel="precomputed", C=1.0, class_weight="balanced").fit(words @ words.T, bound)
        self._weights = machine.dual_coef_[0] @ words[machine.support_]

    def score(self, codes: Codes) -> NDArray[np.float64]:
        """Distance from the border but for a constant, of base codes (N, L): float64 (N,)."""
        parts = [codes[start : start + CHUNK] for start in range(0, len(codes), CHUNK)]
        # Row by row, not as a matrix product: equal sequences must tie to the last digit.
        return np.concatenate([(gapped_words(part) * self._weights).sum(axis=1) for part in parts])


def gapped_words(codes: Codes) -> NDArray[np.float32]:
    """Counts of gapped words, scaled to length 1; zeros where there is no word.

    Args:
        codes: base codes, (N, L).

    Returns:
        float32 (N, words): each place of the gaps in turn, and within it the words in the order of the alphabet.
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
                    # The other strand's word of the same mask begins at the span's other end.
                    turned = 3 - int(codes[row, start + SPAN - 1 - masks[mask, place]])
                    known, known_turned = known and base < 4, known_turned and turned >= 0
                    forward, backward = 4 * forward + base, 4 * backward + turned
                if known:
                    counts[row, mask * size + forward] += 1
                if known_turned:
                    counts[row, mask * size + backward] += 1
