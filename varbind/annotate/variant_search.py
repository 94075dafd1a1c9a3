"""Finds the alleles of an annotated VCF with one ID or one position."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.annotated_variants import AnnotatedVariant, shown_text
from varbind.annotate.info_reader import AnnotatedAllele, DeclaredKeys, alleles_of
from varbind.core.contigs import other_styles, plain_name
from varbind.errors import UsageError
from varbind.io.vcf.variants import open_variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from varbind.io.vcf.records import VcfRecord
    from varbind.io.vcf.variants import VariantFile
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["find_variants"]

_POS_DIGITS = 18


def find_variants(source: str | os.PathLike[str], wanted: str, *, prefix: str = "VARBIND") -> list[AnnotatedVariant]:
    """Read all alleles of the records with an ID or a position, in the order of the file.

    Args:
        source: the annotated VCF or BCF; `-` is standard input.
        wanted: one of the IDs of a record, or CHROM:POS, where `chr1`, `1` and the NCBI names of chromosome 1 are
            equal. The digits of POS may be grouped with commas.
        prefix: the prefix of the keys.

    Raises:
        InputError: the file is broken or was not annotated.
        UsageError: no record has this ID or position.
    """
    with open_variants(os.fspath(source)) as variants:
        keys = DeclaredKeys.of(variants.header, prefix, variants.name)
        found = [
            AnnotatedVariant.of(record, alt, allele, keys)
            for record in _records_of(variants, wanted)
            for alt, allele in _alleles(record, keys, variants.name)
        ]
    if not found:
        what = f"no record has the ID or the position {wanted!r}"
        remedy = f"give an ID or CHROM:POS of a record; varbind show {variants.name} lists some"
        raise UsageError(what, path=variants.name, remedy=remedy)
    return found


def _alleles(record: VcfRecord, keys: DeclaredKeys, path: str) -> Iterator[tuple[str, AnnotatedAllele]]:
    """The alternate alleles of a record with their values."""
    alleles = alleles_of(record, keys, path)
    if alleles is None:
        alleles = [AnnotatedAllele.without_values(keys)] * len(record.alts)
    return zip(record.alts, alleles, strict=True)


def _records_of(variants: VariantFile, wanted: str) -> Iterator[VcfRecord]:
    """The records with an ID or a position."""
    contig, _, digits = wanted.rpartition(":")
    digits = digits.replace(",", "")
    is_place = bool(contig) and digits.isascii() and digits.isdigit() and len(digits) <= _POS_DIGITS
    pos = int(digits) if is_place else -1
    word = wanted.encode("utf-8", "surrogateescape")

    def may_match(block: VcfBlock) -> NDArray[np.bool_]:
        return np.asarray((block.pos == pos) | block.lines_with(word), dtype=np.bool_)

    # A dot is no ID: it stands for a missing one.
    for _, _, record in variants.select(may_match) if wanted not in {"", "."} else ():
        if record is None:
            continue
        is_at_place = record.pos == pos and _is_same_contig(shown_text(record.chrom), contig)
        if is_at_place or word in record.line.split(b"\t", 3)[2].split(b";"):
            yield record


def _is_same_contig(one: str, other: str) -> bool:
    """Whether two names are of one contig, in any common style."""
    same = plain_name(one)
    return one == other or other in other_styles(one) or bool(same and same == plain_name(other))
