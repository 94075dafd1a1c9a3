"""The arithmetic that all kernels share, so that every way of computing a score gives the same bytes.

Two rules make this possible:

*   The weights of detectors are whole numbers, in units of a power of two per detector that keeps the largest possible
    output below 2^28. A sum of whole numbers is exact in any order. Rounding a weight changes an output by at most
    detector_len x 2^-29 of its largest value, far less than the error of single precision. The base N counts as a
    quarter of each base, so sums are formed in quarters of this unit.
*   The layers behind the pooled values are computed in double precision, and every sum has one fixed order: that of
    vector registers with 16 detectors or 32 hidden units side by side, whose lanes are added by halves at the end. A
    multiplication is never fused with an addition, because a fused operation rounds differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack

__all__ = [
    "DETECTOR_BITS",
    "DETECTOR_LANES",
    "UNIT_LANES",
    "FixedPoint",
    "OutputLayers",
    "Quarters",
    "fixed_point",
    "output_layer_arrays",
    "padded_to_lanes",
    "quarters",
]

DETECTOR_BITS = 28
"""The largest possible output of a detector is scaled to just below 2^28; four times this fits into 32 bits."""

DETECTOR_LANES = 16
"""Detectors that are summed side by side in networks without a hidden layer."""

UNIT_LANES = 32
"""Hidden units whose contributions are summed side by side."""


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Detectors and thresholds of K networks as whole numbers, stored in float64.

    Attributes:
        detectors: (K, m, 4, D).
        thresholds: (K, D).
        scale: (K, D), powers of two; a whole number times the scale is in the detector's original units.
    """

    detectors: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def quarter_scale(self) -> NDArray[np.float64]:
        """The scale of numbers that count quarters, (K, D)."""
        return self.scale / 4


@dataclass(frozen=True, slots=True)
class Quarters:
    """Detectors and thresholds of K networks in quarters of the whole numbers, for each base code and strand.

    Attributes:
        detectors: int32 (K, S, m, 5, D); those of the second strand are reverse complements.
        thresholds: int32 (K, D).
        scale: float64 (K, D), the scale of one quarter.
    """

    detectors: NDArray[np.int32]
    thresholds: NDArray[np.int32]
    scale: NDArray[np.float64]


def fixed_point(stack: DeepBindStack) -> FixedPoint:
    """Round the detectors and thresholds of a stack to whole numbers."""
    detectors = stack.detectors.astype(np.float64)
    thresholds = stack.thresholds.astype(np.float64)
    reach = np.abs(detectors).max(axis=2).sum(axis=1) + np.abs(thresholds)  # (K, D)
    _, exponent = np.frexp(reach)
    scale = np.ldexp(1.0, exponent - DETECTOR_BITS)
    scale[reach == 0] = 1.0
    return FixedPoint(np.rint(detectors / scale[:, None, None]), np.rint(thresholds / scale), scale)


def quarters(stack: DeepBindStack) -> Quarters:
    """Round the detectors and thresholds of a stack, and lay them out for the CPU kernels."""
    fixed = fixed_point(stack)
    of_n = fixed.detectors.sum(axis=2, keepdims=True)
    forward = np.concatenate([4 * fixed.detectors, of_n], axis=2).astype(np.int32)  # (K, m, 5, D)
    strands = [forward, forward[:, ::-1, [3, 2, 1, 0, 4]]][: stack.config.strands]
    return Quarters(np.stack(strands, axis=1), (4 * fixed.thresholds).astype(np.int32), fixed.quarter_scale)


class OutputLayers:
    """The layers behind the pooled values of the networks of one stack, in double precision.

    The same code computes with numpy arrays and with torch tensors.

    Args:
        stack: the networks.
        place: converts a numpy array to the kind of array to compute with, such as a torch tensor; None = numpy.
    """

    def __init__(self, stack: DeepBindStack, *, place: Callable[[NDArray[np.float64]], Any] | None = None) -> None:
        def placed(values: NDArray[np.float32]) -> Any:
            doubled = values.astype(np.float64)[..., None]  # the last axis stands for the sequences
            return place(doubled) if place else doubled

        self._hidden = stack.config.hidden > 0
        self._weights1 = placed(stack.weights1)  # (K, P, max(H, 1), 1)
        self._biases1 = placed(stack.biases1)  # (K, max(H, 1), 1)
        self._weights2 = placed(stack.weights2)  # (K, H, 1)
        self._biases2 = placed(stack.biases2)  # (K, 1)

    def score(self, maxima: Any, means: Any = None, *, models: slice = slice(None)) -> Any:
        """Scores of one strand.

        Args:
            maxima: the largest rectified value of every detector, float64 (k, D, B).
            means: the means of the rectified values over all positions, of the same shape; None = no mean pooling.
            models: the k networks of the stack that are computed.

        Returns:
            Scores before they are rounded to single precision, float64 (k, B).
        """
        pools = [maxima] if means is None else [maxima, means]
        # For each detector its maximum and then its mean; each feature is (k, 1, B).
        features = [pool[:, d : d + 1] for d in range(maxima.shape[1]) for pool in pools]
        weights1, biases1 = self._weights1[models], self._biases1[models]
        if self._hidden:
            return self._hidden_output(features, weights1, biases1, models)
        lanes: list[Any] = [0.0] * DETECTOR_LANES
        for feature, values in enumerate(features):
            lane = feature // len(pools) % DETECTOR_LANES
            lanes[lane] = lanes[lane] + values[:, 0] * weights1[:, feature, 0]
        return _sum_by_halves(lanes) + biases1[:, 0]

    def _hidden_output(self, features: Sequence[Any], weights1: Any, biases1: Any, models: slice) -> Any:
        """Scores (k, B) of networks with a hidden layer."""
        units = biases1 + features[0] * weights1[:, 0]  # (k, H, B)
        for feature, values in enumerate(features[1:], start=1):
            units += values * weights1[:, feature]
        # Libraries differ in when they give a negative zero here. Adding zero makes it positive everywhere.
        products = (units.clip(min=0.0) + 0.0) * self._weights2[models] + 0.0
        count = products.shape[1]
        lanes: list[Any] = [products[:, unit] if unit < count else 0.0 for unit in range(UNIT_LANES)]
        for unit in range(UNIT_LANES, count):
            lanes[unit % UNIT_LANES] = lanes[unit % UNIT_LANES] + products[:, unit]
        return _sum_by_halves(lanes) + self._biases2[models]


def _sum_by_halves(lanes: Sequence[Any]) -> Any:
    """The sum of all lanes; the upper half is added to the lower half until one lane is left."""
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [low + high for low, high in zip(lanes[:half], lanes[half:], strict=True)]
    return lanes[0]


def output_layer_arrays(stack: DeepBindStack) -> tuple[NDArray[np.float64], ...]:
    """The parameters of the output layers as the compiled kernels read them, padded with zeros to whole lanes.

    Returns:
        weights1: (K, pools, D') without and (K, D x pools, H') with a hidden layer.
        biases1: biases of the hidden units (K, H'), zeros without a hidden layer.
        weights2: weights of the hidden units (K, H'), zeros without a hidden layer.
        bias: bias of the output (K,).
    """
    weights1, biases1, weights2, biases2 = (
        values.astype(np.float64) for values in (stack.weights1, stack.biases1, stack.weights2, stack.biases2)
    )
    if stack.config.hidden:
        return *(padded_to_lanes(values, UNIT_LANES) for values in (weights1, biases1, weights2)), biases2
    by_pool = weights1.reshape(len(weights1), stack.config.detectors, -1).transpose(0, 2, 1)
    unused = np.zeros_like(biases1)
    return padded_to_lanes(by_pool, DETECTOR_LANES), unused, unused, biases1[:, 0]


def padded_to_lanes(values: NDArray[Any], lanes: int) -> NDArray[Any]:
    """Append zeros along the last axis up to a multiple of the lanes; the result is C-contiguous."""
    rest = -values.shape[-1] % lanes
    return np.ascontiguousarray(np.pad(values, [*[(0, 0)] * (values.ndim - 1), (0, rest)]))
