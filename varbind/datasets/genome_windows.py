"""Windows over a genome with the labels of several classes of peaks, for multi-task networks.

Two ways to cut and label them:

- As in DeepGMAP (Onimaru et al. 2018, Methods, "Dataset and processing"): windows of 1,000 bases at a stride of 100 to
  500; a window is positive for a class if the summit of a peak lies in it. Classes with fewer than 10,000 peaks and
  mitochondria are left out; for the benchmark, negatives of the training set are thinned to 25 %.
- As in DeepSEA (Zhou and Troyanskaya 2015): bins of 200 bases; a bin is positive for a class if more than half of it
  lies in peaks, and the window is the bin with equal flanks up to 1,000 bases. DeepSEA keeps only bins that some factor
  binds; here all bins are listed, and negatives can be thinned in both cases.

A class is unknown (-1) on contigs without any of its peaks, because such contigs were often left out of the experiment.
This is a choice of varbind; the papers do not mention unknown labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.core.contigs import ContigNames, is_mitochondrial
from varbind.core.intervals import Intervals
from varbind.core.sequence import Codes, encode
from varbind.datasets.peaks import refuse_other_build
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from varbind.io.reference import Reference

__all__ = ["GenomeWindows", "WindowRule", "genome_windows", "thin_negatives", "window_codes"]

MIN_PEAKS = 10_000
"""Number of peaks below which a class is left out (DeepGMAP)."""
LENGTH = 1_000
"""Number of bases of a window (DeepGMAP, DeepSEA)."""
BIN = 200
"""Number of bases in the middle of a window whose coverage by peaks decides (DeepSEA)."""
NEGATIVES_KEPT = 0.25
"""Share of the negatives that are kept in training (DeepGMAP)."""

UNKNOWN = -1


class WindowRule(StrEnum):
    """When a window is positive: it holds the summit of a peak, or peaks cover more than half of its central bin."""

    SUMMIT = "summit"
    CENTRAL_BIN = "central-bin"


@dataclass(frozen=True, slots=True)
class GenomeWindows:
    """Windows with their labels, in the order of the genome.

    Attributes:
        contigs: the names of the contigs.
        classes: the names of the classes, T of them.
        numbers: number of the contig of each window, int64 (N,).
        starts: first position of each window, 0-based, int64 (N,).
        labels: 1 positive, 0 negative, -1 unknown, int8 (N, T).
        length: number of bases of a window.
        left_out: number of peaks of each class that has too few of them.
    """

    contigs: tuple[str, ...]
    classes: tuple[str, ...]
    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]
    labels: NDArray[np.int8]
    length: int
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return some of the windows."""
        return type(self)(
            contigs=self.contigs,
            classes=self.classes,
            numbers=self.numbers[chosen],
            starts=self.starts[chosen],
            labels=self.labels[chosen],
            length=self.length,
            left_out=self.left_out,
        )

    def on(self, contigs: Iterable[str]) -> Self:
        """Return the windows on some contigs, for a split by chromosome.

        Raises:
            UsageError: there are no windows on one of them.
        """
        chosen = set()
        for name in contigs:
            if name not in self.contigs:
                what = f"there are no windows on {name}; they are on {', '.join(self.contigs[:3])}, ..."
                raise UsageError(what, remedy="name contigs as the reference does")
            chosen.add(self.contigs.index(name))
        return self.take(np.isin(self.numbers, list(chosen)))


def genome_windows(
    reference: Reference,
    peaks: Mapping[str, pd.DataFrame],
    rule: WindowRule = WindowRule.SUMMIT,
    *,
    stride: int,
    length: int = LENGTH,
    min_peaks: int = MIN_PEAKS,
) -> GenomeWindows:
    """Cut a genome into windows and label them.

    Windows that would extend beyond the end of a contig are left out, and so are mitochondria. Windows may hold N.

    Args:
        reference: the genome.
        peaks: the peaks of each class by name (`varbind.datasets.peaks.read_peaks`).
        rule: when a window is positive.
        stride: number of bases from one start to the next; DeepSEA's bins touch each other at a stride of 200.
        length: number of bases of a window.
        min_peaks: number of peaks on these contigs below which a class is left out.

    Raises:
        InputError: no class has enough peaks, or many peaks end beyond their contigs.
        UsageError: the stride or the length is not positive, or a window is shorter than its central bin.
    """
    if stride < 1 or length < (BIN if rule is WindowRule.CENTRAL_BIN else 1):
        what = f"windows of {length} bases at a stride of {stride}"
        raise UsageError(what, remedy=f"give a positive stride, and {BIN} bases or more for bins")
    contigs = {name: size for name, size in reference.contigs.items() if not is_mitochondrial(name)}
    placed = {name: _placed(table, contigs, name) for name, table in peaks.items()}
    left_out = {name: len(table) for name, table in placed.items() if len(table) < min_peaks}
    kept = {name: table for name, table in placed.items() if name not in left_out}
    if not kept:
        found = ", ".join(f"{name} has {count:,}" for name, count in left_out.items())
        raise InputError(
            f"no class has {min_peaks:,} peaks or more: {found}", remedy="give more peaks, or a lower limit"
        )
    starts = [np.arange(0, size - length + 1, stride, dtype=np.int64) for size in contigs.values()]
    by_contig = [dict(iter(table.groupby("contig"))) for table in kept.values()]
    labels = [
        np.column_stack([_labels(found.get(name), own, length, rule) for found in by_contig])
        for name, own in zip(contigs, starts, strict=True)
    ]
    return GenomeWindows(
        contigs=tuple(contigs),
        classes=tuple(kept),
        numbers=np.repeat(np.arange(len(contigs)), [len(own) for own in starts]),
        starts=np.concatenate(starts),
        labels=np.concatenate(labels),
        length=length,
        left_out=left_out,
    )


def _placed(peaks: pd.DataFrame, contigs: Mapping[str, int], name: str) -> pd.DataFrame:
    """The peaks on these contigs, under the names of the reference."""
    names = ContigNames(contigs)
    contig = peaks["contig"].map({other: names.resolve(other) for other in peaks["contig"].unique()})
    known = peaks.assign(contig=contig)[contig.notna()]
    beyond = known["end"] > known["contig"].map(contigs)
    refuse_other_build(int(beyond.sum()), len(peaks), name, "give the peaks and the reference of one genome")
    return known[~beyond]


def _labels(peaks: pd.DataFrame | None, starts: NDArray[np.int64], length: int, rule: WindowRule) -> NDArray[np.int8]:
    """The labels of the windows of one contig for one class, (N,); None = it has no peak there."""
    if peaks is None:
        return np.full(len(starts), UNKNOWN, dtype=np.int8)
    if rule is WindowRule.SUMMIT:
        summits = np.sort(peaks["centre"].to_numpy(np.int64))
        return (np.searchsorted(summits, starts) < np.searchsorted(summits, starts + length)).astype(np.int8)
    bins = starts + (length - BIN) // 2
    covered = Intervals.union(peaks["start"].to_numpy(), peaks["end"].to_numpy()).covered(bins, bins + BIN)
    return (2 * covered > BIN).astype(np.int8)


def thin_negatives(windows: GenomeWindows, rng: np.random.Generator, *, kept: float = NEGATIVES_KEPT) -> GenomeWindows:
    """Keep all windows that are positive for a class, and a random share of the others, in the same order.

    Args:
        windows: windows of the training set.
        rng: random numbers for the choice.
        kept: share of the other windows that is kept, rounded to a whole number of windows.
    """
    positive = (windows.labels == 1).any(axis=1)
    negatives = rng.permutation(np.flatnonzero(~positive))
    chosen = np.concatenate([np.flatnonzero(positive), negatives[: round(kept * len(negatives))]])
    return windows.take(np.sort(chosen))


def window_codes(windows: GenomeWindows, reference: Reference, rows: Sequence[int] | None = None) -> Codes:
    """Read the sequences of windows.

    Args:
        windows: windows that were cut from this reference.
        reference: the genome.
        rows: numbers of the windows, in any order, such as those of a mini-batch; None = all.

    Returns:
        Base codes, (N, length).
    """
    chosen = windows if rows is None else windows.take(np.asarray(rows, dtype=np.intp))
    codes = np.empty((len(chosen), chosen.length), dtype=np.uint8)
    for row, (number, start) in enumerate(zip(chosen.numbers.tolist(), chosen.starts.tolist(), strict=True)):
        codes[row] = encode(reference.fetch(chosen.contigs[number], start, start + chosen.length))
    return codes
