"""The DeepFind network: features of variants enter, one logit each leaves.

DeepFind (Alipanahi et al. 2015, "DeepFind") is one hidden layer of 200 ReLU units over the binding scores of many
models and a few features beside; it tells simulated variants from those that evolution let pass. The logit is the mean
over the networks of a head. Every sum is taken in one order, so a variant has the same bytes whatever batch it is in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.nn.dense import dense

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.deepfind_head import DeepFindHead

__all__ = ["deepfind_logits"]


def deepfind_logits(
    head: DeepFindHead, values: NDArray[np.floating], *, compiled: bool | None = None
) -> NDArray[np.float64]:
    """Mean logit of a head's networks.

    Args:
        head: the networks.
        values: of the head's features, (B, F); NaN = missing.
        compiled: whether the CPU kernel is used; None = if there is one and it is worth it. The bytes are the same.

    Returns:
        Log-odds of being simulated, float64 (B,).

    Raises:
        UsageError: the kernel was asked for and cannot be used.
    """
    inputs = head.standardise(values)
    total = np.zeros(len(inputs))
    for hidden, hidden_bias, output, output_bias in zip(
        head.hidden, head.hidden_bias, head.output, head.output_bias, strict=True
    ):
        units = np.maximum(dense(inputs, hidden, compiled=compiled) + hidden_bias, np.float32(0))  # (B, H)
        products = units.astype(np.float64) * output
        # Running sums are taken one by one; `sum` and `@` choose an order by the shape.
        total += np.add.accumulate(products, axis=1)[:, -1] + np.float64(output_bias)
    return total / len(head.hidden)
