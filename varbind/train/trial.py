"""The training of one network with one setting of the hyper-parameters.

A trial draws all random numbers: the initial parameters, the order of the rows and the dropout. Its steps are computed
here by the CPU kernel, with which equal inputs and seeds give equal bytes, or together with those of other trials by
`varbind.train.gpu_training`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.core.sequence import N_CODE
from varbind.kernels.cpu.sgd import ADAM, NESTEROV, descent_kernel
from varbind.kernels.cpu.table_convolution import table_size
from varbind.kernels.cpu.table_stack import aligned, triplets_of
from varbind.train.hyperparameters import Optimizer, Penalty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.core.sequence_set import SequenceSet
    from varbind.train.hyperparameters import Setting

__all__ = ["BATCH", "STEPS_AT_ONCE", "Examples", "Trial"]

BATCH = 64
"""The number of sequences in a mini-batch."""

STEPS_AT_ONCE = 500
"""The number of steps whose random numbers are in memory at the same time."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Sequences as the training kernel reads them, and their targets.

    Attributes:
        codes: The base codes of each strand that is scored, padded with N on both sides, uint8 (N, S, width).
        triplets: The codes of three successive bases as one number, uint8 (N, S, width - 2).
        lengths: The number of bases of each sequence without the padding, int64 (N,).
        targets: Labels (0 and 1) or measured values, float32 (N,).
        is_classification: Whether the targets are labels.
    """

    codes: NDArray[np.uint8]
    triplets: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    targets: NDArray[np.float32]
    is_classification: bool

    @classmethod
    def of(
        cls,
        sequences: SequenceSet,
        targets: NDArray[np.float32],
        detector_len: int,
        *,
        is_classification: bool,
        double_stranded: bool,
    ) -> Examples:
        """Pad N sequences for detectors of `detector_len` bases."""
        both = [sequences, sequences.reverse_complement()] if double_stranded else [sequences]
        strands = np.stack([strand.codes for strand in both], axis=1)
        around = ((0, 0), (0, 0), (detector_len - 1, detector_len + 4))
        padded = np.ascontiguousarray(np.pad(strands, around, constant_values=N_CODE))
        return cls(padded, triplets_of(padded), sequences.lengths, targets.astype(np.float32), is_classification)


class Trial:
    """A network in training.

    Args:
        config: The configuration of the network; its detectors fill whole vectors of the kernel.
        setting: The hyper-parameters.
        examples: The examples, padded for the detectors of the configuration.
        rows: The rows of the examples that are used for training.
        seed: The seed of the initial parameters, the order of the rows and the dropout.
        penalty: What weight decay adds to the loss.

    Attributes:
        config: The configuration of the network.
        setting: The hyper-parameters.
        penalty: What weight decay adds to the loss.
        examples: The examples.
        steps: The number of steps that were taken.
        values: The n parameters, flat, in the order of `varbind.kernels.cpu.sgd`, float32 (n,).
        moments: The two moments of each parameter in the optimizer, float32 (2, n).
        decays: The weight decay of each parameter, float32 (n,).
    """

    def __init__(
        self,
        config: DeepBindConfig,
        setting: Setting,
        examples: Examples,
        rows: NDArray[np.intp],
        seed: int | Sequence[int],
        *,
        penalty: Penalty = Penalty.L2,
    ) -> None:
        self.config = config
        self.setting = setting
        self.penalty = penalty
        self.examples = examples
        self.steps = 0
        labels = examples.targets[rows] if examples.is_classification else np.zeros(len(rows))
        classes = [rows[labels == label] for label in np.unique(labels)]
        # Separate streams make the result independent of the number of steps that are taken at once.
        first, self._dropout, *others = np.random.default_rng(seed).spawn(2 + len(classes))
        self._shuffles = [_Shuffles(rows, rng) for rows, rng in zip(classes, others, strict=True)]
        initial = self._initial(first)
        self.values = np.concatenate([array.ravel() for array in initial.values()])
        self.decays = np.concatenate([np.full(array.size, self._decay_of(name)) for name, array in initial.items()])
        self.moments = np.zeros((2, len(self.values)), dtype=np.float32)
        self._triplets = -(-config.detector_len // 3)
        self._table = aligned(table_size(self._triplets)).view(np.float32)

    def advance(self, steps: int) -> float:
        """Train for some steps, and return the mean loss over them."""
        pieces = [min(STEPS_AT_ONCE, steps - first) for first in range(0, steps, STEPS_AT_ONCE)]
        return float(np.average([self._descend(piece) for piece in pieces], weights=pieces))

    @property
    def has_diverged(self) -> bool:
        """Whether a parameter is not finite."""
        return not np.isfinite(self.values).all()

    def stack(self, model_id: str) -> DeepBindStack:
        """Return a copy of the network as it is now."""
        arrays, start = {}, 0
        for name, size in self.config.array_shapes(1).items():
            count = int(np.prod(size))
            values = self.values[start : start + count]
            if name == "weights1":  # In the kernel, all maxima precede all means.
                values = values.reshape(-1, self.config.detectors, size[-1]).swapaxes(0, 1)
            arrays[name] = values.reshape(size).copy()
            start += count
        return DeepBindStack(self.config, (model_id,), arrays)

    def batches(self, steps: int) -> NDArray[np.int64]:
        """Draw the rows of the next mini-batches, with equal numbers of each class, int64 (steps, BATCH)."""
        share = BATCH // len(self._shuffles)
        return np.concatenate([rows.take(steps * share).reshape(steps, share) for rows in self._shuffles], axis=1)

    def kept(self, steps: int) -> NDArray[np.bool_]:
        """Draw which of the P pooled values are not dropped in the next steps, bool (steps, BATCH, P)."""
        dropout, size = self.setting.dropout, (steps, BATCH, self.config.pooled)
        if not dropout:
            return np.ones(size, dtype=np.bool_)
        # One random byte decides, so that the probabilities are multiples of 1 / 256.
        return self._dropout.integers(0, 256, size, dtype=np.uint8) >= round(256 * dropout)

    @property
    def upscale(self) -> np.float32:
        """The factor of pooled values that are not dropped, which keeps their mean."""
        return np.float32(1 / (1 - self.setting.dropout))

    def _initial(self, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """The initial parameters by name."""
        setting = self.setting
        scales = {
            "detectors": setting.detector_scale,
            "weights1": setting.network_scale,
            "weights2": setting.network_scale,
        }
        return {
            name: rng.normal(0, scales.get(name, 0.0), size).astype(np.float32)
            for name, size in self.config.array_shapes(1).items()
        }

    def _decay_of(self, name: str) -> np.float32:
        setting = self.setting
        decays = {"detectors": setting.detector_decay, "weights1": setting.network_decay}
        return np.float32({**decays, "weights2": setting.network_decay}.get(name, 0.0))

    def _descend(self, steps: int) -> float:
        setting, examples = self.setting, self.examples
        loss: float = descent_kernel(self._triplets, mean=self.config.mean_pooling)(
            examples.codes,
            examples.triplets,
            examples.lengths,
            examples.targets,
            examples.is_classification,
            self.batches(steps),
            self.kept(steps) * self.upscale,
            self.values,
            self.moments,
            self.decays,
            self.penalty.norm,
            self.config.detector_len,
            self.config.hidden,
            NESTEROV if setting.optimizer is Optimizer.NESTEROV else ADAM,
            setting.rate,
            setting.momentum,
            self.steps,
            self._table,
        )
        self.steps += steps
        return loss


class _Shuffles:
    """Rows in random order; when all were taken, they are shuffled again."""

    def __init__(self, rows: NDArray[np.intp], rng: np.random.Generator) -> None:
        self._rows = rows
        self._rng = rng
        self._left = rows[:0]

    def take(self, count: int) -> NDArray[np.int64]:
        """Return the next rows, int64 (count,)."""
        rounds = -(-(count - len(self._left)) // len(self._rows))
        ahead = np.concatenate([self._left, *(self._rng.permutation(self._rows) for _ in range(rounds))])
        self._left = ahead[count:]
        return ahead[:count]
