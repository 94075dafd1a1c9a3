"""The results of a training: a bank without a background, and a table of the ratings of all settings."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from varbind.bank.bank import Bank
from varbind.bank.model_card import BankCard, ModelCard
from varbind.core.network_stack import NetworkStack
from varbind.datasets.pwm import KnownMotif
from varbind.errors import printable
from varbind.train.hyperparameters import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from varbind.core.deepbind import DeepBindStack
    from varbind.datasets.binding_dataset import BindingDataset, DataFacts
    from varbind.train.hyperparameter_search import Calibrated, Rating
    from varbind.train.hyperparameters import Calibration

__all__ = ["Trained", "bank_of", "bank_of_models", "card_of_model", "six_digits", "write_ratings"]

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
    description = f"{proteins} proteins: {', '.join(kinds)}"
    licences = {part.dataset.licence for part in parts}
    return bank_of_models(name, models, [part.stack for part in parts], description=description, licences=licences)


def bank_of_models(
    name: str,
    models: tuple[ModelCard, ...],
    stacks: Sequence[NetworkStack[Any]],
    *,
    description: str,
    licences: set[str],
) -> Bank:
    """Make a bank of `varbind train binding` without a background.

    Args:
        name: The name of the bank.
        models: The cards of its models.
        stacks: The networks; those of one configuration are joined.
        description: One sentence about the bank.
        licences: The licences of the data.
    """
    card = BankCard(
        name=printable(name),
        version="1",
        description=description,
        source="varbind train binding",
        licence=f"as the data: {'; '.join(sorted(licences))}",
        models=models,
    )
    return Bank((card,), models, tuple(NetworkStack.by_config(stacks)), background=None)


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
    return card_of_model(one.dataset, one.stack, training)


def _matrix_card(known: KnownMotif) -> ModelCard:
    return card_of_model(known.dataset, known.stack, {"data": known.data, "licence": known.dataset.licence})


def card_of_model(
    dataset: BindingDataset,
    stack: NetworkStack[Any],
    training: Mapping[str, Any],
    *,
    network: str = "",
    output: int = 0,
) -> ModelCard:
    """Make the card of a model from the description of its data set.

    Args:
        dataset: The data set.
        stack: The networks, whose configuration the card states.
        training: The settings, the data and the result.
        network: The id of the network, where several models are outputs of one network; empty if it is the model id.
        output: The index of the output of the network that is the score.
    """
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
        network=network,
        output=output,
    )


def _member(one: Trained, row: Rating) -> dict[str, Any]:
    """The model card entry of one of the networks whose mean is the model."""
    return {
        "setting": one.calibrated.settings[row.setting].as_dict(),
        "steps": row.steps,
        "cross_validation": {
            "measure": one.facts.measure,
            "mean": six_digits(row.mean),
            "folds": [six_digits(rating) for rating in row.ratings],
        },
    }


def six_digits(value: float) -> float:
    """Return a number as it is stated on a card."""
    return float(f"{value:.6g}")
