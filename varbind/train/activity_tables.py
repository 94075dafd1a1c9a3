"""Tables of measured effects on activity, and the training data of the activity head and of SCORE.

A table holds either loci, whose bases were all changed and measured, or pairs of alleles from many places.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from varbind.bank.binding_scale import BindingScale
from varbind.datasets.variant_table import read_variant_table
from varbind.effect.local import LocalHead
from varbind.errors import InputError, ResourceError
from varbind.io.effects import read_effect
from varbind.kernels.dense import dense
from varbind.train.activity_data import ActivityData
from varbind.train.effect_tables import FLANK, ScoredVariants
from varbind.train.score import Outcomes, ScoreData

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.variant import ReferenceSequence
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.effect_model import EffectModel

__all__ = ["activity_data", "calibrating", "local_network", "read_activity", "read_pairs", "score_data"]

logger = logging.getLogger(__name__)

FEW_PAIRS = 100
"""Chromosomes with fewer pairs of alleles are left out together."""


def read_activity(path: str, reference: ReferenceSequence | None = None) -> VariantTable:
    """Read a table of measured effects in loci.

    Raises:
        InputError: The table is malformed, or has no column of loci.
    """
    texts = ("locus", "kind")
    table = read_variant_table(path, flank=FLANK, needed=("effect", "se"), texts=texts, reference=reference)
    if "locus" not in table.texts:
        remedy = "add it, with the name of the regulatory element of each variant"
        raise InputError("there is no column locus", path=path, remedy=remedy)
    return table


def calibrating(table: VariantTable) -> NDArray[np.bool_]:
    """The variants that calibrate SCORE, bool (N,): those in promoters, or all if the table names no promoter."""
    kinds = np.array(table.texts.get("kind", ("",) * len(table)))
    promoters = kinds == "promoter"
    return promoters if promoters.any() else np.ones(len(table), dtype=np.bool_)


def read_pairs(path: str, reference: ReferenceSequence | None = None) -> VariantTable:
    """Read a table of pairs of alleles from many places, with their measured effects.

    Raises:
        InputError: The table is malformed, or a standard error or a weight is not a number above 0.
    """
    needed, texts = ("effect", "se"), ("source",)
    table = read_variant_table(path, flank=FLANK, needed=needed, texts=texts, reference=reference)
    for name, values in (("se", table.numbers["se"]), ("weight", _source_weights(table))):
        wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        if len(wrong):
            what, line = f"the {name} is {values[wrong[0]]:g}, expected a number above 0", table.lines[int(wrong[0])]
            raise InputError(what, path=path, line=line, remedy="correct it, or remove the row")
    return table


def local_network(given: str | None, bank: Bank) -> tuple[LocalHead | None, Mapping[str, Any]]:
    """The local network of a second stage, and what the card of that second stage says of its training.

    Args:
        given: The folder of the second stage; None = that of the bank, `none` = there is no local network.
        bank: The bank.

    Raises:
        ResourceError: The second stage that is given cannot be read, or has no local network.
    """
    if given == "none":
        return None, {}
    source = cast("EffectModel | None", bank.effect) if given is None else read_effect(given)
    if source is not None and LocalHead.name in source.heads:
        return cast("LocalHead", source.heads[LocalHead.name]), source.card.heads.get(LocalHead.name, {})
    if given is not None:
        raise ResourceError("the second stage has no local network", path=given, remedy="name another one")
    logger.info("the activity head has no local network, because the second stage of the bank has none")
    return None, {}


def activity_data(
    loci: ScoredVariants, models: Bank, local: LocalHead | None = None, pairs: Sequence[ScoredVariants] = ()
) -> tuple[ActivityData, BindingScale]:
    """The data of the regression, and the scale of the binding changes of the models.

    Args:
        loci: The variants of loci.
        models: The models of the scores.
        local: The local network whose outputs are features too.
        pairs: The pairs of alleles, table by table.
    """
    scale, tables = BindingScale.of_cards(models.models, models.cards[0].quantile_levels), [loci, *pairs]
    ref, alt = (np.concatenate([getattr(scored, name) for scored in tables]) for name in ("ref", "alt"))
    outputs = None if local is None else np.concatenate([_outputs(scored.table, local) for scored in tables])
    effects, errors = (np.concatenate([own.table.numbers[name] for own in tables]) for name in ("effect", "se"))
    data = ActivityData(
        changes=np.stack([scale.bound_change(ref, alt), scale.z(ref, alt)], axis=1),
        effects=effects,
        errors=errors,
        loci=np.concatenate([loci.table.texts["locus"], _parts_of_pairs([own.table for own in pairs])]),
        assays=[model.assay for model in models.models],
        path=loci.table.path,
        local=outputs,
        pair_weights=np.concatenate([np.zeros(len(loci.table)), *(_pair_weights(own.table) for own in pairs)]),
    )
    return data, scale


def score_data(
    table: VariantTable, data: ActivityData, left_out: NDArray[np.float64], distances: NDArray[np.float64]
) -> ScoreData:
    """The data of the calibration of SCORE: the N variants of the loci, without the pairs.

    Args:
        table: The variants of the loci.
        data: The data of the activity head, whose first N variants they are.
        left_out: The predictions for the variants from data without their locus, (N,) or more.
        distances: The distances of the variants to the nearest start, (N,).
    """
    rows = slice(len(table))
    effects, errors, loci = data.effects[rows], data.errors[rows], data.loci[rows]
    return ScoreData(
        left_out[rows],
        (data.changes[rows, 0] ** 2).mean(axis=1),
        distances,
        Outcomes.of_effects(effects, errors, loci),
        loci,
        calibrating(table),
    )


def _outputs(table: VariantTable, local: LocalHead) -> NDArray[np.float64]:
    return local.changes(table.windows, FLANK, dense=dense)


def _sources(table: VariantTable) -> NDArray[np.str_]:
    """The source of each pair of alleles; the file where the table names none."""
    return np.array(table.texts.get("source", (Path(table.path).name,) * len(table)))


def _source_weights(table: VariantTable) -> NDArray[np.float64]:
    """The weight of the source of each pair, where a locus has 1; it is 1 where the table has none."""
    weights = table.numbers.get("weight", np.ones(len(table)))
    return np.where(np.isnan(weights), 1.0, weights)


def _pair_weights(table: VariantTable) -> NDArray[np.float64]:
    """The weight of each pair: that of its source, divided among the pairs of the source."""
    _, number, counts = np.unique(_sources(table), return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = _source_weights(table) / counts[number]
    return weights


def _parts_of_pairs(tables: Sequence[VariantTable]) -> NDArray[np.str_]:
    """What is left out together with each pair: all pairs of its chromosome, or of the chromosomes with few pairs.

    All tables are counted together, so that pairs of one chromosome are left out together whatever their table.
    """
    chromosomes = np.array([variant.chrom.removeprefix("chr") for table in tables for variant in table.variants], str)
    _, number, counts = np.unique(chromosomes, return_inverse=True, return_counts=True)
    few = counts[number] < FEW_PAIRS
    return np.where(few, "pairs of other chromosomes", np.char.add("pairs of chromosome ", chromosomes))
