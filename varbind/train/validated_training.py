"""Training with a validation set: of all states of a network that are looked at, the best one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from varbind.core.network_stack import NetworkStack
    from varbind.train.network_trial import LabelledSequences, NetworkTrial

__all__ = ["Validated", "mean_cross_entropy", "train_validated"]


@dataclass(frozen=True, slots=True)
class Validated:
    """The best state of a network.

    Attributes:
        stack: the network.
        steps: the number of mini-batches that it was trained on.
        losses: the validation loss after each number of mini-batches.
    """

    stack: NetworkStack[Any]
    steps: int
    losses: dict[int, float]


def mean_cross_entropy(trial: NetworkTrial, examples: LabelledSequences) -> float:
    """The mean binary cross-entropy of all known labels, in double precision; log(1 + e^-x) without overflow."""
    outputs, known = trial.outputs(examples.codes).astype(np.float64), examples.labels >= 0
    signs = np.where(examples.labels > 0, -1.0, 1.0)
    return float(np.logaddexp(0, signs * outputs)[known].mean())


def train_validated(
    trial: NetworkTrial,
    validation: LabelledSequences,
    checkpoints: Iterable[int],
    *,
    loss: Callable[[NetworkTrial, LabelledSequences], float] = mean_cross_entropy,
    finished: Callable[[int, float], None] | None = None,
) -> Validated:
    """Train a network, and keep the state with the lowest validation loss.

    Args:
        trial: the network, which has not been trained yet.
        validation: the sequences that choose the state.
        checkpoints: the ascending numbers of mini-batches after which the network is looked at.
        loss: what is compared.
        finished: called with the number of mini-batches and the validation loss after each look.
    """
    losses: dict[int, float] = {}
    best: Validated | None = None
    for steps in checkpoints:
        trial.advance(steps - trial.steps)
        losses[steps] = loss(trial, validation)
        if best is None or losses[steps] < losses[best.steps]:
            best = Validated(trial.stack("network"), steps, losses)
        if finished is not None:
            finished(steps, losses[steps])
    assert best is not None
    return best
