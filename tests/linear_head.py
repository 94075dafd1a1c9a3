"""A head that is not part of the package: a weighted sum of the changes of binding scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LinearHead(Head):
    """One weight per model, and a constant."""

    name: ClassVar[str] = "linear"
    label: ClassVar[str] = "linear"
    keys: ClassVar[tuple[HeadKey, ...]] = (HeadKey("LINEAR", "Weighted sum of the changes of binding"),)

    weights: NDArray[np.float64]
    constant: float

    @property
    def needs(self) -> HeadNeeds:
        """The scores of all its models."""
        return HeadNeeds(models=len(self.weights))

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """LINEAR."""
        return HeadResult({"LINEAR": ((inputs.alt - inputs.ref) * self.weights).sum(axis=1) + self.constant})
