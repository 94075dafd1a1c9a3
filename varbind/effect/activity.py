"""The activity head: the signed change of promoter activity, predicted from the binding scores of both alleles.

The head is linear in two changes of the score of each model (see `varbind.bank.binding_scale`), the bound change and z,
so that the contribution of every model is known. It has no constant: an allele that changes no binding changes no
activity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.binding_scale import BindingScale

__all__ = ["ActivityHead"]


@dataclass(frozen=True, slots=True)
class ActivityHead(Head):
    """A linear function of the binding changes of M models.

    Attributes:
        scale: The scale of the binding changes of the models.
        weights: The log2 activity per unit of the bound change and per unit of z, float64 (2, M).
        refits: The weights from trainings that left out each of K loci in turn, float32 (K, 2, M), K at least 2.

    Raises:
        ResourceError: The arrays do not fit together, or a weight is not finite.
    """

    name: ClassVar[str] = "activity"
    label: ClassVar[str] = "activity"
    keys: ClassVar[tuple[HeadKey, ...]] = (
        HeadKey("ACTIVITY", "Predicted change of promoter activity, log2, averaged over cell types; negative = loss"),
        HeadKey("ACTIVITY_SE", "Standard error of ACTIVITY over the loci that trained it (jackknife)"),
    )

    scale: BindingScale
    weights: NDArray[np.float64]
    refits: NDArray[np.float32]

    def __post_init__(self) -> None:
        models = len(self.scale.spread)
        if self.weights.shape != (2, models) or self.refits.shape[1:] != (2, models) or len(self.refits) < 2:
            raise ResourceError(f"the activity head has weights {self.weights.shape} and refits {self.refits.shape}")
        if not np.isfinite(self.weights).all() or not np.isfinite(self.refits).all():
            raise ResourceError("a weight of the activity head is not a finite number")

    @property
    def needs(self) -> HeadNeeds:
        """The scores of all its models."""
        return HeadNeeds(models=len(self.scale.spread))

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """ACTIVITY and ACTIVITY_SE, with the `contributions` and the `bound_changes` of the models, both (B, M)."""
        changes = self.changes(inputs.ref, inputs.alt)
        contributions = self.contributions(changes)
        return HeadResult(
            {"ACTIVITY": contributions.sum(axis=1), "ACTIVITY_SE": self.errors(changes)},
            {"contributions": contributions, "bound_changes": changes[:, 0]},
        )

    def changes(self, ref: NDArray[np.floating], alt: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bound changes and z of each of M models, (B, 2, M), from raw scores (B, M)."""
        # Rows must be contiguous, because otherwise the order of summation would depend on the batch.
        return np.ascontiguousarray(np.stack([self.scale.bound_change(ref, alt), self.scale.z(ref, alt)], axis=1))

    def contributions(self, changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The contribution of each model to the activity, log2, (B, M), from `changes`; the sum is the activity."""
        parts: NDArray[np.float64] = changes[:, 0] * self.weights[0] + changes[:, 1] * self.weights[1]
        return parts

    def errors(self, changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard error of the activity over loci, log2, (B,), from `changes`.

        This is the jackknife (Efron and Stein 1981, "The jackknife estimate of variance", eq. 1.4) over the training
        loci: how much the prediction would vary with other loci. It does not cover loci that differ from all of these.
        """
        rows, loci = np.ascontiguousarray(changes), len(self.refits)
        left_out = np.empty((len(rows), loci))
        for locus, refit in enumerate(self.refits.astype(np.float64)):
            left_out[:, locus] = (rows * refit).sum(axis=(1, 2))
        spread = left_out - left_out.mean(axis=1, keepdims=True)
        variance: NDArray[np.float64] = (loci - 1) / loci * (spread**2).sum(axis=1)
        return np.sqrt(variance)
