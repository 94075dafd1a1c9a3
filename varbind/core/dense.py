"""A dense layer with a fixed order of summation, so that the result for a row does not depend on its batch.

The order of summation in a matrix product of a library depends on the batch, the threads and the processor. Here the
products are added feature by feature, and each product and each sum is rounded, without fused operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Dense", "dense_in_order"]

Dense: TypeAlias = "Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]"
"""Weighted sums (B, H) of inputs (B, F) by weights (F, H), from the first feature to the last."""

ROWS_AT_ONCE = 64
"""The number of rows whose sums fit the cache of the processor."""


def dense_in_order(inputs: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted sums of the features of each row, from the first feature to the last.

    Args:
        inputs: finite, float32 (B, F).
        weights: finite, float32 (F, H).

    Returns:
        float32 (B, H).
    """
    rows, columns = np.ascontiguousarray(inputs), np.ascontiguousarray(weights)
    sums = np.zeros((len(rows), columns.shape[1]), dtype=np.float32)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        some = slice(first, first + ROWS_AT_ONCE)
        own_inputs, own_sums = rows[some], sums[some]
        products = np.empty_like(own_sums)
        for feature, own_weights in enumerate(columns):
            np.multiply(own_inputs[:, feature : feature + 1], own_weights, out=products)
            own_sums += products
    return sums
