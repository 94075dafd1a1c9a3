"""DeepBind networks as plain arrays: their configuration, and stacks with one attribute per array.

The arithmetic is in `varbind.nn.deepbind` and, fast, in `varbind.kernels`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from varbind.core.network_stack import WINDOW_MAX, NetworkStack, strands_and_members
from varbind.errors import ResourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["DeepBindConfig", "DeepBindStack", "deepbind_stacks"]


@dataclass(frozen=True, slots=True, order=True)
class DeepBindConfig:
    """The configuration of DeepBind networks; networks with the same configuration can be stacked.

    Attributes:
        window: the number of bases around an SNV that annotation scores.
        detector_len: m, the number of positions of a detector.
        detectors: D, the number of detectors.
        mean_pooling: whether the mean over positions is pooled in addition to the maximum.
        hidden: H, the number of hidden units; 0 = the score is linear in the pooled values.
        double_stranded: whether both strands are scored and the larger score is used.
        members: N, the number of networks whose mean is the score of the model.

    Raises:
        ValueError: a number is below 1, `hidden` is below 0, or the window is above `WINDOW_MAX`.
    """

    architecture: ClassVar[str] = "deepbind"
    unknown_base: ClassVar[float] = 0.25
    mean_of_strands: ClassVar[bool] = False
    outputs: ClassVar[int] = 1
    input_length: ClassVar[int] = 0

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
            raise ValueError(f"a network cannot have the configuration {self.name}")

    @property
    def strands(self) -> int:
        """S, the number of strands that are scored."""
        return 2 if self.double_stranded else 1

    @property
    def pooled(self) -> int:
        """P, the number of pooled values per sequence."""
        return self.detectors * (2 if self.mean_pooling else 1)

    @property
    def name(self) -> str:
        """A name of the configuration for files, which is unique."""
        pool = "maxmean" if self.mean_pooling else "max"
        sizes = f"w{self.window}-m{self.detector_len}-d{self.detectors}-{pool}-h{self.hidden}"
        return f"{sizes}-{strands_and_members(self)}"

    def member_ids(self, model_id: str) -> list[str]:
        """The ids of the members as separate models: the id itself for one member, else the id with a number."""
        return [model_id] if self.members == 1 else [f"{model_id}.{number}" for number in range(1, self.members + 1)]

    def array_shapes(self, count: int) -> dict[str, tuple[int, ...]]:
        """The shapes that the arrays of `count` models must have."""
        outputs, networks = max(self.hidden, 1), count * self.members
        return {
            "detectors": (networks, self.detector_len, 4, self.detectors),
            "thresholds": (networks, self.detectors),
            "weights1": (networks, self.pooled, outputs),
            "biases1": (networks, outputs),
            "weights2": (networks, self.hidden),
            "biases2": (networks,),
        }


class DeepBindStack(NetworkStack[DeepBindConfig]):
    """DeepBind networks of one configuration (DeepBind 2015, supplementary section 1.1), float32."""

    config_type = DeepBindConfig

    @property
    def detectors(self) -> NDArray[np.float32]:
        """The detectors, (K, m, 4, D), with the bases in the order A C G T."""
        return self.arrays["detectors"]

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """The thresholds, (K, D), which are added before the rectifier."""
        return self.arrays["thresholds"]

    @property
    def weights1(self) -> NDArray[np.float32]:
        """The weights of the first layer, (K, P, max(H, 1)); with mean pooling P is ordered max0, mean0, max1, ..."""
        return self.arrays["weights1"]

    @property
    def biases1(self) -> NDArray[np.float32]:
        """The biases of the first layer, (K, max(H, 1))."""
        return self.arrays["biases1"]

    @property
    def weights2(self) -> NDArray[np.float32]:
        """The weights of the second layer, (K, H); empty if H = 0."""
        return self.arrays["weights2"]

    @property
    def biases2(self) -> NDArray[np.float32]:
        """The biases of the second layer, (K,); zero if H = 0."""
        return self.arrays["biases2"]

    def unstack(self) -> DeepBindStack:
        """The same networks, each as a separate model; the ids of members are numbered."""
        if self.config.members == 1:
            return self
        ids = tuple(own for model_id in self.model_ids for own in self.config.member_ids(model_id))
        return DeepBindStack(replace(self.config, members=1), ids, self.arrays)

    def single_stranded(self) -> DeepBindStack:
        """The same networks, which score one strand only."""
        return DeepBindStack(replace(self.config, double_stranded=False), self.model_ids, self.arrays)

    @classmethod
    def mean_of(cls, stacks: Sequence[DeepBindStack]) -> DeepBindStack:
        """Models whose members are the members of several stacks.

        Args:
            stacks: stacks with the same number of models, whose configurations may differ in mean pooling only. The
                ids are those of the first stack.

        Raises:
            ResourceError: the configurations differ.
        """
        if len(stacks) == 1:
            return stacks[0]
        mean_pooling = any(stack.config.mean_pooling for stack in stacks)
        parts = [stack.with_mean_pooling() if mean_pooling else stack for stack in stacks]
        (config, *others) = {stack.config for stack in parts}
        if others:
            raise ResourceError(f"no mean of {', '.join(sorted(stack.config.name for stack in stacks))}")
        count, joined = len(stacks[0].model_ids), replace(config, members=len(stacks) * config.members)
        sizes = joined.array_shapes(count)
        by_model = {
            name: np.stack([part.arrays[name].reshape(count, config.members, *size[1:]) for part in parts], axis=1)
            for name, size in sizes.items()
        }
        arrays = {name: array.reshape(sizes[name]) for name, array in by_model.items()}
        return cls(joined, stacks[0].model_ids, arrays)

    def with_mean_pooling(self) -> DeepBindStack:
        """The same networks with mean pooling; added means have the weight 0."""
        if self.config.mean_pooling:
            return self
        weights1 = np.stack([self.weights1, np.zeros_like(self.weights1)], axis=2)  # (K, D, 2, max(H, 1))
        interleaved = weights1.reshape(len(weights1), -1, weights1.shape[-1])
        config = replace(self.config, mean_pooling=True)
        return DeepBindStack(config, self.model_ids, {**self.arrays, "weights1": interleaved})


def deepbind_stacks(stacks: Iterable[NetworkStack[Any]], *, needed_for: str) -> list[DeepBindStack]:
    """The stacks, all of which must be DeepBind networks.

    Raises:
        UsageError: a stack has another architecture.
    """
    found = []
    for stack in stacks:
        if not isinstance(stack, DeepBindStack):
            what = f"{needed_for} needs DeepBind networks; {stack.model_ids[0]} is a network of another architecture"
            raise UsageError(what, remedy="choose other models")
        found.append(stack)
    return found
