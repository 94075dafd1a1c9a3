"""One alternate allele in its shortest, leftmost form, and the reasons why an allele is not scored.

A VCF can represent the same change in many ways: padded, shifted within a repeat, or together with other alleles.
`normalise` gives the same `Variant` for all of them, so that they get the same values. The text of the record is not
changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = [
    "NO_ALT",
    "ReferenceSequence",
    "Status",
    "Variant",
    "left_align",
    "normalise",
    "status_of_alt",
    "status_of_place",
    "trim",
]


class Status(StrEnum):
    """The status of an allele; only alleles with `OK` have a score."""

    OK = "ok"
    REF_MISMATCH = "ref_mismatch"
    REF_UNKNOWN = "ref_unknown"
    NO_CONTIG = "no_contig"
    OFF_CONTIG = "off_contig"
    TELOMERE = "telomere"
    SYMBOLIC = "symbolic"
    BREAKEND = "breakend"
    STAR = "star"
    NO_ALT = "no_alt"
    AMBIGUOUS_ALT = "ambiguous_alt"
    BAD_ALLELE = "bad_allele"
    TOO_LONG = "too_long"
    OUTSIDE = "outside"


class ReferenceSequence(Protocol):
    """The part of a reference genome that this package needs."""

    def length(self, contig: str) -> int:
        """The number of bases of a contig."""

    def fetch(self, contig: str, start: int, end: int) -> str:
        """The upper-case bases of [start, end), 0-based, with N outside the contig."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A biallelic change, trimmed to the end and left-aligned.

    Attributes:
        chrom: the name of the contig in the reference.
        pos: the 1-based position of the first changed base; an insertion is before this base.
        ref: the removed bases, upper case; empty for an insertion.
        alt: the inserted bases, upper case; empty for a deletion.
    """

    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def start(self) -> int:
        """The 0-based start of the changed span."""
        return self.pos - 1

    @property
    def end(self) -> int:
        """The 0-based end of the changed span, exclusive; equal to `start` for an insertion."""
        return self.pos - 1 + len(self.ref)

    @property
    def size(self) -> int:
        """The length in bases of the longer allele."""
        return max(len(self.ref), len(self.alt))

    @property
    def touched(self) -> tuple[int, int]:
        """The 0-based half-open span of the affected reference bases; for an insertion, its two neighbours."""
        if self.ref:
            return self.start, self.end
        return max(self.start - 1, 0), self.start + 1


_BASES = re.compile(r"[ACGTacgt]+")
_DEFINITE = re.compile(r"[ACGT]*")
_IUPAC = re.compile(r"[ACGTUNRYSWKMBDHVacgtunryswkmbdhv]+")
NO_ALT = frozenset({"<*>", "<NON_REF>", "."})
"""Values of ALT that are not an allele."""


def status_of_alt(ref: str, alt: str) -> Status:  # noqa: PLR0911 (one return per reason is the clearest form)
    """The status that follows from the texts of REF and one ALT alone (VCF 4.5, section 1.6.1)."""
    if alt in NO_ALT:
        return Status.NO_ALT
    if alt == "*":
        return Status.STAR
    if "[" in alt or "]" in alt or (len(alt) > 1 and (alt[0] == "." or alt[-1] == ".")):
        return Status.BREAKEND
    if alt.startswith("<") and alt.endswith(">"):
        return Status.SYMBOLIC
    if not _IUPAC.fullmatch(alt) or not _IUPAC.fullmatch(ref):
        return Status.BAD_ALLELE
    if not _BASES.fullmatch(alt):
        return Status.AMBIGUOUS_ALT
    return Status.OK


def status_of_place(contig: str | None, pos: int, ref: str, reference: ReferenceSequence) -> Status:
    """The status that follows from the position and REF of a record, for all its plain alleles.

    Args:
        contig: the name of the contig in the reference; None if the reference does not have it.
        pos: POS of the record, 1-based, 0 for the telomere.
        ref: REF of the record, in any case.
        reference: the genome.
    """
    if contig is None:
        return Status.NO_CONTIG
    length = reference.length(contig)
    if pos in {0, length + 1}:
        return Status.TELOMERE
    start = pos - 1
    if start + len(ref) > length:
        return Status.OFF_CONTIG
    found = reference.fetch(contig, start, start + len(ref))
    if not _DEFINITE.fullmatch(found):
        return Status.REF_UNKNOWN
    return Status.OK if found == ref.upper() else Status.REF_MISMATCH


def trim(pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Remove the common suffix and then the common prefix completely, so that an allele may become empty."""
    if len(ref) == len(alt) == 1 and ref != alt:  # most variants of a genome
        return pos, ref, alt
    shared = 0
    while shared < min(len(ref), len(alt)) and ref[-1 - shared] == alt[-1 - shared]:
        shared += 1
    ref, alt = ref[: len(ref) - shared], alt[: len(alt) - shared]
    shared = 0
    while shared < min(len(ref), len(alt)) and ref[shared] == alt[shared]:
        shared += 1
    return pos + shared, ref[shared:], alt[shared:]


_BLOCK = 128


def left_align(variant: Variant, reference: ReferenceSequence) -> Variant:
    """Shift a pure insertion or deletion as far left as possible (Tan et al. 2015).

    The shift stops at reference bases other than A, C, G and T.
    """
    moving = variant.ref or variant.alt
    if bool(variant.ref) == bool(variant.alt):
        return variant
    start, shift = variant.start, 0
    block, block_start = "", start
    while start > 0:
        if start == block_start:
            block_start = max(0, start - _BLOCK)
            block = reference.fetch(variant.chrom, block_start, start)
        # Each step to the left rotates the moving allele by one base.
        base = block[start - 1 - block_start]
        if base not in "ACGT" or base != moving[-1 - shift % len(moving)]:
            break
        start -= 1
        shift += 1
    turn = -shift % len(moving)
    moved = moving[turn:] + moving[:turn]
    if variant.ref:
        return Variant(variant.chrom, start + 1, moved, "")
    return Variant(variant.chrom, start + 1, "", moved)


def normalise(chrom: str, pos: int, ref: str, alt: str, reference: ReferenceSequence) -> Variant:
    """The shortest, leftmost form of a change whose REF agrees with the reference.

    Nothing is checked here; `varbind.normalise` checks its arguments first.

    Args:
        chrom: the name of the contig in the reference.
        pos: POS of the record, 1-based.
        ref: REF of the record, in any case.
        alt: one ALT of the record, in any case.
        reference: the genome.
    """
    trimmed_pos, trimmed_ref, trimmed_alt = trim(pos, ref.upper(), alt.upper())
    return left_align(Variant(chrom, trimmed_pos, trimmed_ref, trimmed_alt), reference)
