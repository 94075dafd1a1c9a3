"""The bound changes of models on background variants, against which the change of a variant is compared.

A bank stores the bound change (see `varbind.bank.binding_scale`) of every model on the same generated variants, by kind
of variant. The background of any selection of models follows from this table together with the correlation between
proteins: the distribution of the change of one family, and of the strongest change over all families.

A change takes one byte: the code of a level. Each model has its own levels, which are the finer the rarer changes are,
so that a stored change is within a few per cent of its rank. The values of each sign are grouped from the most extreme
value inwards: both tails are nearly exact, and no change turns its sign.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.variant import Variant

__all__ = [
    "FINENESS",
    "LARGEST_SIZE",
    "LEVELS_MAX",
    "BackgroundTable",
    "CodedChanges",
    "VariantKind",
    "as_level",
    "kind_of",
]

LEVELS_MAX = 256

FINENESS = 12
"""A level may pool different values only up to 1/12 of the number of values that are more extreme."""


class VariantKind(StrEnum):
    """The kinds of variants, by type and by the length in bases of the longer trimmed allele."""

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
        """The smallest and the largest size in bases."""
        bounds = [int(word) for word in self.split("_")[1:]] or [1]
        return bounds[0], bounds[-1]

    @property
    def alleles_per_site(self) -> int:
        """The number of successive background variants at one site: SNVs come as all three changes of a base."""
        return 3 if self is VariantKind.SNV else 1


LARGEST_SIZE = max(kind.sizes[1] for kind in VariantKind)
"""The size in bases of the longest background variants."""


def kind_of(variant: Variant) -> VariantKind:
    """The kind of a variant. An allele longer than `LARGEST_SIZE` belongs to the kind of the largest sizes.

    A change of both sequence and length is an insertion or a deletion, depending on its net direction.
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
class CodedChanges:
    """The changes of M models on V variants, one byte each.

    Models are the first axis, because models, and never variants, are selected, joined and decoded one by one.

    Attributes:
        codes: the index of the level of each change, uint8 (M, V).
        levels: the levels of each model in ascending order, (M, L) with L from 1 to 256; float16 in a bank.
    """

    codes: NDArray[np.uint8]
    levels: NDArray[np.floating]

    @classmethod
    def encode(cls, changes: NDArray[np.floating]) -> Self:
        """Encode finite changes (V, M).

        Equal changes get equal levels, 0 gets the level 0, and a level is the mean of the changes that share it,
        limited to the range of float16.
        """
        return cls.concatenate([cls(*_encode_model(column)) for column in np.ascontiguousarray(changes.T)])

    @property
    def variants(self) -> int:
        """V, the number of variants."""
        return len(self.codes.T)

    def of_model(self, model: int) -> NDArray[np.floating]:
        """The changes of one model, (V,), in the type of the levels."""
        changes: NDArray[np.floating] = self.levels[model].take(self.codes[model])
        return changes

    def decode(self) -> NDArray[np.floating]:
        """All changes, (V, M), in the type of the levels."""
        return np.stack([self.of_model(model) for model in range(len(self.codes))], axis=1)

    def take(self, models: Sequence[int]) -> CodedChanges:
        """The changes of some models, in the given order."""
        return CodedChanges(self.codes[models], self.levels[models])

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """The models of several parts, which have the same variants, one after another."""
        most = max(part.levels.shape[1] for part in parts)
        # The last level is repeated, and no code refers to the repetitions.
        levels = [np.pad(part.levels, ((0, 0), (0, most - part.levels.shape[1])), mode="edge") for part in parts]
        return cls(np.concatenate([part.codes for part in parts]), np.concatenate(levels))


@dataclass(frozen=True, slots=True)
class BackgroundTable:
    """The bound changes on the background variants.

    Attributes:
        changes: the bound changes by kind of variant, with the models in the order of the bank.
    """

    changes: Mapping[VariantKind, CodedChanges]

    def take(self, models: Sequence[int]) -> BackgroundTable:
        """The changes of some models, in the given order."""
        return BackgroundTable({kind: changes.take(models) for kind, changes in self.changes.items()})

    @classmethod
    def concatenate(cls, tables: Sequence[BackgroundTable]) -> BackgroundTable:
        """The models of several tables, which have the same variants, one after another."""
        kinds = tables[0].changes
        return cls({kind: CodedChanges.concatenate([table.changes[kind] for table in tables]) for kind in kinds})


def as_level(changes: NDArray[np.floating]) -> NDArray[np.float16]:
    """Round changes to the precision of the levels, and clip them to the range of float16."""
    largest = float(np.finfo(np.float16).max)
    levels: NDArray[np.float16] = np.clip(changes, -largest, largest).astype(np.float16)
    return levels


def _encode_model(changes: NDArray[np.floating]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """The codes (1, V) and the levels (1, L) of the changes (V,) of one model."""
    ordered = np.sort(changes)
    starts = _bin_starts(ordered)
    means = np.add.reduceat(ordered, starts, dtype=np.float64) / np.diff(starts, append=len(ordered))
    codes = np.searchsorted(ordered[starts[1:]], changes, side="right").astype(np.uint8)
    # Adding 0 turns -0, a loss too small for float16, into 0.
    return codes[None], as_level(means)[None] + np.float16(0)


def _bin_starts(ordered: NDArray[np.floating]) -> list[int]:
    """The index of the first value of each bin of a sorted sample (V,): losses, then no change, then gains."""
    count = len(ordered)
    losses, gains = np.searchsorted(ordered, 0, side="left"), np.searchsorted(ordered, 0, side="right")
    runs = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ends = np.append(runs[1:], count)
    lost, gained = ends[ends <= losses].tolist(), (count - runs[runs >= gains])[::-1].tolist()
    for fineness in range(FINENESS, 0, -1):
        inwards = {int(gains), *(count - place for place in _bin_ends(gained, fineness))}
        starts = sorted({0, *_bin_ends(lost, fineness), *inwards} - {count})
        if len(starts) <= LEVELS_MAX:
            break
    return starts


def _bin_ends(ends: list[int], fineness: int) -> list[int]:
    """The cumulative numbers of values in the bins, from the most extreme value inwards.

    Args:
        ends: the cumulative numbers of values in the runs of equal values.
        fineness: the inverse of the share by which a bin may pool different values, as in `FINENESS`.
    """
    found, runs, beyond = [], 0, 0
    while runs < len(ends):
        # A bin holds as many runs as it may pool, and at least one run of any length.
        runs = max(bisect_right(ends, beyond + beyond // fineness), runs + 1)
        beyond = ends[runs - 1]
        found.append(beyond)
    return found
