"""The sites of the variants of a table, from its columns, the genes and the conservation tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.allele_status import Allele
from varbind.core.contigs import ContigNames
from varbind.core.variant import Status
from varbind.effect.features import AROUND, AROUND_BASES, TRANSVERSION, TSS_DISTANCE, VariantSites, transversion
from varbind.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.annotate.tracks import Tracks
    from varbind.core.tss import TssIndex
    from varbind.datasets.variant_table import VariantTable

__all__ = ["site_features", "sites_of"]


def sites_of(table: VariantTable, genes: TssIndex | None = None, tracks: Tracks | None = None) -> VariantSites:
    """Sites of N variants.

    A column `tss_distance` of the table goes before the genes, and a column with a track's name before the track. A
    track in columns has two, the second with its name and `:51`.

    Args:
        table: the variants.
        genes: starts of transcription, on contigs as the table names them.
        tracks: of conservation.
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
    """Names of the features that sites have: those with a value for some variant."""
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
        what = f"no contig of the variants, such as {next(iter(contigs))}, is among the genes'"
        raise InputError(what, path=table.path, remedy="give the genes of this build")
    nearest = [genes.nearest(contigs[variant.chrom] or "", variant) for variant in table.variants]
    return np.array([hits[0].distance if hits else np.nan for hits in nearest], dtype=np.float64)
