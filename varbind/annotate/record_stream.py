"""Records as they come in: cleaned of our own keys where asked, sorted by what can be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.allele_status import Allele
from varbind.annotate.earlier_run import keys_of, without_earlier_lines
from varbind.core.variant import Status
from varbind.errors import UsageError
from varbind.io.vcf.records import VcfHeader, VcfRecord, is_blank
from varbind.io.vcf.vcf_block import VcfBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from varbind.annotate.allele_status import Triage
    from varbind.annotate.counts import Tally
    from varbind.io.vcf.variants import VariantFile

__all__ = ["Entry", "Intake", "Untouched", "batches", "entry_size"]

# A batch ends with whichever comes first: alleles to score, entries, or bytes of text.
BATCH_ENTRIES = 4_096
BATCH_BYTES = 1 << 24
ENTRY_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Untouched:
    """Lines that are passed on as they are.

    Attributes:
        data: the lines.
        records: how many of them are records; a blank line is none.
    """

    data: bytes
    records: int


Entry = tuple[VcfRecord, list[Allele]] | Untouched
"""A record with its alleles, or lines to pass on."""


class Intake:
    """The entries of a file, in order.

    Args:
        variants: the file.
        prefix: of our keys.
        overwrite: take our keys away where the file has them.

    Raises:
        UsageError: the file has our keys and `overwrite` is off.

    Attributes:
        header: the file's header, free of our keys.
        is_sorted: whether the records read so far can be indexed.
        has_blank_lines: whether a blank line was met so far.
    """

    def __init__(self, variants: VariantFile, *, prefix: str, overwrite: bool) -> None:
        self._variants = variants
        self._prefix = prefix
        self._overwrite = overwrite
        self.is_sorted = True
        self.has_blank_lines = any(map(is_blank, variants.header.lines))
        self._chrom, self._pos = "", -1
        self._finished: set[str] = set()
        self.header: VcfHeader = variants.header
        if overwrite:
            self.header = without_earlier_lines(variants.header, prefix)
        elif declared := variants.header.declared_keys(keys_of(prefix)):
            raise self._already(declared[0], None)

    def entries(self, triage: Triage, tally: Tally) -> Iterator[Entry]:
        """Every line with what can be done with it."""
        for item in self._variants.blocks():
            if isinstance(item, VcfBlock):
                yield from self._entries_of(item, triage, tally)
            elif isinstance(item, bytes):
                self.has_blank_lines = True
                yield Untouched(item, 0)
            else:
                self._watch(item.chrom, np.array([item.pos]))
                yield self._entry(item, triage, tally)

    def _entries_of(self, block: VcfBlock, triage: Triage, tally: Tally) -> Iterator[Entry]:
        for chrom, first, last in block.runs:
            self._watch(chrom, block.pos[first:last])
        passed = triage.pass_on(block, held=block.lines_with(f"{self._prefix}_".encode()))
        line = 0
        for other in [*np.flatnonzero(~passed).tolist(), len(block)]:
            if line < other:
                tally.records_read += other - line
                yield Untouched(block.lines(line, other), other - line)
            if other < len(block):
                yield self._entry(block.record(other), triage, tally)
            line = other + 1

    def _entry(self, record: VcfRecord, triage: Triage, tally: Tally) -> Entry:
        tally.records_read += 1
        record = self._without_ours(record)
        alleles = triage.sort(record)
        return Untouched(record.line, 1) if alleles is None else (record, alleles)

    def _watch(self, chrom: str, pos: NDArray[np.int64]) -> None:
        """See whether successive records of one contig can be indexed."""
        moved = chrom != self._chrom
        self.is_sorted &= chrom not in self._finished if moved else int(pos[0]) >= self._pos
        self.is_sorted &= bool((pos[1:] >= pos[:-1]).all())
        self._chrom, self._pos = chrom, int(pos[-1])
        self._finished.add(chrom)

    def _without_ours(self, record: VcfRecord) -> VcfRecord:
        keys = keys_of(self._prefix)
        key = record.first_key(keys)
        if key is None:
            return record
        if not self._overwrite:
            raise self._already(key, record.number)
        columns = self.header.columns
        return VcfRecord(record.without_keys(keys), record.number, self._variants.name, columns)

    def _already(self, key: str, line: int | None) -> UsageError:
        remedy = "--overwrite replaces it, --prefix NAME writes other keys"
        return UsageError(f"{key} is already present", path=self._variants.name, line=line, remedy=remedy)


def entry_size(entry: Entry) -> int:
    """Bytes that it holds in memory, roughly: its lines, a record's once more in fields, and objects about it."""
    return ENTRY_BYTES + (len(entry.data) if isinstance(entry, Untouched) else 2 * len(entry[0].line))


def batches(entries: Iterable[Entry], alleles_to_score: int) -> Iterator[list[Entry]]:
    """Entries in pieces of bounded size."""
    batch: list[Entry] = []
    scored = size = 0
    for entry in entries:
        batch.append(entry)
        if not isinstance(entry, Untouched):
            scored += sum(allele.status is Status.OK for allele in entry[1])
        size += entry_size(entry)
        if scored >= alleles_to_score or len(batch) >= BATCH_ENTRIES or size >= BATCH_BYTES:
            yield batch
            batch, scored, size = [], 0, 0
    if batch:
        yield batch
