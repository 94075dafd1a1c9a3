"""The networks of Koo and Eddy (2019, Methods, "CNN models").

Each convolution is followed by batch normalisation, a rectifier, maximum pooling and dropout. The dense layer is
normalised as well, as in the code of the authors; the paper does not mention it. Positions are the last axis of a flat
picture, because processors compute such convolutions faster with the channels last in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.gate import optional_import
from varbind.nn.dropout import Dropout
from varbind.nn.pooling import pool_maxima

if TYPE_CHECKING:
    import torch

    from varbind.core.koo import KooConfig
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["Koo"]

DROPOUT, HIDDEN_DROPOUT = 0.1, 0.5

EPSILON = 1e-5
"""What a normalisation adds to the variance: that of torch, as the paper states none."""


class Koo(torch.nn.Module):
    """One network, with the parameters that torch draws.

    Args:
        config: the configuration.
    """

    def __init__(self, config: KooConfig) -> None:
        super().__init__()
        self.convolutions = config.convolutions
        channels = 4
        for number, convolution in enumerate(config.convolutions, 1):
            kernel, padding = (1, convolution.width), (0, convolution.width // 2)
            layer = torch.nn.Conv2d(channels, convolution.kernels, kernel, padding=padding, bias=False)
            self.add_module(f"conv{number}", layer)
            self.add_module(f"norm{number}", torch.nn.BatchNorm2d(convolution.kernels, eps=EPSILON))
            channels = convolution.kernels
        self.dropout = Dropout(DROPOUT)
        self.hidden = torch.nn.Linear(channels * config.positions, config.hidden, bias=False)
        self.hidden_norm = torch.nn.BatchNorm1d(config.hidden, eps=EPSILON)
        self.hidden_dropout = Dropout(HIDDEN_DROPOUT)
        self.output = torch.nn.Linear(config.hidden, config.outputs)

    def forward(self, bases: torch.Tensor) -> torch.Tensor:
        """Outputs (B, T) before the sigmoid from bases (B, 4, L), with zeros for N."""
        values = bases.unsqueeze(2).contiguous(memory_format=torch.channels_last)  # (B, 4, 1, L)
        for number, convolution in enumerate(self.convolutions, 1):
            pooled = pool_maxima(self._rectified(values, number), convolution, drops_rest=True)
            values = self.dropout(pooled)  # (B, K, 1, positions)
        hidden = torch.relu(self.hidden_norm(self.hidden(values.flatten(1))))  # (B, H)
        outputs: torch.Tensor = self.output(self.hidden_dropout(hidden))
        return outputs

    def activations(self, bases: torch.Tensor, layer: int) -> torch.Tensor:
        """The rectified outputs (B, K, L) of the kernels of a layer, from 1, in front of which nothing is pooled.

        Args:
            bases: (B, 4, L), of any length; around the ends they include the zeros that the layers add.
            layer: the number of the convolution.
        """
        values = bases.unsqueeze(2)
        for number in range(1, layer + 1):
            values = self._rectified(values, number)
        return values.squeeze(2)

    def first_kernels(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The kernels of the first layer (K, 4, width) and what is added (K,), which include the normalisation."""
        mean, variance = self.get_buffer("norm1.running_mean"), self.get_buffer("norm1.running_var")
        scale = self.get_parameter("norm1.weight") / torch.sqrt(variance + EPSILON)
        kernels = self.get_parameter("conv1.weight").squeeze(2) * scale[:, None, None]
        return kernels, self.get_parameter("norm1.bias") - mean * scale

    def _rectified(self, values: torch.Tensor, number: int) -> torch.Tensor:
        """The outputs of a convolution, normalised and rectified."""
        convolve, normalise = self.get_submodule(f"conv{number}"), self.get_submodule(f"norm{number}")
        return torch.relu(normalise(convolve(values)))
