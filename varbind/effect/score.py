"""The score head: how large a change is predicted, in two ways, enters; a calibrated probability leaves.

The probability that the allele measurably changes promoter activity is logistic in the logarithms of the predicted
change of activity, whatever its sign, and of the mean square of the bound changes of all models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ScoreHead", "logistic", "logit"]

NEVER = -700.0
"""Log-odds of what cannot be: beyond it the exponential function leaves double precision."""


@dataclass(frozen=True, slots=True)
class ScoreHead:
    """A logistic function of two logarithms.

    Attributes:
        floors: added before the logarithm, above 0: of the activity (log2) and of the mean square bound change, (2,).
        weights: of the two logarithms, float64 (2,).
        constant: the log-odds where both are 0.
    """

    floors: NDArray[np.float64]
    weights: NDArray[np.float64]
    constant: float

    def __post_init__(self) -> None:
        if self.floors.shape != (2,) or self.weights.shape != (2,) or not (self.floors > 0).all():
            raise ResourceError("the score head wants two floors above 0 and two weights")
        if not np.isfinite([*self.floors, *self.weights, self.constant]).all():
            raise ResourceError("a number of the score head is not finite")

    @staticmethod
    def sizes(activity: NDArray[np.float64], bound_changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Absolute activity and mean square of bound changes (B, M), together (B, 2)."""
        return np.stack([np.abs(activity), (bound_changes**2).mean(axis=1)], axis=1)

    def log_odds(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds of a measurable change, (B,), of `sizes` (B, 2); -700 where nothing changes."""
        first, second = np.log(sizes + self.floors).T
        odds: NDArray[np.float64] = self.constant + self.weights[0] * first + self.weights[1] * second
        return np.where((sizes == 0).all(axis=1), NEVER, odds)


def logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of log-odds, 0 to 1; of -700 and below it is 0."""
    return np.where(log_odds <= NEVER, 0.0, 1 / (1 + np.exp(-np.clip(log_odds, NEVER, -NEVER))))


def logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of a probability in (0, 1)."""
    return np.log(probability / (1 - probability))
