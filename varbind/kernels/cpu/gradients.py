"""The backward pass of the training kernel: gradients of the loss with respect to every parameter.

Gradients are stored like the parameters (`varbind.kernels.cpu.sgd`), as the six arrays of a network. Every function
adds the gradients of one sequence, or of one group of `LANES` detectors. A slope is a component of a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from varbind.kernels.cpu.numba_cache import compiled
from varbind.kernels.cpu.simd import LANES, add, load, store, where_positive
from varbind.kernels.cpu.table_convolution import TRIPLETS

__all__ = ["add_group_slopes", "add_maximum_slopes", "add_mean_slopes", "add_network_slopes"]


@compiled
def add_network_slopes(network: Any, slopes: Any, error: Any, features: Any, units: Any, feature_slopes: Any) -> None:
    """Add the gradients of the output layers for one sequence, and write those of units and pooled values."""
    _, _, weights1, _, weights2, _ = network
    _, _, weights1_slopes, biases1_slopes, weights2_slopes, bias2_slope = slopes
    hidden = len(weights2)
    if hidden:
        bias2_slope[0] += error
    for unit in range(len(units)):
        slope = error
        if hidden:
            weights2_slopes[unit] += error * units[unit]
            slope = error * weights2[unit] if units[unit] > 0 else np.float32(0)
        biases1_slopes[unit] += slope
        units[unit] = slope
    for feature in range(len(features)):
        value, total = features[feature], np.float32(0)
        for unit in range(len(units)):
            weights1_slopes[feature, unit] += units[unit] * value
            total += units[unit] * weights1[feature, unit]
        feature_slopes[feature] = total


@compiled
def add_maximum_slopes(slopes: Any, codes: Any, places: Any, feature_slopes: Any) -> None:
    """Add the gradients of detectors and thresholds from the maxima of one sequence, each at its position, if any."""
    detectors, thresholds = slopes[0], slopes[1]
    for detector in range(len(places)):
        slope = feature_slopes[detector]
        if slope == 0 or places[detector] < 0:
            continue
        thresholds[detector] += slope
        for position in range(detectors.shape[0]):
            base = codes[places[detector] + position]
            if base < 4:
                detectors[position, base, detector] += slope
            else:
                for each in range(4):
                    detectors[position, each, detector] += slope * np.float32(0.25)


@compiled
def add_mean_slopes(table_slopes: Any, text: Any, sums: Any, slopes: Any) -> None:
    """Add the gradients of the rows of a group's table from the means of one sequence.

    Each of the `sums` (positions, LANES) above zero has the same slope.
    """
    count = len(table_slopes) // (TRIPLETS * LANES)
    everywhere = load(slopes, 0)
    for position in range(len(sums)):
        slope = where_positive(load(sums, position * LANES), everywhere)
        for j in range(count):
            row = (text[position + 3 * j] * count + j) * LANES
            store(table_slopes, row, add(load(table_slopes, row), slope))


@compiled
def add_group_slopes(slopes: Any, table_slopes: Any, group: int) -> None:
    """Add the gradients of a group's detectors and thresholds from those of the rows of its table."""
    weight_slopes = np.zeros(15 * (len(table_slopes) // TRIPLETS), dtype=np.float32)
    _sum_rows(weight_slopes, table_slopes)
    _take_weights(slopes, weight_slopes, group)


@compiled
def _sum_rows(weight_slopes: Any, table_slopes: Any) -> None:
    """Add the gradients of a group's weights: the reverse of `varbind.kernels.cpu.table_convolution.fill_table`."""
    count = len(table_slopes) // (TRIPLETS * LANES)
    for triplet in range(TRIPLETS):
        one, two, three = triplet // 25, 5 + triplet // 5 % 5, 10 + triplet % 5
        for j in range(count):
            slope = load(table_slopes, (triplet * count + j) * LANES)
            for vector in (one, two, three):
                at = (15 * j + vector) * LANES
                store(weight_slopes, at, add(load(weight_slopes, at), slope))


@compiled
def _take_weights(slopes: Any, weight_slopes: Any, group: int) -> None:
    """Add the gradients of a group's detectors and thresholds; the weight of N is the mean of four weights."""
    detectors, thresholds = slopes[0], slopes[1]
    for lane in range(LANES):
        for base in range(5):  # every sum has one threshold, and one base at its first position
            thresholds[group * LANES + lane] += weight_slopes[base * LANES + lane]
    for position in range(detectors.shape[0]):
        for lane in range(LANES):
            unknown = weight_slopes[(position * 5 + 4) * LANES + lane] * np.float32(0.25)
            for base in range(4):
                slope = weight_slopes[(position * 5 + base) * LANES + lane]
                detectors[position, base, group * LANES + lane] += slope + unknown
