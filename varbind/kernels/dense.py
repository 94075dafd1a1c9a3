"""A dense layer whose sums have a fixed order, so that the result for a row does not depend on the rest of the batch.

The matrix products of libraries sum in an order that depends on the batch, the number of threads and the processor.
Here the products are added feature by feature, and each product and each sum is rounded; they are never fused. A
compiled kernel is used where it is available and worth loading, else numpy. Both give the same bytes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.dense import dense_in_order
from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.kernels.cpu.kernel_loading import has_compiled_kernel, load_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["dense"]

KERNEL_WORTH = 1_000_000_000
"""Number of products that numpy computes in the time that it takes to load numba and the kernel."""

FEATURES_AT_ONCE = 8
"""Number of features that the kernel adds to a sum while the sum is in a register."""


class _Work:
    """The number of products that numpy has computed: many small batches justify the kernel as one large batch does."""

    def __init__(self) -> None:
        self.products = 0


_work = _Work()


def dense(
    inputs: NDArray[np.float32], weights: NDArray[np.float32], *, compiled: bool | None = None
) -> NDArray[np.float32]:
    """Compute weighted sums of the features of each row, from the first feature to the last.

    Args:
        inputs: finite, float32 (B, F).
        weights: finite, float32 (F, H).
        compiled: whether the compiled kernel is used; None = it is used where it is available, as soon as there is
            enough to compute.

    Returns:
        float32 (B, H).

    Raises:
        UsageError: the compiled kernel is required and cannot be used.
    """
    kernel = _chosen_kernel(inputs.size * weights.shape[1], compiled=compiled)
    if kernel is None:
        return dense_in_order(inputs, weights)
    rows, columns = np.ascontiguousarray(inputs), np.ascontiguousarray(weights)
    sums = np.zeros((len(rows), columns.shape[1]), dtype=np.float32)
    kernel(rows, columns, sums, np.empty_like(columns[0]))
    return sums


def _chosen_kernel(products: int, *, compiled: bool | None) -> Callable[..., None] | None:
    if compiled is None:
        _work.products += products
        compiled = _work.products > KERNEL_WORTH
        return _kernel() if compiled else None
    kernel = _kernel() if compiled else None
    if compiled and kernel is None:
        raise UsageError("there is no compiled kernel for dense layers", remedy="pip install numba")
    return kernel


@cache
def _kernel() -> Callable[..., None] | None:
    """The compiled kernel; None where it is switched off or cannot be loaded."""
    return load_kernel(_load, work="dense layers") if has_compiled_kernel() else None


def _load() -> Callable[..., None]:
    compiled = optional_import("varbind.kernels.cpu.numba_cache", needed_for="the CPU kernel").compiled
    kernel: Callable[..., None] = compiled(_add_products)
    return kernel


def _add_products(inputs: Any, weights: Any, sums: Any, unused: Any) -> None:
    """Add the products to the sums, two rows at a time, so that the weights are read half as often.

    The sums have the order in which they are written here. The compiler only combines neighbouring sums to vectors: it
    may not reorder or fuse floating-point operations, because that is not allowed to it explicitly.
    """
    rows, features = inputs.shape
    units = weights.shape[1]
    whole = features - features % FEATURES_AT_ONCE
    for first in range(0, rows, 2):
        second = min(first + 1, rows - 1)
        x, y = inputs[first], inputs[second]
        x_sums = sums[first]
        y_sums = sums[second] if second > first else unused  # the last row of an odd number has no partner
        for f in range(0, whole, FEATURES_AT_ONCE):
            x0, x1, x2, x3, x4, x5, x6, x7 = x[f], x[f + 1], x[f + 2], x[f + 3], x[f + 4], x[f + 5], x[f + 6], x[f + 7]
            y0, y1, y2, y3, y4, y5, y6, y7 = y[f], y[f + 1], y[f + 2], y[f + 3], y[f + 4], y[f + 5], y[f + 6], y[f + 7]
            w0, w1, w2, w3 = weights[f], weights[f + 1], weights[f + 2], weights[f + 3]
            w4, w5, w6, w7 = weights[f + 4], weights[f + 5], weights[f + 6], weights[f + 7]
            for h in range(units):
                a = x_sums[h] + x0 * w0[h] + x1 * w1[h] + x2 * w2[h] + x3 * w3[h]
                b = y_sums[h] + y0 * w0[h] + y1 * w1[h] + y2 * w2[h] + y3 * w3[h]
                x_sums[h] = a + x4 * w4[h] + x5 * w5[h] + x6 * w6[h] + x7 * w7[h]
                y_sums[h] = b + y4 * w4[h] + y5 * w5[h] + y6 * w6[h] + y7 * w7[h]
        for f in range(whole, features):
            own_weights = weights[f]
            for h in range(units):
                x_sums[h] += x[f] * own_weights[h]
                y_sums[h] += y[f] * own_weights[h]
