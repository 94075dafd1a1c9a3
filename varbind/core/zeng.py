"""The networks of Zeng et al. (2016), which vary the kernels, the depth and the pooling of one basic network.

The arithmetic is in `varbind.nn.zeng`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from varbind.core.convolution import Convolution, ConvolutionalConfig
from varbind.core.network_stack import WINDOW_MAX, NetworkStack, strands_and_members

__all__ = ["ZengConfig", "ZengStack", "zeng_networks"]

LOGITS = 2
WIDTH = 24
"""The width of all kernels. The paper states that of the first layer; that of the deeper ones is our choice."""

BETWEEN = 2
"""The width of the pools between two convolutions, of which the paper only says that they are local: our choice."""


@dataclass(frozen=True, slots=True, order=True)
class ZengConfig(ConvolutionalConfig):
    """The configuration of a network of Zeng et al. (2016, section 2.1).

    Attributes:
        input_length: the number of bases that the network reads.
        convolutions: the convolutions, each with half the width of its kernels in zeros on both sides of the positions.
        hidden: the number of hidden units.
        double_stranded: whether the score is the mean over both strands; the paper reads one.
        members: N, the number of networks whose mean is the score of the model.

    Raises:
        ValueError: a number is below 1, the input is longer than `WINDOW_MAX`, pools have a stride of their own, or
            there is a pool over all positions before the last one.
    """

    architecture: ClassVar[str] = "zeng"
    outputs: ClassVar[int] = 1

    hidden: int
    double_stranded: bool = False
    members: int = 1

    def __post_init__(self) -> None:
        sizes = (self.input_length, len(self.convolutions), self.hidden, self.members)
        has_strides = any(convolution.stride for convolution in self.convolutions)
        is_global_early = any(convolution.pool == 0 for convolution in self.convolutions[:-1])
        if min(sizes) < 1 or self.window > WINDOW_MAX or has_strides or is_global_early:
            raise ValueError(f"a network cannot have the configuration {self.name}")

    @property
    def name(self) -> str:
        """See `varbind.core.network_stack.NetworkConfig`."""
        return f"zeng-i{self.input_length}-{self.layers}-h{self.hidden}-{strands_and_members(self)}"

    @property
    def positions(self) -> int:
        """The number of positions after the last pooling; kernels of even width add one position."""
        positions = self.input_length
        for convolution in self.convolutions:
            positions = convolution.maxima(positions + (convolution.width % 2 == 0))
        return positions

    def array_shapes(self, count: int) -> dict[str, tuple[int, ...]]:
        """See `varbind.core.network_stack.NetworkConfig`."""
        shapes: dict[str, tuple[int, ...]] = {}
        channels = 4
        for number, convolution in enumerate(self.convolutions, 1):
            shapes[f"conv{number}.weight"] = convolution.weights(channels)
            shapes[f"conv{number}.bias"] = (convolution.kernels,)
            channels = convolution.kernels
        shapes |= {"hidden.weight": (self.hidden, channels * self.positions), "hidden.bias": (self.hidden,)}
        shapes |= {"output.weight": (LOGITS, self.hidden), "output.bias": (LOGITS,)}
        return {name: (count * self.members, *shape) for name, shape in shapes.items()}


class ZengStack(NetworkStack[ZengConfig]):
    """Networks of Zeng et al. (2016) of one configuration."""

    config_type = ZengConfig


def zeng_networks(*, input_length: int = 101) -> dict[str, ZengConfig]:
    """The configurations of the ten networks of Table 1 of the paper by name.

    The names are those of the table, without `1layer_` in front of what is changed and with hyphens. Pools do not
    overlap, and the last one of a sequence may be shorter.

    Args:
        input_length: the number of bases that they read; 101 in the paper.
    """

    def network(*kernels: int, pool: int = 0) -> ZengConfig:
        between = [Convolution(number, WIDTH, BETWEEN) for number in kernels[:-1]]
        return ZengConfig(input_length, (*between, Convolution(kernels[-1], WIDTH, pool)), 32)

    networks = {"1layer": network(16)}
    networks |= {f"{kernels}motif": network(kernels) for kernels in (1, 64, 128)}
    networks |= {f"local-win{pool}": network(16, pool=pool) for pool in (9, 3)}
    networks |= {"2layer": network(16, 32), "3layer": network(16, 32, 64)}
    deep = {"2layer-local-win3": network(16, 32, pool=3), "3layer-local-win3": network(16, 32, 64, pool=3)}
    return {**networks, **deep}
