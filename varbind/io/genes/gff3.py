"""GFF3, and the lines of genes, transcripts and exons that it shares with GTF; no other line is parsed."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from varbind.core.tss import TranscriptionStart
from varbind.io.genes.gene_lines import (
    GENE_BIOTYPES,
    STRANDS,
    TRANSCRIPT_BIOTYPES,
    GeneFormat,
    Place,
    Strandless,
    first_of,
    is_data,
    is_integer,
    tags_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from varbind.io.genes.gene_lines import Lines

__all__ = ["GFF3", "Feature", "FeatureKind", "feature_lines", "feature_of", "is_feature", "parse_gff3"]

_HASH = ord("#")
_ID_PREFIX = re.compile(r"^([Gg]ene[:-]|[Tt]ranscript:|rna-)")

# Phytozome and TAIR write symbol.
_SYMBOLS = ("gene_name", "gene", "gene_symbol", "symbol")


class FeatureKind(Enum):
    """The kind of thing that a line describes."""

    GENE = 0
    TRANSCRIPT = 1
    EXON = 2


class Feature(NamedTuple):
    """A line of GTF or GFF3.

    Attributes:
        place: the file and the line number.
        type: the third column.
        contig: the name of the contig.
        pos: the 1-based 5' end; None where the strand is unknown.
        strand: `+`, `-`, or a sign that stands for an unknown strand.
        attributes: the ninth column.
    """

    place: Place
    type: str
    contig: str
    pos: int | None
    strand: str
    attributes: str


def is_feature(fields: Sequence[str]) -> bool:
    """Whether the columns of a line are those of GTF or GFF3."""
    return len(fields) in {8, 9} and fields[6] in STRANDS and not is_integer(fields[2])


def feature_lines(
    lines: Lines, path: str, *, needs_exon: Callable[[bytes], bool] | None = None
) -> Iterator[tuple[int, bytes, FeatureKind]]:
    """The lines of genes and transcripts, and of the exons that are needed.

    Args:
        lines: the lines of the file with their numbers.
        path: the path of the file, for messages.
        needs_exon: whether the line of an exon is needed; None = no exon is.

    Raises:
        ResourceError: a line has too few columns for a type.
    """
    exon = FeatureKind.EXON
    for number, line in lines:
        columns = line.split(b"\t", 3)
        if len(columns) < 4:
            if is_data(line):
                raise Place(path, number).error(f"expected 9 columns, found {len(columns)}")
            continue
        kind = _kind(columns[2])
        if kind is None or line[0] == _HASH:
            continue
        if kind is not exon or (needs_exon is not None and needs_exon(line)):
            yield number, line, kind


def feature_of(line: bytes, place: Place) -> Feature:
    """Parse a line.

    Raises:
        ResourceError: a coordinate or the strand is malformed, or columns are missing.
    """
    fields = text_of(line).split("\t")
    if len(fields) < 9:
        raise place.error(f"expected 9 columns, found {len(fields)}")
    contig, _, kind, first, last, _, strand, _, attributes = fields[:9]
    pos = place.five_prime(first, last, strand, zero_based=False)
    return Feature(place, kind, sys.intern(contig), pos, strand, attributes)


@cache
def _kind(name: bytes) -> FeatureKind | None:
    """The kind of a type of the Sequence Ontology; None for all other types."""
    name = name.lower()
    if name.endswith(b"gene"):
        return FeatureKind.GENE
    if name == b"exon":
        return FeatureKind.EXON
    is_transcript = name.endswith((b"rna", b"transcript", b"gene_segment", b"transcript_variant"))
    return FeatureKind.TRANSCRIPT if is_transcript else None


def parse_gff3(lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
    """The starts of a GFF3 file: transcripts with the names of their parent genes, and genes without a transcript.

    A part of a transcript, such as a mature miRNA within its primary transcript, is not a start of transcription.

    Raises:
        ResourceError: a coordinate or the strand of a line is malformed, or columns or a name are missing.
    """
    strandless = strandless if strandless is not None else Strandless()
    genes: dict[str, TranscriptionStart] = {}
    biotypes: dict[str, tuple[str, ...]] = {}
    transcripts: list[tuple[str, TranscriptionStart, bool]] = []
    transcript_ids: set[str] = set()
    for number, line, kind in feature_lines(_before_fasta(lines), path):
        feature, is_gene = feature_of(line, Place(path, number)), kind is FeatureKind.GENE
        values = _attributes(feature.attributes)
        own_id, start = values.get("ID", ""), _start(feature, values, is_gene=is_gene)
        if feature.pos is None:
            strandless.add(feature.place, start.transcript_id or start.symbol)
        if is_gene:
            genes.setdefault(own_id or f"{start.contig}:{start.symbol}", start)
            biotypes.setdefault(own_id, tags_of((), first_of(values, *GENE_BIOTYPES)))
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


def _attributes(text: str) -> dict[str, str]:
    """The decoded attributes; if there are several parents, the first one."""
    values = {}
    for item in text.split(";"):
        key, _, value = item.strip().partition("=")
        # The list is split before decoding, because an encoded comma is part of a name.
        values[key] = unquote(value.partition(",")[0] if key == "Parent" else value)
    return values


def _start(feature: Feature, values: Mapping[str, str], *, is_gene: bool) -> TranscriptionStart:
    """The start that one line describes; its position is 0 where the strand is unknown."""
    own_id = _ID_PREFIX.sub("", values.get("ID", ""))
    if is_gene:
        gene_id, transcript_id = values.get("gene_id", own_id), ""
        # In the files of WormBase the Name of a gene is its accession, and its locus is the symbol.
        symbol = first_of(values, *_SYMBOLS, "locus", "Name") or gene_id
        biotype = first_of(values, *GENE_BIOTYPES)
    else:
        gene_id = values.get("gene_id") or _ID_PREFIX.sub("", values.get("Parent", ""))
        transcript_id = values.get("transcript_id", own_id)
        symbol = first_of(values, *_SYMBOLS) or gene_id or transcript_id
        own_kind = "" if feature.type == "transcript" else feature.type
        biotype = first_of(values, *TRANSCRIPT_BIOTYPES) or own_kind
    if not symbol:
        raise feature.place.error("expected an ID, Name or gene among the attributes")
    tags = tags_of(tuple(values.get("tag", "").split(",")), biotype)
    contig = sys.intern(unquote(feature.contig))
    return TranscriptionStart(contig, feature.pos or 0, feature.strand, symbol, gene_id, transcript_id, tags)


def _lacks_biotype(feature: Feature, values: Mapping[str, str]) -> bool:
    """Whether a transcript takes its biotype from the line of its gene.

    Transcripts of RefSeq, which have a gbkey, do not: RefSeq writes non-coding transcripts of protein-coding genes with
    the type `transcript` and without a biotype.
    """
    return feature.type == "transcript" and not first_of(values, *TRANSCRIPT_BIOTYPES, "gbkey")


def _with_gene(
    start: TranscriptionStart, gene: TranscriptionStart | None, biotype: tuple[str, ...]
) -> TranscriptionStart:
    if gene is None:
        return start
    return replace(start, symbol=gene.symbol, gene_id=gene.gene_id, tags=start.tags + biotype)


def _before_fasta(lines: Lines) -> Iterator[tuple[int, bytes]]:
    """The lines before the sequences that may follow them; the rest of the file is read and skipped."""
    in_fasta = False
    for number, line in lines:
        in_fasta = in_fasta or line.startswith((b"##FASTA", b">"))
        if not in_fasta:
            yield number, line


GFF3 = GeneFormat("GFF3", is_feature, parse_gff3)
