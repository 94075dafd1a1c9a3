"""Which contig of one file a name in another file means.

`chr1`, `1` and the NCBI names of GRCh37 and GRCh38 are the same contig written in several styles, as are `chrM` and
`MT`, where their lengths agree or none is stated. Everything else has to be said by the user.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from varbind.core.chromosomes import ACCESSIONS, MITOCHONDRIA, accessions_of, build_of_lengths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["ContigNames", "other_styles"]


def other_styles(name: str) -> list[str]:
    """The same contig in the other common styles, apart from those of NCBI."""
    if name in MITOCHONDRIA:
        return [other for other in MITOCHONDRIA if other != name]
    return [name.removeprefix("chr")] if name.startswith("chr") else [f"chr{name}"]


class ContigNames:
    """Translates contig names of one file into those of another.

    Args:
        known: contigs of the target with their lengths in bases; None = length unknown.
        declared: lengths that the other file declares for its own names.
        renamed: pairs of names of the same contig that the user gives. They serve every pair of files, so it does
            not matter which of the two names comes first. Only where the pairs lead to several contigs of the target
            are they read as the other file's name and the target's.
        check_lengths: whether different lengths under the same name, or in another style, count.
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
        """The target's name of a contig that was met; None where it has none."""
        if name not in self._found:
            self._found[name] = self.find(name)
        return self._found[name]

    def find(self, name: str) -> str | None:
        """As `resolve`, for a contig that need not have been met: it is not counted among those."""
        hits = [other for other in (*self._mapped(name), name) if other in self._known]
        if len(hits) > 1:
            return self._renamed_to(name)
        if hits:
            return hits[0]
        styles = self.equivalents(name)
        return next((other for other in styles if other in self._known and self._lengths_allow(name, other)), None)

    def conflict(self, name: str) -> tuple[int, int] | None:
        """Declared and known length, where both files use this very name with different lengths."""
        declared, known = self._declared.get(name), self._known.get(name)
        if declared is None or known is None or declared == known or self.find(name) != name:
            return None
        return declared, known

    def length_conflict(self, name: str) -> tuple[int, str, int] | None:
        """Why a name has no target though the target writes the same contig in another style: lengths differ.

        Returns:
            The declared length, the target's name and its length, in bases; None where that is not why.
        """
        declared = self._declared.get(name)
        if declared is None or self.find(name) is not None:
            return None
        lengths = ((style, self._known[style]) for style in self.equivalents(name) if style in self._known)
        return next(((declared, style, known) for style, known in lengths if known not in {None, declared}), None)

    def equivalents(self, name: str) -> Iterator[str]:
        """Other names that may mean the same contig: first those of the user's map, then those in other styles."""
        mapped = self._mapped(name)
        yield from mapped
        for own in (*mapped, name):
            for style in _styles(own):
                yield style
                yield from self._mapped(style)

    def restyled(self) -> dict[str, str]:
        """Names resolved so far that the target writes in another way."""
        return {name: target for name, target in self._found.items() if target and target != name}

    @property
    def seen(self) -> tuple[str, ...]:
        """Names that were looked up so far."""
        return tuple(self._found)

    def shares_any(self, names: Iterable[str]) -> bool:
        """Whether at least one of the names can be resolved."""
        return any(self.resolve(name) is not None for name in names)

    def _mapped(self, name: str) -> list[str]:
        """All names that the user's map makes equal to this one, in the fewest steps first."""
        found: dict[str, None] = {}
        ahead = list(self._neighbours.get(name, ()))
        for other in ahead:
            if other not in found and other != name:
                found[other] = None
                ahead += self._neighbours[other]
        return list(found)

    def _renamed_to(self, name: str) -> str | None:
        """The target of a map that leads to several contigs of the target, such as one that numbers them anew."""
        if name in self._renamed:
            return self._renamed[name] if self._renamed[name] in self._known else None
        return name if name in self._known else next(filter(self._known.__contains__, self._neighbours[name]), None)

    def _lengths_allow(self, name: str, other: str) -> bool:
        """Whether nothing that is known of lengths speaks against two names in different styles."""
        lengths = {self._declared.get(name), self._known[other]} - {None}
        if len(lengths) > 1:
            return False
        return not any(self._of_another_build(accession, lengths) for accession in (name, other))

    def _of_another_build(self, accession: str, lengths: Iterable[int | None]) -> bool:
        """Whether lengths show a build other than that of a sequence with this NCBI name.

        The length of a made-up or shortened sequence shows no build.
        """
        chromosome = ACCESSIONS.get(accession)
        if chromosome is None or not self._check_lengths:
            return False
        if chromosome.other_length in lengths:
            return True
        return bool(chromosome.build and self._builds and chromosome.build not in self._builds)

    @cached_property
    def _builds(self) -> set[str]:
        """The builds that the lengths of each file show."""
        return {build_of_lengths(self._known), build_of_lengths(self._declared)} - {""}


def _styles(name: str) -> Iterator[str]:
    if name in ACCESSIONS:
        plain = ACCESSIONS[name].name
        yield from MITOCHONDRIA if plain in MITOCHONDRIA else (f"chr{plain}", plain)
    else:
        yield from other_styles(name)
        yield from accessions_of(name)


def _neighbours(renamed: Mapping[str, str]) -> dict[str, list[str]]:
    """Names that stand in one pair; the second of a pair is the first to be looked for."""
    found: dict[str, list[str]] = {}
    for first, second in renamed.items():
        found.setdefault(first, []).append(second)
    for first, second in renamed.items():
        found.setdefault(second, []).append(first)
    return found
