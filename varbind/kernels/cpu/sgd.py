"""The training kernel: stochastic gradient descent of one DeepBind network, with many steps per call.

The forward pass walks along the sequences like `varbind.kernels.cpu.table_convolution`, in single precision, and stores
the position of the maximum of every detector. The gradient of a maximum concerns only the bases that this position
reads, so the backward pass is cheap. The gradient of a mean concerns every position whose sum is above zero, so these
sums are stored, and the gradients of the rows of the table are added up. Of two strands, the one with the larger score
is trained.

All parameters of a network are stored in one flat array, in the order of `varbind.core.deepbind.DeepBindStack`:
detectors (m, 4, D), thresholds (D), weights1 (P, max(H, 1)), biases1, weights2 (H), bias2. In contrast to a stack, the
P pooled values are all maxima followed by all means.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.kernels.cpu.gradients import add_group_slopes, add_maximum_slopes, add_mean_slopes, add_network_slopes
from varbind.kernels.cpu.numba_cache import compiled
from varbind.kernels.cpu.simd import LANES, add, keep_larger, load, rectify, store
from varbind.kernels.cpu.table_convolution import TRIPLETS, begin, fill_table, finish, finished, take_row

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ADAM", "FIRST_MOMENTUM", "NESTEROV", "SECOND_MOMENTUM", "TINY", "descent_kernel"]

NESTEROV, ADAM = 0, 1
"""The optimizers: Sutskever et al. 2013; Kingma and Ba 2015."""

FIRST_MOMENTUM, SECOND_MOMENTUM, TINY = np.float32(0.9), np.float32(0.999), np.float32(1e-8)


@compiled
def _split(flat: Any, detector_len: int, detectors: int, pooled: int, hidden: int) -> Any:
    """The six arrays of a network, as views of the flat array."""
    units = max(hidden, 1)
    a = detector_len * 4 * detectors
    b = a + detectors
    c = b + pooled * units
    d = c + units
    return (
        flat[:a].reshape((detector_len, 4, detectors)),
        flat[a:b],
        flat[b:c].reshape((pooled, units)),
        flat[c:d],
        flat[d : d + hidden],
        flat[d + hidden :],
    )


@compiled
def _fill_weights(weights: Any, detectors: Any, group: int) -> None:
    """Copy the weights of a group of detectors from (m, 4, D) to (m, 5) vectors; that of N is the mean of four."""
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
    """The score of one strand; the units, rectified if there is a hidden layer, are written to `units`."""
    _, _, weights1, biases1, weights2, bias2 = network
    units[:] = biases1
    for feature in range(len(features)):
        if features[feature] != 0:
            for unit in range(len(units)):
                units[unit] += features[feature] * weights1[feature, unit]
    if len(weights2) == 0:
        return units[0]
    output = bias2[0]
    for unit in range(len(units)):
        units[unit] = max(units[unit], np.float32(0))
        output += units[unit] * weights2[unit]
    return output


@compiled
def _loss(score: float, target: float, logistic: bool) -> Any:  # noqa: FBT001 (numba passes no keywords)
    """The loss and its derivative: the logistic loss for labels, else half the squared error."""
    if logistic:
        loss = max(score, 0.0) - score * target + math.log1p(math.exp(-abs(score)))
        return loss, 1.0 / (1.0 + math.exp(-score)) - target
    return 0.5 * (score - target) ** 2, score - target


@compiled
def _add_decay(slopes: Any, values: Any, decays: Any, norm: int) -> None:
    """Add the gradient of the weight decay, on flat arrays: of absolute values (norm 1) or of half the squares (2)."""
    for i in range(len(values)):
        slopes[i] += decays[i] * (np.sign(values[i]) if norm == 1 else values[i])


@compiled
def _follow_nesterov(values: Any, moments: Any, slopes: Any, rate: float, momentum: float) -> None:
    """Take one step of Nesterov's method, on flat arrays."""
    speeds = moments[0]
    for i in range(len(values)):
        slope = slopes[i]
        speeds[i] = momentum * speeds[i] + slope
        values[i] -= rate * (slope + momentum * speeds[i])


@compiled
def _follow_adam(values: Any, moments: Any, slopes: Any, rate: Any, taken: int) -> None:
    """Take one step of Adam, on flat arrays; `taken` is the number of steps including this one."""
    means, squares = moments[0], moments[1]
    one = np.float32(1)
    rate = np.float32(rate / (1 - float(FIRST_MOMENTUM) ** taken))
    correction = np.float32(1 / (1 - float(SECOND_MOMENTUM) ** taken))
    for i in range(len(values)):
        slope = slopes[i]
        means[i] = FIRST_MOMENTUM * means[i] + (one - FIRST_MOMENTUM) * slope
        squares[i] = SECOND_MOMENTUM * squares[i] + (one - SECOND_MOMENTUM) * slope * slope
        values[i] -= rate * means[i] / (np.sqrt(squares[i] * correction) + TINY)


@cache
def descent_kernel(count: int, *, mean: bool) -> Callable[..., Any]:  # noqa: C901, PLR0915 (a kernel is one function)
    """The kernel for detectors of `count` triplets, with or without mean pooling.

    It changes the parameters in place and returns the mean loss of all steps. Sequences are the base codes of each
    strand with N on both sides; with the logistic loss, the targets are labels 0 and 1.
    """
    reach = 3 * (count - 1)
    sums_of_n = TRIPLETS * count * LANES

    @compiled
    def descend(  # noqa: C901, PLR0912, PLR0915
        codes: Any,  # uint8 (N, S, width)
        triplets: Any,  # uint8 (N, S, width - 2)
        lengths: Any,  # int64 (N,)
        targets: Any,  # float32 (N,)
        logistic: bool,  # noqa: FBT001 (numba passes no keywords)
        batches: Any,  # int64 (steps, B): rows
        kept: Any,  # float32 (steps, B, P): factor of each pooled value, for dropout
        values: Any,  # float32: all parameters
        moments: Any,  # float32 (2, parameters)
        decays: Any,  # float32 (parameters,)
        norm: int,  # of the weight decay, 1 or 2
        detector_len: int,
        hidden: int,
        rule: int,
        rate: float,
        momentum: float,
        taken: int,  # number of previous steps
        table: Any,
    ) -> Any:
        size, pooled, strands = kept.shape[1], kept.shape[2], codes.shape[1]
        width = pooled // 2 if mean else pooled
        groups = width // LANES
        flat_slopes = np.zeros(len(values), dtype=np.float32)
        network = _split(values, detector_len, width, pooled, hidden)
        slopes = _split(flat_slopes, detector_len, width, pooled, hidden)
        weights = np.zeros(15 * count * LANES, dtype=np.float32)
        features = np.empty((size, strands, pooled), dtype=np.float32)
        places = np.empty((size, strands, width), dtype=np.int32)
        units = np.empty((strands, max(hidden, 1)), dtype=np.float32)
        feature_slopes = np.empty(pooled, dtype=np.float32)
        if mean:
            sums_at = np.empty((groups, size, strands, triplets.shape[2], LANES), dtype=np.float32)
            table_slopes = np.empty((groups, TRIPLETS * count * LANES), dtype=np.float32)
        total = 0.0
        for step in range(len(batches)):
            features[:] = 0  # a maximum below zero is rectified and has no gradient
            places[:] = -1
            for group in range(groups):
                start = group * LANES
                _fill_weights(weights, network[0], group)
                fill_table(table, weights, network[1][start : start + LANES])
                for number in range(strands * size):
                    example, strand = number // strands, number % strands
                    row = batches[step, example]
                    text = triplets[row, strand]
                    end_of_bases = detector_len - 1 + lengths[row]
                    best, place = load(features[example, strand], start), load(places[example, strand], start)
                    if mean:
                        sums_here, rectified = sums_at[group, example, strand], best
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
                            if mean:
                                store(sums_here, (at - reach) * LANES, finished(sums))
                                rectified = add(rectified, rectify(finished(sums)))
                            at += 3
                    store(features[example, strand], start, best)
                    store(places[example, strand], start, place)
                    if mean:
                        store(features[example, strand], width + start, rectified)
            flat_slopes[:] = 0
            if mean:
                table_slopes[:] = 0
            for example in range(size):
                row, both = batches[step, example], features[example]  # (S, P)
                both *= kept[step, example]
                positions = lengths[row] + detector_len - 1
                if mean:
                    both[:, width:] /= np.float32(positions)
                strand, score = 0, np.float32(0)
                for each in range(strands):
                    output = _output(network, both[each], units[each])
                    if each == 0 or output > score:
                        strand, score = each, output
                loss, error = _loss(score, targets[row], logistic)
                total += loss
                error = np.float32(error / size)
                add_network_slopes(network, slopes, error, both[strand], units[strand], feature_slopes)
                feature_slopes *= kept[step, example]
                add_maximum_slopes(slopes, codes[row, strand], places[example, strand], feature_slopes)
                if mean:
                    feature_slopes /= np.float32(positions)
                    for group in range(groups):
                        sums_here = sums_at[group, example, strand, :positions]
                        own = feature_slopes[width + group * LANES :]
                        add_mean_slopes(table_slopes[group], triplets[row, strand], sums_here, own)
            if mean:
                for group in range(groups):
                    add_group_slopes(slopes, table_slopes[group], group)
            _add_decay(flat_slopes, values, decays, norm)
            if rule == NESTEROV:
                _follow_nesterov(values, moments, flat_slopes, np.float32(rate), np.float32(momentum))
            else:
                _follow_adam(values, moments, flat_slopes, rate, taken + step + 1)
        return total / (len(batches) * size)

    return descend
