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
from varbind.io.genes.preferred import rank_of
from varbind.io.genes.transcript_parts import TranscriptParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from varbind.io.genes.gene_lines import Lines

__all__ = [
    "GFF3",
    "WHOLE",
    "Feature",
    "FeatureKind",
    "feature_lines",
    "feature_of",
    "is_feature",
    "parse_gff3",
    "span_of",
]

_HASH = ord("#")
_PARENT = re.compile(rb"(?<=[;\t])\s*Parent=([^;,]*)")
_ID = re.compile(r"(?:^|;)\s*ID=([^;]*)")
_ID_PREFIX = re.compile(r"^([Gg]ene[:-]|[Tt]ranscript:|rna-)")

# Phytozome and TAIR write symbol.
_SYMBOLS = ("gene_name", "gene", "gene_symbol", "symbol")


class FeatureKind(Enum):
    """The kind of thing that a line describes."""

    GENE = 0
    TRANSCRIPT = 1
    EXON = 2
    CODING = 3


class Feature(NamedTuple):
    """A line of GTF or GFF3.

    Attributes:
        place: the file and the line number.
        type: the third column.
        contig: the name of the contig.
        span: the 0-based half-open span.
        pos: the 1-based 5' end; None where the strand is unknown.
        strand: `+`, `-`, or a sign that stands for an unknown strand.
        attributes: the ninth column.
    """

    place: Place
    type: str
    contig: str
    span: tuple[int, int]
    pos: int | None
    strand: str
    attributes: str


WHOLE = frozenset({FeatureKind.GENE, FeatureKind.TRANSCRIPT})
"""Genes and transcripts; every other kind is a part of a transcript."""


def is_feature(fields: Sequence[str]) -> bool:
    """Whether the columns of a line are those of GTF or GFF3."""
    return len(fields) in {8, 9} and fields[6] in STRANDS and not is_integer(fields[2])


def feature_lines(
    lines: Lines, path: str, *, needs_part: Callable[[bytes], bool]
) -> Iterator[tuple[int, bytes, FeatureKind]]:
    """The lines of genes and transcripts, and of the parts of transcripts that are needed.

    Args:
        lines: the lines of the file with their numbers.
        path: the path of the file, for messages.
        needs_part: whether the line of an exon or of a piece of coding sequence is needed; most lines are such.

    Raises:
        ResourceError: a line has too few columns for a type.
    """
    for number, line in lines:
        columns = line.split(b"\t", 3)
        if len(columns) < 4:
            if is_data(line):
                raise Place(path, number).error(f"expected 9 columns, found {len(columns)}")
            continue
        kind = _kind(columns[2])
        if kind is None or line[0] == _HASH:
            continue
        if kind in WHOLE or needs_part(line):
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
    span = int(first) - 1, int(last)
    return Feature(place, kind, sys.intern(contig), span, pos, strand, attributes)


def span_of(line: bytes, place: Place) -> tuple[int, int]:
    """The 0-based half-open span of a line, without parsing the rest.

    Raises:
        ResourceError: a coordinate is malformed, or columns are missing.
    """
    columns = line.split(b"\t", 5)
    if len(columns) < 6:
        raise place.error(f"expected 9 columns, found {len(columns)}")
    first, last = columns[3:5]
    # A file has a million exons, so what is plainly right is not checked again.
    if first.isdigit() and last.isdigit() and 0 < int(first) <= int(last):
        return int(first) - 1, int(last)
    return place.span(text_of(first), text_of(last), zero_based=False)


@cache
def _kind(name: bytes) -> FeatureKind | None:
    """The kind of a type of the Sequence Ontology; None for all other types."""
    name = name.lower()
    if name.endswith(b"gene"):
        return FeatureKind.GENE
    if name == b"exon":
        return FeatureKind.EXON
    if name in {b"cds", b"stop_codon"}:  # GTF counts the stop codon as no part of the coding sequence
        return FeatureKind.CODING
    is_transcript = name.endswith((b"rna", b"transcript", b"gene_segment", b"transcript_variant"))
    return FeatureKind.TRANSCRIPT if is_transcript else None


def parse_gff3(lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
    """The starts of a GFF3 file: transcripts with the names of their parent genes, and genes without a transcript.

    A part of a transcript, such as a mature miRNA within its primary transcript, is not a start of transcription.

    Raises:
        ResourceError: a coordinate or the strand of a line is malformed, or columns or a name are missing.
    """
    table = _Table(strandless if strandless is not None else Strandless())
    for number, line, kind in feature_lines(_before_fasta(lines), path, needs_part=table.needs):
        place = Place(path, number)
        if kind in WHOLE:
            table.add(feature_of(line, place), is_gene=kind is FeatureKind.GENE)
        else:
            table.add_part(line, place, kind)
    return table.starts()


class _Table:
    """The genes and transcripts of a file, and the exons of the transcripts that represent their genes."""

    def __init__(self, strandless: Strandless) -> None:
        self._strandless = strandless
        self._genes: dict[str, TranscriptionStart] = {}
        self._biotypes: dict[str, tuple[str, ...]] = {}
        self._transcripts: list[tuple[str, bytes, TranscriptionStart, bool]] = []
        self._transcript_ids: set[str] = set()
        self._parts = TranscriptParts()

    def needs(self, line: bytes) -> bool:
        """Whether the line of an exon or of a piece of coding sequence is of a transcript that represents its gene."""
        return self._parts.wants(_parent(line))

    def add(self, feature: Feature, *, is_gene: bool) -> None:
        """Add a gene or a transcript."""
        values = _attributes(feature.attributes)
        own_id, start = values.get("ID", ""), _start(feature, values, is_gene=is_gene)
        if feature.pos is None:
            self._strandless.add(feature.place, start.transcript_id or start.symbol)
        if is_gene:
            self._genes.setdefault(own_id or f"{start.contig}:{start.symbol}", start)
            self._biotypes.setdefault(own_id, tags_of((), first_of(values, *GENE_BIOTYPES)))
            return
        parent, lacks_biotype = values.get("Parent", ""), _lacks_biotype(feature, values)
        key = _id(feature.attributes)
        if feature.pos is not None and key:
            biotype = self._biotypes.get(parent, ()) if lacks_biotype else ()
            gene = (feature.contig, parent or start.symbol)
            self._parts.propose(gene, key, rank_of(start.tags + biotype), feature.span)
        self._transcripts.append((parent, key, start, lacks_biotype))
        self._transcript_ids.add(own_id)

    def add_part(self, line: bytes, place: Place, kind: FeatureKind) -> None:
        """Add an exon or a piece of coding sequence that is needed."""
        self._parts.add(_parent(line), span_of(line, place), is_coding=kind is FeatureKind.CODING)

    def starts(self) -> list[TranscriptionStart]:
        """All starts, completed from the lines of their genes."""
        found, with_transcript = [], set()
        for parent, key, start, lacks_biotype in self._transcripts:
            if not start.pos:
                continue
            with_transcript.add(parent)
            # What has a transcript for its parent is a part of that transcript.
            if parent in self._genes or not parent or parent not in self._transcript_ids:
                biotype = self._biotypes.get(parent, ()) if lacks_biotype else ()
                with_parts = replace(start, transcript=self._parts.of(key, start.strand))
                found.append(_with_gene(with_parts, self._genes.get(parent), biotype))
        genes = self._genes.items()
        return found + [start for own_id, start in genes if start.pos and own_id not in with_transcript]


def _parent(line: bytes) -> bytes:
    """The first parent of a line as the file writes it; empty where there is none."""
    found = _PARENT.search(line)
    return found[1] if found else b""


def _id(attributes: str) -> bytes:
    """The ID of a line as the file writes it; empty where there is none."""
    found = _ID.search(attributes)
    return found[1].encode() if found else b""


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
