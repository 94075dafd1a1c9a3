"""Scores by the torch modules of any architecture: the reference, and the way to score networks without a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence import N_CODE, Codes, one_hot_rows
from varbind.core.window import central
from varbind.gate import optional_import
from varbind.nn.architecture import ARCHITECTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkStack
    from varbind.core.sequence_change import SequenceChange
    from varbind.core.window import Window
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["SequenceNetworks", "TorchNetworks", "score_models"]

BATCH = 64
"""Sequences per batch of networks without a kernel."""


class SequenceNetworks:
    """The networks of a stack as torch modules.

    Args:
        stack: a stack of any architecture of `ARCHITECTURES`.
        device: the torch device that computes.
        dtype: the number type; with double precision the networks are the reference for all kernels.
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
        """Outputs for whole sequences of one length, base codes (B, L).

        Networks with an input of fixed length read the central bases.

        Returns:
            Float64 (B, M, T): the larger output of both strands where the networks are double-stranded, and the mean
            over the networks of each model.
        """
        if self._config.input_length:
            codes = central(codes, self._config.input_length)
        by_model = self._by_model(self.one_hot(codes)).cpu().numpy()
        means: NDArray[np.float64] = by_model.mean(axis=1)
        return means.transpose(1, 0, 2)

    def outputs(self, bases: torch.Tensor) -> torch.Tensor:
        """Outputs that torch can differentiate with respect to the bases, which may be any numbers.

        Args:
            bases: (B, 4, L), rows A, C, G, T, such as `one_hot` gives; on the device and of the number type of the
                networks. L is that of the input where its length is fixed.

        Returns:
            (B, M, T), as `score` gives them.
        """
        return self._by_model(bases).mean(dim=1).transpose(0, 1)

    def _by_model(self, bases: torch.Tensor) -> torch.Tensor:
        """The output of each network (M, N, B, T); for double-stranded networks the larger one or the mean of both."""
        outputs = torch.stack([network(bases) for network in self._networks])  # (K, B, T)
        if self._config.double_stranded:
            # A C G T backwards is T G C A, so that turning both axes round gives the opposite strand.
            opposite = bases.flip(1, 2)
            others = torch.stack([network(opposite) for network in self._networks])
            outputs = (outputs + others) / 2 if self._config.mean_of_strands else torch.maximum(outputs, others)
        return outputs.reshape(self._models, self._config.members, *outputs.shape[1:])

    def one_hot(self, codes: Codes) -> torch.Tensor:
        """The bases (B, 4, L) of base codes (B, L); the networks state how they read N."""
        assert codes.max(initial=0) <= N_CODE
        rows = one_hot_rows(self._config.unknown_base)
        return torch.tensor(rows[codes].transpose(0, 2, 1).copy()).to(self._device, self._dtype)


def score_models(stack: NetworkStack[Any], codes: Codes) -> NDArray[np.float64]:
    """Score whole sequences of one length, base codes (B, L), by every output of every model of a stack: (B, M T)."""
    return SequenceNetworks(stack).score(codes).reshape(len(codes), -1)


class TorchNetworks:
    """Networks of one window length, scored in batches of a fixed size.

    Every batch has the same number of rows; the last one is filled up with sequences of N. As the sums are in double
    precision, a sequence has the same score on one machine whatever other sequences are scored with it.

    Args:
        stacks: the networks, of any architectures.
        device: `cpu`, or a torch device such as `cuda:0`.
    """

    def __init__(self, stacks: Sequence[NetworkStack[Any]], device: str) -> None:
        self._stacks = [SequenceNetworks(stack, device.removeprefix("torch:")) for stack in stacks]
        self._outputs = sum(len(stack.model_ids) * stack.config.outputs for stack in stacks)

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float32]:
        """Scores of B sequences of any length, float32 (outputs, B)."""
        scores = np.empty((self._outputs, len(sequences)), dtype=np.float32)
        lengths = np.array([len(sequence) for sequence in sequences])
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            for first in range(0, len(rows), BATCH):
                some = rows[first : first + BATCH]
                scores[:, some] = self._score_batch([sequences[row] for row in some])
        return scores

    def _score_batch(self, sequences: Sequence[Codes]) -> NDArray[np.float64]:
        """Scores of up to `BATCH` sequences of one length, (outputs, B)."""
        codes = np.full((BATCH, len(sequences[0])), N_CODE, dtype=np.uint8)
        codes[: len(sequences)] = sequences
        found = [stack.score(codes)[: len(sequences)].reshape(len(sequences), -1) for stack in self._stacks]
        return np.concatenate(found, axis=1).T

    def score_windows(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores of both alleles of B windows, each float32 (outputs, B)."""
        return self.score([window.ref for window in windows]), self.score([window.alt for window in windows])

    def score_changes(self, codes: Codes, changes: Sequence[SequenceChange]) -> NDArray[np.float32]:
        """Scores of a sequence and of B changes of it, float32 (outputs, 1 + B)."""
        return self.score([codes, *(change.applied(codes) for change in changes)])
