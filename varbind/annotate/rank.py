"""Makes a sorted table of an annotated VCF, with one row per allele and gene, the largest value first.

record -> alleles -> rows -> order -> table
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.info_reader import UNANNOTATED, AnnotatedAllele, DeclaredKeys, alleles_of
from varbind.annotate.rank_columns import RankColumns
from varbind.annotate.sort_order import SortOrder
from varbind.annotate.sorted_rows import SortedRows
from varbind.core.progress import estimated_total
from varbind.core.transcript import CODING_REGIONS
from varbind.io.output.output_paths import check_outputs
from varbind.io.output.typed_table import TypedTable
from varbind.io.vcf.genotypes import SampleGenotypes
from varbind.io.vcf.info_values import declared_fields, info_values, is_missing
from varbind.io.vcf.variants import VariantFile, open_variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from varbind.core.progress import Progress
    from varbind.io.vcf.records import VcfRecord
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["RankCounts", "RankSettings", "rank_vcf"]

_RECORDS_BETWEEN_REPORTS = 1 << 12
_ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class RankSettings:
    """The choice of the rows and columns of a table, and their order.

    Attributes:
        by: the key to sort by, with or without its prefix and in upper or lower case; or `binding`, which is the
            larger of LOSS_PHRED and GAIN_PHRED. None = CONS_PHRED where the header declares it, else PHRED, else
            binding. ACTIVITY is sorted by its absolute value, and TSSDIST by the smallest one.
        prefix: the prefix of the keys.
        top: the number of rows to write; None = all.
        unscored: whether alleles without a score are written too, after all others.
        coding: whether alleles in a coding sequence or a splice site are written too, as REGION states them for each
            gene; their effect on the protein or on splicing may matter more than that on the promoter.
        info: further INFO fields that become columns.
        samples: the samples whose carriers and genotypes become columns; empty = all samples, None = no such columns.
        inputs: the files that were read for these settings; the table may not replace them.
    """

    by: str | None = None
    prefix: str = "VARBIND"
    top: int | None = None
    unscored: bool = False
    coding: bool = False
    info: tuple[str, ...] = ()
    samples: tuple[str, ...] | None = None
    inputs: tuple[str, ...] = ()


@dataclass(slots=True)
class RankCounts:
    """The counts of one table.

    Attributes:
        order: the keys by which the rows are sorted.
        records: the records of the input.
        unannotated: the records that are left out because they have no key of varbind.
        without_alt: the records that are left out because they have no alternate allele.
        alleles: the alternate alleles of all other records.
        left_out: the alleles without a score, by reason.
        coding: the rows that are left out because the allele lies in a coding sequence or a splice site of the gene.
        rows: the rows of the table.
        cut: the rows beyond the number wanted.
        sortable: the alleles of the table with a value to sort by.
        unsortable: the scored alleles of the table without one; they come after those with one.
        without_genotypes: the records with a ranked allele whose FORMAT has no GT, if carriers were requested.
        with_info: the number of ranked alleles with a value, by the key of each further INFO field.
    """

    order: SortOrder = field(default_factory=SortOrder)
    records: int = 0
    unannotated: int = 0
    without_alt: int = 0
    alleles: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    coding: int = 0
    rows: int = 0
    cut: int = 0
    sortable: int = 0
    unsortable: int = 0
    without_genotypes: int = 0
    with_info: Counter[str] = field(default_factory=Counter)

    def sentence(self) -> str:
        """The counts in one line."""
        reasons = [f"{reason} {count:,}" for reason, count in sorted(self.left_out.items())]
        whole = {UNANNOTATED: self.unannotated, "without an alternate allele": self.without_alt}
        others = self.records - self.unannotated - self.without_alt
        read = f"{self.records:,} records read, {self.alleles:,} alleles in {others:,} of them"
        prefix = f"{self.order.prefix}_"
        parts = [f"{read}, {self.rows:,} rows sorted by {self.order.in_words(prefix)} ({self.order.origin})"]
        if self.sortable and self.unsortable:
            parts.append(f"{self.unsortable:,} scored alleles without {self.order.keys_in_words(prefix)} come last")
        parts += ["alleles left out: " + ", ".join(reasons)] if reasons else []
        parts += [f"{count:,} records {why}" for why, count in whole.items() if count]
        parts += [f"{self.coding:,} rows of coding sequences and splice sites left out"] if self.coding else []
        parts += [f"{self.cut:,} rows beyond --top"] if self.cut else []
        return "; ".join(parts)

    def warnings(self) -> list[str]:
        """What may be wrong with the table, one sentence each."""
        found = []
        if self.rows and not self.sortable:
            found.append("no allele has a value to sort by; the rows are in the order of the input")
        found += [f"no allele of the table has a value of {key}" for key, count in self.with_info.items() if not count]
        if self.without_genotypes:
            what = "have no GT in FORMAT; their carriers and genotypes are empty"
            found.append(f"{self.without_genotypes:,} records {what}")
        return found


def rank_vcf(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str] = "-",
    *,
    settings: RankSettings | None = None,
    progress: Progress | None = None,
) -> RankCounts:
    r"""Write the alleles of an annotated VCF or BCF as a table, the largest value first.

    Missing values come last, and ties keep the order of the input. A byte that is not UTF-8 becomes `\xNN`.

    Args:
        source: the annotated variants; `-` is standard input.
        destination: the path of the table: `.tsv`, `.tsv.gz`, `.csv`, `.csv.gz` or `.parquet`; `-` is standard output.
            A file appears complete or not at all.
        settings: the choice of rows and columns.
        progress: called with the number of records read, and with their number in the whole file, which is estimated
            from the share of the bytes that has been read.

    Returns:
        The counts of records and alleles that were read, written and left out.

    Raises:
        InputError: the file is broken, or was not annotated.
        UsageError: the header does not declare the key to sort by or an INFO field, a sample is not in the file, the
            output is an input or of an unknown kind, or pyarrow is needed and missing.
        OutputError: the table cannot be written.
    """
    settings = settings or RankSettings()
    source, destination = os.fspath(source), os.fspath(destination)
    check_outputs(destination, [source, *settings.inputs])
    counts = RankCounts()
    with TypedTable(destination) as out, open_variants(source) as variants:
        table = _RankedTable(variants, settings, counts)
        for record in _records(variants, counts, progress, word=None if settings.unscored else f"{settings.prefix}_"):
            table.add(record)
        out.write(table.columns.all, table.frames(), number_text=_number)
    return counts


def _records(
    variants: VariantFile, counts: RankCounts, progress: Progress | None, *, word: str | None
) -> Iterator[VcfRecord]:
    """The records to rank. If a word is given, lines without it are skipped, because most lie outside promoters."""

    def wanted(block: VcfBlock) -> NDArray[np.bool_]:
        return np.ones(len(block), dtype=np.bool_) if word is None else block.lines_with(word.encode())

    reported = 0
    for _, n_skipped, record in variants.select(wanted):
        counts.records += n_skipped
        counts.unannotated += n_skipped
        if record is not None:
            counts.records += 1
            yield record
        if progress and counts.records >= reported + _RECORDS_BETWEEN_REPORTS:
            reported = counts.records
            progress(reported, estimated_total(reported, variants.fraction_read()), "records")


class _RankedTable:
    """The rows of the alleles of a file.

    Args:
        variants: the file, of which the header is read.
        settings: the choice of rows and columns.
        counts: counts the alleles and rows.

    Attributes:
        columns: the columns of the table.
    """

    def __init__(self, variants: VariantFile, settings: RankSettings, counts: RankCounts) -> None:
        header, self._path = variants.header, variants.name
        self._settings, self._counts = settings, counts
        self._keys = DeclaredKeys.of(header, settings.prefix, self._path)
        counts.order = SortOrder.of(settings.by, self._keys, self._path)
        self._value = counts.order.reader(self._keys)
        self._info = declared_fields(header, settings.info, self._path)
        named = settings.samples
        self._samples = None if named is None else SampleGenotypes(header, named, self._path)
        self.columns = RankColumns(self._keys, self._info, samples=self._samples is not None)
        self._rows = SortedRows(self.columns.of_record, settings.top)

    def add(self, record: VcfRecord) -> None:
        """Add the alleles of a record."""
        alleles = self._alleles(record)
        further = self._further_cells(record) if alleles else []
        for place, allele in alleles:
            value, is_scored = self._value(allele), not allele.why_not
            for field_, cell in zip(self._info, further[place], strict=False):
                self._counts.with_info[field_.key] += not is_missing(cell)
            rows = list(self.columns.rows(record, place, allele, further[place]))
            kept = [row for region, row in rows if self._settings.coding or region not in CODING_REGIONS]
            self._counts.coding += len(rows) - len(kept)
            if kept and not isnan(value):
                self._counts.sortable += 1
            elif kept and is_scored:
                self._counts.unsortable += 1
            for row in kept:
                self._rows.add(row, value, scored=is_scored)

    def frames(self) -> Iterator[pd.DataFrame]:
        """The complete rows in order, some at a time."""
        table = self._rows.table()
        self._counts.rows, self._counts.cut = len(table), self._rows.added - len(table)
        for start in range(0, len(table), _ROWS_AT_ONCE):
            yield self.columns.complete(table.iloc[start : start + _ROWS_AT_ONCE])

    def _alleles(self, record: VcfRecord) -> list[tuple[int, AnnotatedAllele]]:
        """The alternate alleles to rank, with their places in ALT; those that are left out are counted."""
        counts, unscored = self._counts, self._settings.unscored
        alleles = alleles_of(record, self._keys, self._path)
        if alleles is None and not unscored:
            counts.unannotated += 1
            return []
        if record.alts == (".",):
            counts.without_alt += 1
            return []
        alleles = alleles or [AnnotatedAllele.without_values(self._keys)] * len(record.alts)
        counts.alleles += len(alleles)
        if not unscored:
            counts.left_out.update(allele.why_not for allele in alleles if allele.why_not)
        return [(place, allele) for place, allele in enumerate(alleles) if unscored or not allele.why_not]

    def _further_cells(self, record: VcfRecord) -> list[tuple[object, ...]]:
        """The cells of the further INFO fields and of the samples, for each alternate allele."""
        cells = info_values(self._info, record, self._path)
        if self._samples is None:
            return cells
        carriers = self._samples.carriers(record)
        self._counts.without_genotypes = self._samples.without_genotypes
        return [(*values, *found) for values, found in zip(cells, carriers, strict=True)]


def _number(value: float) -> str:
    """The shortest text that gives the same single-precision number when it is read."""
    text = f"{value:.6g}"
    return text if np.float32(text) == value else str(np.float32(value))
