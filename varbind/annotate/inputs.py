"""Opens the inputs of a run, and matches their contigs before anything is scored."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from varbind.annotate.allele_status import AlleleStatuses
from varbind.annotate.gene_scope import gene_paths, gene_scope
from varbind.annotate.genome_build import default_genes, find_reference, reference_path
from varbind.annotate.record_stream import RecordStream
from varbind.annotate.reference_check import preflight
from varbind.core.contigs import ContigNames
from varbind.errors import UsageError
from varbind.io.genes.gene_table import read_genes
from varbind.io.reference import Reference
from varbind.io.vcf.variants import open_variants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import ExitStack

    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.genome_build import ReferenceLike
    from varbind.annotate.record_stream import Piece
    from varbind.annotate.settings import AnnotateSettings
    from varbind.io.genes.gene_table import GeneTable
    from varbind.io.vcf.input_stream import Source
    from varbind.io.vcf.records import VcfHeader
    from varbind.io.vcf.variants import VariantFile

__all__ = ["Inputs", "open_inputs"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The opened inputs of a run.

    Attributes:
        variants: the VCF or BCF.
        stream: the records of the VCF.
        genome: the reference.
        genes: the gene files; empty where everything is scored without gene names.
        names: the reference's name of each contig of the VCF.
        declared: the contigs that the VCF's header declares, with their lengths in bases; None = no length.
        allele_statuses: finds the alleles of a record and their statuses.
    """

    variants: VariantFile
    stream: RecordStream
    genome: Reference
    genes: tuple[GeneTable, ...]
    names: ContigNames
    declared: Mapping[str, int | None]
    allele_statuses: AlleleStatuses

    def checked_pieces(self, counts: AnnotationCounts, *, allow_ref_mismatch: bool) -> Iterator[Piece]:
        """All pieces in order, once the first records have shown that the reference fits.

        Raises:
            ResourceError: the reference does not fit.
        """
        pieces = preflight(
            self.stream.pieces(self.allele_statuses, counts),
            counts,
            size_of=attrgetter("size"),
            names=self.names,
            declared=self.declared,
            reference_contigs=self.genome.contigs,
            allow_ref_mismatch=allow_ref_mismatch,
            path=self.variants.name,
        )
        _log_restyled(self.names)
        return pieces


def open_inputs(
    stack: ExitStack,
    source: str | Source,
    *,
    reference: ReferenceLike | None,
    genes: GenePaths | None,
    settings: AnnotateSettings,
    counts: AnnotationCounts,
) -> Inputs:
    """Open everything that is read.

    Args:
        stack: closes the inputs.
        source: the path of the VCF or BCF; `-` is standard input.
        reference: the FASTA; None = that of the environment, else of the VCF's header.
        genes: the paths of the gene files; None or none = the transcription starts that travel with the package,
            unless everything is scored.
        settings: the settings of the run.
        counts: the counts of the run.

    Raises:
        VarbindError: an input is missing or broken, or does not fit the others.
    """
    paths = gene_paths(genes)
    if paths and settings.build:
        raise UsageError("--genes and --build exclude each other", remedy="leave one of them out")
    needs_genes = not paths and (settings.build is not None or not settings.everywhere)
    variants = stack.enter_context(
        open_variants(
            source,
            regions=settings.regions,
            targets=settings.targets,
            contig_map=settings.contig_map,
            allow_truncated=settings.allow_truncated,
        )
    )
    stream = RecordStream(variants, prefix=settings.prefix, overwrite=settings.overwrite)
    genome = _open_reference(stack, reference, variants.header, needs_genes=needs_genes and not settings.build)
    declared = variants.header.contig_lengths()
    tables = tuple(read_genes(path, tss=settings.tss) for path in paths)
    if needs_genes:
        tables += (default_genes(settings, genome.contigs, declared),)
    names = ContigNames(
        genome.contigs,
        declared=declared,
        renamed=settings.contig_map,
        check_lengths=not settings.allow_length_mismatch,
    )
    allele_statuses = AlleleStatuses(
        genome,
        names,
        scope=gene_scope(tables, settings, genome.contigs, names, declared) if tables else None,
        check_ref=settings.check_ref,
        max_indel=settings.max_indel,
        counts=counts,
        path=variants.name,
    )
    return Inputs(variants, stream, genome, tables, names, declared, allele_statuses)


def _open_reference(
    stack: ExitStack, reference: ReferenceLike | None, header: VcfHeader, *, needs_genes: bool
) -> Reference:
    if isinstance(reference, Reference):
        return reference  # whoever opened it closes it
    path = reference_path(reference)
    return stack.enter_context(Reference(find_reference(path, header, needs_genes=needs_genes)))


def _log_restyled(names: ContigNames) -> None:
    if restyled := names.restyled():
        pairs = [f"{in_vcf} = {in_reference}" for in_vcf, in_reference in restyled.items()]
        more = " ..." if len(pairs) > 5 else ""
        logger.info("contig names matched to the reference: %s%s", ", ".join(pairs[:5]), more)
