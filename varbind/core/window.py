"""The sequences of the reference and the alternate allele of a variant, both with the same flanks.

For a model with window W the flank has (W - 1) // 2 bases on each side of the change. An SNV gives the odd window
length of the published networks, and an insertion of k bases gives 2 x flank reference bases and 2 x flank + k
alternate bases.

A network with a fixed input length L reads the central L bases of each allele with its flanks. So both alleles are
filled up from the reference symmetrically, with an extra base on the right if the number is odd.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import N_CODE, Codes, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from varbind.core.variant import ReferenceSequence, Variant

__all__ = ["Window", "central", "cut_window", "cut_windows", "flank_of", "window_of_input"]


@dataclass(frozen=True, slots=True, repr=False)
class Window:
    """Both alleles with their flanks.

    Attributes:
        ref: the base codes of the reference allele with its flanks, (2 x flank + len(REF),).
        alt: the base codes of the alternate allele with its flanks, (2 x flank + len(ALT),).
        padded: whether a flank extends beyond the contig and is filled with N.
    """

    ref: Codes
    alt: Codes
    padded: bool

    def __repr__(self) -> str:
        padded = ", padded" if self.padded else ""
        return f"<Window: {len(self.ref):,} reference bases, {len(self.alt):,} alternate bases{padded}>"

    def inner(self, margin: int) -> Window:
        """The same change with flanks that are shorter by `margin` bases."""
        if margin == 0:
            return self
        return Window(self.ref[margin:-margin], self.alt[margin:-margin], self.padded)


def flank_of(window: int) -> int:
    """The number of bases on each side of the change for a window length."""
    return (window - 1) // 2


def window_of_input(length: int) -> int:
    """The window length whose flanks are long enough for an input of fixed length, even around a deletion."""
    return 2 * ((length + 1) // 2) + 1


def central(codes: Codes, length: int) -> Codes:
    """The central `length` bases of B sequences (B, L), with an extra base on the right; shorter ones get N."""
    missing = length - codes.shape[1]
    if missing > 0:
        return np.pad(codes, ((0, 0), (missing // 2, missing - missing // 2)), constant_values=N_CODE)
    start = -(missing // 2)
    return codes[:, start : start + length]


def cut_window(variant: Variant, flank: int, reference: ReferenceSequence) -> Window:
    """Cut both alleles out of the reference with `flank` bases on each side.

    Reference bases other than A, C, G and T, and positions outside the contig, become N.
    """
    return cut_windows([variant], flank, reference)[0]


def cut_windows(variants: Iterable[Variant], flank: int, reference: ReferenceSequence) -> list[Window]:
    """Cut the windows of many variants, which are encoded together; their codes are views of one array."""
    texts, padded = [], []
    for variant in variants:
        start, end = variant.start - flank, variant.end + flank
        around = reference.fetch(variant.chrom, start, end)
        left, right = around[:flank], around[len(around) - flank :]
        texts += [left + variant.ref + right, left + variant.alt + right]
        padded.append(start < 0 or end > reference.length(variant.chrom))
    codes = encode("".join(texts))
    ends = accumulate(map(len, texts), initial=0)
    alleles = iter([codes[first:last] for first, last in pairwise(ends)])
    return list(map(Window, alleles, alleles, padded))
