"""Networks of one configuration as plain arrays, whatever their architecture.

A bank stores stacks, and the ensemble scores each stack in one pass. A stack knows nothing of the arithmetic, which
lives in `varbind.nn` and `varbind.kernels`. It stands in this package, and not with the banks, because the kernels
read typed stacks of their own architecture, such as `varbind.core.deepbind.DeepBindStack`, and may import nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["WINDOW_MAX", "NetworkConfig", "NetworkOutput", "NetworkStack"]

WINDOW_MAX = 10_000
"""Bases; the arrays of a network need not show its window, so nothing else would bound it."""


NetworkOutput: TypeAlias = tuple[str, int]
"""What the score of a model is: the id of its network, and which output of it."""


class NetworkConfig(Protocol):
    """What decides whether two networks can be stacked: a frozen, ordered dataclass of numbers, flags and words.

    Attributes:
        architecture: name of the architecture, by which a card finds the class again.
    """

    architecture: ClassVar[str]

    @property
    def name(self) -> str:
        """A name for files, unique to the configuration among all architectures."""

    @property
    def window(self) -> int:
        """Bases around an SNV that are cut for the networks; see `input_length`."""

    @property
    def input_length(self) -> int:
        """Bases of an input of fixed length, whose window is `varbind.core.window.window_of_input`; 0 = any length."""

    @property
    def outputs(self) -> int:
        """T, the outputs (tasks) of a network, each of which can be a model."""

    @property
    def members(self) -> int:
        """N, networks whose mean is the score."""

    @property
    def double_stranded(self) -> bool:
        """Whether both strands are scored and the larger score is taken."""

    def array_shapes(self, count: int) -> dict[str, tuple[int, ...]]:
        """By name, the shapes of the arrays of `count` x N networks; their first axis counts the networks."""


Config = TypeVar("Config", bound=NetworkConfig)


@dataclass(frozen=True)
class NetworkStack(Generic[Config]):
    """M ensembles of N networks of one configuration, float32. Most ensembles are one network.

    Attributes:
        config_type: class of the configuration, by which a card is read; each architecture derives a class that has it.
        config: the configuration they share.
        model_ids: the M ids. Where a network has one output, this is the id of the model.
        arrays: by name, first axis K = M N; the networks of an ensemble stand one after the other.

    Raises:
        ResourceError: an array is missing, is of another shape or type, or holds a value that is not a finite number.
    """

    config_type: ClassVar[type[NetworkConfig]]
    config: Config
    model_ids: tuple[str, ...]
    arrays: Mapping[str, NDArray[np.float32]]

    def __post_init__(self) -> None:
        shapes = self.config.array_shapes(len(self.model_ids))
        if shapes.keys() != self.arrays.keys():
            different = sorted(shapes.keys() ^ self.arrays.keys())
            raise ResourceError(f"arrays {different} of {self.config.name} are missing or too many")
        for name, expected in shapes.items():
            array = self.arrays[name]
            if array.shape != expected or array.dtype != np.float32:
                raise ResourceError(
                    f"{name} of {self.config.name} is {array.dtype} {array.shape}, expected float32 {expected}"
                )
            if not np.isfinite(array).all():
                raise ResourceError(f"{name} of {self.config.name} holds a value that is not a finite number")

    @property
    def outputs(self) -> list[NetworkOutput]:
        """Every output of every ensemble, in the order of their scores."""
        return [(model_id, output) for model_id in self.model_ids for output in range(self.config.outputs)]

    def take(self, rows: Sequence[int]) -> Self:
        """Some of the ensembles, in the order asked for."""
        members = self.config.members
        networks = [row * members + member for row in rows for member in range(members)]
        arrays = {name: array[networks] for name, array in self.arrays.items()}
        return replace(self, model_ids=tuple(self.model_ids[row] for row in rows), arrays=arrays)

    @classmethod
    def concatenate(cls, stacks: Sequence[Self]) -> Self:
        """One stack of all networks of several stacks of one configuration."""
        names = stacks[0].arrays
        arrays = {name: np.concatenate([stack.arrays[name] for stack in stacks]) for name in names}
        ids = tuple(model_id for stack in stacks for model_id in stack.model_ids)
        return replace(stacks[0], model_ids=ids, arrays=arrays)

    @classmethod
    def by_config(cls, stacks: Sequence[Self]) -> list[Self]:
        """One stack per configuration, in the order in which the configurations first occur."""
        configs = dict.fromkeys(stack.config for stack in stacks)
        return [cls.concatenate([stack for stack in stacks if stack.config == config]) for config in configs]
