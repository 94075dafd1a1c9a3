"""Annotates a VCF: every promoter variant gets the predicted changes of binding and their effect.

    line -> record -> alleles -> windows -> binding scores -> effects -> column 8 -> line

Records are read, scored and written in batches, in order; memory does not grow with their number.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import ExitStack, closing, nullcontext
from typing import TYPE_CHECKING

from varbind.annotate.annotator import Annotator
from varbind.annotate.gene_scope import gene_paths
from varbind.annotate.genome_build import reference_path
from varbind.annotate.record_stream import batches_of
from varbind.annotate.settings import AnnotateSettings
from varbind.annotate.unscored import report_unscored
from varbind.api.annotation_builder import AnnotationBuilder
from varbind.core.progress import estimated_total
from varbind.errors import InputError, OutputError
from varbind.io.banks import load_bank
from varbind.io.output.atomic_files import whole_file
from varbind.io.output.output_file import STDOUT, Destination, OutputFormat, write_stdout
from varbind.io.output.output_index import check_lengths
from varbind.scoring.threaded_scoring import batches_ahead, overlapped
from varbind.signals import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from contextlib import AbstractContextManager

    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.genome_build import ReferenceLike
    from varbind.annotate.record_stream import Piece, RecordBatch
    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.scores import BindingScores
    from varbind.core.window import Window
    from varbind.io.vcf.variants import VariantFile

__all__ = ["annotate_vcf"]

logger = logging.getLogger(__name__)


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
            several of them counts once. None = the transcription starts of GRCh37 or GRCh38 that travel with varbind,
            unless everything is scored.
        settings: all other settings; None = the defaults.
        stats: the path of a JSON file with the counts, which appears together with the result; `-` is standard output,
            where the result goes to another place; None = no file.
        progress: called with the number of records read, and that of the file as estimated from the share read.

    Returns:
        The counts of what was read, written, scored and not scored.

    Raises:
        VarbindError: the reason, with the exit code of the command line.
    """
    settings = settings or AnnotateSettings()
    source, destination = os.fspath(source), os.fspath(destination)
    stats = None if stats is None else os.fspath(stats)
    read = [source, *gene_paths(genes)]
    settings.check_outputs(destination, stats, inputs=filter(None, [*read, reference_path(reference)]))
    with ExitStack() as stack:
        builder = AnnotationBuilder(stack, bank or load_bank(), settings)
        models, counts = builder.models, builder.counts
        if models.background is None:
            logger.warning("the banks have no background in common: no PHRED is given")
        output_format = OutputFormat.parse(settings.output_type, destination)
        inputs = builder.open_inputs(source, reference=reference, genes=genes)
        settings.check_outputs(destination, stats, inputs=[*read, inputs.genome.path])
        check_lengths(inputs.declared, settings.index, path=inputs.variants.name)
        tracks = builder.open_tracks(inputs)
        out = builder.open_output(destination, output_format)
        scorer, second = builder.start_scorer(tracks.names)
        annotator = Annotator(
            scorer, models, inputs.genome, tracks, second=second, prefix=settings.prefix, top=settings.top
        )
        pieces = inputs.checked_pieces(counts, allow_ref_mismatch=settings.allow_ref_mismatch)
        out.write(inputs.stream.header.bytes_with(builder.header_lines(inputs, tracks, second)))
        for (batch, windows), scores in stack.enter_context(closing(_scored(pieces, annotator, settings))):
            out.write(annotator.lines(batch, windows, scores, counts))
            if progress:
                total = estimated_total(counts.records_read, inputs.variants.fraction_read())
                progress(counts.records_read, total, "records")
        unscored = builder.why_nothing_was_scored(inputs)
        if unscored and settings.fail_if_none:
            raise InputError(unscored, path=inputs.variants.name, remedy="without --fail-if-none this is a warning")
        _finish(out, stats, counts, inputs.variants)
        tracks.report()
    report_unscored(counts, settings, unscored)
    return counts


def _scored(
    pieces: Iterable[Piece], annotator: Annotator, settings: AnnotateSettings
) -> Generator[tuple[tuple[RecordBatch, list[Window]], BindingScores | None], None, None]:
    """Batches with their windows and scores; with several threads, one batch is scored while another is written."""
    with_windows = _with_windows(batches_of(pieces, settings.batch_size), annotator)
    ahead = batches_ahead(settings.threads)
    return overlapped(with_windows, lambda item: annotator.score(item[1]), ahead=ahead)


def _with_windows(batches: Iterable[RecordBatch], annotator: Annotator) -> Iterator[tuple[RecordBatch, list[Window]]]:
    """Batches with the windows to score."""
    for batch in batches:
        yield batch, annotator.windows(batch)
        # With several threads, the batch is being scored now.
        annotator.prepare(batch)


def _finish(out: Destination, stats: str | None, counts: AnnotationCounts, variants: VariantFile) -> None:
    """Read the result again, and give the result and the counts their names."""
    counts.records_reread = out.finish()
    _check_complete(counts, out.path)
    for remark in out.prepare(sorted_input=variants.is_sorted, blank_lines=variants.has_blank_lines):
        logger.warning(remark)
    with uninterrupted(), _stats_file(stats, counts):
        out.commit()


def _check_complete(counts: AnnotationCounts, destination: str) -> None:
    """Raise an error where a record was lost."""
    read, written, reread = counts.records_read, counts.records_written, counts.records_reread
    if written != read or reread not in {None, read}:
        found = "" if reread is None else f" and {reread} found in the output"
        what = f"{read} records read but {written} written{found}"
        raise OutputError(what, path=destination, remedy="report it; the input is as it was")


def _stats_file(stats: str | None, counts: AnnotationCounts) -> AbstractContextManager[None]:
    """Write the counts, in a file that gets its name together with the result or not at all."""
    if stats is None:
        return nullcontext()
    data = json.dumps(counts.as_json(), indent=1).encode() + b"\n"
    if stats == STDOUT:
        write_stdout(data)
        return nullcontext()
    return whole_file(stats, data)
