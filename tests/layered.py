"""A network with two convolutions and a dense layer, with planted motifs, as a plug-in would add it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from oracles import bank_card, model_card

from varbind.bank.bank import Bank
from varbind.bank.model_card import STACK_TYPES
from varbind.core.network_stack import NetworkStack
from varbind.nn.architecture import ARCHITECTURES

NAME = "layered"
HALF = 4
MOTIFS = ("CCACAAAC", "GGTGTTTG")
"""Of two halves each. They share no letter, because a letter that both outputs like makes neither the larger one."""


@dataclass(frozen=True, order=True)
class LayeredConfig:
    """Numbers of kernels, and what every configuration states."""

    architecture: ClassVar[str] = NAME
    unknown_base: ClassVar[float] = 0.25
    mean_of_strands: ClassVar[bool] = False

    window: int
    halves: int
    wholes: int
    outputs: int
    double_stranded: bool = False
    members: int = 1
    input_length: int = 0

    @property
    def name(self):
        numbers = f"{self.halves}-{self.wholes}-{self.outputs}-{self.double_stranded}"
        return f"{NAME}-w{self.window}-{numbers}-x{self.members}-i{self.input_length}"

    def array_shapes(self, count):
        networks = count * self.members
        return {
            "halves": (networks, self.halves, 4, HALF),
            "wholes": (networks, self.wholes, self.halves, HALF + 1),
            "dense": (networks, self.outputs, self.wholes),
            "biases": (networks, self.outputs),
        }


class LayeredStack(NetworkStack[LayeredConfig]):
    config_type = LayeredConfig


class Layered(torch.nn.Module):
    """Rectified convolutions, the maximum over positions, and a dense layer."""

    def __init__(self, stack, row):
        super().__init__()
        shape = stack.config
        self.halves = torch.nn.Conv1d(4, shape.halves, HALF, bias=False)
        self.wholes = torch.nn.Conv1d(shape.halves, shape.wholes, HALF + 1, bias=False)
        self.dense = torch.nn.Linear(shape.wholes, shape.outputs)
        weights = {name: torch.tensor(array[row]) for name, array in stack.arrays.items()}
        state = {f"{name}.weight": weights[name] for name in ("halves", "wholes", "dense")}
        self.load_state_dict({**state, "dense.bias": weights["biases"]})

    def forward(self, bases):
        pooled = torch.relu(self.wholes(torch.relu(self.halves(bases)))).amax(dim=2)
        return self.dense(pooled)


class LayeredArchitecture:
    search_spaces: ClassVar = {}

    def build(self, stack, row):
        return Layered(stack, row)


def register(monkeypatch):
    """Add the architecture for one test."""
    monkeypatch.setitem(STACK_TYPES, NAME, LayeredStack)
    monkeypatch.setitem(ARCHITECTURES, NAME, LayeredArchitecture())


def _bank(config, arrays):
    stack = LayeredStack(config, ("N",), {name: array.astype(np.float32) for name, array in arrays.items()})
    models = tuple(
        model_card(f"M{output}", config=config, network="N", output=output) for output in range(config.outputs)
    )
    return Bank((bank_card(models),), models, (stack,), background=None)


def planted_bank(*, seed=0, noise=0.02, bias=-4, spare=2, **changes):
    """One network with a path for each motif (two half kernels, one whole kernel, one output) among spare ones.

    Kernel 2 i and 2 i + 1 of the first layer read the halves of motif i, kernel i of the second layer both, and output
    i that kernel. All other weights are noise, which is not negative in the dense layer: no output can be lowered.
    """
    rng, count = np.random.default_rng(seed), len(MOTIFS)
    sizes = {"window": 20, "halves": 2 * count + spare, "wholes": count + spare, "outputs": count + 1}
    config = LayeredConfig(**{**sizes, **changes})
    arrays = {name: rng.normal(0, noise, size) for name, size in config.array_shapes(1).items()}
    arrays["dense"] = np.abs(arrays["dense"])
    arrays["biases"][:] = bias
    for number, motif in enumerate(MOTIFS):
        for half in (0, 1):
            letters = ["ACGT".index(base) for base in motif[half * HALF : (half + 1) * HALF]]
            arrays["halves"][:, 2 * number + half] -= 0.1
            arrays["halves"][:, 2 * number + half, letters, range(HALF)] += 1.1
            arrays["wholes"][:, number, 2 * number + half, half * HALF] += 1
        arrays["dense"][:, number, number] += 1
    return _bank(config, arrays)


def random_bank(rng, **changes):
    """One network with random weights and two outputs."""
    config = LayeredConfig(**{"window": 15, "halves": 3, "wholes": 4, "outputs": 2, **changes})
    return _bank(config, {name: rng.normal(0, 0.5, size) for name, size in config.array_shapes(1).items()})


def slow_outputs(stack, bases):
    """The outputs for any numbers (4, L), by loops: the larger of both strands, in the mean over networks."""
    strands = [bases, bases[::-1, ::-1]] if stack.config.double_stranded else [bases]
    members = range(stack.config.members)
    return np.mean([np.max([_strand(stack, k, strand) for strand in strands], axis=0) for k in members], axis=0)


def _strand(stack, row, bases):
    arrays = {name: array[row].astype(np.float64) for name, array in stack.arrays.items()}
    first = _rectified(arrays["halves"], bases)
    pooled = _rectified(arrays["wholes"], first).max(axis=1)
    return [
        sum(w * p for w, p in zip(weights, pooled, strict=True)) + bias
        for weights, bias in zip(arrays["dense"], arrays["biases"], strict=True)
    ]


def _rectified(kernels, rows):
    width = kernels.shape[2]
    places = range(rows.shape[1] - width + 1)
    return np.array([[max(float((k * rows[:, at : at + width]).sum()), 0.0) for at in places] for k in kernels])
