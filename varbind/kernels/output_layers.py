"""The small networks behind the pooled values, every sum in one fixed order.

The order is that of vector registers: sixteen detectors or thirty-two hidden units side by side, their lanes
summed by halves at the end. All ways of computing keep to it, and none may fuse a multiplication with an
addition, so that all give the same bytes. The same lines run on numpy arrays and torch tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack

__all__ = ["DETECTOR_LANES", "UNIT_LANES", "Heads", "head_lanes", "whole_lanes"]

DETECTOR_LANES = 16
"""Detectors that are summed side by side where there is no hidden layer."""

UNIT_LANES = 32
"""Hidden units whose contributions are summed side by side."""


class Heads:
    """The networks behind the pooled values of one stack, double precision.

    Args:
        stack: where the parameters come from.
        place: makes an array of the kind that is to be scored, such as a torch tensor; None = numpy.
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
            maxima: largest rectified value of every detector, float64 (k, D, B).
            means: of the rectified values over all positions, the same; None = there is no mean pooling.
            models: which k networks of the stack.

        Returns:
            Scores before they are rounded to single precision, float64 (k, B).
        """
        pools = [maxima] if means is None else [maxima, means]
        # Per detector its maximum, then its mean; each (k, 1, B).
        features = [pool[:, d : d + 1] for d in range(maxima.shape[1]) for pool in pools]
        weights1, biases1 = self._weights1[models], self._biases1[models]
        if self._hidden:
            return self._hidden_output(features, weights1, biases1, models)
        lanes: list[Any] = [0.0] * DETECTOR_LANES
        for feature, values in enumerate(features):
            lane = feature // len(pools) % DETECTOR_LANES
            lanes[lane] = lanes[lane] + values[:, 0] * weights1[:, feature, 0]
        return _by_halves(lanes) + biases1[:, 0]

    def _hidden_output(self, features: Sequence[Any], weights1: Any, biases1: Any, models: slice) -> Any:
        """Scores (k, B) by way of the hidden layer."""
        units = biases1 + features[0] * weights1[:, 0]  # (k, H, B)
        for feature, values in enumerate(features[1:], start=1):
            units += values * weights1[:, feature]
        # A negative zero, which libraries treat differently here, would show in the bytes: none is left.
        products = (units.clip(min=0.0) + 0.0) * self._weights2[models] + 0.0
        count = products.shape[1]
        lanes: list[Any] = [products[:, unit] if unit < count else 0.0 for unit in range(UNIT_LANES)]
        for unit in range(UNIT_LANES, count):
            lanes[unit % UNIT_LANES] = lanes[unit % UNIT_LANES] + products[:, unit]
        return _by_halves(lanes) + self._biases2[models]


def head_lanes(stack: DeepBindStack) -> tuple[NDArray[np.float64], ...]:
    """Parameters as kernels read them, noughts up to whole lanes.

    Returns:
        weights1 (K, pools, D'), or (K, D x pools, H') with a hidden layer; biases1 and weights2 of the hidden
        units (K, H'), noughts without; bias of the output (K,).
    """
    weights1, biases1, weights2, biases2 = (
        values.astype(np.float64) for values in (stack.weights1, stack.biases1, stack.weights2, stack.biases2)
    )
    if stack.config.hidden:
        return *(whole_lanes(values, UNIT_LANES) for values in (weights1, biases1, weights2)), biases2
    by_pool = weights1.reshape(len(weights1), stack.config.detectors, -1).transpose(0, 2, 1)
    unused = np.zeros_like(biases1)
    return whole_lanes(by_pool, DETECTOR_LANES), unused, unused, biases1[:, 0]


def whole_lanes(values: NDArray[Any], lanes: int) -> NDArray[Any]:
    """Noughts after the last axis, up to a multiple of the lanes; C-contiguous."""
    rest = -values.shape[-1] % lanes
    return np.ascontiguousarray(np.pad(values, [*[(0, 0)] * (values.ndim - 1), (0, rest)]))


def _by_halves(lanes: Sequence[Any]) -> Any:
    """The sum of lanes: the upper half onto the lower half, until one is left."""
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [low + high for low, high in zip(lanes[:half], lanes[half:], strict=True)]
    return lanes[0]
