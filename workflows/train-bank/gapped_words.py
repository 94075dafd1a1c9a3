"""A gapped k-mer support vector machine, the field's baseline without a neural network (Ghandi et al. 2014).

Words of 5 bases out of 7 successive ones, the first among them, counted on both strands; a linear machine on their
counts scaled to length 1.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.svm import SVC

from varbind.nn.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

SPAN, LETTERS = 7, 5
MASKS = np.array([(0, *rest) for rest in combinations(range(1, SPAN), LETTERS - 1)])
CHUNK = 1_000


class GappedWordMachine:
    """Trained on base codes (N, L) and labels."""

    def __init__(self, codes: Codes, labels: NDArray[np.bool_]) -> None:
        words = _scaled(codes)
        machine = SVC(kernel="precomputed", C=1.0).fit(words @ words.T, labels)
        self._weights = machine.dual_coef_[0] @ words[machine.support_]

    def score(self, codes: Codes) -> NDArray[np.float64]:
        """Distance from the border but for a constant, (N,)."""
        parts = [codes[start : start + CHUNK] for start in range(0, len(codes), CHUNK)]
        return np.concatenate([_scaled(part) @ self._weights for part in parts])


def _scaled(codes: Codes) -> NDArray[np.float32]:
    counts = np.zeros((len(codes), len(MASKS) * 4**LETTERS), dtype=np.float32)
    _count(np.ascontiguousarray(codes), MASKS, counts)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@compiled
def _count(codes: Any, masks: Any, counts: Any) -> None:
    size = 4 ** masks.shape[1]
    for row in range(len(codes)):
        for start in range(codes.shape[1] - SPAN + 1):
            for mask in range(len(masks)):
                forward = backward = 0
                known = True
                for place in range(masks.shape[1]):
                    base = np.int64(codes[row, start + masks[mask, place]])
                    # The other strand's word of the same mask begins at the span's other end.
                    turned = 3 - np.int64(codes[row, start + SPAN - 1 - masks[mask, place]])
                    known &= base < 4 and turned >= 0
                    forward, backward = 4 * forward + base, 4 * backward + turned
                if known:
                    counts[row, mask * size + forward] += 1
                    counts[row, mask * size + backward] += 1
