"""The transcription starts of a GTF file.

A transcript starts at the 5' end of its line. Where it has no line it starts at the 5' end of its exons, as in a file
of the UCSC Table Browser, or in a gene of one's own that was added to a file. What a transcript's line does not say
about its gene is taken from the gene's line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from varbind.core.tss import TranscriptionStart
from varbind.io.genes.gene_features import Feature, FeatureKind, feature_lines, feature_of
from varbind.io.genes.gene_lines import Place, Strandless, first_of, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["is_gtf_attribute", "parse_gtf"]

# A key starts where a word starts: sought within words, a long one would be read once for each of its letters.
_ATTRIBUTE = re.compile(r'(?<![^\s;"])([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))')
_START = re.compile(r'\s*[^\s;"=]+ +[^\s=]')
_BARE = re.compile(r'\s*([^\s;"=]+)[\s;]*')
_NUMBER_OF_TRANSCRIPT = re.compile(r"\.t[0-9]+$")
_TRANSCRIPT_ID = re.compile(rb'transcript_id\s+"?[^";]+"?')

# RefSeq writes gene, FlyBase gene_symbol, StringTie ref_gene_name, WormBase locus, everybody else gene_name.
_SYMBOLS = ("gene_name", "gene", "gene_symbol", "ref_gene_name", "locus")
_GENE_BIOTYPES = ("gene_type", "gene_biotype", "biotype")
_TRANSCRIPT_BIOTYPES = ("transcript_type", "transcript_biotype", "biotype")


def is_gtf_attribute(text: str) -> bool:
    """Whether a ninth column is written as in GTF, or is a bare name as AUGUSTUS has it, and not as in GFF3."""
    return _START.match(text) is not None or _BARE.fullmatch(text) is not None


def parse_gtf(
    lines: Iterable[tuple[int, bytes]], path: str, strandless: Strandless | None = None
) -> list[TranscriptionStart]:
    """Starts of GTF: transcripts, and genes that have none.

    Args:
        lines: of the file, with their numbers.
        path: of the file, for messages.
        strandless: counts genes and transcripts whose strand is not known, which are left out.

    Raises:
        ResourceError: a bad coordinate, another sign for the strand, too few columns or no name, with its line.
    """
    table, named = _Table(), _Named()
    for number, line, kind in feature_lines(lines, path, is_told=named.has_told):
        if kind is FeatureKind.TRANSCRIPT:
            named.add(line)
        table.add(feature_of(line, Place(path, number)), kind)
    return table.starts(strandless if strandless is not None else Strandless())


class _Named:
    """Transcripts that have a line, whose exons tell nothing new: most lines of a file are such exons."""

    def __init__(self) -> None:
        self._latest = b"\n"
        self._ids: set[bytes] = set()

    def add(self, line: bytes) -> None:
        """Take note of the line of a transcript."""
        if found := _TRANSCRIPT_ID.search(line):
            self._latest = found[0]
            self._ids.add(self._latest)

    def has_told(self, line: bytes) -> bool:
        """Whether an exon is of one of them, or of no transcript."""
        if self._latest in line:
            return True
        found = _TRANSCRIPT_ID.search(line)
        return not found or found[0] in self._ids


@dataclass(slots=True)
class _Draft:
    """A start as its own line tells it.

    Attributes:
        place: of the line.
        start: with the best name that the line has; its position is 0 where the strand is not known.
        gene: what tells its gene.
        symbol: of the gene; empty where the line has none.
        biotype: of the transcript or the gene; empty where the line has none.
    """

    place: Place
    start: TranscriptionStart
    gene: tuple[str, str]
    symbol: str
    biotype: str


class _Table:
    """Genes, transcripts and exons of a file."""

    def __init__(self) -> None:
        self._genes: dict[tuple[str, str], _Draft] = {}
        self._transcripts: list[_Draft] = []
        self._of_exons: dict[tuple[str, str, str], _Draft] = {}

    def add(self, feature: Feature, kind: FeatureKind) -> None:
        if kind is FeatureKind.TRANSCRIPT:
            self._transcripts.append(_draft(feature, is_gene=False))
        elif kind is FeatureKind.GENE:
            draft = _draft(feature, is_gene=True)
            self._genes.setdefault(draft.gene, draft)
        else:
            self._add_exon(feature)

    def _add_exon(self, feature: Feature) -> None:
        draft = _draft(feature, is_gene=False)
        start = draft.start
        if not start.transcript_id:
            return
        known = self._of_exons.setdefault((start.contig, start.strand, start.transcript_id), draft)
        if start.pos and (start.pos < known.start.pos) == (start.strand == "+"):
            known.start = replace(known.start, pos=start.pos)

    def _all_transcripts(self) -> list[_Draft]:
        """Transcripts with a line, and those of exons alone: of genes that no line names, where others have lines."""
        if not self._transcripts:
            return list(self._of_exons.values())
        known = {draft.gene for draft in self._transcripts} | self._genes.keys()
        return self._transcripts + [draft for draft in self._of_exons.values() if draft.gene not in known]

    def starts(self, strandless: Strandless) -> list[TranscriptionStart]:
        """All starts, with what is known of their genes."""
        found = []
        with_transcript = set()
        for draft in self._all_transcripts():
            if draft.start.pos:
                found.append(self._named(draft))
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
    biotype = first_of(values, *(() if is_gene else _TRANSCRIPT_BIOTYPES), *_GENE_BIOTYPES)
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
    return "" if symbol.startswith("RLOC_") else symbol  # gffread's number of a cluster of transcripts


def _attributes(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    tags = []
    if name := _BARE.fullmatch(text):  # AUGUSTUS: g1 on the line of a gene, g1.t1 on that of its transcript
        return {"gene_id": _NUMBER_OF_TRANSCRIPT.sub("", name[1]), "transcript_id": name[1]}, ()
    for key, quoted, bare in _ATTRIBUTE.findall(text):
        if key == "tag":
            tags.append(quoted or bare)
        else:
            values.setdefault(key, quoted or bare)
    return values, tuple(tags)
