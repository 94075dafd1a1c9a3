"""The motif occupancy task: which instances of a protein's motif are bound, of instances that are alike otherwise.

Zeng et al. (2016, sections 3.1, 3.3 and 4.1) take the instances of a motif that FIMO finds, cut 101 bases around each,
label them by their overlap with a ChIP-seq peak, and match both classes in size, GC content and p-value of the motif,
as Whitaker et al. (2015) do. A network then has to find what lies around the motif.

Here the instances lie in regions of known occupancy, such as open chromatin. These are choices of varbind: one instance
of each region, the best one within its central bases; the widths of the bins within which both classes are matched;
equal numbers of both classes in every bin, of the larger class those whose strength is nearest to the smaller one's; at
least 200 pairs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.motif_instances import MotifInstances, best_instances
from varbind.errors import InputError, UsageError
from varbind.gate import optional_import

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = [
    "OccupancyTask",
    "UnusedRegion",
    "confounder_areas",
    "gc_shares",
    "occupancy_task",
    "refuse_confounded",
]

WINDOW = 101
"""Number of bases around a motif (Zeng et al. 2016)."""
GC_BIN, STRENGTH_BIN = 0.02, 0.25
"""Widths of the bins of GC content, and of minus the decadic logarithm of the p-value."""
MIN_PAIRS = 200
"""Number of bound and of unbound instances below which there is no task."""
CHANCE = (0.48, 0.52)
"""Range of the AUC of GC content, and of the strength of the motif, if both classes are matched."""


class UnusedRegion(StrEnum):
    """Why a region is not in the task; the first reason that holds, in this order."""

    UNRESOLVED = "unresolved"
    NO_INSTANCE = "no_instance"
    EDGE = "edge"
    UNPAIRED = "unpaired"


@dataclass(frozen=True, slots=True)
class OccupancyTask:
    """Bound and unbound instances of a motif in equal numbers: P of each, bound ones first, in pairs of the same bin.

    Attributes:
        codes: base codes of the windows, (2P, WINDOW).
        labels: 1 bound, 0 unbound, int8 (2P,).
        regions: number of the region of each window, int64 (2P,).
        motif_starts: first position of the motif in each window, int64 (2P,).
        p_values: p-value of the motif in each window, float64 (2P,).
        unused: number of regions without a window in the task, by reason.
    """

    codes: Codes
    labels: NDArray[np.int8]
    regions: NDArray[np.int64]
    motif_starts: NDArray[np.int64]
    p_values: NDArray[np.float64]
    unused: Counter[UnusedRegion]


def occupancy_task(
    codes: Codes,
    labels: NDArray[np.int8],
    matrix: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    central: int = 100,
    location_free: bool = False,
) -> OccupancyTask:
    """Make the occupancy task of one protein.

    In the location-free variant only the negative sample has its motifs in a given place (Zeng et al. 2016, section
    3.3; the paper leaves the details to its supplement): the motif of an unbound window is in the middle, that of a
    bound one anywhere, so that a network which knows the place can use it. That all places at which the window lies
    within its region are equally probable is a choice of varbind.

    Args:
        codes: base codes of the regions, (N, L).
        labels: 1 bound, 0 open and unbound, -1 unresolved, (N,).
        matrix: shares of A, C, G and T at each position of the protein's motif, float64 (width, 4).
        rng: random numbers for the places and for the pairs.
        central: number of bases in the middle of a region that are searched.
        location_free: whether the motif of a bound window may lie anywhere in it.

    Raises:
        InputError: there are fewer than `MIN_PAIRS` pairs.
        UsageError: the regions are shorter than a window or than `central`, the motif is too long, or the package
            scipy is not installed.
    """
    length = codes.shape[1]
    if length < max(WINDOW, central):
        what = f"the regions have {length} bases, expected {max(WINDOW, central)} or more"
        raise UsageError(what, remedy="give longer regions")
    resolved = np.flatnonzero(labels >= 0)
    margin = (length - central) // 2
    best = best_instances(codes[resolved, margin : margin + central], matrix)
    instances = MotifInstances(resolved[best.rows], best.starts + margin, best.width, best.p_values)
    is_free = (labels[instances.rows] == 1) & location_free
    starts = _window_starts(instances, length, is_free, rng)
    inside = (starts >= 0) & (starts + WINDOW <= length)
    whole, starts = instances.take(inside), starts[inside]
    windows = codes[whole.rows[:, None], starts[:, None] + np.arange(WINDOW)]
    strengths = -np.log10(whole.p_values)
    bins = _bins(gc_shares(windows), strengths)
    bound, unbound = _pairs(bins, strengths, labels[whole.rows] == 1, rng)
    unused = Counter({
        UnusedRegion.UNRESOLVED: len(labels) - len(resolved),
        UnusedRegion.NO_INSTANCE: len(resolved) - len(instances),
        UnusedRegion.EDGE: len(instances) - len(whole),
        UnusedRegion.UNPAIRED: len(whole) - 2 * len(bound),
    })  # fmt: skip
    _refuse_few_pairs(len(bound), unused)
    chosen = np.concatenate([bound, unbound])
    kept = whole.take(chosen)
    return OccupancyTask(
        codes=windows[chosen],
        labels=np.repeat(np.array([1, 0], dtype=np.int8), len(bound)),
        regions=kept.rows,
        motif_starts=kept.starts - starts[chosen],
        p_values=kept.p_values,
        unused=unused,
    )


def _window_starts(
    instances: MotifInstances, length: int, is_free: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """The starts of windows in regions of `length` bases, (K,).

    A window has its motif in the middle, wherever it ends; a free one lies in the region, with the whole motif in it.
    """
    centred = instances.starts + instances.width // 2 - WINDOW // 2
    first = np.maximum(instances.starts + instances.width - WINDOW, 0)
    last = np.minimum(instances.starts, length - WINDOW)
    return np.where(is_free, rng.integers(first, last, endpoint=True), centred)


def _refuse_few_pairs(pairs: int, unused: Counter[UnusedRegion]) -> None:
    if pairs < MIN_PAIRS:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in unused.items())
        what = f"{pairs} pairs of bound and unbound instances, expected {MIN_PAIRS} or more ({counts})"
        raise InputError(what, remedy="give more regions, or another protein")


def gc_shares(codes: Codes) -> NDArray[np.float64]:
    """The share of G and C among the known bases of each sequence (N, L), float64 (N,); 0 where none is known."""
    known = np.count_nonzero(codes < 4, axis=1)
    shares: NDArray[np.float64] = np.isin(codes, (1, 2)).sum(axis=1) / np.maximum(known, 1)
    return shares


def _bins(gc: NDArray[np.float64], strengths: NDArray[np.float64]) -> NDArray[np.int64]:
    """One number for each bin of GC content and strength, (K,)."""
    gc_bins = np.floor(gc / GC_BIN + 1e-9).astype(np.int64)  # 0.58 / 0.02 is 28.999...
    bins: NDArray[np.int64] = np.floor(strengths / STRENGTH_BIN).astype(np.int64) * (int(1 / GC_BIN) + 1) + gc_bins
    return bins


def _pairs(
    bins: NDArray[np.int64], strengths: NDArray[np.float64], is_bound: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of a bound and an unbound instance of the same bin, as many as there are; none is in two pairs.

    Within a bin the sum of the differences in strength is as small as possible; ties are broken at random.
    """
    assign = optional_import("scipy.optimize", needed_for="the matching of instances").linear_sum_assignment
    bound, unbound = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for number in np.intersect1d(bins[is_bound], bins[~is_bound]).tolist():
        own = rng.permutation(np.flatnonzero(bins == number))
        first, second = own[is_bound[own]], own[~is_bound[own]]
        rows, columns = assign(np.abs(strengths[first][:, None] - strengths[second]))
        bound.append(first[rows])
        unbound.append(second[columns])
    return np.concatenate(bound), np.concatenate(unbound)


def confounder_areas(task: OccupancyTask) -> dict[str, float]:
    """The AUC of what both classes are matched in: `GC content`, and `motif strength`, minus log10 of the p-value.

    Raises:
        UsageError: the package scikit-learn is not installed.
    """
    roc_auc_score = optional_import("sklearn.metrics", needed_for="the AUC of GC content").roc_auc_score
    alone = {"GC content": gc_shares(task.codes), "motif strength": -np.log10(task.p_values)}
    return {name: float(roc_auc_score(task.labels, values)) for name, values in alone.items()}


def refuse_confounded(task: OccupancyTask) -> None:
    """Refuse a task in which GC content or the strength of the motif alone tells the classes apart.

    Raises:
        InputError: an AUC of `confounder_areas` is not within `CHANCE`.
        UsageError: the package scikit-learn is not installed.
    """
    for name, area in confounder_areas(task).items():
        if not CHANCE[0] <= area <= CHANCE[1]:
            what = f"{name} alone has an AUC of {area:.3f}, expected {CHANCE[0]} to {CHANCE[1]}"
            raise InputError(what, remedy="give more regions, or another protein")
