"""Finds the lines of a block that certainly lie outside every promoter, from the columns alone.

These lines stay unchanged, and no record object is made for them. `AlleleStatuses.alleles_of` decides on all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.variant import NO_ALT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.contigs import ContigNames
    from varbind.core.tss import Promoter, TssIndex
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["GeneScope", "certainly_outside"]

_DOT, _COMMA, _ANGLE = b".,<"
_NOTHING = frozenset(alt.encode() for alt in NO_ALT)
_UPPER = 0xDF


@dataclass(frozen=True, slots=True)
class GeneScope:
    """The promoters of the genes, and the names of their contigs.

    Attributes:
        index: the transcription starts.
        names: the gene files' name of each contig of the VCF.
        promoter: how far a promoter reaches from the transcription start.
        everywhere: whether alleles outside the promoters are scored too; the gene named is then the nearest one.
    """

    index: TssIndex
    names: ContigNames
    promoter: Promoter
    everywhere: bool


def certainly_outside(block: VcfBlock, scope: GeneScope) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the lines that certainly lie outside every promoter, and those of them without an alternate allele.

    Returns:
        Two masks, bool (N,); the second lies within the first.
    """
    ref_bytes = block.tabs[:, 3] - block.tabs[:, 2] - 1
    alt_bytes = block.tabs[:, 4] - block.tabs[:, 3] - 1
    outside = np.ones(len(block), dtype=np.bool_)
    movable = np.zeros(len(block), dtype=np.bool_)
    for name, first, last in block.runs:
        contig = scope.names.resolve(name)
        if contig is not None:
            start = block.pos[first:last] - 1
            end = start + np.maximum(ref_bytes[first:last], 1)
            outside[first:last] = ~scope.index.are_near_promoters(contig, start - 1, end + 1, scope.promoter)
            movable[first:last] = True
    text = np.frombuffer(block.data, dtype=np.uint8)
    ref_end, alt_end = block.tabs[:, 3], block.tabs[:, 4]
    # Where a field is empty, these are letters beside it; such a line is excluded below.
    first_of_alt, last_of_alt, last_of_ref = text[ref_end + 1], text[alt_end - 1], text[ref_end - 1]
    nothing = (alt_bytes == 1) & (first_of_alt == _DOT)
    # Normalisation moves nothing but a pure insertion or deletion, to the left, and only while its last base
    # equals the base on its left. Where the last letters of REF and ALT differ, it stays: the shorter allele is
    # all trimmed off the front of the longer, so the base on its left is the last letter of the shorter, and
    # its last base that of the longer. POS 0 is read as 1, so an allele there can reach a base further right.
    may_move = (ref_bytes != alt_bytes) & (last_of_ref & _UPPER == last_of_alt & _UPPER)
    several = _hold(text, _COMMA, ref_end + 1, alt_end)
    for line in np.flatnonzero(several | (first_of_alt == _ANGLE)).tolist():
        ref, alts = block.alleles(line)
        listed = alts.split(b",")
        nothing[line] = all(alt in _NOTHING for alt in listed)
        may_move[line] = any(len(alt) != len(ref) and alt[-1:].upper() == ref[-1:].upper() for alt in listed)
    outside &= ~(movable & (may_move | (ref_bytes == 0) | (alt_bytes == 0) | (block.pos == 0)))
    return outside, nothing & outside


def _hold(text: NDArray[np.uint8], letter: int, first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the letter stands in [first, end), bool (N,)."""
    places = np.flatnonzero(text == letter)
    return np.searchsorted(places, first) < np.searchsorted(places, end)
