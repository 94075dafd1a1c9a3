"""How well conservation tells pathogenic variants from matched ones: tracks and labels enter, a table leaves.

Every number is of variants whose genes were held out of the fit, for every subset of tracks, since users have different
ones. A track by itself is judged twice: by the head, and as its bare value, which needs no fit and is what to beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import InputError
from varbind.evaluate.cells import decimal, markdown
from varbind.evaluate.metrics import auprc
from varbind.train.conservation import fit_conservation, fold_of_groups, known_columns
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["ConservationRow", "Region", "ScoredBy", "conservation_summary", "conservation_table", "judge_conservation"]

DRAWS = 1_000
"""Of the bootstrap."""

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
    """What ranks the variants."""

    HEAD = "head"
    VALUE = "value"


class Region(StrEnum):
    """Which variants are judged."""

    ALL = "all"
    PROMOTER_LIKE = "promoter-like"


@dataclass(frozen=True, slots=True)
class ConservationRow:
    """Some tracks on the variants of a region.

    Attributes:
        region: of the variants.
        tracks: that were used.
        scored_by: the head, or the bare value of the one track.
        variants: that have a score.
        pathogenic: of them.
        share: of the variants of the region that have a score, 0 to 1.
        auc: area under the ROC curve, None where there are not both classes.
        auprc: area under the precision-recall curve, as average precision; chance is pathogenic / variants.
        auc_interval: 95 % of the bootstrap over genes; None where it was not asked for, or there is no AUC.
        auprc_interval: the same.
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
class _Contender:
    """What scored all N variants, NaN where it could not."""

    tracks: tuple[str, ...]
    scored_by: ScoredBy
    scores: NDArray[np.float64]


def judge_conservation(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    genes: Sequence[str] | NDArray[np.str_],
    tracks: Sequence[str],
    *,
    folds: int = 10,
    seed: int = 0,
    promoter_like: NDArray[np.bool_] | None = None,
) -> list[ConservationRow]:
    """Cross-validate the head with whole genes, and judge every subset of tracks.

    All tracks together and each by itself get intervals, from the same 1,000 draws of genes.

    Args:
        values: the tracks at each site, (N, C); NaN = missing.
        labels: which variants are pathogenic, bool (N,).
        genes: of each variant.
        tracks: C names.
        folds: at least 2.
        seed: of folds and draws.
        promoter_like: which variants are judged once more by themselves, after a fit to all, bool (N,).

    Returns:
        A region after the other; in each the head on all subsets, larger ones first, then the bare tracks.

    Raises:
        InputError: shapes differ, or a fold leaves too little to fit to.
    """
    groups = np.asarray(genes)
    if groups.shape != labels.shape or len(values) != len(labels):
        raise InputError(f"{len(values)} values, {len(labels)} labels and {len(groups)} genes do not fit together")
    if folds < 2:
        raise InputError(f"{folds} folds leave nothing to hold out", remedy="give 2 or more")
    fold = fold_of_groups(groups, labels, folds=folds, rng=np.random.default_rng([seed, 0]))
    contenders = list(_contenders(values, _held_out(values, labels, groups, tracks, fold), tracks))
    regions = {Region.ALL: np.ones(len(labels), dtype=np.bool_)}
    if promoter_like is not None:
        regions[Region.PROMOTER_LIKE] = promoter_like
    _, group = np.unique(groups, return_inverse=True)
    return [
        _row(region, contender, labels, chosen, group, seed=seed, all_tracks=len(tracks))
        for region, chosen in regions.items()
        for contender in contenders
    ]


def conservation_table(rows: Sequence[ConservationRow]) -> str:
    """All rows as TSV with a header; what is not there is empty."""
    lines = [TSV_COLUMNS, *(_cells(row) for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def conservation_summary(rows: Sequence[ConservationRow]) -> str:
    """For people, in Markdown: all tracks, the best pair, and each track by the head and by its value."""
    most = max(len(row.tracks) for row in rows)
    lines = [
        "| region | tracks | scored by | AUC (95 %) | AUPRC (95 %) | pathogenic of variants | scored |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for region in dict.fromkeys(row.region for row in rows):
        own = [row for row in rows if row.region == region]
        lines += [_line(row, "all") for row in own if len(row.tracks) == most > 1]
        pairs = [row for row in own if len(row.tracks) == 2 < most]
        if pairs:
            best = max(pairs, key=lambda row: -1.0 if row.auc is None else row.auc)
            lines.append(_line(best, f"best pair: {' + '.join(best.tracks)}"))
        lines += [_line(row, row.tracks[0]) for row in own if len(row.tracks) == 1]
    note = "Genes held out of every fit; the best pair is chosen by the AUC of its line, which flatters it."
    return "\n".join([*lines, "", note]) + "\n"


def _held_out(
    values: NDArray[np.floating],
    labels: NDArray[np.bool_],
    groups: NDArray[np.str_],
    tracks: Sequence[str],
    fold: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Log-odds (N, 2^C) of each variant from each subset of tracks, by a head that did not see its fold."""
    found = np.full((len(values), 2 ** len(tracks)), np.nan)
    for own in np.unique(fold):
        rest = fold != own
        head = fit_conservation(values[rest], labels[rest], tracks, genes=groups[rest])
        for subset in range(1, found.shape[1]):
            found[~rest, subset] = head.log_odds(known_columns(values[~rest], subset))
    return found


def _contenders(
    values: NDArray[np.floating], held_out: NDArray[np.float64], tracks: Sequence[str]
) -> Iterator[_Contender]:
    for subset in sorted(range(1, held_out.shape[1]), key=lambda subset: (-subset.bit_count(), subset)):
        names = tuple(name for column, name in enumerate(tracks) if subset >> column & 1)
        yield _Contender(names, ScoredBy.HEAD, held_out[:, subset])
    for column, name in enumerate(tracks):
        yield _Contender((name,), ScoredBy.VALUE, np.asarray(values[:, column], dtype=np.float64))


def _row(
    region: Region,
    contender: _Contender,
    labels: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    group: NDArray[np.int64],
    *,
    seed: int,
    all_tracks: int,
) -> ConservationRow:
    scored = chosen & ~np.isnan(contender.scores)
    own, scores = labels[scored], contender.scores[scored]
    both_classes = len(set(own.tolist())) == 2
    intervals: tuple[tuple[float, float], ...] = ()
    if both_classes and len(contender.tracks) in {1, all_tracks}:
        # The generator is made anew, so that all contenders are judged by the same draws of genes.
        draws = _drawn_counts(group, np.random.default_rng([seed, 1]))
        areas = np.array([_weighted_areas(own, scores, counts[scored]) for counts in draws])
        low, high = np.nanquantile(areas, [0.025, 0.975], axis=0).tolist()
        intervals = tuple(zip(low, high, strict=True))
    return ConservationRow(
        region,
        contender.tracks,
        contender.scored_by,
        int(scored.sum()),
        int(own.sum()),
        float(scored.sum() / max(1, chosen.sum())),
        auc(own, scores) if both_classes else None,
        auprc(own, scores) if both_classes else None,
        *intervals,
    )


def _drawn_counts(group: NDArray[np.int64], rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """How often each variant is drawn when its genes are, with replacement, int64 (N,), `DRAWS` times."""
    genes = int(group.max()) + 1
    for _ in range(DRAWS):
        yield np.bincount(rng.integers(genes, size=genes), minlength=genes)[group]


def _weighted_areas(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[float, float]:
    """AUC and AUPRC of variants that each count so many times; NaN where a class is not drawn.

    The same as `metrics.auc` and `metrics.auprc` of the repeated variants, by cumulative sums along the ranking.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    found = np.cumsum(counts[order] * labels[order])[ends]
    false = np.cumsum(counts[order] * ~labels[order])[ends]
    if not (found[-1] and false[-1]):
        return np.nan, np.nan
    recall = np.diff(found, prepend=0) / found[-1]
    # Of the negatives at a score half count as below it.
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
    escaped = markdown(name)
    return f"| {' | '.join([row.region, escaped, row.scored_by, *areas, *counts])} |"


def _area(value: float | None, interval: tuple[float, float] | None) -> str:
    within = "" if interval is None else f" ({decimal(interval[0], 3)} to {decimal(interval[1], 3)})"
    return decimal(value, 3) + within
