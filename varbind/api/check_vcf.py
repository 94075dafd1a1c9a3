"""Dry run of an annotation: reads all inputs and counts the alleles, but scores only a few and writes nothing."""

from __future__ import annotations

import logging
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotate_vcf import AnnotationBuilder
from varbind.io.banks import load_bank

if TYPE_CHECKING:
    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.genome_build import ReferenceLike
    from varbind.bank.bank import Bank
    from varbind.core.variant import Variant
    from varbind.core.window import Window
    from varbind.scoring.scorer import Scorer

__all__ = ["CheckReport", "check_vcf"]

logger = logging.getLogger(__name__)

TIMED_VARIANTS = 64


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What an annotation would do.

    Attributes:
        counts: the counts of an annotation that writes nothing.
        models: the number of models.
        contigs: the reference's name of every contig on which the VCF has records; None where it has no such contig.
        seconds: the estimated time of scoring on this computer; 0 if nothing would be scored.
    """

    counts: AnnotationCounts
    models: int
    contigs: dict[str, str | None]
    seconds: float


def check_vcf(
    source: str | os.PathLike[str],
    *,
    reference: ReferenceLike | None = None,
    bank: Bank | None = None,
    genes: GenePaths | None = None,
    settings: AnnotateSettings | None = None,
) -> CheckReport:
    """Read all inputs, score a few variants to estimate the time, and write nothing.

    Args:
        source: the variants; `-` is standard input.
        reference: the FASTA of the variants' build, as for `annotate_vcf`.
        bank: the models to choose from; None = the shipped bank.
        genes: one or several gene files, as for `annotate_vcf`.
        settings: the settings, as for `annotate_vcf`; None = the defaults.

    Raises:
        VarbindError: `annotate_vcf` would raise the same error.
    """
    settings = settings or AnnotateSettings()
    sample: list[Variant] = []
    with ExitStack() as stack:
        builder = AnnotationBuilder(stack, bank or load_bank(), settings)
        counts = builder.counts
        inputs = builder.open_inputs(os.fspath(source), reference=reference, genes=genes)
        for piece in inputs.checked_pieces(counts, allow_ref_mismatch=settings.allow_ref_mismatch):
            counts.count_alleles(allele.status for allele in piece.alleles)
            if len(sample) < TIMED_VARIANTS:
                sample += [allele.variant for allele in piece.alleles if allele.variant]
        scorer, _ = builder.start_scorer(tuple(settings.conservation))
        windows = [scorer.cut(variant, inputs.genome) for variant in sample[:TIMED_VARIANTS]]
        seconds = _time_to_score(scorer, windows, counts.scored) if windows else 0.0
        if why := inputs.why_nothing_was_scored(counts, selected=settings.selects_records):
            logger.warning(why.replace("was scored", "would be scored"))
        contigs = {name: inputs.names.resolve(name) for name in inputs.names.seen}
    return CheckReport(counts, len(builder.models.models), contigs, seconds)


def _time_to_score(scorer: Scorer, windows: list[Window], count: int) -> float:
    scorer.score(windows[:1])  # the first call warms up
    start = time.perf_counter()
    scorer.score(windows)
    return (time.perf_counter() - start) / len(windows) * count
