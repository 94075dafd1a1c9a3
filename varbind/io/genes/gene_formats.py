"""The formats of gene tables, each with a parser that returns transcription starts.

Each parser takes all lines of its format, comments included, and returns one start a transcript, or one
a gene where the gene has no transcript. What has no strand is counted and left out. GTF and GFF3 count
from 1, BED and genePred from 0; here they meet as the 1-based first transcribed base.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import unquote

from varbind.core.tss import TranscriptionStart
from varbind.io.genes.gene_features import Feature, FeatureKind, feature_lines, feature_of
from varbind.io.genes.gene_lines import (
    NO_STRAND,
    STRANDS,
    Place,
    Strandless,
    first_of,
    is_data,
    is_integer,
    split_line,
    tags_of,
)
from varbind.io.genes.gtf import is_gtf_attribute, parse_gtf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Lines = Iterable[tuple[int, bytes]]

__all__ = ["PARSERS", "parse_bed", "parse_gene_pred", "parse_gff3", "parse_gtf", "recognise"]

_ID_PREFIX = re.compile(r"^([Gg]ene[:-]|[Tt]ranscript:|rna-)")

_GENE_ACCESSION = re.compile(r"ENS[A-Z]*G[0-9]+(?:\.[0-9]+)?")
_GENE_PRED_STATUS = frozenset({"none", "unk", "incmpl", "cmpl"})

# Phytozome and TAIR write symbol.
_GFF3_SYMBOLS = ("gene_name", "gene", "gene_symbol", "symbol")
_GENE_ID_COLUMNS = ("ensembl_id", "gene_id", "ensembl_gene_id", "geneid")
_GENE_BIOTYPES = ("gene_type", "gene_biotype", "biotype")
_TRANSCRIPT_BIOTYPES = ("transcript_type", "transcript_biotype", "biotype")


class Parser(Protocol):
    """Reads one format."""

    def __call__(self, lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
        """The starts in the file's order.

        Args:
            lines: of the file, with their numbers.
            path: of the file, for messages.
            strandless: counts genes and transcripts whose strand is not known, which are left out.
        """


class _GenePredColumns(NamedTuple):
    """Column numbers of a genePred table; `symbol` equals `name` where it has no gene symbol."""

    name: int
    contig: int
    symbol: int


def recognise(line: bytes, place: Place) -> str:
    """Name the format of a table, a key of `PARSERS`, by its first data line.

    Raises:
        ResourceError: the line is of no known format, or of a table that has no strand.
    """
    fields = split_line(line)
    numbers = [is_integer(field) for field in fields]
    if len(fields) in {8, 9} and fields[6] in STRANDS and not numbers[2]:
        return "GTF" if is_gtf_attribute("".join(fields[8:])) else "GFF3"
    if numbers[1:3] == [True, True]:
        return "BED"
    if _gene_pred_columns(fields) is not None:
        return "genePred"
    if any(numbers[1:3]) and fields[5:6] in (["+"], ["-"]):
        return "BED"
    if any(left and right for left, right in pairwise(numbers)):
        if {"+", "-"}.isdisjoint(fields):
            raise place.error("the table has no strand column", NO_STRAND)
        what = "the table has a strand, but its columns are those of no format of genes"
        raise place.error(what, "give all columns of a genePred table, BED6, or GTF or GFF3 with tabs between columns")
    raise place.error("this is no gene table", "give a GTF, GFF3, BED6 or UCSC genePred file, plain or gzip")


def parse_gff3(lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
    """Starts of GFF3: transcripts with the names of their parent gene, and genes that have none.

    A part of a transcript, such as a mature miRNA in its primary transcript, starts no transcription.

    Raises:
        ResourceError: a bad coordinate, another sign for the strand, too few columns or no name, with its line.
    """
    strandless = strandless if strandless is not None else Strandless()
    genes: dict[str, TranscriptionStart] = {}
    biotypes: dict[str, tuple[str, ...]] = {}
    transcripts: list[tuple[str, TranscriptionStart, bool]] = []
    transcript_ids: set[str] = set()
    for number, line, kind in feature_lines(_before_fasta(lines), path):
        feature, is_gene = feature_of(line, Place(path, number)), kind is FeatureKind.GENE
        values = _gff3_attributes(feature.attributes)
        own_id, start = values.get("ID", ""), _gff3_start(feature, values, is_gene=is_gene)
        if feature.pos is None:
            strandless.add(feature.place, start.transcript_id or start.symbol)
        if is_gene:
            genes.setdefault(own_id or f"{start.contig}:{start.symbol}", start)
            biotypes.setdefault(own_id, tags_of((), first_of(values, *_GENE_BIOTYPES)))
        else:
            transcripts.append((values.get("Parent", ""), start, _lacks_biotype(feature, values)))
            transcript_ids.add(own_id)
    transcript_ids.discard("")
    starts = [
        _with_gene(start, genes.get(parent), biotypes.get(parent, ()) if lacks_biotype else ())
        for parent, start, lacks_biotype in transcripts
        if start.pos and (parent in genes or parent not in transcript_ids)
    ]
    with_transcript = {parent for parent, start, _ in transcripts if start.pos}
    return starts + [start for own_id, start in genes.items() if start.pos and own_id not in with_transcript]


def parse_bed(lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
    """Starts of BED6 and wider; a header line `#chr start end ...` names the columns after the sixth.

    Of UCSC's bigGenePred as text, which is BED12 and eight columns, the symbol is in the eighteenth.

    Raises:
        ResourceError: a bad coordinate, another sign for the strand or too few columns, with its line.
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
    """Starts of a UCSC genePred table: plain, extended (refGene.txt), with or without bin, refFlat.

    Raises:
        ResourceError: a bad coordinate, another sign for the strand or too few columns, with its line.
    """
    strandless = strandless if strandless is not None else Strandless()
    starts = []
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
        starts.append(
            TranscriptionStart(
                sys.intern(fields[columns.contig]),
                pos,
                strand,
                fields[columns.symbol] or fields[columns.name],
                transcript_id=fields[columns.name],
                tags=tags_of((), "protein_coding" if is_coding else ""),
            )
        )
    return starts


PARSERS: dict[str, Parser] = {
    "BED": parse_bed,
    "GFF3": parse_gff3,
    "GTF": parse_gtf,
    "genePred": parse_gene_pred,
}


def _bed_start(fields: Sequence[str], pos: int, extra: Mapping[str, str]) -> TranscriptionStart:
    contig, _, _, name, _, strand = fields[:6]
    return TranscriptionStart(
        sys.intern(contig),
        pos,
        strand,
        # Without a name each place is a gene of its own.
        name if name not in {"", "."} else f"{contig}:{pos}",
        first_of(extra, *_GENE_ID_COLUMNS),
        tags=tags_of((), first_of(extra, *_GENE_BIOTYPES)),
    )


def _big_gene_pred(fields: Sequence[str], pos: int, place: Place) -> TranscriptionStart:
    contig, name, strand = fields[0], fields[3], fields[5]
    known = [text for text in fields[17:19] if text not in {"", ".", "none", name}]
    # Some tables have the gene's accession first, and its symbol after it.
    accession = known[0] if len(known) > 1 and _GENE_ACCESSION.fullmatch(known[0]) else ""
    symbol = known[1] if accession else next(iter(known), name)
    is_coding = place.integer(fields[7]) > place.integer(fields[6])
    tags = tags_of((), "protein_coding" if is_coding else "")
    return TranscriptionStart(sys.intern(contig), pos, strand, symbol, accession, name, tags)


def _gff3_attributes(text: str) -> dict[str, str]:
    """Decoded attributes; of several parents the first."""
    values = {}
    for item in text.split(";"):
        key, _, value = item.strip().partition("=")
        # An encoded comma belongs to the name, so the list is split first.
        values[key] = unquote(value.partition(",")[0] if key == "Parent" else value)
    return values


def _gff3_start(feature: Feature, values: Mapping[str, str], *, is_gene: bool) -> TranscriptionStart:
    """A start named by its own line alone; its position is 0 where the strand is not known."""
    own_id = _ID_PREFIX.sub("", values.get("ID", ""))
    if is_gene:
        gene_id, transcript_id = values.get("gene_id", own_id), ""
        # In WormBase's files the name of a gene is its accession, and its locus the symbol.
        symbol = first_of(values, *_GFF3_SYMBOLS, "locus", "Name") or gene_id
        biotype = first_of(values, *_GENE_BIOTYPES)
    else:
        gene_id = values.get("gene_id") or _ID_PREFIX.sub("", values.get("Parent", ""))
        transcript_id = values.get("transcript_id", own_id)
        symbol = first_of(values, *_GFF3_SYMBOLS) or gene_id or transcript_id
        own_kind = "" if feature.type == "transcript" else feature.type
        biotype = first_of(values, *_TRANSCRIPT_BIOTYPES) or own_kind
    if not symbol:
        raise feature.place.error("expected an ID, Name or gene among the attributes")
    tags = tags_of(tuple(values.get("tag", "").split(",")), biotype)
    contig = sys.intern(unquote(feature.contig))
    return TranscriptionStart(contig, feature.pos or 0, feature.strand, symbol, gene_id, transcript_id, tags)


def _lacks_biotype(feature: Feature, values: Mapping[str, str]) -> bool:
    """Whether the line of a transcript leaves its biotype to the line of its gene.

    RefSeq's transcripts do not, whatever their lines lack: those that code for no protein are of type `transcript`
    under genes that do. They have a gbkey.
    """
    said = first_of(values, *_TRANSCRIPT_BIOTYPES, "gbkey")
    return feature.type == "transcript" and not said


def _with_gene(
    start: TranscriptionStart, gene: TranscriptionStart | None, biotype: tuple[str, ...]
) -> TranscriptionStart:
    if gene is None:
        return start
    return replace(start, symbol=gene.symbol, gene_id=gene.gene_id, tags=start.tags + biotype)


def _before_fasta(lines: Lines) -> Iterator[tuple[int, bytes]]:
    """Lines of GFF3 up to the sequences that may follow them; the rest is read but not passed on."""
    in_fasta = False
    for number, line in lines:
        in_fasta = in_fasta or line.startswith((b"##FASTA", b">"))
        if not in_fasta:
            yield number, line


def _gene_pred_columns(fields: Sequence[str]) -> _GenePredColumns | None:
    """Where the columns of a genePred line stand, by the place of its strand; None if it is no such line."""
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
