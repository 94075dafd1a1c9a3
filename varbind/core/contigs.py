"""Contigs: which contig of one file a name in another file means, and the human chromosomes of GRCh37 and GRCh38.

`chr1`, `1` and the NCBI names of GRCh37 and GRCh38 are the same contig in different styles, as are `chrM` and `MT`,
where their lengths agree or none is stated. All other equal names must be given by the user.

An NCBI accession with its version names one sequence: NC_000001.10 is chromosome 1 of GRCh37 and NC_000001.11 that of
GRCh38. Both builds have the mitochondrial sequence NC_012920.1; the chrM of UCSC's hg19 is another one. Source: the
assembly reports of GCF_000001405.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "ACCESSIONS",
    "MITOCHONDRIA",
    "Chromosome",
    "ContigNames",
    "accessions_of",
    "build_of_lengths",
    "is_mitochondrial",
    "other_styles",
    "plain_name",
]

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
    """The sequence that an accession names.

    Attributes:
        name: the name, 1 to 22, X, Y or MT.
        build: GRCh37 or GRCh38; empty for the mitochondrial sequence, which both builds have.
        length: the length in bases.
        other_length: the length of the same chromosome in the other build.
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
"""The chromosomes by accession with version."""

_BUILD_OF = {(entry.name, entry.length): entry.build for entry in ACCESSIONS.values() if entry.build}
_ACCESSIONS_OF = {
    name: tuple(accession for accession, entry in ACCESSIONS.items() if entry.name == name) for name in (*_NAMES, _MT)
}


def plain_name(contig: str) -> str:
    """The name of a chromosome without a prefix, such as 1 for chr1, 1 and NC_000001.11; empty for other contigs."""
    if contig in ACCESSIONS:
        return ACCESSIONS[contig].name
    if contig in MITOCHONDRIA:
        return _MT
    name = contig.removeprefix("chr")
    return name if name in _ACCESSIONS_OF else ""


def is_mitochondrial(contig: str) -> bool:
    """Whether a contig has one of the names of the mitochondrial sequence."""
    return plain_name(contig) == _MT


def accessions_of(contig: str) -> tuple[str, ...]:
    """The accessions in both builds of a contig with a name such as chr1 or 1; empty for other contigs."""
    return () if contig in ACCESSIONS else _ACCESSIONS_OF.get(plain_name(contig), ())


def build_of_lengths(lengths: Mapping[str, int | None]) -> str:
    """The build whose chromosomes have these lengths; empty if no length identifies a build, or if several do.

    Args:
        lengths: the lengths of contigs in bases, None = unknown.
    """
    found = {_BUILD_OF.get((plain_name(contig), length), "") for contig, length in lengths.items() if length}
    found.discard("")
    return found.pop() if len(found) == 1 else ""


def other_styles(name: str) -> list[str]:
    """The names of the same contig in the other common styles, without those of NCBI."""
    if name in MITOCHONDRIA:
        return [other for other in MITOCHONDRIA if other != name]
    return [name.removeprefix("chr")] if name.startswith("chr") else [f"chr{name}"]


class ContigNames:
    """Translates contig names of one file into those of another.

    Args:
        known: the contigs of the target with their lengths in bases; None = unknown.
        declared: the lengths that the other file declares for its names.
        renamed: pairs of names of the same contig, given by the user. The order of a pair does not matter, because the
            same pairs are used for all files. Only if the pairs lead to several contigs of the target, the first name
            of a pair is that of the other file, and the second one that of the target.
        check_lengths: whether names with different lengths are different contigs.
    """

    def __init__(
        self,
        known: Mapping[str, int | None],
        *,
        declared: Mapping[str, int | None] | None = None,
        renamed: Mapping[str, str] | None = None,
        check_lengths: bool = True,
    ) -> None:
        self._known = known
        self._check_lengths = check_lengths
        self._declared = (declared or {}) if check_lengths else {}
        self._renamed = renamed or {}
        self._neighbours = _neighbours(self._renamed)
        self._found: dict[str, str | None] = {}

    def resolve(self, name: str) -> str | None:
        """The name in the target of a contig that a record names; None if the target has no such contig."""
        if name not in self._found:
            self._found[name] = self.find(name)
        return self._found[name]

    def find(self, name: str) -> str | None:
        """The same as `resolve`, but the contig is not counted among those that records name."""
        hits = [other for other in (*self._mapped(name), name) if other in self._known]
        if len(hits) > 1:
            return self._renamed_to(name)
        if hits:
            return hits[0]
        styles = self.equivalents(name)
        return next((other for other in styles if other in self._known and self._lengths_allow(name, other)), None)

    def conflict(self, name: str) -> tuple[int, int] | None:
        """The declared and the known length, if both files use this name with different lengths; else None."""
        declared, known = self._declared.get(name), self._known.get(name)
        if declared is None or known is None or declared == known or self.find(name) != name:
            return None
        return declared, known

    def length_conflict(self, name: str) -> tuple[int, str, int] | None:
        """The lengths by which a contig is refused that the target has in another style.

        Returns:
            The declared length, the name in the target and its length, in bases; None if lengths are not the reason.
        """
        declared = self._declared.get(name)
        if declared is None or self.find(name) is not None:
            return None
        lengths = ((style, self._known[style]) for style in self.equivalents(name) if style in self._known)
        return next(((declared, style, known) for style, known in lengths if known not in {None, declared}), None)

    def equivalents(self, name: str) -> Iterator[str]:
        """Other names that may mean the same contig: first those given by the user, then those in other styles."""
        mapped = self._mapped(name)
        yield from mapped
        for own in (*mapped, name):
            for style in _styles(own):
                yield style
                yield from self._mapped(style)

    def restyled(self) -> dict[str, str]:
        """The names resolved so far whose name in the target is different, with that name."""
        return {name: target for name, target in self._found.items() if target and target != name}

    @property
    def seen(self) -> tuple[str, ...]:
        """The names that were resolved so far."""
        return tuple(self._found)

    def shares_any(self, names: Iterable[str]) -> bool:
        """Whether at least one of the names can be resolved."""
        return any(self.resolve(name) is not None for name in names)

    def _mapped(self, name: str) -> list[str]:
        """All names that the pairs of the user make equal to this one, nearest first."""
        found: dict[str, None] = {}
        ahead = list(self._neighbours.get(name, ()))
        for other in ahead:
            if other not in found and other != name:
                found[other] = None
                ahead += self._neighbours[other]
        return list(found)

    def _renamed_to(self, name: str) -> str | None:
        """The name in the target if the pairs lead to several of its contigs, as pairs that renumber contigs do."""
        if name in self._renamed:
            return self._renamed[name] if self._renamed[name] in self._known else None
        return name if name in self._known else next(filter(self._known.__contains__, self._neighbours[name]), None)

    def _lengths_allow(self, name: str, other: str) -> bool:
        """Whether the known lengths allow two names in different styles to be the same contig."""
        lengths = {self._declared.get(name), self._known[other]} - {None}
        if len(lengths) > 1:
            return False
        return not any(self._of_another_build(accession, lengths) for accession in (name, other))

    def _of_another_build(self, accession: str, lengths: Iterable[int | None]) -> bool:
        """Whether lengths show a build other than that of this accession.

        The length of an artificial or shortened sequence does not show a build.
        """
        chromosome = ACCESSIONS.get(accession)
        if chromosome is None or not self._check_lengths:
            return False
        if chromosome.other_length in lengths:
            return True
        return bool(chromosome.build and self._builds and chromosome.build not in self._builds)

    @cached_property
    def _builds(self) -> set[str]:
        """The builds that the lengths of the two files show."""
        return {build_of_lengths(self._known), build_of_lengths(self._declared)} - {""}


def _styles(name: str) -> Iterator[str]:
    if name in ACCESSIONS:
        plain = ACCESSIONS[name].name
        yield from MITOCHONDRIA if plain in MITOCHONDRIA else (f"chr{plain}", plain)
    else:
        yield from other_styles(name)
        yield from accessions_of(name)


def _neighbours(renamed: Mapping[str, str]) -> dict[str, list[str]]:
    """The partners of each name in the pairs; partners that are second in a pair come first."""
    found: dict[str, list[str]] = {}
    for first, second in renamed.items():
        found.setdefault(first, []).append(second)
    for first, second in renamed.items():
        found.setdefault(second, []).append(first)
    return found
