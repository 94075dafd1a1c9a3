"""Detectors as whole numbers, so that a sum of them is exact in any order.

Each detector has one power of two, such that its largest possible output stays below 2^28. Rounding moves
an output by at most detector_len x 2^-29 of that, far below single precision's own error. An N counts as a
quarter of each base, so sums come in quarters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.network import DeepBindStack

__all__ = ["DETECTOR_BITS", "FixedPoint", "fixed_point"]

DETECTOR_BITS = 28
"""A detector's largest possible output is scaled to just below 2^28, four times that fits in 32 bits."""


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Whole numbers in float64, and what turns their sums back.

    Attributes:
        detectors: (K, m, 4, D).
        thresholds: (K, D).
        scale: (K, D), powers of two: the detector's units of one whole number.
    """

    detectors: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    scale: NDArray[np.float64]


def fixed_point(stack: DeepBindStack) -> FixedPoint:
    """Round the detectors and thresholds of a stack."""
    detectors = stack.detectors.astype(np.float64)
    thresholds = stack.thresholds.astype(np.float64)
    reach = np.abs(detectors).max(axis=2).sum(axis=1) + np.abs(thresholds)  # (K, D)
    _, exponent = np.frexp(reach)
    scale = np.ldexp(1.0, exponent - DETECTOR_BITS)
    scale[reach == 0] = 1.0
    return FixedPoint(np.rint(detectors / scale[:, None, None]), np.rint(thresholds / scale), scale)
