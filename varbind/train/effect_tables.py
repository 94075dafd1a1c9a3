"""Tables of measured variants: their binding scores, their sites, and the training data of each head."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.allele_status import Allele
from varbind.core.contigs import ContigNames
from varbind.core.variant import Status
from varbind.datasets.variant_table import OPTIONAL, read_variant_table
from varbind.effect.features import AROUND, AROUND_BASES, TRANSVERSION, TSS_DISTANCE, VariantSites, transversion
from varbind.errors import InputError, ResourceError
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.annotate.tracks import Tracks
    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.tss import TssIndex
    from varbind.core.variant import ReferenceSequence
    from varbind.datasets.variant_table import VariantTable

__all__ = [
    "FLANK",
    "SECOND_STAGE_WINDOW",
    "ScoredVariants",
    "directions_of",
    "labels_of",
    "read_classes",
    "read_pathogenic",
    "score_table",
    "second_stage_models",
    "site_features",
    "sites_of",
]

logger = logging.getLogger(__name__)

FLANK = 15
"""The number of bases on each side of a variant that the second stage reads."""

SECOND_STAGE_WINDOW = 31
"""The widest window of the models of a second stage. Windows of 25 and 31 bases predict effects best, and most training
data gives 31 bases."""

BATCH = 2_048
"""The number of variants that are scored at once."""


def labels_of(table: VariantTable) -> NDArray[np.bool_]:
    """The labels of a table of two classes, bool (N,).

    Raises:
        InputError: A label is neither 0 nor 1.
    """
    labels = table.numbers["label"]
    _refuse_others(table, "label", labels, (0, 1))
    chosen: NDArray[np.bool_] = labels == 1
    return chosen


def read_classes(path: str, reference: ReferenceSequence | None = None) -> VariantTable:
    """Read a table of variants with `label`, 1 simulated and 0 derived.

    Raises:
        InputError: The table is malformed.
    """
    return read_variant_table(path, flank=FLANK, needed=("label",), texts=("gene",), reference=reference)


def read_pathogenic(
    path: str, reference: ReferenceSequence | None = None, tracks: Tracks | None = None
) -> tuple[VariantTable, dict[str, NDArray[np.float64]]]:
    """Read a table of variants with `label`, 1 pathogenic and 0 common, and the values of tracks by name.

    Raises:
        InputError: The table is malformed, or there are no tracks.
    """
    texts = ("gene", "region")
    table = read_variant_table(path, flank=0, needed=("label",), texts=texts, reference=reference, sequence=False)
    columns = {name: values[:, 0] for name, values in sites_of(table, None, tracks).conservation.items()}
    used = {"label", *OPTIONAL}
    others = {name: values for name, values in table.numbers.items() if name not in used and not name.endswith(AROUND)}
    # A column of text has no numbers.
    columns |= {name: values for name, values in others.items() if np.isfinite(values).any()}
    if not columns:
        remedy = "give columns with their values, or --conservation and --fasta"
        raise InputError("there are no conservation tracks", path=path, remedy=remedy)
    logger.info("%s: tracks of conservation: %s", path, ", ".join(columns))
    return table, columns


def directions_of(table: VariantTable) -> NDArray[np.bool_]:
    """Whether the alternate allele of each pair is the more active one, bool (N,).

    Raises:
        InputError: A direction is neither 1 nor -1.
    """
    _refuse_others(table, "direction", table.numbers["direction"], (1, -1))
    upwards: NDArray[np.bool_] = table.numbers["direction"] == 1
    return upwards


def _refuse_others(table: VariantTable, name: str, values: NDArray[np.float64], expected: tuple[int, int]) -> None:
    wrong = np.flatnonzero(~np.isnan(values) & ~np.isin(values, expected))
    if len(wrong):
        what = f"the {name} is {values[wrong[0]]:g}, expected {expected[0]} or {expected[1]}"
        raise InputError(what, path=table.path, line=table.lines[int(wrong[0])], remedy="correct or remove the row")


@dataclass(frozen=True, slots=True)
class ScoredVariants:
    """The binding scores of N variants by M models.

    Attributes:
        table: The variants.
        ref: The scores of the reference alleles, float32 (N, M).
        alt: The scores of the alternate alleles, float32 (N, M).
    """

    table: VariantTable
    ref: NDArray[np.float32]
    alt: NDArray[np.float32]


def second_stage_models(bank: Bank) -> Bank:
    """Select the models of a bank that a second stage reads: double-stranded, with windows of at most 31 bases.

    Raises:
        ResourceError: There is no such model.
    """
    chosen = [
        model.model_id
        for model in bank.models
        if model.config.double_stranded and model.config.window <= SECOND_STAGE_WINDOW
    ]
    if not chosen:
        what = f"no model of the bank reads both strands on a window of at most {SECOND_STAGE_WINDOW} bases"
        raise ResourceError(what, remedy="give a bank of DNA-binding proteins")
    return bank.select(chosen)


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
        table: The variants, whose windows have `flank` bases on each side.
        bank: The models.
        flank: The flank of the windows, at least that of the widest model.
        device: `cpu`, `cuda` or `cuda:N`.
        threads: The number of CPU threads; None = all.
        progress: called with the number of variants done and the number of all.
    """
    with Scorer(bank, flank=flank, device=device, threads=threads) as scorer:
        scores = scorer.score(table.windows, batch_size=BATCH, progress=progress)
    # Rows are contiguous, so that sums over columns are always computed in the same order.
    return ScoredVariants(table, np.ascontiguousarray(scores.ref), np.ascontiguousarray(scores.alt))


def sites_of(table: VariantTable, genes: TssIndex | None = None, tracks: Tracks | None = None) -> VariantSites:
    """Return the sites of N variants.

    A column `tss_distance` of the table is used instead of the genes, and columns of the table with the name of a track
    instead of the track: one with the name, and one with the name and `:51`.

    Args:
        table: The variants.
        genes: The transcription starts; their contigs are matched to those of the table.
        tracks: The conservation tracks.
    """
    names = list(tracks.names) if tracks else []
    alleles = [
        Allele(Status.OK, variant=variant, contig=variant.chrom, span=variant.touched) for variant in table.variants
    ]
    conservation = {}
    if tracks is not None:
        at, around = (np.array(tracks.means(alleles, around=bases)) for bases in (0, AROUND_BASES))
        conservation = {name: np.stack([at[:, i], around[:, i]], axis=1) for i, name in enumerate(names)}
    for name, values in table.numbers.items():
        if f"{name}{AROUND}" in table.numbers:
            conservation[name] = np.stack([values, table.numbers[f"{name}{AROUND}"]], axis=1)
    return VariantSites(
        _distances(table, genes),
        np.array([transversion(variant) for variant in table.variants]),
        conservation,
    )


def site_features(sites: VariantSites) -> tuple[str, ...]:
    """Return the names of the features that have a value for at least one variant."""
    names = [TSS_DISTANCE] if np.isfinite(sites.tss_distance).any() else []
    names += [TRANSVERSION] if np.isfinite(sites.transversions).any() else []
    for track, values in sites.conservation.items():
        names += [track + suffix for place, suffix in enumerate(("", AROUND)) if np.isfinite(values[:, place]).any()]
    return tuple(names)


def _distances(table: VariantTable, genes: TssIndex | None) -> NDArray[np.float64]:
    if TSS_DISTANCE in table.numbers:
        return table.numbers[TSS_DISTANCE]
    if genes is None:
        return np.full(len(table), np.nan)
    names = ContigNames(dict.fromkeys(genes.contigs))
    contigs = {variant.chrom: names.resolve(variant.chrom) for variant in table.variants}
    if not any(contigs.values()):
        what = f"the genes are on none of the contigs of the variants, such as {next(iter(contigs))}"
        raise InputError(what, path=table.path, remedy="give the genes of this build")
    nearest = [genes.nearest(contigs[variant.chrom] or "", variant) for variant in table.variants]
    return np.array([hits[0].distance if hits else np.nan for hits in nearest], dtype=np.float64)
