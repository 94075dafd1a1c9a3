"""Makes a sorted table of an annotated VCF, with one row per allele and gene, the largest value first.

    record -> alleles -> rows -> order -> table

The last record may come first in the table, so all rows are held until the end. Where only the first rows are wanted,
memory does not grow with the file.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from varbind.annotate.info_fields import ENCODED_CONTROLS
from varbind.annotate.info_reader import GENE_COLUMNS, REGION_KEY, TEXT_KEYS, AnnotatedAllele, DeclaredKeys, alleles_of
from varbind.annotate.info_schema import TRACK_STEM
from varbind.core.progress import estimated_total
from varbind.core.transcript import TranscriptRegion
from varbind.errors import UsageError
from varbind.io.output.output_paths import check_outputs
from varbind.io.output.typed_table import TypedTable, frame_of
from varbind.io.vcf.variants import VariantFile, open_variants

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.core.progress import Progress
    from varbind.io.vcf.records import VcfRecord
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["ORDERS", "RankCounts", "rank_vcf"]

ORDERS = {
    "phred": ("PHRED",),
    "score": ("SCORE",),
    "score_cons": ("SCORE_CONS",),
    "activity": ("ACTIVITY",),
    "deepfind": ("DEEPFIND",),
    "loss_phred": ("LOSS_PHRED",),
    "gain_phred": ("GAIN_PHRED",),
    "binding": ("LOSS_PHRED", "GAIN_PHRED"),
}
"""The keys that rows can be sorted by; with several keys, the largest value is used."""

_PLACE_COLUMNS = ("chrom", "pos", "id", "ref", "alt", "filter")
_WHOLE_NUMBERS = {"pos", "tss_distance"}
_CONTROLS = {letter: text for letter, text in ENCODED_CONTROLS.items() if letter != ord("\t")}
_NO_GENE = ("",) * (len(GENE_COLUMNS) + 1)
_NOT_PROMOTER = (TranscriptRegion.CDS, TranscriptRegion.SPLICE)
_RECORDS_BETWEEN_REPORTS = 1 << 12
_ROWS_AT_ONCE = 1 << 14
_SORT_COLUMNS = (("negated value", float), ("level", float))


@dataclass(slots=True)
class RankCounts:
    """The counts of one table.

    Attributes:
        records: the records of the input.
        unannotated: the records that are left out because they have no key of varbind.
        without_alt: the records that are left out because they have no alternate allele.
        alleles: the alternate alleles of all other records.
        left_out: the alleles without a score, by reason.
        coding: the rows that are left out because the allele lies in a coding sequence or a splice site of the gene.
        rows: the rows of the table.
        cut: the rows beyond the number wanted.
        sortable: the alleles with a value to sort by.
    """

    records: int = 0
    unannotated: int = 0
    without_alt: int = 0
    alleles: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    coding: int = 0
    rows: int = 0
    cut: int = 0
    sortable: int = 0

    def sentence(self) -> str:
        """The counts in one line."""
        reasons = [f"{reason} {count:,}" for reason, count in sorted(self.left_out.items())]
        whole = {"without annotation": self.unannotated, "without an alternate allele": self.without_alt}
        others = self.records - self.unannotated - self.without_alt
        parts = [f"{self.records:,} records read, {self.alleles:,} alleles in {others:,} of them, {self.rows:,} rows"]
        parts += ["alleles left out: " + ", ".join(reasons)] if reasons else []
        parts += [f"{count:,} records {why}" for why, count in whole.items() if count]
        parts += [f"{self.coding:,} rows of coding sequences and splice sites left out"] if self.coding else []
        parts += [f"{self.cut:,} rows beyond --top"] if self.cut else []
        return "; ".join(parts)


def rank_vcf(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str] = "-",
    *,
    by: str | None = None,
    prefix: str = "VARBIND",
    top: int | None = None,
    unscored: bool = False,
    coding: bool = False,
    progress: Progress | None = None,
) -> RankCounts:
    r"""Write the alleles of an annotated VCF or BCF as a table, the largest value first.

    Missing values come last, and ties keep the order of the input. A byte that is not UTF-8 becomes `\xNN`.

    Args:
        source: the annotated variants; `-` is standard input.
        destination: the path of the table: `.tsv`, `.tsv.gz` or `.parquet`; `-` is standard output. A file appears
            complete or not at all.
        by: one of `ORDERS`; None = PHRED where the header declares it, otherwise binding. The activity is sorted by
            its absolute value.
        prefix: the prefix of the keys.
        top: the number of rows to write; None = all.
        unscored: whether alleles without a score are written too, after all others.
        coding: whether alleles in a coding sequence or a splice site are written too, as REGION states them for each
            gene; their effect on the protein or on splicing may matter more than that on the promoter.
        progress: called with the number of records read, and with their number in the whole file, which is estimated
            from the share of the bytes that has been read.

    Returns:
        The counts of records and alleles that were read, written and left out.

    Raises:
        InputError: the file is broken, or was not annotated.
        UsageError: the header does not declare the key to sort by, the output is the input or of an unknown kind, or
            pyarrow is needed and missing.
        OutputError: the table cannot be written.
    """
    source, destination = os.fspath(source), os.fspath(destination)
    check_outputs(destination, [source])
    counts = RankCounts()
    with TypedTable(destination) as out, open_variants(source) as variants:
        keys = DeclaredKeys.of(variants.header, prefix, variants.name)
        ranking = _Ranking(keys, _keys_to_sort_by(by, keys, variants.name), top, coding=coding)
        for record in _records(variants, counts, progress, word=None if unscored else f"{prefix}_"):
            alleles = _alleles_to_rank(record, keys, variants.name, counts, unscored=unscored)
            for alt, allele in alleles:
                ranking.add(_place(record, alt), allele)
        table = ranking.table()
        out.write(ranking.columns, [table], number_text=_number)
    counts.rows, counts.cut, counts.sortable = len(table), ranking.added - len(table), ranking.sortable
    counts.coding = ranking.coding
    return counts


def _keys_to_sort_by(by: str | None, keys: DeclaredKeys, path: str) -> tuple[str, ...]:
    by = by or ("phred" if "PHRED" in keys.names else "binding")
    if by not in ORDERS:
        raise UsageError(f"cannot sort by {by!r}", remedy=f"choose among {', '.join(ORDERS)}")
    found = tuple(name for name in ORDERS[by] if name in keys.names)
    if not found:
        wanted = " or ".join(f"{keys.prefix}_{name}" for name in ORDERS[by])
        possible = [name for name, needed in ORDERS.items() if set(needed) & set(keys.names)]
        remedy = f"sort --by {' or '.join(possible)}" if possible else "run varbind annotate again"
        raise UsageError(f"--by {by} needs {wanted}, not in the header", path=path, remedy=remedy)
    return found


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


def _alleles_to_rank(
    record: VcfRecord, keys: DeclaredKeys, path: str, counts: RankCounts, *, unscored: bool
) -> list[tuple[str, AnnotatedAllele]]:
    """The alternate alleles to rank, with their values; those that are left out are counted."""
    alleles = alleles_of(record, keys, path)
    if alleles is None and not unscored:
        counts.unannotated += 1
        return []
    if record.alts == (".",):
        counts.without_alt += 1
        return []
    alleles = alleles or [_without_values(keys)] * len(record.alts)
    counts.alleles += len(alleles)
    chosen = []
    for alt, allele in zip(record.alts, alleles, strict=True):
        if allele.why_not and not unscored:
            counts.left_out[allele.why_not] += 1
        else:
            chosen.append((alt, allele))
    return chosen


def _without_values(keys: DeclaredKeys) -> AnnotatedAllele:
    missing = (nan,) * len(keys.numbers)
    return AnnotatedAllele(("",) * len(TEXT_KEYS), (), missing, "without annotation")


def _place(record: VcfRecord, alt: str) -> tuple[str, ...]:
    """The cells of `_PLACE_COLUMNS` for one allele."""
    fields = record.line.split(b"\t", 7)[:7]
    chrom, pos, name, ref, _, _, passed = [field.decode("utf-8", "backslashreplace") for field in fields]
    written = alt.encode("latin-1").decode("utf-8", "backslashreplace")
    return tuple("" if cell == "." else cell for cell in (chrom, pos, name, ref, written, passed))


def _columns(keys: DeclaredKeys) -> list[tuple[str, type]]:
    """The names and types of the columns, in order."""
    tracks = [name.lower() for name in keys.tracks]
    if len(set(tracks)) < len(tracks):  # the names of two tracks differ in case only
        tracks = [TRACK_STEM.lower() + name.removeprefix(TRACK_STEM) for name in keys.tracks]
    of_gene = (*GENE_COLUMNS, *([REGION_KEY.lower()] if REGION_KEY in keys.names else []))
    first = [(name, int if name in _WHOLE_NUMBERS else str) for name in (*_PLACE_COLUMNS, *of_gene)]
    texts: list[tuple[str, type]] = [(name.lower(), str) for name in TEXT_KEYS]
    scores, means = ([(name.lower(), float) for name in keys.scores], [(name, float) for name in tracks])
    return [*first, *scores, *texts[:2], *means, *texts[2:]]


class _Ranking:
    """Collects the rows of the table; if only the first rows are wanted, all others are dropped on the way.

    Args:
        keys: the keys that the header declares.
        order: the keys to sort by.
        top: the number of rows wanted; None = all.
        coding: whether rows of coding sequences and splice sites are wanted.
    """

    def __init__(self, keys: DeclaredKeys, order: tuple[str, ...], top: int | None, *, coding: bool) -> None:
        self.columns = _columns(keys)
        self._n_scores = len(keys.scores)
        self._sorted_by = [keys.numbers.index(name) for name in order]
        self._unsigned = order == ORDERS["activity"]
        self._top = top
        self._wants_coding = coding
        self._has_region = REGION_KEY in keys.names
        self.added = self.sortable = self.coding = 0
        self._rows: list[tuple[object, ...]] = []
        self._frames: list[pd.DataFrame] = []

    def add(self, place: tuple[str, ...], allele: AnnotatedAllele) -> None:
        """Add the rows of one allele."""
        value = self._value(allele)
        self.sortable += not isnan(value)
        # Scored alleles with a value come first, then those without one, then all others.
        level = 2 if allele.why_not else int(isnan(value))
        sort_cells = (0.0 if isnan(value) else -value, level)
        first, texts = _cells(place), _cells(allele.texts)
        scores, means = allele.numbers[: self._n_scores], allele.numbers[self._n_scores :]
        for *gene, region in allele.genes or (_NO_GENE,):
            if region in _NOT_PROMOTER and not self._wants_coding:
                self.coding += 1
                continue
            cells = _cells([*gene, region] if self._has_region else gene)
            self._rows.append((*first, *cells, *scores, *texts[:2], *means, *texts[2:], *sort_cells))
            self.added += 1
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._pack()

    def table(self) -> pd.DataFrame:
        """The first `top` rows, in order."""
        self._pack()
        return self._sorted().drop(columns=[name for name, _ in _SORT_COLUMNS])

    def _pack(self) -> None:
        """Pack the latest rows, and drop those that cannot be among the first ones."""
        self._frames.append(frame_of([*self.columns, *_SORT_COLUMNS], self._rows))
        self._rows = []
        if self._top is not None and sum(map(len, self._frames)) >= 2 * self._top + _ROWS_AT_ONCE:
            self._frames = [self._sorted()]

    def _sorted(self) -> pd.DataFrame:
        frame = pd.concat(self._frames, ignore_index=True)
        # lexsort keeps the order of ties.
        return frame.iloc[np.lexsort([frame[name] for name, _ in _SORT_COLUMNS])[: self._top]]

    def _value(self, allele: AnnotatedAllele) -> float:
        found = [allele.numbers[place] for place in self._sorted_by]
        return max((abs(one) if self._unsigned else one for one in found if not isnan(one)), default=nan)


def _cells(texts: Sequence[str]) -> list[str | None]:
    """Texts as cells: None where missing, and without characters that end a line or control a terminal."""
    return [text or None for text in "\t".join(texts).translate(_CONTROLS).split("\t")]


def _number(value: float) -> str:
    """The shortest text that gives the same single-precision number when it is read."""
    text = f"{value:.6g}"
    return text if np.float32(text) == value else str(np.float32(value))
