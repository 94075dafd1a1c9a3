"""Transcription start sites, promoters and signed distances.

The sign of a distance follows the strand of the gene: negative = upstream of the start, 0 = the first transcribed base,
positive = downstream.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from varbind.core.transcript import Transcript, TranscriptRegion
    from varbind.core.variant import Variant

__all__ = ["GeneHit", "Promoter", "TranscriptionStart", "TssIndex"]


@dataclass(frozen=True, slots=True)
class TranscriptionStart:
    """One start of transcription.

    Attributes:
        contig: the contig as the gene file spells it.
        pos: the 1-based position of the first transcribed base.
        strand: `+` or `-`.
        symbol: the symbol of the gene, or its id where there is no symbol.
        gene_id: the accession of the gene; empty if unknown.
        transcript_id: the accession of the transcript; empty if the start is that of a gene.
        tags: tags such as MANE_Select and protein_coding.
        transcript: the exons of the transcript that names the gene; None where they are unknown.
    """

    contig: str
    pos: int
    strand: str
    symbol: str
    gene_id: str = ""
    transcript_id: str = ""
    tags: tuple[str, ...] = ()
    transcript: Transcript | None = None

    def distance(self, start: int, end: int) -> int:
        """The signed distance in bases to the nearest base of the 0-based half-open span [start, end)."""
        if start < self.pos <= end:
            return 0
        offset = start + 1 - self.pos if start >= self.pos else end - self.pos
        return offset if self.strand == "+" else -offset


@dataclass(frozen=True, slots=True)
class Promoter:
    """The extent of a promoter, both ends included.

    Attributes:
        upstream: the number of bases before the start, at least 0.
        downstream: the number of bases after the start, at least 0.
    """

    upstream: int = 1000
    downstream: int = 500


@dataclass(frozen=True, slots=True)
class GeneHit:
    """A start near an allele.

    Attributes:
        tss: the start.
        distance: the signed distance in bases.
        region: the part of the transcript of the gene in which the allele lies; None where its exons are unknown.
    """

    tss: TranscriptionStart
    distance: int
    region: TranscriptRegion | None = None


class TssIndex:
    """Transcription starts by contig and position.

    Args:
        starts: the starts in any order; starts with the same contig, position, strand and gene count once.
    """

    def __init__(self, starts: Iterable[TranscriptionStart]) -> None:
        unique: dict[tuple[str, int, str, str, str], TranscriptionStart] = {}
        for tss in starts:
            unique.setdefault((tss.contig, tss.pos, tss.strand, tss.symbol, tss.gene_id), tss)
        self._starts: dict[str, list[TranscriptionStart]] = {}
        for tss in sorted(unique.values(), key=lambda t: (t.contig, t.pos, t.symbol)):
            self._starts.setdefault(tss.contig, []).append(tss)
        self._positions = {contig: [t.pos for t in starts] for contig, starts in self._starts.items()}
        self._arrays = {contig: np.array(positions) for contig, positions in self._positions.items()}

    def __len__(self) -> int:
        return sum(map(len, self._starts.values()))

    def __iter__(self) -> Iterator[TranscriptionStart]:
        """All starts, ordered by contig and position."""
        return chain.from_iterable(self._starts.values())

    @property
    def contigs(self) -> tuple[str, ...]:
        """The contigs that have a start, sorted."""
        return tuple(self._starts)

    def count(self, contig: str) -> int:
        """The number of starts on a contig."""
        return len(self._starts.get(contig, ()))

    def beyond(self, contig: str, length: int) -> list[TranscriptionStart]:
        """The starts beyond the end of a contig with this length in bases."""
        return self._starts.get(contig, [])[bisect_right(self._positions.get(contig, []), length) :]

    def promoters_at(self, contig: str, variant: Variant, promoter: Promoter) -> list[GeneHit]:
        """The starts whose promoters contain a touched base of a variant, nearest first, ties ordered by gene symbol.

        Only the nearest start of each gene is listed.
        """
        start, end = variant.touched
        reach = max(promoter.upstream, promoter.downstream)
        hits = [
            GeneHit(tss, tss.distance(start, end))
            for tss in self._between(contig, start + 1 - reach, end + reach)
            if _holds(tss, start, end, promoter)
        ]
        return _with_regions(_nearest_per_gene(hits), start, end)

    def near_promoter(self, contig: str, start: int, end: int, promoter: Promoter) -> bool:
        """Whether a span [start, end) is within the longer of the two reaches of the promoter of any start."""
        reach = max(promoter.upstream, promoter.downstream)
        return bool(self._between(contig, start + 1 - reach, end + reach))

    def are_near_promoters(
        self, contig: str, starts: NDArray[np.int64], ends: NDArray[np.int64], promoter: Promoter
    ) -> NDArray[np.bool_]:
        """The result of `near_promoter` for N spans on one contig, bool (N,)."""
        reach = max(promoter.upstream, promoter.downstream)
        positions = self._arrays.get(contig, np.zeros(0, dtype=np.int64))
        first = np.searchsorted(positions, starts + 1 - reach, side="left")
        return first < np.searchsorted(positions, ends + reach, side="right")

    def nearest(self, contig: str, variant: Variant) -> list[GeneHit]:
        """The nearest starts at any distance; several starts with the same distance are sorted by symbol."""
        start, end = variant.touched
        positions = self._positions.get(contig)
        if not positions:
            return []
        after = bisect_left(positions, start + 1)
        candidates = {positions[i] for i in (after - 1, after) if 0 <= i < len(positions)}
        candidates |= set(positions[after : bisect_right(positions, end)])
        hits = [GeneHit(tss, tss.distance(start, end)) for pos in candidates for tss in self._between(contig, pos, pos)]
        closest = min(abs(hit.distance) for hit in hits)
        return _with_regions(_nearest_per_gene([hit for hit in hits if abs(hit.distance) == closest]), start, end)

    def _between(self, contig: str, low: int, high: int) -> list[TranscriptionStart]:
        positions = self._positions.get(contig, [])
        return self._starts.get(contig, [])[bisect_left(positions, low) : bisect_right(positions, high)]


def _holds(tss: TranscriptionStart, start: int, end: int, promoter: Promoter) -> bool:
    """Whether a base of [start, end) lies in the promoter."""
    if tss.strand == "+":
        low, high = tss.pos - promoter.upstream, tss.pos + promoter.downstream
    else:
        low, high = tss.pos - promoter.downstream, tss.pos + promoter.upstream
    return start + 1 <= high and end >= low


def _nearest_per_gene(hits: list[GeneHit]) -> list[GeneHit]:
    if len(hits) < 2:
        return hits
    hits = sorted(hits, key=lambda hit: (abs(hit.distance), hit.tss.symbol, hit.tss.transcript_id))
    seen: dict[tuple[str, str], GeneHit] = {}
    for hit in hits:
        seen.setdefault((hit.tss.symbol, hit.tss.gene_id), hit)
    return list(seen.values())


def _with_regions(hits: list[GeneHit], start: int, end: int) -> list[GeneHit]:
    """The starts with the parts of their transcripts that a 0-based half-open span touches."""
    return [
        hit if hit.tss.transcript is None else GeneHit(hit.tss, hit.distance, hit.tss.transcript.region(start, end))
        for hit in hits
    ]
