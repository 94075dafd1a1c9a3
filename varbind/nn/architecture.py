"""Architectures of networks: how their networks are built and trained, in one explicit dictionary.

A bank stores networks as a configuration and a typed stack of arrays (`varbind.bank.model_card.STACK_TYPES`), so that
reading a bank needs no network. This module adds the torch module of a network and the distributions of its
hyper-parameters. `varbind.scoring.ensemble.KERNELS` names the architectures that have a kernel; the others are scored
by their torch modules. Torch is imported by the first call of `build`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from varbind.core.deepbind import DeepBindConfig
from varbind.core.deepgmap import DeepGmapConfig
from varbind.core.koo import KooConfig
from varbind.core.zeng import ZengConfig
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

    from varbind.core.deepbind import DeepBindStack
    from varbind.core.network_stack import NetworkStack

__all__ = ["ARCHITECTURES", "Architecture", "Choice", "Distribution", "LogUniform", "SearchSpace", "SquareRoot"]


class Distribution(Protocol):
    """The distribution of a hyper-parameter in a random search."""

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a random value."""


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Numbers between two bounds, whose logarithms are distributed uniformly."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """See `Distribution`."""
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


@dataclass(frozen=True, slots=True)
class SquareRoot:
    """Numbers between two bounds that are distributed as the square root of a uniform number, more at the upper end."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """See `Distribution`."""
        return self.low + (self.high - self.low) * float(np.sqrt(rng.uniform()))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, each with the same probability; a value that is listed twice has twice the probability."""

    values: tuple[float, ...]

    def draw(self, rng: np.random.Generator) -> float:
        """See `Distribution`."""
        value: float = rng.choice(list(self.values)).item()
        return value


SearchSpace: TypeAlias = "Mapping[str, Distribution]"
"""The hyper-parameters of an architecture by name, in the order in which they are drawn."""

_NETWORK = "the reference network"
"""What needs torch."""

_OF_DEEPBIND: SearchSpace = {
    "detector_decay": LogUniform(1e-15, 1e-3),
    "network_decay": LogUniform(1e-10, 1e-3),
    "dropout": Choice((0.0, 0.0, 0.25, 0.5)),
    "hidden": Choice((0, 32)),
    "mean_pooling": Choice((False, True)),
}


class Architecture(Protocol):
    """What varbind needs to know of an architecture to compute and to train its networks."""

    @property
    def search_spaces(self) -> Mapping[str, SearchSpace]:
        """The distributions of the hyper-parameters by the name of the optimizer that networks are trained with.

        A training may replace some of them by others.
        """

    def build(self, stack: Any, row: int) -> torch.nn.Module:
        """Build one network in double precision; it is the reference for all faster ways of computing.

        Args:
            stack: a stack of the architecture's own class.
            row: the index of the network among the K networks of the stack.

        Returns:
            A module from one-hot bases (B, 4, L), with `unknown_base` of the configuration for N, to the outputs
            (B, T) of one strand.
        """


class DeepBindArchitecture:
    """DeepBind (2015, supplementary section 3), which was trained with Nesterov's method.

    For Adam the initial weights are larger, the range of rates is narrower, and the momentum is not used.
    """

    search_spaces: Mapping[str, SearchSpace] = {
        "nesterov": {
            "rate": LogUniform(5e-4, 5e-2),
            "momentum": SquareRoot(0.95, 0.99),
            "detector_scale": LogUniform(1e-7, 1e-3),
            "network_scale": LogUniform(1e-5, 1e-2),
            **_OF_DEEPBIND,
        },
        "adam": {
            "rate": LogUniform(5e-4, 1e-2),
            "momentum": Choice((0.9,)),
            "detector_scale": LogUniform(1e-3, 1e-1),
            "network_scale": LogUniform(1e-3, 1e-1),
            **_OF_DEEPBIND,
        },
    }

    def build(self, stack: DeepBindStack, row: int) -> torch.nn.Module:
        """See `Architecture`."""
        deepbind = optional_import("varbind.nn.deepbind", needed_for=_NETWORK)
        network: torch.nn.Module = deepbind.DeepBind(stack, row)
        return network


@dataclass(frozen=True)
class TorchArchitecture:
    """An architecture whose module takes the configuration, and whose arrays have the names of its parameters.

    Attributes:
        network: builds a network of a configuration.
        search_spaces: see `Architecture`.
    """

    network: Callable[[Any], torch.nn.Module]
    search_spaces: Mapping[str, SearchSpace]

    def build(self, stack: NetworkStack[Any], row: int) -> torch.nn.Module:
        """See `Architecture`."""
        network = self.network(stack.config).double()
        own = network.state_dict()
        # The arrays lack the number of batches that a normalisation has seen, which is not used.
        state = {name: own[name].new_tensor(array[row]) for name, array in stack.arrays.items()}
        network.load_state_dict({**own, **state})
        return network


def _deepgmap(config: DeepGmapConfig) -> torch.nn.Module:
    network: torch.nn.Module = optional_import("varbind.nn.deepgmap", needed_for=_NETWORK).DeepGmap(config)
    return network


def _koo(config: KooConfig) -> torch.nn.Module:
    network: torch.nn.Module = optional_import("varbind.nn.koo", needed_for=_NETWORK).Koo(config)
    return network


def _zeng(config: ZengConfig) -> torch.nn.Module:
    network: torch.nn.Module = optional_import("varbind.nn.zeng", needed_for=_NETWORK).Zeng(config)
    return network


_ADADELTA: SearchSpace = {
    "momentum": Choice((0.9, 0.99, 0.999)),
    "epsilon": Choice((1e-4, 1e-6, 1e-8)),
    "dropout": Choice((0.75, 0.5, 0.1)),
}

ARCHITECTURES: dict[str, Architecture] = {
    DeepBindConfig.architecture: DeepBindArchitecture(),
    DeepGmapConfig.architecture: TorchArchitecture(_deepgmap, {"adam": {}, "rmsprop": {}}),
    KooConfig.architecture: TorchArchitecture(_koo, {"adam": {}}),
    ZengConfig.architecture: TorchArchitecture(_zeng, {"adadelta": _ADADELTA}),
}
"""All architectures by name."""
