"""The promoters of one or more gene files, matched to the contigs of the variants and of the reference."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from varbind.annotate.prefilter import GeneScope
from varbind.core.contigs import ContigNames
from varbind.errors import ResourceError, UsageError
from varbind.io.genes.gene_table import join_genes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from varbind.annotate.settings import AnnotateSettings
    from varbind.core.tss import TranscriptionStart
    from varbind.io.genes.gene_table import GeneTable

__all__ = ["GenePaths", "gene_paths", "gene_scope"]

logger = logging.getLogger(__name__)

GenePaths = str | os.PathLike[str] | list[str | os.PathLike[str]] | tuple[str | os.PathLike[str], ...]
"""One gene file, or several."""

BEYOND_SHARE = 0.01
"""The share of transcription starts beyond the ends of contigs above which the genes are those of another build."""


def gene_paths(genes: GenePaths | None) -> tuple[str, ...]:
    """The paths of one gene file, of several, or of none.

    Raises:
        UsageError: there is something else than a path.
    """
    if genes is None:
        return ()
    several: Iterable[object] = genes if isinstance(genes, (list, tuple)) else (genes,)
    return tuple(_path_of(path) for path in several)


def _path_of(path: object) -> str:
    if not isinstance(path, (str, os.PathLike)):
        what = f"the genes hold a {type(path).__name__}, expected a path"
        raise UsageError(what, remedy="give the path of a gene file, or a list of paths")
    return os.fspath(path)


def gene_scope(
    tables: Sequence[GeneTable],
    settings: AnnotateSettings,
    contigs: Mapping[str, int],
    names: ContigNames,
    declared: Mapping[str, int | None],
) -> GeneScope:
    """The promoters of all tables, with their contigs' names.

    Args:
        tables: the gene files, at least one.
        settings: the reach of a promoter, the contig names that the user gives, and the checks that are off.
        contigs: the contigs of the reference, with their lengths in bases.
        names: the reference's name of each contig of the VCF.
        declared: the contigs of the VCF's header, with their lengths in bases; None = no length.

    Raises:
        ResourceError: the genes have no contig of the reference, or are those of another build.
    """
    ends = [_End.of(contig, contigs, names, declared) for contig in (declared or contigs)]
    for table in tables:
        logger.info(table.summary)
        _require_shared_contig(table, settings, contigs)
        gene_names = _names_of(dict.fromkeys(table.index.contigs), ends, settings)
        _check_ends(table, gene_names, ends, allowed=settings.allow_length_mismatch)
    index = join_genes(tables, contigs, renamed=settings.contig_map)
    gene_names = _names_of(dict.fromkeys(index.contigs), ends, settings)
    for contig in () if settings.everywhere else declared:
        if names.conflict(contig) and gene_names.find(contig) is None:
            text = "contig %s has another length in the reference, but no gene: its records are passed on"
            logger.warning(text, contig)
    return GeneScope(index, gene_names, settings.promoter, settings.everywhere)


@dataclass(frozen=True, slots=True)
class _End:
    """The length of a contig of the VCF, in bases.

    Attributes:
        contig: the name in the VCF, or in the reference where the VCF's header declares no contig.
        declared: the length in the VCF's header; None = not declared.
        reference: the length in the reference; None = the reference does not have the contig.
    """

    contig: str
    declared: int | None
    reference: int | None

    @classmethod
    def of(
        cls, contig: str, contigs: Mapping[str, int], names: ContigNames, declared: Mapping[str, int | None]
    ) -> _End:
        return cls(contig, declared.get(contig), contigs.get(names.find(contig) or ""))

    @property
    def length(self) -> int | None:
        """The longer of the two lengths, because the reference may be cut short."""
        return max((length for length in (self.declared, self.reference) if length), default=None)

    def __str__(self) -> str:
        lengths = [
            f"{length:,} bases in the {where}"
            for length, where in ((self.declared, "VCF's header"), (self.reference, "reference"))
            if length
        ]
        return f"{self.contig}, which has {' and '.join(lengths)}"


def _names_of(known: Mapping[str, int | None], ends: Sequence[_End], settings: AnnotateSettings) -> ContigNames:
    """The genes' name of each contig of the VCF."""
    return ContigNames(
        known,
        declared={end.contig: end.length for end in ends},
        renamed=settings.contig_map,
        check_lengths=not settings.allow_length_mismatch,
    )


def _require_shared_contig(table: GeneTable, settings: AnnotateSettings, contigs: Mapping[str, int]) -> None:
    known = dict.fromkeys(table.index.contigs)
    lengths = {} if settings.allow_length_mismatch else contigs
    of_reference = ContigNames(known, declared=lengths, renamed=settings.contig_map)
    if not of_reference.shares_any(contigs):
        in_genes, in_reference = next(iter(known)), next(iter(contigs))
        what = f"no contig of the genes is in the reference: {in_genes!r} against {in_reference!r}"
        raise ResourceError(what, path=table.name, remedy="give the genes of this build, or --contig-map FILE")


def _check_ends(table: GeneTable, gene_names: ContigNames, ends: Sequence[_End], *, allowed: bool) -> None:
    """Check that the transcription starts lie on their contigs."""
    shared = list(_shared(gene_names, ends))
    total = sum(table.index.count(contig) for contig, _ in shared)
    beyond = [(tss, end) for contig, end in shared if end.length for tss in table.index.beyond(contig, end.length)]
    if beyond:
        what = f"{_starts(len(beyond), total)} beyond the end of their contig, such as {_example(*beyond[0])}"
        if len(beyond) > BEYOND_SHARE * total and not allowed:
            remedy = "give the genes of the reference's build, or --allow-length-mismatch if the reference is cut short"
            raise ResourceError(f"genes of another build? {what}", path=table.name, remedy=remedy)
        logger.warning("%s: %s", table.name, what)
    cut = [
        (tss, end)
        for contig, end in shared
        if end.reference and end.length
        for tss in table.index.beyond(contig, end.reference)
        if tss.pos <= end.length
    ]
    if cut:
        text = "%s: %s beyond the end of the reference, which is cut short, such as %s"
        logger.warning(text, table.name, _starts(len(cut), total), _example(*cut[0]))


def _shared(gene_names: ContigNames, ends: Sequence[_End]) -> Iterator[tuple[str, _End]]:
    """The contigs of the genes that the VCF and the reference have, each once."""
    found: dict[str, _End] = {}
    for end in ends:
        contig = gene_names.find(end.contig) if end.reference else None
        if contig is not None:
            found.setdefault(contig, end)
    yield from found.items()


def _starts(count: int, total: int) -> str:
    return f"{count:,} of {total:,} transcription starts lie"


def _example(tss: TranscriptionStart, end: _End) -> str:
    return f"{tss.symbol} at {tss.pos:,} of {end}"
