"""A stack of networks laid out for the CPU kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.kernels.cpu.simd import LANES
from varbind.kernels.cpu.table_convolution import pool_kernel, table_size
from varbind.kernels.cpu.table_output_layers import head_kernel, single_head_kernel
from varbind.kernels.exact_arithmetic import DETECTOR_LANES, output_layer_arrays, padded_to_lanes, quarters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.exact_arithmetic import Quarters
    from varbind.kernels.work_plan import Plan, Work

__all__ = ["LookupStack", "LookupStacks", "aligned", "triplets_of"]

MODELS_A_BLOCK = 4
"""Models that a thread takes at a time."""


class LookupStack:
    """Networks of one shape.

    Detectors come in groups of `LANES`; a network with D detectors costs as much as one with the next
    multiple, and a detector of length m as much as one of the next multiple of 3. Only networks of one detector,
    such as matrices, share a vector: what is said of a model below then holds for `LANES` of them.

    Args:
        stack: the networks.
    """

    def __init__(self, stack: DeepBindStack) -> None:
        self.config = stack.config
        self.model_ids = stack.model_ids
        self._triplets = -(-stack.config.detector_len // 3)
        self._shared = (stack.config.pooled, stack.config.hidden) == (1, 0)
        whole = quarters(stack)
        self._lay_out_detectors(whole)
        if self._shared:
            self._scale = _in_vectors(whole.scale)
            weights, bias = (values.astype(np.float64)[:, 0] for values in (stack.weights1, stack.biases1))
            self._head: tuple[NDArray[np.float64], ...] = (_in_vectors(weights), bias)
        else:
            self._scale = padded_to_lanes(whole.scale, DETECTOR_LANES)
            weights1, *others = output_layer_arrays(stack)
            self._head = (weights1.reshape(len(weights1), -1), *others)

    def _lay_out_detectors(self, whole: Quarters) -> None:
        detectors, thresholds = whole.detectors, whole.thresholds
        if self._shared:
            detectors, thresholds = _in_vectors(detectors), _in_vectors(thresholds)
        rest = 3 * self._triplets - self.config.detector_len
        strands = np.pad(padded_to_lanes(detectors, LANES), ((0, 0), (0, 0), (0, rest), (0, 0), (0, 0)))
        by_group = np.moveaxis(strands.reshape(*strands.shape[:-1], -1, LANES), -2, 2)
        self._detectors = np.ascontiguousarray(by_group).reshape(*by_group.shape[:3], -1)
        self._thresholds = padded_to_lanes(thresholds, LANES).reshape(len(strands), -1, LANES)

    def blocks(self) -> list[range]:
        """The models in pieces for threads."""
        count = len(self._detectors)
        return [range(first, min(first + MODELS_A_BLOCK, count)) for first in range(0, count, MODELS_A_BLOCK)]

    def score(self, models: range, work: Work, triplets: NDArray[np.uint8], scores: NDArray[np.float32]) -> None:
        """Score a few models, into their rows of `scores` (K, alleles)."""
        mean = self.config.mean_pooling
        cells = (len(models), *self._detectors.shape[1:3], work.cells * LANES)
        maxima = np.empty(cells, dtype=np.int32)
        # Without mean pooling the sums are never touched.
        upper, lower = np.empty((2, *(cells if mean else (*cells[:3], 1))), dtype=np.int32)
        pool_kernel(self._triplets, mean=mean)(
            models.start,
            models.stop,
            self.config.detector_len,
            self._detectors,
            self._thresholds,
            triplets,
            work.lengths,
            work.sequences,
            work.bounds,
            work.substitutions,
            work.first_substitution,
            aligned(table_size(self._triplets)),
            aligned(self.config.detector_len * LANES),
            maxima,
            upper,
            lower,
        )
        pooled = (maxima,) if self._shared else (maxima, upper, lower)
        kernel = single_head_kernel() if self._shared else head_kernel(mean=mean, hidden=self.config.hidden > 0)
        kernel(models.start, models.stop, self._scale, *self._head, work.alleles, *pooled, scores)


class LookupStacks:
    """Networks of one window length, scored on CPU threads.

    Args:
        stacks: the networks.
        threads: where blocks of models are scored; None = here.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], threads: Executor | None) -> None:
        self._stacks = [LookupStack(stack) for stack in stacks]
        self._threads = threads

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack."""
        works = {length: plan.work(length) for length in {s.config.detector_len for s in self._stacks}}
        triplets = {length: triplets_of(work.codes) for length, work in works.items()}
        alleles = len(next(iter(works.values())).alleles)
        scores = [np.full((len(stack.model_ids), alleles), -np.inf, dtype=np.float32) for stack in self._stacks]

        def score_block(number: int, models: range) -> None:
            stack = self._stacks[number]
            length = stack.config.detector_len
            stack.score(models, works[length], triplets[length], scores[number])

        blocks = [(number, models) for number, stack in enumerate(self._stacks) for models in stack.blocks()]
        list((self._threads.map if self._threads else map)(score_block, *zip(*blocks, strict=True)))
        return np.concatenate(scores).T


def _in_vectors(values: NDArray[Any]) -> NDArray[Any]:
    """Of networks of one detector (K, ..., 1), `LANES` side by side: (V, ..., LANES), noughts in the last."""
    rest = -len(values) % LANES
    padded = np.pad(values, [(0, rest), *[(0, 0)] * (values.ndim - 1)])
    return np.moveaxis(padded[..., 0].reshape(-1, LANES, *values.shape[1:-1]), 1, -1)


def triplets_of(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every three successive bases as one number, (..., width - 2)."""
    return codes[..., :-2] * np.uint8(25) + codes[..., 1:-1] * np.uint8(5) + codes[..., 2:]


def aligned(count: int) -> NDArray[np.int32]:
    """Integers that start on a cache line: an unaligned vector load costs a third more."""
    memory = np.empty(count + LANES, dtype=np.int32)
    offset = (-memory.ctypes.data // memory.itemsize) % LANES
    return memory[offset : offset + count]
