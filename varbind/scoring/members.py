"""Models of several networks: their networks are scored like any others, and the mean is the model's score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack

__all__ = ["Members"]


class Members:
    """Which networks belong to which model.

    Args:
        stacks: the models.

    Attributes:
        networks: stacks of their networks, each a model of its own.
    """

    def __init__(self, stacks: Sequence[DeepBindStack]) -> None:
        self.networks = [stack.apart() for stack in stacks]
        self._sizes = [(len(stack.model_ids), stack.config.members) for stack in stacks]

    def means(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of the M models (M, A) from those of their K networks (K, A)."""
        if all(members == 1 for _, members in self._sizes):
            return scores
        bounds = np.cumsum([models * members for models, members in self._sizes])[:-1]
        parts = zip(np.split(scores, bounds), self._sizes, strict=True)
        return np.concatenate([_means(part.reshape(*size, -1)) for part, size in parts])


def _means(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means (M, A) of scores (M, N, A), always summed in one order."""
    total = scores[:, 0].astype(np.float64)
    for member in range(1, scores.shape[1]):
        total += scores[:, member]
    means: NDArray[np.float32] = (total / scores.shape[1]).astype(np.float32)
    return means
