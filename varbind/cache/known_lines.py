"""Annotates the lines of a VCF that a precomputed table has, block by block, without an object for each record.

Such a line has an SNV as its only alternate allele. All other lines are read as records, and their alleles are looked
up one by one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.inputs import CHECKED_RECORDS
from varbind.cache.precomputed_table import TABLE_PREFIX, value_of
from varbind.core.variant import Status, Variant

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from varbind.annotate.allele_status import AlleleStatuses
    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.tracks import Tracks
    from varbind.cache.precomputed_table import PrecomputedTable
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["TableLines"]


class TableLines:
    """Annotates lines with the values of a table.

    Args:
        table: the table.
        statuses: knows the contigs whose records can be scored.
        tracks: counts the alleles on contigs that a track lacks.
        counts: counts the alleles, as if they had been scored.
        prefix: the prefix of every INFO key.
    """

    def __init__(
        self,
        table: PrecomputedTable,
        statuses: AlleleStatuses,
        tracks: Tracks,
        counts: AnnotationCounts,
        *,
        prefix: str,
    ) -> None:
        self._table = table
        self._statuses = statuses
        self._tracks = tracks
        self._counts = counts
        self._prefix = prefix

    def annotate(self, block: VcfBlock, lines: NDArray[np.bool_]) -> tuple[VcfBlock, NDArray[np.bool_]]:
        """Append the values that the table has.

        Args:
            block: N lines.
            lines: the lines to look up, bool (N,).

        Returns:
            The block with these values, and the lines that have them, bool (N,).

        Raises:
            ResourceError: the table is damaged.
        """
        is_known = np.zeros(len(block), dtype=np.bool_)
        # The first records are counted one by one, because they show whether the reference fits.
        if self._counts.checked_ref < CHECKED_RECORDS:
            return block, is_known
        snvs = self._snvs(block, lines)
        found = zip(snvs.items(), self._table.texts(list(snvs.values())), strict=True)
        known = {line: (variant.chrom, text) for (line, variant), text in found if text is not None}
        is_known[list(known)] = True
        self._count(known.values())
        return block.with_info({line: self._renamed(text) for line, (_, text) in known.items()}), is_known

    def _snvs(self, block: VcfBlock, lines: NDArray[np.bool_]) -> dict[int, Variant]:
        """What some lines state, of those with one letter for each allele, by the line."""
        single = lines & (np.diff(block.tabs[:, 2:5], axis=1) == 2).all(axis=1)
        snvs: dict[int, Variant] = {}
        for name, first, last in block.runs:
            places = (np.flatnonzero(single[first:last]) + first).tolist()
            contig = self._statuses.contig_of(name) if places else None
            if contig is None:
                continue
            for line, pos in zip(places, block.pos[places].tolist(), strict=True):
                ref, alt = (allele.decode("latin-1") for allele in block.alleles(line))
                snvs[line] = Variant(contig, pos, ref, alt)
        return snvs

    def _count(self, known: Collection[tuple[str, str]]) -> None:
        """Count lines, each with its contig and its text."""
        contigs, texts = Counter(contig for contig, _ in known), [text for _, text in known]
        self._tracks.count(contigs)
        self._counts.checked_ref += len(texts)
        self._counts.count_alleles([Status.OK] * len(texts))
        self._counts.padded += sum("padded" in value_of(text, "FLAG").split("&") for text in texts)
        self._counts.count_phreds(float(phred) for text in texts if (phred := value_of(text, "PHRED")))

    def _renamed(self, info: str) -> str:
        """Column 8 of the table with the keys of this run."""
        if self._prefix == TABLE_PREFIX:
            return info
        return ";".join(f"{self._prefix}_{entry.removeprefix(f'{TABLE_PREFIX}_')}" for entry in info.split(";"))
