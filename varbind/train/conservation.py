"""Fitting the conservation head: tracks at pathogenic and matched common variants enter, a head leaves.

Each class gets a Gaussian (quadratic discriminant), its covariance regularised as by Friedman (1989), "Regularized
discriminant analysis": first towards the pooled one, then towards its own diagonal. Slopes and bounds come after, from
variants that were held out, since they state how far the discriminant can be believed.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.conservation import MATCHED, MOST_TRACKS, PATHOGENIC, ConservationHead, logit_of_share
from varbind.errors import InputError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["fit_conservation", "fold_of_groups", "known_columns", "share_like"]

logger = logging.getLogger(__name__)

TO_POOLED = 0.3
"""Share of the pooled covariance in that of each class."""

TO_DIAGONAL = 0.4
"""How far correlations are shrunk towards 0: tracks of the same alignment correlate at 0.9."""

TAIL = 0.01
"""Share of the values clipped at either end: a single outlier may not carry a variance."""

FOLDS = 5
"""For the slopes and bounds."""

LEAST_ROWS = 20
LEAST_ROWS_A_TRACK = 5
"""Rows a class: a covariance of C tracks has C (C + 1) / 2 numbers."""

LEAST_BEYOND = 10
"""Variants of the rarer class behind an odds: ten give a relative standard error of about a third."""


def fit_conservation(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    tracks: Sequence[str],
    *,
    genes: Sequence[str] | NDArray[np.str_] | None = None,
) -> ConservationHead:
    """Fit a head to variants of known class.

    A Gaussian is fitted to each class of the transformed values. Then every subset of tracks gets the slope, between 0
    and 1, that makes held-out classes, weighted alike, most likely given slope times discriminant: a logistic
    regression through the origin (Platt 1999, without his intercept, so that even odds remain even). The bounds are
    the largest log ratios, over all thresholds, of the shares of held-out variants of each class beyond it, where
    fewer than 10 of the rarer class count as 10: beyond them is extrapolation.

    Args:
        values: the tracks at each site, (N, C); tracks rise with conservation. Rows with a NaN are left out.
        labels: which are pathogenic, bool (N,).
        tracks: C names.
        genes: of each variant; those of one gene are held out together. None = each stands for itself.

    Raises:
        InputError: shapes differ, a value is infinite, a class has too few complete rows, or a track is constant.
    """
    _check(values, labels, tracks)
    complete = ~np.isnan(values).any(axis=1)
    _check_counts(labels[complete], complete, len(tracks))
    kept, classes = np.asarray(values[complete], dtype=np.float64), labels[complete]
    groups = np.arange(len(kept)).astype(str) if genes is None else np.asarray(genes)[complete]
    is_share = share_like(kept)
    fold = fold_of_groups(groups, classes, folds=FOLDS)
    held_out = np.empty((len(kept), 2 ** len(tracks)))
    for own in range(FOLDS):
        rest = fold != own
        head = _gaussians(kept[rest], classes[rest], tracks, is_share)
        for subset in range(1, 2 ** len(tracks)):
            held_out[~rest, subset] = head.log_odds(known_columns(kept[~rest], subset))
    slopes = np.array([0.0, *(_slope(column, classes) for column in held_out.T[1:])])
    bounds = _bounds(slopes[-1] * held_out[:, -1], classes)
    return replace(_gaussians(kept, classes, tracks, is_share), slopes=slopes, bounds=bounds)


def share_like(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which columns of (N, C) lie wholly within 0 and 1, as phastCons does, bool (C,); NaN passes.

    A column without any value is none.
    """
    known = ~np.isnan(values)
    within = ((values >= 0) & (values <= 1)) | ~known
    like: NDArray[np.bool_] = within.all(axis=0) & known.any(axis=0)
    return like


def known_columns(values: NDArray[np.floating], subset: int) -> NDArray[np.float64]:
    """A copy of (N, C) with NaN in all columns but those whose bits are set in `subset`."""
    absent = [column for column in range(values.shape[1]) if not subset >> column & 1]
    copy = np.array(values, dtype=np.float64)
    copy[:, absent] = np.nan
    return copy


def fold_of_groups(
    groups: NDArray[np.str_], labels: NDArray[np.bool_], *, folds: int, rng: np.random.Generator | None = None
) -> NDArray[np.int64]:
    """The fold of each variant, int64 (N,): groups stay whole, and each fold gets its part of the pathogenic ones.

    Args:
        groups: of each variant, (N,).
        labels: which are pathogenic, bool (N,).
        folds: how many.
        rng: shuffles the groups; None = they are dealt out in their sorted order.
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
    """A head whose log-odds are the bare discriminant."""
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
    """Regularised covariance of each class, float64 (2, C, C)."""
    freedom = np.array([len(rows) - 1 for rows in classes])
    centred = [rows - rows.mean(axis=0) for rows in classes]
    own = np.array([rows.T @ rows / count for rows, count in zip(centred, freedom, strict=True)])
    pooled = np.einsum("k,kij->ij", freedom / freedom.sum(), own)
    mixed = (1 - TO_POOLED) * own + TO_POOLED * pooled
    shrunk = (1 - TO_DIAGONAL) * mixed + TO_DIAGONAL * mixed * np.eye(mixed.shape[1])
    # Exactly symmetric, whatever order the products were summed in.
    symmetric: NDArray[np.float64] = (shrunk + shrunk.transpose(0, 2, 1)) / 2
    return symmetric


def _turning_points(means: NDArray[np.float64], variances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each track the value below which low conservation would speak for pathogenic, (C,); -inf where none would.

    The log ratio of two Gaussians is a parabola. Where pathogenic values spread wider it opens upwards, so that by
    itself a site that evolves fast would score as one that is conserved, an artefact of the upper tail. The point is
    its lower root, or its lowest point where it has no roots.
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
    """The slope in 0 to 1 that makes the labels most likely, classes weighted alike; by bisection, as it is convex."""
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
    """Lowest and highest log-odds that the variants support, float64 (2,)."""
    highest = _largest_log_ratio(log_odds[labels], log_odds[~labels])
    lowest = _largest_log_ratio(-log_odds[~labels], -log_odds[labels])
    return np.array([-lowest, highest])


def _largest_log_ratio(own: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Over all thresholds, log of the share of own at or above it over that of the others."""
    thresholds = np.unique(own)
    own_beyond = len(own) - np.searchsorted(np.sort(own), thresholds)
    other_beyond = len(other) - np.searchsorted(np.sort(other), thresholds)
    ratios = (own_beyond / len(own)) / (np.maximum(other_beyond, LEAST_BEYOND) / len(other))
    return max(0.0, math.log(ratios.max()))


def _check(values: NDArray[np.floating], labels: NDArray[np.bool_], tracks: Sequence[str]) -> None:
    if values.ndim != 2 or labels.shape != values.shape[:1] or values.shape[1] != len(tracks):
        raise InputError(f"values {values.shape}, labels {labels.shape} and {len(tracks)} tracks do not fit together")
    if not 1 <= len(tracks) <= MOST_TRACKS:
        raise InputError(f"{len(tracks)} tracks were given, and 1 to {MOST_TRACKS} can be fitted")
    if np.isinf(values).any():
        raise InputError("a track has an infinite value", remedy="write a missing value as NaN")


def _check_counts(labels: NDArray[np.bool_], complete: NDArray[np.bool_], tracks: int) -> None:
    left_out = len(complete) - len(labels)
    least = max(LEAST_ROWS, LEAST_ROWS_A_TRACK * tracks)
    for name, count in (("pathogenic", int(labels.sum())), ("matched", int((~labels).sum()))):
        if count < least:
            what = f"{count} {name} variants have all {tracks} tracks, and {least} are needed"
            raise InputError(f"{what} ({left_out} variants lack a value)", remedy="give more, or fewer tracks")
    if left_out:
        logger.info("%d of %d variants lack a value and are left out", left_out, len(complete))
