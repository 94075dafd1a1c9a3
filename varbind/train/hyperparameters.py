"""The hyper-parameters of a training, drawn from the search space of the architecture."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from varbind.core.deepbind import DeepBindConfig
from varbind.nn.architecture import ARCHITECTURES, Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

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

        Args:
            rng: the source of random numbers.
            optimizer: the algorithm, which decides on the distributions (`DeepBindArchitecture.search_space`).
            hidden: the numbers of hidden units that are tried.
            mean_pooling: whether networks without and with mean pooling are tried.
        """
        space = {
            **ARCHITECTURES[DeepBindConfig.architecture].search_space(optimizer),
            "hidden": Choice(tuple(hidden)),
            "mean_pooling": Choice(tuple(mean_pooling)),
        }
        drawn: dict[str, Any] = {name: distribution.draw(rng) for name, distribution in space.items()}
        return cls(optimizer=optimizer, **drawn)

    def as_dict(self) -> dict[str, str | float]:
        """For a log."""
        return {**asdict(self), "optimizer": str(self.optimizer)}
