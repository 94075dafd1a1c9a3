"""The scale on which changes of score are comparable between models.

A network's score has no unit of its own. Two things make models comparable, both from their cards' background: the
standard deviation of an SNV's change, and where on its scale binding begins. The second matters more: a change of a
score that is low anyway means nothing, so what counts is the change of a softened rectifier of the score,
log(1 + exp((score - threshold) / softness)), with the threshold at the score that one background site in a hundred has.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.model_card import ModelCard

__all__ = ["BindingScale"]

THRESHOLD_LEVEL = 0.99
MEDIAN_LEVEL = 0.5
SOFTNESS_SHARE = 0.25
"""Of the distance from the median background score to the threshold."""
SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class BindingScale:
    """The scale of M models.

    Attributes:
        spread: standard deviation of the change over background SNVs, above 0, float64 (M,).
        threshold: score at which binding begins, float64 (M,).
        softness: of the rectifier, in units of the score, above 0, float64 (M,).
    """

    spread: NDArray[np.float64]
    threshold: NDArray[np.float64]
    softness: NDArray[np.float64]

    def __post_init__(self) -> None:
        arrays = [getattr(self, f.name) for f in fields(self)]
        if any(array.shape != self.spread.shape or not np.isfinite(array).all() for array in arrays):
            raise ResourceError("the scale of binding is incomplete")
        if (self.spread < SMALLEST).any() or (self.softness < SMALLEST).any():
            raise ResourceError("a spread of the scale of binding is not above 0")

    @classmethod
    def of_cards(cls, models: Sequence[ModelCard], levels: Sequence[float]) -> Self:
        """From the backgrounds of models.

        Args:
            models: M cards with a background.
            levels: of their quantiles.

        Raises:
            ResourceError: a model has no background.
        """
        try:
            median, top = levels.index(MEDIAN_LEVEL), levels.index(THRESHOLD_LEVEL)
            scores = np.array([model.quantiles["score"] for model in models], dtype=np.float64)
        except (KeyError, ValueError) as error:
            remedy = "import or train the bank again"
            raise ResourceError("a model has no background of scores", remedy=remedy) from error
        spread = np.array([model.delta_sd for model in models], dtype=np.float64)
        softness = SOFTNESS_SHARE * (scores[:, top] - scores[:, median])
        # A model that never changes on the background has no scale: its changes stay as small as they are.
        return cls(np.where(spread > 0, spread, 1.0), scores[:, top], np.where(softness > 0, softness, 1.0))

    def z(self, ref: NDArray[np.floating], alt: NDArray[np.floating]) -> NDArray[np.float64]:
        """Change in standard deviations over background SNVs, of raw scores (B, M)."""
        change: NDArray[np.float64] = (alt.astype(np.float64) - ref) / self.spread
        return change

    def bound_change(self, ref: NDArray[np.floating], alt: NDArray[np.floating]) -> NDArray[np.float64]:
        """Change of the softened rectifier, of raw scores (B, M): 0 far below the threshold, linear far above."""
        return self._bound(alt) - self._bound(ref)

    def _bound(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.logaddexp(0.0, (scores - self.threshold) / self.softness)
