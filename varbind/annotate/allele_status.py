"""Which alleles of a record can be scored, and why the others cannot.

A record is passed on untouched when it has no alternate allele or when every allele lies outside the
promoters; then its REF is not even compared. Everything else gets one status an allele.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.prefilter import GeneScope, certainly_outside
from varbind.core.variant import Status, Variant, normalise, status_of_alt, status_of_place, trim
from varbind.errors import InputError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.annotate.counts import Tally
    from varbind.core.contigs import ContigNames
    from varbind.core.tss import GeneHit
    from varbind.core.variant import ReferenceSequence
    from varbind.io.vcf.records import VcfRecord
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["Allele", "Triage", "TriageRules"]


@dataclass(frozen=True, slots=True)
class Allele:
    """One ALT.

    Attributes:
        status: whether it will be scored.
        variant: its normal form on the reference; present exactly where the status is ok.
        span: 0-based half-open reference span on the reference's contig; None without a contig.
        contig: the reference's name; None where it has none.
        genes: promoters it lies in, or the nearest start.
    """

    status: Status
    variant: Variant | None = None
    contig: str | None = None
    span: tuple[int, int] | None = None
    genes: tuple[GeneHit, ...] = ()


@dataclass(frozen=True, slots=True)
class TriageRules:
    """What the user decides.

    Attributes:
        check_ref: `e` stops at the first REF that differs from the reference; `w` and `x` go on.
        max_indel: longest trimmed allele that is scored, in bases.
    """

    check_ref: str = "w"
    max_indel: int = 50


class Triage:
    """Sorts the alleles of records.

    Args:
        reference: the genome.
        names: from the VCF's contig names to the reference's.
        scope: promoters; None = everything is scored, and no gene is named.
        rules: what the user decides.
        tally: counts REF comparisons and missing contigs.
        path: of the VCF, for messages.
    """

    def __init__(
        self,
        reference: ReferenceSequence,
        names: ContigNames,
        *,
        scope: GeneScope | None,
        rules: TriageRules,
        tally: Tally,
        path: str,
    ) -> None:
        self._reference = reference
        self._names = names
        self._scope = scope
        self._rules = rules
        self._tally = tally
        self._path = path

    @property
    def scope(self) -> GeneScope | None:
        """Promoters; None = everything is scored, and no gene is named."""
        return self._scope

    def pass_on(self, block: VcfBlock, *, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which lines of a block are passed on untouched, counted; every other one is to be sorted.

        Args:
            block: N lines.
            held: lines that must be sorted, whatever they say, bool (N,).

        Returns:
            bool (N,).
        """
        scope = self._scope
        if scope is None or scope.everywhere:
            return np.zeros(len(block), dtype=np.bool_)
        # Names looked up are those met (`ContigNames.seen`): the preflight, the report of restyled names and
        # `varbind check` go by them, and must not miss a contig whose lines are all passed on.
        for name, _, _ in block.runs:
            self._names.resolve(name)
        outside, without_alt = certainly_outside(block, scope)
        outside &= ~held
        nothing = int((without_alt & outside).sum())
        self._tally.records_without_alt += nothing
        self._tally.records_outside += int(outside.sum()) - nothing
        return outside

    def sort(self, record: VcfRecord) -> list[Allele] | None:
        """One `Allele` an ALT, or None for a record that is passed on untouched.

        Raises:
            InputError: REF differs or an allele is malformed, under `check_ref` e.
            ResourceError: the contig's declared length is not the reference's.
        """
        contig = self._names.resolve(record.chrom)
        statuses = [status_of_alt(record.ref, alt) for alt in record.alts]
        if statuses.count(Status.NO_ALT) == len(statuses):
            self._tally.records_without_alt += 1
            return None
        if not self._may_be_inside(record, statuses):
            self._tally.records_outside += 1
            return None
        common = status_of_place(contig, record.pos, record.ref, self._reference)
        alleles = [
            self._sort_allele(record, alt, status, common, contig)
            for alt, status in zip(record.alts, statuses, strict=True)
        ]
        if all(allele.status is Status.OUTSIDE for allele in alleles):
            self._tally.records_outside += 1
            return None
        self._check(record, statuses, common, contig)
        return alleles

    def _may_be_inside(self, record: VcfRecord, statuses: Sequence[Status]) -> bool:
        """False where no allele can lie in a promoter, told without reading the reference.

        Only an insertion or deletion can move, to the left, when it is normalised.
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

    def _sort_allele(self, record: VcfRecord, alt: str, status: Status, common: Status, contig: str | None) -> Allele:
        variant = None
        pos = max(record.pos, 1)
        if status is not Status.OK:
            # What cannot be normalised stands where the record says, over the length of its REF.
            footprint = Variant(record.chrom, pos, record.ref, "")
        elif common is Status.OK and contig is not None:
            footprint = variant = normalise(contig, record.pos, record.ref, alt, self._reference)
        else:
            status = common
            footprint = Variant(record.chrom, *trim(pos, record.ref.upper(), alt.upper()))
        genes = self._genes(record.chrom, footprint)
        if genes is None:
            return Allele(Status.OUTSIDE)
        if variant is not None and variant.size > self._rules.max_indel:
            status = Status.TOO_LONG
        return Allele(
            status,
            variant=variant if status is Status.OK else None,
            contig=contig,
            span=footprint.touched,
            genes=genes,
        )

    def _genes(self, chrom: str, footprint: Variant) -> tuple[GeneHit, ...] | None:
        """The genes to name; None for an allele outside every promoter."""
        scope = self._scope
        if scope is None:
            return ()
        contig = scope.names.resolve(chrom)
        if scope.everywhere:
            return tuple(scope.index.nearest(contig, footprint)) if contig is not None else ()
        hits = scope.index.promoters_at(contig, footprint, scope.promoter) if contig is not None else []
        return tuple(hits) or None

    def _check(self, record: VcfRecord, statuses: Sequence[Status], common: Status, contig: str | None) -> None:
        """Count what was compared, and stop where the user wants it or nothing would be right."""
        if contig is None:
            self._tally.missing_contigs[record.chrom] += 1
        conflict = self._names.conflict(record.chrom)
        if conflict:
            declared, known = conflict
            what = f"contig {record.chrom} has {declared:,} bases in the header, {known:,} in the reference"
            remedy = "give the reference of this VCF's build, or --allow-length-mismatch"
            raise ResourceError(what, path=self._path, line=record.number, remedy=remedy)
        strict = self._rules.check_ref == "e"
        if strict and Status.BAD_ALLELE in statuses:
            what = f"REF {_short(record.ref)} or ALT {_short(','.join(record.alts))} is not an allele"
            raise InputError(what, path=self._path, line=record.number, remedy="repair it, or --check-ref w")
        if Status.OK not in statuses or common not in {Status.OK, Status.REF_MISMATCH}:
            return
        self._tally.checked_ref += 1
        if common is Status.OK or contig is None:
            return
        self._tally.mismatched_ref += 1
        self._tally.swapped_ref += self._looks_swapped(record, contig)
        if strict:
            start = record.pos - 1
            found = self._reference.fetch(contig, start, start + len(record.ref))
            what = f"REF is {_short(record.ref)}, the reference has {_short(found)}"
            remedy = "give the right reference, or --check-ref w"
            raise InputError(what, path=self._path, line=record.number, remedy=remedy)

    def _looks_swapped(self, record: VcfRecord, contig: str) -> bool:
        """Whether an ALT is what the reference has in place of REF."""
        start = record.pos - 1
        return any(alt and self._reference.fetch(contig, start, start + len(alt)) == alt.upper() for alt in record.alts)


def _short(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:17] + "...")
