"""The activity head: binding scores of both alleles enter, the signed change of promoter activity leaves.

Linear in two changes of each model (`varbind.bank.binding_scale`), so that every model's share in the sum is known.
It has no constant: an allele that changes no binding changes no activity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.binding_scale import BindingScale

__all__ = ["ActivityHead"]


@dataclass(frozen=True, slots=True)
class ActivityHead:
    """Weights of M models.

    Attributes:
        scale: of the models.
        weights: log2 of activity per unit of the bound change and per unit of z, float64 (2, M).
        refits: the weights when each of K loci in turn did not train, float32 (K, 2, M), K at least 2.
    """

    scale: BindingScale
    weights: NDArray[np.float64]
    refits: NDArray[np.float32]

    def __post_init__(self) -> None:
        models = len(self.scale.spread)
        if self.weights.shape != (2, models) or self.refits.shape[1:] != (2, models) or len(self.refits) < 2:
            raise ResourceError(f"the activity head has weights {self.weights.shape} and refits {self.refits.shape}")
        if not np.isfinite(self.weights).all() or not np.isfinite(self.refits).all():
            raise ResourceError("a weight of the activity head is not a finite number")

    def changes(self, ref: NDArray[np.floating], alt: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bound changes and z of each of M models, (B, 2, M), of raw scores (B, M)."""
        # Each row lies whole in memory, or the order of its sums would depend on the batch.
        return np.ascontiguousarray(np.stack([self.scale.bound_change(ref, alt), self.scale.z(ref, alt)], axis=1))

    def contributions(self, changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each model adds to the activity, log2, (B, M), of `changes`; they sum to it."""
        parts: NDArray[np.float64] = changes[:, 0] * self.weights[0] + changes[:, 1] * self.weights[1]
        return parts

    def errors(self, changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard error of the activity over loci, log2, (B,), of `changes`.

        The jackknife (Efron and Stein 1981, "The jackknife estimate of variance", eq. 1.4) over the loci that
        trained: how far the prediction would move with other loci. It knows nothing of loci unlike all of these.
        """
        rows, loci = np.ascontiguousarray(changes), len(self.refits)
        left_out = np.empty((len(rows), loci))
        for locus, refit in enumerate(self.refits.astype(np.float64)):
            left_out[:, locus] = (rows * refit).sum(axis=(1, 2))
        spread = left_out - left_out.mean(axis=1, keepdims=True)
        variance: NDArray[np.float64] = (loci - 1) / loci * (spread**2).sum(axis=1)
        return np.sqrt(variance)
