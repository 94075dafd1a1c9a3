"""The local head: a small convolutional network over the 25 bases around a variant.

Three layers of five bases see 13 bases at a time, so that within 12 bases on each side of an SNV every position of the
last layer is changed by it. The network reads both strands of both alleles; its outputs are linear in the difference of
the activations of the last layer, and serve the activity head as features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from varbind.core.dense import dense_in_order
from varbind.core.sequence import N_CODE, reverse_complement
from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.dense import Dense
    from varbind.core.sequence import Codes
    from varbind.core.window import Window

__all__ = ["LOCAL_FLANK", "LocalHead"]

LOCAL_FLANK = 12
"""The number of bases on each side of a variant that change the activations of the last layer with it."""

WIDTH = 5
"""The number of bases, or positions of the layer before, that a unit sees."""

WINDOWS_AT_ONCE = 64
"""The number of windows whose activations fit the cache of the processor."""

LAYERS = ("first", "second", "third")


@dataclass(frozen=True, slots=True)
class LocalHead(Head):
    """Three convolutional layers with rectified units, and K outputs that are linear in the sums over positions.

    Attributes:
        first: The weights of the first layer, float32 (5, 4, C).
        first_bias: Its biases, float32 (C,).
        second: The weights of the second layer, float32 (5, C, D).
        second_bias: Its biases, float32 (D,).
        third: The weights of the third layer, float32 (5, D, E).
        third_bias: Its biases, float32 (E,).
        output: The weights of the outputs, float32 (E, K).

    Raises:
        ResourceError: The arrays do not fit together, or a weight is not finite.
    """

    name: ClassVar[str] = "local"
    label: ClassVar[str] = "local"
    keys: ClassVar[tuple[HeadKey, ...]] = ()

    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: NDArray[np.float32]
    third: NDArray[np.float32]
    third_bias: NDArray[np.float32]
    output: NDArray[np.float32]

    def __post_init__(self) -> None:
        units = 4
        for weights, bias in self._layers():
            if weights.ndim != 3 or weights.shape[:2] != (WIDTH, units) or bias.shape != weights.shape[2:]:
                raise ResourceError(f"the local head has a layer of weights {weights.shape} and biases {bias.shape}")
            units = weights.shape[2]
        if self.output.ndim != 2 or len(self.output) != units or not self.output.size:
            raise ResourceError(f"the local head has outputs {self.output.shape} of {units} units")
        if not all(np.isfinite(array).all() for layer in self._layers() for array in (*layer, self.output)):
            raise ResourceError("a weight of the local head is not a finite number")

    @property
    def needs(self) -> HeadNeeds:
        """The bases around the variant."""
        return HeadNeeds(flank=LOCAL_FLANK)

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return int(self.output.shape[1])

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """The `outputs` for B variants, float64 (B, K)."""
        return HeadResult(parts={"outputs": self.changes(inputs.windows, inputs.flank, dense=inputs.dense)})

    def changes(
        self, windows: Sequence[Window], flank: int = LOCAL_FLANK, *, dense: Dense = dense_in_order
    ) -> NDArray[np.float64]:
        """The outputs for the change from the reference to the alternate allele.

        Args:
            windows: The windows of B variants.
            flank: The number of bases of the windows on each side of the change, at least 12.
            dense: The function for weighted sums of rows; every one gives the bytes of the default.

        Returns:
            float64 (B, K); 0 where both alleles have equal sequences.
        """
        rows_of_lengths: dict[tuple[int, int], list[int]] = {}
        inner = [window.inner(flank - LOCAL_FLANK) for window in windows]
        for row, window in enumerate(inner):
            rows_of_lengths.setdefault((len(window.ref), len(window.alt)), []).append(row)
        found = np.zeros((len(windows), self.outputs))
        for rows in rows_of_lengths.values():
            for first in range(0, len(rows), WINDOWS_AT_ONCE):
                some = rows[first : first + WINDOWS_AT_ONCE]
                ref, alt = (np.stack([getattr(inner[row], name) for row in some]) for name in ("ref", "alt"))
                found[some] = dense(self._sums(alt, dense) - self._sums(ref, dense), self.output)
        return found

    def _sums(self, codes: Codes, dense: Dense) -> NDArray[np.float32]:
        """The activations of the last layer, summed over the positions of both strands and halved, (B, E)."""
        layer = _one_hot(np.concatenate([codes, reverse_complement(codes)]))
        for weights, bias in self._layers():
            places = layer.shape[1] - WIDTH + 1
            seen = [layer[:, place : place + WIDTH].reshape(len(layer), -1) for place in range(places)]
            rows = np.stack(seen, axis=1).reshape(len(layer) * places, -1)
            sums = np.maximum(dense(rows, weights.reshape(-1, weights.shape[2])) + bias, np.float32(0))
            layer = sums.reshape(len(layer), places, -1)
        # Positions are added one by one; `sum` chooses an order that depends on the shape.
        total = np.add.accumulate(layer, axis=1)[:, -1].astype(np.float32)
        return (total[: len(codes)] + total[len(codes) :]) / np.float32(2)

    def _layers(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        return [(getattr(self, name), getattr(self, f"{name}_bias")) for name in LAYERS]


def _one_hot(codes: Codes) -> NDArray[np.float32]:
    """One-hot codes of B sequences of L bases, float32 (B, L, 4); an N is a quarter of each base."""
    table = np.full((N_CODE + 1, 4), 0.25, dtype=np.float32)
    table[:4] = np.eye(4)
    found: NDArray[np.float32] = table[codes]
    return found
