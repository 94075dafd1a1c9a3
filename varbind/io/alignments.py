"""Alignments of sequencing reads in BAM, read once from start to end, so that neither an order nor an index is needed.

The path is made absolute, because htslib would download what looks like a URL. CRAM is refused, because htslib may
download the reference of a CRAM.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pysam

from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["AlignedReads", "Alignments", "UncountedRead"]

READS_AT_ONCE = 1 << 17
"""Number of reads of a batch."""

_REPAIR = "write it again with samtools view -b, or fetch it again"


class UncountedRead(StrEnum):
    """Why a record is not counted as a read; the first reason that holds, in this order."""

    UNMAPPED = "unmapped"
    SECONDARY = "secondary"
    SUPPLEMENTARY = "supplementary"
    QC_FAIL = "qc_fail"
    DUPLICATE = "duplicate"


_FLAGS = (
    (pysam.FUNMAP, UncountedRead.UNMAPPED),
    (pysam.FSECONDARY, UncountedRead.SECONDARY),
    (pysam.FSUPPLEMENTARY, UncountedRead.SUPPLEMENTARY),
    (pysam.FQCFAIL, UncountedRead.QC_FAIL),
    (pysam.FDUP, UncountedRead.DUPLICATE),
)
_ANY_FLAG = pysam.FUNMAP | pysam.FSECONDARY | pysam.FSUPPLEMENTARY | pysam.FQCFAIL | pysam.FDUP


@dataclass(frozen=True, slots=True)
class AlignedReads:
    """Some reads with their aligned blocks; deleted and spliced-out bases of the reference are in no block.

    Attributes:
        contigs: number of the contig of each read in the header, int64 (N,).
        reads: number of the read of each block, ascending, int64 (K,).
        starts: first position of each block on the contig, 0-based, int64 (K,).
        ends: position after its last one, int64 (K,).
    """

    contigs: NDArray[np.int64]
    reads: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class Alignments(AbstractContextManager["Alignments"]):
    """A BAM that is read once.

    Args:
        path: path of the BAM.

    Raises:
        InputError: the file cannot be read, is not a BAM, is cut off, or names no contigs.

    Attributes:
        path: the path as given.
        size: the size of the file in bytes; 0 for a pipe.
        contigs: the length of every contig in bases, in the order of the header.
        uncounted: number of records so far that are not counted as reads, by reason.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.size = Path(path).stat().st_size
            self._bam = pysam.AlignmentFile(str(Path(path).absolute()), "rb", check_sq=False)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        if not self._bam.is_bam:
            self._bam.close()
            raise InputError("not a BAM", path=path, remedy="convert it: samtools view -b")
        self.contigs: dict[str, int] = dict(zip(self._bam.references, self._bam.lengths, strict=True))
        self.uncounted: Counter[UncountedRead] = Counter()
        if not self.contigs:
            self._bam.close()
            remedy = "give the BAM of an alignment to a genome"
            raise InputError("its header names no contigs", path=path, remedy=remedy)

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):  # htslib reports damage again when a file is closed
            self._bam.close()

    @property
    def position(self) -> int:
        """The number of bytes of the file that were read so far."""
        offset: int = self._bam.tell()
        return offset >> 16

    def batches(self) -> Iterator[AlignedReads]:
        """Read the primary, mapped, distinct reads in the order of the file, some at a time.

        Each mate of a pair is a read. Records with a flag of `UncountedRead` are left out and counted; a record without
        a contig or an aligned base is unmapped.

        Raises:
            InputError: the file is damaged or cut off.
        """
        contigs: list[int] = []
        blocks: list[tuple[int, int, int]] = []
        try:
            for record in self._bam.fetch(until_eof=True):
                aligned = self._blocks(record)
                if aligned:
                    blocks += [(len(contigs), start, end) for start, end in aligned]
                    contigs.append(record.reference_id)
                if len(contigs) == READS_AT_ONCE:
                    yield _aligned_reads(contigs, blocks)
                    contigs, blocks = [], []
        except (OSError, ValueError) as error:
            raise InputError(f"is damaged or cut off: {error}", path=self.path, remedy=_REPAIR) from error
        if contigs:
            yield _aligned_reads(contigs, blocks)

    def _blocks(self, record: pysam.AlignedSegment) -> list[tuple[int, int]]:
        """The aligned blocks of a record that is counted; none for others, which are added to `uncounted`."""
        if record.flag & _ANY_FLAG:
            self.uncounted[next(reason for flag, reason in _FLAGS if record.flag & flag)] += 1
            return []
        blocks: list[tuple[int, int]] = record.get_blocks() if record.reference_id >= 0 else []
        if not blocks:
            self.uncounted[UncountedRead.UNMAPPED] += 1
        return blocks

    def _unreadable(self, error: OSError | ValueError) -> InputError:
        if isinstance(error, OSError) and error.errno:
            return InputError(f"cannot be read: {os.strerror(error.errno)}", path=self.path)
        if "truncated" in str(error):
            return InputError("is cut off: its end marker is missing", path=self.path, remedy=_REPAIR)
        return InputError("not a BAM", path=self.path, remedy="convert it: samtools view -b")


def _aligned_reads(contigs: list[int], blocks: list[tuple[int, int, int]]) -> AlignedReads:
    columns = np.array(blocks, dtype=np.int64).T
    return AlignedReads(np.array(contigs, dtype=np.int64), *columns)
