"""What has to be computed for a batch: every distinct sequence once, and of an alternate allele only what changes.

A variant's two alleles share both flanks. Positions of a detector that lie within a flank score the same on
both, so an alternate allele is its own middle between the reference's outer parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import N_CODE, Codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from varbind.core.window import Window

__all__ = ["Plan", "Work"]


@dataclass(frozen=True, slots=True)
class Work:
    """A plan laid out for detectors of one length m.

    Attributes:
        triplets: 3-mer codes of the N-padded sequences, uint8 (sequences, width).
        sequences: which sequence each item reads, (items,).
        bounds: of each item's three segments in positions, (items, 4).
        alleles: outer item, inner item and number of positions of each allele, (alleles, 3).
    """

    triplets: NDArray[np.uint8]
    sequences: NDArray[np.int64]
    bounds: NDArray[np.int64]
    alleles: NDArray[np.int64]


class Plan:
    """Distinct alleles of a batch and how they share work.

    Attributes:
        sequences: distinct sequences of base codes.
    """

    def __init__(self) -> None:
        self.sequences: list[Codes] = []
        self._sequence_of: dict[bytes, int] = {}
        # Items: sequence, flank, length of the allele, whether the flanks are pooled too.
        self._items: dict[tuple[int, int, int, bool], int] = {}
        self._alleles: dict[tuple[int, int], int] = {}

    @classmethod
    def of_sequences(cls, sequences: Iterable[Codes]) -> tuple[Plan, list[int]]:
        """A plan that scores whole sequences, and the allele of each."""
        plan = cls()
        return plan, [plan._whole(codes) for codes in sequences]

    @classmethod
    def of_windows(cls, windows: Sequence[Window], flank: int) -> tuple[Plan, list[int], list[int]]:
        """A plan that scores both alleles of windows with this flank, and the alleles of each."""
        plan = cls()
        references, alternates = [], []
        for window in windows:
            reference = plan._item(window.ref, flank, full=True)
            references.append(plan._allele(reference, reference))
            if np.array_equal(window.ref, window.alt):
                alternates.append(references[-1])
                continue
            inner = plan._item(window.alt, flank, full=False)
            alternates.append(plan._allele(reference, inner))
        return plan, references, alternates

    def allele_codes(self) -> list[Codes]:
        """The whole sequence of every allele."""
        # The inner item reads the allele's own sequence.
        items = list(self._items)
        return [self.sequences[items[inner][0]] for _, inner in self._alleles]

    def work(self, detector_len: int) -> Work:
        """Lay the plan out for detectors of one length."""
        items = np.array(list(self._items), dtype=np.int64).reshape(-1, 4)
        sequence, flank, length, full = items.T
        middle_end = flank + detector_len - 1 + length
        end = middle_end + flank
        start = np.where(full, 0, flank)
        bounds = np.stack([start, flank, middle_end, np.where(full, end, middle_end)], axis=1)
        pairs = np.array(list(self._alleles), dtype=np.int64).reshape(-1, 2)
        alleles = np.column_stack([pairs, end[pairs[:, 1]]])
        return Work(self._triplets(detector_len), sequence.copy(), bounds, alleles)

    def _triplets(self, detector_len: int) -> NDArray[np.uint8]:
        """3-mer codes of all sequences, N before and after, wide enough for a detector rounded up to 3-mers."""
        margin, triplets = detector_len - 1, -(-detector_len // 3)
        longest = max(map(len, self.sequences))
        padded = np.full((len(self.sequences), longest + margin + 3 * triplets), N_CODE, dtype=np.uint8)
        for row, codes in enumerate(self.sequences):
            padded[row, margin : margin + len(codes)] = codes
        return padded[:, :-2] * np.uint8(25) + padded[:, 1:-1] * np.uint8(5) + padded[:, 2:]

    def _sequence(self, codes: Codes) -> int:
        data = codes.tobytes()
        index = self._sequence_of.setdefault(data, len(self.sequences))
        if index == len(self.sequences):
            if not data:
                raise ValueError("an empty sequence cannot be scored")
            if codes.max() > N_CODE:
                raise ValueError("base codes run from 0 to 4")
            self.sequences.append(codes)
        return index

    def _item(self, codes: Codes, flank: int, *, full: bool) -> int:
        key = (self._sequence(codes), flank, len(codes) - 2 * flank, full)
        return self._items.setdefault(key, len(self._items))

    def _allele(self, outer: int, inner: int) -> int:
        return self._alleles.setdefault((outer, inner), len(self._alleles))

    def _whole(self, codes: Codes) -> int:
        item = self._item(codes, 0, full=True)
        return self._allele(item, item)
