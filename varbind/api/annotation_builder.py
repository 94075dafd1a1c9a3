"""Prepares an annotation step by step, and scores its batches of records."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from varbind._version import __version__
from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.info_fields import header_lines
from varbind.annotate.inputs import Inputs, open_inputs
from varbind.annotate.provenance import provenance_lines
from varbind.annotate.record_stream import batches_of
from varbind.annotate.settings import AnnotateSettings, select_models
from varbind.annotate.tracks import Tracks
from varbind.api.predict_effects import scored_with
from varbind.cache.precomputed_table import PrecomputedTable
from varbind.cache.table_key import key_of_run
from varbind.io.output.output_file import Destination, OutputFormat
from varbind.kernels.cpu.cpu import thread_count
from varbind.scoring.devices import checked_device
from varbind.scoring.scorer import Scorer
from varbind.scoring.threaded_scoring import batches_ahead, overlapped

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from contextlib import ExitStack

    from varbind.annotate.annotator import Annotator
    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.genome_build import ReferenceLike
    from varbind.annotate.record_stream import Piece, RecordBatch
    from varbind.bank.bank import Bank
    from varbind.core.scores import BindingScores
    from varbind.core.window import Window
    from varbind.effect.second_stage import SecondStage

__all__ = ["AnnotationBuilder", "scored_batches"]

logger = logging.getLogger(__name__)

# One thread reads, and it cannot keep more threads busy that compress.
COMPRESSION_THREADS_MAX = 4


class AnnotationBuilder:
    """Prepares one annotation step by step.

    Args:
        stack: closes everything that a step opens.
        bank: the models to choose from.
        settings: the settings of the annotation.

    Raises:
        UsageError: `settings.proteins` names an unknown protein or model.

    Attributes:
        models: the chosen models, whose losses and gains are listed.
        counts: the counts of the run, which start at zero.
    """

    def __init__(self, stack: ExitStack, bank: Bank, settings: AnnotateSettings) -> None:
        self._stack = stack
        self._bank = bank
        self._settings = settings
        self.models = select_models(bank, settings.proteins)
        self.counts = AnnotationCounts()

    def open_inputs(
        self, source: str, *, reference: ReferenceLike | None, genes: GenePaths | None, digest: bool = False
    ) -> Inputs:
        """Open the variants, the reference and the genes, and match their contigs; see `open_inputs`."""
        settings, counts = self._settings, self.counts
        return open_inputs(
            self._stack, source, reference=reference, genes=genes, settings=settings, counts=counts, digest=digest
        )

    def open_tracks(self, inputs: Inputs) -> Tracks:
        """Open the conservation tracks."""
        tracks = Tracks(self._settings.conservation, inputs.genome.contigs, renamed=self._settings.contig_map)
        return self._stack.enter_context(tracks)

    def open_output(self, path: str, output_format: OutputFormat) -> Destination:
        """Open the output.

        A file is written in a temporary folder, and `commit` moves it to `path`; a text VCF to a stream is written
        directly.
        """
        threads = min(thread_count(self._settings.threads), COMPRESSION_THREADS_MAX)
        return self._stack.enter_context(Destination(path, output_format, index=self._settings.index, threads=threads))

    def start_scorer(self) -> tuple[Scorer, SecondStage | None]:
        """Load the chosen models and those of the second stage onto the device.

        Returns:
            The scorer, and the second stage; None where there is none.
        """
        models, second = scored_with(self._bank, self.models, self._settings)
        device = checked_device(self._settings.device, models)
        threads, size = self._settings.threads, self._settings.batch_size
        logger.debug("threads: %d, %s", thread_count(threads), "as given" if threads else "one for each processor")
        logger.debug("batch size: %d alleles", size)
        flank = second.flank if second else 0
        scorer = Scorer(models, flank=flank, device=device, threads=self._settings.threads)
        return self._stack.enter_context(scorer), second

    def open_known(self, inputs: Inputs, second: SecondStage | None) -> PrecomputedTable | None:
        """Open the precomputed table of the settings; None where they name none.

        Raises:
            ResourceError: it is no such table, or it was computed with other inputs or settings.
        """
        if self._settings.cache is None:
            return None
        table = self._stack.enter_context(PrecomputedTable(self._settings.cache))
        table.key.require(key_of_run(inputs, self.models, second, self._settings), path=table.path)
        return table

    def header_lines(self, inputs: Inputs, tracks: Tracks, second: SecondStage | None) -> list[str]:
        """The lines to add to the header: the INFO keys, and the provenance of their values."""
        settings = self._settings
        effect = second.keys if second else None
        exons = any(table.has_exons for table in inputs.genes)
        lines = header_lines(
            settings.prefix, __version__, tracks.names, genes=bool(inputs.genes), exons=exons, effect=effect
        )
        if settings.provenance:
            options = settings.value_options(reference=inputs.genome.path, genes=inputs.genes)
            lines += provenance_lines(self.models, inputs.genes, options, second, prefix=settings.prefix)
        return lines


def scored_batches(
    pieces: Iterable[Piece], annotator: Annotator, settings: AnnotateSettings
) -> Generator[tuple[tuple[RecordBatch, list[Window]], BindingScores | None], None, None]:
    """Batches with their windows and scores; with several threads, one batch is scored while another is written."""
    with_windows = _with_windows(batches_of(pieces, settings.batch_size), annotator)
    ahead = batches_ahead(settings.threads)
    return overlapped(with_windows, lambda item: annotator.score(item[1]), ahead=ahead)


def _with_windows(batches: Iterable[RecordBatch], annotator: Annotator) -> Iterator[tuple[RecordBatch, list[Window]]]:
    """Batches with the windows to score."""
    for batch in batches:
        annotator.look_up(batch)
        yield batch, annotator.windows(batch)
        # With several threads, the batch is being scored now.
        annotator.prepare(batch)
