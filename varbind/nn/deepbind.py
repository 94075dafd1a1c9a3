"""The DeepBind network as its paper defines it, which is the reference for the kernels.

f(s) = net(pool(rect_b(conv_M(s)))), DeepBind 2015, supplementary section 1.1. The code follows the formula and is not
fast; annotation uses `varbind.scoring.ensemble`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import

if TYPE_CHECKING:
    import torch

    from varbind.core.deepbind import DeepBindStack
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["DeepBind"]


class DeepBind(torch.nn.Module):
    """One network.

    Args:
        stack: the stack with the parameters.
        row: the index of the network among the K networks of the stack.
    """

    def __init__(self, stack: DeepBindStack, row: int) -> None:
        super().__init__()
        self.config = stack.config
        # conv1d wants (D, 4, m); the stack holds (m, 4, D).
        self.detectors = self._parameter(stack.detectors[row].transpose(2, 1, 0))
        self.thresholds = self._parameter(stack.thresholds[row])
        self.weights1 = self._parameter(stack.weights1[row])
        self.biases1 = self._parameter(stack.biases1[row])
        self.weights2 = self._parameter(stack.weights2[row])
        self.bias2 = self._parameter(stack.biases2[row : row + 1])

    @staticmethod
    def _parameter(values: np.ndarray) -> torch.nn.Parameter:
        return torch.nn.Parameter(torch.tensor(np.ascontiguousarray(values), dtype=torch.float64))

    def forward(self, one_hot: torch.Tensor) -> torch.Tensor:
        """Scores (B, 1) of one strand from one-hot bases (B, 4, L), which are padded here."""
        quarter = torch.full((one_hot.shape[0], 4, self.config.detector_len - 1), 0.25).to(one_hot)
        padded = torch.cat([quarter, one_hot, quarter], dim=2)  # (B, 4, L + 2m - 2)
        rectified = torch.relu(torch.nn.functional.conv1d(padded, self.detectors, self.thresholds))  # (B, D, L + m - 1)
        pooled = rectified.amax(dim=2)  # (B, D)
        if self.config.mean_pooling:
            pooled = torch.stack([pooled, rectified.mean(dim=2)], dim=2).flatten(1)  # (B, 2D), max0 mean0 max1 ...
        output = pooled @ self.weights1 + self.biases1  # (B, max(H, 1))
        if self.config.hidden == 0:
            return output
        return (torch.relu(output) @ self.weights2 + self.bias2)[:, None]
