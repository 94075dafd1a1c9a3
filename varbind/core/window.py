"""The sequence around a variant, reference and alternate, with the same flanks on both.

For a model of window W the flank is (W - 1) // 2 bases on each side of the change: an SNV gives the odd
window length of the published networks, an insertion of k bases a reference of 2 x flank and an
alternate of 2 x flank + k.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from varbind.core.sequence import Codes, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from varbind.core.variant import ReferenceSequence, Variant

__all__ = ["Window", "cut_window", "cut_windows", "flank_of"]


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
