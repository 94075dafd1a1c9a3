"""The promoters of one or more gene files, matched to the contigs of the variants and of the reference.

Most lines of a whole genome lie outside every promoter. `certainly_outside` finds these lines of a block from their
columns alone, so that they stay unchanged and no record object is made for them; `AlleleStatuses.alleles_of` decides
on all others.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.contigs import ContigNames
from varbind.core.variant import NO_ALT
from varbind.errors import ResourceError, UsageError
from varbind.io.genes.gene_table import join_genes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.annotate.settings import AnnotateSettings
    from varbind.core.tss import Promoter, TranscriptionStart, TssIndex
    from varbind.io.genes.gene_table import GeneTable
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["GenePaths", "GeneScope", "certainly_outside", "gene_paths", "gene_scope"]

logger = logging.getLogger(__name__)

GenePaths = str | os.PathLike[str] | list[str | os.PathLike[str]] | tuple[str | os.PathLike[str], ...]
"""One gene file, or several."""

BEYOND_SHARE = 0.01
"""The share of transcription starts beyond the ends of contigs above which the genes are those of another build."""

_DOT, _COMMA, _ANGLE = b".,<"
_NOTHING = frozenset(alt.encode() for alt in NO_ALT)
_UPPER = 0xDF


@dataclass(frozen=True, slots=True)
class GeneScope:
    """The promoters of the genes, and the names of their contigs.

    Attributes:
        index: the transcription starts.
        names: the gene files' name of each contig of the VCF.
        promoter: how far a promoter reaches from the transcription start.
        everywhere: whether alleles outside the promoters are scored too; the gene named is then the nearest one.
    """

    index: TssIndex
    names: ContigNames
    promoter: Promoter
    everywhere: bool


def gene_paths(genes: GenePaths | None) -> tuple[str, ...]:
    """The paths of one gene file, of several, or of none.

    Raises:
        UsageError: an entry is not a path.
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
    """Join the promoters of all gene files, and match the names of their contigs.

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
        logger.log(logging.DEBUG if table.build else logging.INFO, table.summary)
        _require_shared_contig(table, settings, contigs)
        gene_names = _names_of(dict.fromkeys(table.index.contigs), ends, settings)
        _check_ends(table, gene_names, ends, allowed=settings.allow_length_mismatch)
    index = join_genes(tables, contigs, renamed=settings.contig_map)
    gene_names = _names_of(dict.fromkeys(index.contigs), ends, settings)
    for contig in () if settings.everywhere else declared:
        if names.conflict(contig) and gene_names.find(contig) is None:
            text = "contig %s has another length in the reference, but no gene: its records stay unchanged"
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
        what = f"no contig of the genes is in the reference: the genes have {in_genes!r}, ..., "
        what += f"the reference has {in_reference!r}, ..."
        remedy = "give the genes of the reference's build, or pairs of names with --contig-map FILE"
        raise ResourceError(what, path=table.name, remedy=remedy)


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


def certainly_outside(block: VcfBlock, scope: GeneScope) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the lines that certainly lie outside every promoter, and those of them without an alternate allele.

    Returns:
        Two masks, bool (N,); the second lies within the first.
    """
    ref_bytes = block.tabs[:, 3] - block.tabs[:, 2] - 1
    alt_bytes = block.tabs[:, 4] - block.tabs[:, 3] - 1
    outside = np.ones(len(block), dtype=np.bool_)
    movable = np.zeros(len(block), dtype=np.bool_)
    for name, first, last in block.runs:
        contig = scope.names.resolve(name)
        if contig is not None:
            start = block.pos[first:last] - 1
            end = start + np.maximum(ref_bytes[first:last], 1)
            outside[first:last] = ~scope.index.are_near_promoters(contig, start - 1, end + 1, scope.promoter)
            movable[first:last] = True
    text = np.frombuffer(block.data, dtype=np.uint8)
    ref_end, alt_end = block.tabs[:, 3], block.tabs[:, 4]
    # If a field is empty, these are the bytes next to it; such a line is excluded below.
    first_of_alt, last_of_alt, last_of_ref = text[ref_end + 1], text[alt_end - 1], text[ref_end - 1]
    nothing = (alt_bytes == 1) & (first_of_alt == _DOT)
    # Normalisation moves nothing but a pure insertion or deletion, to the left, and only while its last base
    # equals the base on its left. Where the last letters of REF and ALT differ, it stays: the shorter allele is
    # completely trimmed off the front of the longer, so the base on its left is the last letter of the shorter, and
    # its last base that of the longer. POS 0 is read as 1, so an allele there can reach a base further right.
    may_move = (ref_bytes != alt_bytes) & (last_of_ref & _UPPER == last_of_alt & _UPPER)
    several = _hold(text, _COMMA, ref_end + 1, alt_end)
    for line in np.flatnonzero(several | (first_of_alt == _ANGLE)).tolist():
        ref, alts = block.alleles(line)
        listed = alts.split(b",")
        nothing[line] = all(alt in _NOTHING for alt in listed)
        may_move[line] = any(len(alt) != len(ref) and alt[-1:].upper() == ref[-1:].upper() for alt in listed)
    outside &= ~(movable & (may_move | (ref_bytes == 0) | (alt_bytes == 0) | (block.pos == 0)))
    return outside, nothing & outside


def _hold(text: NDArray[np.uint8], letter: int, first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a letter is in the bytes [first, end) of each line, bool (N,)."""
    places = np.flatnonzero(text == letter)
    return np.searchsorted(places, first) < np.searchsorted(places, end)
