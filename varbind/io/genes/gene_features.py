"""Genes, transcripts and exons among the lines of GTF and GFF3; no other line is parsed."""

from __future__ import annotations

import sys
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from varbind.io.genes.gene_lines import Place, is_data, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Feature", "FeatureKind", "feature_lines", "feature_of"]

_HASH = ord("#")


class FeatureKind(Enum):
    """What a line is about."""

    GENE = 0
    TRANSCRIPT = 1
    EXON = 2


class Feature(NamedTuple):
    """A line of GTF or GFF3.

    Attributes:
        place: of the line.
        type: as the file writes it.
        contig: its name.
        pos: 1-based 5' end; None where the strand is not known.
        strand: `+`, `-`, or a sign that it is not known.
        attributes: the ninth column.
    """

    place: Place
    type: str
    contig: str
    pos: int | None
    strand: str
    attributes: str


def feature_lines(
    lines: Iterable[tuple[int, bytes]], path: str, *, is_told: Callable[[bytes], bool] | None = None
) -> Iterator[tuple[int, bytes, FeatureKind]]:
    """Lines of genes and transcripts, and of exons where they are wanted.

    Args:
        lines: of the file, with their numbers.
        path: of the file, for messages.
        is_told: whether an exon tells nothing new; None = none of them does.

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
        if kind is not exon or not (is_told is None or is_told(line)):
            yield number, line, kind


def feature_of(line: bytes, place: Place) -> Feature:
    """Parse a line.

    Raises:
        ResourceError: a bad coordinate, another sign for the strand or too few columns.
    """
    fields = text_of(line).split("\t")
    if len(fields) < 9:
        raise place.error(f"expected 9 columns, found {len(fields)}")
    contig, _, kind, first, last, _, strand, _, attributes = fields[:9]
    pos = place.five_prime(first, last, strand, zero_based=False)
    return Feature(place, kind, sys.intern(contig), pos, strand, attributes)


@cache
def _kind(name: bytes) -> FeatureKind | None:
    """Of a type of the Sequence Ontology."""
    name = name.lower()
    if name.endswith(b"gene"):
        return FeatureKind.GENE
    if name == b"exon":
        return FeatureKind.EXON
    is_transcript = name.endswith((b"rna", b"transcript", b"gene_segment", b"transcript_variant"))
    return FeatureKind.TRANSCRIPT if is_transcript else None
