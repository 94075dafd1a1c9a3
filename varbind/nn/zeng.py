"""The networks of Zeng et al. (2016, section 2.1 and Table 1).

They have two softmax outputs, unbound and bound. The module returns one number, the second minus the first before the
softmax: the logarithm of the odds of being bound. The cross-entropy of the two softmax outputs is the binary
cross-entropy of this difference, so both give the same training.

The zeros around the positions and the rectifier after a convolution are those of the authors' program; the paper does
not mention them. Positions are the last axis of a flat picture, as in `varbind.nn.koo`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.core.zeng import LOGITS
from varbind.gate import optional_import
from varbind.nn.dropout import Dropout
from varbind.nn.pooling import pool_maxima

if TYPE_CHECKING:
    import torch

    from varbind.core.zeng import ZengConfig
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["Zeng"]

DROPOUT = 0.5
"""The middle one of the three values of Table 3."""


class Zeng(torch.nn.Module):
    """One network, with the parameters that torch draws.

    Args:
        config: the configuration.
    """

    def __init__(self, config: ZengConfig) -> None:
        super().__init__()
        self.convolutions = config.convolutions
        channels = 4
        for number, convolution in enumerate(config.convolutions, 1):
            kernel, padding = (1, convolution.width), (0, convolution.width // 2)
            self.add_module(f"conv{number}", torch.nn.Conv2d(channels, convolution.kernels, kernel, padding=padding))
            channels = convolution.kernels
        self.hidden = torch.nn.Linear(channels * config.positions, config.hidden)
        self.dropout = Dropout(DROPOUT)
        self.output = torch.nn.Linear(config.hidden, LOGITS)

    def forward(self, bases: torch.Tensor) -> torch.Tensor:
        """Logarithms of the odds (B, 1) from bases (B, 4, L), with zeros for N."""
        values = bases.unsqueeze(2).contiguous(memory_format=torch.channels_last)  # (B, 4, 1, L)
        for number, convolution in enumerate(self.convolutions, 1):
            convolve = self.get_submodule(f"conv{number}")
            values = pool_maxima(torch.relu(convolve(values)), convolution)  # (B, K, 1, positions)
        hidden = torch.relu(self.hidden(values.flatten(1)))  # (B, H)
        logits: torch.Tensor = self.output(self.dropout(hidden))  # (B, 2)
        return logits[:, 1:] - logits[:, :1]

    def first_kernels(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The kernels of the first layer (K, 4, width) and what is added to their outputs (K,)."""
        return self.get_parameter("conv1.weight").squeeze(2), self.get_parameter("conv1.bias")
