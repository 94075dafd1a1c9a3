"""Activation maximisation (DeepGMAP 2018, Methods): the input that a network finds most typical of an output.

The input is not a sequence but any 4 x L numbers, which gradient ascent changes until the outputs hardly grow. The
largest number of each position then names a base. The result depends on the random start, so that several are used.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES, decode
from varbind.errors import UsageError
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.sequence import Codes
else:
    torch = optional_import("torch", needed_for="activation maximisation")

__all__ = [
    "CODE",
    "PAPER",
    "ActivationMaximisation",
    "MaximisationRule",
    "MaximisedInput",
    "Objective",
    "maximise_activation",
]

START_MEAN = 0.02
"""The mean of the random numbers of the start (paper and code)."""


class Objective(StrEnum):
    """What is maximised; y are the outputs of the network after the sigmoid, and X is the input.

    - `class`: y[i] / (sum of y[k] over all other outputs k) - penalty ||X||^2, for an output i.
    - `common`: the product of all y - penalty ||X||^2.
    """

    CLASS = "class"
    COMMON = "common"


@dataclass(frozen=True, slots=True)
class MaximisationRule:
    """How the input is found; the defaults are those of `PAPER`.

    Attributes:
        deviation: the standard deviation of the random numbers of the start.
        truncated: whether numbers of the start beyond two standard deviations are drawn again.
        penalty: the weight of ||X||^2.
        ratio_to_all: whether the sum below y[i] has all outputs, y[i] included, and 1e-6.
        rate: the rate of Adam.
        gain_min: the least gain of the objective over `gain_steps` steps; with less, the ascent has converged.
        gain_steps: see `gain_min`.
        steps_min: the number of steps before which the gain is not looked at.
        steps_max: the largest number of steps.
    """

    deviation: float = 0.02
    truncated: bool = False
    penalty: float = 5e-3
    ratio_to_all: bool = False
    rate: float = 1e-3
    gain_min: float = 1e-7
    gain_steps: int = 500
    steps_min: int = 0
    steps_max: int = 100_000


PAPER = MaximisationRule()
"""The objectives, the penalty and the start of the paper. It does not state the rate of Adam nor when the ascent ends;
both are those of the authors' code, but for the 20,000 steps before which that code does not end."""

CODE = MaximisationRule(deviation=0.01, truncated=True, penalty=5e-4, ratio_to_all=True, steps_min=20_000)
"""The authors' code, koonimaru/DeepGMAP on GitHub, post_train_tools/activation_maximization.py. It has no `common`."""


@dataclass(frozen=True, slots=True)
class MaximisedInput:
    """What one random start led to.

    Attributes:
        seed: the seed of the start.
        bases: the input, float64 (L, 4), columns A, C, G, T.
        outputs: the T outputs of the network for it, before the sigmoid.
        objective: the value of the objective.
        steps: the number of steps.
        converged: whether the gain became small before the largest number of steps was reached.
    """

    seed: int
    bases: NDArray[np.float64]
    outputs: NDArray[np.float64]
    objective: float
    steps: int
    converged: bool

    @property
    def codes(self) -> Codes:
        """The base with the largest number at each position, as base codes (L,)."""
        codes: Codes = self.bases.argmax(axis=1).astype(np.uint8)
        return codes

    @property
    def sequence(self) -> str:
        """The same as letters; where no base matters, the letter is that of noise."""
        return decode(self.codes)

    @property
    def one_hot(self) -> NDArray[np.float64]:
        """The same as the shares of the bases of a logo, float64 (L, 4): 1 for the base and 0 for the others."""
        shares: NDArray[np.float64] = np.eye(len(BASES))[self.codes]
        return shares


@dataclass(frozen=True, slots=True)
class ActivationMaximisation:
    """The inputs that several random starts led to.

    Attributes:
        inputs: one for each seed, in the order of the seeds.
    """

    inputs: tuple[MaximisedInput, ...]


def maximise_activation(
    bank: Bank,
    *,
    model_id: str,
    objective: Objective = Objective.CLASS,
    length: int | None = None,
    seeds: Sequence[int] = range(5),
    rule: MaximisationRule = PAPER,
) -> ActivationMaximisation:
    """Find the inputs that maximise an output of a network, or all of them, from several random starts.

    Double-stranded networks give the larger output of both strands, so that a motif can come out in either orientation.

    Args:
        bank: the bank that holds the model, which may have any architecture.
        model_id: the id of the model, whose output is the class of the objective `class`. The objective `common` reads
            all outputs of its network, whichever is named.
        objective: what is maximised.
        length: L, the number of positions; None = the length of the network's input if it is fixed, else its window.
        seeds: the seeds of the random starts.
        rule: `PAPER`, `CODE` or own settings.

    Raises:
        UsageError: the bank has no such model, there is no seed, the input has another length, or a class has no
            other to be compared with, because the network has one output.
    """
    chosen = bank.select([model_id])
    (stack,), (model,) = chosen.stacks, chosen.models
    if objective is Objective.CLASS and stack.config.outputs == 1:
        what = f"the network of {model_id} has one output, and the objective class compares outputs"
        raise UsageError(what, remedy="choose the objective common")
    fixed = stack.config.input_length
    length = length or fixed or stack.config.window
    if fixed and length != fixed:
        raise UsageError(f"{model_id} reads {fixed} positions, not {length}", remedy="leave the length out")
    if not seeds:
        raise UsageError("there is no seed", remedy="give at least one")
    torch_networks = optional_import("varbind.nn.torch_networks", needed_for="activation maximisation")
    networks = torch_networks.SequenceNetworks(stack)

    def outputs(bases: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = networks.outputs(bases)[:, 0]
        return found

    def value(bases: torch.Tensor) -> torch.Tensor:
        return _objective(torch.sigmoid(outputs(bases)), bases, model.output, objective, rule)

    starts = np.stack([_start(seed, length, rule) for seed in seeds])
    bases, values, steps, converged = _ascend(value, torch.tensor(starts), rule)
    with torch.no_grad():
        ends = outputs(bases).numpy()
    inputs = (
        MaximisedInput(seed, bases[row].numpy().T.copy(), ends[row], float(values[row]), steps[row], converged[row])
        for row, seed in enumerate(seeds)
    )
    return ActivationMaximisation(tuple(inputs))


def _start(seed: int, length: int, rule: MaximisationRule) -> NDArray[np.float64]:
    """The random numbers of a start, (4, L)."""
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((len(BASES), length))
    while rule.truncated and (far := np.abs(drawn) > 2).any():
        drawn[far] = rng.standard_normal(far.sum())
    numbers: NDArray[np.float64] = START_MEAN + rule.deviation * drawn
    return numbers


def _objective(
    outputs: torch.Tensor, bases: torch.Tensor, own: int, objective: Objective, rule: MaximisationRule
) -> torch.Tensor:
    """The objective (S,) of outputs after the sigmoid (S, T) for the inputs (S, 4, L)."""
    if objective is Objective.COMMON:
        gained = outputs.prod(dim=1)
    elif rule.ratio_to_all:
        gained = outputs[:, own] / (outputs.sum(dim=1) + 1e-6)
    else:
        others = [output for output in range(outputs.shape[1]) if output != own]
        gained = outputs[:, own] / outputs[:, others].sum(dim=1)
    return gained - rule.penalty * bases.square().sum(dim=(1, 2))


def _ascend(
    value: Callable[[torch.Tensor], torch.Tensor], starts: torch.Tensor, rule: MaximisationRule
) -> tuple[torch.Tensor, NDArray[np.float64], list[int], list[bool]]:
    """Climb from S starts (S, 4, L) until each has converged.

    The starts are one batch, but nothing passes between them: Adam scales the slope of each number by itself.

    Returns:
        The inputs (S, 4, L), their values (S,), the numbers of steps, and whether each has converged.
    """
    bases = starts.clone().requires_grad_()
    adam = torch.optim.Adam([bases], lr=rule.rate)
    found, steps = starts.clone(), [rule.steps_max] * len(starts)
    values, converged = np.full(len(starts), np.nan), [False] * len(starts)
    past: deque[NDArray[np.float64]] = deque(maxlen=rule.gain_steps + 1)
    for step in range(rule.steps_max + 1):
        adam.zero_grad()
        current = value(bases)
        past.append(current.detach().numpy().copy())
        is_last = step == rule.steps_max
        full = len(past) == past.maxlen and step >= rule.steps_min
        for row in range(len(starts)):
            ended = full and past[-1][row] - past[0][row] < rule.gain_min
            if not converged[row] and (ended or is_last):
                found[row], values[row], steps[row] = bases.detach()[row], past[-1][row], step
                converged[row] = bool(ended)
        if all(converged) or is_last:
            break
        (-current.sum()).backward()  # type: ignore[no-untyped-call]
        adam.step()
    return found, values, steps, converged
