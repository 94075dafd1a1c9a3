"""The sequence around a variant, reference and alternate, with the same flanks on both.

For a model of window W the flank is (W - 1) // 2 bases on each side of the change: an SNV gives the odd
window length of the published networks, an insertion of k bases a reference of 2 x flank and an
alternate of 2 x flank + k.

A network with an input of fixed length L reads the central L bases of each allele in its flanks. This refills both
alleles from the reference alike on both sides, with an extra base on the right where the number is odd.
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


@dataclass(frozen=True, slots=True)
class Window:
    """Both alleles in their context.

    Attributes:
        ref: base codes of the reference allele with its flanks, shape (2 x flank + len(REF),).
        alt: the same for the alternate allele, shape (2 x flank + len(ALT),).
        padded: a flank runs off the contig and is filled with N.
    """

    ref: Codes
    alt: Codes
    padded: bool

    def inner(self, margin: int) -> Window:
        """The same change with `margin` bases less on each side."""
        if margin == 0:
            return self
        return Window(self.ref[margin:-margin], self.alt[margin:-margin], self.padded)


def flank_of(window: int) -> int:
    """Bases on each side of the change, for a model of this window length."""
    return (window - 1) // 2


def window_of_input(length: int) -> int:
    """The window length whose flanks hold what an input of fixed length needs, even around a deletion."""
    return 2 * ((length + 1) // 2) + 1


def central(codes: Codes, length: int) -> Codes:
    """The central bases of B sequences of one length (B, L), with the extra base on the right; N where L is shorter."""
    missing = length - codes.shape[1]
    if missing > 0:
        return np.pad(codes, ((0, 0), (missing // 2, missing - missing // 2)), constant_values=N_CODE)
    start = -(missing // 2)
    return codes[:, start : start + length]


def cut_window(variant: Variant, flank: int, reference: ReferenceSequence) -> Window:
    """Cut both alleles out of the reference with `flank` bases on each side.

    A reference base that is not A, C, G or T becomes N; so does what lies off the contig.
    """
    return cut_windows([variant], flank, reference)[0]


def cut_windows(variants: Iterable[Variant], flank: int, reference: ReferenceSequence) -> list[Window]:
    """`cut_window` of many variants, encoded all at once; their codes lie side by side in one array."""
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
