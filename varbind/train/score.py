"""The calibration of SCORE and of the direction of a change on predictions for left-out loci.

Both are logistic regressions, which is Platt's method (1999, "Probabilistic outputs for support vector machines") with
more inputs than one. The outcome is no test of significance, whose result depends on the number of barcodes, but the
posterior probability that the effect exceeds a stated size. The predictions for a locus come from other loci, so that
the probabilities hold for a new locus. Every locus has the same weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.effect.score import CHANGE, ScoreHead, logistic, scaled_evidence
from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.train.held_out_quality import held_out
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "PROBABLE",
    "Outcomes",
    "ScoreData",
    "ScoreFit",
    "calibrate_score",
    "calibration_error",
    "equal_loci",
    "fit_score",
]

PROBABLE = 0.5
"""A variant counts as one that changes activity if the posterior probability is above this."""

STEPS = 100
RIDGE = 1e-6
"""The penalty on the squares of the weights; the data outweigh it unless a weight is not determined at all."""

LEAST_SHARE = 0.01
"""The least share of the variance of the measured effects of a locus that counts as real; without it, a prior could be
a point."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What was measured, as probabilities for each of N variants.

    Attributes:
        loss: The posterior probability of a loss of more than 0.3 log2, float64 (N,).
        gain: The posterior probability of a gain of more than 0.3 log2, float64 (N,).
    """

    loss: NDArray[np.float64]
    gain: NDArray[np.float64]

    @property
    def change(self) -> NDArray[np.float64]:
        """The posterior probability of either, (N,)."""
        return self.loss + self.gain

    @classmethod
    def of_effects(cls, effects: NDArray[np.float64], errors: NDArray[np.float64], loci: NDArray[np.str_]) -> Outcomes:
        """The posterior probabilities of the real effects, given the measured ones and their standard errors.

        In each locus the real effects have a normal prior around 0, whose variance is that of the measured effects less
        the mean square of their errors (empirical Bayes, Efron and Morris 1973, "Stein's estimation rule and its
        competitors").

        Args:
            effects: The measured effects, log2, float64 (N,).
            errors: Their standard errors, float64 (N,).
            loci: The name of the locus of each variant, (N,).
        """
        normal = optional_import("scipy.stats", needed_for="training").norm
        loss, gain = np.zeros((2, len(effects)))
        for locus in np.unique(loci):
            own = np.flatnonzero(loci == locus)
            measured, noise = effects[own].var(), errors[own] ** 2
            prior = max(measured - noise.mean(), LEAST_SHARE * measured, 1e-12)
            mean, deviation = effects[own] * prior / (prior + noise), np.sqrt(prior * noise / (prior + noise))
            loss[own] = normal.cdf((-CHANGE - mean) / deviation)
            gain[own] = normal.sf((CHANGE - mean) / deviation)
        return cls(loss, gain)


@dataclass(frozen=True, slots=True)
class ScoreData:
    """What calibrates SCORE: N variants of left-out loci.

    Attributes:
        activity: The predictions from the other loci, log2, float64 (N,).
        mean_squares: The mean square of the bound changes, float64 (N,).
        distances: The distances to the nearest start, float64 (N,); NaN where there is none.
        outcomes: What was measured.
        loci: The name of the locus of each variant, (N,).
        calibrating: The variants of the loci that determine the constant, bool (N,). They are the promoters, if the
            table names any, because changes have another share in enhancers.
    """

    activity: NDArray[np.float64]
    mean_squares: NDArray[np.float64]
    distances: NDArray[np.float64]
    outcomes: Outcomes
    loci: NDArray[np.str_]
    calibrating: NDArray[np.bool_]

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> ScoreData:
        """Some of the variants."""
        return ScoreData(
            self.activity[chosen],
            self.mean_squares[chosen],
            self.distances[chosen],
            Outcomes(self.outcomes.loss[chosen], self.outcomes.gain[chosen]),
            self.loci[chosen],
            self.calibrating[chosen],
        )

    @property
    def sizes(self) -> NDArray[np.float64]:
        """Loss and gain of activity, and the mean square of the bound changes, (N, 3)."""
        return np.column_stack([np.maximum(-self.activity, 0), np.maximum(self.activity, 0), self.mean_squares])


@dataclass(frozen=True, slots=True)
class ScoreFit:
    """A fitted head, and how it does on the calibrating loci.

    Attributes:
        head: The head.
        variants: The N variants of the calibrating loci.
        log_loss: What PHRED ranks for each of them, float64 (N,).
        facts: How well the head predicts what they change, for the card.
    """

    head: ScoreHead
    variants: ScoreData
    log_loss: NDArray[np.float64]
    facts: Mapping[str, Any]


def fit_score(data: ScoreData) -> ScoreHead:
    """Fit the head.

    The weights are fitted with a constant for each locus, so that loci with larger effects do not count as evidence,
    and none is below 0. Then the constant is fitted on the calibrating loci.

    Raises:
        InputError: No variant, or every one, has probably changed activity.
    """
    change, loci = data.outcomes.change, equal_loci(data.loci)
    if not 0 < loci @ change < 1 or (change > PROBABLE).all() or not (change > PROBABLE).any():
        raise InputError("all variants, or none, have probably changed activity", remedy="give variants of both kinds")
    absolute, squares = np.abs(data.activity), data.mean_squares
    units = np.maximum([np.median(absolute), 0.1 * np.median(squares)], 1e-12)
    evidence = scaled_evidence(data.sizes, data.distances, units)
    of_loci = np.array(data.loci[:, None] == np.unique(data.loci), dtype=np.float64)
    weights = _not_negative(evidence, of_loci, change, loci)
    rows = np.flatnonzero(data.calibrating)
    alone, rest = np.ones((len(rows), 1)), evidence[rows] @ weights
    constant = _logistic_regression(alone, change[rows], equal_loci(data.loci[rows]), rest)
    return ScoreHead(units, weights, float(constant[0]), _direction(data))


def calibrate_score(data: ScoreData) -> ScoreFit:
    """Fit the head, and measure how it does on the calibrating loci.

    Raises:
        InputError: No variant, or every one, has probably changed activity.
    """
    head, variants = fit_score(data), data.rows(data.calibrating)
    odds = head.log_odds(scaled_evidence(variants.sizes, variants.distances, head.units))
    changes, weights = variants.outcomes.change, equal_loci(variants.loci)
    error, curve = calibration_error(logistic(odds), changes, weights)
    loci = np.unique(variants.loci).tolist()
    areas = [auc(changes[variants.loci == locus] > PROBABLE, odds[variants.loci == locus]) for locus in loci]
    measure, left_out = f"mean AUC for changes of more than {CHANGE} log2", f"{len(loci)} left-out loci"
    facts = {
        "calibrated_on": loci,
        "share_of_changes": float(weights @ changes),
        "calibration_error": error,
        "reliability": curve,
        "held_out": held_out(measure, areas, left_out, variants=len(odds)),
    }
    return ScoreFit(head, variants, head.log_loss(odds, variants.activity), facts)


def calibration_error(
    probabilities: NDArray[np.float64], outcomes: NDArray[np.float64], weights: NDArray[np.float64], bins: int = 10
) -> tuple[float, list[tuple[float, float, float]]]:
    """Expected calibration error in bins of equal weight (Naeini et al. 2015), and the reliability curve.

    Returns:
        The mean absolute difference between probability and outcome over the bins; and for each bin the mean
        probability, the share of outcomes, and its share of the weight.
    """
    order = np.argsort(probabilities, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    bin_of = np.minimum((reached * bins - 1e-9).astype(int), bins - 1)
    curve = []
    for number in range(bins):
        rows = order[bin_of == number]
        if len(rows):
            within = weights[rows] / weights[rows].sum()
            curve.append((within @ probabilities[rows], within @ outcomes[rows], weights[rows].sum() / weights.sum()))
    error = sum(share * abs(expected - found) for expected, found, share in curve)
    return float(error), [(float(a), float(b), float(c)) for a, b, c in curve]


def equal_loci(loci: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weights that sum to 1, with equal sums for all loci."""
    names, number, counts = np.unique(loci, return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = 1 / counts[number] / len(names)
    return weights


def _direction(data: ScoreData) -> NDArray[np.float64]:
    """The log-odds that a change is a loss: their constant, and the weight of the activity, (2,).

    A locus with many changes counts more than one with hardly any, but at most as much as one other locus.
    """
    loss, gain = data.outcomes.loss, data.outcomes.gain
    names, number = np.unique(data.loci, return_inverse=True)
    changes = np.bincount(number, weights=loss + gain, minlength=len(names))
    weights = 1 / (changes[number] + 1) / len(names)
    unit = max(float(data.activity.std()), 1e-12)
    design = np.column_stack([np.ones(len(loss)), data.activity / unit])
    share = loss / np.maximum(loss + gain, 1e-12)
    constant, slope = _logistic_regression(design, share, weights * (loss + gain), np.zeros(len(loss)))
    return np.array([constant, min(slope / unit, 0.0)])


def _not_negative(
    evidence: NDArray[np.float64],
    of_loci: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The weights (4,) of a logistic regression; what would have a negative one is left out."""
    used = list(range(evidence.shape[1]))
    found = np.zeros(len(used))
    nothing = np.zeros(len(evidence))
    while used:
        solved = _logistic_regression(np.hstack([evidence[:, used], of_loci]), outcomes, weights, nothing)[: len(used)]
        if (solved >= 0).all():
            found[used] = solved
            break
        used = [column for column, weight in zip(used, solved.tolist(), strict=True) if weight >= 0]
    return found


def _logistic_regression(
    design: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    weights: NDArray[np.float64],
    known: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The coefficients (P,) of a weighted, ridge-penalised logistic regression with a known part of the log-odds.

    The outcomes are probabilities. Newton's method is used, with steps of at most 3.
    """
    solved = np.zeros(design.shape[1])
    for _ in range(STEPS):
        expected = logistic(known + design @ solved)
        gradient = design.T @ (weights * (outcomes - expected)) - RIDGE * solved
        weighted = design * (weights * expected * (1 - expected))[:, None]
        curvature = weighted.T @ design + RIDGE * np.eye(design.shape[1])
        step = np.linalg.solve(curvature, gradient)
        solved += step * min(1.0, 3 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return solved
