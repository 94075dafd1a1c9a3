"""The results of a training: a bank without a background, and a table of the ratings of all settings."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from varbind.bank.bank import Bank
from varbind.bank.model_card import BankCard, ModelCard
from varbind.core.deepbind import DeepBindStack
from varbind.datasets.pwm import KnownMotif
from varbind.errors import printable
from varbind.train.hyperparameters import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from varbind.datasets.binding_dataset import BindingDataset, DataFacts
    from varbind.train.hyperparameter_search import Calibrated, Rating
    from varbind.train.hyperparameters import Calibration

__all__ = ["Trained", "bank_of", "write_ratings"]

RATING_COLUMNS = ["id", "measure", "setting", "steps", "mean", "folds", *(field.name for field in fields(Setting))]


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained protein.

    Attributes:
        dataset: The data set.
        facts: What the model card states about the data.
        calibrated: The result of the calibration.
    """

    dataset: BindingDataset
    facts: DataFacts
    calibrated: Calibrated

    @property
    def stack(self) -> DeepBindStack:
        """The model."""
        return self.calibrated.stack


def bank_of(name: str, parts: Sequence[Trained | KnownMotif], calibration: Calibration, seed: int) -> Bank:
    """Make a bank of trained networks and known motifs, with their model cards and without a background."""
    models = tuple(
        _matrix_card(part) if isinstance(part, KnownMotif) else _model_card(part, calibration, seed) for part in parts
    )
    proteins = len({model.protein for model in models})
    matrices = sum(isinstance(part, KnownMotif) for part in parts)
    networks = len(parts) - matrices
    kinds = [f"{networks} networks, trained with automatic calibration"] * (networks > 0)
    kinds += [f"{matrices} matrices"] * (matrices > 0)
    card = BankCard(
        name=printable(name),
        version="1",
        description=f"{proteins} proteins: {', '.join(kinds)}",
        source="varbind train binding",
        licence=f"as the data: {'; '.join(sorted({part.dataset.licence for part in parts}))}",
        models=models,
    )
    return Bank((card,), models, tuple(DeepBindStack.by_config([part.stack for part in parts])), background=None)


def write_ratings(path: Path, trained: Iterable[Trained]) -> None:
    """Write the ratings of all settings as tab-separated text, the best of each protein first."""
    rows = [
        {
            "id": one.dataset.id,
            "measure": one.facts.measure,
            "setting": row.setting,
            "steps": row.steps,
            "mean": row.mean,
            "folds": ",".join(f"{rating:.6g}" for rating in row.ratings),
            **one.calibrated.settings[row.setting].as_dict(),
        }
        for one in trained
        for row in one.calibrated.log
    ]
    frame = pd.DataFrame(rows, columns=RATING_COLUMNS)
    frame["mean_pooling"] = frame["mean_pooling"].map({True: "yes", False: "no"})
    frame.to_csv(
        path, sep="\t", index=False, na_rep="nan", float_format="%.6g", lineterminator="\n", quoting=csv.QUOTE_NONE
    )


def _model_card(one: Trained, calibration: Calibration, seed: int) -> ModelCard:
    training = {
        "data": one.facts.as_dict(),
        "licence": one.dataset.licence,
        "members": [_member(one, row) for row in one.calibrated.chosen(calibration)],
        "calibration": calibration.as_dict(),
        "seed": seed,
    }
    return _card(one.dataset, one.stack, training)


def _matrix_card(known: KnownMotif) -> ModelCard:
    return _card(known.dataset, known.stack, {"data": known.data, "licence": known.dataset.licence})


def _card(dataset: BindingDataset, stack: DeepBindStack, training: Mapping[str, Any]) -> ModelCard:
    return ModelCard(
        model_id=dataset.id,
        protein=dataset.protein,
        family=dataset.family or dataset.protein,
        species=dataset.species,
        assay=dataset.assay,
        experiment=dataset.experiment,
        config=stack.config,
        default=dataset.default,
        training=training,
    )


def _member(one: Trained, row: Rating) -> dict[str, Any]:
    """The model card entry of one of the networks whose mean is the model."""
    return {
        "setting": one.calibrated.settings[row.setting].as_dict(),
        "steps": row.steps,
        "cross_validation": {
            "measure": one.facts.measure,
            "mean": _rounded(row.mean),
            "folds": [_rounded(rating) for rating in row.ratings],
        },
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
