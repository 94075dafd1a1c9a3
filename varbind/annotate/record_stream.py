"""The records of a file in batches: those to annotate with their alleles, and the lines between them unchanged.

The order of the lines is kept, and a batch is bounded in lines, bytes and alleles, so that memory does not grow with
the file. Whole blocks of lines outside the promoters stay one piece of bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from varbind.annotate.provenance import keys_of, without_earlier_lines
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
    from varbind.io.vcf.vcf_block import Selected, VcfBlock

__all__ = ["KnownLines", "Piece", "RecordBatch", "RecordStream", "batches_of"]

# A batch ends with whichever comes first: alleles to score, pieces, or bytes in memory.
BATCH_PIECES = 4_096
BATCH_BYTES = 1 << 24
PIECE_BYTES = 1_000
"""Memory of the objects that belong to one piece, roughly."""


class KnownLines(Protocol):
    """Annotates lines whose values are known already."""

    def annotate(self, block: VcfBlock, lines: NDArray[np.bool_]) -> tuple[VcfBlock, NDArray[np.bool_]]:
        """The block of N lines with all values that are known of some lines, bool (N,); and these lines, bool (N,)."""


class Piece(NamedTuple):
    """One record with its line, or any number of lines that stay unchanged.

    There is a piece for every record to annotate, so pieces have to be small and fast to make.

    Attributes:
        lines: the lines.
        n_records: the number of records in these lines; a blank line is none.
        record: the record to annotate; None for unchanged lines.
        alleles: the alternate alleles of this record.
    """

    lines: bytes
    n_records: int
    record: VcfRecord | None = None
    alleles: Sequence[Allele] = ()

    @property
    def size(self) -> int:
        """The memory in bytes, roughly; the line of a record is held twice, as it is and in fields."""
        return PIECE_BYTES + len(self.lines) * (1 if self.record is None else 2)


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

    def append(self, piece: Piece) -> None:
        """Add the piece that follows."""
        if piece.record is not None:
            self.places.append(len(self.pieces))
            self.records.append(piece.record)
            self.alleles.append(piece.alleles)
            for allele in piece.alleles:
                self.n_to_score += allele.status is Status.OK
        self.pieces.append(piece.lines)
        self.n_records += piece.n_records
        self.size += piece.size

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

    def pieces(
        self, statuses: AlleleStatuses, counts: AnnotationCounts, *, known: KnownLines | None = None
    ) -> Iterator[Piece]:
        """Read the file, piece by piece.

        Args:
            statuses: finds the alleles of each record.
            counts: counts the records read.
            known: annotates lines whose values are known already, which then are lines that stay unchanged.

        Raises:
            UsageError: a record has keys of an earlier run and `overwrite` is off.
        """

        def selected(block: VcfBlock) -> Iterator[Selected]:
            has_key = block.lines_with(self._key_start)
            to_read = ~statuses.stay_unchanged(block, excluded=has_key)
            if known is not None:
                block, is_known = known.annotate(block, to_read & ~has_key)
                to_read &= ~is_known
            return block.select(to_read)

        for lines, n_records, record in self._variants.divide(selected):
            counts.records_read += n_records
            if lines:
                yield Piece(lines, n_records)
            if record is not None:
                counts.records_read += 1
                yield self._piece_of(record, statuses)

    def _piece_of(self, record: VcfRecord, statuses: AlleleStatuses) -> Piece:
        record = self._without_earlier_keys(record)
        alleles = statuses.alleles_of(record)
        return Piece(record.line, 1) if alleles is None else Piece(record.line, 1, record, alleles)

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


def batches_of(pieces: Iterable[Piece], alleles_to_score: int) -> Iterator[RecordBatch]:
    """Join pieces into batches of bounded size.

    Args:
        pieces: the pieces, in order.
        alleles_to_score: the number of alleles to score that fills a batch.
    """
    batch = RecordBatch()
    for piece in pieces:
        batch.append(piece)
        if batch.n_to_score >= alleles_to_score or len(batch.pieces) >= BATCH_PIECES or batch.size >= BATCH_BYTES:
            yield batch
            batch = RecordBatch()
    if batch.pieces:
        yield batch
