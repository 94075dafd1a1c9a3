"""Reads the alleles of an annotated VCF that people look at: the most extreme ones, or those of one ID or position.

record -> values of each allele -> the first N in the order of a key, or those that were asked for
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from heapq import nlargest
from math import isnan
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from varbind.annotate.info_reader import (
    TEXT_KEYS,
    UNANNOTATED,
    AnnotatedAllele,
    DeclaredKeys,
    ProteinChange,
    alleles_of,
    protein_changes,
)
from varbind.annotate.sort_order import SortOrder
from varbind.core.contigs import other_styles, plain_name
from varbind.core.transcript import CODING_REGIONS
from varbind.errors import InputError, UsageError, printable
from varbind.io.vcf.variants import open_variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from varbind.io.vcf.records import VcfRecord
    from varbind.io.vcf.variants import VariantFile
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = [
    "AnnotatedVariant",
    "NearbyGene",
    "TopVariants",
    "find_variants",
    "top_variants",
]

_POS_DIGITS = 18


class NearbyGene(NamedTuple):
    """A gene near an allele.

    The fields are the symbol, the accession of the transcript, the signed distance from the transcription start in
    bases (negative = upstream), and the part of the transcript in which the allele lies. Unknown texts are empty.
    """

    symbol: str
    transcript: str
    distance: int
    region: str

    @property
    def is_coding(self) -> bool:
        """Whether the allele lies in the coding sequence or a splice site of the gene."""
        return self.region in CODING_REGIONS


@dataclass(frozen=True, slots=True)
class AnnotatedVariant:
    """One alternate allele with its values. No text contains a character that would control a terminal.

    Attributes:
        chrom: CHROM.
        pos: POS, from 1.
        name: ID; empty where it is missing.
        ref: REF.
        alt: the alternate allele.
        filter: FILTER; empty where it is missing.
        numbers: the values of the keys with numbers that are not missing, by key without the prefix.
        genes: the genes of GENE, nearest first.
        losses: the families of BIND_LOSS, rarest first.
        gains: the families of BIND_GAIN, rarest first.
        why_not: the reason why the allele has no score; empty where it has one.
        flags: the caveats of FLAG.
    """

    chrom: str
    pos: int
    name: str
    ref: str
    alt: str
    filter: str = ""
    numbers: dict[str, float] = field(default_factory=dict)
    genes: tuple[NearbyGene, ...] = ()
    losses: tuple[ProteinChange, ...] = ()
    gains: tuple[ProteinChange, ...] = ()
    why_not: str = ""
    flags: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: VcfRecord, alt: str, allele: AnnotatedAllele, keys: DeclaredKeys) -> Self:
        """Join an allele with the columns of its record."""
        name, passed = (record.line.split(b"\t", 7)[column].decode("latin-1") for column in (2, 6))
        texts = dict(zip(TEXT_KEYS, allele.texts, strict=True))
        numbers = zip(keys.numbers, allele.numbers, strict=True)
        return cls(
            _shown(record.chrom),
            record.pos,
            _shown(name).removeprefix("."),
            _shown(record.ref),
            _shown(alt),
            _shown(passed).removeprefix("."),
            numbers={key: number for key, number in numbers if not isnan(number)},
            genes=tuple(
                NearbyGene(printable(symbol), printable(transcript), int(distance), printable(region))
                for symbol, _, transcript, _, distance, _, region in allele.genes
            ),
            losses=_changes(texts["BIND_LOSS"]),
            gains=_changes(texts["BIND_GAIN"]),
            why_not=printable(allele.why_not),
            flags=tuple(printable(texts["FLAG"]).split("&")) if texts["FLAG"] else (),
        )

    @property
    def place(self) -> str:
        """The position, as `varbind show` accepts it."""
        return f"{self.chrom}:{self.pos}"

    @property
    def is_coding(self) -> bool:
        """Whether the allele lies in the coding sequence or a splice site of each of its genes."""
        return bool(self.genes) and all(gene.is_coding for gene in self.genes)


@dataclass(slots=True)
class TopVariants:
    """The most extreme alleles of a file.

    Attributes:
        variants: the alleles, the largest value first.
        order: the key that they are sorted by.
        scored: the alleles with a score.
        unsortable: the scored alleles that are not left out and have no value to sort by; they come last.
        coding: the scored alleles that are left out because they lie in a coding sequence or a splice site.
        unscored: the alleles without a score, by reason.
        unannotated: the records without a key of varbind.
    """

    variants: list[AnnotatedVariant] = field(default_factory=list)
    order: SortOrder = field(default_factory=SortOrder)
    scored: int = 0
    unsortable: int = 0
    coding: int = 0
    unscored: Counter[str] = field(default_factory=Counter)
    unannotated: int = 0

    def sentence(self) -> str:
        """The counts in one or more sentences."""
        sentences = [f"{len(self.variants):,} of {self.scored:,} scored alleles, sorted by {self.order.in_words()}."]
        if self.unsortable:
            sentences.append(f"{self.unsortable:,} without {self.order.keys_in_words()} come last.")
        if self.coding:
            sentences.append(f"{self.coding:,} in coding sequences and splice sites left out (--coding shows them).")
        if missing := self.missing():
            sentences.append(f"Not scored: {missing}.")
        return " ".join(sentences)

    def missing(self) -> str:
        """The alleles and records without a score, by reason; empty if there is none."""
        parts = [f"{reason} {number:,}" for reason, number in sorted(self.unscored.items())]
        parts += [f"records {UNANNOTATED} {self.unannotated:,}"] if self.unannotated else []
        return ", ".join(parts)


def top_variants(
    source: str | os.PathLike[str], count: int, *, by: str | None = None, coding: bool = False, prefix: str = "VARBIND"
) -> TopVariants:
    """Read the scored alleles with the largest value of a key.

    Missing values come last, and ties keep the order of the file. Memory does not grow with the file.

    Args:
        source: the annotated VCF or BCF; `-` is standard input.
        count: the number of alleles wanted.
        by: the key, as for `RankSettings`; None = CONS_PHRED where the header declares it, else PHRED, else the larger
            of LOSS_PHRED and GAIN_PHRED.
        coding: whether alleles in coding sequences and splice sites are wanted too.
        prefix: the prefix of the keys.

    Raises:
        InputError: the file is broken, was not annotated, or has no scored allele.
        UsageError: the header does not declare the key, or all scored alleles are left out because they lie in coding
            sequences or splice sites.
    """
    with open_variants(os.fspath(source)) as variants:
        keys = DeclaredKeys.of(variants.header, prefix, variants.name)
        top = TopVariants(order=SortOrder.of(by, keys, variants.name))
        first = nlargest(count, _scored(variants, keys, top, coding=coding), key=itemgetter(0))
        top.variants = [variant for _, variant in first]
    if not top.scored:
        what = f"no allele has a score ({top.missing() or 'the file has no records'})"
        raise InputError(what, path=variants.name, remedy="find the cause with varbind check, and annotate again")
    if not top.variants:
        what = f"all {top.scored:,} scored alleles lie in coding sequences or splice sites"
        raise UsageError(what, path=variants.name, remedy="show them with --coding")
    return top


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


def _scored(
    variants: VariantFile, keys: DeclaredKeys, top: TopVariants, *, coding: bool
) -> Iterator[tuple[tuple[bool, float], AnnotatedVariant]]:
    """The scored alleles of a file, each after what it is sorted by; all others are counted."""
    word, value_of = f"{keys.prefix}_".encode(), top.order.reader(keys)
    for _, skipped, record in variants.select(lambda block: block.lines_with(word)):
        top.unannotated += skipped
        if record is None:
            continue
        alleles = alleles_of(record, keys, variants.name)
        top.unannotated += alleles is None
        for alt, allele in zip(record.alts, alleles or (), strict=alleles is not None):
            if allele.why_not:
                top.unscored[allele.why_not] += 1
                continue
            top.scored += 1
            variant = AnnotatedVariant.of(record, alt, allele, keys)
            if variant.is_coding and not coding:
                top.coding += 1
                continue
            value = value_of(allele)
            top.unsortable += isnan(value)
            yield (False, 0.0) if isnan(value) else (True, value), variant


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
        is_at_place = record.pos == pos and _is_same_contig(_shown(record.chrom), contig)
        if is_at_place or word in record.line.split(b"\t", 3)[2].split(b";"):
            yield record


def _is_same_contig(one: str, other: str) -> bool:
    """Whether two names are of one contig, in any common style."""
    same = plain_name(one)
    return one == other or other in other_styles(one) or bool(same and same == plain_name(other))


def _changes(text: str) -> tuple[ProteinChange, ...]:
    """The entries of BIND_LOSS or BIND_GAIN, without characters that would control a terminal."""
    return tuple(
        change._replace(family=printable(change.family), protein=printable(change.protein))
        for change in protein_changes(text)
    )


def _shown(text: str) -> str:
    """Text that was read as latin-1, as it is shown: decoded from UTF-8, with unprintable characters escaped."""
    return printable(text.encode("latin-1").decode("utf-8", "backslashreplace"))
