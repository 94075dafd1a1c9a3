"""The training kernel: stochastic gradient descent of one DeepBind network, many steps at a call.

The forward pass walks along sequences as `varbind.nn.lookup` does, in single precision, and keeps the winning
position of every detector beside its maximum. A maximum passes its slope to that one stretch of the sequence,
so the backward pass touches m bases a detector and costs little. Of the two strands the one with the larger
score is trained.

All parameters of a network stand in one flat array, in the order of `varbind.core.network.DeepBindStack`:
detectors (m, 4, D), thresholds (D), weights1 (D, max(H, 1)), biases1, weights2 (H), bias2.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.nn.compiled import compiled
from varbind.nn.lookup import TRIPLETS, fill_table
from varbind.nn.partial_sums import begin, finish, finished, take_row
from varbind.nn.vector import LANES, keep_larger, load, store

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ADAM", "NESTEROV", "descent_kernel"]

NESTEROV, ADAM = 0, 1
"""Sutskever et al. 2013; Kingma and Ba 2015 with its own momenta."""

_FIRST, _SECOND, _TINY = np.float32(0.9), np.float32(0.999), np.float32(1e-8)


@compiled
def _split(flat: Any, detector_len: int, detectors: int, hidden: int) -> Any:
    """Views of the six arrays of a network."""
    units = max(hidden, 1)
    a = detector_len * 4 * detectors
    b = a + detectors
    c = b + detectors * units
    d = c + units
    return (
        flat[:a].reshape((detector_len, 4, detectors)),
        flat[a:b],
        flat[b:c].reshape((detectors, units)),
        flat[c:d],
        flat[d : d + hidden],
        flat[d + hidden :],
    )


@compiled
def _fill_weights(weights: Any, detectors: Any, group: int) -> None:
    """Weights of a group of detectors with those of N, the mean of four: (3 nt x 5 vectors) from (m, 4, D)."""
    for position in range(detectors.shape[0]):
        for lane in range(LANES):
            total = np.float32(0)
            for base in range(4):
                value = detectors[position, base, group * LANES + lane]
                weights[(position * 5 + base) * LANES + lane] = value
                total += value
            weights[(position * 5 + 4) * LANES + lane] = total * np.float32(0.25)


@compiled
def _output(network: Any, features: Any, units: Any) -> Any:
    """Score of one strand; `units` receives the units, rectified where there is a hidden layer."""
    _, _, weights1, biases1, weights2, bias2 = network
    units[:] = biases1
    for detector in range(len(features)):
        if features[detector] != 0:
            for unit in range(len(units)):
                units[unit] += features[detector] * weights1[detector, unit]
    if len(weights2) == 0:
        return units[0]
    output = bias2[0]
    for unit in range(len(units)):
        units[unit] = max(units[unit], np.float32(0))
        output += units[unit] * weights2[unit]
    return output


@compiled
def _network_slopes(network: Any, slopes: Any, error: Any, features: Any, units: Any, feature_slopes: Any) -> None:
    """Slopes behind the pooled values for one sequence are added up; those of units and pooled values are put."""
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
    for detector in range(len(features)):
        feature, total = features[detector], np.float32(0)
        for unit in range(len(units)):
            weights1_slopes[detector, unit] += units[unit] * feature
            total += units[unit] * weights1[detector, unit]
        feature_slopes[detector] = total


@compiled
def _detector_slopes(slopes: Any, codes: Any, places: Any, feature_slopes: Any) -> None:
    """Slopes of the detectors and thresholds, at the winning position of each if any, are added up."""
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
def _loss(score: float, target: float, logistic: bool) -> Any:  # noqa: FBT001 (numba passes no keywords)
    """Loss and its slope: logistic for a label, else half the squared error."""
    if logistic:
        loss = max(score, 0.0) - score * target + math.log1p(math.exp(-abs(score)))
        return loss, 1.0 / (1.0 + math.exp(-score)) - target
    return 0.5 * (score - target) ** 2, score - target


@compiled
def _follow_nesterov(values: Any, moments: Any, slopes: Any, decays: Any, rate: float, momentum: float) -> None:
    """One step with momentum, on flat arrays."""
    speeds = moments[0]
    for i in range(len(values)):
        slope = slopes[i] + decays[i] * values[i]
        speeds[i] = momentum * speeds[i] + slope
        values[i] -= rate * (slope + momentum * speeds[i])


@compiled
def _follow_adam(values: Any, moments: Any, slopes: Any, decays: Any, rate: Any, taken: int) -> None:
    """One step by the mean slope over its spread, on flat arrays; `taken` counts this one."""
    means, squares = moments[0], moments[1]
    one = np.float32(1)
    rate = np.float32(rate / (1 - float(_FIRST) ** taken))
    correction = np.float32(1 / (1 - float(_SECOND) ** taken))
    for i in range(len(values)):
        slope = slopes[i] + decays[i] * values[i]
        means[i] = _FIRST * means[i] + (one - _FIRST) * slope
        squares[i] = _SECOND * squares[i] + (one - _SECOND) * slope * slope
        values[i] -= rate * means[i] / (np.sqrt(squares[i] * correction) + _TINY)


@cache
def descent_kernel(count: int) -> Callable[..., Any]:  # noqa: C901, PLR0915 (a kernel is one function)
    """The kernel for detectors of `count` triplets.

    It takes steps in place and returns the mean loss over them. Sequences are base codes of both strands with
    N around (`varbind.train.trial.Examples`); targets are labels 0 and 1 where the loss is logistic.
    """
    reach = 3 * (count - 1)
    sums_of_n = TRIPLETS * count * LANES

    @compiled
    def descend(
        codes: Any,  # uint8 (N, 2, width)
        triplets: Any,  # uint8 (N, 2, width - 2)
        lengths: Any,  # int64 (N,)
        targets: Any,  # float32 (N,)
        logistic: bool,  # noqa: FBT001 (numba passes no keywords)
        batches: Any,  # int64 (steps, B): rows
        kept: Any,  # float32 (steps, B, D): factor of each pooled value
        values: Any,  # float32: all parameters
        moments: Any,  # float32 (2, parameters)
        decays: Any,  # float32 (parameters,)
        detector_len: int,
        hidden: int,
        rule: int,
        rate: float,
        momentum: float,
        taken: int,  # steps before
        table: Any,
    ) -> Any:
        size, width = kept.shape[1:]
        flat_slopes = np.zeros(len(values), dtype=np.float32)
        network = _split(values, detector_len, width, hidden)
        slopes = _split(flat_slopes, detector_len, width, hidden)
        weights = np.zeros(15 * count * LANES, dtype=np.float32)
        pooled = np.empty((size, 2, width), dtype=np.float32)
        places = np.empty((size, 2, width), dtype=np.int32)
        units = np.empty((2, max(hidden, 1)), dtype=np.float32)
        feature_slopes = np.empty(width, dtype=np.float32)
        total = 0.0
        for step in range(len(batches)):
            pooled[:] = 0  # rectified: a maximum below it passes nothing on
            places[:] = -1
            for group in range(width // LANES):
                start = group * LANES
                _fill_weights(weights, network[0], group)
                fill_table(table, weights, network[1][start : start + LANES])
                for example in range(2 * size):
                    row, strand = batches[step, example // 2], example % 2
                    text = triplets[row, strand]
                    end_of_bases = detector_len - 1 + lengths[row]
                    best, place = load(pooled[example // 2, strand], start), load(places[example // 2, strand], start)
                    for residue in range(3):
                        at = residue + 3 * max(0, (detector_len - 1 - residue) // 3)
                        sums = begin(count, table, sums_of_n)
                        while at < residue + reach:
                            sums = take_row(sums, table, text[at] * (count * LANES))
                            at += 3
                        rest = sums_of_n + (2 * (count - 1) - 1) * LANES
                        while at < end_of_bases + reach:
                            if at < end_of_bases:
                                sums = take_row(sums, table, text[at] * (count * LANES))
                            else:
                                sums = finish(sums, load(table, rest))
                                rest -= LANES
                            best, place = keep_larger(best, place, finished(sums), at - reach)
                            at += 3
                    store(pooled[example // 2, strand], start, best)
                    store(places[example // 2, strand], start, place)
            flat_slopes[:] = 0
            for example in range(size):
                row, features = batches[step, example], pooled[example]
                features *= kept[step, example]
                first, second = _output(network, features[0], units[0]), _output(network, features[1], units[1])
                strand = 1 if second > first else 0
                loss, error = _loss(max(first, second), targets[row], logistic)
                total += loss
                error = np.float32(error / size)
                _network_slopes(network, slopes, error, features[strand], units[strand], feature_slopes)
                feature_slopes *= kept[step, example]
                _detector_slopes(slopes, codes[row, strand], places[example, strand], feature_slopes)
            if rule == NESTEROV:
                _follow_nesterov(values, moments, flat_slopes, decays, np.float32(rate), np.float32(momentum))
            else:
                _follow_adam(values, moments, flat_slopes, decays, rate, taken + step + 1)
        return total / (len(batches) * size)

    return descend
