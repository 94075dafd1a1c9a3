"""The sites of all promoters of a genome, in the order of the reference, and the alleles that a table has for them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from varbind.core.contigs import ContigNames
from varbind.core.intervals import Intervals
from varbind.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from varbind.core.tss import Promoter, TssIndex
    from varbind.core.variant import ReferenceSequence

__all__ = ["Shard", "Span", "chunks_of", "promoter_spans", "site_lines"]

BASES = "ACGT"


class Span(NamedTuple):
    """Consecutive sites, 0-based and half-open."""

    contig: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several runs that share the work.

    Attributes:
        number: the number of the run, from 1.
        total: the number of all runs.

    Raises:
        UsageError: the number is not between 1 and the total.
    """

    number: int = 1
    total: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.total:
            raise UsageError(f"there is no shard {self.number} of {self.total}", remedy="give 1/4, 2/4, 3/4 or 4/4")

    def of(self, count: int) -> range:
        """The places of this run among `count` chunks; the runs in order have all chunks in order."""
        return range((self.number - 1) * count // self.total, self.number * count // self.total)


def promoter_spans(
    index: TssIndex, promoter: Promoter, contigs: Mapping[str, int], *, renamed: Mapping[str, str]
) -> list[Span]:
    """The sites of all promoters, each site once, in the order of the reference.

    Args:
        index: the transcription starts.
        promoter: how far a promoter reaches from its start.
        contigs: the contigs of the reference, with their lengths in bases.
        renamed: pairs of names of the same contig, as the user gives them.

    Raises:
        UsageError: a contig of the reference or of the genes has two meanings, so that a table of its sites would not
            hold for every VCF.
    """
    _require_one_meaning(index, ContigNames(contigs, renamed=renamed), contigs)
    names = ContigNames(dict.fromkeys(index.contigs), declared=contigs, renamed=renamed)
    reaches: dict[str | None, list[tuple[int, int]]] = {}
    for tss in index:
        before, after = promoter.upstream, promoter.downstream
        if tss.strand != "+":
            before, after = after, before
        reaches.setdefault(tss.contig, []).append((tss.pos - 1 - before, tss.pos + after))
    spans: list[Span] = []
    for contig, length in contigs.items():
        reach = np.clip(reaches.get(names.find(contig), []), 0, length).reshape(-1, 2)
        covered = Intervals.union(*reach.T)
        spans += map(Span, repeat(contig), covered.starts.tolist(), covered.ends.tolist())
    return spans


def _require_one_meaning(index: TssIndex, names: ContigNames, contigs: Iterable[str]) -> None:
    """Check that each contig of the reference means itself, and that the genes name it in one way."""
    for contig in contigs:
        if names.find(contig) != contig:
            what = f"--contig-map makes {contig} of the reference another contig, so that no table can hold for it"
            raise UsageError(what, remedy="rename the contigs of the VCF and of the genes as in the reference instead")
    named: dict[str, str] = {}
    for in_genes in index.contigs:
        contig = names.find(in_genes) or in_genes
        if (first := named.setdefault(contig, in_genes)) != in_genes:
            what = f"the genes name {contig} of the reference in two ways, {first} and {in_genes}"
            raise UsageError(what, remedy="give genes with one name for it, so that a table can hold for it")


def chunks_of(spans: Iterable[Span], sites: int) -> list[list[Span]]:
    """The spans in chunks of so many sites; only the last chunk may have fewer."""
    chunks: list[list[Span]] = []
    room = 0
    for contig, first, end in spans:
        start = first
        while start < end:
            if not room:
                chunks.append([])
                room = sites
            stop = min(end, start + room)
            chunks[-1].append(Span(contig, start, stop))
            room -= stop - start
            start = stop
    return chunks


def site_lines(spans: Sequence[Span], reference: ReferenceSequence, *, indels: bool) -> Iterator[bytes]:
    """The lines of all alleles of some sites, sorted, with one alternate allele a line and an INFO of `.`.

    An indel is written in its leftmost form: an insertion differs from the base before it, and so does a deleted base.

    Args:
        spans: the sites.
        reference: the genome; a site where it has none of A, C, G and T has no allele.
        indels: whether insertions and deletions of one base follow the SNVs.
    """
    for contig, start, end in spans:
        bases = reference.fetch(contig, start, end + 1)
        for offset in range(end - start):
            base, following = bases[offset], bases[offset + 1]
            if base not in BASES:
                continue
            changes = [(base, other) for other in BASES if other != base]
            if indels:
                changes += [(base, base + other) for other in BASES if other != base]
                changes += [(base + following, base)] if following in BASES and following != base else []
            for ref, alt in changes:
                yield f"{contig}\t{start + offset + 1}\t.\t{ref}\t{alt}\t.\t.\t.\n".encode()
