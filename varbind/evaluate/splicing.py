"""Binding to RNA around alternatively spliced exons (DeepBind, Alipanahi et al. 2015, figure 5).

For exons whose inclusion a protein raises or lowers, and for controls, single-stranded models score the intron at four
splice sites. The score of a region is the largest of the model in it. Groups are compared with the controls by the
two-sided test of Mann and Whitney.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import encode, reverse_complement
from varbind.datasets.exon_table import ExonGroup, read_exons
from varbind.errors import InputError, UsageError
from varbind.gate import optional_import
from varbind.scoring.scorer import SEQUENCES_A_BATCH, Scorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.sequence import Codes
    from varbind.core.variant import ReferenceSequence
    from varbind.datasets.exon_table import Exon

__all__ = [
    "BANDS",
    "Region",
    "RegionScores",
    "SplicingRow",
    "band_of",
    "compare_groups",
    "regions_of",
    "rna_models",
    "score_regions",
]

logger = logging.getLogger(__name__)

BANDS = ((1e-4, "*"), (1e-8, "**"), (1e-16, "***"), (1e-32, "+"))
"""The marks of p-values that are at most so large (Alipanahi et al. 2015, figure 5)."""


class Region(StrEnum):
    """A part of an intron, in the order of the transcript.

    u5SS follows the exon before, 3SS precedes the exon, 5SS follows it, and d3SS precedes the exon after it.
    """

    U5SS = "u5SS"
    THREE_SS = "3SS"
    FIVE_SS = "5SS"
    D3SS = "d3SS"


@dataclass(frozen=True, slots=True)
class RegionScores:
    """The scores of one region of the exons in which it is whole.

    Attributes:
        region: the region.
        exons: the exons.
        scores: the score of each exon by each model, float32 (exons, M).
    """

    region: Region
    exons: Sequence[Exon]
    scores: NDArray[np.float32]

    def of_group(self, group: ExonGroup) -> NDArray[np.float32]:
        """The scores of the exons of a group, (exons of the group, M)."""
        return self.scores[[exon.group == group for exon in self.exons]]


@dataclass(frozen=True, slots=True)
class SplicingRow:
    """The comparison of a group with the controls.

    Attributes:
        model_id: the model.
        protein: its protein.
        region: the region.
        group: `up` or `down`.
        exons: number of exons of the group.
        controls: number of control exons.
        share_above: share of pairs of an exon of the group and a control in which the former scores higher; a tie
            counts one half.
        p: two-sided p-value of Mann and Whitney; 1 where all scores are equal.
        band: mark of the p-value, empty above 1e-4.
    """

    model_id: str
    protein: str
    region: str
    group: str
    exons: int
    controls: int
    share_above: float
    p: float
    band: str


def regions_of(exon: Exon, length: int) -> dict[Region, tuple[int, int]]:
    """The parts of the introns beside an exon, as 0-based spans [start, end) of the plus strand.

    A region is left out where the intron is shorter than it.

    Args:
        exon: the exon.
        length: number of bases of a region.
    """
    left, right = (exon.left_exon_end, exon.start - 1), (exon.end, exon.right_exon_start - 1)
    forward = exon.strand == "+"
    names = (Region.U5SS, Region.THREE_SS), (Region.FIVE_SS, Region.D3SS)
    spans: dict[Region, tuple[int, int]] = {}
    for intron, (first, second) in zip((left, right), names if forward else names[::-1], strict=True):
        start, end = intron
        if end - start >= length:
            low, high = (start, start + length), (end - length, end)
            spans |= {first: low, second: high} if forward else {second: low, first: high}
    return {region: spans[region] for region in Region if region in spans}


def rna_models(bank: Bank) -> Bank:
    """The single-stranded models of a bank.

    Raises:
        UsageError: there are none.
    """
    chosen = [model.model_id for model in bank.models if not model.config.double_stranded]
    if not chosen:
        what = "all models score both strands, as those of DNA do"
        raise UsageError(what, remedy="choose models of RNA with --proteins, or a bank with --bank")
    if left_out := len(bank.models) - len(chosen):
        logger.info("%d models are left out, because they score both strands, as those of DNA do", left_out)
    return bank.select(chosen)


def score_regions(
    path: str,
    reference: ReferenceSequence,
    bank: Bank,
    *,
    length: int = 100,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[RegionScores]:
    """Score the four regions of each exon by single-stranded models.

    Args:
        path: table of exons (`read_exons`).
        reference: genome of the exons.
        bank: the models (`rna_models`).
        length: number of bases of a region.
        threads: number of CPU threads; None = all.
        progress: called with (regions done, total).

    Raises:
        InputError: the table is malformed, or an exon lies on no contig of the reference or beyond its end.
    """
    placed = _sequences(read_exons(path), reference, path, length)
    total, done, found = sum(len(own) for own in placed.values()), 0, []
    with Scorer(bank, threads=threads) as scorer:
        for region, own in placed.items():
            scores = scorer.score_codes([codes for _, codes in own], batch_size=SEQUENCES_A_BATCH)
            found.append(RegionScores(region, [exon for exon, _ in own], scores))
            done += len(own)
            if progress:
                progress(done, total)
    return found


def compare_groups(found: Sequence[RegionScores], bank: Bank) -> list[SplicingRow]:
    """Compare each group with the controls in each region, model by model; groups without exons have no row."""
    test = optional_import("scipy.stats", needed_for="the comparison of exons").mannwhitneyu
    rows = []
    for column, model in enumerate(bank.models):
        for scored in found:
            controls = scored.of_group(ExonGroup.CONTROL)[:, column]
            for group in (ExonGroup.UP, ExonGroup.DOWN):
                own = scored.of_group(group)[:, column]
                if not len(own) or not len(controls):
                    continue
                result = test(own, controls, alternative="two-sided")
                # Without any difference between scores the test is undefined.
                p = 1.0 if np.isnan(result.pvalue) else float(result.pvalue)
                share = float(result.statistic) / (len(own) * len(controls))
                names = model.model_id, model.protein, str(scored.region), str(group)
                rows.append(SplicingRow(*names, len(own), len(controls), share, p, band_of(p)))
    return rows


def band_of(p: float) -> str:
    """The mark of a p-value; empty above 1e-4."""
    return next((mark for largest, mark in reversed(BANDS) if p <= largest), "")


def _sequences(
    exons: Sequence[Exon], reference: ReferenceSequence, path: str, length: int
) -> dict[Region, list[tuple[Exon, Codes]]]:
    """The transcribed strand of each region of each exon."""
    placed: dict[Region, list[tuple[Exon, Codes]]] = {region: [] for region in Region}
    for exon in exons:
        _check_place(exon, reference, path)
        for region, (start, end) in regions_of(exon, length).items():
            codes = encode(reference.fetch(exon.chrom, start, end))
            placed[region].append((exon, codes if exon.strand == "+" else reverse_complement(codes)))
    for region, own in placed.items():
        if short := len(exons) - len(own):
            logger.warning(
                "%s: %d of %d introns at %s are shorter than %d bases", path, short, len(exons), region, length
            )
    return placed


def _check_place(exon: Exon, reference: ReferenceSequence, path: str) -> None:
    try:
        whole = exon.right_exon_start <= reference.length(exon.chrom)
    except KeyError as error:
        what = f"the reference has no contig {exon.chrom}"
        raise InputError(what, path=path, line=exon.line, remedy="use the contig names of the FASTA") from error
    if not whole:
        what = f"the next exon starts at {exon.right_exon_start}, beyond the end of {exon.chrom}"
        raise InputError(what, path=path, line=exon.line, remedy="give the reference of these exons")
