"""Changes within a sequence: substitutions, deletions and insertions, by their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES

if TYPE_CHECKING:
    from varbind.core.sequence import Codes

__all__ = ["SequenceChange", "deletions", "substitutions"]


@dataclass(frozen=True, slots=True)
class SequenceChange:
    """Some bases of a sequence that are replaced by others.

    Attributes:
        start: the index of the first base that is replaced, from 0.
        removed: the number of bases that are replaced; 0 = an insertion before `start`.
        added: the base codes that take their place, one byte each; empty = a deletion.

    Raises:
        ValueError: the start or the number of bases is negative.
    """

    start: int
    removed: int
    added: bytes

    def __post_init__(self) -> None:
        if self.start < 0 or self.removed < 0:
            raise ValueError(f"a change cannot start at {self.start} and remove {self.removed} bases")

    @property
    def end(self) -> int:
        """The index after the last base that is replaced."""
        return self.start + self.removed

    def applied(self, codes: Codes) -> Codes:
        """The changed sequence (L + added - removed,) of base codes (L,)."""
        return np.concatenate([codes[: self.start], np.frombuffer(self.added, dtype=np.uint8), codes[self.end :]])


def substitutions(codes: Codes) -> list[SequenceChange]:
    """Every base but the own one at every position of base codes (L,), position by position in the order A C G T."""
    return [
        SequenceChange(start, 1, bytes([base]))
        for start, own in enumerate(codes.tolist())
        for base in range(len(BASES))
        if base != own
    ]


def deletions(length: int, longest: int) -> list[SequenceChange]:
    """All deletions of 1, 2, ..., `longest` bases in a sequence of `length` bases that leave at least one base."""
    return [
        SequenceChange(start, size, b"")
        for size in range(1, min(longest, length - 1) + 1)
        for start in range(length - size + 1)
    ]
