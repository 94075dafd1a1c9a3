"""Tables of measured variants, and the training data that each head takes from them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.variant_table import OPTIONAL, read_variant_table
from varbind.effect.activity import BindingScale
from varbind.effect.features import AROUND
from varbind.errors import InputError
from varbind.train.activity import ActivityData
from varbind.train.variant_sites import sites_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.annotate.tracks import Tracks
    from varbind.bank.bank import Bank
    from varbind.core.variant import ReferenceSequence
    from varbind.datasets.variant_table import VariantTable
    from varbind.train.scored_variants import ScoredVariants

__all__ = [
    "FLANK",
    "activity_data",
    "calibrating",
    "directions_of",
    "labels_of",
    "measurable",
    "read_activity",
    "read_classes",
    "read_pathogenic",
]

logger = logging.getLogger(__name__)

FLANK = 15
"""The number of bases on each side of a variant that the second stage reads."""

MEASURABLE_Z = 4.417
"""The z that has a two-sided p of 1e-5."""


def read_activity(path: str, reference: ReferenceSequence | None = None) -> VariantTable:
    """Read a table of measured effects.

    Raises:
        InputError: The table is malformed, or has no column of loci.
    """
    words = ("locus", "kind")
    table = read_variant_table(path, flank=FLANK, needed=("effect", "se"), words=words, reference=reference)
    if "locus" not in table.words:
        raise InputError("there is no column locus", path=path, remedy="name the element of each variant")
    return table


def activity_data(scored: ScoredVariants, models: Bank) -> tuple[ActivityData, BindingScale]:
    """The data of the regression, and the scale of the binding changes of the models."""
    scale = BindingScale.of_cards(models.models, models.cards[0].quantile_levels)
    changes = np.stack([scale.bound_change(scored.ref, scored.alt), scale.z(scored.ref, scored.alt)], axis=1)
    numbers, loci = scored.table.numbers, np.array(scored.table.words["locus"])
    assays = [model.assay for model in models.models]
    return ActivityData(changes, numbers["effect"], numbers["se"], loci, assays, scored.table.path), scale


def measurable(table: VariantTable) -> NDArray[np.bool_]:
    """Whether each effect is measurable, bool (N,): as the table states it, otherwise if its p is below 1e-5.

    Raises:
        InputError: A value in the table is neither 0 nor 1.
    """
    numbers = table.numbers
    clear = np.abs(numbers["effect"]) >= MEASURABLE_Z * numbers["se"]
    stated = numbers.get("measurable", np.full(len(table), np.nan))
    _refuse_others(table, "measurable", stated, (0, 1))
    return np.where(np.isnan(stated), clear, stated == 1)


def calibrating(table: VariantTable) -> NDArray[np.bool_]:
    """The variants that calibrate SCORE, bool (N,): those in promoters, or all if the table names no promoter."""
    kinds = np.array(table.words.get("kind", ("",) * len(table)))
    promoters = kinds == "promoter"
    return promoters if promoters.any() else np.ones(len(table), dtype=np.bool_)


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
    return read_variant_table(path, flank=FLANK, needed=("label",), words=("gene",), reference=reference)


def read_pathogenic(
    path: str, reference: ReferenceSequence | None = None, tracks: Tracks | None = None
) -> tuple[VariantTable, dict[str, NDArray[np.float64]]]:
    """Read a table of variants with `label`, 1 pathogenic and 0 common, and the values of tracks by name.

    Raises:
        InputError: The table is malformed, or there are no tracks.
    """
    words = ("gene", "region")
    table = read_variant_table(path, flank=0, needed=("label",), words=words, reference=reference, sequence=False)
    columns = {name: values[:, 0] for name, values in sites_of(table, None, tracks).conservation.items()}
    used = {"label", *OPTIONAL}
    others = {name: values for name, values in table.numbers.items() if name not in used and not name.endswith(AROUND)}
    # A column of text has no numbers.
    columns |= {name: values for name, values in others.items() if np.isfinite(values).any()}
    if not columns:
        remedy = "give columns of them, or --conservation and --fasta"
        raise InputError("there are no tracks", path=path, remedy=remedy)
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
