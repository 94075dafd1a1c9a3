"""The calibration of SCORE: the score head, its cut-offs, and the background curves that turn predictions into PHREDs.

The score head is a logistic function of predictions for left-out loci. This is Platt's method (1999, "Probabilistic
outputs for support vector machines") with two inputs. The predictions for a locus come from other loci, so that the
probabilities hold for a new locus. Every locus has the same weight. The constant is fitted on the calibrating loci only
(the promoters, if the table names any), because the share of measurable changes differs between promoters and
enhancers.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.null_distribution import GAIN, LOSS, ShareCurve
from varbind.effect.activity import ActivityHead
from varbind.effect.features import VariantSites
from varbind.effect.score import ScoreHead, logistic
from varbind.effect.second_stage import SecondStage
from varbind.errors import InputError
from varbind.scoring.background import (
    BATCH,
    BackgroundRecipe,
    PromoterSource,
    background_scorer,
    background_variants,
)
from varbind.scoring.scorer import batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.effect.effect_model import Cutoff, EffectModel

__all__ = [
    "EFFECT_BACKGROUND",
    "calibration_error",
    "effect_curves",
    "equal_loci",
    "fit_score",
    "suggested_cutoffs",
]

logger = logging.getLogger(__name__)

EFFECT_BACKGROUND = BackgroundRecipe(snvs=100_002, others=10_000, seed=2016)
"""Drawn with another seed than the backgrounds of banks, whose variants define the PHRED of each family."""

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
        raise InputError("all variants, or none, have a measurable change", remedy="give variants of both kinds")
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

    A cut-off is left out if its precision is below the share of measurable changes among all variants, because picking
    variants at random would be better.

    Args:
        log_odds: The log-odds of SCORE of N variants from predictions of left-out loci, (N,).
        outcomes: Whether their changes are measurable, bool (N,).
        weights: The weights of the variants, (N,).
        background: The log-odds of background SNVs; no cut-offs are suggested without them.
    """
    positive = float((weights * outcomes).sum())
    base_rate = positive / float(weights.sum())
    found: list[Cutoff] = []
    for share in CUTOFF_SHARES if len(background) else ():
        least = np.quantile(background, 1 - share)
        passed = log_odds >= least
        if positive and passed.any():
            true_positive = float((weights * outcomes * passed).sum())
            score, precision = float(logistic(np.array(least))), true_positive / float((weights * passed).sum())
            if precision < base_rate:
                text = "no cut-off of SCORE at %.3g: its precision of %.2f is below the base rate of %.2f"
                logger.info(text, score, precision, base_rate)
                continue
            recall = true_positive / positive
            found.append({"score": score, "precision": precision, "recall": recall, "background": share})
    return found


def equal_loci(loci: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weights that sum to 1, with equal sums for all loci."""
    names, number, counts = np.unique(loci, return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = 1 / counts[number] / len(names)
    return weights


def effect_curves(
    effect: EffectModel,
    bank: Bank,
    recipe: BackgroundRecipe = EFFECT_BACKGROUND,
    *,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, dict[VariantKind, ShareCurve]], NDArray[np.float64]]:
    """The curves of the log-odds of SCORE, and of the strongest loss and gain of the default models.

    Args:
        effect: The second stage, without curves.
        bank: The bank whose scores it reads.
        recipe: The numbers of background variants and the seed.
        device: The device that scores: `cpu`, `cuda` or `cuda:N`.
        threads: The number of CPU threads that score; None = all.
        progress: Called with (variants done, total).

    Returns:
        The curves by name in `CURVES` and by kind, and the log-odds of SCORE of the SNVs, which are empty without the
        score head.
    """
    default, done = bank.select_default(), 0
    wanted = {*default.model_ids, *effect.card.model_ids}
    scored = bank.select([model_id for model_id in bank.model_ids if model_id in wanted])
    listed = [scored.model_ids.index(model_id) for model_id in default.model_ids]
    # Only SCORE has a curve, and the other heads would take most of the time.
    heads = {name: head for name, head in effect.heads.items() if name in {ActivityHead.name, ScoreHead.name}}
    stage = SecondStage(replace(effect, heads=heads), scored.model_ids)
    effects = BindingEffects.of_bank(default)
    curves: dict[str, dict[VariantKind, ShareCurve]] = {name: {} for name in ("score", "loss", "gain")}
    log_odds_of_snvs = np.zeros(0)
    with background_scorer(scored, device=device, threads=threads) as scorer:
        for kind, windows in background_variants(recipe, PromoterSource()):
            parts: dict[str, list[NDArray[np.floating]]] = {name: [] for name in curves}
            for batch in batches(windows, BATCH):
                scores = scorer.score(batch)
                predicted = stage.predict(scores, _nowhere(len(batch)), [kind] * len(batch))
                if predicted.log_odds is not None:
                    parts["score"].append(predicted.log_odds)
                if default.background is not None:
                    strengths = effects.strengths(scores.take(listed), kind)
                    parts["loss"].append(strengths[LOSS])
                    parts["gain"].append(strengths[GAIN])
                done += len(batch)
                if progress:
                    progress(done, recipe.total)
            found = {name: np.concatenate(part) for name, part in parts.items() if part}
            for name, sample in found.items():
                curves[name][kind] = ShareCurve.of(sample)
            if kind is VariantKind.SNV:
                log_odds_of_snvs = found.get("score", log_odds_of_snvs)
    return {name: by_kind for name, by_kind in curves.items() if by_kind}, log_odds_of_snvs


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


def _nowhere(count: int) -> VariantSites:
    """The sites of generated variants, which have no place in a genome."""
    return VariantSites(np.full(count, np.nan), np.full(count, np.nan))
