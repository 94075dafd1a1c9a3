"""Why a run scored no allele at all, or left some out, in sentences."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from varbind.core.variant import Status

if TYPE_CHECKING:
    from varbind.annotate.counts import Tally
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


def why_nothing_was_scored(tally: Tally, inputs: Inputs, *, chosen: bool) -> str:
    """The likely cause, with every count, the largest first; empty where an allele was scored.

    Args:
        tally: of the whole run.
        inputs: of the run.
        chosen: whether only records in regions or targets were read.
    """
    if tally.scored:
        return ""
    if not tally.records_read:
        cause = "the regions or targets hold no record" if chosen else "the VCF has no record"
        return f"no allele was scored: {cause}"
    causes = [
        (tally.records_outside, f"records {_outside(inputs)}"),
        (tally.records_without_alt, "records have no alternate allele"),
        *((count, f"alleles {_REASONS.get(status, f'have the status {status}')}") for status, count in _counts(tally)),
    ]
    found = sorted((cause for cause in causes if cause[0]), key=lambda cause: -cause[0])
    return "no allele was scored: " + "; ".join(f"{count:,} {cause}" for count, cause in found)


def report_unscored(tally: Tally, settings: AnnotateSettings, why_nothing: str) -> None:
    """Warn of what the counts alone do not explain: contigs that the reference lacks, and REFs that differ.

    Args:
        tally: of the whole run.
        settings: of the run.
        why_nothing: what `why_nothing_was_scored` says.
    """
    if tally.missing_contigs:
        missing = ", ".join(list(tally.missing_contigs)[:10])
        logger.warning("not in the reference: %s (%d records)", missing, tally.missing_contigs.total())
    if tally.mismatched_ref and settings.check_ref == "w":
        text = "%d of %d compared REF differ from the reference"
        text += ": REF and ALT look swapped" if tally.looks_swapped else ""
        logger.warning(text, tally.mismatched_ref, tally.checked_ref)
    if why_nothing:
        logger.warning(why_nothing)


def _counts(tally: Tally) -> list[tuple[Status, int]]:
    return [(status, count) for status, count in tally.alleles.items() if status is not Status.OK]


def _outside(inputs: Inputs) -> str:
    """Where records lie that no promoter reaches."""
    scope = inputs.triage.scope
    met = inputs.names.seen
    if scope is not None and met and not any(scope.names.find(contig) for contig in met):
        named = ", ".join(met[:_NAMED_MAX]) + (" ..." if len(met) > _NAMED_MAX else "")
        return f"lie on contigs without a gene ({named}): --contig-map FILE says which names are the same"
    return "lie outside every promoter: are the genes those of this build?"
