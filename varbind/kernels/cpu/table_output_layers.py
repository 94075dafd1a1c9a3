"""The small networks behind the pooled values, for the CPU kernel.

The same sums in the same order as `varbind.kernels.exact_arithmetic`, which says what they are, in vector registers.
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
from varbind.kernels.exact_arithmetic import DETECTOR_LANES, UNIT_LANES

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["head_kernel", "single_head_kernel"]


@compiled
def _maximum(maxima: Any, left: int, middle: int, right: int) -> Any:
    """Rectified maximum of an allele over its three cells."""
    return rectify(larger(larger(load(maxima, left), load(maxima, middle)), load(maxima, right)))


@compiled
def _total(sums: Any, left: int, middle: int, right: int) -> Any:
    """One part of an allele's sum over its three cells."""
    return add(add(load(sums, left), load(sums, middle)), load(sums, right))


@compiled
def _linear(features: Any, weights: Any, pools: int) -> Any:
    """Weighted sum of the features; both (pools x detectors) flat, the detectors in whole lanes."""
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
    """Weighted sum of the hidden units; weights1 (detectors x pools x units) flat, the units in whole lanes."""
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
def head_kernel(*, mean: bool, hidden: bool) -> Callable[..., None]:
    """The kernel that scores alleles from what the pool kernel left for a range of networks of a stack."""
    pools = 2 if mean else 1

    @compiled
    def score(
        first: int,
        last: int,
        scale: Any,  # (K, D'), detectors in whole lanes
        weights1: Any,  # (K, pools x D') without hidden units, else (K, D x pools x H')
        biases1: Any,  # (K, H'), of the hidden units
        weights2: Any,  # (K, H')
        bias: Any,  # (K,), of the output
        alleles: Any,  # (A, 4)
        maxima: Any,  # as the pool kernel leaves them
        upper: Any,
        lower: Any,
        scores: Any,  # float32 (K, A), lowest before
    ) -> None:
        width = scale.shape[1]
        features = np.zeros(2 * width)  # maxima, then means
        groups, cells = maxima.shape[2], maxima.shape[3]
        for model in range(first, last):
            units = scale[model]
            own_weights1, own_biases1, own_weights2 = weights1[model], biases1[model], weights2[model]
            own_scores = scores[model]
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
                        output = _hidden(features, own_weights1, own_biases1, own_weights2, pools)
                    else:
                        output = _linear(features, own_weights1, pools)
                    own_scores[allele] = max(own_scores[allele], np.float32(output + bias[model]))

    return score


@cache
def single_head_kernel() -> Callable[..., None]:
    """The same for networks of one detector, `LANES` of them in the lanes of each vector: a range of vectors."""

    @compiled
    def score(
        first: int,
        last: int,
        scale: Any,  # (V, LANES)
        weights: Any,  # (V, LANES)
        bias: Any,  # (K,)
        alleles: Any,  # (A, 4)
        maxima: Any,  # as the pool kernel leaves them
        scores: Any,  # float32 (K, A), lowest before
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
                    # Added to nothing, as the sums of other networks begin: of a negative zero a zero is left.
                    output = multiply(multiply(as_doubles(best), unit), weight)
                    store(outputs, 0, add(splat(LANES, 0.0), output))
                    for lane in range(filled):
                        value = np.float32(outputs[lane] + bias[start + lane])
                        scores[start + lane, allele] = max(scores[start + lane, allele], value)

    return score
