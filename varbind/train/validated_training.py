"""Training with a validation set: of all states of a network that are looked at, the best one is kept.

What a training needs to go on is stored from time to time, so that hours of work survive a stop.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.train.metrics import average_precision
from varbind.train.recipes import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkStack
    from varbind.datasets.labelled_sequences import LabelledSequences
    from varbind.train.checkpoints import Checkpoints
    from varbind.train.network_trial import NetworkTrial

__all__ = ["Storage", "Validated", "rate", "train_validated"]

SECONDS_BETWEEN_STORES = 60


@dataclass(frozen=True, slots=True)
class Validated:
    """The best state of a network.

    Attributes:
        stack: the network.
        steps: the number of mini-batches that it was trained on.
        ratings: the rating on the validation sequences after each number of mini-batches.
    """

    stack: NetworkStack[Any]
    steps: int
    ratings: dict[int, float]

    @property
    def rating(self) -> float:
        """The rating of the best state."""
        return self.ratings[self.steps]


@dataclass(frozen=True, slots=True)
class Storage:
    """Where an unfinished training is stored.

    Attributes:
        checkpoints: the folder.
        name: the name of the training.
        key: the digest of everything on which the network depends.
    """

    checkpoints: Checkpoints
    name: str
    key: str


def rate(outputs: NDArray[np.float32], examples: LabelledSequences, measure: Measure) -> float:
    """Rate the outputs (N, T) of a network for labelled sequences; larger is better."""
    known, bound = examples.labels >= 0, examples.labels > 0
    values = outputs.astype(np.float64)
    if measure is Measure.LOG_LIKELIHOOD:  # log(1 + e^-x) without overflow
        return -float(np.logaddexp(0, np.where(bound, -values, values))[known].mean())
    if measure is Measure.ACCURACY:
        return float(((values > 0) == bound)[known].mean())
    areas = [average_precision(bound[rows, task], values[rows, task]) for task, rows in enumerate(known.T)]
    return float(np.mean([area for area in areas if area is not None]))


def train_validated(
    trial: NetworkTrial,
    validation: LabelledSequences,
    checkpoints: Sequence[int],
    measure: Measure,
    *,
    storage: Storage | None = None,
    finished: Callable[[int, float], None] | None = None,
) -> Validated | None:
    """Train a network, and keep the state that is best on the validation sequences.

    Args:
        trial: the network, which has not been trained yet.
        validation: the sequences that choose the state.
        checkpoints: the ascending numbers of mini-batches after which the network is looked at.
        measure: what is compared.
        storage: where the training is stored, and from where it goes on; None = it is not stored.
        finished: called with the number of mini-batches and the rating after each look.

    Returns:
        The best state; None if the network diverged before the first look.
    """
    course = _Course.stored(storage, trial) if storage else _Course({}, {})
    last = time.monotonic()
    for steps in checkpoints:
        if steps in course.ratings:
            continue
        trial.advance(steps - trial.steps)
        if trial.has_diverged:
            break
        course.look(trial, rate(trial.outputs(validation.codes), validation, measure))
        if storage and time.monotonic() - last > SECONDS_BETWEEN_STORES:
            course.store(storage, trial)
            last = time.monotonic()
        if finished is not None:
            finished(steps, course.ratings[steps])
    if storage:
        course.store(storage, None)
    return course.result(trial)


@dataclass(slots=True)
class _Course:
    """The ratings so far, and the arrays of the best state."""

    ratings: dict[int, float]
    best: Mapping[str, NDArray[np.float32]]

    @classmethod
    def stored(cls, storage: Storage, trial: NetworkTrial) -> _Course:
        """The course that was stored, to whose end the trial is moved; a new one if there is none."""

        def restore(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float32]]) -> _Course:
            parts: dict[str, dict[str, NDArray[np.float32]]] = {"best": {}, "now": {}}
            for name, array in arrays.items():
                part, _, own = name.partition("/")
                parts[part][own] = array
            if parts["now"]:
                trial.restore(facts["steps"], parts["now"])
            return cls({int(steps): rating for steps, rating in facts["ratings"].items()}, parts["best"])

        return storage.checkpoints.read(storage.name, storage.key, restore) or cls({}, {})

    def store(self, storage: Storage, trial: NetworkTrial | None) -> None:
        """Store the course and the state of the trial; None = the training is over, and the best state is enough."""
        arrays = {f"best/{name}": array for name, array in self.best.items()}
        if trial is not None:
            arrays |= {f"now/{name}": array for name, array in trial.state().items()}
        facts = {"steps": trial.steps if trial else None, "ratings": self.ratings}
        storage.checkpoints.write(storage.name, storage.key, facts, arrays)

    @property
    def best_steps(self) -> int:
        """The number of mini-batches of the best state, the first one of equal ones."""
        return max(self.ratings, key=lambda steps: self.ratings[steps])

    def look(self, trial: NetworkTrial, rating: float) -> None:
        """Note the rating of the state of a trial, and keep the state if it is the best one."""
        self.ratings[trial.steps] = rating
        if self.best_steps == trial.steps:
            self.best = trial.stack("network").arrays

    def result(self, trial: NetworkTrial) -> Validated | None:
        """The best state; None if there is none."""
        if not self.ratings:
            return None
        return Validated(trial.stack_of(self.best, "network"), self.best_steps, self.ratings)
