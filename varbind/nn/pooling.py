"""Maximum pooling over positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.gate import optional_import

if TYPE_CHECKING:
    import torch

    from varbind.core.convolution import Convolution
else:
    torch = optional_import("torch", needed_for="the reference network")

__all__ = ["pool_maxima"]


def pool_maxima(values: torch.Tensor, convolution: Convolution, *, drops_rest: bool = False) -> torch.Tensor:
    """The maxima over positions of the last axis of a flat picture.

    Args:
        values: (B, K, 1, positions).
        convolution: states the width of the pools, 0 = all positions, and their stride.
        drops_rest: see `varbind.core.convolution.Convolution.maxima`, which counts them.

    Returns:
        (B, K, 1, maxima).
    """
    width = convolution.pool or values.shape[-1]
    if width == 1:
        return values
    stride = convolution.stride or width
    is_last_kept = not drops_rest or convolution.stride > 0
    return torch.nn.functional.max_pool2d(
        values, (1, width), (1, stride), padding=(0, (width - stride) // 2), ceil_mode=is_last_kept
    )
