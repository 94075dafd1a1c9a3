"""Which transcript represents a gene, and which transcription starts of the gene are used."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from varbind.core.tss import TranscriptionStart

__all__ = ["describe_preferred", "gene_of", "preferred_starts", "rank_of"]

CODING = "protein_coding"

_RANKS = {
    "MANE_Select": (0, 0),
    "MANE_Plus_Clinical": (0, 1),
    "Ensembl_canonical": (1, 0),
    "RefSeq_Select": (1, 0),
    CODING: (2, 0),
}
_APPRIS, _NONE = (1, 1), (3, 0)
_TIERS = ("MANE", "canonical", "protein-coding", "other")


def rank_of(tags: Iterable[str]) -> tuple[int, int]:
    """How well a transcript represents its gene by its tags; the lowest rank is best.

    MANE Select comes first, then MANE Plus Clinical, the canonical transcript of Ensembl or RefSeq, the principal
    isoforms of APPRIS, and protein-coding transcripts.
    """
    return min((_APPRIS if tag.startswith("appris_") else _RANKS.get(tag, _NONE) for tag in tags), default=_NONE)


def gene_of(start: TranscriptionStart) -> tuple[str, str, str]:
    """What identifies the gene of a start.

    In some tables distant genes share an id, and in others they share a symbol.
    """
    return start.contig, start.symbol, start.gene_id


def preferred_starts(starts: Sequence[TranscriptionStart]) -> list[TranscriptionStart]:
    """The starts of each gene that are used by default, each under the name of the gene's best transcript.

    These are the start of the best transcript and those of all protein-coding transcripts. A gene without a
    protein-coding transcript has the starts of its best tier: MANE, else canonical, else all.

    Args:
        starts: the starts of a file, in its order.
    """
    genes: dict[tuple[str, str, str], list[TranscriptionStart]] = {}
    for start in starts:
        genes.setdefault(gene_of(start), []).append(start)
    return [start for of_gene in genes.values() for start in _preferred_of_gene(of_gene)]


def _preferred_of_gene(starts: list[TranscriptionStart]) -> list[TranscriptionStart]:
    best = min(starts, key=lambda start: rank_of(start.tags))
    used = [start for start in starts if CODING in start.tags]
    if not used:
        tier = rank_of(best.tags)[0]
        return [start for start in starts if rank_of(start.tags)[0] == tier]
    places = dict.fromkeys((start.pos, start.strand) for start in [best, *used])
    return [replace(best, pos=pos, strand=strand) for pos, strand in places]


def describe_preferred(starts: Iterable[TranscriptionStart]) -> str:
    """The kinds of the best transcripts of the genes, such as `18,000 MANE, 900 canonical, 40 other`."""
    tier_of_gene = {gene_of(start): rank_of(start.tags)[0] for start in starts}
    counts = Counter(tier_of_gene.values())
    return ", ".join(f"{counts[tier]:,} {_TIERS[tier]}" for tier in sorted(counts))
