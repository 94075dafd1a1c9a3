"""Reads the alleles of an annotated VCF that people look at: the most extreme ones in the order of a key.

record -> values of each allele -> the first N
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from heapq import nlargest
from math import isnan
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Self

from varbind.annotate.info_reader import (
    TEXT_KEYS,
    UNANNOTATED,
    AnnotatedAllele,
    DeclaredKeys,
    ProteinChange,
    alleles_of,
    explained_models,
    protein_changes,
)
from varbind.annotate.sort_order import SortOrder
from varbind.core.transcript import CODING_REGIONS
from varbind.errors import InputError, UsageError, printable
from varbind.io.vcf.variants import open_variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from varbind.io.vcf.records import VcfRecord
    from varbind.io.vcf.variants import VariantFile

__all__ = [
    "AnnotatedVariant",
    "NearbyGene",
    "ScoredAllele",
    "TopVariants",
    "scored_alleles",
    "shown_text",
    "top_variants",
]


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
        explained: the ids of the models in EXPLAIN with their contributions to ACTIVITY (log2), largest first.
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
    explained: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, record: VcfRecord, alt: str, allele: AnnotatedAllele, keys: DeclaredKeys) -> Self:
        """Join an allele with the columns of its record."""
        name, passed = (record.line.split(b"\t", 7)[column].decode("latin-1") for column in (2, 6))
        texts = dict(zip(TEXT_KEYS, allele.texts, strict=True))
        numbers = zip(keys.numbers, allele.numbers, strict=True)
        return cls(
            shown_text(record.chrom),
            record.pos,
            shown_text(name).removeprefix("."),
            shown_text(record.ref),
            shown_text(alt),
            shown_text(passed).removeprefix("."),
            numbers={key: number for key, number in numbers if not isnan(number)},
            genes=tuple(
                NearbyGene(printable(symbol), printable(transcript), int(distance), printable(region))
                for symbol, _, transcript, _, distance, _, region in allele.genes
            ),
            losses=_changes(texts["BIND_LOSS"]),
            gains=_changes(texts["BIND_GAIN"]),
            why_not=printable(allele.why_not),
            flags=tuple(printable(texts["FLAG"]).split("&")) if texts["FLAG"] else (),
            explained=explained_models(allele.explain),
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

    def check(self, path: str) -> None:
        """Check that there is an allele to show.

        Args:
            path: the path of the file, for messages.

        Raises:
            InputError: the file has no scored allele.
            UsageError: all scored alleles are left out because they lie in coding sequences or splice sites.
        """
        if not self.scored:
            what = f"no allele has a score ({self.missing() or 'the file has no records'})"
            raise InputError(what, path=path, remedy="find the cause with varbind check, and annotate again")
        if not self.variants:
            what = f"all {self.scored:,} scored alleles lie in coding sequences or splice sites"
            raise UsageError(what, path=path, remedy="show them with --coding")

    def missing(self) -> str:
        """The alleles and records without a score, by reason; empty if there is none."""
        parts = [f"{reason} {number:,}" for reason, number in sorted(self.unscored.items())]
        parts += [f"records {UNANNOTATED} {self.unannotated:,}"] if self.unannotated else []
        return ", ".join(parts)


class ScoredAllele(NamedTuple):
    """A scored allele with its record.

    The fields are what the allele is sorted by (whether it has a value, and the value), its values as people read
    them, the record, and the place of the allele in ALT, from 0.
    """

    order: tuple[bool, float]
    variant: AnnotatedVariant
    record: VcfRecord
    place: int


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
        first = nlargest(count, scored_alleles(variants, keys, top, coding=coding), key=itemgetter(0))
        top.variants = [allele.variant for allele in first]
    top.check(variants.name)
    return top


def scored_alleles(
    variants: VariantFile, keys: DeclaredKeys, top: TopVariants, *, coding: bool
) -> Iterator[ScoredAllele]:
    """Yield the scored alleles of a file, and count all others.

    Args:
        variants: the file.
        keys: the keys that its header declares.
        top: names the order, and receives the counts.
        coding: whether alleles in coding sequences and splice sites are wanted too.
    """
    word, value_of = f"{keys.prefix}_".encode(), top.order.reader(keys)
    for _, skipped, record in variants.select(lambda block: block.lines_with(word)):
        top.unannotated += skipped
        if record is None:
            continue
        alleles = alleles_of(record, keys, variants.name)
        top.unannotated += alleles is None
        for place, allele in enumerate(alleles or ()):
            if allele.why_not:
                top.unscored[allele.why_not] += 1
                continue
            top.scored += 1
            variant = AnnotatedVariant.of(record, record.alts[place], allele, keys)
            if variant.is_coding and not coding:
                top.coding += 1
                continue
            value = value_of(allele)
            top.unsortable += isnan(value)
            order = (False, 0.0) if isnan(value) else (True, value)
            yield ScoredAllele(order, variant, record, place)


def _changes(text: str) -> tuple[ProteinChange, ...]:
    """The entries of BIND_LOSS or BIND_GAIN, without characters that would control a terminal."""
    return tuple(
        change._replace(family=printable(change.family), protein=printable(change.protein))
        for change in protein_changes(text)
    )


def shown_text(text: str) -> str:
    """Text that was read as latin-1, as it is shown: decoded from UTF-8, with unprintable characters escaped."""
    return printable(text.encode("latin-1").decode("utf-8", "backslashreplace"))
