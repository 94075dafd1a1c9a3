"""Maximum pooling whose pools do not overlap."""

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
        convolution: states the width of the pools; 0 = all positions.
        drops_rest: whether positions at the end that do not fill a pool are left out; else they have a maximum too.

    Returns:
        (B, K, 1, maxima).
    """
    width = convolution.pool or values.shape[-1]
    return torch.nn.functional.max_pool2d(values, (1, width), ceil_mode=not drops_rest) if width > 1 else values
