"""The networks that Onimaru et al. (2018, DeepGMAP) compare, among them those that scan both strands (FRSS).

The arithmetic is in `varbind.nn.deepgmap` and `varbind.nn.frss`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from varbind.core.convolution import Convolution, ConvolutionalConfig
from varbind.core.network_stack import WINDOW_MAX, NetworkStack, strands_and_members

__all__ = ["DeepGmapConfig", "DeepGmapStack", "deepgmap_networks"]

GATES = 4
SCANNED = 2
"""The number of convolutions of a forward- and reverse-sequence scan."""


@dataclass(frozen=True, slots=True, order=True)
class DeepGmapConfig(ConvolutionalConfig):
    """The configuration of a network of Onimaru et al. (2018, Table 1).

    Attributes:
        input_length: the number of bases that the network reads.
        convolutions: the convolutions, without zeros around the positions.
        hidden: the number of hidden units of each dense layer.
        outputs: T, the number of tasks.
        scans_both: whether the first two convolutions are a forward- and reverse-sequence scan.
        drops_rest: whether positions at the end that do not fill a pool are left out.
        recurrent: the number of units of the recurrent layer in each direction; 0 = there is none.
        double_stranded: whether the score is the mean over both strands; the paper reads one.
        members: N, the number of networks whose mean is the score of the model.

    Raises:
        ValueError: a number is too small, the input is longer than `WINDOW_MAX`, no position is left, pools have a
            stride of their own, or a scan has less than two convolutions.
    """

    architecture: ClassVar[str] = "deepgmap"

    hidden: tuple[int, ...]
    outputs: int
    scans_both: bool = False
    drops_rest: bool = False
    recurrent: int = 0
    double_stranded: bool = False
    members: int = 1

    def __post_init__(self) -> None:
        pools = [convolution.pool for convolution in self.convolutions]
        sizes = (self.input_length, len(pools), *pools, len(self.hidden), *self.hidden, self.outputs, self.members)
        is_short = len(pools) < SCANNED * self.scans_both
        has_strides = any(convolution.stride for convolution in self.convolutions)
        if min(sizes) < 1 or self.recurrent < 0 or is_short or has_strides or self.window > WINDOW_MAX:
            raise ValueError(f"a network cannot have the configuration {self.name}")
        if self.positions < 1:
            raise ValueError(f"no position is left of the input of {self.name}")

    @property
    def name(self) -> str:
        """See `varbind.core.network_stack.NetworkConfig`."""
        kind = f"{'-frss' * self.scans_both}{'-whole' * self.drops_rest}"
        dense = "-".join(f"h{units}" for units in self.hidden)
        recurrent = f"-r{self.recurrent}" if self.recurrent else ""
        sizes = f"i{self.input_length}{kind}-{self.layers}{recurrent}-{dense}-t{self.outputs}"
        return f"deepgmap-{sizes}-{strands_and_members(self)}"

    @property
    def plain_convolutions(self) -> dict[int, Convolution]:
        """The convolutions that read one strand, by their numbers from 1."""
        return dict(list(enumerate(self.convolutions, 1))[SCANNED * self.scans_both :])

    @property
    def positions(self) -> int:
        """The number of positions after the last pooling."""
        positions = self.input_length
        for convolution in self.convolutions:
            positions = convolution.maxima(positions - convolution.width + 1, drops_rest=self.drops_rest)
        return positions

    @property
    def features(self) -> int:
        """The number of values at each position that the first dense layer reads."""
        return 2 * self.recurrent or self.convolutions[-1].kernels

    def array_shapes(self, count: int) -> dict[str, tuple[int, ...]]:
        """See `varbind.core.network_stack.NetworkConfig`; both strands of a scan share their kernels."""
        shapes: dict[str, tuple[int, ...]] = {}
        channels = 4
        for number, convolution in enumerate(self.convolutions, 1):
            scan = "" if number in self.plain_convolutions else "frss."
            shapes[f"{scan}conv{number}.weight"] = convolution.weights(channels)
            channels = convolution.kernels
        if self.recurrent:
            shapes |= _lstm_shapes(channels, self.recurrent)
        inputs = self.features * self.positions
        for number, units in enumerate(self.hidden, 1):
            shapes |= {f"hidden{number}.weight": (units, inputs), f"hidden{number}.bias": (units,)}
            inputs = units
        shapes |= {"output.weight": (self.outputs, inputs), "output.bias": (self.outputs,)}
        return {name: (count * self.members, *shape) for name, shape in shapes.items()}


def _lstm_shapes(inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of a long short-term memory in both directions, as torch names them."""
    rows = GATES * units
    shapes = {"weight_ih": (rows, inputs), "weight_hh": (rows, units), "bias_ih": (rows,), "bias_hh": (rows,)}
    return {f"lstm.{name}_l0{way}": shape for way in ("", "_reverse") for name, shape in shapes.items()}


class DeepGmapStack(NetworkStack[DeepGmapConfig]):
    """Networks of Onimaru et al. (2018) of one configuration."""

    config_type = DeepGmapConfig


def deepgmap_networks(*, input_length: int = 1_000, outputs: int = 3) -> dict[str, DeepGmapConfig]:
    """The configurations of the eight networks of Table 1 of the paper by name.

    DeepSEA, Basset and DanQ are those of other papers as Onimaru et al. trained them. The sizes, which the paper leaves
    to its Supplementary Table 1, are those of the authors' program. `DanQ block` of Table 1 is not among them, because
    it is another implementation of DanQ.

    Args:
        input_length: the number of bases that they read; 1,000 in the paper.
        outputs: the number of tasks; three in the paper's Table 1.
    """

    def network(*convolutions: tuple[int, int, int], hidden: tuple[int, ...] = (925,)) -> DeepGmapConfig:
        layers = tuple(Convolution(*sizes) for sizes in convolutions)
        return DeepGmapConfig(input_length, layers, hidden, outputs)

    conv4 = network((320, 9, 2), (480, 9, 2), (480, 7, 2), (480, 8, 4))
    conv4_frss = replace(conv4, scans_both=True)
    wider = network((320, 7, 2), (560, 12, 2), (560, 8, 2), (560, 7, 4))
    danq_frss = replace(network((320, 13, 2), (320, 13, 6)), scans_both=True, drops_rest=True, recurrent=320)
    return {
        "deepsea": network((320, 8, 4), (480, 8, 4), (960, 8, 1)),
        "basset": network((300, 19, 3), (200, 11, 4), (200, 7, 4), hidden=(1_000, 1_000)),
        "danq": replace(network((320, 26, 13)), recurrent=320),
        "conv4": conv4,
        "conv3-frss": replace(conv4_frss, convolutions=conv4.convolutions[:3]),
        "conv4-frss": conv4_frss,
        "conv4-frss+": replace(wider, scans_both=True),
        "danq-frss": danq_frss,
    }
