"""Opens the inputs of a run, matches their contigs, and checks that the reference is that of the variants.

A run with another reference stops in its first seconds, before anything is scored or written.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from varbind.annotate.allele_status import AlleleStatuses
from varbind.annotate.counts import why_nothing_was_scored
from varbind.annotate.gene_scope import gene_paths, gene_scope
from varbind.annotate.genome_build import Builds, default_genes, find_reference, reference_path
from varbind.annotate.record_stream import RecordStream
from varbind.core.contigs import ContigNames
from varbind.errors import ResourceError, UsageError
from varbind.io.genes.gene_table import read_genes
from varbind.io.reference import Reference
from varbind.io.vcf.variants import open_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import ExitStack

    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.gene_scope import GenePaths
    from varbind.annotate.genome_build import ReferenceLike
    from varbind.annotate.record_stream import KnownLines, Piece
    from varbind.annotate.settings import AnnotateSettings
    from varbind.io.genes.gene_table import GeneTable
    from varbind.io.vcf.input_stream import Source
    from varbind.io.vcf.records import VcfHeader
    from varbind.io.vcf.variants import VariantFile

__all__ = ["Inputs", "open_inputs", "preflight"]

logger = logging.getLogger(__name__)

CHECKED_RECORDS = 1_000
WRONG_RECORDS = 10
WRONG_SHARE = 0.1
HELD_BYTES = 1 << 26


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
        builds: the genome builds that the contig lengths show.
        allele_statuses: finds the alleles of a record and their statuses.
    """

    variants: VariantFile
    stream: RecordStream
    genome: Reference
    genes: tuple[GeneTable, ...]
    names: ContigNames
    declared: Mapping[str, int | None]
    builds: Builds
    allele_statuses: AlleleStatuses

    def checked_pieces(
        self, counts: AnnotationCounts, *, allow_ref_mismatch: bool, known: KnownLines | None = None
    ) -> Iterator[Piece]:
        """All pieces in order, once the first records have shown that the reference fits.

        Raises:
            ResourceError: the reference does not fit.
        """
        pieces = preflight(
            self.stream.pieces(self.allele_statuses, counts, known=known),
            counts,
            names=self.names,
            declared=self.declared,
            reference_contigs=self.genome.contigs,
            builds=self.builds,
            allow_ref_mismatch=allow_ref_mismatch,
            path=self.variants.name,
        )
        _log_contigs(self.names, self.declared)
        return pieces

    def contig_lengths(self) -> dict[str, int | None]:
        """The length in bases of each contig that the header declares or that a record has named so far.

        It is the length that the header declares, else that of the reference; None = neither states one.
        """
        named = dict.fromkeys((*self.declared, *self.names.seen))
        return {name: self.declared.get(name) or self.genome.contigs.get(self.names.find(name) or "") for name in named}

    def why_nothing_was_scored(self, counts: AnnotationCounts, *, selected: bool) -> str:
        """The likely causes, at the end of a run; empty where an allele was scored. See `why_nothing_was_scored`."""
        return why_nothing_was_scored(counts, self.allele_statuses.scope, self.names.seen, selected=selected)


def open_inputs(
    stack: ExitStack,
    source: str | Source,
    *,
    reference: ReferenceLike | None,
    genes: GenePaths | None,
    settings: AnnotateSettings,
    counts: AnnotationCounts,
    digest: bool = False,
) -> Inputs:
    """Open everything that is read.

    Args:
        stack: closes the inputs.
        source: the path of the VCF or BCF; `-` is standard input.
        reference: the FASTA; None = that of the environment, else of the VCF's header.
        genes: the paths of the gene files; without any, the transcription starts that varbind contains are used, unless
            everything is scored.
        settings: the settings of the run.
        counts: the counts of the run.
        digest: whether the SHA-256 of the VCF or BCF is computed while it is read.

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
            digest=digest,
        )
    )
    stream = RecordStream(variants, prefix=settings.prefix, overwrite=settings.overwrite)
    genome = _open_reference(stack, reference, variants.header, needs_genes=needs_genes and not settings.build)
    declared = variants.header.contig_lengths()
    builds = Builds.of(declared, genome.contigs)
    tables = tuple(read_genes(path, tss=settings.tss) for path in paths)
    if needs_genes:
        tables += (default_genes(settings, builds),)
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
    return Inputs(variants, stream, genome, tables, names, declared, builds, allele_statuses)


def _open_reference(
    stack: ExitStack, reference: ReferenceLike | None, header: VcfHeader, *, needs_genes: bool
) -> Reference:
    if isinstance(reference, Reference):
        return reference  # the caller closes it
    path = reference_path(reference)
    return stack.enter_context(Reference(find_reference(path, header, needs_genes=needs_genes)))


def _log_contigs(names: ContigNames, declared: Mapping[str, int | None]) -> None:
    """Log how the contigs of the VCF match those of the reference."""
    matched = sum(names.find(contig) is not None for contig in declared)
    logger.debug("contigs: %d of the %d that the VCF declares are in the reference", matched, len(declared))
    if restyled := names.restyled():
        pairs = [f"{in_vcf} = {in_reference}" for in_vcf, in_reference in restyled.items()]
        more = " ..." if len(pairs) > 5 else ""
        logger.info("contig names matched to the reference: %s%s", ", ".join(pairs[:5]), more)


def preflight(
    pieces: Iterable[Piece],
    counts: AnnotationCounts,
    *,
    names: ContigNames,
    declared: Mapping[str, int | None],
    reference_contigs: Mapping[str, int],
    builds: Builds,
    allow_ref_mismatch: bool,
    path: str | None = None,
) -> Iterator[Piece]:
    """Yield all pieces, but only after the first ones have shown that the reference fits.

    Args:
        pieces: the pieces of the VCF; reading them updates the counts.
        counts: the counts of REF comparisons and missing contigs.
        names: the reference's name of each contig of the VCF.
        declared: the contigs that the VCF's header declares, with their lengths in bases; None = no length.
        reference_contigs: the contigs of the reference with their lengths in bases.
        builds: the genome builds that the contig lengths show.
        allow_ref_mismatch: continue although most REFs differ.
        path: the path of the VCF, for messages.

    Raises:
        ResourceError: no contig is shared, or at least 10 and more than 10 % of the first 1,000 compared
            REFs differ.
    """
    stream = iter(pieces)
    held: list[Piece] = []
    held_bytes = 0
    for piece in stream:
        held.append(piece)
        held_bytes += piece.size
        if counts.checked_ref >= CHECKED_RECORDS or held_bytes > HELD_BYTES:
            break
    _check_contigs(counts, names, declared, reference_contigs, builds, path)
    if allow_ref_mismatch:
        return chain(held, stream)
    _check_build(counts, builds, path)
    # Few records at the start of a genome lie in promoters; the rest of the first 1,000 follow later.
    return chain(held, stream if counts.checked_ref >= CHECKED_RECORDS else _checked(stream, counts, builds, path))


def _checked(stream: Iterator[Piece], counts: AnnotationCounts, builds: Builds, path: str | None) -> Iterator[Piece]:
    """Check again when 1,000 REFs have been compared, or at the end."""
    for piece in stream:
        yield piece
        if counts.checked_ref >= CHECKED_RECORDS:
            break
    _check_build(counts, builds, path)
    yield from stream


def _check_contigs(
    counts: AnnotationCounts,
    names: ContigNames,
    declared: Mapping[str, int | None],
    reference_contigs: Mapping[str, int],
    builds: Builds,
    path: str | None,
) -> None:
    seen = names.seen
    if not seen or counts.checked_ref or names.shares_any(chain(seen, declared)):
        return
    in_vcf, in_reference = seen[0], next(iter(reference_contigs))
    what = f"no contig of the VCF is in the reference: the VCF says {in_vcf!r}, the reference {in_reference!r}"
    remedy = (
        "give the FASTA on which the variants were called, or --contig-map FILE with the name of a contig in the VCF "
        "and in the reference on each line"
    )
    if conflict := names.length_conflict(in_vcf):
        declared_length, in_reference, length = conflict
        what = f"contig {in_vcf} has {declared_length:,} bases in the header, {in_reference} has {length:,}"
        what += " in the reference"
        build = builds.variants or "this VCF's build"
        remedy = (
            f"give the reference of {build}, or --allow-length-mismatch if the header's length is only that up "
            "to the last variant, as exports of plink have it"
        )
    raise ResourceError(what, path=path, remedy=remedy)


def _check_build(counts: AnnotationCounts, builds: Builds, path: str | None) -> None:
    """Raise an error where many REFs differ.

    Args:
        counts: the counts of REF comparisons.
        builds: the genome builds that the contig lengths show.
        path: the path of the VCF, for messages.
    """
    wrong, checked = counts.mismatched_ref, counts.checked_ref
    if wrong >= WRONG_RECORDS and wrong > WRONG_SHARE * checked:
        what = f"wrong genome build? {wrong:,} of {checked:,} REF differ from the reference"
        what += f", which is {builds.reference}" * bool(builds.reference)
        fasta = f"the FASTA of {builds.variants}" if builds.variants else "the FASTA on which the variants were called"
        remedy = f"give {fasta} with -f, or --allow-ref-mismatch"
        if counts.looks_swapped:
            what += f", and in {counts.swapped_ref:,} of these ALT is what the reference has: REF and ALT look swapped"
            remedy = (
                "exports of plink are: swap them back with bcftools norm --check-ref s -f REF.fa, or export again with "
                f"plink2 --ref-from-fa force; else {remedy}"
            )
        raise ResourceError(what, path=path, remedy=remedy)
