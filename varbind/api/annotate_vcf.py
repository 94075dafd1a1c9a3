"""Annotates a VCF: adds predicted changes of binding, and their effect, to every variant in a promoter.

    line -> record -> alleles -> windows -> binding scores -> effects -> column 8 -> line

Records are read, scored and written in batches, in order; memory does not grow with their number. `check_vcf` is a dry
run, which reads all inputs, scores a few variants to estimate the time, and writes nothing.
"""

from __future__ import annotations

import json
import logging
import os
import time
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.annotate.annotator import Annotator
from varbind.annotate.counts import AnnotationCounts, report_unscored
from varbind.annotate.gene_scope import gene_paths
from varbind.annotate.genome_build import reference_path
from varbind.annotate.multiqc import MULTIQC_SUFFIX, multiqc_section
from varbind.annotate.run_statistics import RunClock, RunStatistics
from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotation_builder import AnnotationBuilder, scored_batches
from varbind.cache.known_lines import TableLines
from varbind.core.progress import estimated_total
from varbind.errors import InputError, OutputError
from varbind.io.banks import load_bank
from varbind.io.output.atomic_files import whole_file
from varbind.io.output.output_file import STDOUT, Destination, OutputFormat, write_stdout
from varbind.io.output.output_index import check_lengths
from varbind.signals import uninterrupted

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.genome_build import ReferenceLike
    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.variant import Variant
    from varbind.core.window import Window
    from varbind.scoring.scorer import Scorer

__all__ = ["CheckReport", "annotate_vcf", "check_vcf"]

logger = logging.getLogger(__name__)

TIMED_VARIANTS = 64
"""Variants that a dry run scores to estimate the time."""


def annotate_vcf(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str] = "-",
    *,
    reference: ReferenceLike | None = None,
    bank: Bank | None = None,
    genes: GenePaths | None = None,
    settings: AnnotateSettings | None = None,
    stats: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> AnnotationCounts:
    """Annotate a VCF or BCF.

    Args:
        source: the variants; `-` is standard input.
        destination: the path of the result; `-` is standard output. A file appears complete or not at all.
        reference: the FASTA of the variants' build: its path, a `varbind.Reference` or a `pyfaidx.Fasta`; None = the
            path in the environment variable VARBIND_FASTA, else the ##reference of the VCF where that file exists.
        bank: the models to choose from; None = the shipped bank.
        genes: a GTF, GFF3, BED or genePred table, or several in a list or tuple; a transcription start that is in
            several of them counts once. None = the transcription starts of GRCh37 or GRCh38 that varbind contains,
            unless everything is scored.
        settings: all other settings; None = the defaults.
        stats: the path of a JSON file with the statistics of the run (docs/statistics.md), which appears together with
            the result; `-` is standard output, where the result goes to another place; None = no file.
        progress: called with the number of records read, and with their number in the whole file, which is estimated
            from the share of the bytes that has been read.

    Returns:
        The counts of the records read and written, and of the alleles scored and not scored.

    Raises:
        VarbindError: the reason, with the exit code of the command line.
    """
    clock, settings = RunClock(), settings or AnnotateSettings()
    source, destination = os.fspath(source), os.fspath(destination)
    stats = None if stats is None else os.fspath(stats)
    read = [source, *gene_paths(genes)]
    settings.check_outputs(destination, stats, inputs=filter(None, [*read, reference_path(reference)]))
    with ExitStack() as stack:
        builder = AnnotationBuilder(stack, bank or load_bank(), settings)
        models, counts = builder.models, builder.counts
        if models.background is None:
            logger.warning("the banks have no background in common, so no PHRED is written")
        output_format = OutputFormat.parse(settings.output_type, destination)
        inputs = builder.open_inputs(source, reference=reference, genes=genes, digest=stats is not None)
        if reference is None:  # its path is known only now
            settings.check_outputs(destination, stats, inputs=[inputs.genome.path])
        check_lengths(inputs.contig_lengths(), settings.index, path=inputs.variants.name)
        tracks = builder.open_tracks(inputs)
        out = builder.open_output(destination, output_format)
        scorer, second = builder.start_scorer()
        known = builder.open_known(inputs, second)
        annotator = Annotator(
            scorer, models, inputs.genome, tracks, second=second, prefix=settings.prefix, top=settings.top, known=known
        )
        known_lines = None
        if known is not None:
            known_lines = TableLines(known, inputs.allele_statuses, tracks, counts, prefix=settings.prefix)
        allow = settings.allow_ref_mismatch
        pieces = inputs.checked_pieces(counts, allow_ref_mismatch=allow, known=known_lines)
        out.write(inputs.stream.header.bytes_with(builder.header_lines(inputs, tracks, second)))
        for (batch, windows), scores in stack.enter_context(closing(scored_batches(pieces, annotator, settings))):
            out.write(annotator.lines(batch, windows, scores, counts))
            if progress:
                total = estimated_total(counts.records_read, inputs.variants.fraction_read())
                progress(counts.records_read, total, "records")
        unscored = inputs.why_nothing_was_scored(counts, selected=settings.selects_records)
        if unscored and settings.fail_if_none:
            raise InputError(unscored, path=inputs.variants.name, remedy="without --fail-if-none this is a warning")
        statistics = RunStatistics(inputs, models, second, settings.conservation, clock)
        _finish(out, stats, statistics, counts)
        tracks.report()
        if known is not None:
            logger.info("%s of %s alleles found in %s", f"{known.found:,}", f"{counts.scored:,}", known.path)
    report_unscored(counts, unscored, check_ref=settings.check_ref)
    return counts


def _finish(out: Destination, stats: str | None, statistics: RunStatistics, counts: AnnotationCounts) -> None:
    """Read the result again, and give the result and the statistics their names."""
    variants = statistics.inputs.variants
    counts.records_reread = out.finish()
    _check_complete(counts, out.path)
    for remark in out.prepare(sorted_input=variants.is_sorted, blank_lines=variants.has_blank_lines):
        logger.warning(remark)
    with uninterrupted(), _stats_file(stats, statistics, counts):
        out.commit()


def _check_complete(counts: AnnotationCounts, destination: str) -> None:
    """Raise an error where a record was lost."""
    read, written, reread = counts.records_read, counts.records_written, counts.records_reread
    if written != read or reread not in {None, read}:
        found = "" if reread is None else f" and {reread} found in the output"
        what = f"{read} records read but {written} written{found}"
        raise OutputError(what, path=destination, remedy="report this error; the input is unchanged")


def _stats_file(stats: str | None, statistics: RunStatistics, counts: AnnotationCounts) -> AbstractContextManager[None]:
    """Write the statistics, in a file that gets its name together with the result or not at all."""
    if stats is None:
        return nullcontext()
    found = statistics.as_json(counts)
    if stats.endswith(MULTIQC_SUFFIX):
        found |= multiqc_section(found, Path(stats).name.removesuffix(MULTIQC_SUFFIX))
    data = json.dumps(found, indent=1).encode() + b"\n"
    if stats == STDOUT:
        write_stdout(data)
        return nullcontext()
    return whole_file(stats, data)


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
        scorer, _ = builder.start_scorer()
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
