"""The fit of the conservation head to the tracks at pathogenic and matched common variants.

One network is fitted to all variants. Its slopes and bounds, which limit its confidence, and the distribution of the
log-odds of common variants are then taken from networks that did not see the genes of the variants.
"""

from __future__ import annotations

import logging
import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.background_rank import quantile_steps
from varbind.effect.conservation import MOST_TRACKS, ConservationHead, track_scores
from varbind.errors import InputError, ResourceError
from varbind.train.conservation_network import fit_network
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["fit_conservation", "fold_of_groups", "known_columns", "share_like"]

logger = logging.getLogger(__name__)

LEVELS = 200
"""The number of values of a track that are stored, so that a rank is known to half a percent."""

QUANTILES = 200
"""The number of stored quantiles of the log-odds of common variants. With them CONS_PHRED is within 0.1 of that of all
pairs of variants. As many quantiles in equal steps would be up to 7 away, because they miss the rarest common variants,
those at well conserved sites."""

EVIDENCE_WEIGHT = 1.0
"""The weight of conservation beside SCORE, the natural one: independent log-odds add up. The weight that was fitted to
promoter variants with known sequence does not differ from it (`workflows/train-effect/evidence_weight.py`)."""

FOLDS = 5
"""The number of folds for the slopes and bounds."""

LARGEST_SLOPE = 2.0
"""Limits what a subset of weak tracks, whose weights the penalty shrinks, gains from few held-out variants."""

MIN_ROWS = 20
"""The least number of variants in a class."""

MIN_BEYOND = 10
"""The least number of variants of the rarer class in a ratio: ten give a relative standard error of about 1/3."""


def fit_conservation(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    tracks: Sequence[str],
    *,
    genes: Sequence[str] | NDArray[np.str_] | None = None,
    seed: int = 1,
    quality: Callable[[float], object] | None = None,
) -> ConservationHead:
    """Fit a head to variants of known class.

    A network is fitted to all variants (`fit_network`), and one to the variants outside each of five folds. Every
    subset of tracks is assigned the slope, between 0 and 2, with the highest likelihood of the held-out classes, which
    have equal weights, given slope times output. This is a logistic regression through the origin (Platt 1999, without
    his intercept, so that even odds remain even). The bounds are the largest log ratios, over all thresholds, of the
    shares of held-out variants of each class beyond the threshold, where fewer than 10 of the rarer class count as 10;
    log-odds beyond the bounds would be extrapolations.

    Args:
        values: The values of the tracks at each site, (N, C), which increase with conservation. Rows with a NaN are
            left out.
        labels: Whether each variant is pathogenic, bool (N,).
        tracks: The names of the C tracks.
        genes: The gene of each variant; the variants of one gene are held out together. None = each variant alone.
        seed: The seed of the subsets of tracks and of the starts. The order of the variants has no influence.
        quality: Called with the AUC of the held-out variants, by the log-odds from all tracks.

    Raises:
        InputError: The shapes differ, a value is infinite, a class has too few complete rows, or a track is constant.
    """
    _check(values, labels, tracks)
    complete = ~np.isnan(values).any(axis=1)
    _check_counts(labels[complete], complete, len(tracks))
    groups = np.arange(len(labels)).astype(str) if genes is None else np.asarray(genes)
    # Random subsets are drawn for the rows of a sorted table.
    order = np.lexsort((groups[complete], labels[complete], *values[complete].T))
    kept, classes, groups = (
        column[complete][order] for column in (np.asarray(values, dtype=np.float64), labels, groups)
    )
    fold = fold_of_groups(groups, classes, folds=FOLDS)
    held_out = np.zeros((len(kept), 2 ** len(tracks)))
    for left_out in range(FOLDS):
        rest = fold != left_out
        if min(classes[rest].sum(), (~classes[rest]).sum()) < 2:
            raise InputError(
                "nearly all variants of a class lie in one gene, so none can be held out", remedy="add genes"
            )
        head = _network_head(kept[rest], classes[rest], tracks, seed)
        for subset in range(1, 2 ** len(tracks)):
            held_out[~rest, subset] = head.log_odds(known_columns(kept[~rest], subset))
    if quality is not None:
        quality(auc(classes, held_out[:, -1]) or 0.0)
    slopes = np.array([0.0, *(_slope(column, classes) for column in held_out.T[1:])])
    bounds = _bounds(slopes[-1] * held_out[:, -1], classes)
    common = np.clip(slopes * held_out[~classes], *bounds)
    steps, _ = quantile_steps(QUANTILES)
    return replace(
        _network_head(kept, classes, tracks, seed),
        slopes=slopes,
        bounds=bounds,
        common=np.quantile(common, steps, axis=0, method="inverted_cdf").T.astype(np.float32),
        weight=EVIDENCE_WEIGHT,
    )


def share_like(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether all known values of each column of (N, C) lie between 0 and 1, as in phastCons, bool (C,).

    The result for a column without any value is false.
    """
    known = ~np.isnan(values)
    within = ((values >= 0) & (values <= 1)) | ~known
    like: NDArray[np.bool_] = within.all(axis=0) & known.any(axis=0)
    return like


def known_columns(values: NDArray[np.floating], subset: int) -> NDArray[np.float64]:
    """A copy of (N, C) with NaN in all columns except those whose bits are set in `subset`."""
    absent = [column for column in range(values.shape[1]) if not subset >> column & 1]
    copy = np.array(values, dtype=np.float64)
    copy[:, absent] = np.nan
    return copy


def fold_of_groups(
    groups: NDArray[np.str_], labels: NDArray[np.bool_], *, folds: int, rng: np.random.Generator | None = None
) -> NDArray[np.int64]:
    """The fold of each variant, int64 (N,); groups are not split, and groups with pathogenic variants are balanced.

    Args:
        groups: The group of each variant, (N,).
        labels: Whether each variant is pathogenic, bool (N,).
        folds: The number of folds.
        rng: The generator that shuffles the groups; None = they are assigned in sorted order.
    """
    _, group = np.unique(groups, return_inverse=True)
    pathogenic = np.bincount(group, weights=labels) > 0
    fold_of = np.empty(len(pathogenic), dtype=np.int64)
    for kind in (True, False):
        members = np.flatnonzero(pathogenic == kind)
        order = members if rng is None else rng.permutation(members)
        fold_of[order] = np.arange(len(order)) % folds
    return fold_of[group]


def _network_head(
    values: NDArray[np.float64], labels: NDArray[np.bool_], tracks: Sequence[str], seed: int
) -> ConservationHead:
    """A head whose log-odds are the output of a network, with all slopes 1 and without bounds."""
    is_share = share_like(values)
    steps = (np.arange(LEVELS) + 0.5) / LEVELS
    levels = np.quantile(values, steps, axis=0, method="nearest").T
    scores = np.stack(
        [
            track_scores(column, own, is_share=bool(share))
            for column, own, share in zip(values.T, levels, is_share, strict=True)
        ],
        axis=1,
    )
    for name, own in zip(tracks, scores.T, strict=True):
        if own.min() == own.max():
            raise InputError(f"the track {name} hardly varies", remedy="leave it out")
    network = fit_network(scores, labels, rng=np.random.default_rng(seed))
    subsets = 2 ** len(tracks)
    try:
        return ConservationHead(
            tuple(tracks),
            is_share,
            levels=levels,
            **asdict(network),
            slopes=np.ones(subsets),
            bounds=np.array([-np.inf, np.inf]),
            common=np.zeros((subsets, 1), dtype=np.float32),
            weight=EVIDENCE_WEIGHT,
        )
    except ResourceError as error:
        raise InputError(f"no head can be fitted: {error.what}", remedy="leave tracks out") from error


def _slope(outputs: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """The slope in 0 to 2 of maximum likelihood with equal weights of the classes, by bisection of the gradient."""
    signs = np.where(labels, 1.0, -1.0)
    weights = np.where(labels, 1 / labels.sum(), 1 / (~labels).sum())

    def gain(slope: float) -> float:
        margin = np.clip(signs * slope * outputs, -500.0, 500.0)
        return float(np.sum(weights * signs * outputs / (1 + np.exp(margin))))

    low, high = 0.0, LARGEST_SLOPE
    if gain(low) <= 0:
        return low
    if gain(high) >= 0:
        return high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if gain(middle) > 0 else (low, middle)
    return low


def _bounds(log_odds: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The lowest and the highest log-odds that the variants support, float64 (2,)."""
    highest = _largest_log_ratio(log_odds[labels], log_odds[~labels])
    lowest = _largest_log_ratio(-log_odds[~labels], -log_odds[labels])
    return np.array([-lowest, highest])


def _largest_log_ratio(expected: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest log ratio, over all thresholds, of the shares of the two classes at or above the threshold."""
    thresholds = np.unique(expected)
    expected_beyond = len(expected) - np.searchsorted(np.sort(expected), thresholds)
    other_beyond = len(other) - np.searchsorted(np.sort(other), thresholds)
    ratios = (expected_beyond / len(expected)) / (np.maximum(other_beyond, MIN_BEYOND) / len(other))
    return max(0.0, math.log(ratios.max()))


def _check(values: NDArray[np.floating], labels: NDArray[np.bool_], tracks: Sequence[str]) -> None:
    if values.ndim != 2 or labels.shape != values.shape[:1] or values.shape[1] != len(tracks):
        raise InputError(f"values {values.shape}, labels {labels.shape} and {len(tracks)} tracks do not match")
    if not 1 <= len(tracks) <= MOST_TRACKS:
        raise InputError(f"{len(tracks)} tracks were given, and 1 to {MOST_TRACKS} can be fitted")
    if np.isinf(values).any():
        raise InputError("a track has an infinite value", remedy="write a missing value as NaN")


def _check_counts(labels: NDArray[np.bool_], complete: NDArray[np.bool_], tracks: int) -> None:
    left_out = len(complete) - len(labels)
    for name, count in (("pathogenic", int(labels.sum())), ("matched", int((~labels).sum()))):
        if count < MIN_ROWS:
            what = f"{count} {name} variants have all {tracks} tracks, and {MIN_ROWS} are needed"
            raise InputError(f"{what} ({left_out} variants lack a value)", remedy="give more, or fewer tracks")
    if left_out:
        logger.info("%d of %d variants lack a value and are left out", left_out, len(complete))
