"""The recipe of the activity head and its controls, trained on the loci and the pairs of alleles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.evaluate.activity import SHUFFLED_RECIPE, data_without_networks, without_models
from varbind.evaluate.controls import shuffle_detectors
from varbind.scoring.background import add_background
from varbind.train.activity import fitted_weights
from varbind.train.activity_tables import activity_data, read_activity, read_pairs
from varbind.train.effect_tables import FLANK, score_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from varbind import Bank
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.local import LocalHead
    from varbind.train.activity_data import ActivityData


def training_tables(tables: Path) -> list[VariantTable]:
    """The loci and the pairs of alleles."""
    return [read_activity(str(tables / "activity.tsv")), read_pairs(str(tables / "pairs.tsv"))]


def data_of_methods(tables: list[VariantTable], models: Bank, local: LocalHead | None) -> dict[str, ActivityData]:
    """The variants of these tables, of which the first has the loci, as each method sees them."""

    def seen_by(bank: Bank, network: LocalHead | None) -> ActivityData:
        scored = [score_table(table, bank, flank=FLANK) for table in tables]
        return activity_data(scored[0], bank, network, scored[1:])[0]

    data = seen_by(models, local)
    methods = {"models": replace(data, local=None)}
    if local is not None:
        methods = {"models and local network": data, **methods, "local network": without_models(data)}
    shuffled = add_background(shuffle_detectors(models, 1), recipe=SHUFFLED_RECIPE)
    methods["models with shuffled detectors"] = seen_by(shuffled, None)
    return methods | data_without_networks(data, tables, models)


def predictions(data: ActivityData, judged: int, without: str = "") -> NDArray[np.float64]:
    """The predictions for the last variants by a head that is trained on the others without one locus, (judged,)."""
    rows = np.flatnonzero(data.loci != without)
    return data.inputs[-judged:] @ fitted_weights(data.rows(rows[:-judged]))
