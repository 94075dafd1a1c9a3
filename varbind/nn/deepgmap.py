"""The networks of Onimaru et al. (2018, Methods and Table 1), whose program is DeepGMAP.

Convolutions have neither zeros around the positions nor biases, and are followed by a rectifier and maximum pooling.

The paper does not state the dropout. Its program has three shares, of which this is our reading as one rule for all
networks: 0 for the first convolution, 0.2 for the others, before their pooling, and for the recurrent layer, and 0.5
for dense layers. The recurrent layer is that of torch, with two biases for each gate where the paper's has one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from varbind.core.deepgmap import SCANNED
from varbind.gate import optional_import
from varbind.nn.dropout import Dropout
from varbind.nn.frss import Frss
from varbind.nn.pooling import pool_maxima

if TYPE_CHECKING:
    import torch

    from varbind.core.deepgmap import DeepGmapConfig
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["DeepGmap"]

A_G_C_T = (0, 2, 1, 3)
"""The order of bases in the paper (Fig. 1c): turned by 180 degrees, a kernel is its reverse complement."""

DROPOUT, HIDDEN_DROPOUT = 0.2, 0.5


class DeepGmap(torch.nn.Module):
    """One network, with the parameters that torch draws.

    Args:
        config: the configuration.
    """

    def __init__(self, config: DeepGmapConfig) -> None:
        super().__init__()
        self.config = config
        if config.scans_both:
            first, second = config.convolutions[:SCANNED]
            self.frss = Frss(first, second, dropout=DROPOUT, drops_rest=config.drops_rest)
        channels = [4, *(convolution.kernels for convolution in config.convolutions)]
        for number, convolution in config.plain_convolutions.items():
            kernel = (1, convolution.width)
            layer = torch.nn.Conv2d(channels[number - 1], convolution.kernels, kernel, bias=False)
            self.add_module(f"conv{number}", layer)
        if config.recurrent:
            self.lstm = torch.nn.LSTM(channels[-1], config.recurrent, batch_first=True, bidirectional=True)
        units = [config.features * config.positions, *config.hidden]
        for number, (inputs, outputs) in enumerate(pairwise(units), 1):
            self.add_module(f"hidden{number}", torch.nn.Linear(inputs, outputs))
        self.dropout, self.hidden_dropout = Dropout(DROPOUT), Dropout(HIDDEN_DROPOUT)
        self.output = torch.nn.Linear(units[-1], config.outputs)

    def forward(self, bases: torch.Tensor) -> torch.Tensor:
        """Outputs (B, T) before the sigmoid from bases (B, 4, L), rows A, C, G, T, with zeros for N."""
        values = bases[:, A_G_C_T].unsqueeze(2).contiguous(memory_format=torch.channels_last)  # (B, 4, 1, L)
        if self.config.scans_both:
            values = self.frss(values)
        for number, convolution in self.config.plain_convolutions.items():
            values = torch.relu(self.get_submodule(f"conv{number}")(values))
            values = self.dropout(values) if number > 1 else values
            values = pool_maxima(values, convolution, drops_rest=self.config.drops_rest)  # (B, K, 1, positions)
        if self.config.recurrent:
            values, _ = self.lstm(values.squeeze(2).transpose(1, 2))  # (B, positions, 2 R)
            values = self.dropout(values)
        hidden = values.flatten(1)
        for number, _ in enumerate(self.config.hidden, 1):
            hidden = self.hidden_dropout(torch.relu(self.get_submodule(f"hidden{number}")(hidden)))  # (B, H)
        outputs: torch.Tensor = self.output(hidden)
        return outputs

    def first_kernels(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The kernels of the first layer (K, 4, width), rows A, C, G, T, and what is added to their outputs (K,)."""
        kernels = self.get_parameter("frss.conv1.weight" if self.config.scans_both else "conv1.weight")
        # Exchanging the two middle bases twice changes nothing.
        return kernels.squeeze(2)[:, A_G_C_T], kernels.new_zeros(len(kernels))
