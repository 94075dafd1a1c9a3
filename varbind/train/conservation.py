"""The fit of the conservation head to the tracks at pathogenic and matched common variants.

Each class is modelled by a Gaussian (quadratic discriminant). Its covariance is regularised as in Friedman (1989),
"Regularized discriminant analysis": first towards the pooled covariance, then towards its diagonal. The slopes and the
bounds, which limit the confidence of the discriminant, are then estimated on held-out variants.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.conservation import MATCHED, MOST_TRACKS, PATHOGENIC, ConservationHead, logit_of_share
from varbind.errors import InputError, ResourceError
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["fit_conservation", "fold_of_groups", "known_columns", "share_like"]

logger = logging.getLogger(__name__)

TO_POOLED = 0.3
"""The share of the pooled covariance in the covariance of each class."""

TO_DIAGONAL = 0.4
"""The share by which correlations are reduced; tracks of the same alignment have correlations of 0.9."""

TAIL = 0.01
"""The share of the values that is clipped at each end, so that a single outlier does not dominate a variance."""

FOLDS = 5
"""The number of folds for the slopes and bounds."""

MIN_ROWS = 20
MIN_ROWS_PER_TRACK = 5
"""Rows per class and track, because a covariance of C tracks has C (C + 1) / 2 parameters."""

MIN_BEYOND = 10
"""The least number of variants of the rarer class in a ratio: ten give a relative standard error of about 1/3."""


def fit_conservation(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    tracks: Sequence[str],
    *,
    genes: Sequence[str] | NDArray[np.str_] | None = None,
    quality: Callable[[float], object] | None = None,
) -> ConservationHead:
    """Fit a head to variants of known class.

    A Gaussian is fitted to the transformed values of each class. Then every subset of tracks is assigned the slope,
    between 0 and 1, with the highest likelihood of the held-out classes, which have equal weights, given slope times
    discriminant. This is a logistic regression through the origin (Platt 1999, without his intercept, so that even odds
    remain even). The bounds are the largest log ratios, over all thresholds, of the shares of held-out variants of each
    class beyond the threshold, where fewer than 10 of the rarer class count as 10; log-odds beyond the bounds would be
    extrapolations.

    Args:
        values: The values of the tracks at each site, (N, C), which increase with conservation. Rows with a NaN are
            left out.
        labels: Whether each variant is pathogenic, bool (N,).
        tracks: The names of the C tracks.
        genes: The gene of each variant; the variants of one gene are held out together. None = each variant alone.
        quality: Called with the AUC of the held-out variants, by the log-odds from all tracks.

    Raises:
        InputError: The shapes differ, a value is infinite, a class has too few complete rows, or a track is constant.
    """
    _check(values, labels, tracks)
    complete = ~np.isnan(values).any(axis=1)
    _check_counts(labels[complete], complete, len(tracks))
    kept, classes = np.asarray(values[complete], dtype=np.float64), labels[complete]
    groups = np.arange(len(kept)).astype(str) if genes is None else np.asarray(genes)[complete]
    is_share = share_like(kept)
    fold = fold_of_groups(groups, classes, folds=FOLDS)
    held_out = np.empty((len(kept), 2 ** len(tracks)))
    for left_out in range(FOLDS):
        rest = fold != left_out
        head = _gaussians(kept[rest], classes[rest], tracks, is_share)
        for subset in range(1, 2 ** len(tracks)):
            held_out[~rest, subset] = head.log_odds(known_columns(kept[~rest], subset))
    if quality is not None:
        quality(auc(classes, held_out[:, -1]) or 0.0)
    slopes = np.array([0.0, *(_slope(column, classes) for column in held_out.T[1:])])
    bounds = _bounds(slopes[-1] * held_out[:, -1], classes)
    return replace(_gaussians(kept, classes, tracks, is_share), slopes=slopes, bounds=bounds)


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


def _gaussians(
    values: NDArray[np.float64], labels: NDArray[np.bool_], tracks: Sequence[str], is_share: NDArray[np.bool_]
) -> ConservationHead:
    """A head whose log-odds are the discriminant, with all slopes 1 and without bounds."""
    if min(labels.sum(), (~labels).sum()) < 2:
        raise InputError("nearly all variants of a class lie in one gene, so none can be held out", remedy="add genes")
    scaled = np.where(is_share, logit_of_share(values), values)
    clips = np.quantile(scaled, [TAIL, 1 - TAIL], axis=0)
    clipped = np.clip(scaled, *clips)
    classes = {MATCHED: clipped[~labels], PATHOGENIC: clipped[labels]}
    means = np.array([classes[side].mean(axis=0) for side in (MATCHED, PATHOGENIC)])
    covariances = _covariances([classes[side] for side in (MATCHED, PATHOGENIC)])
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    for name, variance in zip(tracks, variances.T, strict=True):
        if not variance.min() > 0:
            raise InputError(f"the track {name} hardly varies within a class", remedy="leave it out")
    clips[0] = np.maximum(clips[0], np.minimum(_turning_points(means, variances), clips[1]))
    bare = {"slopes": np.ones(2 ** len(tracks)), "bounds": np.array([-np.inf, np.inf])}
    try:
        return ConservationHead(tuple(tracks), is_share, clips=clips, means=means, covariances=covariances, **bare)
    except ResourceError as error:
        raise InputError(f"no head can be fitted: {error.what}", remedy="leave tracks out") from error


def _covariances(classes: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The regularised covariance of each class, float64 (2, C, C)."""
    freedom = np.array([len(rows) - 1 for rows in classes])
    centred = [rows - rows.mean(axis=0) for rows in classes]
    separate = np.array([rows.T @ rows / count for rows, count in zip(centred, freedom, strict=True)])
    pooled = np.einsum("k,kij->ij", freedom / freedom.sum(), separate)
    mixed = (1 - TO_POOLED) * separate + TO_POOLED * pooled
    shrunk = (1 - TO_DIAGONAL) * mixed + TO_DIAGONAL * mixed * np.eye(mixed.shape[1])
    # This makes it exactly symmetric, whatever the order in which the products were summed.
    symmetric: NDArray[np.float64] = (shrunk + shrunk.transpose(0, 2, 1)) / 2
    return symmetric


def _turning_points(means: NDArray[np.float64], variances: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each track the value below which lower conservation would increase the log-odds, (C,); -inf if none.

    The log ratio of two Gaussians is a parabola. It opens upwards if the pathogenic values have the larger variance, so
    that a fast-evolving site would have the score of a conserved one, which is an artefact of the upper tail. The value
    is the lower root of the parabola, or its minimum if it has no roots.
    """
    square = (1 / variances[MATCHED] - 1 / variances[PATHOGENIC]) / 2
    scaled = means / variances
    linear = scaled[PATHOGENIC] - scaled[MATCHED]
    squares = (means * scaled + np.log(variances)) / 2
    constant = squares[MATCHED] - squares[PATHOGENIC]
    opens = square > 0
    safe = np.where(opens, square, 1.0)
    width = np.sqrt(np.maximum(linear**2 - 4 * safe * constant, 0.0))
    return np.where(opens, (-linear - width) / (2 * safe), -np.inf)


def _slope(ratios: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """The slope in 0 to 1 of maximum likelihood with equal weights of the classes, by bisection of the gradient."""
    signs = np.where(labels, 1.0, -1.0)
    weights = np.where(labels, 1 / labels.sum(), 1 / (~labels).sum())

    def gain(slope: float) -> float:
        margin = np.clip(signs * slope * ratios, -500.0, 500.0)
        return float(np.sum(weights * signs * ratios / (1 + np.exp(margin))))

    if gain(0.0) <= 0:
        return 0.0
    if gain(1.0) >= 0:
        return 1.0
    low, high = 0.0, 1.0
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
    least = max(MIN_ROWS, MIN_ROWS_PER_TRACK * tracks)
    for name, count in (("pathogenic", int(labels.sum())), ("matched", int((~labels).sum()))):
        if count < least:
            what = f"{count} {name} variants have all {tracks} tracks, and {least} are needed"
            raise InputError(f"{what} ({left_out} variants lack a value)", remedy="give more, or fewer tracks")
    if left_out:
        logger.info("%d of %d variants lack a value and are left out", left_out, len(complete))
