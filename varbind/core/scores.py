"""The binding scores of both alleles and their difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BindingScores"]


@dataclass(frozen=True, slots=True)
class BindingScores:
    """The scores of B variants by M models.

    Attributes:
        model_ids: the M models, in bank order.
        ref: the score of the reference allele in its window, float32 (B, M), in the units of the model.
        alt: the score of the alternate allele, float32 (B, M).
    """

    model_ids: tuple[str, ...]
    ref: NDArray[np.float32]
    alt: NDArray[np.float32]

    @property
    def delta(self) -> NDArray[np.float32]:
        """Alternate minus reference score, float32 (B, M); negative = loss of binding."""
        return self.alt - self.ref
