"""The records of a file in batches: those to annotate with their alleles, and the lines between them unchanged.

The order of the lines is kept, and a batch is bounded in lines, bytes and alleles, so that memory does not grow with
the file. Whole blocks of lines outside the promoters stay one piece of bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from varbind.annotate.earlier_run import keys_of, without_earlier_lines
from varbind.core.variant import Status
from varbind.errors import UsageError
from varbind.io.vcf.records import VcfHeader, VcfRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from varbind.annotate.allele_status import Allele, AlleleStatuses
    from varbind.annotate.counts import AnnotationCounts
    from varbind.io.vcf.variants import VariantFile
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["RecordBatch", "RecordStream", "joined"]

# A batch ends with whichever comes first: alleles to score, pieces, or bytes in memory.
BATCH_PIECES = 4_096
BATCH_BYTES = 1 << 24
PIECE_BYTES = 1_000
"""Memory of the objects that belong to one piece, roughly."""


@dataclass(slots=True)
class RecordBatch:
    """Consecutive lines of a VCF: records to annotate, and unchanged lines around them.

    Attributes:
        pieces: all lines in order; one piece is the line of a record to annotate, or any number of unchanged lines.
        records: the records to annotate.
        places: the index in `pieces` of each of these records.
        alleles: the alternate alleles of each of these records.
        n_records: the number of all records, the unchanged ones included.
        n_to_score: the number of alleles that can be scored.
        size: the memory in bytes, roughly.
    """

    pieces: list[bytes] = field(default_factory=list)
    records: list[VcfRecord] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    alleles: list[Sequence[Allele]] = field(default_factory=list)
    n_records: int = 0
    n_to_score: int = 0
    size: int = 0

    @classmethod
    def unchanged(cls, lines: bytes, n_records: int) -> Self:
        """Lines to copy, of which `n_records` are records; a blank line is none."""
        return cls([lines], n_records=n_records, size=PIECE_BYTES + len(lines))

    @classmethod
    def to_annotate(cls, record: VcfRecord, alleles: Sequence[Allele]) -> Self:
        """One record with its alternate alleles."""
        n_to_score = sum(allele.status is Status.OK for allele in alleles)
        # The line is held twice: as it is, and in fields.
        return cls([record.line], [record], [0], [alleles], 1, n_to_score, PIECE_BYTES + 2 * len(record.line))

    def append(self, other: RecordBatch) -> None:
        """Add the lines that follow."""
        if other.records:
            self.places += [len(self.pieces) + place for place in other.places]
            self.records += other.records
            self.alleles += other.alleles
            self.n_to_score += other.n_to_score
        self.pieces += other.pieces
        self.n_records += other.n_records
        self.size += other.size

    def all_alleles(self) -> list[Allele]:
        """The alternate alleles of all records to annotate, in order."""
        return [allele for alleles in self.alleles for allele in alleles]

    def with_info(self, texts: Iterable[str]) -> bytes:
        """All lines in order, with one text appended to column 8 of each record to annotate."""
        pieces = list(self.pieces)
        for place, record, text in zip(self.places, self.records, texts, strict=True):
            pieces[place] = record.with_info(text)
        return b"".join(pieces)


class RecordStream:
    """The records of a file, in order.

    Args:
        variants: the file.
        prefix: the prefix of every INFO key that will be written.
        overwrite: whether keys of an earlier run with this prefix are removed.

    Raises:
        UsageError: the header declares such keys and `overwrite` is off.

    Attributes:
        header: the header of the file, without the lines of such an earlier run.
    """

    def __init__(self, variants: VariantFile, *, prefix: str, overwrite: bool) -> None:
        self._variants = variants
        self._keys = keys_of(prefix)
        self._key_start = f"{prefix}_".encode()
        self._overwrite = overwrite
        self.header: VcfHeader = variants.header
        if overwrite:
            self.header = without_earlier_lines(variants.header, prefix)
        elif declared := variants.header.declared_keys(self._keys):
            raise self._already_present(declared[0], None)

    def batches(self, statuses: AlleleStatuses, counts: AnnotationCounts) -> Iterator[RecordBatch]:
        """Read the file, in batches of one piece each.

        Args:
            statuses: finds the alleles of each record.
            counts: counts the records read.

        Raises:
            UsageError: a record has keys of an earlier run and `overwrite` is off.
        """

        def to_read(block: VcfBlock) -> NDArray[np.bool_]:
            return ~statuses.stay_unchanged(block, excluded=block.lines_with(self._key_start))

        for lines, n_records, record in self._variants.select(to_read):
            counts.records_read += n_records
            if lines:
                yield RecordBatch.unchanged(lines, n_records)
            if record is not None:
                counts.records_read += 1
                yield self._batch_of(record, statuses)

    def _batch_of(self, record: VcfRecord, statuses: AlleleStatuses) -> RecordBatch:
        record = self._without_earlier_keys(record)
        alleles = statuses.alleles_of(record)
        return RecordBatch.unchanged(record.line, 1) if alleles is None else RecordBatch.to_annotate(record, alleles)

    def _without_earlier_keys(self, record: VcfRecord) -> VcfRecord:
        key = record.first_key(self._keys)
        if key is None:
            return record
        if not self._overwrite:
            raise self._already_present(key, record.number)
        return VcfRecord(record.without_keys(self._keys), record.number, self._variants.name, self.header.columns)

    def _already_present(self, key: str, line: int | None) -> UsageError:
        remedy = "--overwrite replaces it, --prefix NAME writes other keys"
        return UsageError(f"{key} is already present", path=self._variants.name, line=line, remedy=remedy)


def joined(batches: Iterable[RecordBatch], alleles_to_score: int) -> Iterator[RecordBatch]:
    """Join small batches into larger ones of bounded size.

    Args:
        batches: the batches, in order.
        alleles_to_score: the number of alleles to score that fills a batch.
    """
    batch = RecordBatch()
    for following in batches:
        batch.append(following)
        if batch.n_to_score >= alleles_to_score or len(batch.pieces) >= BATCH_PIECES or batch.size >= BATCH_BYTES:
            yield batch
            batch = RecordBatch()
    if batch.pieces:
        yield batch
