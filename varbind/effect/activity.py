"""The activity head: the signed change of promoter activity, predicted from what both alleles bind and look like.

The head is linear in two changes of the score of each model (see `varbind.bank.binding_scale`), the bound change and z,
and in the outputs of the local head, so that the contribution of every model is known. It has no constant: an allele
that changes nothing does not change the activity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.effect.local import LocalHead
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.binding_scale import BindingScale

__all__ = ["ActivityHead"]


@dataclass(frozen=True, slots=True)
class ActivityHead(Head):
    """A linear function of the binding changes of M models and of the K outputs of the local head.

    Attributes:
        scale: The scale of the binding changes of the models.
        weights: The log2 activity per unit of the bound change and per unit of z, float64 (2, M).
        local_weights: The log2 activity per unit of each output of the local head, float64 (K,); K is 0 without one.
        refits: The weights of 2 M changes and K outputs from trainings that left out each of R parts of the data in
            turn, float32 (R, 2 M + K), R at least 2.

    Raises:
        ResourceError: The arrays do not fit together, or a weight is not finite.
    """

    name: ClassVar[str] = "activity"
    label: ClassVar[str] = "activity"
    keys: ClassVar[tuple[HeadKey, ...]] = (
        HeadKey("ACTIVITY", "Predicted change of promoter activity, log2, averaged over cell types; negative = loss"),
        HeadKey("ACTIVITY_SE", "Standard error of ACTIVITY over the loci and chromosomes that trained it (jackknife)"),
    )

    scale: BindingScale
    weights: NDArray[np.float64]
    local_weights: NDArray[np.float64]
    refits: NDArray[np.float32]

    def __post_init__(self) -> None:
        models = len(self.scale.spread)
        whole = 2 * models + len(self.local_weights)
        if self.weights.shape != (2, models) or self.refits.shape[1:] != (whole,) or len(self.refits) < 2:
            raise ResourceError(f"the activity head has weights {self.weights.shape} and refits {self.refits.shape}")
        if self.local_weights.ndim != 1:
            raise ResourceError(f"the activity head has weights {self.local_weights.shape} of the local head")
        if not all(np.isfinite(array).all() for array in (self.weights, self.local_weights, self.refits)):
            raise ResourceError("a weight of the activity head is not a finite number")

    @property
    def needs(self) -> HeadNeeds:
        """The scores of all its models, and the outputs of the local head if it weighs them."""
        models, outputs = len(self.scale.spread), len(self.local_weights)
        return HeadNeeds(models=models, heads=(LocalHead.name,) if outputs else (), outputs=outputs)

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """ACTIVITY and ACTIVITY_SE, with the `contributions` of the models and the `bound_changes`, both (B, M).

        The part of the local head is in `local`, (B,).
        """
        changes = self.changes(inputs.ref, inputs.alt)
        outputs = np.zeros((len(changes), 0))
        if len(self.local_weights):
            outputs = inputs.results[LocalHead.name].parts["outputs"]
        contributions, local = self.contributions(changes), (outputs * self.local_weights).sum(axis=1)
        return HeadResult(
            {"ACTIVITY": contributions.sum(axis=1) + local, "ACTIVITY_SE": self.errors(changes, outputs)},
            {"contributions": contributions, "bound_changes": changes[:, 0], "local": local},
        )

    def changes(self, ref: NDArray[np.floating], alt: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bound changes and z of each of M models, (B, 2, M), from raw scores (B, M)."""
        # Rows must be contiguous, because otherwise the order of summation would depend on the batch.
        return np.ascontiguousarray(np.stack([self.scale.bound_change(ref, alt), self.scale.z(ref, alt)], axis=1))

    def contributions(self, changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The contribution of each model to the activity, log2, (B, M), from `changes`."""
        parts: NDArray[np.float64] = changes[:, 0] * self.weights[0] + changes[:, 1] * self.weights[1]
        return parts

    def errors(self, changes: NDArray[np.float64], outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard error of the activity, log2, (B,), from `changes` and the outputs (B, K) of the local head.

        This is the jackknife (Efron and Stein 1981, "The jackknife estimate of variance", eq. 1.4) over the parts of
        the training data: how much the prediction would vary with other loci. It does not cover loci that differ from
        all of these.
        """
        # Without variants, the number of columns cannot be inferred.
        flat = changes.reshape(len(changes), 2 * changes.shape[2])
        rows, parts = np.hstack([flat, outputs]), len(self.refits)
        left_out = np.empty((len(rows), parts))
        for part, refit in enumerate(self.refits.astype(np.float64)):
            left_out[:, part] = (rows * refit).sum(axis=1)
        spread = left_out - left_out.mean(axis=1, keepdims=True)
        variance: NDArray[np.float64] = (parts - 1) / parts * (spread**2).sum(axis=1)
        return np.sqrt(variance)
