"""The exons and the coding sequence of the transcript that represents each gene; those of the others are skipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from varbind.core.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

__all__ = ["TranscriptParts", "transcript_of"]


@dataclass(slots=True)
class _Spans:
    """Spans of one transcript, 0-based and half-open."""

    within: tuple[int, int] | None
    exons: list[tuple[int, int]] = field(default_factory=list)
    coding: list[tuple[int, int]] = field(default_factory=list)


class TranscriptParts:
    """Collects the parts of the best transcript of each gene while a file is read.

    In most files the exons follow the line of their transcript, so that those of other transcripts are never stored.
    """

    def __init__(self) -> None:
        self._best: dict[Hashable, tuple[tuple[int, int], Hashable]] = {}
        self._spans: dict[Hashable, _Spans] = {}

    def propose(
        self, gene: Hashable, transcript: Hashable, rank: tuple[int, int], within: tuple[int, int] | None = None
    ) -> bool:
        """Offer a transcript; its parts are collected from now on if it represents its gene better than those before.

        Args:
            gene: what identifies the gene.
            transcript: what identifies the transcript.
            rank: how well it represents the gene; the lowest is best, and the first of equal ones.
            within: the span in which its parts must lie, because several places of a genome may share one name; None =
                unknown.
        """
        known = self._best.get(gene)
        if known is not None and known[0] <= rank:
            return False
        if known is not None:
            self._spans.pop(known[1], None)
        self._best[gene] = rank, transcript
        self._spans[transcript] = _Spans(within)
        return True

    def wants(self, transcript: Hashable) -> bool:
        """Whether the parts of a transcript are collected."""
        return transcript in self._spans

    def add(self, transcript: Hashable, span: tuple[int, int], *, is_coding: bool) -> None:
        """Add an exon, or a piece of the coding sequence, of a transcript whose parts are collected."""
        spans = self._spans[transcript]
        if spans.within is None or (spans.within[0] <= span[0] and span[1] <= spans.within[1]):
            (spans.coding if is_coding else spans.exons).append(span)

    def of(self, transcript: Hashable, strand: str) -> Transcript | None:
        """The transcript with its parts; None where they were not collected or the file has no exons."""
        spans = self._spans.get(transcript)
        return None if spans is None else transcript_of(spans.exons, spans.coding, strand)


def transcript_of(
    exons: Iterable[tuple[int, int]], coding: Iterable[tuple[int, int]], strand: str
) -> Transcript | None:
    """A transcript of exons and coding pieces in any order, 0-based and half-open; None without an exon."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(exons):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    if not merged:
        return None
    pieces = sorted(coding)
    whole = (pieces[0][0], max(end for _, end in pieces)) if pieces else None
    return Transcript(strand, tuple(merged), whole)
