"""The part of a genome whose reads are counted: the contigs of a BAM without mitochondria and blacklisted intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.core.contigs import ContigNames, is_mitochondrial
from varbind.core.intervals import Intervals
from varbind.datasets.peaks import read_peaks, refuse_other_build
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from varbind.io.alignments import Alignments

__all__ = ["ONE_GENOME", "CountedGenome"]

ONE_GENOME = "give all files of one genome, with the same names of contigs"
"""The remedy where two files are of different genomes."""


@dataclass(frozen=True, slots=True)
class CountedGenome:
    """The contigs of a BAM on one axis, with a gap of one position behind each, and what is left out of them.

    Attributes:
        path: path of the BAM.
        contigs: the length of every contig.
        lengths: the same, int64 (C,).
        offsets: position of the first base of each contig on the axis, int64 (C,).
        mitochondrial: whether a contig is left out, bool (C,).
        blacklist: the intervals that are left out, on the axis.
    """

    path: str
    contigs: Mapping[str, int]
    lengths: NDArray[np.int64]
    offsets: NDArray[np.int64]
    mitochondrial: NDArray[np.bool_]
    blacklist: Intervals

    @classmethod
    def of(cls, alignments: Alignments, *, blacklist: str | None, mitochondria: Sequence[str]) -> Self:
        """Return the genome of a BAM.

        Args:
            alignments: the BAM.
            blacklist: path of BED intervals that are left out.
            mitochondria: contigs that are left out; none = those with a common name of the mitochondrial sequence.

        Raises:
            InputError: the blacklist is malformed or of another genome.
            UsageError: the BAM has no contig of a name in `mitochondria`.
        """
        contigs = alignments.contigs
        for name in mitochondria:
            if name not in contigs:
                what, first = f"--mitochondria names {name}, which the BAM does not have", next(iter(contigs))
                raise UsageError(what, path=alignments.path, remedy=f"name some of its contigs, as {first}")
        lengths = np.array(list(contigs.values()), dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]])
        left_out = [name in mitochondria if mitochondria else is_mitochondrial(name) for name in contigs]
        genome = cls(alignments.path, contigs, lengths, offsets, np.array(left_out), Intervals.union([], []))
        return genome if blacklist is None else replace(genome, blacklist=genome.union_of(blacklist))

    @property
    def bases(self) -> int:
        """The number of bases that are not left out."""
        counted = self.lengths - self.blacklist.covered(self.offsets, self.offsets + self.lengths)
        return int(counted[~self.mitochondrial].sum())

    def union_of(self, path: str) -> Intervals:
        """Read BED intervals; return their union on the axis, without those on contigs that the BAM does not have.

        Raises:
            InputError: the file is malformed or of another genome.
        """
        listed = read_peaks(path)
        numbers = self.numbers(listed, path)
        known, own = listed[numbers >= 0], numbers[numbers >= 0]
        ends = known["end"].to_numpy(np.int64)
        refuse_other_build(int((ends > self.lengths[own]).sum()), len(listed), path, ONE_GENOME)
        return Intervals.union(*self.place(own, known["start"].to_numpy(np.int64), ends))

    def numbers(self, peaks: pd.DataFrame, path: str) -> NDArray[np.int64]:
        """The number of the contig of each peak, -1 where the BAM does not have it, (P,).

        Raises:
            InputError: the BAM has none of the contigs.
        """
        names, ranks = ContigNames(self.contigs), {name: rank for rank, name in enumerate(self.contigs)}
        number_of = {name: ranks.get(names.resolve(name) or "", -1) for name in peaks["contig"].unique()}
        if max(number_of.values()) < 0:
            found, there = next(iter(number_of)), next(iter(ranks))
            what = f"no contig is one of {self.path}: found {found}, ..., there {there}, ..."
            raise InputError(what, path=path, remedy=ONE_GENOME)
        return peaks["contig"].map(number_of).to_numpy(np.int64)

    def place(
        self, contigs: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Starts and ends on the axis, up to the end of the contig.

        Args:
            contigs: number of the contig of each interval, (N,).
            starts: first position of each interval on its contig, 0-based, (N,).
            ends: position after its last one, (N,).
        """
        offset, length = self.offsets[contigs], self.lengths[contigs]
        return offset + np.minimum(starts, length), offset + np.minimum(ends, length)
