"""The human chromosomes of GRCh37 and GRCh38: the names that NCBI gives their sequences, and their lengths.

An accession with its version names one sequence: NC_000001.10 is chromosome 1 of GRCh37 and NC_000001.11 that of
GRCh38. Both builds have the mitochondrial sequence NC_012920.1; the chrM of UCSC's hg19 is another one. Source: the
assembly reports of GCF_000001405.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACCESSIONS", "MITOCHONDRIA", "Chromosome", "accessions_of", "build_of_lengths", "plain_name"]

MITOCHONDRIA = ("chrM", "MT", "M", "chrMT")
"""The names of the mitochondrial sequence that are in use."""

_GRCH37, _GRCH38 = "GRCh37", "GRCh38"
_NAMES = (*map(str, range(1, 23)), "X", "Y")
# The version of each accession in GRCh37; GRCh38 has the next one.
_VERSIONS = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)
_LENGTHS_37 = (
    249_250_621, 243_199_373, 198_022_430, 191_154_276, 180_915_260, 171_115_067, 159_138_663, 146_364_022,
    141_213_431, 135_534_747, 135_006_516, 133_851_895, 115_169_878, 107_349_540, 102_531_392, 90_354_753,
    81_195_210, 78_077_248, 59_128_983, 63_025_520, 48_129_895, 51_304_566, 155_270_560, 59_373_566,
)  # fmt: skip
_LENGTHS_38 = (
    248_956_422, 242_193_529, 198_295_559, 190_214_555, 181_538_259, 170_805_979, 159_345_973, 145_138_636,
    138_394_717, 133_797_422, 135_086_622, 133_275_309, 114_364_328, 107_043_718, 101_991_189, 90_338_345,
    83_257_441, 80_373_285, 58_617_616, 64_444_167, 46_709_983, 50_818_468, 156_040_895, 57_227_415,
)  # fmt: skip
_MT = "MT"
_UCSC_HG19_M = 16_571


@dataclass(frozen=True, slots=True)
class Chromosome:
    """What an accession names.

    Attributes:
        name: 1 to 22, X, Y or MT.
        build: GRCh37 or GRCh38; empty for the mitochondrial sequence, which both have.
        length: in bases.
        other_length: of the same chromosome in the other build.
    """

    name: str
    build: str
    length: int
    other_length: int


def _accessions() -> dict[str, Chromosome]:
    found = {"NC_012920.1": Chromosome(_MT, "", 16_569, _UCSC_HG19_M)}
    rows = zip(_NAMES, _VERSIONS, _LENGTHS_37, _LENGTHS_38, strict=True)
    for number, (name, version, old, new) in enumerate(rows, 1):
        found[f"NC_{number:06}.{version}"] = Chromosome(name, _GRCH37, old, new)
        found[f"NC_{number:06}.{version + 1}"] = Chromosome(name, _GRCH38, new, old)
    return found


ACCESSIONS = _accessions()
"""Chromosomes by accession and version."""

_BUILD_OF = {(entry.name, entry.length): entry.build for entry in ACCESSIONS.values() if entry.build}
_ACCESSIONS_OF = {
    name: tuple(accession for accession, entry in ACCESSIONS.items() if entry.name == name) for name in (*_NAMES, _MT)
}


def plain_name(contig: str) -> str:
    """The chromosome's name without a prefix: 1 for chr1, 1 and NC_000001.11; empty for any other contig."""
    if contig in ACCESSIONS:
        return ACCESSIONS[contig].name
    if contig in MITOCHONDRIA:
        return _MT
    name = contig.removeprefix("chr")
    return name if name in _ACCESSIONS_OF else ""


def accessions_of(contig: str) -> tuple[str, ...]:
    """The accessions of both builds for a contig that is named chr1 or 1; empty for any other contig."""
    return () if contig in ACCESSIONS else _ACCESSIONS_OF.get(plain_name(contig), ())


def build_of_lengths(lengths: Mapping[str, int | None]) -> str:
    """The build whose chromosomes have these lengths; empty where no length tells, or where they disagree.

    Args:
        lengths: of contigs in bases, None = unknown.
    """
    found = {_BUILD_OF.get((plain_name(contig), length), "") for contig, length in lengths.items() if length}
    found.discard("")
    return found.pop() if len(found) == 1 else ""
