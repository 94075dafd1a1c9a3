"""The score head's calibration: predictions for loci that did not train them enter, a logistic function leaves.

Platt's method (1999, "Probabilistic outputs for support vector machines") with two inputs: what is calibrated are
predictions by other loci, so that the probabilities hold for a new one. Every locus counts the same. The constant is
that of the loci that calibrate, promoters where the data say which are, since enhancers differ in how many of their
changes are measurable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.score import ScoreHead, logistic
from varbind.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["calibration_error", "equal_loci", "fit_score"]

FLOOR_SHARE = 0.1
"""Of the median size, added before a logarithm."""

STEPS = 50
RIDGE = 1e-6


def fit_score(
    sizes: NDArray[np.float64],
    measurable: NDArray[np.bool_],
    loci: NDArray[np.str_],
    calibrating: NDArray[np.bool_] | None = None,
) -> ScoreHead:
    """Fit the head.

    Args:
        sizes: see `ScoreHead.sizes`, from predictions by other loci, (N, 2).
        measurable: whether a change was measured, bool (N,).
        loci: name of each variant's locus, (N,).
        calibrating: variants of the loci that fix the constant, bool (N,); None = all.

    Raises:
        InputError: all of the variants, or none, have a measurable change.
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
        Mean absolute difference of probability and outcome over the bins; and of each bin the mean probability, the
        share of outcomes, and its share of the weight.
    """
    order = np.argsort(probabilities, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    bin_of = np.minimum((reached * bins - 1e-9).astype(int), bins - 1)
    curve = []
    for number in range(bins):
        rows = order[bin_of == number]
        if len(rows):
            own = weights[rows] / weights[rows].sum()
            curve.append((own @ probabilities[rows], own @ outcomes[rows], weights[rows].sum() / weights.sum()))
    error = sum(share * abs(expected - found) for expected, found, share in curve)
    return float(error), [(float(a), float(b), float(c)) for a, b, c in curve]


def equal_loci(loci: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weights that sum to 1, the same sum for each locus."""
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
    """Newton's steps on the free coefficients."""
    solved = start.copy()
    own = design[:, free]
    for _ in range(STEPS):
        expected = logistic(design @ solved)
        gradient = own.T @ (weights * (outcomes - expected)) - RIDGE * solved[free]
        curvature = (own * (weights * expected * (1 - expected))[:, None]).T @ own + RIDGE * np.eye(own.shape[1])
        step = np.linalg.solve(curvature, gradient)
        solved[free] += step
        if np.abs(step).max() < 1e-10:
            break
    return solved
