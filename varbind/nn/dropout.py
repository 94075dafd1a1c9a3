"""Dropout whose random numbers belong to one network, so that trainings side by side do not disturb each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.gate import optional_import

if TYPE_CHECKING:
    import torch
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["Dropout"]


class Dropout(torch.nn.Module):
    """Sets random values to zero in training and scales the others, which keeps the mean.

    Args:
        share: the probability that a value is set to zero.

    Attributes:
        share: the probability, which may be changed before a training.
        generator: the random numbers; None = those of torch, which all networks share.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The values, some of which are zero in training."""
        if not self.training or not self.share:
            return values
        kept = torch.empty_like(values).bernoulli_(1 - self.share, generator=self.generator)
        return values * kept / (1 - self.share)
