"""The calibration of the score head: a logistic function of predictions for left-out loci.

This is Platt's method (1999, "Probabilistic outputs for support vector machines") with two inputs. The predictions for
a locus come from other loci, so that the probabilities hold for a new locus. Every locus has the same weight. The
constant is fitted on the calibrating loci only (the promoters, if the table names any), because the share of measurable
changes differs between promoters and enhancers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.score import ScoreHead, logistic
from varbind.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.effect.effect_model import Cutoff

__all__ = ["calibration_error", "equal_loci", "fit_score", "suggested_cutoffs"]

FLOOR_SHARE = 0.1
"""The share of the median size that is added before a logarithm."""

STEPS = 50
RIDGE = 1e-6

CUTOFF_SHARES = (0.1, 0.01, 0.001)
"""The shares of background SNVs that pass the suggested cut-offs."""


def fit_score(
    sizes: NDArray[np.float64],
    measurable: NDArray[np.bool_],
    loci: NDArray[np.str_],
    calibrating: NDArray[np.bool_] | None = None,
) -> ScoreHead:
    """Fit the head.

    Args:
        sizes: The sizes of the changes (`ScoreHead.sizes`) from predictions of left-out loci, (N, 2).
        measurable: Whether a change was measured, bool (N,).
        loci: The name of the locus of each variant, (N,).
        calibrating: The variants of the loci on which the constant is fitted, bool (N,); None = all.

    Raises:
        InputError: All of the variants, or none, have a measurable change.
    """
    if measurable.all() or not measurable.any():
        raise InputError("all variants, or none, change activity measurably", remedy="give both")
    floors = np.maximum(FLOOR_SHARE * np.median(sizes, axis=0), 1e-12)
    logarithms = np.log(sizes + floors)
    weights = equal_loci(loci)
    design = np.column_stack([logarithms, np.ones(len(sizes))])
    solved = _logistic_regression(design, measurable, weights, np.zeros(3), free=np.ones(3, dtype=bool))
    if calibrating is not None and measurable[calibrating].any() and not measurable[calibrating].all():
        rows = np.flatnonzero(calibrating)
        only_constant = np.array([False, False, True])
        solved = _logistic_regression(
            design[rows], measurable[rows], equal_loci(loci[rows]), solved, free=only_constant
        )
    return ScoreHead(floors, solved[:2], float(solved[2]))


def calibration_error(
    probabilities: NDArray[np.float64], outcomes: NDArray[np.bool_], weights: NDArray[np.float64], bins: int = 10
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


def suggested_cutoffs(
    log_odds: NDArray[np.float64],
    outcomes: NDArray[np.bool_],
    weights: NDArray[np.float64],
    background: NDArray[np.float64],
) -> list[Cutoff]:
    """Return cut-offs by the share of background SNVs that pass, with precision and recall on left-out loci.

    Args:
        log_odds: The log-odds of SCORE of N variants from predictions of left-out loci, (N,).
        outcomes: Whether their changes are measurable, bool (N,).
        weights: The weights of the variants, (N,).
        background: The log-odds of background SNVs; no cut-offs are suggested without them.
    """
    positive = float((weights * outcomes).sum())
    found: list[Cutoff] = []
    for share in CUTOFF_SHARES if len(background) else ():
        least = np.quantile(background, 1 - share)
        passed = log_odds >= least
        if positive and passed.any():
            true_positive = float((weights * outcomes * passed).sum())
            found.append(
                {
                    "score": float(logistic(np.array(least))),
                    "precision": true_positive / float((weights * passed).sum()),
                    "recall": true_positive / positive,
                    "background": share,
                }
            )
    return found


def equal_loci(loci: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weights that sum to 1, with equal sums for all loci."""
    names, number, counts = np.unique(loci, return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = 1 / counts[number] / len(names)
    return weights


def _logistic_regression(
    design: NDArray[np.float64],
    outcomes: NDArray[np.bool_],
    weights: NDArray[np.float64],
    start: NDArray[np.float64],
    *,
    free: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """A weighted, ridge-penalised logistic regression, fitted to the free coefficients by Newton's method."""
    solved = start.copy()
    columns = design[:, free]
    for _ in range(STEPS):
        expected = logistic(design @ solved)
        gradient = columns.T @ (weights * (outcomes - expected)) - RIDGE * solved[free]
        weighted = columns * (weights * expected * (1 - expected))[:, None]
        curvature = weighted.T @ columns + RIDGE * np.eye(columns.shape[1])
        step = np.linalg.solve(curvature, gradient)
        solved[free] += step
        if np.abs(step).max() < 1e-10:
            break
    return solved
