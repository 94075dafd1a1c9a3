"""Scores every SNV of the promoters of a genome into a table, which `varbind annotate --cache` reads.

The sites are divided into chunks. Each finished chunk is kept in a folder beside the table, so that a run that was
stopped continues after them. At the end the chunks are joined in order, compressed and indexed.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from varbind.annotate.annotator import Annotator
from varbind.annotate.gene_scope import gene_paths
from varbind.annotate.genome_build import find_reference, reference_path
from varbind.annotate.record_stream import Piece
from varbind.annotate.settings import AnnotateSettings
from varbind.api.annotation_builder import AnnotationBuilder, scored_batches
from varbind.cache.precomputed_table import INDEX_BIN, TABLE_PREFIX
from varbind.cache.promoter_sites import Shard, Span, chunks_of, promoter_spans, site_lines
from varbind.cache.table_key import key_of_run
from varbind.cache.table_parts import TableParts
from varbind.errors import UsageError
from varbind.io.banks import load_bank
from varbind.io.output.atomic_files import is_stream, write_whole_file
from varbind.io.output.output_file import STDOUT, Destination, OutputFormat
from varbind.io.reference import Reference
from varbind.io.vcf.records import COLUMNS, VcfHeader, VcfRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.inputs import Inputs
    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.tss import TssIndex

__all__ = ["CHUNK_SITES", "precompute"]

CHUNK_SITES = 10_000
"""The sites of a chunk: a run that is stopped loses at most the work of about a minute."""


def precompute(
    destination: str | os.PathLike[str],
    *,
    reference: str | os.PathLike[str] | None = None,
    bank: Bank | None = None,
    genes: GenePaths | None = None,
    settings: AnnotateSettings | None = None,
    indels: bool = False,
    shard: Shard | None = None,
    chunk_sites: int = CHUNK_SITES,
    progress: Progress | None = None,
) -> AnnotationCounts:
    """Score every SNV of the promoters into a sorted, compressed and indexed VCF with one alternate allele a record.

    The bytes do not depend on the size of the chunks, nor on how often the run was stopped and continued. The records
    of all shards in order are those of a single run.

    Args:
        destination: the path of the table. Finished chunks are kept in the folder `destination.parts` until it exists.
        reference: the FASTA; None = the path in the environment variable VARBIND_FASTA.
        bank: the models to choose from; None = the shipped bank.
        genes: one or several gene files; None = the transcription starts that varbind contains, of the build that the
            contig lengths show.
        settings: the settings of the annotations that will use the table; None = the defaults.
        indels: whether insertions and deletions of one base are scored too.
        shard: the part of the work that this run does; None = all of it.
        chunk_sites: the number of sites of a chunk.
        progress: called with the number of sites that are done in this run, and with the number of all that it has to
            do.

    Returns:
        The counts of the alleles that were scored by this run, without those of earlier chunks.

    Raises:
        VarbindError: the reason, with the exit code of the command line.
    """
    destination, shard = os.fspath(destination), shard or Shard()
    if destination == STDOUT or is_stream(destination):
        raise UsageError("a table cannot be written to a stream", remedy="name a file with -o TABLE.vcf.gz")
    settings = replace(
        settings or AnnotateSettings(),
        prefix=TABLE_PREFIX,
        everywhere=False,
        regions=None,
        targets=None,
        index="csi",
    )
    with ExitStack() as stack:
        path = find_reference(reference_path(reference), _NO_HEADER, needs_genes=not genes and not settings.build)
        settings.check_outputs(destination, None, inputs=[path, *gene_paths(genes)])
        genome = stack.enter_context(Reference(path))
        work = _Work.opened(stack, destination, genome, bank or load_bank(), genes, settings)
        spans = promoter_spans(work.scope_index, settings.promoter, genome.contigs, renamed=settings.contig_map)
        chunks = chunks_of(spans, chunk_sites)
        work.parts.require([*work.header.decode().splitlines(), f"sites of a chunk: {chunk_sites}, indels: {indels}"])
        numbers = shard.of(len(chunks))
        _score(work, {number: chunks[number] for number in numbers}, indels=indels, progress=progress)
        output = Destination(destination, OutputFormat("z"), index="csi", smallest_bin=INDEX_BIN)
        out = stack.enter_context(output)
        out.write(work.header)
        for number in numbers:
            out.write(work.parts.read(number))
        out.finish()
        out.prepare()
        out.commit()
        work.parts.remove()
    return work.counts


_NO_HEADER = VcfHeader((), COLUMNS + b"\n")


@dataclass(frozen=True, slots=True)
class _Work:
    """Everything that the chunks of a table are computed with.

    Attributes:
        inputs: the reference, the genes and the statuses of alleles.
        annotator: scores alleles and writes their values.
        parts: the finished chunks.
        header: the header of the table.
        counts: the counts of the run.
        settings: the settings of the run.
    """

    inputs: Inputs
    annotator: Annotator
    parts: TableParts
    header: bytes
    counts: AnnotationCounts
    settings: AnnotateSettings

    @classmethod
    def opened(
        cls,
        stack: ExitStack,
        destination: str,
        genome: Reference,
        bank: Bank,
        genes: GenePaths | None,
        settings: AnnotateSettings,
    ) -> _Work:
        builder = AnnotationBuilder(stack, bank, settings)
        parts = TableParts(destination)
        sites = parts.folder / "header.vcf"
        write_whole_file(sites, _header_of(genome.contigs))
        inputs = builder.open_inputs(os.fspath(sites), reference=genome, genes=genes)
        tracks = builder.open_tracks(inputs)
        scorer, second = builder.start_scorer()
        annotator = Annotator(
            scorer, builder.models, genome, tracks, second=second, prefix=TABLE_PREFIX, top=settings.top
        )
        key = key_of_run(inputs, builder.models, second, settings)
        lines = [*builder.header_lines(inputs, tracks, second), *key.header_lines()]
        return cls(inputs, annotator, parts, inputs.stream.header.bytes_with(lines), builder.counts, settings)

    @property
    def scope_index(self) -> TssIndex:
        """The transcription starts."""
        scope = self.inputs.allele_statuses.scope
        assert scope is not None, "a table has genes"
        return scope.index

    def lines_of(self, spans: Sequence[Span], *, indels: bool) -> bytes:
        """The annotated lines of a chunk."""
        pieces = self._pieces(spans, indels=indels)
        with closing(scored_batches(pieces, self.annotator, self.settings)) as batches:
            return b"".join(
                self.annotator.lines(batch, windows, scores, self.counts) for (batch, windows), scores in batches
            )

    def _pieces(self, spans: Sequence[Span], *, indels: bool) -> Iterator[Piece]:
        name = self.inputs.variants.name
        for number, line in enumerate(site_lines(spans, self.inputs.genome, indels=indels), 1):
            record = VcfRecord(line, number, name, COLUMNS.count(b"\t") + 1)
            alleles = self.inputs.allele_statuses.alleles_of(record)
            # A deletion after the last site of a promoter lies outside.
            if alleles is not None:
                yield Piece(line, 1, record, alleles)


def _header_of(contigs: Mapping[str, int]) -> bytes:
    """The header of a VCF without records."""
    lines = [f"##contig=<ID={name},length={length}>\n" for name, length in contigs.items()]
    return "".join(["##fileformat=VCFv4.3\n", *lines, COLUMNS.decode(), "\n"]).encode()


def _score(work: _Work, chunks: Mapping[int, Sequence[Span]], *, indels: bool, progress: Progress | None) -> None:
    """Compute and keep the chunks that are not finished yet."""
    missing = {number: spans for number, spans in chunks.items() if not work.parts.has(number)}
    sizes = {number: sum(span.end - span.start for span in spans) for number, spans in missing.items()}
    done = 0
    for number, spans in missing.items():
        work.parts.write(number, work.lines_of(spans, indels=indels))
        done += sizes[number]
        if progress:
            progress(done, sum(sizes.values()), "sites")
