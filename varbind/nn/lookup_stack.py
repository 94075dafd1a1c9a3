"""A stack of networks laid out for the CPU kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.nn.fixed_point import fixed_point
from varbind.nn.lookup import pool_kernel, table_size
from varbind.nn.lookup_heads import DETECTORS_A_BLOCK, UNITS_A_BLOCK, head_kernel
from varbind.nn.vector import LANES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.network import DeepBindStack
    from varbind.nn.plan import Plan, Work

__all__ = ["LookupStack", "LookupStacks", "aligned", "triplets_of"]

MODELS_A_BLOCK = 4
"""Models that a thread takes at a time."""


class LookupStack:
    """Networks of one shape.

    Detectors come in groups of `LANES`; a network with D detectors costs as much as one with the next
    multiple, and a detector of length m as much as one of the next multiple of 3.

    Args:
        stack: the networks.
    """

    def __init__(self, stack: DeepBindStack) -> None:
        self.shape = stack.shape
        self.model_ids = stack.model_ids
        self._triplets = -(-stack.shape.detector_len // 3)
        self._lay_out_detectors(stack)
        self._lay_out_heads(stack)

    def _lay_out_detectors(self, stack: DeepBindStack) -> None:
        shape, fixed = stack.shape, fixed_point(stack)
        count, groups = len(stack.model_ids), -(-shape.detectors // LANES)
        # Quarters, because an N is a quarter of each base.
        bases = np.zeros((count, shape.detector_len, 5, groups * LANES), dtype=np.int32)
        bases[:, :, :4, : shape.detectors] = 4 * fixed.detectors
        bases[:, :, 4, : shape.detectors] = fixed.detectors.sum(axis=2)
        turned = bases[:, ::-1, [3, 2, 1, 0, 4]]
        strands = np.stack([bases, turned] if shape.double_stranded else [bases], axis=1)
        rest = 3 * self._triplets - shape.detector_len
        strands = np.pad(strands, ((0, 0), (0, 0), (0, rest), (0, 0), (0, 0)))
        by_group = np.moveaxis(strands.reshape(*strands.shape[:-1], groups, LANES), -2, 2)
        self._detectors = np.ascontiguousarray(by_group).reshape(*by_group.shape[:3], -1)
        self._thresholds = _padded(4 * fixed.thresholds, LANES).astype(np.int32).reshape(count, groups, LANES)
        self._scale = _padded(fixed.scale / 4, LANES)

    def _lay_out_heads(self, stack: DeepBindStack) -> None:
        shape = stack.shape
        weights1 = stack.weights1.astype(np.float64)
        by_detector = weights1.reshape(len(weights1), shape.detectors, -1, weights1.shape[2])  # (K, D, pools, H')
        self._biases1 = stack.biases1.astype(np.float64)
        self._weights2 = stack.weights2.astype(np.float64)
        self._biases2 = stack.biases2.astype(np.float64)
        if shape.hidden:
            self._weights1 = _padded(by_detector, UNITS_A_BLOCK).reshape(len(weights1), -1)
            self._biases1 = _padded(self._biases1, UNITS_A_BLOCK)
            self._weights2 = _padded(self._weights2, UNITS_A_BLOCK)
        else:
            by_pool = np.ascontiguousarray(by_detector[..., 0].transpose(0, 2, 1))
            self._weights1 = _padded(by_pool, DETECTORS_A_BLOCK).reshape(len(weights1), -1)

    def blocks(self) -> list[range]:
        """The models in pieces for threads."""
        count = len(self.model_ids)
        return [range(first, min(first + MODELS_A_BLOCK, count)) for first in range(0, count, MODELS_A_BLOCK)]

    def score(self, models: range, work: Work, triplets: NDArray[np.uint8], scores: NDArray[np.float32]) -> None:
        """Score a few models, into their rows of `scores` (K, alleles)."""
        mean = self.shape.mean_pooling
        cells = (len(models), *self._detectors.shape[1:3], work.cells * LANES)
        maxima = np.empty(cells, dtype=np.int32)
        # Without mean pooling the sums are never touched.
        upper, lower = np.empty((2, *(cells if mean else (*cells[:3], 1))), dtype=np.int32)
        pool_kernel(self._triplets, mean=mean)(
            models.start,
            models.stop,
            self.shape.detector_len,
            self._detectors,
            self._thresholds,
            triplets,
            work.lengths,
            work.sequences,
            work.bounds,
            work.substitutions,
            work.first_substitution,
            aligned(table_size(self._triplets)),
            aligned(self.shape.detector_len * LANES),
            maxima,
            upper,
            lower,
        )
        head_kernel(mean=mean, hidden=self.shape.hidden > 0)(
            models.start,
            models.stop,
            -(-self.shape.detectors // DETECTORS_A_BLOCK) * DETECTORS_A_BLOCK,
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
        self._threads = threads

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K), columns stack by stack."""
        works = {length: plan.work(length) for length in {s.shape.detector_len for s in self._stacks}}
        triplets = {length: triplets_of(work.codes) for length, work in works.items()}
        alleles = len(next(iter(works.values())).alleles)
        scores = [np.full((len(stack.model_ids), alleles), -np.inf, dtype=np.float32) for stack in self._stacks]

        def score_block(number: int, models: range) -> None:
            stack = self._stacks[number]
            length = stack.shape.detector_len
            stack.score(models, works[length], triplets[length], scores[number])

        blocks = [(number, models) for number, stack in enumerate(self._stacks) for models in stack.blocks()]
        list((self._threads.map if self._threads else map)(score_block, *zip(*blocks, strict=True)))
        return np.concatenate(scores).T


def triplets_of(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every three successive bases as one number, (..., width - 2)."""
    return codes[..., :-2] * np.uint8(25) + codes[..., 1:-1] * np.uint8(5) + codes[..., 2:]


def _padded(values: NDArray[np.float64], multiple: int) -> NDArray[np.float64]:
    """Zeros after the last axis, up to a multiple."""
    rest = -values.shape[-1] % multiple
    return np.pad(values, [*[(0, 0)] * (values.ndim - 1), (0, rest)])


def aligned(count: int) -> NDArray[np.int32]:
    """Integers that start on a cache line: an unaligned vector load costs a third more."""
    memory = np.empty(count + LANES, dtype=np.int32)
    offset = (-memory.ctypes.data // memory.itemsize) % LANES
    return memory[offset : offset + count]
