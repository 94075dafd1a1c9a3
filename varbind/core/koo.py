"""The networks of Koo and Eddy (2019), in which the sizes of pools decide whether first kernels learn whole motifs.

The arithmetic is in `varbind.nn.koo`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from varbind.core.convolution import Convolution, ConvolutionalConfig
from varbind.core.network_stack import WINDOW_MAX, NetworkStack, strands_and_members

__all__ = ["KooConfig", "KooStack", "koo_networks"]

SECOND_KERNELS = 128


@dataclass(frozen=True, slots=True, order=True)
class KooConfig(ConvolutionalConfig):
    """The configuration of a network of Koo and Eddy (2019, Methods, "CNN models").

    Attributes:
        input_length: the number of bases that the network reads.
        convolutions: the convolutions, each with zeros around it so that it keeps the number of positions.
        hidden: the number of hidden units.
        outputs: T, the number of tasks.
        double_stranded: whether the score is the mean over both strands; the paper reads one.
        members: N, the number of networks whose mean is the score of the model.

    Raises:
        ValueError: a number is below 1, the width of a kernel is even, the input is longer than `WINDOW_MAX`, or pools
            that overlap do not reach as far to the left of their positions as to the right.
    """

    architecture: ClassVar[str] = "koo"

    hidden: int
    outputs: int
    double_stranded: bool = False
    members: int = 1

    def __post_init__(self) -> None:
        pools = [convolution.pool for convolution in self.convolutions]
        sizes = (self.input_length, len(pools), *pools, self.hidden, self.outputs, self.members)
        is_even = any(convolution.width % 2 == 0 for convolution in self.convolutions)
        overlaps = [convolution.pool - convolution.step for convolution in self.convolutions]
        is_askew = min(overlaps, default=0) < 0 or any(overlap % 2 for overlap in overlaps)
        if min(sizes) < 1 or self.window > WINDOW_MAX or is_even or is_askew or self.positions < 1:
            raise ValueError(f"a network cannot have the configuration {self.name}")

    @property
    def name(self) -> str:
        """See `varbind.core.network_stack.NetworkConfig`."""
        return f"koo-i{self.input_length}-{self.layers}-h{self.hidden}-t{self.outputs}-{strands_and_members(self)}"

    @property
    def positions(self) -> int:
        """The number of positions after the last pooling."""
        positions = self.input_length
        for convolution in self.convolutions:
            positions = convolution.maxima(positions, drops_rest=True)
        return positions

    def array_shapes(self, count: int) -> dict[str, tuple[int, ...]]:
        """See `varbind.core.network_stack.NetworkConfig`; running means and variances are not trained."""
        shapes: dict[str, tuple[int, ...]] = {}
        channels = 4
        for number, convolution in enumerate(self.convolutions, 1):
            shapes[f"conv{number}.weight"] = convolution.weights(channels)
            shapes |= _normalisation(f"norm{number}", convolution.kernels)
            channels = convolution.kernels
        shapes["hidden.weight"] = (self.hidden, channels * self.positions)
        shapes |= _normalisation("hidden_norm", self.hidden)
        shapes |= {"output.weight": (self.outputs, self.hidden), "output.bias": (self.outputs,)}
        return {name: (count * self.members, *shape) for name, shape in shapes.items()}


def _normalisation(name: str, size: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of a batch normalisation."""
    return {f"{name}.{array}": (size,) for array in ("weight", "bias", "running_mean", "running_var")}


class KooStack(NetworkStack[KooConfig]):
    """Networks of Koo and Eddy (2019) of one configuration."""

    config_type = KooConfig


def koo_networks(*, input_length: int = 200, outputs: int = 12) -> dict[str, KooConfig]:
    """The configurations of the seventeen networks of the paper by name.

    They are the sixteen rows of Table 1 and CNN-1-1-100 ("Distributed representations build whole motif
    representations in deeper layers"). A number in front of the hyphen is the width of the first kernels where it is
    not 19, and a number in brackets in the paper, that of the first kernels, follows the last hyphen.

    Args:
        input_length: the number of bases that they read; 200 in the paper, and 1,000 for sequences of a genome.
        outputs: the number of tasks.
    """

    def network(pool: int, *, kernels: int = 30, width: int = 19, stride: int = 0, second_width: int = 5) -> KooConfig:
        first = Convolution(kernels, width, pool, stride)
        second = Convolution(SECOND_KERNELS, second_width, 100 // first.step)
        return KooConfig(input_length, (first, second), 512, outputs)

    networks = {f"cnn-{pool}": network(pool) for pool in (1, 2, 4, 10, 25, 50, 100)}
    networks |= {f"cnn9-{pool}": network(pool, width=9) for pool in (4, 25)}
    networks |= {f"cnn3-{pool}": network(pool, width=3) for pool in (50, 2)}
    networks |= {"cnn-50-2": network(50, stride=2), "cnn19-1-2": network(2, second_width=1)}
    networks |= {f"cnn-25-{kernels}": network(25, kernels=kernels) for kernels in (60, 90, 120)}
    one, second = networks["cnn-1"].convolutions
    deep = (one, Convolution(SECOND_KERNELS, 5), second)
    return {**networks, "cnn-1-1-100": replace(networks["cnn-1"], convolutions=deep)}
