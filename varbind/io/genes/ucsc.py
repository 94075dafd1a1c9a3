"""The gene tables of UCSC: BED with a strand, and genePred. Both count the start of a span from 0."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from varbind.core.tss import TranscriptionStart
from varbind.io.genes.gene_lines import (
    GENE_BIOTYPES,
    NO_STRAND,
    STRANDS,
    GeneFormat,
    Place,
    Strandless,
    first_of,
    is_data,
    is_integer,
    split_line,
    tags_of,
)
from varbind.io.genes.preferred import rank_of
from varbind.io.genes.transcript_parts import TranscriptParts, transcript_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.io.genes.gene_lines import Lines

__all__ = ["BED", "DAMAGED_BED", "GENE_PRED", "parse_bed", "parse_gene_pred"]

_GENE_ACCESSION = re.compile(r"ENS[A-Z]*G[0-9]+(?:\.[0-9]+)?")
_GENE_PRED_STATUS = frozenset({"none", "unk", "incmpl", "cmpl"})
_GENE_ID_COLUMNS = ("ensembl_id", "gene_id", "ensembl_gene_id", "geneid")


class _GenePredColumns(NamedTuple):
    """The column numbers of a genePred table; `symbol` equals `name` where the table has no gene symbols."""

    name: int
    contig: int
    symbol: int


def _is_bed(fields: Sequence[str]) -> bool:
    """Whether the second and the third column are whole numbers, the span of BED."""
    return len(fields) > 2 and is_integer(fields[1]) and is_integer(fields[2])


def _is_damaged_bed(fields: Sequence[str]) -> bool:
    """Whether one of the two is, in a line with a strand in the sixth column."""
    return any(map(is_integer, fields[1:3])) and fields[5:6] in (["+"], ["-"])


def _is_gene_pred(fields: Sequence[str]) -> bool:
    return _gene_pred_columns(fields) is not None


def parse_bed(lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
    """The starts of a BED file with six or more columns; a header line `#chr start end ...` names the further columns.

    A table of bigGenePred in text form, which is BED12 with eight more columns, has the symbol in column 18.

    Raises:
        ResourceError: a coordinate or the strand of a line is malformed, or columns are missing.
    """
    strandless = strandless if strandless is not None else Strandless()
    header: list[str] = []
    starts = []
    for number, line in lines:
        if line.startswith(b"#"):
            names = [name.lower() for name in split_line(line.lstrip(b"#"))]
            header = names if len(names) > 5 and names[1].endswith("start") else header
        if not is_data(line):
            continue
        place, fields = Place(path, number), split_line(line)
        if len(fields) < 6:
            found = f"expected at least 6 columns with the strand in the sixth, found {len(fields)}"
            raise place.error(found, NO_STRAND)
        _, first, last, name, _, strand = fields[:6]
        pos = place.five_prime(first, last, strand, zero_based=True)
        if pos is None:
            strandless.add(place, name)
        elif len(fields) >= 20 and _GENE_PRED_STATUS.issuperset(fields[13:15]):
            starts.append(_big_gene_pred(fields, pos, place))
        else:
            extra = dict(zip(header[6:], fields[6:], strict=False))
            starts.append(_bed_start(fields, pos, extra))
    return starts


def parse_gene_pred(lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
    """The starts of a genePred table: plain, extended (refGene.txt), with or without the column bin, or refFlat.

    Raises:
        ResourceError: a coordinate or the strand of a line is malformed, or columns are missing.
    """
    strandless = strandless if strandless is not None else Strandless()
    starts, parts = [], TranscriptParts()
    for number, line in lines:
        if not is_data(line):
            continue
        place, fields = Place(path, number), split_line(line)
        columns = _gene_pred_columns(fields)
        if columns is None:
            raise place.error("expected name, chrom, strand, txStart, txEnd, cdsStart, cdsEnd", NO_STRAND)
        strand, first, last, cds_first, cds_last = fields[columns.contig + 1 : columns.contig + 6]
        is_coding = place.integer(cds_last) > place.integer(cds_first)
        pos = place.five_prime(first, last, strand, zero_based=True)
        if pos is None:
            strandless.add(place, fields[columns.name])
            continue
        contig, symbol = sys.intern(fields[columns.contig]), fields[columns.symbol] or fields[columns.name]
        tags = tags_of((), "protein_coding" if is_coding else "")
        represents = parts.propose((contig, symbol), number, rank_of(tags))
        exons = _exons(fields[columns.contig + 6 :], place) if represents else []
        transcript = transcript_of(exons, [(int(cds_first), int(cds_last))] if is_coding else [], strand)
        name = fields[columns.name]
        starts.append(
            TranscriptionStart(contig, pos, strand, symbol, transcript_id=name, tags=tags, transcript=transcript)
        )
    return starts


def _exons(fields: Sequence[str], place: Place) -> list[tuple[int, int]]:
    """The exons of the columns exonCount, exonStarts and exonEnds; none where the table has no such columns."""
    if len(fields) < 3:
        return []
    starts, ends = (text.rstrip(",").split(",") for text in fields[1:3])
    if not len(starts) == len(ends) == place.integer(fields[0]):
        what = f"exonCount is {fields[0]}, but there are {len(starts)} exonStarts and {len(ends)} exonEnds"
        raise place.error(what, "give a complete genePred table")
    return [place.span(start, end, zero_based=True) for start, end in zip(starts, ends, strict=True)]


def _bed_start(fields: Sequence[str], pos: int, extra: Mapping[str, str]) -> TranscriptionStart:
    contig, _, _, name, _, strand = fields[:6]
    return TranscriptionStart(
        sys.intern(contig),
        pos,
        strand,
        # Each place without a name counts as a gene.
        name if name not in {"", "."} else f"{contig}:{pos}",
        first_of(extra, *_GENE_ID_COLUMNS),
        first_of(extra, "transcript_id"),
        tags_of((first_of(extra, "tag"),), first_of(extra, *GENE_BIOTYPES)),
    )


def _big_gene_pred(fields: Sequence[str], pos: int, place: Place) -> TranscriptionStart:
    contig, name, strand = fields[0], fields[3], fields[5]
    known = [text for text in fields[17:19] if text not in {"", ".", "none", name}]
    # Some tables have the accession of the gene before its symbol.
    accession = known[0] if len(known) > 1 and _GENE_ACCESSION.fullmatch(known[0]) else ""
    symbol = known[1] if accession else next(iter(known), name)
    is_coding = place.integer(fields[7]) > place.integer(fields[6])
    tags = tags_of((), "protein_coding" if is_coding else "")
    return TranscriptionStart(sys.intern(contig), pos, strand, symbol, accession, name, tags)


def _gene_pred_columns(fields: Sequence[str]) -> _GenePredColumns | None:
    """The column numbers of a genePred line, found by its strand; None if the line is not genePred."""
    for contig in (1, 2):
        if len(fields) < contig + 6 or fields[contig + 1] not in STRANDS:
            continue
        if not any(map(is_integer, fields[contig + 2 : contig + 4])):
            continue
        if contig == 2 and not is_integer(fields[0]):
            return _GenePredColumns(name=1, contig=2, symbol=0)  # refFlat
        name = contig - 1
        # Only the extended table has a symbol; knownGene has an alignment in its place.
        return _GenePredColumns(name, contig, symbol=name + 11 if len(fields) >= name + 15 else name)
    return None


BED = GeneFormat("BED", _is_bed, parse_bed)
GENE_PRED = GeneFormat("genePred", _is_gene_pred, parse_gene_pred)
DAMAGED_BED = GeneFormat("BED", _is_damaged_bed, parse_bed)
"""Lets the parser of BED name the coordinate that is wrong."""
