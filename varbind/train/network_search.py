"""The search for the best setting of a network with a validation set, as in Zeng et al. (2016, section 4.2).

Every setting is trained on the sequences outside the validation set, and looked at from time to time. Of all states of
all settings, those that are best on the validation sequences are the networks of the model.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.errors import InputError
from varbind.gate import optional_import
from varbind.train.folds import folds_of
from varbind.train.network_trial import NetworkTrial
from varbind.train.recipes import settings_of
from varbind.train.validated_training import Storage, Validated, train_validated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkConfig, NetworkStack
    from varbind.datasets.labelled_sequences import LabelledSequences
    from varbind.train.checkpoints import Checkpoints
    from varbind.train.descent import Descent
    from varbind.train.recipes import Recipe

__all__ = ["NetworkSearch", "PlannedSearch", "Searched", "Split", "search_networks"]

METHOD = 1
"""The version of the training; it is increased when equal data and options no longer give equal networks."""

VALIDATION_FOLDS = 8
"""One of so many folds is the validation set: 1/8 of the training sequences in Zeng et al. (2016, section 4.1)."""


@dataclass(frozen=True, slots=True)
class NetworkSearch:
    """How a network is searched.

    Attributes:
        config: the configuration of the network.
        recipe: the recipe of its paper.
        trials: the largest number of settings.
        ensemble_size: the number of best settings whose networks are the model; its score is their mean.
        threads: the number of settings that are trained side by side; the result does not depend on it.
        device: `cpu`, or a torch device such as `cuda`.
    """

    config: NetworkConfig
    recipe: Recipe
    trials: int = 30
    ensemble_size: int = 1
    threads: int = 1
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of the training and of the validation sequences, each int64."""

    training: NDArray[np.intp]
    validation: NDArray[np.intp]

    @classmethod
    def of(cls, examples: LabelledSequences, recipe: Recipe, seed: Sequence[int]) -> Split:
        """Hold out one fold of whole groups, and leave out some of the other sequences that no protein binds.

        Raises:
            InputError: there are too few groups, or a protein has only one label on either side.
        """
        count = min(VALIDATION_FOLDS, len(np.unique(examples.groups)))
        held_out = folds_of(examples.groups, count)[-1]
        training, validation = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        for rows in (training, validation):
            for task, labels in zip(examples.tasks, examples.labels[rows].T, strict=True):
                if not {0, 1} <= set(labels.tolist()):
                    what = f"{task} is bound to all or to no sequences of the training or the validation set"
                    raise InputError(what, remedy="give more sequences")
        bound = (examples.labels[training] > 0).any(axis=1)
        kept = np.random.default_rng([*seed, 0]).random(len(training)) < recipe.kept_negatives
        return cls(training[bound | kept], validation)


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """A search whose work is known before it starts.

    Attributes:
        search: what is searched, and how.
        examples: the sequences, all of the length that the network reads.
        seed: the seed of all random numbers. On a CPU, equal seeds give equal bytes with any number of threads.
        split: which sequences train, and which choose.
        settings: all settings that are tried.
        looks: the numbers of mini-batches after which a network is looked at.
    """

    search: NetworkSearch
    examples: LabelledSequences
    seed: int
    split: Split
    settings: Sequence[Descent]
    looks: Sequence[int]

    @classmethod
    def of(cls, search: NetworkSearch, examples: LabelledSequences, seed: int) -> PlannedSearch:
        """Divide the sequences, and draw the settings.

        Raises:
            InputError: there are too few sequences.
        """
        split = Split.of(examples, search.recipe, [seed])
        settings = settings_of(search.config, search.recipe, search.trials, np.random.default_rng([seed, 1]))
        return cls(search, examples, seed, split, settings, search.recipe.checkpoints(len(split.training)))

    @property
    def mini_batches(self) -> int:
        """The number of mini-batches of all settings."""
        return len(self.settings) * self.looks[-1]


@dataclass(frozen=True, slots=True)
class Searched:
    """The result of a search.

    Attributes:
        stack: the model, which is one network or the mean of several.
        settings: all settings that were tried.
        states: the best state of each setting, by its number; those that diverged have none.
        chosen: the numbers of the settings of the model, the best first.
    """

    stack: NetworkStack[Any]
    settings: Sequence[Descent]
    states: dict[int, Validated]
    chosen: Sequence[int]


def search_networks(
    planned: PlannedSearch,
    checkpoints: Checkpoints,
    *,
    name: str,
    finished: Callable[[int], None] | None = None,
) -> Searched:
    """Train a network with every setting, and keep the best ones.

    Args:
        planned: what is searched, and on what.
        checkpoints: where finished and unfinished trainings are stored.
        name: the id of the network.
        finished: called with how many more mini-batches were used.

    Raises:
        InputError: every network diverged.
    """
    torch = optional_import("torch", needed_for="training")
    # Convolutions of a GPU round products to 10 bits by default, which the CPU does not.
    torch.backends.cudnn.allow_tf32 = False
    search, settings, split = planned.search, planned.settings, planned.split
    validation = planned.examples.take(split.validation)
    key = _key(planned)

    def train(number: int) -> Validated | None:
        seed = [planned.seed, 2, number]
        trial = NetworkTrial(
            search.config, settings[number], planned.examples, split.training, seed, device=search.device
        )
        storage = Storage(checkpoints, f"{name}.{number}", f"{key}.{json.dumps(asdict(settings[number]))}")
        taken = 0

        def looked(steps: int, _: float) -> None:
            nonlocal taken
            if finished is not None:
                finished(steps - taken)
            taken = steps

        state = train_validated(
            trial, validation, planned.looks, search.recipe.measure, storage=storage, finished=looked
        )
        looked(planned.looks[-1], 0.0)  # what was stored already, or is not used because the network diverged
        return state

    with ThreadPoolExecutor(search.threads, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        found = enumerate(threads.map(train, range(len(settings))))
        states = {number: state for number, state in found if state is not None}
    if not states:
        raise InputError("every network diverged", remedy="check the labels, or choose another architecture")
    chosen = sorted(states, key=lambda number: -states[number].rating)[: search.ensemble_size]
    return Searched(_mean_of([states[number].stack for number in chosen], name), settings, states, chosen)


def _key(planned: PlannedSearch) -> str:
    """The digest of everything but the setting on which a network depends."""
    search, examples, split = planned.search, planned.examples, planned.split
    facts = [METHOD, search.config, search.recipe, planned.seed, search.device.partition(":")[0]]
    digest = hashlib.sha256(repr(facts).encode())
    for array in (examples.codes, examples.labels, split.training, split.validation):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _mean_of(stacks: Sequence[NetworkStack[Any]], name: str) -> NetworkStack[Any]:
    """A model whose score is the mean of the outputs of several networks of one configuration."""
    arrays = {array: np.concatenate([stack.arrays[array] for stack in stacks]) for array in stacks[0].arrays}
    return type(stacks[0])(replace(stacks[0].config, members=len(stacks)), (name,), arrays)
