"""The forward- and reverse-sequence scan of Onimaru et al. (2018, Methods and Fig. 1b).

Two convolutions read a sequence and, by turned kernels, its opposite strand. With positions that fill all pools, the
block of the opposite strand is the block of the sequence in reverse order. This does not make a network whose dense
layers follow give both strands the same output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.gate import optional_import
from varbind.nn.dropout import Dropout
from varbind.nn.pooling import pool_maxima

if TYPE_CHECKING:
    import torch

    from varbind.core.convolution import Convolution
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["Frss"]


class Frss(torch.nn.Module):
    """Two convolutions that read both strands, with the parameters that torch draws.

    The turned kernels share the weights of the others, so that each weight is one trained number.

    Args:
        first: the convolution over bases.
        second: the convolution over the maxima of the first.
        dropout: the dropout of the sum of both strands.
        drops_rest: see `varbind.nn.pooling.pool_maxima`.
    """

    def __init__(
        self, first: Convolution, second: Convolution, *, dropout: float = 0.0, drops_rest: bool = False
    ) -> None:
        super().__init__()
        self.first, self.second, self.drops_rest = first, second, drops_rest
        self.conv1 = torch.nn.Conv2d(4, first.kernels, (1, first.width), bias=False)
        self.conv2 = torch.nn.Conv2d(first.kernels, second.kernels, (1, second.width), bias=False)
        self.dropout = Dropout(dropout)

    def forward(self, bases: torch.Tensor) -> torch.Tensor:
        """Maxima (B, K, 1, positions) from bases (B, 4, 1, L), in whose order complements lie opposite each other."""
        opposite_first, opposite_second = self.conv1.weight.flip(1, 3), self.conv2.weight.flip(3)
        given = self._rectified_maxima(self.conv1(bases), self.first)
        opposite = self._rectified_maxima(torch.nn.functional.conv2d(bases, opposite_first), self.first)
        both = torch.relu(self.conv2(given)) + torch.relu(torch.nn.functional.conv2d(opposite, opposite_second))
        return pool_maxima(self.dropout(both), self.second, drops_rest=self.drops_rest)

    def _rectified_maxima(self, values: torch.Tensor, convolution: Convolution) -> torch.Tensor:
        return pool_maxima(torch.relu(values), convolution, drops_rest=self.drops_rest)
