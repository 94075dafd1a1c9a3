"""What has to be computed for a batch: every distinct sequence once, and of an alternate allele only what changes.

A variant's two alleles share both flanks. Positions of a detector that lie within a flank score the same on
both, so an alternate allele is its own middle between the reference's outer parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import N_CODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.core.window import Window

__all__ = ["SEGMENTS", "Plan", "Work"]

_N = bytes([N_CODE])

SEGMENTS = 3
"""Left of a change, the positions that see it, right of it."""


@dataclass(frozen=True, slots=True)
class Work:
    """A plan laid out for detectors of one length m.

    A position of a detector is the number of bases by which it is moved to the right from where its last base
    reads the first of the sequence; a sequence of L bases has L + m - 1. An item is a sequence with its
    positions in three segments. A substitution is an item's middle once more, with one base changed.
    What is pooled goes to one cell for each segment of each item, item by item, then one for each substitution.

    Attributes:
        codes: base codes of the sequences, m - 1 N before and at least m + 1 after, uint8 (sequences, width).
        lengths: of the sequences without that, (sequences,).
        sequences: which sequence each item reads, (items,).
        bounds: of each item's three segments in positions, (items, 4).
        substitutions: the base before and after, (substitutions, 2), in the order of their items; the base
            is the one that the first position of the middle segment reads last.
        first_substitution: of each item, and their number, (items + 1,).
        alleles: cells of the left, middle and right part and number of positions, (alleles, 4).
    """

    codes: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    sequences: NDArray[np.int64]
    bounds: NDArray[np.int64]
    substitutions: NDArray[np.int64]
    first_substitution: NDArray[np.int64]
    alleles: NDArray[np.int64]

    @property
    def cells(self) -> int:
        """How many there are."""
        return SEGMENTS * len(self.sequences) + len(self.substitutions)


class Plan:
    """Distinct alleles of a batch and how they share work.

    Attributes:
        sequences: distinct sequences that are read, base codes as bytes.
    """

    def __init__(self) -> None:
        self.sequences: list[bytes] = []
        self._sequence_of: dict[bytes, int] = {}
        # Items: sequence, flank, length of the allele, whether the flanks are pooled too.
        self._items: dict[tuple[int, int, int, bool], int] = {}
        # Substitutions: item and base.
        self._substitutions: dict[tuple[int, int], int] = {}
        # Alleles: the item of the flanks; the item of the middle, or a substitution.
        self._alleles: dict[tuple[int, int, bool], int] = {}

    def __len__(self) -> int:
        """How many alleles there are."""
        return len(self._alleles)

    @classmethod
    def of_sequences(cls, sequences: Iterable[Codes]) -> tuple[Plan, list[int]]:
        """A plan that scores whole sequences, and the allele of each."""
        plan = cls()
        return plan, [plan._whole(codes.tobytes()) for codes in sequences]

    @classmethod
    def of_windows(cls, windows: Sequence[Window], flank: int) -> tuple[Plan, list[int], list[int]]:
        """A plan that scores both alleles of windows with this flank, and the alleles of each."""
        plan = cls()
        references, alternates = [], []
        for window in windows:
            ref, alt = window.ref.tobytes(), window.alt.tobytes()
            reference = plan._item(ref, flank, full=True)
            references.append(plan._allele(reference, reference))
            alternates.append(references[-1] if ref == alt else plan._alternate(reference, ref, alt, flank))
        return plan, references, alternates

    def allele_codes(self) -> list[Codes]:
        """The whole sequence of every allele."""
        items, substitutions = list(self._items), list(self._substitutions)
        alleles = []
        for _, middle, substituted in self._alleles:
            item, base = substitutions[middle] if substituted else (middle, None)
            sequence, flank, *_ = items[item]
            codes = np.frombuffer(self.sequences[sequence], dtype=np.uint8)
            if base is not None:
                codes = codes.copy()
                codes[flank] = base
            alleles.append(codes)
        return alleles

    def work(self, detector_len: int) -> Work:
        """Lay the plan out for detectors of one length."""
        items = _table(self._items, 4)
        sequence, flank, length, full = items.T
        middle_end = flank + detector_len - 1 + length
        end = middle_end + flank
        bounds = np.stack([np.where(full, 0, flank), flank, middle_end, np.where(full, end, middle_end)], axis=1)
        substitutions = _table(self._substitutions, 2)
        order = np.argsort(substitutions[:, 0], kind="stable")
        item, base = substitutions[order].T
        codes, lengths = self._padded(detector_len)
        before = codes[sequence[item], detector_len - 1 + flank[item]]
        outer, middle, substituted = _table(self._alleles, 3).T
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        own = SEGMENTS * middle + 1
        own[substituted == 1] = SEGMENTS * len(items) + place[middle[substituted == 1]]
        inner = middle.copy()
        inner[substituted == 1] = outer[substituted == 1]
        return Work(
            codes=codes,
            lengths=lengths,
            sequences=sequence.copy(),
            bounds=bounds,
            substitutions=np.stack([before.astype(np.int64), base], axis=1),
            first_substitution=np.searchsorted(item, np.arange(len(items) + 1)),
            alleles=np.stack([SEGMENTS * outer, own, SEGMENTS * outer + 2, end[inner]], axis=1),
        )

    def _padded(self, detector_len: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """All sequences with N before and after, wide enough for a detector rounded up to threes; their lengths."""
        lengths = np.array([len(codes) for codes in self.sequences], dtype=np.int64)
        margin = detector_len - 1
        width = margin + int(lengths.max(initial=0)) + detector_len + 4
        rows = [(_N * margin + codes).ljust(width, _N) for codes in self.sequences]
        return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), width), lengths

    def _sequence(self, codes: bytes) -> int:
        index = self._sequence_of.setdefault(codes, len(self.sequences))
        if index == len(self.sequences):
            if not codes:
                raise ValueError("an empty sequence cannot be scored")
            if max(codes) > N_CODE:
                raise ValueError("base codes run from 0 to 4")
            self.sequences.append(codes)
        return index

    def _item(self, codes: bytes, flank: int, *, full: bool) -> int:
        key = (self._sequence(codes), flank, len(codes) - 2 * flank, full)
        return self._items.setdefault(key, len(self._items))

    def _allele(self, outer: int, middle: int, *, substituted: bool = False) -> int:
        return self._alleles.setdefault((outer, middle, substituted), len(self._alleles))

    def _alternate(self, reference: int, ref: bytes, alt: bytes, flank: int) -> int:
        """An alternate allele: one base of the reference changed, or a middle of its own."""
        if not len(ref) == len(alt) == 2 * flank + 1:
            return self._allele(reference, self._item(alt, flank, full=False))
        base = alt[flank]
        if base > N_CODE:
            raise ValueError("base codes run from 0 to 4")
        index = self._substitutions.setdefault((reference, base), len(self._substitutions))
        return self._allele(reference, index, substituted=True)

    def _whole(self, codes: bytes) -> int:
        item = self._item(codes, 0, full=True)
        return self._allele(item, item)


def _table(keys: Iterable[tuple[int, ...]], columns: int) -> NDArray[np.int64]:
    """Keys of a dictionary as rows."""
    return np.array(list(keys), dtype=np.int64).reshape(-1, columns)
