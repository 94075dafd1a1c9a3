"""A deeper layer of a network without pooling before it, whose detectors read one stretch of bases each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence import one_hot_rows
from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.nn.architecture import ARCHITECTURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.koo import KooStack
    from varbind.core.sequence import Codes

__all__ = ["NetworkLayer"]


class NetworkLayer:
    """A convolution of a network of Koo and Eddy (2019), for `varbind.interpret.detector_motifs`.

    Args:
        stack: the networks.
        row: the index of the network among those of the stack.
        layer: the number of the convolution, from 1.

    Attributes:
        width: the number of bases that a detector reads through all layers below it.
        double_stranded: whether the network also scores the opposite strand.
        largest_possible: None, because it is not known beyond the first layer.

    Raises:
        UsageError: something is pooled before the layer, so that a detector reads no fixed stretch of bases.
    """

    def __init__(self, stack: KooStack, row: int, layer: int) -> None:
        convolutions = stack.config.convolutions
        if not 1 <= layer <= len(convolutions) or any(one.pool != 1 for one in convolutions[: layer - 1]):
            what = f"the detectors of layer {layer} of {stack.config.name} read no fixed stretch of bases"
            raise UsageError(what, remedy="choose a layer in front of which nothing is pooled")
        self.width = 1 + sum(one.width - 1 for one in convolutions[:layer])
        self.double_stranded = stack.config.double_stranded
        self.largest_possible: NDArray[np.float32] | None = None
        self._layer = layer
        self._rows_of_codes = one_hot_rows(stack.config.unknown_base).astype(np.float32)
        self._torch: Any = optional_import("torch", needed_for="the layers of a network")
        self._network: Any = ARCHITECTURES[stack.config.architecture].build(stack, row).float().eval()

    def activations(self, codes: Codes) -> NDArray[np.float32]:
        """The activations after the rectifier, float32 (N, L - width + 1, D), of base codes (N, L)."""
        bases = self._torch.tensor(self._rows_of_codes[codes].transpose(0, 2, 1).copy())
        margin = self.width // 2  # positions nearer to an end also read the zeros beyond it
        with self._torch.no_grad():
            values = self._network.activations(bases, self._layer)[:, :, margin : codes.shape[1] - margin]
        found: NDArray[np.float32] = values.transpose(1, 2).numpy()
        return found
