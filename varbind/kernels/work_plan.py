"""The work plan of a batch: every distinct sequence is computed once, and of an alternate allele only what changes.

The two alleles of a variant share both flanks. Positions of a detector that lie within a flank have the same score on
both alleles, so an alternate allele consists of its own middle part and the outer parts of the reference.
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
    from varbind.core.sequence_change import SequenceChange
    from varbind.core.window import Window

__all__ = ["SEGMENTS", "Plan", "Work"]

_N = bytes([N_CODE])

SEGMENTS = 3
"""Number of segments: the positions left of a change, those that read the change, and those right of it."""


@dataclass(frozen=True, slots=True)
class Work:
    """A plan laid out for detectors of one length m.

    A position is the offset of the detector; at offset 0 the last base of the detector is aligned with the first base
    of the sequence, and a sequence of L bases has L + m - 1 positions. An item is a sequence whose positions are
    divided into three segments. A substitution is the middle segment of an item with one base changed. The pooled
    values are stored in cells: one for each segment of each item, item by item, and then one for each substitution.

    Attributes:
        codes: base codes of the sequences, with m - 1 unknown bases (N) before and at least m + 1 after, uint8
            (sequences, width).
        lengths: lengths of the sequences without the added N, (sequences,).
        sequences: the index of the sequence that each item reads, (items,).
        bounds: the positions at which the three segments of each item begin and end, (items, 4).
        substitutions: the old and the new base of each substitution, (substitutions, 2), ordered by item. The
            substituted base is the last base that the detector reads at the first position of the middle segment.
        first_substitution: the index of the first substitution of each item, and as last entry the number of all
            substitutions, (items + 1,).
        alleles: for each allele, the cells of its left, middle and right segment, and its number of positions,
            (alleles, 4). The middle cell may be that of a substitution.
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
        """The number of cells."""
        return SEGMENTS * len(self.sequences) + len(self.substitutions)


class Plan:
    """The distinct alleles of a batch, and the work that they share.

    Attributes:
        sequences: the distinct sequences, base codes as bytes.
    """

    def __init__(self) -> None:
        self.sequences: list[bytes] = []
        self._sequence_of: dict[bytes, int] = {}
        # The keys of items: sequence, start and length of the change, and whether the flanks are pooled as well.
        self._items: dict[tuple[int, int, int, bool], int] = {}
        # The keys of substitutions: item and new base.
        self._substitutions: dict[tuple[int, int], int] = {}
        # The keys of alleles: the item of the flanks, the item or substitution of the middle, and which of both it is.
        self._alleles: dict[tuple[int, int, bool], int] = {}

    def __len__(self) -> int:
        """The number of distinct alleles."""
        return len(self._alleles)

    @classmethod
    def of_sequences(cls, sequences: Iterable[Codes]) -> tuple[Plan, list[int]]:
        """The plan for whole sequences, and the index of the allele of each sequence."""
        plan = cls()
        return plan, [plan._whole(codes.tobytes()) for codes in sequences]

    @classmethod
    def of_windows(cls, windows: Sequence[Window], flank: int) -> tuple[Plan, list[int], list[int]]:
        """The plan for windows with this flank, and the indices of their reference and of their alternate alleles."""
        plan = cls()
        references, alternates = [], []
        for window in windows:
            ref, alt = window.ref.tobytes(), window.alt.tobytes()
            removed, added = len(ref) - 2 * flank, len(alt) - 2 * flank
            reference = plan._item(ref, flank, removed, full=True)
            references.append(plan._allele(reference, reference))
            same = ref == alt
            alternates.append(references[-1] if same else plan._alternate(reference, removed, alt, flank, added))
        return plan, references, alternates

    @classmethod
    def of_changes(cls, codes: Codes, changes: Iterable[SequenceChange]) -> tuple[Plan, int, list[int]]:
        """The plan for changes of one sequence that is read whole, and the indices of its allele and of theirs.

        Raises:
            ValueError: a change reaches beyond the sequence, or leaves no base.
        """
        plan, text, alternates = cls(), codes.tobytes(), []
        unchanged = plan._whole(text)
        for change in changes:
            if change.end > len(text):
                raise ValueError(f"a change ends at {change.end} in a sequence of {len(text)} bases")
            if text[change.start : change.end] == change.added:
                alternates.append(unchanged)
                continue
            reference = plan._item(text, change.start, change.removed, full=True)
            alt = text[: change.start] + change.added + text[change.end :]
            alternates.append(plan._alternate(reference, change.removed, alt, change.start, len(change.added)))
        return plan, unchanged, alternates

    def allele_codes(self) -> list[Codes]:
        """The whole sequence of every allele."""
        items, substitutions = list(self._items), list(self._substitutions)
        alleles = []
        for _, middle, substituted in self._alleles:
            item, base = substitutions[middle] if substituted else (middle, None)
            sequence, start, *_ = items[item]
            codes = np.frombuffer(self.sequences[sequence], dtype=np.uint8)
            if base is not None:
                codes = codes.copy()
                codes[start] = base
            alleles.append(codes)
        return alleles

    def work(self, detector_len: int) -> Work:
        """Lay the plan out for detectors of one length."""
        items = _table(self._items, 4)
        sequence, start, length, full = items.T
        codes, lengths = self._padded(detector_len)
        middle_end = start + detector_len - 1 + length
        end = lengths[sequence] + detector_len - 1
        bounds = np.stack([np.where(full, 0, start), start, middle_end, np.where(full, end, middle_end)], axis=1)
        substitutions = _table(self._substitutions, 2)
        order = np.argsort(substitutions[:, 0], kind="stable")
        item, base = substitutions[order].T
        before = codes[sequence[item], detector_len - 1 + start[item]]
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
        """All sequences with N before and after, wide enough for a detector rounded up to threes, and their lengths."""
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

    def _item(self, codes: bytes, start: int, length: int, *, full: bool) -> int:
        key = (self._sequence(codes), start, length, full)
        return self._items.setdefault(key, len(self._items))

    def _allele(self, outer: int, middle: int, *, substituted: bool = False) -> int:
        return self._alleles.setdefault((outer, middle, substituted), len(self._alleles))

    def _alternate(self, reference: int, removed: int, alt: bytes, start: int, added: int) -> int:
        """Add an alternate allele: a substitution in the item of the reference, or an item of its own."""
        if not removed == added == 1:
            return self._allele(reference, self._item(alt, start, added, full=False))
        base = alt[start]
        if base > N_CODE:
            raise ValueError("base codes run from 0 to 4")
        index = self._substitutions.setdefault((reference, base), len(self._substitutions))
        return self._allele(reference, index, substituted=True)

    def _whole(self, codes: bytes) -> int:
        item = self._item(codes, 0, len(codes), full=True)
        return self._allele(item, item)


def _table(keys: Iterable[tuple[int, ...]], columns: int) -> NDArray[np.int64]:
    """The keys of a dictionary as rows of an array."""
    return np.array(list(keys), dtype=np.int64).reshape(-1, columns)
