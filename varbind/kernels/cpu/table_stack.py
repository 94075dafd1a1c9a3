"""The compiled CPU kernel for stacks of networks: their layout, and the layers behind the pooled values.

`varbind.kernels.cpu.table_convolution` pools the detectors. The layers behind the pooled values are the same sums in
the same order as in `varbind.kernels.exact_arithmetic`, in vector registers.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.kernels.cpu.numba_cache import compiled
from varbind.kernels.cpu.simd import (
    LANES,
    add,
    as_doubles,
    divide,
    half_sums,
    join_halves,
    larger,
    load,
    load_doubles,
    multiply,
    rectify,
    splat,
    store,
)
from varbind.kernels.cpu.table_convolution import pool_kernel, table_size
from varbind.kernels.exact_arithmetic import (
    DETECTOR_LANES,
    UNIT_LANES,
    output_layer_arrays,
    padded_to_lanes,
    quarters,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.kernels.exact_arithmetic import Quarters
    from varbind.kernels.work_plan import Plan, Work

__all__ = ["TableStack", "TableStacks", "aligned", "triplets_of"]

MODELS_PER_BLOCK = 4
"""Number of models that a thread computes at a time."""


@compiled
def _maximum(maxima: Any, left: int, middle: int, right: int) -> Any:
    """The rectified maximum of an allele over its three cells."""
    return rectify(larger(larger(load(maxima, left), load(maxima, middle)), load(maxima, right)))


@compiled
def _total(sums: Any, left: int, middle: int, right: int) -> Any:
    """The sum of an allele over its three cells, of the upper or the lower halves."""
    return add(add(load(sums, left), load(sums, middle)), load(sums, right))


@compiled
def _linear(features: Any, weights: Any, pools: int) -> Any:
    """Weighted sum of the features; features and weights are flat (pools, detectors), padded to whole lanes."""
    width = len(weights) // pools
    sums = splat(DETECTOR_LANES, 0.0)
    for start in range(0, width, DETECTOR_LANES):
        for pool in range(pools):
            at = pool * width + start
            values = load_doubles(DETECTOR_LANES, features, at)
            sums = add(sums, multiply(values, load_doubles(DETECTOR_LANES, weights, at)))
    return half_sums(sums)


@compiled
def _hidden(features: Any, weights1: Any, biases1: Any, weights2: Any, pools: int) -> Any:
    """Weighted sum of the hidden units; weights1 is flat (detectors, pools, units), padded to whole lanes of units."""
    units, width = len(biases1), len(features) // 2
    sums = splat(UNIT_LANES, 0.0)
    for start in range(0, units, UNIT_LANES):
        values = load_doubles(UNIT_LANES, biases1, start)
        at = start
        for detector in range(len(weights1) // (pools * units)):
            for pool in range(pools):
                feature = splat(UNIT_LANES, features[pool * width + detector])
                values = add(values, multiply(feature, load_doubles(UNIT_LANES, weights1, at)))
                at += units
        weights = load_doubles(UNIT_LANES, weights2, start)
        sums = add(sums, multiply(rectify(values), weights))
    return half_sums(sums)


@cache
def output_kernel(*, mean: bool, hidden: bool) -> Callable[..., None]:
    """The kernel that scores alleles from the pooled values of a range of networks."""
    pools = 2 if mean else 1

    @compiled
    def score(
        first: int,
        last: int,
        scale: Any,  # (K, D'), padded to whole lanes
        weights1: Any,  # (K, pools x D') without hidden units, else (K, D x pools x H')
        biases1: Any,  # (K, H'), of the hidden units
        weights2: Any,  # (K, H')
        bias: Any,  # (K,), of the output
        alleles: Any,  # (A, 4)
        maxima: Any,  # as written by the pool kernel
        upper: Any,
        lower: Any,
        scores: Any,  # float32 (K, A), initially minus infinity
    ) -> None:
        width = scale.shape[1]
        features = np.zeros(2 * width)  # maxima, then means
        groups, cells = maxima.shape[2], maxima.shape[3]
        for model in range(first, last):
            units = scale[model]
            model_weights1, model_biases1, model_weights2 = weights1[model], biases1[model], weights2[model]
            model_scores = scores[model]
            for strand in range(maxima.shape[1]):
                best_of = maxima[model - first, strand].ravel()
                high_of, low_of = upper[model - first, strand].ravel(), lower[model - first, strand].ravel()
                for allele in range(len(alleles)):
                    left, middle = alleles[allele, 0] * LANES, alleles[allele, 1] * LANES
                    right = alleles[allele, 2] * LANES
                    for group in range(groups):
                        start = group * cells
                        unit = load_doubles(LANES, units, group * LANES)
                        best = _maximum(best_of, start + left, start + middle, start + right)
                        store(features, group * LANES, multiply(as_doubles(best), unit))
                        if mean:
                            high = _total(high_of, start + left, start + middle, start + right)
                            low = _total(low_of, start + left, start + middle, start + right)
                            total = multiply(join_halves(high, low), unit)
                            count = splat(LANES, np.float64(alleles[allele, 3]))
                            store(features, width + group * LANES, divide(total, count))
                    if hidden:
                        output = _hidden(features, model_weights1, model_biases1, model_weights2, pools)
                    else:
                        output = _linear(features, model_weights1, pools)
                    model_scores[allele] = max(model_scores[allele], np.float32(output + bias[model]))

    return score


@cache
def single_output_kernel() -> Callable[..., None]:
    """The same for a range of vectors, each of which holds `LANES` networks of one detector."""

    @compiled
    def score(
        first: int,
        last: int,
        scale: Any,  # (V, LANES)
        weights: Any,  # (V, LANES)
        bias: Any,  # (K,)
        alleles: Any,  # (A, 4)
        maxima: Any,  # as written by the pool kernel
        scores: Any,  # float32 (K, A), initially minus infinity
    ) -> None:
        outputs = np.empty(LANES)
        for vector in range(first, last):
            unit, weight = load_doubles(LANES, scale[vector], 0), load_doubles(LANES, weights[vector], 0)
            start = vector * LANES
            filled = min(LANES, len(bias) - start)
            for strand in range(maxima.shape[1]):
                best_of = maxima[vector - first, strand, 0]
                for allele in range(len(alleles)):
                    left, middle = alleles[allele, 0] * LANES, alleles[allele, 1] * LANES
                    best = _maximum(best_of, left, middle, alleles[allele, 2] * LANES)
                    # As in the sums of other networks, adding zero makes a negative zero positive.
                    output = multiply(multiply(as_doubles(best), unit), weight)
                    store(outputs, 0, add(splat(LANES, 0.0), output))
                    for lane in range(filled):
                        value = np.float32(outputs[lane] + bias[start + lane])
                        scores[start + lane, allele] = max(scores[start + lane, allele], value)

    return score


class TableStack:
    """Networks of one configuration.

    Detectors are computed in groups of `LANES`, and bases in groups of three: a number of detectors costs as much as
    the next multiple of `LANES`, and a length as much as the next multiple of three. Only networks of one detector,
    such as motif matrices, share a vector; in this case a "model" below is `LANES` of these networks.

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
            self._output_layers: tuple[NDArray[np.float64], ...] = (_in_vectors(weights), bias)
        else:
            self._scale = padded_to_lanes(whole.scale, DETECTOR_LANES)
            weights1, *others = output_layer_arrays(stack)
            self._output_layers = (weights1.reshape(len(weights1), -1), *others)

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
        """The models in ranges for the threads."""
        count = len(self._detectors)
        return [range(first, min(first + MODELS_PER_BLOCK, count)) for first in range(0, count, MODELS_PER_BLOCK)]

    def score(self, models: range, work: Work, triplets: NDArray[np.uint8], scores: NDArray[np.float32]) -> None:
        """Score a few models, and write their rows of `scores` (K, alleles)."""
        mean = self.config.mean_pooling
        cells = (len(models), *self._detectors.shape[1:3], work.cells * LANES)
        maxima = np.empty(cells, dtype=np.int32)
        # Without mean pooling the sums are not used.
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
        kernel = single_output_kernel() if self._shared else output_kernel(mean=mean, hidden=self.config.hidden > 0)
        kernel(models.start, models.stop, self._scale, *self._output_layers, work.alleles, *pooled, scores)


class TableStacks:
    """Networks of one window length, scored on CPU threads.

    Args:
        stacks: the networks.
        threads: the threads that score blocks of models; None = the caller's thread does.
    """

    def __init__(self, stacks: Sequence[DeepBindStack], threads: Executor | None) -> None:
        self._stacks = [TableStack(stack) for stack in stacks]
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
    """Arrays of networks of one detector (K, ..., 1) as vectors of `LANES` networks, (V, ..., LANES)."""
    rest = -len(values) % LANES
    padded = np.pad(values, [(0, rest), *[(0, 0)] * (values.ndim - 1)])
    return np.moveaxis(padded[..., 0].reshape(-1, LANES, *values.shape[1:-1]), 1, -1)


def triplets_of(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The index, 0 to 124, of the triplet that begins at each base but the last two, (..., width - 2)."""
    return codes[..., :-2] * np.uint8(25) + codes[..., 1:-1] * np.uint8(5) + codes[..., 2:]


def aligned(count: int) -> NDArray[np.int32]:
    """An int32 array that starts on a cache line, because unaligned vector loads take a third longer."""
    memory = np.empty(count + LANES, dtype=np.int32)
    offset = (-memory.ctypes.data // memory.itemsize) % LANES
    return memory[offset : offset + count]
