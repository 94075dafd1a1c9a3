"""Explains in sentences why a run scored no allele at all, or left some out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from varbind.core.variant import Status

if TYPE_CHECKING:
    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.inputs import Inputs
    from varbind.annotate.settings import AnnotateSettings

__all__ = ["report_unscored", "why_nothing_was_scored"]

logger = logging.getLogger(__name__)

_NAMED_MAX = 5
_REASONS = {
    Status.REF_MISMATCH: "have a REF that differs from the reference: is it the reference of this build?",
    Status.NO_CONTIG: "lie on contigs that the reference lacks: --contig-map FILE says which names are the same",
    Status.OFF_CONTIG: "lie beyond the ends of the reference's contigs: is it the reference of this build?",
    Status.REF_UNKNOWN: "lie where the reference has N: is it masked or cut?",
    Status.TOO_LONG: "are longer than --max-indel allows",
}


def why_nothing_was_scored(counts: AnnotationCounts, inputs: Inputs, *, selected: bool) -> str:
    """Name the likely causes with their counts, the largest first; empty where an allele was scored.

    Args:
        counts: the counts of the whole run.
        inputs: the inputs of the run.
        selected: whether only the records of regions or targets were read.
    """
    if counts.scored:
        return ""
    if not counts.records_read:
        cause = "the regions or targets hold no record" if selected else "the VCF has no record"
        return f"no allele was scored: {cause}"
    causes = [
        (counts.records_outside, f"records {_outside(inputs)}"),
        (counts.records_without_alt, "records have no alternate allele"),
        *((count, f"alleles {_reason(status)}") for status, count in counts.alleles.items() if status != Status.OK),
    ]
    found = sorted((cause for cause in causes if cause[0]), key=lambda cause: -cause[0])
    return "no allele was scored: " + "; ".join(f"{count:,} {cause}" for count, cause in found)


def report_unscored(counts: AnnotationCounts, settings: AnnotateSettings, why_nothing: str) -> None:
    """Warn of what the counts alone do not explain: contigs that the reference lacks, and REFs that differ.

    Args:
        counts: of the whole run.
        settings: of the run.
        why_nothing: what `why_nothing_was_scored` says.
    """
    if counts.missing_contigs:
        missing = ", ".join(list(counts.missing_contigs)[:10])
        logger.warning("not in the reference: %s (%d records)", missing, counts.missing_contigs.total())
    if counts.mismatched_ref and settings.check_ref == "w":
        text = "%d of %d compared REF differ from the reference"
        text += ": REF and ALT look swapped" if counts.looks_swapped else ""
        logger.warning(text, counts.mismatched_ref, counts.checked_ref)
    if why_nothing:
        logger.warning(why_nothing)


def _reason(status: Status) -> str:
    return _REASONS.get(status, f"have the status {status}")


def _outside(inputs: Inputs) -> str:
    """Describe where the records outside the promoters lie."""
    scope = inputs.allele_statuses.scope
    contigs = inputs.names.seen
    if scope is not None and contigs and not any(scope.names.find(contig) for contig in contigs):
        named = ", ".join(contigs[:_NAMED_MAX]) + (" ..." if len(contigs) > _NAMED_MAX else "")
        return f"lie on contigs without a gene ({named}): --contig-map FILE says which names are the same"
    return "lie outside every promoter: are the genes those of this build?"
