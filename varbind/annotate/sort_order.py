"""The order in which annotated alleles are listed: the keys that it reads, and the value of each allele."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING, Self

from varbind.annotate.info_reader import GENE_COLUMNS
from varbind.annotate.info_schema import CONS_PHRED_KEY
from varbind.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from varbind.annotate.info_reader import AnnotatedAllele, DeclaredKeys

__all__ = ["SortOrder"]

_CONSERVED = (CONS_PHRED_KEY,)
_RARITY = ("PHRED",)
_BINDING = ("LOSS_PHRED", "GAIN_PHRED")
_DEFAULTS = (_CONSERVED, _RARITY, _BINDING)
"""The first of these of which the file has a key is used."""

_SIGNED = ("ACTIVITY",)
"""A large loss is as remarkable as a large gain, so the absolute value counts."""

_DISTANCE = ("TSSDIST",)
"""The distance of the first gene in GENE, which is the nearest one; the smallest absolute distance comes first."""

_BINDING_NAME = "binding"


@dataclass(frozen=True, slots=True)
class SortOrder:
    """The order of annotated alleles, largest value first.

    Attributes:
        names: the keys without the prefix; with several, the largest of their values is used.
        prefix: the prefix of the keys.
        by: the key as the user named it; None = the default.
    """

    names: tuple[str, ...] = _RARITY
    prefix: str = "VARBIND"
    by: str | None = None

    @classmethod
    def of(cls, by: str | None, keys: DeclaredKeys, path: str) -> Self:
        """Find the keys to sort by.

        Args:
            by: a key with numbers, with or without its prefix and in upper or lower case, or `binding`, which is the
                larger of LOSS_PHRED and GAIN_PHRED; None = CONS_PHRED where the header declares it, else PHRED, else
                binding.
            keys: the keys that the header declares.
            path: the path of the file, for messages.

        Raises:
            UsageError: the header declares no such key.
        """
        possible = _possible(keys)
        if by is None:
            found = next(filter(None, (_declared(names, keys) for names in _DEFAULTS)), ())
        else:
            found = possible.get(by) or _named(by, possible, keys.prefix)
        if not found:
            what = "the header declares no PHRED to sort by"
            if by is not None:
                what = f"cannot sort by {by!r}: the header declares no such key of varbind with one number per allele"
            remedy = f"choose one of {', '.join(possible)} with --by" if possible else "run varbind annotate again"
            raise UsageError(what, path=path, remedy=remedy)
        return cls(found, keys.prefix, by)

    def reader(self, keys: DeclaredKeys) -> Callable[[AnnotatedAllele], float]:
        """Make the function that reads the value of an allele; the largest comes first, and NaN is missing.

        Args:
            keys: the keys that the header declares, in whose order an allele has its numbers.
        """
        if self.names == _DISTANCE:
            return _closeness
        places = [keys.numbers.index(name) for name in self.names]
        size: Callable[[float], float] = abs if self.names == _SIGNED else float

        def value(allele: AnnotatedAllele) -> float:
            found = [allele.numbers[place] for place in places]
            return max((size(number) for number in found if not isnan(number)), default=nan)

        return value

    def in_words(self, prefix: str = "") -> str:
        """What is sorted by.

        Args:
            prefix: what to write in front of each key.
        """
        words = self.keys_in_words(prefix)
        if self.names == _SIGNED:
            return f"the absolute value of {words}"
        if self.names == _DISTANCE:
            return f"{words}, nearest first"
        return f"the larger of {words}" if len(self.names) > 1 else words

    def keys_in_words(self, prefix: str = "") -> str:
        """The keys that are sorted by.

        Args:
            prefix: what to write in front of each key.
        """
        return " and ".join(f"{prefix}{name}" for name in self.names)

    @property
    def origin(self) -> str:
        """How the keys were chosen."""
        if self.by is not None:
            return f"--by {self.by}"
        return "the default" if self.names in {_CONSERVED, _RARITY} else f"the default without {self.prefix}_PHRED"

    @property
    def notice(self) -> str:
        """A sentence about a default that depends on the tracks of the run; empty for any other order."""
        if self.by is not None or self.names != _CONSERVED:
            return ""
        conserved, rarity = (f"{self.prefix}_{name}" for (name,) in (_CONSERVED, _RARITY))
        return f"Sorted by {conserved}, which adds conservation to {rarity}; choose another key with --by."


def _possible(keys: DeclaredKeys) -> dict[str, tuple[str, ...]]:
    """The names by which the alleles of a file can be sorted, with their keys."""
    possible: dict[str, tuple[str, ...]] = {name: (name,) for name in keys.numbers}
    if {*_DISTANCE, "GENE"} <= set(keys.names):
        possible[_DISTANCE[0]] = _DISTANCE
    if binding := _declared(_BINDING, keys):
        possible[_BINDING_NAME] = binding
    return possible


def _declared(names: tuple[str, ...], keys: DeclaredKeys) -> tuple[str, ...]:
    """Those of some keys that the header declares."""
    return tuple(name for name in names if name in keys.names)


def _named(by: str, possible: dict[str, tuple[str, ...]], prefix: str) -> tuple[str, ...]:
    """The keys of the first name that the user can mean; empty if there is none."""
    same = (found for name, found in possible.items() if by.lower() in {name.lower(), f"{prefix}_{name}".lower()})
    return next(same, ())


def _closeness(allele: AnnotatedAllele) -> float:
    """The negated distance to the nearest transcription start in bases; NaN without a gene."""
    return -abs(float(allele.genes[0][GENE_COLUMNS.index("tss_distance")])) if allele.genes else nan
