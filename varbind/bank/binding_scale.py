"""The scale on which changes of binding scores are comparable between models.

The score of a network has no unit. Two quantities of the background make models comparable: the standard deviation of
the change by an SNV, and the score at which binding begins. The second one matters more, because a change of a low
score has no effect on binding. The bound change is therefore that of a softened rectifier of the score,
log(1 + exp((score - threshold) / softness)), whose threshold is the score that 1 % of the background sites exceed.
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
"""The softness as a share of the distance from the median background score to the threshold."""
SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class BindingScale:
    """The scale of M models.

    Attributes:
        spread: the standard deviation of the change over background SNVs, above 0, float64 (M,).
        threshold: the score at which binding begins, float64 (M,).
        softness: the softness of the rectifier in units of the score, above 0, float64 (M,).
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
        """The scale for the quantiles of the background scores of models.

        Args:
            models: the cards of M models.
            levels: the levels of their quantiles.

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
        # Changes of a model that never changes on the background, or next to never, are not scaled.
        spread, softness = (np.where(values >= SMALLEST, values, 1.0) for values in (spread, softness))
        return cls(spread, scores[:, top], softness)

    @classmethod
    def of_known(cls, models: Sequence[ModelCard], levels: Sequence[float]) -> Self:
        """As `of_cards`, but for a model without a background binding begins at a score of 0, in units of its own."""
        scale = cls(np.ones(len(models)), np.zeros(len(models)), np.ones(len(models)))
        known = [place for place, model in enumerate(models) if model.quantiles]
        if known:
            found = cls.of_cards([models[place] for place in known], levels)
            for name in (own.name for own in fields(cls)):
                getattr(scale, name)[known] = getattr(found, name)
        return scale

    def z(self, ref: NDArray[np.floating], alt: NDArray[np.floating]) -> NDArray[np.float64]:
        """The changes of raw scores (B, M), in standard deviations over background SNVs."""
        change: NDArray[np.float64] = (alt.astype(np.float64) - ref) / self.spread
        return change

    def bound_change(self, ref: NDArray[np.floating], alt: NDArray[np.floating]) -> NDArray[np.float64]:
        """The changes of the softened rectifier of raw scores (B, M): 0 far below the threshold, linear far above."""
        return self._bound(alt) - self._bound(ref)

    def _bound(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.logaddexp(0.0, (scores - self.threshold) / self.softness)
