"""The hyper-parameters of a training, and the ranges from which automatic calibration draws them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Optimizer", "Setting"]


class Optimizer(StrEnum):
    """How a step follows from the slopes.

    `NESTEROV` is what DeepBind was trained with. Few of its settings learn within thousands of steps, because
    detectors start near zero; with `ADAM` nearly all do, within hundreds.
    """

    ADAM = "adam"
    NESTEROV = "nesterov"


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of the search.

    Attributes:
        optimizer: the algorithm that turns gradients into steps.
        rate: learning rate.
        momentum: of Nesterov's rule; Adam has its own.
        detector_scale: standard deviation of the detectors at the start.
        network_scale: of the weights behind the pooled values.
        detector_decay: weight decay of the detectors.
        network_decay: of the weights behind the pooled values.
        dropout: probability that a pooled value is left out of a step.
        hidden: units of the hidden layer; 0 = the score is linear in the pooled values.
        mean_pooling: whether the mean over positions is pooled beside the maximum.
    """

    optimizer: Optimizer
    rate: float
    momentum: float
    detector_scale: float
    network_scale: float
    detector_decay: float
    network_decay: float
    dropout: float
    hidden: int
    mean_pooling: bool

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        *,
        optimizer: Optimizer = Optimizer.ADAM,
        hidden: Sequence[int] = (0, 32),
        mean_pooling: Sequence[bool] = (False,),
    ) -> Setting:
        """A random setting.

        By Nesterov's rule from the distributions of DeepBind (2015, supplementary section 3): log-uniform, but for
        momentum (square root) and choices. By Adam with larger starts and a narrower rate.
        """
        slow = optimizer is Optimizer.NESTEROV

        def log_uniform(low: float, high: float) -> float:
            return float(np.exp(rng.uniform(np.log(low), np.log(high))))

        return cls(
            optimizer=optimizer,
            rate=log_uniform(5e-4, 5e-2 if slow else 1e-2),
            momentum=0.95 + (0.99 - 0.95) * float(np.sqrt(rng.uniform())) if slow else 0.9,
            detector_scale=log_uniform(1e-7, 1e-3) if slow else log_uniform(1e-3, 1e-1),
            network_scale=log_uniform(1e-5, 1e-2) if slow else log_uniform(1e-3, 1e-1),
            detector_decay=log_uniform(1e-15, 1e-3),
            network_decay=log_uniform(1e-10, 1e-3),
            dropout=float(rng.choice([0.0, 0.0, 0.25, 0.5])),
            hidden=int(rng.choice(list(hidden))),
            mean_pooling=bool(rng.choice(list(mean_pooling))),
        )

    def as_dict(self) -> dict[str, str | float]:
        """For a log."""
        return {**asdict(self), "optimizer": str(self.optimizer)}
