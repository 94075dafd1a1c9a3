"""The status of every alternate allele: `ok` where it can be scored, otherwise the reason why not.

A record without an alternate allele, or with every allele outside the promoters, stays unchanged and its REF is not
compared with the reference. Every allele of all other records gets a status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.gene_scope import GeneScope, certainly_outside
from varbind.core.variant import Status, Variant, normalise, status_of_alt, status_of_place, trim
from varbind.errors import InputError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.annotate.counts import AnnotationCounts
    from varbind.core.contigs import ContigNames
    from varbind.core.tss import GeneHit
    from varbind.core.variant import ReferenceSequence
    from varbind.io.vcf.records import VcfRecord
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["Allele", "AlleleStatuses"]


@dataclass(frozen=True, slots=True)
class Allele:
    """One alternate allele.

    Attributes:
        status: `ok`, or the reason why the allele is not scored.
        variant: the allele, normalised on the reference; None unless the status is `ok`.
        contig: the contig's name in the reference; None where the reference does not have the contig.
        span: the 0-based half-open span on this contig; None without a contig.
        genes: the genes in whose promoters the allele lies, or the nearest gene where everything is scored.
        known: the values of the allele as a precomputed table has them, the texts by key without the prefix; None where
            the allele has to be scored.
    """

    status: Status
    variant: Variant | None = None
    contig: str | None = None
    span: tuple[int, int] | None = None
    genes: tuple[GeneHit, ...] = ()
    known: Mapping[str, str] | None = None


class AlleleStatuses:
    """Finds the status of alternate alleles.

    Args:
        reference: the genome.
        names: the reference's name of each contig of the VCF.
        scope: the promoters; None = everything is scored, and no gene is named.
        check_ref: `e` stops at the first REF that differs from the reference; `w` and `x` continue.
        max_indel: the length in bases of the longest trimmed allele that is scored.
        counts: counts unchanged records, REF comparisons and missing contigs.
        path: the path of the VCF, for messages.
    """

    def __init__(
        self,
        reference: ReferenceSequence,
        names: ContigNames,
        *,
        scope: GeneScope | None,
        check_ref: str = "w",
        max_indel: int = 50,
        counts: AnnotationCounts,
        path: str,
    ) -> None:
        self._reference = reference
        self._names = names
        self._scope = scope
        self._check_ref = check_ref
        self._max_indel = max_indel
        self._counts = counts
        self._path = path

    @property
    def scope(self) -> GeneScope | None:
        """The promoters; None = everything is scored, and no gene is named."""
        return self._scope

    def stay_unchanged(self, block: VcfBlock, *, excluded: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Find and count the lines of a block that certainly stay unchanged; `alleles_of` decides on the others.

        Args:
            block: N lines.
            excluded: lines that are left to `alleles_of` in any case, bool (N,).

        Returns:
            bool (N,).
        """
        scope = self._scope
        if scope is None or scope.everywhere:
            return np.zeros(len(block), dtype=np.bool_)
        # `ContigNames.seen` holds the names that were looked up. The reference check, the message about names in
        # another style and `varbind check` use it, and must not miss a contig whose lines all stay unchanged.
        for name, _, _ in block.runs:
            self._names.resolve(name)
        outside, without_alt = certainly_outside(block, scope)
        outside &= ~excluded
        nothing = int((without_alt & outside).sum())
        self._counts.records_without_alt += nothing
        self._counts.records_outside += int(outside.sum()) - nothing
        return outside

    def contig_of(self, name: str) -> str | None:
        """The reference's name of a contig of the VCF; None where its records cannot be scored."""
        scope = self._scope
        if self._names.conflict(name) or (scope is not None and scope.names.resolve(name) is None):
            return None
        return self._names.resolve(name)

    def alleles_of(self, record: VcfRecord) -> list[Allele] | None:
        """Find the alleles of a record, in the order of ALT; None for a record that stays unchanged.

        Raises:
            InputError: REF differs from the reference or an allele is malformed, with `check_ref` e.
            ResourceError: the contig's declared length differs from the reference's.
        """
        contig = self._names.resolve(record.chrom)
        statuses = [status_of_alt(record.ref, alt) for alt in record.alts]
        if statuses.count(Status.NO_ALT) == len(statuses):
            self._counts.records_without_alt += 1
            return None
        if not self._may_be_inside(record, statuses):
            self._counts.records_outside += 1
            return None
        common = status_of_place(contig, record.pos, record.ref, self._reference)
        alleles = [
            self._allele(record, alt, status, common, contig) for alt, status in zip(record.alts, statuses, strict=True)
        ]
        if all(allele.status is Status.OUTSIDE for allele in alleles):
            self._counts.records_outside += 1
            return None
        self._check(record, statuses, common, contig)
        return alleles

    def _may_be_inside(self, record: VcfRecord, statuses: Sequence[Status]) -> bool:
        """Whether an allele may lie in a promoter, as far as it is known without reading the reference.

        Normalisation can move an insertion or deletion to the left, and nothing else.
        """
        scope = self._scope
        if scope is None or scope.everywhere:
            return True
        contig = scope.names.resolve(record.chrom)
        if contig is None:
            return False
        start, end = record.pos - 1, record.pos - 1 + max(len(record.ref), 1)
        if scope.index.near_promoter(contig, start - 1, end + 1, scope.promoter):
            return True
        moving = any(
            status is Status.OK and len(alt) != len(record.ref)
            for alt, status in zip(record.alts, statuses, strict=True)
        )
        return moving and self._names.resolve(record.chrom) is not None

    def _allele(self, record: VcfRecord, alt: str, status: Status, common: Status, contig: str | None) -> Allele:
        variant = None
        pos = max(record.pos, 1)
        if status is not Status.OK:
            # An allele that cannot be normalised lies at POS, over the length of REF.
            footprint = Variant(record.chrom, pos, record.ref, "")
        elif common is Status.OK and contig is not None:
            footprint = variant = normalise(contig, record.pos, record.ref, alt, self._reference)
        else:
            status = common
            footprint = Variant(record.chrom, *trim(pos, record.ref.upper(), alt.upper()))
        genes = self._genes(record.chrom, footprint)
        if genes is None:
            return Allele(Status.OUTSIDE)
        if variant is not None and variant.size > self._max_indel:
            status = Status.TOO_LONG
        return Allele(
            status,
            variant=variant if status is Status.OK else None,
            contig=contig,
            span=footprint.touched,
            genes=genes,
        )

    def _genes(self, chrom: str, footprint: Variant) -> tuple[GeneHit, ...] | None:
        """Find the genes to name; None for an allele outside every promoter."""
        scope = self._scope
        if scope is None:
            return ()
        contig = scope.names.resolve(chrom)
        if scope.everywhere:
            return tuple(scope.index.nearest(contig, footprint)) if contig is not None else ()
        hits = scope.index.promoters_at(contig, footprint, scope.promoter) if contig is not None else []
        return tuple(hits) or None

    def _check(self, record: VcfRecord, statuses: Sequence[Status], common: Status, contig: str | None) -> None:
        """Count the comparison of REF, and stop at a conflict of lengths or, with `check_ref` e, at a wrong allele."""
        if contig is None:
            self._counts.missing_contigs[record.chrom] += 1
        conflict = self._names.conflict(record.chrom)
        if conflict:
            declared, known = conflict
            what = f"contig {record.chrom} has {declared:,} bases in the header, {known:,} in the reference"
            remedy = "give the reference of this VCF's build, or --allow-length-mismatch"
            raise ResourceError(what, path=self._path, line=record.number, remedy=remedy)
        strict = self._check_ref == "e"
        if strict and Status.BAD_ALLELE in statuses:
            what = f"REF {_short(record.ref)} or ALT {_short(','.join(record.alts))} is not an allele"
            raise InputError(what, path=self._path, line=record.number, remedy="repair it, or --check-ref w")
        if Status.OK not in statuses or common not in {Status.OK, Status.REF_MISMATCH}:
            return
        self._counts.checked_ref += 1
        if common is Status.OK or contig is None:
            return
        self._counts.mismatched_ref += 1
        self._counts.swapped_ref += self._looks_swapped(record, contig)
        if strict:
            start = record.pos - 1
            found = self._reference.fetch(contig, start, start + len(record.ref))
            what = f"REF is {_short(record.ref)}, the reference has {_short(found)}"
            remedy = "give the FASTA on which the variants were called, or --check-ref w"
            raise InputError(what, path=self._path, line=record.number, remedy=remedy)

    def _looks_swapped(self, record: VcfRecord, contig: str) -> bool:
        """Whether the reference has one of the ALTs where the record has REF."""
        start = record.pos - 1
        return any(alt and self._reference.fetch(contig, start, start + len(alt)) == alt.upper() for alt in record.alts)


def _short(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:17] + "...")
