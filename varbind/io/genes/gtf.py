"""The transcription starts of a GTF file.

A transcript starts at the 5' end of its line. If it has no line, it starts at the 5' end of its exons, as in files of
the UCSC Table Browser, or in genes that a user added to a file. What the line of a transcript does not state about its
gene is taken from the line of the gene.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from varbind.core.tss import TranscriptionStart
from varbind.io.genes.gene_lines import (
    GENE_BIOTYPES,
    TRANSCRIPT_BIOTYPES,
    GeneFormat,
    Place,
    Strandless,
    first_of,
    tags_of,
)
from varbind.io.genes.gff3 import WHOLE, Feature, FeatureKind, feature_lines, feature_of, is_feature, span_of
from varbind.io.genes.preferred import rank_of
from varbind.io.genes.transcript_parts import TranscriptParts

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from varbind.io.genes.gene_lines import Lines

__all__ = ["GTF", "is_gtf_attribute", "parse_gtf"]

# A key must start where a word starts; otherwise the search in a long word would take quadratic time.
_ATTRIBUTE = re.compile(r'(?<![^\s;"])([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))')
_START = re.compile(r'\s*[^\s;"=]+ +[^\s=]')
_BARE = re.compile(r'\s*([^\s;"=]+)[\s;]*')
_NUMBER_OF_TRANSCRIPT = re.compile(r"\.t[0-9]+$")
_TRANSCRIPT_ID = re.compile(rb'transcript_id\s+"?[^";]+"?')

# RefSeq writes gene, FlyBase gene_symbol, StringTie ref_gene_name, WormBase locus, and all others gene_name.
_SYMBOLS = ("gene_name", "gene", "gene_symbol", "ref_gene_name", "locus")


def is_gtf_attribute(text: str) -> bool:
    """Whether a ninth column is written as in GTF, or is a name alone, as AUGUSTUS writes it, and not as in GFF3."""
    return _START.match(text) is not None or _BARE.fullmatch(text) is not None


def parse_gtf(lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
    """The starts of a GTF file: transcripts, and genes without a transcript.

    Raises:
        ResourceError: a coordinate or the strand of a line is malformed, or columns or a name are missing.
    """
    table = _Table()
    for number, line, kind in feature_lines(lines, path, needs_part=table.needs):
        place = Place(path, number)
        if kind in WHOLE:
            table.add(line, feature_of(line, place), kind)
        else:
            table.add_part(line, place, kind)
    return table.starts(strandless if strandless is not None else Strandless())


@dataclass(slots=True)
class _Draft:
    """A start as one line describes it.

    Attributes:
        place: the file and the line number.
        start: the start with the best name in the line; its position is 0 where the strand is unknown.
        gene: the contig and the id of the gene, which identify it.
        symbol: the symbol of the gene; empty where the line has none.
        biotype: the biotype of the transcript or the gene; empty where the line has none.
        key: what identifies the parts of the transcript; None = it has none.
    """

    place: Place
    start: TranscriptionStart
    gene: tuple[str, str]
    symbol: str
    biotype: str
    key: Hashable = None


class _Table:
    """The genes and transcripts of a file, the exons of transcripts without a line, and the parts of the best ones.

    Most lines of a file are exons that are not needed; a transcript's id is compared as the file writes it.
    """

    def __init__(self) -> None:
        self._genes: dict[tuple[str, str], _Draft] = {}
        self._transcripts: list[_Draft] = []
        self._of_exons: dict[tuple[str, str, str], _Draft] = {}
        self._parts = TranscriptParts()
        self._ids: set[bytes] = set()
        self._latest, self._needs_latest = b"\n", False

    def needs(self, line: bytes) -> bool:
        """Whether a part is of a transcript that represents its gene, or of one that has no line so far."""
        if self._latest not in line:
            found = _TRANSCRIPT_ID.search(line)
            if found is None:
                return False
            self._latest = found[0]
            self._needs_latest = self._parts.wants(found[0]) or found[0] not in self._ids
        return self._needs_latest

    def add(self, line: bytes, feature: Feature, kind: FeatureKind) -> None:
        """Add a gene or a transcript."""
        draft = _draft(feature, is_gene=kind is FeatureKind.GENE)
        if kind is FeatureKind.GENE:
            self._genes.setdefault(draft.gene, draft)
            return
        self._transcripts.append(draft)
        self._latest = b"\n"
        if found := _TRANSCRIPT_ID.search(line):
            draft.key = found[0]
            self._ids.add(found[0])
            if draft.start.pos:
                self._parts.propose(draft.gene, found[0], rank_of(self._named(draft).tags), feature.span)

    def add_part(self, line: bytes, place: Place, kind: FeatureKind) -> None:
        """Add the exon or the piece of coding sequence of which `needs` was asked last."""
        if self._latest in self._ids:
            self._parts.add(self._latest, span_of(line, place), is_coding=kind is FeatureKind.CODING)
        else:
            self._add_part_without_line(self._latest, feature_of(line, place), kind)

    def _add_part_without_line(self, key: bytes, feature: Feature, kind: FeatureKind) -> None:
        draft = _draft(feature, is_gene=False)
        start = draft.start
        if not start.transcript_id:
            return
        place = (start.contig, start.strand, key)
        self._parts.propose(place, place, rank_of(()))
        self._parts.add(place, feature.span, is_coding=kind is FeatureKind.CODING)
        if kind is not FeatureKind.EXON:
            return
        draft.key = place
        known = self._of_exons.setdefault((start.contig, start.strand, start.transcript_id), draft)
        if start.pos and (start.pos < known.start.pos) == (start.strand == "+"):
            known.start = replace(known.start, pos=start.pos)

    def _all_transcripts(self) -> list[_Draft]:
        """Transcripts with a line, and those known by their exons only, unless another line names their gene."""
        if not self._transcripts:
            return list(self._of_exons.values())
        known = {draft.gene for draft in self._transcripts} | self._genes.keys()
        return self._transcripts + [draft for draft in self._of_exons.values() if draft.gene not in known]

    def starts(self, strandless: Strandless) -> list[TranscriptionStart]:
        """All starts, completed from the lines of their genes."""
        found = []
        with_transcript = set()
        for draft in self._all_transcripts():
            if draft.start.pos:
                parts = self._parts.of(draft.key, draft.start.strand)
                found.append(replace(self._named(draft), transcript=parts))
                with_transcript.add(draft.gene)
            else:
                strandless.add(draft.place, draft.start.transcript_id or draft.start.symbol)
        for gene, draft in self._genes.items():
            if not draft.start.pos:
                strandless.add(draft.place, draft.start.symbol)
            elif gene not in with_transcript:
                found.append(draft.start)
        return found

    def _named(self, draft: _Draft) -> TranscriptionStart:
        start = draft.start
        if draft.symbol and draft.biotype:
            return start
        gene = self._genes.get(draft.gene)
        if gene is None:
            return start
        tags = start.tags if draft.biotype else start.tags + tags_of((), gene.biotype)
        return replace(start, symbol=draft.symbol or gene.symbol or start.symbol, tags=tags)


def _draft(feature: Feature, *, is_gene: bool) -> _Draft:
    values, tags = _attributes(feature.attributes)
    gene_id, transcript_id = values.get("gene_id", ""), values.get("transcript_id", "")
    symbol = _symbol(values)
    name = symbol or first_of(values, "gene_id", "transcript_id")
    if not name:
        raise feature.place.error('expected a gene_id "..." among the attributes')
    biotype = first_of(values, *(() if is_gene else TRANSCRIPT_BIOTYPES), *GENE_BIOTYPES)
    start = TranscriptionStart(
        feature.contig,
        feature.pos or 0,
        feature.strand,
        name,
        gene_id,
        "" if is_gene else transcript_id,
        tags_of(tags, biotype),
    )
    return _Draft(feature.place, start, (feature.contig, gene_id or name), symbol, biotype)


def _symbol(values: Mapping[str, str]) -> str:
    symbol = first_of(values, *_SYMBOLS)
    return "" if symbol.startswith("RLOC_") else symbol  # the number that gffread gives to a cluster of transcripts


def _attributes(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    tags = []
    if name := _BARE.fullmatch(text):  # AUGUSTUS writes g1 in the line of a gene, and g1.t1 in that of its transcript
        return {"gene_id": _NUMBER_OF_TRANSCRIPT.sub("", name[1]), "transcript_id": name[1]}, ()
    for key, quoted, bare in _ATTRIBUTE.findall(text):
        if key == "tag":
            tags.append(quoted or bare)
        else:
            values.setdefault(key, quoted or bare)
    return values, tuple(tags)


def _is_gtf(fields: Sequence[str]) -> bool:
    return is_feature(fields) and is_gtf_attribute("".join(fields[8:]))


GTF = GeneFormat("GTF", _is_gtf, parse_gtf)
