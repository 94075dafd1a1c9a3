"""GTF: numbered lines enter, transcription starts leave.

A transcript starts at the 5' end of its line, or of its exons where it has no line of its own, as in files of the UCSC
Table Browser. What a transcript's line does not say about its gene is taken from the gene's line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from varbind.core.tss import TranscriptionStart
from varbind.io.gene_features import Feature, FeatureKind, feature_lines, feature_of
from varbind.io.gene_lines import Place, Strandless, first_of, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["is_gtf_attribute", "parse_gtf"]

# A key starts where a word starts: sought within words, a long one would be read once for each of its letters.
_ATTRIBUTE = re.compile(r'(?<![^\s;"])([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))')
_START = re.compile(r'\s*[^\s;"=]+ +[^\s=]')
_TRANSCRIPT_ID = re.compile(rb'(?<![^\s;"])transcript_id\s+(?:"([^"]+)"|([^\s;"]+))')

# RefSeq writes gene, FlyBase gene_symbol, StringTie ref_gene_name, WormBase locus, everybody else gene_name.
_SYMBOLS = ("gene_name", "gene", "gene_symbol", "ref_gene_name", "locus")
_GENE_BIOTYPES = ("gene_type", "gene_biotype", "biotype")
_TRANSCRIPT_BIOTYPES = ("transcript_type", "transcript_biotype", "biotype")


def is_gtf_attribute(text: str) -> bool:
    """Whether a ninth column is written as in GTF, and not as in GFF3."""
    return _START.match(text) is not None


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
    table = _Table()
    exons = _Exons()
    for number, line, kind in feature_lines(lines, path):
        if kind is FeatureKind.EXON:
            exons.add(line, path, number)
        elif kind is FeatureKind.GENE:
            table.add_gene(_draft(feature_of(line, Place(path, number)), is_gene=True))
        else:
            draft = _draft(feature_of(line, Place(path, number)), is_gene=False)
            table.transcripts.append(draft)
            exons.has_line(line, draft.start.transcript_id)
    table.add_exons(exons)
    return table.starts(strandless if strandless is not None else Strandless())


@dataclass(slots=True)
class _Draft:
    """A start as its own line tells it.

    Attributes:
        place: of the line.
        start: with the best name that the line has; its position is 0 where the strand is not known.
        symbol: of the gene; empty where the line has none.
        biotype: of the transcript or the gene; empty where the line has none.
    """

    place: Place
    start: TranscriptionStart
    symbol: str
    biotype: str

    @property
    def gene(self) -> tuple[str, str]:
        return self.start.contig, self.start.gene_id or self.start.symbol


class _Table:
    """Genes and transcripts of a file."""

    def __init__(self) -> None:
        self._genes: dict[tuple[str, str], _Draft] = {}
        self.transcripts: list[_Draft] = []

    def add_gene(self, draft: _Draft) -> None:
        self._genes.setdefault(draft.gene, draft)

    def add_exons(self, exons: _Exons) -> None:
        """Take the transcripts that have no line; where others have one, only those of genes that would be lost."""
        known = {draft.gene for draft in self.transcripts}
        known = known | self._genes.keys() if known else known
        self.transcripts += [draft for draft in exons.without_line() if draft.gene not in known]

    def starts(self, strandless: Strandless) -> list[TranscriptionStart]:
        """All starts, with what is known of their genes."""
        found = []
        with_transcript = set()
        for draft in self.transcripts:
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
        start, gene = draft.start, self._genes.get(draft.gene)
        if gene is None or (draft.symbol and draft.biotype):
            return start
        tags = start.tags if draft.biotype else start.tags + tags_of((), gene.biotype)
        return replace(start, symbol=draft.symbol or gene.symbol or start.symbol, tags=tags)


class _Exons:
    """Exons of transcripts without a line of their own, as far as it can be told while the file is read."""

    def __init__(self) -> None:
        self._with_line: set[bytes] = set()
        self._last = b""
        self._found: dict[tuple[bytes, str, str], _Span] = {}

    def has_line(self, line: bytes, transcript_id: str) -> None:
        """Remember that a transcript has a line."""
        match = _TRANSCRIPT_ID.search(line) if transcript_id else None
        if match:
            self._with_line.add(match[1] or match[2])
            # Most files have the exons behind the line of their transcript: these are told without a search.
            self._last = b'"' + match[1] + b'"' if match[1] else b""

    def add(self, line: bytes, path: str, number: int) -> None:
        """Take an exon, unless its transcript has a line already or it names none."""
        if self._last and self._last in line:
            return
        match = _TRANSCRIPT_ID.search(line)
        if match is None or (match[1] or match[2]) in self._with_line:
            return
        feature = feature_of(line, Place(path, number))
        span = self._found.setdefault((match[1] or match[2], feature.contig, feature.strand), _Span())
        span.add(feature)

    def without_line(self) -> Iterator[_Draft]:
        """Transcripts that have exons only, each with the 5' end of its exons."""
        for (transcript_id, _, _), span in self._found.items():
            if transcript_id not in self._with_line:
                yield span.draft()


class _Span:
    """The first exon of a transcript that was met, and the 5' end of all of them."""

    __slots__ = ("_first", "_pos")

    def __init__(self) -> None:
        self._first: _Draft | None = None
        self._pos = 0

    def add(self, feature: Feature) -> None:
        if self._first is None:
            self._first, self._pos = _draft(feature, is_gene=False), feature.pos or 0
        elif feature.pos:
            self._pos = (min if feature.strand == "+" else max)(self._pos, feature.pos)

    def draft(self) -> _Draft:
        assert self._first is not None
        return replace(self._first, start=replace(self._first.start, pos=self._pos))


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
    return _Draft(feature.place, start, symbol, biotype)


def _symbol(values: Mapping[str, str]) -> str:
    symbol = first_of(values, *_SYMBOLS)
    return "" if symbol.startswith("RLOC_") else symbol  # gffread's number of a cluster of transcripts


def _attributes(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    tags = []
    for key, quoted, bare in _ATTRIBUTE.findall(text):
        if key == "tag":
            tags.append(quoted or bare)
        else:
            values.setdefault(key, quoted or bare)
    return values, tuple(tags)
