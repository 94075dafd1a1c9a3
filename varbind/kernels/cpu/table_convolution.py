"""The CPU kernel: convolution as a sum of table rows, all detectors of a network in one vector register.

A one-hot input picks rows of a table, so a detector of length m is a sum of ceil(m / 3) rows, one for each
three bases. A row holds `LANES` detectors of a network. Walking along the sequence in steps of three bases, a
row feeds ceil(m / 3) positions at once: partial sums move up by one at each step, and a finished sum goes
straight into the running maximum without touching memory. Before and after the sequence every row is that of
NNN: those sums are looked up whole. Networks are outside, sequences inside, so that a network's table stays
in cache.

Everything is whole numbers of 32 bits (quarters of the fixed point of `varbind.kernels.exact_arithmetic`): sums are
exact, in whatever order and for whatever part of a sequence they are formed. So a substitution is the sum
of the reference with one base's part exchanged.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from varbind.kernels.cpu.numba_cache import compiled
from varbind.kernels.cpu.partial_sums import begin, finish, finished, take_row
from varbind.kernels.cpu.simd import LANES, add, larger, load, lowest, rectify, store, subtract, upper_half, zero
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TRIPLETS", "fill_table", "pool_kernel", "table_size"]

TRIPLETS = 125
"""Three bases out of A, C, G, T, N; the last one is NNN."""


def table_size(count: int) -> int:
    """Numbers in the table of detectors of `count` triplets: its rows, then the sums of NNN."""
    return (TRIPLETS * count + 2 * (count - 1)) * LANES


@compiled
def fill_table(table: Any, weights: Any, thresholds: Any) -> None:
    """Rows of every triplet, `count` vectors each, from weights (3 count x 5 vectors, flat), zero beyond m.

    All three are int32 or float32. The first vector of a row carries the thresholds. After the rows come the sums
    of NNN: over the first j + 1
    vectors, and over those after them, for every j < count - 1.
    """
    count = len(weights) // (15 * LANES)
    start = load(thresholds, 0)
    for j in range(count):
        base = 15 * j * LANES
        for one in range(5):
            first = add(start, load(weights, base + one * LANES))
            for two in range(5):
                pair = add(first, load(weights, base + (5 + two) * LANES))
                for three in range(5):
                    row = ((one * 5 + two) * 5 + three) * count + j
                    store(table, row * LANES, add(pair, load(weights, base + (10 + three) * LANES)))
        start = subtract(start, start)
    unknown = (TRIPLETS - 1) * count
    first_sums, last_sums = TRIPLETS * count, TRIPLETS * count + count - 1
    before = after = start  # nothing by now
    for j in range(count - 1):
        before = add(before, load(table, (unknown + j) * LANES))
        store(table, (first_sums + j) * LANES, before)
        k = count - 2 - j
        after = add(after, load(table, (unknown + k + 1) * LANES))
        store(table, (last_sums + k) * LANES, after)


@compiled
def _clear(best_of: Any, high_of: Any, low_of: Any, cell: int, mean: bool) -> None:  # noqa: FBT001 (numba)
    """Nothing pooled yet."""
    store(best_of, cell * LANES, lowest())
    if mean:
        store(high_of, cell * LANES, zero())
        store(low_of, cell * LANES, zero())


@compiled
def _pool_substitution(
    weights: Any,
    middle: Any,
    before: int,
    after: int,
    best_of: Any,
    high_of: Any,
    low_of: Any,
    cell: int,
    mean: bool,  # noqa: FBT001 (numba)
) -> None:
    """Pool the sums of the middle segment with one base exchanged, which each position reads one base earlier."""
    best = lowest()
    high = low = zero()
    count = len(middle) // LANES
    for shift in range(count):
        base = (count - 1 - shift) * 5
        change = subtract(load(weights, (base + after) * LANES), load(weights, (base + before) * LANES))
        done = add(load(middle, shift * LANES), change)
        best = larger(best, done)
        if mean:
            done = rectify(done)
            high = add(high, upper_half(done))
            low = add(low, done)
    store(best_of, cell * LANES, best)
    if mean:
        store(high_of, cell * LANES, high)
        store(low_of, cell * LANES, low)


@cache
def pool_kernel(count: int, *, mean: bool) -> Callable[..., None]:  # noqa: C901 (a kernel is one function)
    """The kernel that pools detectors of `count` triplets over positions.

    It takes a range of networks of a stack (`varbind.kernels.cpu.table_stack`) and the work of a plan
    (`varbind.kernels.work_plan`), and writes, for each network of the range, strand and group of detectors, the maximum
    over the positions of every cell and, for mean pooling, the two parts of the sum of rectified values: each
    int32 (networks, S, G, cells x LANES). An empty segment has the lowest integer and sum 0.
    """

    @compiled
    def pool(  # noqa: C901, PLR0912
        first: int,
        last: int,
        detector_len: int,
        detectors: Any,  # (K, S, G, 15 count LANES) int32
        thresholds: Any,  # (K, G, LANES) int32
        triplets: Any,
        lengths: Any,
        sequences: Any,
        bounds: Any,
        substitutions: Any,
        first_substitution: Any,
        table: Any,
        middle: Any,  # room for detector_len vectors
        maxima: Any,
        upper: Any,
        lower: Any,
    ) -> None:
        reach = 3 * (count - 1)  # from a position to its last triplet
        for model in range(first, last):
            for strand in range(detectors.shape[1]):
                for group in range(detectors.shape[2]):
                    weights = detectors[model, strand, group]
                    fill_table(table, weights, thresholds[model, group])
                    best_of = maxima[model - first, strand, group]
                    high_of, low_of = upper[model - first, strand, group], lower[model - first, strand, group]
                    for item in range(len(sequences)):
                        codes = triplets[sequences[item]]
                        end_of_bases = detector_len - 1 + lengths[sequences[item]]
                        exchanged = first_substitution[item] < first_substitution[item + 1]
                        for cell in range(SEGMENTS * item, SEGMENTS * (item + 1)):
                            _clear(best_of, high_of, low_of, cell, mean)
                        # Positions of one residue modulo 3 share their triplets: a walk of its own.
                        for residue in range(3):
                            position = bounds[item, 0] + residue
                            if position >= bounds[item, 3]:
                                break
                            at = position + 3 * max(0, (detector_len - 1 - position) // 3)
                            sums = begin(count, table, TRIPLETS * count * LANES)
                            while at < position + reach:
                                sums = take_row(sums, table, codes[at] * (count * LANES))
                                at += 3
                            rest = (TRIPLETS * count + 2 * (count - 1) - 1) * LANES
                            for segment in range(SEGMENTS):
                                place = (SEGMENTS * item + segment) * LANES
                                kept = exchanged and segment == 1
                                end = bounds[item, segment + 1] + reach
                                best = load(best_of, place)
                                if mean:
                                    high, low = load(high_of, place), load(low_of, place)
                                while at < end:
                                    if at < end_of_bases:
                                        sums = take_row(sums, table, codes[at] * (count * LANES))
                                    else:
                                        sums = finish(sums, load(table, rest))
                                        rest -= LANES
                                    done = finished(sums)
                                    if kept:
                                        store(middle, (at - reach - bounds[item, 1]) * LANES, done)
                                    best = larger(best, done)
                                    if mean:
                                        done = rectify(done)
                                        high = add(high, upper_half(done))
                                        low = add(low, done)
                                    at += 3
                                store(best_of, place, best)
                                if mean:
                                    store(high_of, place, high)
                                    store(low_of, place, low)
                        for index in range(first_substitution[item], first_substitution[item + 1]):
                            before, after = substitutions[index, 0], substitutions[index, 1]
                            cell = SEGMENTS * len(sequences) + index
                            _pool_substitution(weights, middle, before, after, best_of, high_of, low_of, cell, mean)

    return pool
