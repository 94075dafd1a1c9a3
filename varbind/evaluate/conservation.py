"""Evaluation of the conservation head on pathogenic variants and matched common ones.

All results are for variants whose genes were held out of the fit. Every subset of the tracks is evaluated, since users
have different ones. A single track is evaluated twice: by the head, and by its plain value, which needs no fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import InputError
from varbind.train.conservation import fit_conservation, fold_of_groups, known_columns
from varbind.train.metrics import Ranking, auc, average_precision, drawn_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "ConservationRow",
    "Region",
    "ScoredBy",
    "evaluate_conservation",
]


class ScoredBy(StrEnum):
    """The score by which variants are ranked."""

    HEAD = "head"
    VALUE = "value"


class Region(StrEnum):
    """The variants that are evaluated."""

    ALL = "all"
    PROMOTER_LIKE = "promoter-like"


@dataclass(frozen=True, slots=True)
class ConservationRow:
    """The result of a set of tracks on the variants of a region.

    Attributes:
        region: region of the variants.
        tracks: names of the tracks.
        scored_by: the head, or the plain value of a single track.
        variants: number of variants with a score.
        pathogenic: number of them that are pathogenic.
        share: share of the variants of the region with a score, 0 to 1.
        auc: area under the ROC curve; None unless both classes are present.
        auprc: area under the precision-recall curve, as average precision; chance is pathogenic / variants.
        auc_interval: 95 % interval over genes; None if it was not computed, or if there is no AUC.
        auprc_interval: the interval of `auprc`.
    """

    region: Region
    tracks: tuple[str, ...]
    scored_by: ScoredBy
    variants: int
    pathogenic: int
    share: float
    auc: float | None
    auprc: float | None
    auc_interval: tuple[float, float] | None = None
    auprc_interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Method:
    """Scores of all N variants; NaN = missing."""

    tracks: tuple[str, ...]
    scored_by: ScoredBy
    scores: NDArray[np.float64]


def evaluate_conservation(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    genes: Sequence[str] | NDArray[np.str_],
    tracks: Sequence[str],
    *,
    folds: int = 10,
    seed: int = 0,
    promoter_like: NDArray[np.bool_] | None = None,
) -> list[ConservationRow]:
    """Cross-validate the head with folds of whole genes, and evaluate every subset of tracks.

    All tracks together and each single track get intervals, from the same 1,000 draws of genes.

    Args:
        values: value of each track at each variant, (N, C); NaN = missing.
        labels: which variants are pathogenic, bool (N,).
        genes: gene of each variant.
        tracks: names of the C tracks.
        folds: number of folds, at least 2.
        seed: seed of the folds, of the fits and of the draws.
        promoter_like: variants that are also evaluated separately, after a fit to all variants, bool (N,).

    Returns:
        The rows of each region in turn: the head on all subsets, larger ones first, then the single tracks.

    Raises:
        InputError: shapes differ, or too few variants are left for a fit.
    """
    groups = np.asarray(genes)
    if groups.shape != labels.shape or len(values) != len(labels):
        raise InputError(f"{len(values)} values, {len(labels)} labels and {len(groups)} genes differ in number")
    if folds < 2:
        raise InputError(f"{folds} folds leave nothing to hold out", remedy="give 2 or more")
    fold = fold_of_groups(groups, labels, folds=folds, rng=np.random.default_rng([seed, 0]))
    methods = list(_methods(values, _held_out(values, labels, groups, tracks, fold, seed), tracks))
    regions = {Region.ALL: np.ones(len(labels), dtype=np.bool_)}
    if promoter_like is not None:
        regions[Region.PROMOTER_LIKE] = promoter_like
    return [
        _row(region, method, labels, chosen, groups, seed=seed, all_tracks=len(tracks))
        for region, chosen in regions.items()
        for method in methods
    ]


def _held_out(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    groups: NDArray[np.str_],
    tracks: Sequence[str],
    fold: NDArray[np.int64],
    seed: int,
) -> NDArray[np.float64]:
    """Log-odds (N, 2^C) of each variant for each subset of tracks, by a head that was fitted without its fold."""
    found = np.full((len(values), 2 ** len(tracks)), np.nan)
    for number in np.unique(fold):
        rest = fold != number
        head = fit_conservation(values[rest], labels[rest], tracks, genes=groups[rest], seed=seed)
        for subset in range(1, found.shape[1]):
            found[~rest, subset] = head.log_odds(known_columns(values[~rest], subset))
    return found


def _methods(values: NDArray[np.floating], held_out: NDArray[np.float64], tracks: Sequence[str]) -> Iterator[_Method]:
    for subset in sorted(range(1, held_out.shape[1]), key=lambda subset: (-subset.bit_count(), subset)):
        names = tuple(name for column, name in enumerate(tracks) if subset >> column & 1)
        yield _Method(names, ScoredBy.HEAD, held_out[:, subset])
    for column, name in enumerate(tracks):
        yield _Method((name,), ScoredBy.VALUE, np.asarray(values[:, column], dtype=np.float64))


def _row(
    region: Region,
    method: _Method,
    labels: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    genes: NDArray[np.str_],
    *,
    seed: int,
    all_tracks: int,
) -> ConservationRow:
    scored = chosen & ~np.isnan(method.scores)
    known, scores = labels[scored], method.scores[scored]
    both_classes = len(set(known.tolist())) == 2
    intervals: tuple[tuple[float, float], ...] = ()
    if both_classes and len(method.tracks) in {1, all_tracks}:
        ranking = Ranking(known, scores)
        # The same seed gives all methods the same draws of genes.
        draws = (counts[scored] for counts in drawn_counts(genes, [seed, 1]))
        areas = np.array([(ranking.area(counts), ranking.average_precision(counts)) for counts in draws])
        low, high = np.nanquantile(areas, [0.025, 0.975], axis=0).tolist()
        intervals = tuple(zip(low, high, strict=True))
    return ConservationRow(
        region,
        method.tracks,
        method.scored_by,
        int(scored.sum()),
        int(known.sum()),
        float(scored.sum() / max(1, chosen.sum())),
        auc(known, scores),
        average_precision(known, scores),
        *intervals,
    )
