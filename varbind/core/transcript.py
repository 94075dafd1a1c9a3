"""The parts of a transcript: upstream of its start, untranslated, coding, splice site, intron.

A promoter of -1000 to +500 bases also contains coding bases and splice sites. A change of these may act on the protein
or on splicing, and then its effect on the promoter is not what matters most.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from operator import itemgetter

__all__ = ["CODING_REGIONS", "SPLICE_BASES", "Transcript", "TranscriptRegion"]

SPLICE_BASES = 8
"""Bases of an intron beside each of its ends that count as splice site and splice region (Sequence Ontology
SO:0001629 and the intron's side of SO:0001630)."""


class TranscriptRegion(StrEnum):
    """A part of a transcript; what changes the product most comes first."""

    CDS = "CDS"
    SPLICE = "splice"
    UTR5 = "UTR5"
    UTR3 = "UTR3"
    EXON = "exon"
    INTRON = "intron"
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


CODING_REGIONS = (TranscriptRegion.CDS, TranscriptRegion.SPLICE)
"""The regions where the effect on the protein or on splicing may matter more than that on the promoter."""

_ORDER = {region: rank for rank, region in enumerate(TranscriptRegion)}


@dataclass(frozen=True, slots=True)
class Transcript:
    """The exons of a transcript and what they code for. Positions are 0-based and half-open.

    Attributes:
        strand: `+` or `-`.
        exons: start and end of each exon, sorted, without overlaps.
        coding: start and end of the coding sequence on the genome, introns included; None = it codes for no protein.
    """

    strand: str
    exons: tuple[tuple[int, int], ...]
    coding: tuple[int, int] | None = None

    def region(self, start: int, end: int) -> TranscriptRegion:
        """The part of the transcript in which a span [start, end) lies, which holds one base at least.

        A span that lies in several parts has the one that comes first in `TranscriptRegion`.
        """
        return min((self._region_at(base) for base in self._bases(start, end)), key=_ORDER.__getitem__)

    def _bases(self, start: int, end: int) -> set[int]:
        """Bases of a span that show every part it touches: its ends, and both sides of each border inside."""
        borders = {border for exon in self.exons for border in exon}
        borders |= {
            border
            for left, right in pairwise(self.exons)
            for border in (left[1] + SPLICE_BASES, right[0] - SPLICE_BASES)
        }
        borders |= set(self.coding or ())
        inside = {base for border in borders for base in (border - 1, border)}
        return {start, end - 1} | {base for base in inside if start <= base < end}

    def _region_at(self, base: int) -> TranscriptRegion:
        if base < self.exons[0][0] or base >= self.exons[-1][1]:
            is_upstream = (base < self.exons[0][0]) == (self.strand == "+")
            return TranscriptRegion.UPSTREAM if is_upstream else TranscriptRegion.DOWNSTREAM
        exon = bisect_right(self.exons, base, key=itemgetter(0)) - 1
        exon_end = self.exons[exon][1]
        if base >= exon_end:
            to_exon = min(base - exon_end + 1, self.exons[exon + 1][0] - base)
            return TranscriptRegion.SPLICE if to_exon <= SPLICE_BASES else TranscriptRegion.INTRON
        if self.coding is None:
            return TranscriptRegion.EXON
        first, last = self.coding
        if first <= base < last:
            return TranscriptRegion.CDS
        is_before = (base < first) == (self.strand == "+")
        return TranscriptRegion.UTR5 if is_before else TranscriptRegion.UTR3
