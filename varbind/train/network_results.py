"""The results of a search of networks: a bank without a background, and a table of the ratings of all states."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from varbind.train.results import bank_of_models, card_of_model, six_digits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.datasets.binding_dataset import BindingDataset
    from varbind.train.network_search import NetworkSearch, Searched

__all__ = ["TrainedNetwork", "bank_of_networks", "write_states"]


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A trained network.

    Attributes:
        datasets: the data set of each task; a network with one task has the id of its data set.
        data: what the model cards state about the data.
        search: how the network was searched.
        searched: the result.
    """

    datasets: Sequence[BindingDataset]
    data: Mapping[str, Any]
    search: NetworkSearch
    searched: Searched

    @property
    def network_id(self) -> str:
        """The id of the network."""
        return self.searched.stack.model_ids[0]


def bank_of_networks(name: str, trained: Sequence[TrainedNetwork], seed: int) -> Bank:
    """Make a bank of trained networks with their model cards, whose models are all tasks of all networks."""
    models = tuple(card for one in trained for card in _cards(one, seed))
    licences = {dataset.licence for one in trained for dataset in one.datasets}
    papers = ", ".join(sorted({one.search.recipe.paper for one in trained}))
    description = f"{len({model.protein for model in models})} proteins: {len(trained)} networks as in {papers}"
    stacks = [one.searched.stack for one in trained]
    return bank_of_models(name, models, stacks, description=description, licences=licences)


def _cards(one: TrainedNetwork, seed: int) -> Iterator[ModelCard]:
    searched, recipe = one.searched, one.search.recipe
    training = {
        "data": dict(one.data),
        "recipe": {"paper": recipe.paper, "measure": str(recipe.measure)},
        "members": [
            {
                "setting": asdict(searched.settings[number]),
                "steps": searched.states[number].steps,
                "validation": {"measure": str(recipe.measure), "mean": six_digits(searched.states[number].rating)},
            }
            for number in searched.chosen
        ],
        "seed": seed,
    }
    for output, dataset in enumerate(one.datasets):
        network = "" if one.network_id == dataset.id else one.network_id
        facts = {**training, "licence": dataset.licence}
        yield card_of_model(dataset, searched.stack, facts, network=network, output=output)


def write_states(path: Path, trained: Sequence[TrainedNetwork]) -> None:
    """Write the rating of every state that was looked at as tab-separated text, in the order of the settings."""
    rows = [
        {
            "id": one.network_id,
            "measure": str(one.search.recipe.measure),
            "setting": number,
            "steps": steps,
            "rating": rating,
            **asdict(one.searched.settings[number]),
        }
        for one in trained
        for number, state in one.searched.states.items()
        for steps, rating in state.ratings.items()
    ]
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False, float_format="%.6g", lineterminator="\n")
