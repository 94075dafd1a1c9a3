"""Gradient descent of many networks at once on a torch device.

The batched twin of the CPU kernel (`varbind.kernels.cpu.sgd`). DeepBind was calibrated in this way, 30 networks
together on one GPU (Alipanahi et al. 2015). Trials of one shape are slices of one computation, each with its own
rate, momentum, decays, mini-batches and dropout. What is random is drawn by the trials, so the steps are those of the
kernel but for rounding. On the device a loop runs over steps only.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import
from varbind.kernels.cpu.sgd import FIRST_MOMENTUM, SECOND_MOMENTUM, TINY
from varbind.kernels.gpu.device import memory_limit, torch_device
from varbind.train.gpu_gradients import PlacedExamples, losses
from varbind.train.hyperparameters import Optimizer
from varbind.train.trial import STEPS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    import torch
    from numpy.typing import NDArray

    from varbind.train.trial import Examples, Trial

    Drawn = tuple[NDArray[np.int64], NDArray[np.bool_]]
else:
    torch = optional_import("torch", needed_for="training on a GPU")

__all__ = ["DeviceDescent"]


class DeviceDescent:
    """Trains networks together on a torch device.

    Args:
        device: `cuda`, `cuda:N`, or `torch:cpu`, which serves to test.
        threads: of the CPU, which draw random numbers.
        finished: called with how many more trials have taken their steps.

    Attributes:
        device: its name.

    Raises:
        ResourceError: there is no such device.
    """

    def __init__(self, device: str, threads: Executor, finished: Callable[[int], None]) -> None:
        self.device = device
        self._threads = threads
        self._place = torch_device(device)
        self._finished = finished
        self._limit = memory_limit(self._place, "networks", "one network in training", release=self._forget_examples)
        self._placed: tuple[Examples, PlacedExamples] | None = None

    def advance(self, trials: Sequence[Trial], steps: Sequence[int]) -> None:
        """Let every trial take its number of steps.

        Raises:
            ResourceError: one network alone does not fit into the device's memory.
        """
        taken = 0
        for last in sorted(set(steps)):
            going_on = [trial for trial, own in zip(trials, steps, strict=True) if own > taken]
            for group in _alike(going_on):
                for first in range(taken, last, STEPS_AT_ONCE):
                    self._advance(group, min(STEPS_AT_ONCE, last - first))
            taken = last
        self._finished(len(trials))

    def _advance(self, trials: Sequence[Trial], steps: int) -> None:
        """Let alike trials take steps: all together, or as many at a time as fit into memory."""
        # Drawn once: what does not fit is tried again with the same numbers.
        drawn = list(self._threads.map(lambda trial: (trial.batches(steps), trial.kept(steps)), trials))
        portions = self._limit.portions(lambda some: self._descend(trials[some], drawn[some]), len(trials))
        for some, (values, moments) in portions:
            for trial, own, own_moments in zip(trials[some], values, moments, strict=True):
                trial.values, trial.moments = own, own_moments
                trial.steps += steps

    def _forget_examples(self) -> None:
        self._placed = None

    def _descend(
        self, trials: Sequence[Trial], drawn: Sequence[Drawn]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Parameters (T, n) and moments (T, 2, n) after the steps for which numbers were drawn."""
        examples = self._examples(trials[0])
        # By step, network and what of it.
        rows = self._put(np.stack([rows for rows, _ in drawn], axis=1))
        kept = self._put(np.stack([kept for _, kept in drawn], axis=1))
        upscale = self._put(np.stack([trial.upscale for trial in trials])[:, None, None])
        follow = _Optimizer(trials, len(rows), self._put)
        values = self._put(np.stack([trial.values for trial in trials])).requires_grad_()
        decays = self._put(np.stack([trial.decays for trial in trials]))
        for step in range(len(rows)):
            loss = losses(values, trials[0].config, examples, rows[step], kept[step] * upscale)
            (slopes,) = torch.autograd.grad(loss.sum(), values)
            with torch.no_grad():
                follow(step, values, slopes + decays * values)
        return values.numpy(force=True), follow.moments.numpy(force=True)

    def _put(self, array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array).to(self._place)

    def _examples(self, trial: Trial) -> PlacedExamples:
        """What a trial is trained on, placed once for all that follow each other."""
        if self._placed is None or self._placed[0] is not trial.examples:
            self._placed = None  # there need not be memory for both
            self._placed = (trial.examples, PlacedExamples(trial.examples, trial.config.detector_len, self._place))
        return self._placed[1]


class _Optimizer:
    """How steps follow from slopes (T, n), as `varbind.kernels.cpu.sgd` has it, each network with its own numbers."""

    def __init__(self, trials: Sequence[Trial], steps: int, put: Callable[[NDArray[np.generic]], torch.Tensor]) -> None:
        self.moments = put(np.stack([trial.moments for trial in trials]))  # (T, 2, n)
        settings = [trial.setting for trial in trials]
        self._adam = settings[0].optimizer is Optimizer.ADAM
        rates = np.array([setting.rate for setting in settings])
        if self._adam:
            taken = np.arange(1, steps + 1)[:, None] + np.array([trial.steps for trial in trials])  # (steps, T)
            rates = rates / (1 - float(FIRST_MOMENTUM) ** taken)
            corrections = 1 / (1 - float(SECOND_MOMENTUM) ** taken)
            self._corrections = put(corrections.astype(np.float32)[:, :, None])
        self._rates = put(np.broadcast_to(rates.astype(np.float32), (steps, len(trials)))[:, :, None].copy())
        self._momenta = put(np.array([setting.momentum for setting in settings], dtype=np.float32)[:, None])

    def __call__(self, step: int, values: torch.Tensor, slopes: torch.Tensor) -> None:
        """Take one step in place."""
        first, second = self.moments[:, 0], self.moments[:, 1]
        if not self._adam:
            first.mul_(self._momenta).add_(slopes)
            values -= self._rates[step] * (slopes + self._momenta * first)
            return
        one = np.float32(1)
        first.mul_(float(FIRST_MOMENTUM)).add_(float(one - FIRST_MOMENTUM) * slopes)
        second.mul_(float(SECOND_MOMENTUM)).add_(float(one - SECOND_MOMENTUM) * slopes * slopes)
        values -= self._rates[step] * first / (torch.sqrt(second * self._corrections[step]) + float(TINY))


def _alike(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Trials that can be slices of one computation."""

    def key(trial: Trial) -> tuple[int, tuple[object, ...]]:
        return id(trial.examples), (trial.config, trial.setting.optimizer)

    for _, group in groupby(sorted(trials, key=key), key=key):
        yield list(group)
