"""The steps that prepare an annotation: models, inputs, tracks, output, scorer and header.

`annotate_vcf` takes all of them and `check_vcf` some, in the order in which they stand here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind._version import __version__
from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.info_fields import header_lines
from varbind.annotate.inputs import Inputs, open_inputs
from varbind.annotate.provenance import provenance_lines
from varbind.annotate.settings import AnnotateSettings, select_models
from varbind.annotate.tracks import Tracks
from varbind.annotate.unscored import why_nothing_was_scored
from varbind.api.predict_effects import scored_with
from varbind.io.output.output_file import Destination, OutputFormat
from varbind.kernels.cpu.cpu import thread_count
from varbind.scoring.devices import checked_device
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.genome_build import ReferenceLike
    from varbind.bank.bank import Bank
    from varbind.effect.second_stage import SecondStage

__all__ = ["AnnotationBuilder"]

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

    def open_inputs(self, source: str, *, reference: ReferenceLike | None, genes: GenePaths | None) -> Inputs:
        """Open the variants, the reference and the genes, and match their contigs."""
        return open_inputs(
            self._stack, source, reference=reference, genes=genes, settings=self._settings, counts=self.counts
        )

    def open_tracks(self, inputs: Inputs) -> Tracks:
        """Open the conservation tracks."""
        tracks = Tracks(self._settings.conservation, inputs.genome.contigs, renamed=self._settings.contig_map)
        return self._stack.enter_context(tracks)

    def open_output(self, path: str, output_format: OutputFormat) -> Destination:
        """Open the output; it gets its name when it is committed."""
        threads = min(thread_count(self._settings.threads), COMPRESSION_THREADS_MAX)
        return self._stack.enter_context(Destination(path, output_format, index=self._settings.index, threads=threads))

    def start_scorer(self, tracks: Sequence[str]) -> tuple[Scorer, SecondStage | None]:
        """Load the chosen models and those of the second stage onto the device.

        Args:
            tracks: the names of the conservation tracks.

        Returns:
            The scorer, and the second stage; None where there is none.
        """
        models, second = scored_with(self._bank, self.models, tracks, self._settings)
        device = checked_device(self._settings.device, models)
        return self._stack.enter_context(Scorer(models, device=device, threads=self._settings.threads)), second

    def header_lines(self, inputs: Inputs, tracks: Tracks, second: SecondStage | None) -> list[str]:
        """The lines to add to the header: the INFO keys, and the provenance of their values."""
        settings = self._settings
        effect = second.keys if second else None
        lines = header_lines(settings.prefix, __version__, tracks.names, genes=bool(inputs.genes), effect=effect)
        if settings.provenance:
            options = settings.value_options(reference=inputs.genome.path, genes=inputs.genes)
            card = second.effect.card if second else None
            lines += provenance_lines(self.models, inputs.genes, options, card, prefix=settings.prefix)
        return lines

    def why_nothing_was_scored(self, inputs: Inputs) -> str:
        """The likely causes, at the end of a run; empty where an allele was scored."""
        return why_nothing_was_scored(self.counts, inputs, selected=self._settings.selects_records)
