"""How unusual a change of binding is: against the same kind of variant in promoter-like sequence.

A bank keeps the score change of every model on the same generated variants, kind by kind. From this
table the background of any selection of models follows, with the correlation between proteins in it:
the distribution of one family's change, and of the strongest change over all families.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from varbind.bank.quantised_background import CodedChanges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.core.variant import Variant

__all__ = ["LARGEST_SIZE", "BackgroundTable", "VariantKind", "kind_of"]


class VariantKind(StrEnum):
    """Variants that are compared with each other: by the longer of the two trimmed alleles."""

    SNV = "snv"
    MNV_2_5 = "mnv_2_5"
    MNV_6_50 = "mnv_6_50"
    INS_1 = "ins_1"
    INS_2_5 = "ins_2_5"
    INS_6_15 = "ins_6_15"
    INS_16_50 = "ins_16_50"
    DEL_1 = "del_1"
    DEL_2_5 = "del_2_5"
    DEL_6_15 = "del_6_15"
    DEL_16_50 = "del_16_50"

    @property
    def sizes(self) -> tuple[int, int]:
        """Smallest and largest size in bases."""
        bounds = [int(word) for word in self.split("_")[1:]] or [1]
        return bounds[0], bounds[-1]

    @property
    def alleles_per_site(self) -> int:
        """The number of successive background variants at one site: SNVs come as all three changes of a base."""
        return 3 if self is VariantKind.SNV else 1


LARGEST_SIZE = max(kind.sizes[1] for kind in VariantKind)
"""The size in bases of the longest background variants; longer alleles are compared with the largest size class."""


def kind_of(variant: Variant) -> VariantKind:
    """The kind a variant is compared within; above `LARGEST_SIZE` the class of the largest sizes.

    A change of both content and length counts as an insertion or deletion, by its net direction.
    """
    return _kind_of_lengths(len(variant.ref), len(variant.alt))


@lru_cache(maxsize=1 << 12)
def _kind_of_lengths(ref: int, alt: int) -> VariantKind:
    size = min(max(ref, alt), LARGEST_SIZE)
    if size <= 1 and ref == alt:
        return VariantKind.SNV
    stem = "mnv" if ref == alt else "ins" if alt > ref else "del"
    return next(kind for kind in VariantKind if kind.startswith(stem) and kind.sizes[0] <= size <= kind.sizes[1])


@dataclass(frozen=True, slots=True)
class BackgroundTable:
    """Score changes on the background variants.

    Attributes:
        changes: per kind, alternate minus reference, models in bank order.
    """

    changes: Mapping[VariantKind, CodedChanges]

    def take(self, models: Sequence[int]) -> BackgroundTable:
        """Some of the models, in the order asked for."""
        return BackgroundTable({kind: changes.take(models) for kind, changes in self.changes.items()})

    @classmethod
    def concatenate(cls, tables: Sequence[BackgroundTable]) -> BackgroundTable:
        """The models of several tables, on the same variants, one after another."""
        kinds = tables[0].changes
        return cls({kind: CodedChanges.concatenate([table.changes[kind] for table in tables]) for kind in kinds})
