"""Annotates the lines of a VCF that a precomputed table has, block by block, without an object for each record.

Such a line has one alternate allele, written as in the table: every SNV does. All other lines are read as records, and
their alleles are looked up by `PrecomputedTable.find`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from varbind.cache.precomputed_table import TABLE_PREFIX
from varbind.core.variant import Status

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from varbind.annotate.allele_status import AlleleStatuses
    from varbind.annotate.counts import AnnotationCounts
    from varbind.cache.precomputed_table import PrecomputedTable
    from varbind.io.vcf.vcf_block import VcfBlock

__all__ = ["TableLines"]

_PHRED = re.compile(rf"(?:^|;){TABLE_PREFIX}_PHRED=([^;]+)")
_PADDED = re.compile(rf"(?:^|;){TABLE_PREFIX}_FLAG=(?:[^;]*&)?padded(?:&|;|$)")
_ALLELE_BYTES = 2
"""The longest allele of a table: a base and an inserted or a deleted one."""


class TableLines:
    """Annotates lines with the values of a table.

    Args:
        table: the table.
        statuses: knows the contigs whose records can be scored.
        counts: counts the alleles, as if they had been scored.
        prefix: the prefix of every INFO key.
    """

    def __init__(
        self, table: PrecomputedTable, statuses: AlleleStatuses, counts: AnnotationCounts, *, prefix: str
    ) -> None:
        self._table = table
        self._statuses = statuses
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
        ref_bytes, alt_bytes = np.diff(block.tabs[:, 2:5], axis=1).T - 1
        may_match = lines & (ref_bytes <= _ALLELE_BYTES) & (alt_bytes <= _ALLELE_BYTES)
        texts: dict[int, str] = {}
        for name, first, last in block.runs:
            places = (np.flatnonzero(may_match[first:last]) + first).tolist()
            contig = self._statuses.contig_of(name) if places else None
            if contig is not None:
                texts |= self._table.find_lines(contig, block, places)
        is_known = np.zeros(len(block), dtype=np.bool_)
        is_known[list(texts)] = True
        self._count(texts.values())
        return block.with_info({line: self._renamed(text) for line, text in sorted(texts.items())}), is_known

    def _count(self, texts: Collection[str]) -> None:
        self._counts.checked_ref += len(texts)
        self._counts.count_alleles([Status.OK] * len(texts))
        self._counts.padded += sum(_PADDED.search(text) is not None for text in texts)
        self._counts.count_phreds(float(phred[1]) for phred in map(_PHRED.search, texts) if phred)

    def _renamed(self, info: str) -> str:
        """Column 8 of the table with the keys of this run."""
        if self._prefix == TABLE_PREFIX:
            return info
        return ";".join(f"{self._prefix}_{entry.removeprefix(f'{TABLE_PREFIX}_')}" for entry in info.split(";"))
