"""Networks as plain arrays: the parameters of DeepBind models, stacked where their configurations are equal.

Stacks of one configuration are what is stored in a bank and what the ensemble scores in one go. The arithmetic
lives in `varbind.nn`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["WINDOW_MAX", "DeepBindConfig", "DeepBindStack"]

WINDOW_MAX = 10_000
"""Bases; no array of a network tells its window, so nothing else would bound it."""


@dataclass(frozen=True, slots=True, order=True)
class DeepBindConfig:
    """What decides whether two DeepBind networks can be stacked.

    Attributes:
        window: bases around an SNV that the model is annotated on.
        detector_len: m, positions of a detector.
        detectors: D, number of detectors.
        mean_pooling: whether the mean over positions is pooled beside the maximum.
        hidden: H, hidden units; 0 = the score is linear in the pooled values.
        double_stranded: whether both strands are scored and the larger score taken.
        members: N, networks whose mean is the model's score, each with the numbers above.

    Raises:
        ValueError: a number is below 1, that of hidden units below 0, or the window above `WINDOW_MAX`.
    """

    window: int
    detector_len: int
    detectors: int
    mean_pooling: bool
    hidden: int
    double_stranded: bool
    members: int = 1

    def __post_init__(self) -> None:
        sizes = (self.window, self.detector_len, self.detectors, self.members)
        if min(sizes) < 1 or self.hidden < 0 or self.window > WINDOW_MAX:
            raise ValueError(f"a network cannot have the shape {self.name}")

    @property
    def strands(self) -> int:
        """S, strands that are scored."""
        return 2 if self.double_stranded else 1

    @property
    def pooled(self) -> int:
        """P, pooled values a sequence."""
        return self.detectors * (2 if self.mean_pooling else 1)

    @property
    def name(self) -> str:
        """A name for files, unique to the configuration."""
        pool = "maxmean" if self.mean_pooling else "max"
        strands = "ds" if self.double_stranded else "ss"
        group = f"-x{self.members}" if self.members > 1 else ""
        return f"w{self.window}-m{self.detector_len}-d{self.detectors}-{pool}-h{self.hidden}-{strands}{group}"

    def apart_ids(self, model_id: str) -> list[str]:
        """Ids of the members as models of their own: of one its own, of several with a number behind it."""
        return [model_id] if self.members == 1 else [f"{model_id}.{number}" for number in range(1, self.members + 1)]


@dataclass(frozen=True, slots=True)
class DeepBindStack:
    """Models of one configuration (DeepBind 2015, supplementary section 1.1), float32.

    Of M models of N members there are K = M N networks, those of a model one after the other. Most models are one
    network.

    Attributes:
        config: the configuration they share.
        model_ids: the M ids.
        detectors: (K, m, 4, D), bases in the order A C G T.
        thresholds: (K, D), added before the rectifier.
        weights1: (K, P, max(H, 1)); pooled values stand as max0, mean0, max1, ... with mean pooling.
        biases1: (K, max(H, 1)).
        weights2: (K, H); empty when H = 0.
        biases2: (K,); zero when H = 0.
    """

    config: DeepBindConfig
    model_ids: tuple[str, ...]
    detectors: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    weights1: NDArray[np.float32]
    biases1: NDArray[np.float32]
    weights2: NDArray[np.float32]
    biases2: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name, expected in self.expected_shapes(self.config, len(self.model_ids)).items():
            array = getattr(self, name)
            if array.shape != expected or array.dtype != np.float32:
                raise ResourceError(
                    f"{name} of {self.config.name} is {array.dtype} {array.shape}, expected float32 {expected}"
                )
            if not np.isfinite(array).all():
                raise ResourceError(f"{name} of {self.config.name} holds a value that is not a finite number")

    @staticmethod
    def expected_shapes(config: DeepBindConfig, count: int) -> dict[str, tuple[int, ...]]:
        """The array shapes that `count` models of one configuration must have."""
        outputs, networks = max(config.hidden, 1), count * config.members
        return {
            "detectors": (networks, config.detector_len, 4, config.detectors),
            "thresholds": (networks, config.detectors),
            "weights1": (networks, config.pooled, outputs),
            "biases1": (networks, outputs),
            "weights2": (networks, config.hidden),
            "biases2": (networks,),
        }

    @classmethod
    def array_names(cls) -> tuple[str, ...]:
        """Names of the array fields."""
        return tuple(f.name for f in fields(cls) if f.name not in {"config", "model_ids"})

    def take(self, rows: Sequence[int]) -> DeepBindStack:
        """Some of the models, in the order asked for."""
        members = self.config.members
        networks = [row * members + member for row in rows for member in range(members)]
        arrays = {name: getattr(self, name)[networks] for name in self.array_names()}
        return DeepBindStack(self.config, tuple(self.model_ids[row] for row in rows), **arrays)

    def apart(self) -> DeepBindStack:
        """Every network as a model of its own; of several members with a number behind the id."""
        if self.config.members == 1:
            return self
        ids = tuple(own for model_id in self.model_ids for own in self.config.apart_ids(model_id))
        return replace(self, config=replace(self.config, members=1), model_ids=ids)

    def single_stranded(self) -> DeepBindStack:
        """The same networks reading one strand only."""
        return replace(self, config=replace(self.config, double_stranded=False))

    @classmethod
    def mean_of(cls, stacks: Sequence[DeepBindStack]) -> DeepBindStack:
        """Models whose members are those of several stacks.

        Args:
            stacks: of equally many models, of one configuration but for mean pooling. The first ones give their ids.

        Raises:
            ResourceError: their configurations differ.
        """
        if len(stacks) == 1:
            return stacks[0]
        mean_pooling = any(stack.config.mean_pooling for stack in stacks)
        parts = [stack.with_mean_pooling() if mean_pooling else stack for stack in stacks]
        (config, *others) = {stack.config for stack in parts}
        if others:
            raise ResourceError(f"no mean of {', '.join(sorted(stack.config.name for stack in stacks))}")
        count, joined = len(stacks[0].model_ids), replace(config, members=len(stacks) * config.members)
        sizes = cls.expected_shapes(joined, count)
        by_model = {
            name: np.stack([getattr(part, name).reshape(count, config.members, *size[1:]) for part in parts], axis=1)
            for name, size in sizes.items()
        }
        arrays = {name: array.reshape(sizes[name]) for name, array in by_model.items()}
        return cls(joined, stacks[0].model_ids, **arrays)

    def with_mean_pooling(self) -> DeepBindStack:
        """The same networks with mean pooling, where need be with weights 0 for the means."""
        if self.config.mean_pooling:
            return self
        weights1 = np.stack([self.weights1, np.zeros_like(self.weights1)], axis=2)  # (K, D, 2, max(H, 1))
        interleaved = weights1.reshape(len(weights1), -1, weights1.shape[-1])
        return replace(self, config=replace(self.config, mean_pooling=True), weights1=interleaved)

    @classmethod
    def concatenate(cls, stacks: Sequence[DeepBindStack]) -> DeepBindStack:
        """One stack of all networks of several stacks of one configuration."""
        arrays = {n: np.concatenate([getattr(stack, n) for stack in stacks]) for n in cls.array_names()}
        ids = tuple(model_id for stack in stacks for model_id in stack.model_ids)
        return cls(stacks[0].config, ids, **arrays)

    @classmethod
    def by_config(cls, stacks: Sequence[DeepBindStack]) -> list[DeepBindStack]:
        """One stack per configuration, in the order in which the configurations first occur."""
        configs = dict.fromkeys(stack.config for stack in stacks)
        return [cls.concatenate([stack for stack in stacks if stack.config == config]) for config in configs]
