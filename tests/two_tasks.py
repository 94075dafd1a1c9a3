"""A small second architecture: two layers and two outputs, without a kernel, as a plug-in would add it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from oracles import bank_card, model_card

from varbind.bank.bank import Bank
from varbind.bank.model_card import STACK_TYPES
from varbind.core.network_stack import NetworkStack
from varbind.nn.architecture import ARCHITECTURES, Choice, LogUniform

NAME = "two-tasks"


@dataclass(frozen=True, order=True)
class TwoTasksConfig:
    """Width of the first layer, and what every configuration states."""

    architecture: ClassVar[str] = NAME
    unknown_base: ClassVar[float] = 0.25
    mean_of_strands: ClassVar[bool] = False
    outputs: ClassVar[int] = 2

    window: int
    width: int
    double_stranded: bool = True
    members: int = 1
    input_length: int = 0

    @property
    def name(self):
        return f"{NAME}-w{self.window}-{self.width}-{self.double_stranded}-x{self.members}-i{self.input_length}"

    def array_shapes(self, count):
        networks = count * self.members
        return {"filters": (networks, self.width, 4, 3), "weights": (networks, self.width, self.outputs)}


class TwoTasksStack(NetworkStack[TwoTasksConfig]):
    config_type = TwoTasksConfig


class TwoTasks(torch.nn.Module):
    """A convolution, the mean of its rectified outputs, and one linear layer for both tasks."""

    def __init__(self, stack, row):
        super().__init__()
        self.filters, self.weights = (
            torch.nn.Parameter(torch.tensor(stack.arrays[name][row])) for name in ("filters", "weights")
        )

    def forward(self, one_hot):
        return torch.relu(torch.nn.functional.conv1d(one_hot, self.filters)).mean(dim=2) @ self.weights


class TwoTasksArchitecture:
    search_spaces: ClassVar = {"adam": {"rate": LogUniform(1e-3, 1e-2), "width": Choice((4, 8))}}

    def build(self, stack, row):
        return TwoTasks(stack, row)


def register(monkeypatch):
    """Add the architecture for one test."""
    monkeypatch.setitem(STACK_TYPES, NAME, TwoTasksStack)
    monkeypatch.setitem(ARCHITECTURES, NAME, TwoTasksArchitecture())


def random_networks(rng, config, *ids):
    shapes = config.array_shapes(len(ids))
    return TwoTasksStack(config, ids, {name: rng.normal(size=size).astype(np.float32) for name, size in shapes.items()})


def two_tasks_bank(rng, *, window=9, members=1):
    """Three networks; both outputs of the first and one of each other one are models."""
    config = TwoTasksConfig(window, 5, members=members)
    stack = random_networks(rng, config, "N0", "N1", "N2")
    models = (
        model_card("B1", config=config, network="N0", output=1),
        model_card("C", config=config, network="N1", output=1),
        model_card("B0", config=config, network="N0", output=0),
        model_card("N2", config=config),
    )
    return Bank((bank_card(models),), models, (stack,), background=None)


def slow_score(stack, row, output, codes):
    """One output of one ensemble for one sequence, position by position."""
    strands = [codes, [3 - base if base < 4 else 4 for base in codes[::-1]]]
    members = range(row * stack.config.members, (row + 1) * stack.config.members)
    return float(np.mean([max(_strand(stack, k, s)[output] for s in strands) for k in members]))


def _strand(stack, network, codes):
    columns = np.vstack([np.eye(4), np.full((1, 4), 0.25)])[list(codes)].T
    filters, weights = (stack.arrays[name][network].astype(float) for name in ("filters", "weights"))
    outputs = [(filters * columns[:, at : at + 3]).sum(axis=(1, 2)) for at in range(columns.shape[1] - 2)]
    return np.maximum(outputs, 0).mean(axis=0) @ weights
