"""The score head: how likely an allele changes promoter activity, and how likely it lowers it.

SCORE is the probability of a change of more than 0.3 log2, whatever its sign: a logistic function of the predicted loss
or gain of activity, of the mean square of the bound changes of all models, and of the distance to the nearest start.
The direction of a change is predicted by the activity alone. PHRED ranks the probability of a loss, the product of
both, because most documented disease variants in promoters are losses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from varbind.effect.background_rank import combined_phreds, phreds
from varbind.effect.head import Head, HeadInputs, HeadKey, HeadNeeds, HeadResult
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["CHANGE", "ScoreHead", "log_probability", "logistic", "logit", "nearness", "phreds", "scaled_evidence"]

CHANGE = 0.3
"""The change of promoter activity, log2, whose probability SCORE is."""

CENTRE, HALF = -50, 200
"""Where nearness is 1, in bases from the start, and the distance from there at which it is a half."""

NEVER = -700.0
"""The log-odds of an impossible event: beyond it the exponential function exceeds double precision."""


@dataclass(frozen=True, slots=True)
class ScoreHead(Head):
    """Two logistic functions of the predicted activity, the bound changes and the distance to the start.

    Attributes:
        units: The numbers above 0 by which the absolute activity (log2) and the mean square bound change are divided
            before the logarithm of 1 + x, float64 (2,).
        weights: The weights, at least 0, of the logarithms of a loss of activity, a gain of activity and the mean
            square bound change, and of the nearness to a start, float64 (4,).
        constant: The log-odds of a change where all of them are 0.
        direction: The log-odds that a change is a loss: their constant, and the weight of the activity, float64 (2,).

    Raises:
        ResourceError: The arrays do not fit together, a unit is not above 0, or a number is not finite.
    """

    name: ClassVar[str] = "score"
    label: ClassVar[str] = "score"
    keys: ClassVar[tuple[HeadKey, ...]] = (
        HeadKey(
            "SCORE",
            f"Calibrated probability, 0 to 1, that the allele changes promoter activity by more than {CHANGE} log2, "
            "from sequence and the distance to the transcription start; not pathogenicity",
        ),
        HeadKey(
            "SCORE_CONS",
            "SCORE with the log-odds of the conservation tracks added, none where they have no value; no "
            "calibrated probability",
            head="conservation",
        ),
        HeadKey(
            "PHRED",
            "-10 log10 of the share of background promoter variants of the same kind and size that are at least as "
            "likely to lower promoter activity; for gains of binding see GAIN_PHRED",
            curve="score",
        ),
        HeadKey(
            "CONS_PHRED",
            "-10 log10 of the share of pairs of a background promoter variant, as for PHRED, and a common variant with "
            "the same conservation tracks whose evidence for a loss and for conservation adds up to at least as much; "
            "equal to PHRED where the tracks have no value",
            head="conservation",
            curve="score",
        ),
    )

    units: NDArray[np.float64]
    weights: NDArray[np.float64]
    constant: float
    direction: NDArray[np.float64]

    def __post_init__(self) -> None:
        shapes = (self.units.shape, self.weights.shape, self.direction.shape)
        if shapes != ((2,), (4,), (2,)) or not (self.units > 0).all():
            raise ResourceError("the score head needs two units above 0, four weights and two numbers of the direction")
        if not np.isfinite([*self.units, *self.weights, self.constant, *self.direction]).all():
            raise ResourceError("a number of the score head is not finite")

    @property
    def needs(self) -> HeadNeeds:
        """The results of the activity head."""
        return HeadNeeds(heads=("activity",))

    def predict(self, inputs: HeadInputs) -> HeadResult:
        """SCORE and PHRED, both with conservation too where that head was asked, and what SCORE and PHRED come from.

        These are the `log_odds` of SCORE and the `log_loss`, the logarithm of the probability of a loss.
        """
        activity, parts = inputs.results["activity"].values["ACTIVITY"], inputs.results["activity"].parts
        distances, kinds, curves = inputs.sites.tss_distance, inputs.kinds, inputs.curves
        log_odds = self.log_odds(self.evidence(activity, parts["bound_changes"], distances))
        log_loss = self.log_loss(log_odds, activity)
        values = {"SCORE": logistic(log_odds), "PHRED": phreds(log_loss, distances, kinds, curves)}
        if conservation := inputs.results.get("conservation"):
            evidence, common = (conservation.parts[name] for name in ("weighted_log_odds", "common_log_odds"))
            combined = combined_phreds(log_loss, evidence, common, distances, kinds, curves)
            values["SCORE_CONS"] = logistic(log_odds + evidence)
            values["CONS_PHRED"] = np.where(common.any(axis=1), combined, values["PHRED"])
        return HeadResult(values, {"log_odds": log_odds, "log_loss": log_loss})

    def evidence(
        self, activity: NDArray[np.float64], bound_changes: NDArray[np.float64], distances: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What the weights belong to, (B, 4), from activity (B,), bound changes (B, M) and distances to starts (B,)."""
        sizes = [np.maximum(-activity, 0), np.maximum(activity, 0), (bound_changes**2).mean(axis=1)]
        return scaled_evidence(np.stack(sizes, axis=1), distances, self.units)

    def log_odds(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds of a change, (B,), from `evidence` (B, 4); -700 where no binding and no activity changes."""
        odds: NDArray[np.float64] = self.constant + (evidence * self.weights).sum(axis=1)
        return np.where((evidence[:, :3] == 0).all(axis=1), NEVER, odds)

    def log_loss(self, log_odds: NDArray[np.float64], activity: NDArray[np.float64]) -> NDArray[np.float64]:
        """The logarithm of the probability of a loss, (B,): of a change, times that the change is a loss."""
        of_loss = self.direction[0] + self.direction[1] * activity
        return log_probability(log_odds) + log_probability(of_loss)


def nearness(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """How near each distance to the start is, between 0 and 1, (B,); 0 without a start (NaN).

    It has no sharp limit, because the start of a gene is often that of another transcript than the active one.
    """
    near: NDArray[np.float64] = 1 / (1 + ((distances - CENTRE) / HALF) ** 2)
    return np.nan_to_num(near, nan=0.0)


def scaled_evidence(
    sizes: NDArray[np.float64], distances: NDArray[np.float64], units: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The evidence (B, 4) for sizes (B, 3): loss and gain of activity, and mean square bound change."""
    return np.column_stack([np.log1p(sizes / units[[0, 0, 1]]), nearness(distances)])


def logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability, 0 to 1, for log-odds; 0 for log-odds of -700 and below."""
    return np.where(log_odds <= NEVER, 0.0, 1 / (1 + np.exp(-np.clip(log_odds, NEVER, -NEVER))))


def log_probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the probability for log-odds, also where the probability is nearly 1."""
    return -np.logaddexp(0.0, -log_odds)


def logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-odds of a probability in (0, 1)."""
    return np.log(probability / (1 - probability))
