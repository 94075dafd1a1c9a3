"""A dry run: everything that annotation does before and after scoring, without scoring and without output."""

from __future__ import annotations

import logging
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.inputs import open_inputs
from varbind.annotate.settings import AnnotateSettings, select_models
from varbind.annotate.unscored import why_nothing_was_scored
from varbind.api.predict_effects import scored_with
from varbind.scoring.scorer import Scorer, resolve_device

if TYPE_CHECKING:
    from varbind.annotate.gene_scope import GenePaths
    from varbind.bank.bank import Bank
    from varbind.core.variant import Variant
    from varbind.core.window import Window

__all__ = ["CheckReport", "check_vcf"]

logger = logging.getLogger(__name__)

TIMED_VARIANTS = 64


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What an annotation would do.

    Attributes:
        counts: as of an annotation, with nothing written.
        models: number of models.
        contigs: the VCF's contig names with the reference's, as far as they were met.
        seconds: estimated time of scoring on this machine; 0 if nothing would be scored.
    """

    counts: AnnotationCounts
    models: int
    contigs: dict[str, str | None]
    seconds: float


def check_vcf(
    source: str | os.PathLike[str],
    *,
    reference: str | os.PathLike[str],
    bank: Bank,
    genes: GenePaths | None = None,
    settings: AnnotateSettings | None = None,
) -> CheckReport:
    """Read everything, score a few variants for the time, write nothing.

    Args:
        source: the variants; `-` is standard input.
        reference: FASTA of the variants' build.
        bank: the models to choose from.
        genes: one or several gene files; needed unless everything would be scored.
        settings: as for `annotate_vcf`.

    Raises:
        VarbindError: as `annotate_vcf` would.
    """
    settings = settings or AnnotateSettings()
    models = select_models(bank, settings.proteins)
    counts = AnnotationCounts()
    sample: list[Variant] = []
    with ExitStack() as stack:
        inputs = open_inputs(
            stack, os.fspath(source), reference=os.fspath(reference), genes=genes, settings=settings, counts=counts
        )
        for batch in inputs.checked_batches(counts, allow_ref_mismatch=settings.allow_ref_mismatch):
            alleles = batch.all_alleles()
            counts.count_alleles(allele.status for allele in alleles)
            if len(sample) < TIMED_VARIANTS:
                sample += [allele.variant for allele in alleles if allele.variant]
        scored, _ = scored_with(bank, models, tuple(settings.conservation), settings)
        scorer = stack.enter_context(Scorer(scored, device=resolve_device(settings.device), threads=settings.threads))
        windows = [scorer.cut(variant, inputs.genome) for variant in sample[:TIMED_VARIANTS]]
        seconds = _time_to_score(scorer, windows, counts.scored) if windows else 0.0
        chosen = settings.regions is not None or settings.targets is not None
        if why := why_nothing_was_scored(counts, inputs, chosen=chosen):
            logger.warning(why.replace("was scored", "would be scored"))
        contigs = {name: inputs.names.resolve(name) for name in inputs.names.seen}
    return CheckReport(counts, len(models.models), contigs, seconds)


def _time_to_score(scorer: Scorer, windows: list[Window], count: int) -> float:
    scorer.score(windows[:1])  # the first call warms up
    start = time.perf_counter()
    scorer.score(windows)
    return (time.perf_counter() - start) / len(windows) * count
