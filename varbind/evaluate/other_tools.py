"""Scores of other tools for the variants of a table."""

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
    """Read the scores of other tools for the variants of a table.

    Args:
        paths: tables with chrom, pos, ref, alt and one column for each tool; missing scores are `.` or NA.
        table: N variants.

    Returns:
        Scores by the name of their column, float64 (N,). A variant without a score has NaN, and a tool without any
        score is left out.

    Raises:
        InputError: a table is malformed.
    """
    found: dict[str, NDArray[np.float64]] = {}
    for path in paths:
        scored = read_variant_table(path, flank=0, needed=(), sequence=False)
        row_of = {_place(variant): row for row, variant in enumerate(scored.variants)}
        rows = np.array([row_of.get(_place(variant), -1) for variant in table.variants])
        for tool, values in scored.numbers.items():
            scores = np.where(rows >= 0, values[rows], np.nan)
            known = int(np.isfinite(scores).sum())
            logger.info("%s: %s has scores of %d of %d variants of %s", path, tool, known, len(scores), table.path)
            if known:
                # The scores of a tool may be in several files, such as one for each chromosome.
                found[tool] = np.where(np.isfinite(scores), scores, found.get(tool, np.nan))
    return found


def _place(variant: Variant) -> tuple[str, int, str, str]:
    return variant.chrom.removeprefix("chr"), variant.pos, variant.ref, variant.alt
