"""Networks without a kernel, scored by their torch modules in batches of one fixed size.

Every batch has the same number of rows, the last one filled up with sequences of N, and sums are taken in double
precision: on one machine a sequence has the same score whatever batch it came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence import N_CODE
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkStack
    from varbind.core.sequence import Codes
    from varbind.core.window import Window

__all__ = ["TorchNetworks"]

BATCH = 64
"""Sequences of a batch."""


class TorchNetworks:
    """The outputs of stacks of networks of one window length.

    Args:
        stacks: the networks.
        device: `cpu`, or a torch device such as `cuda:0`.
    """

    def __init__(self, stacks: Sequence[NetworkStack[Any]], device: str) -> None:
        networks = optional_import("varbind.nn.sequence_scores", needed_for="a network without a kernel")
        place = device.removeprefix("torch:")
        self._stacks = [networks.SequenceNetworks(stack, place) for stack in stacks]
        self._outputs = sum(len(stack.model_ids) * stack.config.outputs for stack in stacks)

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float32]:
        """Scores of B sequences of any length, float32 (outputs, B)."""
        scores = np.empty((self._outputs, len(sequences)), dtype=np.float32)
        lengths = np.array([len(sequence) for sequence in sequences])
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            for first in range(0, len(rows), BATCH):
                some = rows[first : first + BATCH]
                scores[:, some] = self._batch([sequences[row] for row in some])
        return scores

    def _batch(self, sequences: Sequence[Codes]) -> NDArray[np.float64]:
        """Scores of up to `BATCH` sequences of one length, (outputs, B)."""
        codes = np.full((BATCH, len(sequences[0])), N_CODE, dtype=np.uint8)
        codes[: len(sequences)] = sequences
        found = [stack.score(codes)[: len(sequences)].reshape(len(sequences), -1) for stack in self._stacks]
        return np.concatenate(found, axis=1).T

    def score_windows(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores of both alleles of B windows, each float32 (outputs, B)."""
        return self.score([window.ref for window in windows]), self.score([window.alt for window in windows])
