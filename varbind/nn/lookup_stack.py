"""A stack of networks laid out for the CPU kernel."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from varbind.nn.fixed_point import fixed_point
from varbind.nn.lookup import LANES, SEGMENTS, TRIPLETS, pool_kernel, score_alleles
from varbind.nn.matrix import Arrays, MatrixStacks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.network import DeepBindStack
    from varbind.nn.plan import Plan, Work

__all__ = ["LookupStack", "LookupStacks"]

LONGEST = 30_000
"""Bases up to which the kernel's sums over positions are exact; longer sequences go by matrix products."""

MODELS_A_BLOCK = 8
"""Models that a thread takes at a time."""


class LookupStack:
    """Networks of one shape.

    Detectors come in groups of sixteen; a network with D detectors costs as much as one with the next
    multiple of 16, and a detector of length m as much as one of the next multiple of 3.

    Args:
        stack: the networks.
    """

    def __init__(self, stack: DeepBindStack) -> None:
        shape = stack.shape
        self.shape = shape
        self.model_ids = stack.model_ids
        fixed = fixed_point(stack)
        count, groups = len(stack.model_ids), -(-shape.detectors // LANES)
        self._triplets = -(-shape.detector_len // 3)
        # Quarters, because an N is a quarter of each base.
        bases = np.zeros((count, shape.detector_len, 5, groups * LANES), dtype=np.int32)
        bases[:, :, :4, : shape.detectors] = 4 * fixed.detectors
        bases[:, :, 4, : shape.detectors] = fixed.detectors.sum(axis=2)
        turned = bases[:, ::-1, [3, 2, 1, 0, 4]]
        strands = np.stack([bases, turned] if shape.double_stranded else [bases], axis=1)
        rest = 3 * self._triplets - shape.detector_len
        strands = np.pad(strands, ((0, 0), (0, 0), (0, rest), (0, 0), (0, 0)))
        by_group = strands.reshape(*strands.shape[:-1], groups, LANES)
        self._detectors = np.ascontiguousarray(np.moveaxis(by_group, -2, 2))  # (K, S, G, 3 nt, 5, 16)
        thresholds = np.zeros((count, groups * LANES), dtype=np.int32)
        thresholds[:, : shape.detectors] = 4 * fixed.thresholds
        self._thresholds = thresholds.reshape(count, groups, LANES)
        self._scale = fixed.scale / 4
        self._weights1 = stack.weights1.astype(np.float64)
        self._biases1 = stack.biases1.astype(np.float64)
        self._weights2 = stack.weights2.astype(np.float64)
        self._biases2 = stack.biases2.astype(np.float64)

    def score(self, work: Work, threads: Executor | None) -> NDArray[np.float32]:
        """Scores of every allele, float32 (alleles, K)."""
        scores = np.empty((len(work.alleles), len(self.model_ids)), dtype=np.float32)
        blocks = range(0, len(self.model_ids), MODELS_A_BLOCK)

        def score_block(first: int) -> None:
            self._score_block(first, min(first + MODELS_A_BLOCK, len(self.model_ids)), work, scores)

        list(threads.map(score_block, blocks) if threads else map(score_block, blocks))
        return scores

    def _score_block(self, first: int, last: int, work: Work, scores: NDArray[np.float32]) -> None:
        """Score a few models, into their columns of `scores`."""
        mean = self.shape.mean_pooling
        pooled = (last - first, *self._detectors.shape[1:3], len(work.sequences) * SEGMENTS * LANES)
        maxima = np.empty(pooled, dtype=np.int32)
        # Without mean pooling the sums are never touched.
        upper, lower = np.empty((2, *(pooled if mean else (*pooled[:3], 1))), dtype=np.int32)
        pool_kernel(self._triplets, mean=mean)(
            first,
            last,
            self._detectors,
            self._thresholds,
            work.triplets,
            work.sequences,
            work.bounds,
            _aligned(TRIPLETS * self._triplets * LANES),
            maxima,
            upper,
            lower,
        )
        score_alleles(
            first,
            last,
            mean,
            self._scale,
            self._weights1,
            self._biases1,
            self._weights2,
            self._biases2,
            work.alleles,
            maxima,
            upper,
            lower,
            scores,
        )


class LookupStacks:
    """Networks of one window length, scored on CPU threads.

    Args:
        stacks: the networks.
        threads: where blocks of models are scored; None = here.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], threads: Executor | None) -> None:
        self._stacks = [LookupStack(stack) for stack in stacks]
        self._networks = stacks
        self._threads = threads

    @cached_property
    def _products(self) -> MatrixStacks:
        """The same networks for sequences that are too long for the kernel."""
        return MatrixStacks(self._networks, Arrays("cpu"))

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack."""
        if max(map(len, plan.sequences), default=0) > LONGEST:
            return self._products.score(plan)
        works = {length: plan.work(length) for length in {s.shape.detector_len for s in self._stacks}}
        scores = [stack.score(works[stack.shape.detector_len], self._threads) for stack in self._stacks]
        return np.concatenate(scores, axis=1)


def _aligned(count: int) -> NDArray[np.int32]:
    """Integers that start on a cache line: an unaligned vector load costs a third more."""
    memory = np.empty(count + LANES, dtype=np.int32)
    offset = (-memory.ctypes.data // memory.itemsize) % LANES
    return memory[offset : offset + count]
