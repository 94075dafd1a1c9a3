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

    from varbind.core.deepbind import DeepBindStack

__all__ = ["DETECTOR_BITS", "HALF", "FixedPoint", "Quarters", "fixed_point", "quarters"]

DETECTOR_BITS = 28
"""A detector's largest possible output is scaled to just below 2^28, four times that fits in 32 bits."""

HALF = 16
"""A sum over positions needs more than 32 bits. It is kept modulo 2^32 and, roughly, as a sum of upper halves."""


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

    @property
    def quarter_scale(self) -> NDArray[np.float64]:
        """(K, D): the detector's units of a quarter of one whole number."""
        return self.scale / 4


@dataclass(frozen=True, slots=True)
class Quarters:
    """Whole numbers of quarters in int32, by base code and strand.

    Attributes:
        detectors: (K, S, m, 5, D); the reverse strand is read by the detector turned to its reverse complement.
        thresholds: (K, D).
        scale: float64 (K, D), the detector's units of one quarter.
    """

    detectors: NDArray[np.int32]
    thresholds: NDArray[np.int32]
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


def quarters(stack: DeepBindStack) -> Quarters:
    """Round the detectors and thresholds of a stack, for the sums of a CPU."""
    fixed = fixed_point(stack)
    of_n = fixed.detectors.sum(axis=2, keepdims=True)
    forward = np.concatenate([4 * fixed.detectors, of_n], axis=2).astype(np.int32)  # (K, m, 5, D)
    strands = [forward, forward[:, ::-1, [3, 2, 1, 0, 4]]][: stack.config.strands]
    return Quarters(np.stack(strands, axis=1), (4 * fixed.thresholds).astype(np.int32), fixed.quarter_scale)
