"""Variants of a table with the binding scores of both their alleles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import ResourceError
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.datasets.variant_table import VariantTable

__all__ = ["SECOND_STAGE_WINDOW", "ScoredVariants", "score_table", "second_stage_models"]

SECOND_STAGE_WINDOW = 31
"""Models of wider windows are left out: 25 and 31 bases predict effects best, and most training windows have 31."""

BATCH = 2_048


@dataclass(frozen=True, slots=True)
class ScoredVariants:
    """N variants and the scores of M models.

    Attributes:
        table: the variants.
        ref: scores of the reference alleles, float32 (N, M).
        alt: scores of the alternate alleles, float32 (N, M).
    """

    table: VariantTable
    ref: NDArray[np.float32]
    alt: NDArray[np.float32]


def second_stage_models(bank: Bank) -> Bank:
    """Those models of a bank that the second stage reads: double-stranded, on windows of at most 31 bases.

    Raises:
        ResourceError: there is none.
    """
    shapes = [(model.model_id, model.config) for model in bank.models]
    read = [own for own, s in shapes if s.double_stranded and s.window <= SECOND_STAGE_WINDOW]
    if not read:
        what = f"no model of the bank reads both strands on a window of at most {SECOND_STAGE_WINDOW} bases"
        raise ResourceError(what, remedy="give a bank of DNA-binding proteins")
    return bank.select(read)


def score_table(
    table: VariantTable,
    bank: Bank,
    *,
    flank: int,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
) -> ScoredVariants:
    """Score both alleles of every variant.

    Args:
        table: the variants, their windows with `flank` bases on each side.
        bank: the models.
        flank: of the windows, at least that of the widest model.
        device: `cpu`, `cuda` or `cuda:N`.
        threads: CPU threads; None = all.
        progress: called with the number of variants done and the number of all.
    """
    with Scorer(bank, flank=flank, device=device, threads=threads) as scorer:
        scores = scorer.score(table.windows, batch_size=BATCH, progress=progress)
    # One row after the other in memory: sums over columns then always run in one order.
    return ScoredVariants(table, np.ascontiguousarray(scores.ref), np.ascontiguousarray(scores.alt))
