"""Score changes kept in one byte each: a level of the model's own, finest where changes are rarest.

Changes of (variants, models) enter at import or training; codes and levels travel with the bank; what leaves
is the changes again, model by model, each within a few per cent of its rank. The values of each sign are taken
from the most extreme inwards: both tails are kept nearly as they were, and no change turns its sign.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["FINENESS", "LEVELS_MAX", "CodedChanges", "as_level"]

LEVELS_MAX = 256

FINENESS = 12
"""Values that share a level are equal, or at most one to so many that are more extreme than they."""


@dataclass(frozen=True, slots=True)
class CodedChanges:
    """Score changes of M models on V variants.

    They lie model by model, for models are chosen, joined and decoded one by one, and variants never.

    Attributes:
        codes: which of its model's levels each change has, uint8 (M, V).
        levels: what the codes stand for, (M, L), L of 1 to 256, never falling within a model; float16 in a bank.
    """

    codes: NDArray[np.uint8]
    levels: NDArray[np.floating]

    @classmethod
    def encode(cls, changes: NDArray[np.floating]) -> Self:
        """Keep changes (V, M), all finite.

        Equal changes have equal levels, 0 has the level 0, and a level is the mean of what shares it. Beyond
        the range of float16 it is the largest number there.
        """
        return cls.concatenate([cls(*_encode_model(column)) for column in np.ascontiguousarray(changes.T)])

    @property
    def variants(self) -> int:
        """V."""
        return len(self.codes.T)

    def of_model(self, model: int) -> NDArray[np.floating]:
        """The changes of one model, (V,), of the levels' type."""
        changes: NDArray[np.floating] = self.levels[model].take(self.codes[model])
        return changes

    def decode(self) -> NDArray[np.floating]:
        """All changes, (V, M), of the levels' type."""
        return np.stack([self.of_model(model) for model in range(len(self.codes))], axis=1)

    def take(self, models: Sequence[int]) -> CodedChanges:
        """Some of the models, in the order asked for."""
        return CodedChanges(self.codes[models], self.levels[models])

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """The models of several, on the same variants, one after another."""
        most = max(part.levels.shape[1] for part in parts)
        # No code stands for a repeated last level.
        levels = [np.pad(part.levels, ((0, 0), (0, most - part.levels.shape[1])), mode="edge") for part in parts]
        return cls(np.concatenate([part.codes for part in parts]), np.concatenate(levels))


def as_level(changes: NDArray[np.floating]) -> NDArray[np.float16]:
    """Round changes to the precision of the levels, and clip them to the range of float16."""
    largest = float(np.finfo(np.float16).max)
    levels: NDArray[np.float16] = np.clip(changes, -largest, largest).astype(np.float16)
    return levels


def _encode_model(changes: NDArray[np.floating]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Codes (1, V) and levels (1, L) of one model's changes (V,)."""
    ordered = np.sort(changes)
    starts = _bin_starts(ordered)
    means = np.add.reduceat(ordered, starts, dtype=np.float64) / np.diff(starts, append=len(ordered))
    codes = np.searchsorted(ordered[starts[1:]], changes, side="right").astype(np.uint8)
    # A loss too small for float16 would be -0.
    return codes[None], as_level(means)[None] + np.float16(0)


def _bin_starts(ordered: NDArray[np.floating]) -> list[int]:
    """First place of each bin of a sorted sample (V,): of losses, of no change, of gains."""
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
    """How many values lie in the first bin, in the first two and so on, from the most extreme value inwards.

    Args:
        ends: how many lie in the first run of equal values, in the first two and so on.
        fineness: see `FINENESS`.
    """
    found, runs, beyond = [], 0, 0
    while runs < len(ends):
        # As many runs as the bin may hold, or one of any length.
        runs = max(bisect_right(ends, beyond + beyond // fineness), runs + 1)
        beyond = ends[runs - 1]
        found.append(beyond)
    return found
