"""The formats of gene tables: numbered lines enter, transcription starts leave.

Each parser takes all lines of its format, comments included, and returns one start a transcript, or one
a gene where the gene has no transcript. GTF and GFF3 count from 1, BED and genePred from 0; here they
meet as the 1-based first transcribed base.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from varbind.core.tss import TranscriptionStart
from varbind.io.gene_lines import (
    NO_STRAND,
    Place,
    first_of,
    is_data,
    is_integer,
    split_line,
    tags_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Lines = Iterable[tuple[int, bytes]]
    Parser = Callable[[Lines, str], list[TranscriptionStart]]

__all__ = ["PARSERS", "parse_bed", "parse_gene_pred", "parse_gff3", "parse_gtf", "recognise"]

# A key starts where a word starts: sought within words, a long one would be read once for each of its letters.
_GTF_ATTRIBUTE = re.compile(r'(?<![^\s;"])([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))')
_GTF_START = re.compile(r'\s*[^\s;"=]+ +[^\s=]')
_ID_PREFIX = re.compile(r"^(gene[:-]|transcript:|rna-)")

_GENE_ID_COLUMNS = ("ensembl_id", "gene_id", "ensembl_gene_id", "geneid")
_GENE_BIOTYPES = ("gene_type", "gene_biotype", "biotype")
_TRANSCRIPT_BIOTYPES = ("transcript_type", "transcript_biotype", "biotype")


class _Feature(NamedTuple):
    """A gene or transcript line of GTF or GFF3; `kind` is its type, `pos` its 1-based 5' end."""

    place: Place
    kind: str
    is_gene: bool
    contig: str
    pos: int
    strand: str
    attributes: str


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
    if len(fields) in {8, 9} and fields[6] in {"+", "-", ".", "?"} and not numbers[2]:
        return "GTF" if _GTF_START.match("".join(fields[8:])) else "GFF3"
    if numbers[1:3] == [True, True]:
        return "BED"
    if _gene_pred_columns(fields) is not None:
        return "genePred"
    if any(numbers[1:3]) and fields[5:6] in (["+"], ["-"]):
        return "BED"
    if any(left and right for left, right in pairwise(numbers)):
        raise place.error("the table has no strand column", NO_STRAND)
    raise place.error("this is no gene table", "give a GTF, GFF3, BED6 or UCSC genePred file, plain or gzip")


def parse_gtf(lines: Lines, path: str) -> list[TranscriptionStart]:
    """Starts of GTF: transcripts, and genes that have none.

    Raises:
        ResourceError: a bad coordinate, no strand, too few columns or no name, with its line.
    """
    genes: dict[tuple[str, str], TranscriptionStart] = {}
    transcripts: list[TranscriptionStart] = []
    for feature in _features(lines, path):
        values, tags = _gtf_attributes(feature.attributes)
        symbol = first_of(values, "gene_name", "gene", "gene_id", "transcript_id")
        if not symbol:
            raise feature.place.error('expected a gene_id "..." among the attributes')
        gene_id = values.get("gene_id", "")
        biotypes = _GENE_BIOTYPES if feature.is_gene else _TRANSCRIPT_BIOTYPES
        start = TranscriptionStart(
            feature.contig,
            feature.pos,
            feature.strand,
            symbol,
            gene_id,
            "" if feature.is_gene else values.get("transcript_id", ""),
            tags_of(tags, first_of(values, *biotypes)),
        )
        if feature.is_gene:
            genes.setdefault((feature.contig, gene_id or symbol), start)
        else:
            transcripts.append(start)
    with_transcript = {(start.contig, start.gene_id or start.symbol) for start in transcripts}
    return transcripts + [start for key, start in genes.items() if key not in with_transcript]


def parse_gff3(lines: Lines, path: str) -> list[TranscriptionStart]:
    """Starts of GFF3: transcripts with the names of their parent gene, and genes that have none.

    A part of a transcript, such as a mature miRNA in its primary transcript, starts no transcription.

    Raises:
        ResourceError: a bad coordinate, no strand, too few columns or no name, with its line.
    """
    genes: dict[str, TranscriptionStart] = {}
    transcripts: list[tuple[str, TranscriptionStart]] = []
    transcript_ids: set[str] = set()
    for feature in _features(_before_fasta(lines), path):
        values = _gff3_attributes(feature.attributes)
        own_id, start = values.get("ID", ""), _gff3_start(feature, values)
        if feature.is_gene:
            genes.setdefault(own_id or f"{start.contig}:{start.symbol}", start)
        else:
            transcripts.append((values.get("Parent", ""), start))
            transcript_ids.add(own_id)
    transcript_ids.discard("")
    starts = [
        _with_gene(start, genes.get(parent))
        for parent, start in transcripts
        if parent in genes or parent not in transcript_ids
    ]
    with_transcript = {parent for parent, _ in transcripts}
    return starts + [start for own_id, start in genes.items() if own_id not in with_transcript]


def parse_bed(lines: Lines, path: str) -> list[TranscriptionStart]:
    """Starts of BED6 and wider; a header line `#chr start end ...` names the columns after the sixth.

    Raises:
        ResourceError: a bad coordinate, no strand or too few columns, with its line.
    """
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
        contig, first, last, name, _, strand = fields[:6]
        pos = place.five_prime(first, last, strand, zero_based=True)
        extra = dict(zip(header[6:], fields[6:], strict=False))
        starts.append(
            TranscriptionStart(
                sys.intern(contig),
                pos,
                strand,
                # Without a name each place is a gene of its own.
                name if name not in {"", "."} else f"{contig}:{pos}",
                first_of(extra, *_GENE_ID_COLUMNS),
                tags=tags_of((), first_of(extra, *_GENE_BIOTYPES)),
            )
        )
    return starts


def parse_gene_pred(lines: Lines, path: str) -> list[TranscriptionStart]:
    """Starts of a UCSC genePred table: plain, extended (refGene.txt), with or without bin, refFlat.

    Raises:
        ResourceError: a bad coordinate, no strand or too few columns, with its line.
    """
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
        starts.append(
            TranscriptionStart(
                sys.intern(fields[columns.contig]),
                place.five_prime(first, last, strand, zero_based=True),
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


def _features(lines: Lines, path: str) -> Iterator[_Feature]:
    """Genes and transcripts among the lines of GTF or GFF3; no other line is parsed."""
    for number, line in lines:
        columns = line.split(b"\t", 3)
        if len(columns) < 4:
            if is_data(line):
                raise Place(path, number).error(f"expected 9 columns, found {len(columns)}")
            continue
        is_gene = _is_gene(columns[2])
        if is_gene is None or line.startswith(b"#"):
            continue
        place, fields = Place(path, number), text_of(line).split("\t")
        if len(fields) < 9:
            raise place.error(f"expected 9 columns, found {len(fields)}")
        contig, _, kind, first, last, _, strand, _, attributes = fields[:9]
        pos = place.five_prime(first, last, strand, zero_based=False)
        yield _Feature(place, kind, is_gene, sys.intern(contig), pos, strand, attributes)


@cache
def _is_gene(kind: bytes) -> bool | None:
    """Whether a type of the Sequence Ontology is a gene (True), a transcript (False) or neither (None)."""
    name = kind.lower()
    if name.endswith(b"gene"):
        return True
    is_transcript = name.endswith((b"rna", b"transcript", b"gene_segment", b"transcript_variant"))
    return False if is_transcript else None


def _gtf_attributes(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    tags = []
    for key, quoted, bare in _GTF_ATTRIBUTE.findall(text):
        if key == "tag":
            tags.append(quoted or bare)
        else:
            values.setdefault(key, quoted or bare)
    return values, tuple(tags)


def _gff3_attributes(text: str) -> dict[str, str]:
    """Decoded attributes; of several parents the first."""
    values = {}
    for item in text.split(";"):
        key, _, value = item.strip().partition("=")
        # An encoded comma belongs to the name, so the list is split first.
        values[key] = unquote(value.partition(",")[0] if key == "Parent" else value)
    return values


def _gff3_start(feature: _Feature, values: Mapping[str, str]) -> TranscriptionStart:
    """A start named by its own line alone."""
    own_id = _ID_PREFIX.sub("", values.get("ID", ""))
    if feature.is_gene:
        gene_id, transcript_id = values.get("gene_id", own_id), ""
        symbol = first_of(values, "gene_name", "gene", "Name") or gene_id
        biotype = first_of(values, *_GENE_BIOTYPES)
    else:
        gene_id = values.get("gene_id") or _ID_PREFIX.sub("", values.get("Parent", ""))
        transcript_id = values.get("transcript_id", own_id)
        symbol = first_of(values, "gene_name", "gene") or gene_id or transcript_id
        own_kind = "" if feature.kind == "transcript" else feature.kind
        biotype = first_of(values, *_TRANSCRIPT_BIOTYPES) or own_kind
    if not symbol:
        raise feature.place.error("expected an ID, Name or gene among the attributes")
    tags = tags_of(tuple(values.get("tag", "").split(",")), biotype)
    contig = sys.intern(unquote(feature.contig))
    return TranscriptionStart(contig, feature.pos, feature.strand, symbol, gene_id, transcript_id, tags)


def _with_gene(start: TranscriptionStart, gene: TranscriptionStart | None) -> TranscriptionStart:
    return start if gene is None else replace(start, symbol=gene.symbol, gene_id=gene.gene_id)


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
        if len(fields) < contig + 6 or fields[contig + 1] not in {"+", "-", "."}:
            continue
        if not any(map(is_integer, fields[contig + 2 : contig + 4])):
            continue
        if contig == 2 and not is_integer(fields[0]):
            return _GenePredColumns(name=1, contig=2, symbol=0)  # refFlat
        name = contig - 1
        # Only the extended table has a symbol; knownGene has an alignment in its place.
        return _GenePredColumns(name, contig, symbol=name + 11 if len(fields) >= name + 15 else name)
    return None
