"""The main job: a VCF in, the same VCF with binding effects out.

    line -> record -> alleles -> windows -> binding scores -> effects -> column 8 -> line

Records flow through in order, a batch at a time; memory does not grow with their number.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import ExitStack, closing, nullcontext
from typing import TYPE_CHECKING

from varbind._version import __version__
from varbind.annotate.annotator import Annotator
from varbind.annotate.counts import Tally
from varbind.annotate.gene_scope import gene_paths
from varbind.annotate.info_fields import header_lines
from varbind.annotate.inputs import Inputs, open_inputs
from varbind.annotate.provenance import provenance_lines
from varbind.annotate.record_stream import batches
from varbind.annotate.settings import AnnotateSettings, select_models
from varbind.annotate.tracks import Tracks
from varbind.annotate.unscored import report_unscored, why_nothing_was_scored
from varbind.api.predict_effects import scored_with
from varbind.errors import InputError, OutputError
from varbind.io.output.atomic_files import whole_file
from varbind.io.output.output_file import STDOUT, Destination, OutputFormat, write_stdout
from varbind.io.output.output_index import check_lengths
from varbind.kernels.cpu.cpu import thread_count
from varbind.scoring.scorer import Scorer
from varbind.scoring.selftest import checked_device
from varbind.scoring.threaded_scoring import overlapped
from varbind.signals import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.record_stream import Entry, Intake
    from varbind.bank.bank import Bank
    from varbind.core.window import Window
    from varbind.effect.second_stage import SecondStage

__all__ = ["annotate_vcf"]

logger = logging.getLogger(__name__)

# Batches held besides the one that is written: scoring never waits where the rest is quicker.
AHEAD = 1
# More threads that compress have nothing to do: one thread that reads cannot feed them.
COMPRESSING_MAX = 4


def annotate_vcf(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str] = "-",
    *,
    reference: str | os.PathLike[str],
    bank: Bank,
    genes: GenePaths | None = None,
    settings: AnnotateSettings | None = None,
    stats: str | os.PathLike[str] | None = None,
    progress: Callable[[int, float | None], None] | None = None,
) -> Tally:
    """Annotate a VCF or BCF.

    Args:
        source: the variants; `-` is standard input.
        destination: where the result goes; `-` is standard output. A file appears whole or not at all.
        reference: FASTA of the variants' build.
        bank: the models to choose from.
        genes: GTF, GFF3, BED or genePred table, or several in a list or tuple; needed unless everything is
            scored. A start of transcription that several of them have counts once.
        settings: everything else; None = the defaults.
        stats: where the counts go, as JSON, with the result or not at all; `-` is standard output, where the result
            goes elsewhere; None = nowhere.
        progress: called with (records read, share of the file read or None) now and then.

    Returns:
        Counts of what was read, written, scored and not scored.

    Raises:
        VarbindError: with the reason and the exit code of the command line.
    """
    settings = settings or AnnotateSettings()
    source, destination, fasta = os.fspath(source), os.fspath(destination), os.fspath(reference)
    stats = None if stats is None else os.fspath(stats)
    settings.check_outputs(destination, stats, inputs=[source, fasta, *gene_paths(genes)])
    models = select_models(bank, settings.proteins)
    if models.background is None:
        logger.warning("the banks have no background in common: no PHRED is given")
    tally = Tally()
    with ExitStack() as stack:
        threads = thread_count(settings.threads)
        output_format = OutputFormat.parse(settings.output_type, destination)
        inputs = open_inputs(stack, source, reference=fasta, genes=genes, settings=settings, tally=tally)
        check_lengths(inputs.declared, settings.index, path=inputs.variants.name)
        tracks = stack.enter_context(Tracks(settings.conservation, inputs.genome.contigs, renamed=settings.contig_map))
        out = Destination(destination, output_format, index=settings.index, threads=min(threads, COMPRESSING_MAX))
        stack.enter_context(out)
        scored_models, second = scored_with(bank, models, tracks.names, settings)
        device = checked_device(settings.device, scored_models)
        scorer = stack.enter_context(Scorer(scored_models, device=device, threads=settings.threads))
        annotator = Annotator(
            scorer, models, inputs.genome, tracks, second=second, prefix=settings.prefix, top=settings.top
        )
        entries = inputs.checked_entries(tally, allow_ref_mismatch=settings.allow_ref_mismatch)
        out.write(inputs.intake.header.bytes_with(_header_lines(inputs, models, tracks, second, settings)))
        found = _batches_with_windows(entries, annotator, settings.batch_size)
        scored = overlapped(found, lambda item: annotator.score(item[1]), ahead=AHEAD if threads > 1 else 0)
        for (batch, windows), scores in stack.enter_context(closing(scored)):
            out.write(b"".join(annotator.lines(batch, windows, scores, tally)))
            if progress:
                progress(tally.records_read, inputs.variants.fraction_read())
        unscored = _check_scored(tally, inputs, settings)
        _finish(out, stats, tally, intake=inputs.intake)
        tracks.report()
    report_unscored(tally, settings, unscored)
    return tally


def _batches_with_windows(
    entries: Iterable[Entry], annotator: Annotator, size: int
) -> Iterator[tuple[list[Entry], list[Window]]]:
    """Batches, and what is to be scored of them."""
    for batch in batches(entries, size):
        yield batch, annotator.windows(batch)
        # Where there are threads, this batch is being scored now.
        annotator.prepare(batch)


def _header_lines(
    inputs: Inputs, models: Bank, tracks: Tracks, second: SecondStage | None, settings: AnnotateSettings
) -> list[str]:
    """What is added to the header."""
    genes = inputs.genes
    gene_names = [table.name for table in genes]
    effect = second.keys if second else None
    added = header_lines(settings.prefix, __version__, tracks.names, genes=bool(genes), effect=effect)
    if settings.provenance:
        options = settings.value_options(reference=inputs.genome.path, genes=gene_names)
        added += provenance_lines(
            models, genes, options, second.effect.card if second else None, prefix=settings.prefix
        )
    return added


def _check_scored(tally: Tally, inputs: Inputs, settings: AnnotateSettings) -> str:
    """Why no allele was scored; empty where one was."""
    chosen = settings.regions is not None or settings.targets is not None
    why = why_nothing_was_scored(tally, inputs, chosen=chosen)
    if why and settings.fail_if_none:
        remedy = "without --fail-if-none this is a warning"
        raise InputError(why, path=inputs.variants.name, remedy=remedy)
    return why


def _finish(out: Destination, stats: str | os.PathLike[str] | None, tally: Tally, *, intake: Intake) -> None:
    """Read the result again, and give it and the counts their names."""
    tally.records_reread = out.finish()
    _check_complete(tally, out.path)
    for remark in out.prepare(sorted_input=intake.is_sorted, blank_lines=intake.has_blank_lines):
        logger.warning(remark)
    with uninterrupted(), _counts_beside(stats, tally):
        out.commit()


def _check_complete(tally: Tally, destination: str) -> None:
    """Refuse to finish a run that lost a record."""
    read, written, reread = tally.records_read, tally.records_written, tally.records_reread
    if written != read or reread not in {None, read}:
        found = "" if reread is None else f" and {reread} found in the output"
        what = f"{read} records read but {written} written{found}"
        raise OutputError(what, path=destination, remedy="report it; the input is as it was")


def _counts_beside(stats: str | os.PathLike[str] | None, tally: Tally) -> AbstractContextManager[None]:
    """The counts get their name with the result, or not at all."""
    if stats is None:
        return nullcontext()
    data = json.dumps(tally.as_json(), indent=1).encode() + b"\n"
    if stats == STDOUT:
        write_stdout(data)
        return nullcontext()
    return whole_file(stats, data)
