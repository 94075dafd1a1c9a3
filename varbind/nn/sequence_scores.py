"""Scores of whole sequences by the torch modules of any architecture: strands, and means of ensembles.

This is the reference that kernels are proven equal to, and the way of computing where there is no kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence import N_CODE, Codes, reverse_complement
from varbind.core.window import central
from varbind.gate import optional_import
from varbind.nn.architecture import ARCHITECTURES

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkStack
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["SequenceNetworks", "score_models"]

# One row per base code; N is a quarter of each base.
_ONE_HOT = np.vstack([np.eye(4), np.full((1, 4), 0.25)])


class SequenceNetworks:
    """The networks of a stack as torch modules.

    Args:
        stack: of any architecture of `ARCHITECTURES`.
        device: where they are computed.
        dtype: of the arithmetic; double precision makes them the reference.
    """

    def __init__(self, stack: NetworkStack[Any], device: str = "cpu", *, dtype: torch.dtype = torch.float64) -> None:
        self._config = stack.config
        self._models = len(stack.model_ids)
        self._device, self._dtype = device, dtype
        build = ARCHITECTURES[stack.config.architecture].build
        self._networks = [
            build(stack, row).to(device, dtype).eval() for row in range(self._models * stack.config.members)
        ]

    @torch.no_grad()
    def score(self, codes: Codes) -> NDArray[np.float64]:
        """Outputs for whole sequences of one length, base codes (B, L): (B, M, T).

        The larger of both strands where the networks are double-stranded, and the mean over the networks of a model.
        Networks with an input of fixed length read the central bases.
        """
        if self._config.input_length:
            codes = central(codes, self._config.input_length)
        forward = self._one_hot(codes)
        outputs = torch.stack([network(forward) for network in self._networks])  # (K, B, T)
        if self._config.double_stranded:
            reverse = self._one_hot(reverse_complement(codes))
            outputs = torch.maximum(outputs, torch.stack([network(reverse) for network in self._networks]))
        by_model = outputs.cpu().numpy().reshape(self._models, self._config.members, len(codes), self._config.outputs)
        means: NDArray[np.float64] = by_model.mean(axis=1)
        return means.transpose(1, 0, 2)

    def _one_hot(self, codes: Codes) -> torch.Tensor:
        assert codes.max(initial=0) <= N_CODE
        return torch.tensor(_ONE_HOT[codes].transpose(0, 2, 1).copy()).to(self._device, self._dtype)


def score_models(stack: NetworkStack[Any], codes: Codes) -> NDArray[np.float64]:
    """Score whole sequences of one length, base codes (B, L), by every output of every model of a stack: (B, M T)."""
    return SequenceNetworks(stack).score(codes).reshape(len(codes), -1)
