"""Slopes of many networks of one shape on a torch device, each of them one slice of batched tensors.

What wins is found first, without slopes: the strand of every sequence and the place of every maximum. Then torch's
autograd passes slopes through that alone, m bases a detector, as the CPU kernel does
(`varbind.kernels.cpu.gradients`). Of equal maxima the first has it all. A mean passes its slope to every position of
the strand that won, so its sums are formed anew with slopes.

Detectors are multiplied with stretches of the sequence that serve `POSITIONS` positions each, by matrices that hold
the detectors once for each of them. Sums of one position alone would need a copy of m bases for every position.

Axes: T networks, B sequences of a mini-batch, S strands, R stretches of a strand, Q their bases, D detectors of m
bases, P pooled values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import N_CODE
from varbind.gate import optional_import

if TYPE_CHECKING:
    import torch

    from varbind.core.deepbind import DeepBindConfig
    from varbind.train.trial import Examples
else:
    torch = optional_import("torch", needed_for="training on a GPU")

__all__ = ["PlacedExamples", "losses"]

POSITIONS = 8
"""A stretch then holds 4 bases for every position, with detectors of 24; a quarter of the products is with zeros."""


class PlacedExamples:
    """Sequences on a device, laid out for detectors of a length.

    Args:
        examples: the sequences, all of one length, and what is to be learnt of them.
        detector_len: m.
        device: where they are placed.

    Attributes:
        positions: of a detector on a strand.
        targets: float32 (N,).
        is_classification: whether targets are labels.
    """

    def __init__(self, examples: Examples, detector_len: int, device: torch.device) -> None:
        self.positions = int(examples.lengths[0]) + detector_len - 1
        self.targets = torch.from_numpy(examples.targets).to(device)
        self.is_classification = examples.is_classification
        stretches = -(-self.positions // POSITIONS)
        width = stretches * POSITIONS + detector_len - 1
        codes = torch.from_numpy(examples.codes).to(device)
        codes = torch.nn.functional.pad(codes, (0, max(0, width - codes.shape[2])), value=N_CODE)[:, :, :width]
        # Overlapping views, (N, S, R, Q) and (N, S, positions and some, m).
        self._stretches = codes.unfold(2, POSITIONS + detector_len - 1, POSITIONS)
        self._windows = codes.unfold(2, detector_len, 1)
        self._letters = torch.full((N_CODE + 1, 4), 0.25, device=device)
        self._letters[:4] = torch.eye(4, device=device)

    def stretches(self, rows: torch.Tensor, strand: torch.Tensor | None = None) -> torch.Tensor:
        """Letters of all stretches of sequences (T, B): of every strand (T, B, S, R, 4Q), or of one (T, B, R, 4Q)."""
        return self._letters_of(self._stretches[rows] if strand is None else self._stretches[rows, strand])

    def windows(self, rows: torch.Tensor, strand: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Letters of the m bases at places (T, B, D) of one strand (T, B) of sequences (T, B): (T, D, B, 4m)."""
        return self._letters_of(self._windows[rows[:, None], strand[:, None], places.swapaxes(1, 2)])

    def _letters_of(self, codes: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.embedding(codes.int(), self._letters).flatten(-2)


def losses(
    values: torch.Tensor, config: DeepBindConfig, examples: PlacedExamples, rows: torch.Tensor, factors: torch.Tensor
) -> torch.Tensor:
    """Mean loss of every network over its mini-batch, (T,), through which autograd can pass slopes.

    Args:
        values: all parameters, float32, one row a network, in the order of `varbind.kernels.cpu.sgd`.
        config: of all networks.
        examples: what they are trained on.
        rows: of the mini-batches, int64 (T, B).
        factors: of pooled values, float32 (T, B, P).
    """
    networks = _Networks(values, config)
    with torch.no_grad():
        strand, places = _winners(networks, examples, rows, factors)
    pooled = [networks.maxima_of(examples.windows(rows, strand, places))]
    if networks.mean_pooling:
        sums = networks.sums(examples.stretches(rows, strand), examples.positions)
        pooled.append(networks.rectified(sums).mean(dim=-2))
    scores = networks.scores(torch.cat(pooled, dim=-1) * factors)
    targets = examples.targets[rows]
    if examples.is_classification:
        each = torch.nn.functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
    else:
        each = 0.5 * (scores - targets) ** 2
    return each.mean(dim=1)


def _winners(
    networks: _Networks, examples: PlacedExamples, rows: torch.Tensor, factors: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The strand with the larger score, (T, B), and the places of the maxima on it, (T, B, D)."""
    sums = networks.sums(examples.stretches(rows), examples.positions)  # (T, B, S, positions, D)
    maxima, places = sums.max(dim=-2)
    pooled = [networks.rectified(maxima)]
    if networks.mean_pooling:
        pooled.append(networks.rectified(sums).mean(dim=-2))
    strand = networks.scores(torch.cat(pooled, dim=-1) * factors[:, :, None]).argmax(dim=2)
    return strand, places.take_along_dim(strand[:, :, None, None], dim=2)[:, :, 0]


class _Networks:
    """Parameters of networks of one shape, as views of flat ones (T, parameters)."""

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
        """Sums at every position, without thresholds, from stretches (T, ..., R, 4Q): (T, ..., positions, D)."""
        around = (0, 0, 0, 0, POSITIONS - 1, POSITIONS - 1)
        at_each = torch.nn.functional.pad(self._detectors, around)
        bases = stretches.shape[-1] // 4
        # The windows begin one base earlier each: those of the last position come first.
        at_each = at_each.unfold(1, bases, 1).flip(1).permute(0, 4, 2, 1, 3)  # (T, Q, 4, POSITIONS, D)
        products = stretches.flatten(1, -2) @ at_each.flatten(3).flatten(1, 2)  # (T, ... R, POSITIONS D)
        by_position = products.view(*stretches.shape[:-2], -1, self._detectors.shape[3])
        return by_position[..., :positions, :]

    def maxima_of(self, windows: torch.Tensor) -> torch.Tensor:
        """Rectified sums of the windows that won, letters (T, D, B, 4m): (T, B, D)."""
        detectors = self._detectors.flatten(1, 2).swapaxes(1, 2)  # (T, D, 4m)
        return self.rectified((windows @ detectors.unsqueeze(3)).squeeze(3).swapaxes(1, 2))

    def rectified(self, sums: torch.Tensor) -> torch.Tensor:
        """Sums (T, ..., D) above the thresholds."""
        thresholds = self._thresholds.view(len(sums), *(1,) * (sums.dim() - 2), -1)
        return torch.relu(sums + thresholds)

    def scores(self, pooled: torch.Tensor) -> torch.Tensor:
        """Scores (T, ...) from pooled values (T, ..., P), of which all maxima stand before all means."""
        units = torch.baddbmm(self._biases1.unsqueeze(1), pooled.flatten(1, -2), self._weights1)
        if self._hidden:
            units = torch.baddbmm(self._biases2.unsqueeze(1), torch.relu(units), self._weights2.unsqueeze(2))
        return units.view(pooled.shape[:-1])
