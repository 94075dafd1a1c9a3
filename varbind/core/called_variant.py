"""Variants given by a Python program, which are compared with the reference before they are normalised or scored.

The command line writes the status of an allele that has no score and continues; in Python such a variant is an error.
Both use the same reasons (`varbind.core.variant.Status`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from varbind.core import variant as fast
from varbind.core.contigs import ContigNames
from varbind.core.variant import ReferenceSequence, Status, Variant, status_of_alt, status_of_place
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["FastaRecords", "NamedReference", "named_reference", "normalised_variant", "normalised_variants"]

_DEFINITE = re.compile(r"[ACGT]*")
_SHOWN = 20

_REASONS = {
    Status.REF_UNKNOWN: "the reference has other letters than A, C, G and T under REF",
    Status.SYMBOLIC: "a symbolic allele does not state its bases",
    Status.BREAKEND: "a breakend does not state a short change",
    Status.STAR: "* stands for a deletion that another record describes",
    Status.NO_ALT: "ALT is not an allele",
    Status.AMBIGUOUS_ALT: "ALT has other letters than A, C, G and T",
    Status.BAD_ALLELE: "REF and ALT must be one allele each, in letters of bases",
}


class NamedReference(ReferenceSequence, Protocol):
    """A reference genome that can name its contigs, as `varbind.Reference`."""

    @property
    def contigs(self) -> Collection[str]:
        """The names of its contigs."""


class FastaRecords(Protocol):
    """An indexed FASTA that returns its records by name, as `pyfaidx.Fasta`."""

    def keys(self) -> Collection[str]:
        """The names of the records."""

    def __getitem__(self, name: str) -> Any:
        """A record, which has a length and can be sliced."""


@dataclass(frozen=True, slots=True)
class _RecordsReference:
    """An indexed FASTA as a reference."""

    records: FastaRecords

    @property
    def contigs(self) -> Collection[str]:
        return self.records.keys()

    def length(self, contig: str) -> int:
        return len(self.records[contig])

    def fetch(self, contig: str, start: int, end: int) -> str:
        """The upper-case bases of [start, end), 0-based, with N outside the contig."""
        first, last = max(start, 0), min(end, self.length(contig))
        if first >= last:
            return "N" * max(end - start, 0)
        return "N" * (first - start) + str(self.records[contig][first:last]).upper() + "N" * (end - last)


def named_reference(reference: NamedReference | FastaRecords) -> NamedReference:
    """Return a reference genome with the methods that are needed here.

    Args:
        reference: a `varbind.Reference` or another object with its methods, or a `pyfaidx.Fasta`.

    Raises:
        UsageError: it is something else.
    """
    if all(hasattr(reference, name) for name in ("contigs", "length", "fetch")):
        return cast("NamedReference", reference)
    # pyfaidx is an optional package, so its class is recognised without importing it.
    if hasattr(reference, "faidx"):
        return _RecordsReference(cast("FastaRecords", reference))
    what = f"the reference is a {type(reference).__name__}"
    raise UsageError(what, remedy="give the path of a FASTA, a varbind.Reference or a pyfaidx.Fasta")


def normalised_variant(chrom: str, pos: int, ref: str, alt: str, reference: NamedReference | FastaRecords) -> Variant:
    """The shortest, leftmost form of a change on an open genome; see `varbind.normalise`.

    Raises:
        UsageError: an argument has a wrong type.
        InputError: `varbind annotate` would not score the change.
    """
    genome = named_reference(reference)
    _require_texts(chrom=chrom, ref=ref, alt=alt)
    place = _whole_number(pos)
    contig = _contig(chrom, genome)
    status = status_of_alt(ref, alt)
    if status is Status.OK and place < 0:
        status = Status.OFF_CONTIG
    if status is Status.OK:
        status = status_of_place(contig, place, ref, genome)
    if status is not Status.OK or contig is None:
        raise _unscored(f"{chrom}:{place} {_short(ref)}>{_short(alt)}", status, (contig, place, ref), genome)
    return fast.normalise(contig, place, ref, alt, genome)


def normalised_variants(variants: Iterable[Any], reference: NamedReference | FastaRecords) -> list[Variant]:
    """The variants as a list, after a check that each has the form that `normalise` gives on this reference.

    Raises:
        UsageError: an item is not a variant.
        InputError: a variant was made without `normalise` or on another reference: it is not on a contig, its REF
            differs, or it is not completely trimmed or not leftmost.
    """
    genome = named_reference(reference)
    if not isinstance(variants, Iterable) or isinstance(variants, str | bytes):
        what = f"found a {type(variants).__name__}, expected a list of variants"
        raise UsageError(what, remedy="give [variant], each made with varbind.normalise")
    found = list(variants)
    for number, variant in enumerate(found):
        if not isinstance(variant, Variant):
            what = f"item {number} of the variants is a {type(variant).__name__}, expected a varbind.Variant"
            raise UsageError(what, remedy="make it with varbind.normalise")
        if flaw := _flaw(variant, genome):
            raise InputError(f"variant {number}, {variant}: {flaw}", remedy="make it with varbind.normalise")
    return found


def _flaw(variant: Variant, reference: NamedReference) -> str:
    """Why a variant does not have the form that `normalise` gives; empty if it has."""
    return _flaw_of_fields(variant) or _flaw_of_place(variant, reference) or _flaw_of_form(variant, reference)


def _flaw_of_fields(variant: Variant) -> str:
    if type(variant.pos) is not int:
        return f"pos is a {type(variant.pos).__name__}, expected an int"
    if not all(isinstance(text, str) for text in (variant.chrom, variant.ref, variant.alt)):
        return "chrom, ref and alt must be texts"
    if not _DEFINITE.fullmatch(variant.ref + variant.alt):
        return "ref and alt must be upper-case letters A, C, G and T, or empty"
    return ""


def _flaw_of_place(variant: Variant, reference: NamedReference) -> str:
    if variant.chrom not in reference.contigs:
        return f"{Status.NO_CONTIG}: the reference has no contig with exactly this name"
    length = reference.length(variant.chrom)
    if variant.start < 0 or max(variant.start, variant.end) > length:
        return f"{Status.OFF_CONTIG}: {variant.chrom} has the positions 1 to {length:,}"
    return ""


def _flaw_of_form(variant: Variant, reference: NamedReference) -> str:
    ref, alt = variant.ref, variant.alt
    # The base to the left shows whether an insertion or deletion can be shifted.
    around = reference.fetch(variant.chrom, variant.start - 1, variant.end)
    if around[1:] != ref:
        return f"{Status.REF_MISMATCH}: the reference has {_short(around[1:])}"
    if ref and alt:
        return "it is not trimmed: both alleles start or end alike" if ref[0] == alt[0] or ref[-1] == alt[-1] else ""
    moving = ref or alt
    return "it is not leftmost: the same change can be written further left" if around[0] == moving[-1:] else ""


def _unscored(change: str, status: Status, place: tuple[str | None, int, str], reference: NamedReference) -> InputError:
    contig, pos, ref = place
    reason, remedy = _REASONS.get(status, ""), "leave it out"
    if status is Status.NO_CONTIG or contig is None:
        reason = f"the reference has no such contig; it has {_named(reference.contigs)}"
        status, remedy = Status.NO_CONTIG, "give a name of the reference"
    elif status in {Status.OFF_CONTIG, Status.TELOMERE}:
        reason = f"{contig} has the positions 1 to {reference.length(contig):,}"
        remedy = "give a 1-based position, and the reference of this build"
    elif status is Status.REF_MISMATCH:
        found = reference.fetch(contig, pos - 1, pos - 1 + len(ref))
        reason = f"REF is {_short(ref)}, the reference has {_short(found)}"
        remedy = "give the 1-based position and REF on the forward strand, and the reference of this build"
    return InputError(f"{change} has no score: {status}: {reason}", remedy=remedy)


def _contig(chrom: str, reference: NamedReference) -> str | None:
    """The name of a contig in the reference; None if the reference does not have it."""
    contigs = reference.contigs
    if chrom in contigs:
        return chrom
    return ContigNames({name: reference.length(name) for name in contigs}).resolve(chrom)


def _whole_number(pos: Any) -> int:
    """POS as an int; integers of numpy, as in a data frame, are accepted."""
    if not isinstance(pos, bool) and hasattr(pos, "__index__"):
        return int(pos)
    raise UsageError(f"pos is {pos!r}, expected an int", remedy="give the 1-based position as a whole number")


def _require_texts(**words: Any) -> None:
    for name, word in words.items():
        if not isinstance(word, str):
            raise UsageError(f"{name} is {word!r}, expected a str", remedy="give the text of the VCF's column")


def _named(contigs: Collection[str]) -> str:
    names = list(contigs)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
