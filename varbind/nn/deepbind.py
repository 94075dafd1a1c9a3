"""The DeepBind network as its paper defines it: the reference that every faster scorer is proven equal to.

f(s) = net(pool(rect_b(conv_M(s)))), DeepBind 2015, supplementary section 1.1. It reads top to bottom
and is in no hurry; annotation uses `varbind.scoring.ensemble`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import N_CODE, Codes, reverse_complement
from varbind.gate import optional_import

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["DeepBind", "score_models"]

# One row a base code; N is a quarter of each base.
_ONE_HOT = np.vstack([np.eye(4), np.full((1, 4), 0.25)])


class DeepBind(torch.nn.Module):
    """One network.

    Args:
        stack: where the parameters come from, of models that are one network.
        row: which network of the stack.
        dtype: arithmetic; double precision makes it an oracle.
    """

    def __init__(self, stack: DeepBindStack, row: int, *, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.config = stack.config
        self.dtype = dtype
        # conv1d wants (D, 4, m); the stack holds (m, 4, D).
        self.detectors = self._parameter(stack.detectors[row].transpose(2, 1, 0))
        self.thresholds = self._parameter(stack.thresholds[row])
        self.weights1 = self._parameter(stack.weights1[row])
        self.biases1 = self._parameter(stack.biases1[row])
        self.weights2 = self._parameter(stack.weights2[row])
        self.bias2 = self._parameter(stack.biases2[row : row + 1])

    def _parameter(self, values: np.ndarray) -> torch.nn.Parameter:
        return torch.nn.Parameter(torch.tensor(np.ascontiguousarray(values), dtype=self.dtype))

    def forward(self, one_hot: torch.Tensor) -> torch.Tensor:
        """Scores (B,) of one strand; `one_hot` is (B, 4, L), not yet padded."""
        quarter = torch.full((one_hot.shape[0], 4, self.config.detector_len - 1), 0.25, dtype=self.dtype)
        padded = torch.cat([quarter, one_hot, quarter], dim=2)  # (B, 4, L + 2m - 2)
        rectified = torch.relu(torch.nn.functional.conv1d(padded, self.detectors, self.thresholds))  # (B, D, L + m - 1)
        pooled = rectified.amax(dim=2)  # (B, D)
        if self.config.mean_pooling:
            pooled = torch.stack([pooled, rectified.mean(dim=2)], dim=2).flatten(1)  # (B, 2D), max0 mean0 max1 ...
        output = pooled @ self.weights1 + self.biases1  # (B, max(H, 1))
        if self.config.hidden == 0:
            return output[:, 0]
        return torch.relu(output) @ self.weights2 + self.bias2

    @torch.no_grad()
    def score(self, codes: Codes) -> np.ndarray:
        """Score whole sequences of one length: both strands where the model is double-stranded.

        Args:
            codes: base codes, (B, L), L at least 1.

        Returns:
            Scores (B,), in the dtype of the network.
        """
        scores = self.forward(self._one_hot(codes))
        if self.config.double_stranded:
            scores = torch.maximum(scores, self.forward(self._one_hot(reverse_complement(codes))))
        return np.asarray(scores.numpy())

    def _one_hot(self, codes: Codes) -> torch.Tensor:
        assert codes.max(initial=0) <= N_CODE
        return torch.tensor(_ONE_HOT[codes].transpose(0, 2, 1).copy(), dtype=self.dtype)


def score_models(stack: DeepBindStack, codes: Codes) -> NDArray[np.float64]:
    """Score whole sequences of one length, base codes (B, L), by every model of a stack: (B, M).

    The score of a model of several networks is the mean of theirs.
    """
    apart = stack.apart()
    scores = np.stack([DeepBind(apart, row).score(codes) for row in range(len(apart.model_ids))])
    means: NDArray[np.float64] = scores.reshape(len(stack.model_ids), stack.config.members, -1).mean(axis=1)
    return means.T
