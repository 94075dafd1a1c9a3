"""Networks of one configuration as plain arrays, for any architecture.

A bank stores stacks, and the ensemble scores each stack in one pass. The arithmetic is in `varbind.nn` and
`varbind.kernels`. Stacks belong to this package and not to the banks, because the kernels, which may import only this
package, read the stacks of their architecture, such as `varbind.core.deepbind.DeepBindStack`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["WINDOW_MAX", "NetworkConfig", "NetworkOutput", "NetworkStack", "strands_and_members"]

WINDOW_MAX = 10_000
"""The largest window in bases. It limits the memory, because the sizes of arrays need not depend on the window."""


NetworkOutput: TypeAlias = tuple[str, int]
"""The score of a model: the id of its network, and the index of the output."""


class NetworkConfig(Protocol):
    """The configuration of a network: a frozen, ordered dataclass of numbers, flags and words.

    Networks with the same configuration can be stacked.

    Attributes:
        architecture: the name of the architecture, which a card states.
        unknown_base: what a network reads as each of the four bases where the base is N.
        mean_of_strands: whether the score of a double-stranded network is the mean over both strands, and not the
            larger one.
    """

    architecture: ClassVar[str]
    unknown_base: ClassVar[float]
    mean_of_strands: ClassVar[bool]

    @property
    def name(self) -> str:
        """A name of the configuration for files, which is unique among all architectures."""

    @property
    def window(self) -> int:
        """The number of bases around an SNV that are cut for the networks; see `input_length`."""

    @property
    def input_length(self) -> int:
        """The fixed length of the input, whose window is `varbind.core.window.window_of_input`; 0 = any length."""

    @property
    def outputs(self) -> int:
        """T, the number of outputs (tasks) of a network, each of which can be a model."""

    @property
    def members(self) -> int:
        """N, the number of networks whose mean is the score."""

    @property
    def double_stranded(self) -> bool:
        """Whether both strands are scored; see `mean_of_strands`."""

    def array_shapes(self, count: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays of `count` x N networks, by name; the first axis is that of the networks."""


def strands_and_members(config: NetworkConfig) -> str:
    """The end of the name of a configuration: ds or ss for both strands or one, and -xN for the mean of N networks."""
    return f"{'ds' if config.double_stranded else 'ss'}{f'-x{config.members}' if config.members > 1 else ''}"


Config = TypeVar("Config", bound=NetworkConfig)


@dataclass(frozen=True)
class NetworkStack(Generic[Config]):
    """M ensembles of N networks of one configuration, float32. Most ensembles are one network.

    Attributes:
        config_type: the class of the configuration, by which a card is read; it is set by the class of an architecture.
        config: the configuration of the networks.
        model_ids: the M ids. If a network has one output, its id is that of the model.
        arrays: the arrays by name. Their first axis is K = M N; the networks of an ensemble are adjacent.

    Raises:
        ResourceError: an array is missing, has another shape or type, or has a value that is not a finite number.
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
        """All outputs of all ensembles, in the order of their scores."""
        return [(model_id, output) for model_id in self.model_ids for output in range(self.config.outputs)]

    def take(self, rows: Sequence[int]) -> Self:
        """The ensembles with these indices, in this order."""
        members = self.config.members
        networks = [row * members + member for row in rows for member in range(members)]
        arrays = {name: array[networks] for name, array in self.arrays.items()}
        return replace(self, model_ids=tuple(self.model_ids[row] for row in rows), arrays=arrays)

    @classmethod
    def concatenate(cls, stacks: Sequence[Self]) -> Self:
        """One stack with all networks of several stacks, which have the same configuration."""
        names = stacks[0].arrays
        arrays = {name: np.concatenate([stack.arrays[name] for stack in stacks]) for name in names}
        ids = tuple(model_id for stack in stacks for model_id in stack.model_ids)
        return replace(stacks[0], model_ids=ids, arrays=arrays)

    @classmethod
    def by_config(cls, stacks: Sequence[Self]) -> list[Self]:
        """One stack per configuration, in the order in which the configurations first occur."""
        configs = dict.fromkeys(stack.config for stack in stacks)
        return [cls.concatenate([stack for stack in stacks if stack.config == config]) for config in configs]
