"""Stops a run in its first seconds where the reference is not that of the variants."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from varbind.annotate.counts import AnnotationCounts
    from varbind.core.contigs import ContigNames

__all__ = ["preflight"]

CHECKED_RECORDS = 1_000
WRONG_RECORDS = 10
WRONG_SHARE = 0.1
HELD_BYTES = 1 << 26

Item = TypeVar("Item")


def preflight(
    items: Iterable[Item],
    counts: AnnotationCounts,
    *,
    size_of: Callable[[Item], int],
    names: ContigNames,
    declared: Iterable[str],
    reference_contigs: Iterable[str],
    allow_ref_mismatch: bool,
    path: str | None = None,
) -> Iterator[Item]:
    """Yield all items, but only after the first ones have shown that the reference fits.

    Args:
        items: the items; reading them updates the counts.
        counts: the counts of REF comparisons and missing contigs.
        size_of: the memory of an item, in bytes.
        names: the reference's name of each contig of the VCF.
        declared: the contigs that the VCF's header declares.
        reference_contigs: the contigs of the reference, for the message.
        allow_ref_mismatch: continue although most REFs differ.
        path: the path of the VCF, for messages.

    Raises:
        ResourceError: no contig is shared, or at least 10 and more than 10 % of the first 1,000 compared
            REFs differ.
    """
    stream = iter(items)
    held: list[Item] = []
    held_bytes = 0
    for item in stream:
        held.append(item)
        held_bytes += size_of(item)
        if counts.checked_ref >= CHECKED_RECORDS or held_bytes > HELD_BYTES:
            break
    _check_contigs(counts, names, declared, reference_contigs, path)
    if allow_ref_mismatch:
        return chain(held, stream)
    _check_build(counts, path)
    # Few records at the start of a genome lie in promoters; the rest of the first 1,000 follow later.
    return chain(held, stream if counts.checked_ref >= CHECKED_RECORDS else _checked(stream, counts, path))


def _checked(stream: Iterator[Item], counts: AnnotationCounts, path: str | None) -> Iterator[Item]:
    """Check again when 1,000 REFs have been compared, or at the end."""
    for item in stream:
        yield item
        if counts.checked_ref >= CHECKED_RECORDS:
            break
    _check_build(counts, path)
    yield from stream


def _check_contigs(
    counts: AnnotationCounts,
    names: ContigNames,
    declared: Iterable[str],
    reference_contigs: Iterable[str],
    path: str | None,
) -> None:
    seen = names.seen
    if not seen or counts.checked_ref or names.shares_any(chain(seen, declared)):
        return
    in_vcf, in_reference = seen[0], next(iter(reference_contigs))
    what = f"no contig of the VCF is in the reference: the VCF says {in_vcf!r}, the reference {in_reference!r}"
    remedy = "give the right reference, or --contig-map FILE"
    if conflict := names.length_conflict(in_vcf):
        declared_length, in_reference, length = conflict
        what = f"contig {in_vcf} has {declared_length:,} bases in the header, {in_reference} has {length:,}"
        what += " in the reference"
        remedy = (
            "give the reference of this VCF's build, or --allow-length-mismatch if the header's length is only that up "
            "to the last variant, as exports of plink have it"
        )
    raise ResourceError(what, path=path, remedy=remedy)


def _check_build(counts: AnnotationCounts, path: str | None) -> None:
    wrong, checked = counts.mismatched_ref, counts.checked_ref
    if wrong >= WRONG_RECORDS and wrong > WRONG_SHARE * checked:
        what = f"wrong genome build? {wrong:,} of {checked:,} REF differ from the reference"
        remedy = "give the right reference, or --allow-ref-mismatch"
        if counts.looks_swapped:
            what += f", and in {counts.swapped_ref:,} of these ALT is what the reference has: REF and ALT look swapped"
            remedy = (
                "exports of plink are: swap them back with bcftools norm --check-ref s -f REF.fa, or export again with "
                f"plink2 --ref-from-fa force; else {remedy}"
            )
        raise ResourceError(what, path=path, remedy=remedy)
