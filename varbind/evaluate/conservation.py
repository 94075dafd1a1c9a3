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
from varbind.evaluate.metrics import auprc
from varbind.evaluate.tables import decimal, escaped, markdown_row, tsv
from varbind.train.conservation import fit_conservation, fold_of_groups, known_columns
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "ConservationRow",
    "Region",
    "ScoredBy",
    "conservation_summary",
    "conservation_table",
    "evaluate_conservation",
]

DRAWS = 1_000
"""Number of draws of the bootstrap."""

TSV_COLUMNS = (
    "region",
    "tracks",
    "scored_by",
    "variants",
    "pathogenic",
    "share_scored",
    "auc",
    "auc_low",
    "auc_high",
    "auprc",
    "auprc_low",
    "auprc_high",
)


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
        seed: seed of the folds and of the draws.
        promoter_like: variants that are also evaluated separately, after a fit to all variants, bool (N,).

    Returns:
        The rows of each region in turn: the head on all subsets, larger ones first, then the single tracks.

    Raises:
        InputError: shapes differ, or too few variants are left for a fit.
    """
    groups = np.asarray(genes)
    if groups.shape != labels.shape or len(values) != len(labels):
        raise InputError(f"{len(values)} values, {len(labels)} labels and {len(groups)} genes do not fit together")
    if folds < 2:
        raise InputError(f"{folds} folds leave nothing to hold out", remedy="give 2 or more")
    fold = fold_of_groups(groups, labels, folds=folds, rng=np.random.default_rng([seed, 0]))
    methods = list(_methods(values, _held_out(values, labels, groups, tracks, fold), tracks))
    regions = {Region.ALL: np.ones(len(labels), dtype=np.bool_)}
    if promoter_like is not None:
        regions[Region.PROMOTER_LIKE] = promoter_like
    _, group = np.unique(groups, return_inverse=True)
    return [
        _row(region, method, labels, chosen, group, seed=seed, all_tracks=len(tracks))
        for region, chosen in regions.items()
        for method in methods
    ]


def conservation_table(rows: Sequence[ConservationRow]) -> str:
    """Return all rows as TSV with a header; missing values are empty."""
    return tsv(TSV_COLUMNS, map(_cells, rows))


def conservation_summary(rows: Sequence[ConservationRow]) -> str:
    """Return a Markdown table: all tracks, the best pair, and each track by the head and by its plain value."""
    all_tracks = max(len(row.tracks) for row in rows)
    lines = [
        "| region | tracks | scored by | AUC (95 %) | AUPRC (95 %) | pathogenic of variants | scored |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for region in dict.fromkeys(row.region for row in rows):
        in_region = [row for row in rows if row.region == region]
        lines += [_line(row, "all") for row in in_region if len(row.tracks) == all_tracks > 1]
        pairs = [row for row in in_region if len(row.tracks) == 2 < all_tracks]
        if pairs:
            best = max(pairs, key=lambda row: -1.0 if row.auc is None else row.auc)
            lines.append(_line(best, f"best pair: {' + '.join(best.tracks)}"))
        lines += [_line(row, row.tracks[0]) for row in in_region if len(row.tracks) == 1]
    note = (
        "Genes are held out of every fit. The best pair is chosen by the AUC in its line, which is therefore too high."
    )
    return "\n".join([*lines, "", note]) + "\n"


def _held_out(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    groups: NDArray[np.str_],
    tracks: Sequence[str],
    fold: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Log-odds (N, 2^C) of each variant for each subset of tracks, by a head that was fitted without its fold."""
    found = np.full((len(values), 2 ** len(tracks)), np.nan)
    for number in np.unique(fold):
        rest = fold != number
        head = fit_conservation(values[rest], labels[rest], tracks, genes=groups[rest])
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
    group: NDArray[np.int64],
    *,
    seed: int,
    all_tracks: int,
) -> ConservationRow:
    scored = chosen & ~np.isnan(method.scores)
    known, scores = labels[scored], method.scores[scored]
    both_classes = len(set(known.tolist())) == 2
    intervals: tuple[tuple[float, float], ...] = ()
    if both_classes and len(method.tracks) in {1, all_tracks}:
        # A new generator with the same seed gives all methods the same draws of genes.
        draws = _drawn_counts(group, np.random.default_rng([seed, 1]))
        areas = np.array([_weighted_areas(known, scores, counts[scored]) for counts in draws])
        low, high = np.nanquantile(areas, [0.025, 0.975], axis=0).tolist()
        intervals = tuple(zip(low, high, strict=True))
    return ConservationRow(
        region,
        method.tracks,
        method.scored_by,
        int(scored.sum()),
        int(known.sum()),
        float(scored.sum() / max(1, chosen.sum())),
        auc(known, scores) if both_classes else None,
        auprc(known, scores) if both_classes else None,
        *intervals,
    )


def _drawn_counts(group: NDArray[np.int64], rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Draw genes with replacement `DRAWS` times; yields how often each variant is drawn, int64 (N,)."""
    genes = int(group.max()) + 1
    for _ in range(DRAWS):
        yield np.bincount(rng.integers(genes, size=genes), minlength=genes)[group]


def _weighted_areas(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[float, float]:
    """AUC and AUPRC of variants that are repeated `counts` times; NaN if a class is not drawn.

    Cumulative sums along the ranking give the values of `metrics.auc` and `metrics.auprc` for the repeated variants.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    found = np.cumsum(counts[order] * labels[order])[ends]
    false = np.cumsum(counts[order] * ~labels[order])[ends]
    if not (found[-1] and false[-1]):
        return np.nan, np.nan
    recall = np.diff(found, prepend=0) / found[-1]
    # Half of the negatives with the same score count as below it.
    below = false[-1] - false + np.diff(false, prepend=0) / 2
    precision = found / np.maximum(found + false, 1)
    return float(np.sum(recall * below) / false[-1]), float(np.sum(recall * precision))


def _cells(row: ConservationRow) -> tuple[str, ...]:
    counts = (str(row.variants), str(row.pathogenic), f"{row.share:.4f}")
    areas = (row.auc, *(row.auc_interval or (None, None)), row.auprc, *(row.auprc_interval or (None, None)))
    return (row.region, ",".join(row.tracks), row.scored_by, *counts, *(decimal(area, 4) for area in areas))


def _line(row: ConservationRow, name: str) -> str:
    areas = [_area(row.auc, row.auc_interval), _area(row.auprc, row.auprc_interval)]
    counts = [f"{row.pathogenic} of {row.variants}", f"{100 * row.share:.1f} %"]
    return markdown_row([row.region, escaped(name), row.scored_by, *areas, *counts])


def _area(value: float | None, interval: tuple[float, float] | None) -> str:
    within = "" if interval is None else f" ({decimal(interval[0], 3)} to {decimal(interval[1], 3)})"
    return decimal(value, 3) + within
