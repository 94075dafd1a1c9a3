"""Sequences of any lengths as one array, in which they are trained on and scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from varbind.core.sequence import N_CODE, Codes, encode, reverse_complement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["SequenceSet"]


@dataclass(frozen=True, slots=True, eq=False)
class SequenceSet:
    """N sequences of any lengths.

    Attributes:
        codes: The base codes of each sequence, padded with N on the right to L columns, (N, L).
        lengths: The number of bases of each sequence without the padding, 1 to L, int64 (N,).
    """

    codes: Codes
    lengths: NDArray[np.int64]

    @classmethod
    def of_one_length(cls, codes: Codes) -> Self:
        """Return sequences without padding, from base codes (N, L)."""
        return cls(codes, np.full(len(codes), codes.shape[1], dtype=np.int64))

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> Self:
        """Return sequences from their letters, at least one of each; see `varbind.core.sequence.encode`."""
        longest = max(map(len, texts), default=0)
        codes = encode("".join(text.ljust(longest, "N") for text in texts)).reshape(len(texts), longest)
        return cls(codes, np.array([len(text) for text in texts], dtype=np.int64))

    @classmethod
    def concatenated(cls, parts: Sequence[SequenceSet]) -> Self:
        """Return the sequences of all parts, padded to the longest of them."""
        longest = max(part.codes.shape[1] for part in parts)
        around = [((0, 0), (0, longest - part.codes.shape[1])) for part in parts]
        padded = [np.pad(part.codes, width, constant_values=N_CODE) for part, width in zip(parts, around, strict=True)]
        return cls(np.concatenate(padded), np.concatenate([part.lengths for part in parts]))

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.lengths)

    def __iter__(self) -> Iterator[Codes]:
        """Yield the base codes of each sequence without its padding."""
        return (row[:length] for row, length in zip(self.codes, self.lengths.tolist(), strict=True))

    def __getitem__(self, rows: slice | NDArray[Any]) -> SequenceSet:
        """Return some of the sequences, by a slice, their rows or a mask."""
        return SequenceSet(self.codes[rows], self.lengths[rows])

    @property
    def bounds(self) -> tuple[int, int]:
        """The numbers of bases of the shortest and of the longest sequence."""
        return int(self.lengths.min()), int(self.lengths.max())

    @property
    def gc_shares(self) -> NDArray[np.float64]:
        """The share of G and C among the bases of each sequence, float64 (N,)."""
        # The padding is N, which is neither.
        shares: NDArray[np.float64] = np.isin(self.codes, (1, 2)).sum(axis=1) / self.lengths
        return shares

    def reverse_complement(self) -> SequenceSet:
        """Return the opposite strand of each sequence from 5' to 3', padded on the right too."""
        # The padding comes first when a row is turned; rolling it by its length brings it to the end.
        turned = reverse_complement(self.codes)
        columns = np.arange(self.codes.shape[1]) - self.lengths[:, None]
        return SequenceSet(np.take_along_axis(turned, columns % max(self.codes.shape[1], 1), axis=1), self.lengths)
