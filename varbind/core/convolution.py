"""The sizes of convolutions with pooling, and what the configurations of the networks that are made of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from varbind.core.window import window_of_input

__all__ = ["Convolution", "ConvolutionalConfig"]


@dataclass(frozen=True, slots=True, order=True)
class Convolution:
    """One convolution over the positions and the maximum pooling after it.

    Attributes:
        kernels: the number of kernels.
        width: the number of positions that a kernel reads.
        pool: the number of positions over which the maximum is taken; 0 = all positions.
        stride: the number of positions between two maxima; 0 = `pool`.

    Raises:
        ValueError: a number of kernels or a width is below 1, or another number is below 0.
    """

    kernels: int
    width: int
    pool: int = 1
    stride: int = 0

    def __post_init__(self) -> None:
        if min(self.kernels, self.width) < 1 or min(self.pool, self.stride) < 0:
            raise ValueError(f"a convolution cannot have the sizes {self.name}")

    @property
    def name(self) -> str:
        """A short name of the sizes, such as 30x19p25."""
        stride = f"s{self.stride}" if self.stride else ""
        return f"{self.kernels}x{self.width}p{self.pool}{stride}"

    @property
    def step(self) -> int:
        """The number of positions between two maxima."""
        return self.stride or self.pool

    def maxima(self, positions: int, *, drops_rest: bool = False) -> int:
        """The number of maxima over some positions.

        Args:
            positions: the number of positions.
            drops_rest: whether positions at the end that do not fill a pool are left out; pools with a stride of their
                own have a maximum for each stride, as if zeros lay around the positions.
        """
        if self.pool == 0:
            return 1
        if self.stride:
            return -(-positions // self.stride)
        return positions // self.pool if drops_rest else -(-positions // self.pool)

    def weights(self, channels: int) -> tuple[int, int, int, int]:
        """The shape of the kernels, (kernels, channels, 1, width): positions are the last axis of a flat picture."""
        return (self.kernels, channels, 1, self.width)


@dataclass(frozen=True, slots=True, order=True)
class ConvolutionalConfig:
    """The part that all configurations of networks of convolutions over an input of fixed length share.

    Attributes:
        input_length: the number of bases that the network reads.
        convolutions: the convolutions, from the first to the last.
    """

    unknown_base: ClassVar[float] = 0.0
    mean_of_strands: ClassVar[bool] = True

    input_length: int
    convolutions: tuple[Convolution, ...]

    @property
    def window(self) -> int:
        """See `varbind.core.network_stack.NetworkConfig`."""
        return window_of_input(self.input_length)

    @property
    def layers(self) -> str:
        """The sizes of the convolutions, for the name of the configuration."""
        return "-".join(convolution.name for convolution in self.convolutions)
