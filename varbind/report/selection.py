"""Reads the alleles of a report: the first ones in the order of a key, and the counts of all others.

record -> scored alleles -> PHREDs of all, and the first N -> their frequencies and carriers
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field
from heapq import nlargest
from math import isnan, nan
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from varbind.annotate.annotated_variants import AnnotatedVariant, ScoredAllele, TopVariants, scored_alleles
from varbind.annotate.info_reader import DeclaredKeys
from varbind.annotate.sort_order import SortOrder
from varbind.errors import UsageError, printable
from varbind.io.vcf.genotypes import SampleGenotypes
from varbind.io.vcf.info_values import declared_fields, info_values
from varbind.io.vcf.variants import open_variants
from varbind.report.run_facts import RunFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from varbind.io.vcf.records import VcfHeader, VcfRecord

__all__ = ["Carrier", "Choice", "ReportedAllele", "Selection", "read_selection"]

FREQUENCY_KEYS = (("AF",), ("AC", "AN"))
"""The INFO fields from which the allele frequency is read, the first of these that the header declares."""


class Carrier(NamedTuple):
    """A sample with the allele: its name and its genotype, such as 0/1."""

    name: str
    genotype: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which alleles a report shows, and in which order.

    Attributes:
        top: the number of alleles.
        by: the key to sort by; None = the default, as for `varbind show`.
        coding: whether alleles in coding sequences and splice sites are shown too.
        prefix: the prefix of the keys.
        frequency: the INFO field with the allele frequency; None = AF, else AC / AN, where the header declares them.
        samples: whether carriers are shown.
    """

    top: int = 500
    by: str | None = None
    coding: bool = False
    prefix: str = "VARBIND"
    frequency: str | None = None
    samples: bool = True


@dataclass(frozen=True, slots=True)
class ReportedAllele:
    """An allele of a report.

    Attributes:
        variant: the allele with its values.
        frequency: its frequency, 0 to 1; NaN where it is not known.
        carriers: the samples that have it; None where the file has no genotypes.
        homozygous: the number of carriers with no other allele.
    """

    variant: AnnotatedVariant
    frequency: float = nan
    carriers: tuple[Carrier, ...] | None = None
    homozygous: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """The alleles of a report with the counts of the file.

    Attributes:
        name: the name of the file, without its folder.
        facts: what the header states of the run.
        keys: the keys of varbind that the header declares.
        counts: the counts of all alleles, and the order.
        alleles: the alleles to show, the largest value first.
        phreds: the PHRED of every scored allele that is not left out, in the order of the file; alleles without one
            are not among them.
        frequency_name: the names of the fields of the frequency; empty where there are none.
    """

    name: str
    facts: RunFacts
    keys: DeclaredKeys
    counts: TopVariants
    alleles: tuple[ReportedAllele, ...]
    phreds: array[float] = field(default_factory=lambda: array("d"))
    frequency_name: str = ""

    @property
    def eligible(self) -> int:
        """The number of scored alleles that are not left out."""
        return self.counts.scored - self.counts.coding

    def passing(self, phred: float) -> int:
        """The number of alleles whose PHRED is at least this large."""
        return sum(value >= phred for value in self.phreds)


def read_selection(source: str | os.PathLike[str], choice: Choice) -> tuple[Selection, VcfHeader]:
    """Read an annotated file.

    Memory grows with the number of alleles shown, and by eight bytes for each other scored allele.

    Args:
        source: the annotated VCF or BCF; `-` is standard input.
        choice: which alleles are shown.

    Raises:
        InputError: the file is broken, was not annotated, or has no scored allele.
        UsageError: the header does not declare a key, or all scored alleles are left out because they lie in coding
            sequences or splice sites.
    """
    with open_variants(os.fspath(source)) as variants:
        header, path = variants.header, variants.name
        keys = DeclaredKeys.of(header, choice.prefix, path)
        counts = TopVariants(order=SortOrder.of(choice.by, keys, path))
        details = _Details.of(header, choice, path)
        phreds = array("d")
        found = _counted(scored_alleles(variants, keys, counts, coding=choice.coding), phreds)
        first = nlargest(choice.top, found, key=itemgetter(0))
        counts.variants = [allele.variant for allele in first]
        counts.check(path)
        alleles = tuple(details.of_allele(allele) for allele in first)
        facts = RunFacts.of(header, choice.prefix)
        name = printable(Path(path).name)
        selection = Selection(name, facts, keys, counts, alleles, phreds, details.frequency_name)
        return selection, header


def _counted(alleles: Iterable[ScoredAllele], phreds: array[float]) -> Iterator[ScoredAllele]:
    """The same alleles; their PHREDs are collected."""
    for allele in alleles:
        phred = allele.variant.numbers.get("PHRED")
        if phred is not None:
            phreds.append(phred)
        yield allele


@dataclass(frozen=True, slots=True)
class _Details:
    """Reads what a record states of an allele beside the keys of varbind.

    Attributes:
        header: the header of the file.
        frequency_keys: the INFO fields of the frequency: one of the frequency itself, or count and total.
        genotypes: reads the carriers; None where there are none, or none are wanted.
        path: the path of the file, for messages.
    """

    header: VcfHeader
    frequency_keys: tuple[str, ...]
    genotypes: SampleGenotypes | None
    path: str

    @classmethod
    def of(cls, header: VcfHeader, choice: Choice, path: str) -> _Details:
        has_samples = choice.samples and bool(RunFacts.of(header, choice.prefix).samples)
        genotypes = SampleGenotypes(header, (), path) if has_samples else None
        return cls(header, _frequency_keys(header, choice.frequency, path), genotypes, path)

    @property
    def frequency_name(self) -> str:
        return " / ".join(self.frequency_keys)

    def of_allele(self, allele: ScoredAllele) -> ReportedAllele:
        carriers, homozygous = self._carriers(allele.record, allele.place)
        return ReportedAllele(allele.variant, self._frequency(allele.record, allele.place), carriers, homozygous)

    def _frequency(self, record: VcfRecord, place: int) -> float:
        fields = declared_fields(self.header, self.frequency_keys, self.path)
        values = [_number(value) for value in info_values(fields, record, self.path)[place]]
        share, *of = values or [nan]
        if of:  # the number of alleles among those called
            share = share / of[0] if of[0] else nan
        return share if 0 <= share <= 1 else nan

    def _carriers(self, record: VcfRecord, place: int) -> tuple[tuple[Carrier, ...] | None, int]:
        if self.genotypes is None:
            return None, 0
        _, n_het, n_hom, genotypes = self.genotypes.carriers(record)[place]
        if n_het is None:
            return None, 0
        pairs = [word.rpartition("=") for word in genotypes.split(";")] if genotypes else []
        return tuple(Carrier(printable(unquote(name)), genotype) for name, _, genotype in pairs), int(n_hom or 0)


def _frequency_keys(header: VcfHeader, wanted: str | None, path: str) -> tuple[str, ...]:
    """The INFO fields of the frequency; empty where the header declares none.

    Raises:
        UsageError: the header does not declare the field that is wanted, or it has no number for each allele.
    """
    for names in [(wanted,)] if wanted else FREQUENCY_KEYS:
        try:
            fields = declared_fields(header, names, path)
        except UsageError:
            if wanted:
                raise
            continue
        if all(one.kind in {int, float} for one in fields):
            return names
        if wanted:
            what = f"{wanted} has not one number per allele, as the header declares it"
            raise UsageError(what, path=path, remedy="give the INFO key of a frequency")
    return ()


def _number(value: object) -> float:
    """A value of an INFO field as a number; NaN where it is missing."""
    number = nan if value is None else float(str(value))
    return nan if isnan(number) else number
