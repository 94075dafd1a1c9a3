"""The named features of a variant that the second stage reads: binding scores, TSS distance, conservation.

A missing feature, such as a track that the user does not have, is NaN, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.variant import Variant

__all__ = [
    "TRANSVERSION",
    "TSS_DISTANCE",
    "VariantSites",
    "binding_features",
    "feature_matrix",
    "is_binding",
    "tracks_of",
    "transversion",
]

TSS_DISTANCE = "tss_distance"
TRANSVERSION = "transversion"
REF, DELTA = "ref:", "delta:"
AROUND = ":51"
"""The suffix of the name of a track for its mean around the variant."""

AROUND_BASES = 51
"""The number of bases around a variant over which a track is averaged (DeepBind 2015, supplementary section 9)."""

TSS_REACH = 1999
_PURINES = frozenset("AG")


@dataclass(frozen=True, slots=True)
class VariantSites:
    """The sites of B variants: the distance to genes, the kind of substitution, and the conservation.

    Attributes:
        tss_distance: The signed distance in bases to the nearest transcription start, float64 (B,); NaN where unknown.
        transversions: The value of `transversion` for each variant, float64 (B,).
        conservation: By track, the mean over the reference bases of the allele and the mean over 51 bases, float64
            (B, 2).
    """

    tss_distance: NDArray[np.float64]
    transversions: NDArray[np.float64]
    conservation: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def transversion(variant: Variant) -> float:
    """1 for a transversion (purine to pyrimidine or the reverse), 0 for a transition, NaN if this is not an SNV."""
    if len(variant.ref) != 1 or len(variant.alt) != 1:
        return float("nan")
    return float((variant.ref in _PURINES) != (variant.alt in _PURINES))


def binding_features(model_ids: Sequence[str]) -> tuple[str, ...]:
    """The names of the two features of each model: the reference score, and the alternate minus the reference."""
    return (*(REF + model_id for model_id in model_ids), *(DELTA + model_id for model_id in model_ids))


def is_binding(name: str) -> bool:
    """Whether a feature is a score, or a change of score, of a model."""
    return name.startswith((REF, DELTA))


def tracks_of(names: Sequence[str]) -> tuple[str, ...]:
    """The conservation tracks that features read, each once."""
    sites = [name for name in names if not is_binding(name) and name not in {TSS_DISTANCE, TRANSVERSION}]
    return tuple(dict.fromkeys(name.removesuffix(AROUND) for name in sites))


def feature_matrix(
    names: Sequence[str],
    model_ids: Sequence[str],
    ref: NDArray[np.floating],
    alt: NDArray[np.floating],
    sites: VariantSites,
) -> NDArray[np.float32]:
    """The features of B variants.

    Args:
        names: The F features: those of `binding_features`, `tss_distance`, `transversion`, the name of a track for its
            value at the variant, and this name with `:51` for its mean over 51 bases.
        model_ids: The models of the M columns of scores.
        ref: The scores of the reference alleles, (B, M).
        alt: The scores of the alternate alleles, (B, M).
        sites: The sites of the variants.

    Returns:
        float32 (B, F); NaN where there is no value. The distance is |bases| / 1999, as in DeepFind, and is missing
        beyond 1,999 bases.
    """
    column_of = {model_id: column for column, model_id in enumerate(model_ids)}
    features = np.full((len(ref), len(names)), np.nan, dtype=np.float32)
    for place, name in enumerate(names):
        if name.startswith(REF):
            features[:, place] = ref[:, column_of[name.removeprefix(REF)]]
        elif name.startswith(DELTA):
            column = column_of[name.removeprefix(DELTA)]
            features[:, place] = alt[:, column] - ref[:, column]
        elif name == TSS_DISTANCE:
            distance = np.abs(sites.tss_distance)
            features[:, place] = np.where(distance <= TSS_REACH, distance / TSS_REACH, np.nan)
        elif name == TRANSVERSION:
            features[:, place] = sites.transversions
        elif (track := name.removesuffix(AROUND)) in sites.conservation:
            features[:, place] = sites.conservation[track][:, int(name != track)]
    return features
