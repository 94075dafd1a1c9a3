"""Records as they come in: cleaned of our own keys where asked, sorted by what can be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.core.variant import Status
from varbind.errors import UsageError
from varbind.io.vcf import VcfHeader, VcfRecord
from varbind.pipeline.triage import Allele

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from varbind.core.tally import Tally
    from varbind.io.variants import VariantFile
    from varbind.pipeline.triage import Triage

__all__ = ["Entry", "Intake", "batches", "entry_size"]

# A batch ends with whichever comes first: alleles to score, records, or bytes of text.
BATCH_RECORDS = 4_096
BATCH_BYTES = 1 << 24
ENTRY_BYTES = 1_000

Entry = tuple[VcfRecord | bytes, list[Allele] | None]
"""A record with its alleles, or None to pass it on untouched; or a line that is no record."""


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
    """

    def __init__(self, variants: VariantFile, *, prefix: str, overwrite: bool) -> None:
        self._variants = variants
        self._prefix = prefix
        self._overwrite = overwrite
        self.is_sorted = True
        self.header: VcfHeader = variants.header
        if overwrite:
            self.header = variants.header.without_ours(prefix)
        elif key := variants.header.declared_key(prefix):
            raise self._already(key, None)

    def entries(self, triage: Triage, tally: Tally) -> Iterator[Entry]:
        """Every line with what can be done with it."""
        chrom, pos = "", -1
        finished: set[str] = set()
        for item in self._variants:
            if isinstance(item, bytes):
                yield item, None
                continue
            tally.records_read += 1
            moved = item.chrom != chrom
            self.is_sorted &= item.chrom not in finished if moved else item.pos >= pos
            chrom, pos = item.chrom, item.pos
            finished.add(chrom)
            record = self._without_ours(item)
            yield record, triage.sort(record)

    def _without_ours(self, record: VcfRecord) -> VcfRecord:
        key = record.used_key(self._prefix)
        if key is None:
            return record
        if not self._overwrite:
            raise self._already(key, record.number)
        columns = self.header.columns
        return VcfRecord(record.without_info(self._prefix), record.number, self._variants.name, columns)

    def _already(self, key: str, line: int | None) -> UsageError:
        remedy = "--overwrite replaces it, --prefix NAME writes other keys"
        return UsageError(f"{key} is already present", path=self._variants.name, line=line, remedy=remedy)


def entry_size(entry: Entry) -> int:
    """Bytes that it holds in memory, roughly: its line, once more in fields, and objects about it."""
    item = entry[0]
    return 2 * len(item.line if isinstance(item, VcfRecord) else item) + ENTRY_BYTES


def batches(entries: Iterable[Entry], alleles_to_score: int) -> Iterator[list[Entry]]:
    """Entries in pieces of bounded size."""
    batch: list[Entry] = []
    scored = size = 0
    for entry in entries:
        batch.append(entry)
        scored += sum(allele.status is Status.OK for allele in entry[1] or ())
        size += entry_size(entry)
        if scored >= alleles_to_score or len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            yield batch
            batch, scored, size = [], 0, 0
    if batch:
        yield batch
