"""The quality of peaks from the reads behind them: FRiP, and the corrected FRiP of DeepGMAP.

FRiP is the fraction of reads in peaks. It may be inflated where there are few reads, so DeepGMAP (Onimaru et al. 2018,
Methods, "FRiP calculation and correction") multiplies it by the fraction of the genome that at least one read covers:
cFRiP. There, mitochondria and blacklisted regions are removed from the peaks before. The paper does not say whether
their reads count in the total, nor whether their bases count in the genome. Here they do not, so that each number is
about the same part of the genome.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.intervals import Intervals
from varbind.datasets.peaks import read_peaks, refuse_other_build
from varbind.errors import InputError
from varbind.evaluate.counted_genome import ONE_GENOME, CountedGenome
from varbind.io.alignments import Alignments, UncountedRead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.progress import Progress
    from varbind.io.alignments import AlignedReads

__all__ = ["QUALITY_COLUMNS", "ExcludedRegion", "PeakQuality", "UncountedPeak", "measure_peak_quality"]


class ExcludedRegion(StrEnum):
    """A part of the genome whose reads and bases are not counted."""

    MITOCHONDRIAL = "mitochondrial"
    BLACKLISTED = "blacklisted"


class UncountedPeak(StrEnum):
    """Why a peak is left out; the first reason that holds, in this order."""

    NO_CONTIG = "no_contig"
    OFF_CONTIG = "off_contig"
    MITOCHONDRIAL = "mitochondrial"
    BLACKLISTED = "blacklisted"


@dataclass(frozen=True, slots=True)
class PeakQuality:
    """The quality of the peaks of one data set.

    Attributes:
        reads: number of reads that count.
        reads_in_peaks: number of those among them that overlap a peak by one base or more.
        genome_bases: number of bases of the genome without the excluded regions.
        covered_bases: number of those among them that a read that counts covers.
        peaks: number of peaks that count.
        uncounted_peaks: number of peaks that are left out, by reason.
        excluded_reads: number of reads in excluded regions.
        uncounted_reads: number of records that are no reads of their own, by reason.
    """

    reads: int
    reads_in_peaks: int
    genome_bases: int
    covered_bases: int
    peaks: int
    uncounted_peaks: Counter[UncountedPeak]
    excluded_reads: Counter[ExcludedRegion]
    uncounted_reads: Counter[UncountedRead]

    @property
    def frip(self) -> float:
        """The fraction of reads in peaks."""
        return self.reads_in_peaks / self.reads

    @property
    def covered(self) -> float:
        """The fraction of the genome that at least one read covers."""
        return self.covered_bases / self.genome_bases

    @property
    def cfrip(self) -> float:
        """FRiP times the covered fraction of the genome."""
        return self.frip * self.covered

    def sentence(self) -> str:
        """What was measured, and which peaks were left out, in one line."""
        peaks = f"{self.peaks:,} peaks{_listed(self.uncounted_peaks, ' were left out')}"
        return (
            f"{self.reads_in_peaks:,} of {self.reads:,} reads overlap {peaks}; "
            f"reads cover {self.covered:.2%} of {self.genome_bases:,} bases"
        )

    def cells(self) -> tuple[str | float, ...]:
        """The row of a table with `QUALITY_COLUMNS`, without its first two cells; whole numbers are text."""
        counts = [
            *(self.uncounted_peaks[reason] for reason in UncountedPeak),
            *(self.excluded_reads[region] for region in ExcludedRegion),
            *(self.uncounted_reads[reason] for reason in UncountedRead),
        ]
        shares = (self.frip, self.covered, self.cfrip)
        own = (self.reads, self.reads_in_peaks, self.covered_bases, self.genome_bases, self.peaks)
        return (*shares, *map(str, own), *map(str, counts))


QUALITY_COLUMNS: tuple[tuple[str, type], ...] = (
    *((name, str) for name in ("bam", "peak_file")),
    *((name, float) for name in ("frip", "covered", "cfrip")),
    *((name, int) for name in ("reads", "reads_in_peaks", "covered_bases", "genome_bases", "peaks")),
    *((f"peaks_{reason}", int) for reason in UncountedPeak),
    *((f"reads_{region}", int) for region in ExcludedRegion),
    *((f"reads_{reason}", int) for reason in UncountedRead),
)
"""The columns of a table of qualities, with the types of their values."""


def measure_peak_quality(
    bam: str,
    peaks: str,
    *,
    blacklist: str | None = None,
    mitochondria: Sequence[str] = (),
    progress: Progress | None = None,
) -> PeakQuality:
    """Measure FRiP and cFRiP of peaks with the reads of a BAM, which need be neither sorted nor indexed.

    A read counts if it is mapped, primary, and not marked as a duplicate or as failing quality controls; each mate of a
    pair is a read. It covers the bases to which its own bases are aligned, without extension to a fragment. A peak that
    overlaps a blacklisted interval is left out whole, and so is a read that does.

    Args:
        bam: path of the alignments.
        peaks: path of the peaks (`read_peaks`).
        blacklist: path of BED intervals that are left out.
        mitochondria: contigs that are left out; none = those with a common name of the mitochondrial sequence.
        progress: called with the bytes that were read and the size of the BAM.

    Raises:
        InputError: a file is malformed, the names of the contigs do not match, or nothing is left to count.
        UsageError: the BAM has no contig of a name in `mitochondria`.
    """
    with Alignments(bam) as alignments:
        genome = CountedGenome.of(alignments, blacklist=blacklist, mitochondria=mitochondria)
        placed, uncounted_peaks = _placed_peaks(peaks, genome)
        tally = _Tally(genome, placed.union)
        for reads in alignments.batches():
            tally.add(reads)
            if progress is not None:
                progress(alignments.position, alignments.size or None)
    if not tally.reads:
        what = "holds no read that counts" + _listed(dict(alignments.uncounted) | dict(tally.excluded))
        raise InputError(what, path=bam, remedy="give the BAM of an alignment to a genome")
    return PeakQuality(
        reads=tally.reads,
        reads_in_peaks=tally.in_peaks,
        genome_bases=genome.bases,
        covered_bases=tally.covered.total,
        peaks=placed.count,
        uncounted_peaks=uncounted_peaks,
        excluded_reads=tally.excluded,
        uncounted_reads=alignments.uncounted,
    )


@dataclass(frozen=True, slots=True)
class _Peaks:
    """The number of peaks that count, and their union on the axis of the genome."""

    count: int
    union: Intervals


def _placed_peaks(path: str, genome: CountedGenome) -> tuple[_Peaks, Counter[UncountedPeak]]:
    """The peaks that count, and how many do not."""
    peaks = read_peaks(path)
    numbers = genome.numbers(peaks, path)
    ends = peaks["end"].to_numpy(np.int64)
    starts_at, ends_at = genome.place(numbers, peaks["start"].to_numpy(np.int64), ends)
    reason = np.select(
        [
            numbers < 0,
            ends > genome.lengths[numbers],
            genome.mitochondrial[numbers],
            genome.blacklist.covered(starts_at, ends_at) > 0,
        ],
        list(UncountedPeak),
        "",
    )
    uncounted = Counter(UncountedPeak(word) for word in reason if word)
    beyond, counted = uncounted[UncountedPeak.OFF_CONTIG], reason == ""
    refuse_other_build(beyond, len(peaks), path, ONE_GENOME)
    if not counted.any():
        what = "holds no peak that counts" + _listed(uncounted)
        raise InputError(what, path=path, remedy="give the peaks that were called from these reads")
    return _Peaks(int(counted.sum()), Intervals.union(starts_at[counted], ends_at[counted])), uncounted


class _Tally:
    """What the reads so far add up to."""

    def __init__(self, genome: CountedGenome, peaks: Intervals) -> None:
        self._genome = genome
        self._peaks = peaks
        self.reads = self.in_peaks = 0
        self.covered = Intervals.union([], [])
        self.excluded: Counter[ExcludedRegion] = Counter()

    def add(self, batch: AlignedReads) -> None:
        """Count the reads of a batch."""
        starts, ends = self._genome.place(batch.contigs[batch.reads], batch.starts, batch.ends)
        mitochondrial = self._genome.mitochondrial[batch.contigs]
        blacklisted = _reads_in(self._genome.blacklist, batch, starts, ends) & ~mitochondrial
        counted = ~(mitochondrial | blacklisted)
        in_peaks = _reads_in(self._peaks, batch, starts, ends)
        own = counted[batch.reads]
        self.reads += int(counted.sum())
        self.in_peaks += int((in_peaks & counted).sum())
        self.excluded[ExcludedRegion.MITOCHONDRIAL] += int(mitochondrial.sum())
        self.excluded[ExcludedRegion.BLACKLISTED] += int(blacklisted.sum())
        self.covered = Intervals.union(
            np.concatenate([self.covered.starts, starts[own]]), np.concatenate([self.covered.ends, ends[own]])
        )


def _reads_in(
    intervals: Intervals, batch: AlignedReads, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether a block of each read overlaps one of the intervals, (N,)."""
    hits = batch.reads[intervals.covered(starts, ends) > 0]
    found: NDArray[np.bool_] = np.bincount(hits, minlength=len(batch.contigs)) > 0
    return found


def _listed(counts: Mapping[Any, int], what: str = "") -> str:
    """The counts that are not 0, in brackets with what they are; empty if there are none."""
    words = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    return f" ({words}{what})" * bool(words)
