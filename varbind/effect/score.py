"""The score head: the calibrated probability that an allele measurably changes promoter activity.

The probability is a logistic function of two logarithms: that of the absolute predicted change of activity, and that of
the mean square of the bound changes of all models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from varbind.bank.null_distribution import phred
from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.background import VariantKind
    from varbind.bank.null_distribution import ShareCurve

__all__ = ["ScoreHead", "logistic", "logit"]

NEVER = -700.0
"""The log-odds of an impossible event: beyond it the exponential function exceeds double precision."""


@dataclass(frozen=True, slots=True)
class ScoreHead(Head):
    """A logistic function of two logarithms.

    Attributes:
        floors: The numbers above 0 that are added before the logarithm, to the absolute activity (log2) and to the mean
            square bound change, float64 (2,).
        weights: The weights of the two logarithms, float64 (2,).
        constant: The log-odds where both logarithms are 0.

    Raises:
        ResourceError: The arrays do not fit together, a floor is not above 0, or a number is not finite.
    """

    name: ClassVar[str] = "score"
    label: ClassVar[str] = "score"
    keys: ClassVar[tuple[HeadKey, ...]] = (
        HeadKey(
            "SCORE",
            "Calibrated probability, 0 to 1, that the allele measurably changes promoter activity, from sequence "
            "alone; not pathogenicity",
        ),
        HeadKey(
            "SCORE_CONS",
            "SCORE with the log-odds of the conservation tracks added, none where they have no value; no "
            "calibrated probability",
            head="conservation",
        ),
        HeadKey(
            "PHRED",
            "-10 log10 of the share of background promoter variants of the same kind and size whose SCORE is at least "
            "as high",
            curve="score",
        ),
    )

    floors: NDArray[np.float64]
    weights: NDArray[np.float64]
    constant: float

    def __post_init__(self) -> None:
        if self.floors.shape != (2,) or self.weights.shape != (2,) or not (self.floors > 0).all():
            raise ResourceError("the score head needs two floors above 0 and two weights")
        if not np.isfinite([*self.floors, *self.weights, self.constant]).all():
            raise ResourceError("a number of the score head is not finite")

    @property
    def needs(self) -> HeadNeeds:
        """The results of the activity head."""
        return HeadNeeds(heads=("activity",))

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """SCORE and PHRED, SCORE_CONS where the conservation head was asked, and the `log_odds` of SCORE."""
        activity = inputs.results["activity"]
        log_odds = self.log_odds(self.sizes(activity.values["ACTIVITY"], activity.parts["bound_changes"]))
        phreds = _phreds(log_odds, inputs.kinds, inputs.curves.get("score", {}))
        values = {"SCORE": logistic(log_odds), "PHRED": phreds}
        if conservation := inputs.results.get("conservation"):
            values["SCORE_CONS"] = logistic(log_odds + conservation.parts["log_odds"])
        return HeadResult(values, {"log_odds": log_odds})

    @staticmethod
    def sizes(activity: NDArray[np.float64], bound_changes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The absolute activity and the mean square of the bound changes (B, M), as the columns of (B, 2)."""
        return np.stack([np.abs(activity), (bound_changes**2).mean(axis=1)], axis=1)

    def log_odds(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds of a measurable change, (B,), from `sizes` (B, 2); -700 where nothing changes."""
        first, second = np.log(sizes + self.floors).T
        odds: NDArray[np.float64] = self.constant + self.weights[0] * first + self.weights[1] * second
        return np.where((sizes == 0).all(axis=1), NEVER, odds)


def logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability, 0 to 1, for log-odds; 0 for log-odds of -700 and below."""
    return np.where(log_odds <= NEVER, 0.0, 1 / (1 + np.exp(-np.clip(log_odds, NEVER, -NEVER))))


def logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-odds of a probability in (0, 1)."""
    return np.log(probability / (1 - probability))


def _phreds(
    log_odds: NDArray[np.float64], kinds: Sequence[VariantKind], curves: Mapping[VariantKind, ShareCurve]
) -> NDArray[np.float64]:
    """PHRED of each variant against the background of its kind, (B,); NaN where its kind has no curve."""
    phreds = np.full(len(log_odds), np.nan)
    for kind in set(kinds):
        if kind in curves:
            rows = [row for row, other in enumerate(kinds) if other is kind]
            phreds[rows] = phred(curves[kind].share(log_odds[rows]))
    return phreds
