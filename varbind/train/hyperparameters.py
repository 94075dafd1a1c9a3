"""The hyper-parameters of a DeepBind network, and the settings of the search for the best of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from varbind.core.deepbind import DeepBindConfig
from varbind.nn.architecture import ARCHITECTURES, Choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

__all__ = ["Calibration", "Optimizer", "Penalty", "Search", "Setting"]


class Optimizer(StrEnum):
    """The algorithm that turns gradients into steps.

    DeepBind was trained with `NESTEROV` momentum. With it, few settings learn anything within thousands of steps,
    because detectors start near zero; with `ADAM` nearly all do, within hundreds.
    """

    ADAM = "adam"
    NESTEROV = "nesterov"


class Penalty(StrEnum):
    """What weight decay adds to the loss, times a coefficient.

    `L1` is the sum of absolute values, as in the objective of DeepBind (2015, Online Methods); its gradient is the
    sign, which is 0 at 0. `L2` is half the sum of squares, whose gradient is the parameter itself.
    """

    L1 = "l1"
    L2 = "l2"

    @property
    def norm(self) -> int:
        """The norm of the parameters, 1 or 2."""
        return int(self[1:])


class Search(StrEnum):
    """Which settings are trained on after a checkpoint: with `RANDOM` all of them, with `HALVING` the better half."""

    RANDOM = "random"
    HALVING = "halving"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of every hyper-parameter.

    Attributes:
        optimizer: The algorithm that turns gradients into steps.
        rate: The learning rate.
        momentum: The Nesterov momentum; Adam has constants of its own.
        detector_scale: The standard deviation of the initial detectors.
        network_scale: The standard deviation of the initial weights after the pooling.
        detector_decay: The weight decay of the detectors.
        network_decay: The weight decay of the weights after the pooling.
        dropout: The probability that a pooled value is dropped in a step.
        hidden: The number of hidden units; 0 = the score is linear in the pooled values.
        mean_pooling: Whether the mean over positions is pooled as well as the maximum.
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
        """Draw a random setting.

        Args:
            rng: The random numbers.
            optimizer: The optimizer, which decides on the distributions (`DeepBindArchitecture.search_spaces`).
            hidden: The numbers of hidden units to choose from.
            mean_pooling: The kinds of pooling to choose from.
        """
        space = {
            **ARCHITECTURES[DeepBindConfig.architecture].search_spaces[optimizer],
            "hidden": Choice(tuple(hidden)),
            "mean_pooling": Choice(tuple(mean_pooling)),
        }
        drawn: dict[str, Any] = {name: distribution.draw(rng) for name, distribution in space.items()}
        return cls(optimizer=optimizer, **drawn)

    def as_dict(self) -> dict[str, str | float]:
        """Return the values by name, for tables, model cards and checkpoints."""
        return {**asdict(self), "optimizer": str(self.optimizer)}


@dataclass(frozen=True, slots=True)
class Calibration:
    """The settings of a hyper-parameter search, and the parts of the network that it does not change.

    Attributes:
        trials: The number of random settings that are tried.
        folds: The number of folds of the cross-validation.
        checkpoints: The numbers of training steps after which the settings are rated.
        search: Which settings are trained on after a checkpoint.
        optimizer: The algorithm that turns gradients into steps.
        ensemble_size: The number of best settings that are trained on all data in the end; the model is the mean of
            their networks.
        detectors: The number of detectors.
        detector_len: The number of bases of a detector.
        window: The number of bases that the network reads around an SNV.
        double_stranded: Whether both strands are scored.
        penalty: What weight decay adds to the loss.
    """

    trials: int = 30
    folds: int = 3
    checkpoints: tuple[int, ...] = (250, 500, 1_000, 2_000)
    search: Search = Search.HALVING
    optimizer: Optimizer = Optimizer.ADAM
    ensemble_size: int = 3
    detectors: int = 16
    detector_len: int = 24
    window: int = 31
    double_stranded: bool = True
    penalty: Penalty = Penalty.L2

    @classmethod
    def as_published(cls, *, double_stranded: bool = True) -> Self:
        """Return the search of DeepBind (2015, supplementary section 3), with the objective of its Online Methods.

        All settings are trained for 20,000 steps with L1 weight decay, and the model is the network of the best one.
        """
        return cls(
            checkpoints=(4_000, 8_000, 12_000, 16_000, 20_000),
            search=Search.RANDOM,
            optimizer=Optimizer.NESTEROV,
            ensemble_size=1,
            double_stranded=double_stranded,
            penalty=Penalty.L1,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the values by name, for model cards and the keys of checkpoints, where a missing penalty is `L2`."""
        values = {**asdict(self), "checkpoints": list(self.checkpoints)}
        if self.penalty is Penalty.L2:
            del values["penalty"]
        return values

    def draw(self, rng: np.random.Generator, *, is_classification: bool) -> Setting:
        """Draw a random setting.

        The networks of one model must have one configuration. So there is no hidden layer if the model is the mean of
        several networks; a network without mean pooling is one whose weights of the means are 0. Means are pooled for
        measured values only, as in DeepBind (2015).
        """
        return Setting.draw(
            rng,
            optimizer=self.optimizer,
            hidden=(0, 32) if self.ensemble_size == 1 else (0,),
            mean_pooling=(False,) if is_classification else (False, True),
        )

    def config(self, setting: Setting) -> DeepBindConfig:
        """Return the configuration of the network of a setting."""
        return DeepBindConfig(
            window=self.window,
            detector_len=self.detector_len,
            detectors=self.detectors,
            mean_pooling=setting.mean_pooling,
            hidden=setting.hidden,
            double_stranded=self.double_stranded,
        )

    def rounds(self) -> Iterator[tuple[int, int, int]]:
        """Yield, for each checkpoint, the number of settings that reach it, its steps, and the new ones among them."""
        settings, taken = self.trials, 0
        for steps in self.checkpoints:
            yield settings, steps, steps - taken
            taken = steps
            if self.search is Search.HALVING:
                settings = max(1, -(-settings // 2))
