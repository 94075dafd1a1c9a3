"""Scores of any other tool, for the variants of a table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.variant_table import read_variant_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.variant import Variant
    from varbind.datasets.variant_table import VariantTable

__all__ = ["read_other_tools"]

logger = logging.getLogger(__name__)


def read_other_tools(paths: Sequence[str], table: VariantTable) -> dict[str, NDArray[np.float64]]:
    """Scores by tool.

    Args:
        paths: tables with chrom, pos, ref, alt and a column a tool; missing scores are `.` or NA.
        table: the variants that scores are wanted of.

    Returns:
        By the column's name, float64 (N,); NaN for a variant without a score, and no entry for a tool that scored none.

    Raises:
        InputError: a table is malformed.
    """
    found: dict[str, NDArray[np.float64]] = {}
    for path in paths:
        scored = read_variant_table(path, flank=0, needed=(), sequence=False)
        row_of = {_place(variant): row for row, variant in enumerate(scored.variants)}
        rows = np.array([row_of.get(_place(variant), -1) for variant in table.variants])
        for tool, values in scored.numbers.items():
            own = np.where(rows >= 0, values[rows], np.nan)
            known = int(np.isfinite(own).sum())
            logger.info("%s: %s has scores of %d of %d variants of %s", path, tool, known, len(own), table.path)
            if known:
                # A tool's scores may come in several files, such as one a chromosome.
                found[tool] = np.where(np.isfinite(own), own, found.get(tool, np.nan))
    return found


def _place(variant: Variant) -> tuple[str, int, str, str]:
    return variant.chrom.removeprefix("chr"), variant.pos, variant.ref, variant.alt
