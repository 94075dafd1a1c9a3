"""Counts the records read and written and the alleles by status, and explains why alleles were not scored."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, Any

from varbind.core.variant import Status
from varbind.gate import data_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from varbind.annotate.gene_scope import GeneScope
    from varbind.gate import DataFrame

__all__ = ["PHRED_BIN", "AnnotationCounts", "report_unscored", "why_nothing_was_scored"]

logger = logging.getLogger(__name__)

PHRED_BIN = 5
"""The width of a bin in the histogram of PHRED."""

_NAMED_MAX = 5
_REASONS = {
    Status.REF_MISMATCH: "have a REF that differs from the reference: is it that of another genome build?",
    Status.NO_CONTIG: "lie on contigs that the reference lacks: --contig-map FILE states which names are the same",
    Status.OFF_CONTIG: "lie beyond the ends of the reference's contigs: is it that of another genome build?",
    Status.REF_UNKNOWN: "lie where the reference has N: is it masked or cut?",
    Status.TOO_LONG: "are longer than --max-indel allows",
}


@dataclass(slots=True, repr=False)
class AnnotationCounts:
    """The counts of one annotation.

    Attributes:
        records_read: the records of the input.
        records_written: the records of the output; equal to `records_read` at the end.
        records_reread: the records found when the finished output was read again; None where the output is a stream.
        records_outside: the records that stay unchanged because every allele lies outside the promoters.
        records_without_alt: the records that stay unchanged because they have no alternate allele.
        alleles: the alternate alleles of all other records, by status.
        padded: the scored alleles whose window runs off the contig.
        phred_bins: the number of alleles in each bin of PHRED; bin 0 is from 0 to below `PHRED_BIN`, and so on.
        missing_contigs: the number of records on each contig that the reference does not have.
        checked_ref: the records whose REF was compared with the reference.
        mismatched_ref: the records whose REF differs from the reference.
        swapped_ref: the records of these whose ALT is in the reference, so that REF and ALT look swapped.
    """

    records_read: int = 0
    records_written: int = 0
    records_reread: int | None = None
    records_outside: int = 0
    records_without_alt: int = 0
    alleles: Counter[Status] = field(default_factory=Counter)
    padded: int = 0
    phred_bins: Counter[int] = field(default_factory=Counter)
    missing_contigs: Counter[str] = field(default_factory=Counter)
    checked_ref: int = 0
    mismatched_ref: int = 0
    swapped_ref: int = 0

    def __repr__(self) -> str:
        return f"<AnnotationCounts: {self.sentence()}>"

    @property
    def scored(self) -> int:
        """The number of alleles that have a score."""
        return self.alleles[Status.OK]

    @property
    def looks_swapped(self) -> bool:
        """Whether the reference has an ALT in most records whose REF differs; by chance a third of them have it."""
        return 2 * self.swapped_ref > self.mismatched_ref

    def count_alleles(self, statuses: Iterable[Status]) -> None:
        """Add the alleles of one record."""
        self.alleles.update(statuses)

    def count_phreds(self, phreds: Iterable[float]) -> None:
        """Add the PHREDs of some alleles to the histogram; NaN = an allele has none."""
        # A value belongs to the bin of its text in the output, which has six digits.
        self.phred_bins.update(int(float(f"{phred:.6g}") // PHRED_BIN) for phred in phreds if not isnan(phred))

    def sentence(self) -> str:
        """The counts in one line, for a run that writes records."""
        reread = "" if self.records_reread is None else f", {self.records_reread:,} found in the output"
        records = f"{self.records_read:,} records read, {self.records_written:,} written{reread}"
        return "; ".join([records, *self._of_alleles()])

    def table_sentence(self) -> str:
        """The counts in one line, for a run that writes a table of alleles."""
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

    def to_frame(self) -> DataFrame:
        """The counts as a pandas DataFrame with the columns `count`, which is the name, and `value`.

        The alleles of each status are a row, such as `alleles_ref_mismatch`; so are the records on each contig that the
        reference does not have, such as `missing_contigs_chrUn`.
        """
        rows: dict[str, object] = {}
        for name, value in self.as_json().items():
            rows |= (
                {f"{name}_{part}": count for part, count in value.items()} if isinstance(value, dict) else {name: value}
            )
        return data_frame({"count": list(rows), "value": list(rows.values())})

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


def why_nothing_was_scored(
    counts: AnnotationCounts, scope: GeneScope | None, contigs: Sequence[str], *, selected: bool
) -> str:
    """Name the likely causes with their counts, the largest first; empty where an allele was scored.

    Args:
        counts: the counts of the whole run.
        scope: the promoters; None where everything was scored without gene names.
        contigs: the contigs of the VCF that have records.
        selected: whether only the records of regions or targets were read.
    """
    if counts.scored:
        return ""
    if not counts.records_read:
        cause = "the regions or targets hold no record" if selected else "the VCF has no record"
        return f"no allele was scored: {cause}"
    causes = [
        (counts.records_outside, f"records {_outside(scope, contigs)}"),
        (counts.records_without_alt, "records have no alternate allele"),
        *((count, f"alleles {_reason(status)}") for status, count in counts.alleles.items() if status != Status.OK),
    ]
    found = sorted((cause for cause in causes if cause[0]), key=lambda cause: -cause[0])
    return "no allele was scored: " + "; ".join(f"{count:,} {cause}" for count, cause in found)


def report_unscored(counts: AnnotationCounts, why_nothing: str, *, check_ref: str) -> None:
    """Warn of contigs that the reference lacks and of REFs that differ, and of a run that scored nothing.

    Args:
        counts: the counts of the whole run.
        why_nothing: the result of `why_nothing_was_scored`.
        check_ref: what is done where REF differs from the reference; only `w` warns.
    """
    if counts.missing_contigs:
        missing = ", ".join(list(counts.missing_contigs)[:10])
        logger.warning("not in the reference: %s (%d records)", missing, counts.missing_contigs.total())
    if counts.mismatched_ref and check_ref == "w":
        text = "%d of %d compared REF differ from the reference"
        text += ": REF and ALT look swapped" if counts.looks_swapped else ""
        logger.warning(text, counts.mismatched_ref, counts.checked_ref)
    if why_nothing:
        logger.warning(why_nothing)


def _reason(status: Status) -> str:
    return _REASONS.get(status, f"have the status {status}")


def _outside(scope: GeneScope | None, contigs: Sequence[str]) -> str:
    """Describe where the records outside the promoters lie."""
    if scope is not None and contigs and not any(scope.names.find(contig) for contig in contigs):
        named = ", ".join(contigs[:_NAMED_MAX]) + (" ..." if len(contigs) > _NAMED_MAX else "")
        return f"lie on contigs without a gene ({named}): --contig-map FILE states which names are the same"
    return "lie outside all promoters: are the genes those of another genome build?"
