"""Gradient descent of many networks at once on a torch device.

This is the batched counterpart of the CPU kernel (`varbind.kernels.cpu.sgd`). DeepBind was calibrated in this way, with
30 networks together on one GPU (Alipanahi et al. 2015). Trials of one configuration are slices of one computation, each
with its own learning rate, momentum, weight decays, mini-batches and dropout. All random numbers are drawn by the
trials, so that the steps are those of the kernel except for rounding. On the device, the only loop is over steps.

For the gradients, the strand of every sequence and the position of every maximum are first found without gradients. The
autograd of torch then passes gradients through these alone, m bases per detector, as the CPU kernel does
(`varbind.kernels.cpu.gradients`). Of equal maxima, the first one gets the whole gradient. A mean passes its gradient to
every position of the chosen strand, so that its sums are computed again with gradients.

Detectors are multiplied with stretches of the sequence that serve `POSITIONS` positions each, by matrices that hold
each detector once per position. Sums of one position at a time would need a copy of m bases for every position.

Axes: T networks, B sequences of a mini-batch, S strands, R stretches of a strand, Q bases of a stretch, D detectors of
m bases, P pooled values.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import N_CODE
from varbind.gate import optional_import
from varbind.kernels.cpu.sgd import FIRST_MOMENTUM, SECOND_MOMENTUM, TINY
from varbind.kernels.gpu.device import memory_limit, torch_device
from varbind.train.hyperparameters import Optimizer, Penalty
from varbind.train.trial import STEPS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    import torch
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindConfig
    from varbind.train.trial import Examples, Trial

    Drawn = tuple[NDArray[np.int64], NDArray[np.bool_]]
else:
    torch = optional_import("torch", needed_for="training on a GPU")

__all__ = ["DeviceDescent", "PlacedExamples", "losses"]

POSITIONS = 8
"""The number of positions per stretch. With detectors of 24 bases, a stretch has 4 bases per position, and a quarter of
the products are with zeros."""


class DeviceDescent:
    """Trains networks together on a torch device.

    Args:
        device: `cuda` or `cuda:N`; `torch:cpu` is for tests.
        threads: The CPU threads, which draw random numbers.
        finished: called with how many more trials have taken their steps.

    Attributes:
        device: The name of the device.

    Raises:
        ResourceError: The device does not exist.
    """

    def __init__(self, device: str, threads: Executor, finished: Callable[[int], None]) -> None:
        self.device = device
        self._threads = threads
        self._place = torch_device(device)
        self._finished = finished
        self._limit = memory_limit(self._place, "networks", "one network in training", release=self._forget_examples)
        self._placed: tuple[Examples, PlacedExamples] | None = None

    def advance(self, trials: Sequence[Trial], steps: Sequence[int]) -> None:
        """Train every trial for its number of steps.

        Raises:
            ResourceError: A single network does not fit into the memory of the device.
        """
        taken = 0
        for last in sorted(set(steps)):
            unfinished = [trial for trial, count in zip(trials, steps, strict=True) if count > taken]
            for group in _groups_of_one_configuration(unfinished):
                for first in range(taken, last, STEPS_AT_ONCE):
                    self._advance(group, min(STEPS_AT_ONCE, last - first))
            taken = last
        self._finished(len(trials))

    def _advance(self, trials: Sequence[Trial], steps: int) -> None:
        """Train trials of one configuration: all together, or as many at a time as fit into memory."""
        # The numbers are drawn once, because trials that do not fit into memory are tried again.
        drawn = list(self._threads.map(lambda trial: (trial.batches(steps), trial.kept(steps)), trials))
        portions = self._limit.portions(lambda some: self._descend(trials[some], drawn[some]), len(trials))
        for some, (values, moments) in portions:
            for trial, new_values, new_moments in zip(trials[some], values, moments, strict=True):
                trial.values, trial.moments = new_values, new_moments
                trial.steps += steps

    def _forget_examples(self) -> None:
        self._placed = None

    def _descend(
        self, trials: Sequence[Trial], drawn: Sequence[Drawn]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The n parameters (T, n) and their moments (T, 2, n) after the steps for which numbers were drawn."""
        examples = self._examples(trials[0])
        # The first two axes are steps and networks.
        rows = self._place_array(np.stack([rows for rows, _ in drawn], axis=1))
        kept = self._place_array(np.stack([kept for _, kept in drawn], axis=1))
        upscale = self._place_array(np.stack([trial.upscale for trial in trials])[:, None, None])
        optimizer = _Optimizer(trials, len(rows), self._place_array)
        values = self._place_array(np.stack([trial.values for trial in trials])).requires_grad_()
        decays = self._place_array(np.stack([trial.decays for trial in trials]))
        is_absolute = trials[0].penalty is Penalty.L1
        for step in range(len(rows)):
            loss = losses(values, trials[0].config, examples, rows[step], kept[step] * upscale)
            (gradients,) = torch.autograd.grad(loss.sum(), values)
            with torch.no_grad():
                optimizer(step, values, gradients + decays * (values.sign() if is_absolute else values))
        return values.numpy(force=True), optimizer.moments.numpy(force=True)

    def _place_array(self, array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array).to(self._place)

    def _examples(self, trial: Trial) -> PlacedExamples:
        """The examples of a trial on the device; trials that follow each other share them."""
        if self._placed is None or self._placed[0] is not trial.examples:
            self._placed = None  # because the memory may not hold both
            self._placed = (trial.examples, PlacedExamples(trial.examples, trial.config.detector_len, self._place))
        return self._placed[1]


class _Optimizer:
    """The optimizers of `varbind.kernels.cpu.sgd` for gradients (T, n), with the hyper-parameters of each network."""

    def __init__(
        self, trials: Sequence[Trial], steps: int, place: Callable[[NDArray[np.generic]], torch.Tensor]
    ) -> None:
        self.moments = place(np.stack([trial.moments for trial in trials]))  # (T, 2, n)
        settings = [trial.setting for trial in trials]
        self._adam = settings[0].optimizer is Optimizer.ADAM
        rates = np.array([setting.rate for setting in settings])
        if self._adam:
            taken = np.arange(1, steps + 1)[:, None] + np.array([trial.steps for trial in trials])  # (steps, T)
            rates = rates / (1 - float(FIRST_MOMENTUM) ** taken)
            corrections = 1 / (1 - float(SECOND_MOMENTUM) ** taken)
            self._corrections = place(corrections.astype(np.float32)[:, :, None])
        self._rates = place(np.broadcast_to(rates.astype(np.float32), (steps, len(trials)))[:, :, None].copy())
        self._momenta = place(np.array([setting.momentum for setting in settings], dtype=np.float32)[:, None])

    def __call__(self, step: int, values: torch.Tensor, gradients: torch.Tensor) -> None:
        """Update the parameters by one step, in place."""
        first, second = self.moments[:, 0], self.moments[:, 1]
        if not self._adam:
            first.mul_(self._momenta).add_(gradients)
            values -= self._rates[step] * (gradients + self._momenta * first)
            return
        one = np.float32(1)
        first.mul_(float(FIRST_MOMENTUM)).add_(float(one - FIRST_MOMENTUM) * gradients)
        second.mul_(float(SECOND_MOMENTUM)).add_(float(one - SECOND_MOMENTUM) * gradients * gradients)
        values -= self._rates[step] * first / (torch.sqrt(second * self._corrections[step]) + float(TINY))


def _groups_of_one_configuration(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Yield the trials that can be slices of one computation."""

    def key(trial: Trial) -> tuple[int, tuple[object, ...]]:
        return id(trial.examples), (trial.config, trial.setting.optimizer, trial.penalty)

    for _, group in groupby(sorted(trials, key=key), key=key):
        yield list(group)


class PlacedExamples:
    """Training examples on a device, laid out for detectors of one length.

    Args:
        examples: The examples.
        detector_len: The number m of bases of a detector.
        device: The device.

    Attributes:
        positions: The number of positions of a detector on a strand of the longest sequence.
        targets: The targets, float32 (N,).
        is_classification: Whether the targets are labels.
    """

    def __init__(self, examples: Examples, detector_len: int, device: torch.device) -> None:
        self.positions = int(examples.lengths.max()) + detector_len - 1
        self._own_positions = torch.from_numpy(examples.lengths + detector_len - 1).to(device)
        self._is_ragged = int(examples.lengths.min()) + detector_len - 1 < self.positions
        self.targets = torch.from_numpy(examples.targets).to(device)
        self.is_classification = examples.is_classification
        stretches = -(-self.positions // POSITIONS)
        width = stretches * POSITIONS + detector_len - 1
        codes = torch.from_numpy(examples.codes).to(device)
        codes = torch.nn.functional.pad(codes, (0, max(0, width - codes.shape[2])), value=N_CODE)[:, :, :width]
        # Overlapping views, (N, S, R, Q) and (N, S, at least `positions`, m).
        self._stretches = codes.unfold(2, POSITIONS + detector_len - 1, POSITIONS)
        self._windows = codes.unfold(2, detector_len, 1)
        self._letters = torch.full((N_CODE + 1, 4), 0.25, device=device)
        self._letters[:4] = torch.eye(4, device=device)

    def stretches(self, rows: torch.Tensor, strand: torch.Tensor | None = None) -> torch.Tensor:
        """One-hot stretches of sequences (T, B): of every strand (T, B, S, R, 4Q), or of one (T, B, R, 4Q)."""
        return self._letters_of(self._stretches[rows] if strand is None else self._stretches[rows, strand])

    def windows(self, rows: torch.Tensor, strand: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """The one-hot m bases at places (T, B, D) of one strand (T, B) of sequences (T, B): (T, D, B, 4m)."""
        return self._letters_of(self._windows[rows[:, None], strand[:, None], places.swapaxes(1, 2)])

    def within(self, sums: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Sums (T, B, ..., positions, D) of sequences (T, B), with minus infinity behind the end of a sequence."""
        if not self._is_ragged:
            return sums
        behind = torch.arange(self.positions, device=rows.device) >= self._own_positions[rows].unsqueeze(-1)
        return sums.masked_fill(behind.view(*rows.shape, *(1,) * (sums.dim() - 4), -1, 1), -torch.inf)

    def means(self, rectified: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Means (T, B, ..., D) of rectified sums over the positions of each sequence (T, B)."""
        positions = self._own_positions[rows]
        return rectified.sum(dim=-2) / positions.view(*rows.shape, *(1,) * (rectified.dim() - 3))

    def _letters_of(self, codes: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.embedding(codes.int(), self._letters).flatten(-2)


def losses(
    values: torch.Tensor, config: DeepBindConfig, examples: PlacedExamples, rows: torch.Tensor, factors: torch.Tensor
) -> torch.Tensor:
    """The mean loss of every network over its mini-batch, (T,), through which autograd can pass gradients.

    Args:
        values: The parameters, one row per network, in the order of `varbind.kernels.cpu.sgd`, float32 (T, n).
        config: The configuration of all networks.
        examples: The training examples.
        rows: The rows of the mini-batches, int64 (T, B).
        factors: The factors of pooled values by dropout, float32 (T, B, P).
    """
    networks = _Networks(values, config)
    with torch.no_grad():
        strand, places = _chosen_places(networks, examples, rows, factors)
    pooled = [networks.maxima_of(examples.windows(rows, strand, places))]
    if networks.mean_pooling:
        sums = examples.within(networks.sums(examples.stretches(rows, strand), examples.positions), rows)
        pooled.append(examples.means(networks.rectified(sums), rows))
    scores = networks.scores(torch.cat(pooled, dim=-1) * factors)
    targets = examples.targets[rows]
    if examples.is_classification:
        of_sequences = torch.nn.functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
    else:
        of_sequences = 0.5 * (scores - targets) ** 2
    return of_sequences.mean(dim=1)


def _chosen_places(
    networks: _Networks, examples: PlacedExamples, rows: torch.Tensor, factors: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The strand with the larger score, (T, B), and the positions of the maxima on it, (T, B, D)."""
    sums = examples.within(networks.sums(examples.stretches(rows), examples.positions), rows)  # (T, B, S, positions, D)
    maxima, places = sums.max(dim=-2)
    pooled = [networks.rectified(maxima)]
    if networks.mean_pooling:
        pooled.append(examples.means(networks.rectified(sums), rows))
    strand = networks.scores(torch.cat(pooled, dim=-1) * factors[:, :, None]).argmax(dim=2)
    return strand, places.take_along_dim(strand[:, :, None, None], dim=2)[:, :, 0]


class _Networks:
    """The parameters of networks of one configuration, as views of flat ones (T, n)."""

    def __init__(self, values: torch.Tensor, config: DeepBindConfig) -> None:
        sizes = config.array_shapes(1)
        parts = values.split_with_sizes([int(np.prod(size)) for size in sizes.values()], dim=1)
        arrays = {
            name: part.reshape(len(values), *(size[1:] or (1,)))
            for (name, size), part in zip(sizes.items(), parts, strict=True)
        }
        self.mean_pooling = config.mean_pooling
        self._hidden = config.hidden
        self._detectors = arrays["detectors"]  # (T, m, 4, D)
        self._thresholds = arrays["thresholds"]  # (T, D)
        self._weights1, self._biases1 = arrays["weights1"], arrays["biases1"]  # (T, P, max(H, 1)), (T, max(H, 1))
        self._weights2, self._biases2 = arrays["weights2"], arrays["biases2"]  # (T, H), (T, 1)

    def sums(self, stretches: torch.Tensor, positions: int) -> torch.Tensor:
        """The sums at every position without thresholds (T, ..., positions, D) of one-hot stretches (T, ..., R, 4Q)."""
        around = (0, 0, 0, 0, POSITIONS - 1, POSITIONS - 1)
        at_each = torch.nn.functional.pad(self._detectors, around)
        bases = stretches.shape[-1] // 4
        # Each window starts one base earlier than the previous one, so that those of the last position come first.
        at_each = at_each.unfold(1, bases, 1).flip(1).permute(0, 4, 2, 1, 3)  # (T, Q, 4, POSITIONS, D)
        products = stretches.flatten(1, -2) @ at_each.flatten(3).flatten(1, 2)  # (T, ... R, POSITIONS D)
        by_position = products.view(*stretches.shape[:-2], -1, self._detectors.shape[3])
        return by_position[..., :positions, :]

    def maxima_of(self, windows: torch.Tensor) -> torch.Tensor:
        """The rectified sums (T, B, D) of the chosen one-hot windows (T, D, B, 4m)."""
        detectors = self._detectors.flatten(1, 2).swapaxes(1, 2)  # (T, D, 4m)
        return self.rectified((windows @ detectors.unsqueeze(3)).squeeze(3).swapaxes(1, 2))

    def rectified(self, sums: torch.Tensor) -> torch.Tensor:
        """Add the thresholds to sums (T, ..., D), and replace negative results by 0."""
        thresholds = self._thresholds.view(len(sums), *(1,) * (sums.dim() - 2), -1)
        return torch.relu(sums + thresholds)

    def scores(self, pooled: torch.Tensor) -> torch.Tensor:
        """The scores (T, ...) of pooled values (T, ..., P), where all maxima precede all means."""
        units = torch.baddbmm(self._biases1.unsqueeze(1), pooled.flatten(1, -2), self._weights1)
        if self._hidden:
            units = torch.baddbmm(self._biases2.unsqueeze(1), torch.relu(units), self._weights2.unsqueeze(2))
        return units.view(pooled.shape[:-1])
