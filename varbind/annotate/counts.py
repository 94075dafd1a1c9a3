"""What was read, written, scored and not scored, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from varbind.core.variant import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AnnotationCounts"]


@dataclass(slots=True)
class AnnotationCounts:
    """Counts of one run.

    Attributes:
        records_read: records of the input.
        records_written: records of the output; equal to `records_read` at the end.
        records_reread: records found when the finished output was read again; None of a stream.
        records_outside: passed unchanged, because every allele lies outside the promoters.
        records_without_alt: passed unchanged, because they have no alternate allele.
        alleles: alternate alleles of the other records, by status.
        padded: scored alleles whose window runs off the contig.
        missing_contigs: names that the reference does not have, with records on them.
        checked_ref: records whose REF was compared with the reference.
        mismatched_ref: those that differ.
        swapped_ref: those of them in which an ALT is what the reference has: REF and ALT look exchanged.
    """

    records_read: int = 0
    records_written: int = 0
    records_reread: int | None = None
    records_outside: int = 0
    records_without_alt: int = 0
    alleles: Counter[Status] = field(default_factory=Counter)
    padded: int = 0
    missing_contigs: Counter[str] = field(default_factory=Counter)
    checked_ref: int = 0
    mismatched_ref: int = 0
    swapped_ref: int = 0

    @property
    def scored(self) -> int:
        """Alleles that have a score."""
        return self.alleles[Status.OK]

    @property
    def looks_swapped(self) -> bool:
        """Whether most REFs that differ stand beside an ALT that is the reference's; by chance a third of them do."""
        return 2 * self.swapped_ref > self.mismatched_ref

    def count_alleles(self, statuses: Iterable[Status]) -> None:
        """Add the alleles of one record."""
        self.alleles.update(statuses)

    def sentence(self) -> str:
        """One line for people, about a run that writes records."""
        reread = "" if self.records_reread is None else f", {self.records_reread:,} found in the output"
        records = f"{self.records_read:,} records read, {self.records_written:,} written{reread}"
        return "; ".join([records, *self._of_alleles()])

    def table_sentence(self) -> str:
        """One line for people, about a run that writes a table of alleles."""
        return "; ".join([f"{self.records_read:,} records read", *self._of_alleles()])

    def _of_alleles(self) -> list[str]:
        parts = [f"{self.scored:,} alleles scored"]
        reasons = [f"{status} {count:,}" for status, count in sorted(self.alleles.items()) if status != Status.OK]
        if reasons:
            parts.append("not scored: " + ", ".join(reasons))
        if self.records_outside:
            parts.append(f"{self.records_outside:,} records outside promoters")
        if self.records_without_alt:
            parts.append(f"{self.records_without_alt:,} records without an alternate allele")
        return parts

    def as_json(self) -> dict[str, Any]:
        """All counts, for `--stats`."""
        return {
            "records_read": self.records_read,
            "records_written": self.records_written,
            "records_reread": self.records_reread,
            "records_outside": self.records_outside,
            "records_without_alt": self.records_without_alt,
            "alleles": {status.value: self.alleles[status] for status in Status if self.alleles[status]},
            "alleles_scored": self.scored,
            "alleles_padded": self.padded,
            "missing_contigs": dict(sorted(self.missing_contigs.items())),
            "ref_checked": self.checked_ref,
            "ref_mismatched": self.mismatched_ref,
        }
