"""The CPU kernel: convolution as a sum of table rows, with the detectors of a network in one vector register.

A one-hot input selects rows of a table, so a detector of length m is a sum of ceil(m / 3) rows, one for each three
bases. A row holds `LANES` detectors of a network. The kernel walks along a sequence in steps of three bases, and each
row contributes to ceil(m / 3) positions at once: the partial sums of these positions stay in registers and move up by
one at each step, and a finished sum goes directly into the running maximum. Before and after the sequence every row is
that of NNN, and the sums over these rows are looked up. The outer loop runs over networks and the inner loop over
sequences, so that the table of a network stays in the cache.

All numbers are whole numbers of 32 bits (`varbind.kernels.exact_arithmetic`), so that sums are exact in any order and
for any part of a sequence. The sum of a substituted allele is therefore the sum of the reference with the contribution
of one base exchanged. Training uses the same functions with single-precision numbers (`varbind.kernels.cpu.sgd`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba.core import types

from varbind.kernels.cpu.numba_cache import compiled
from varbind.kernels.cpu.simd import (
    LANES,
    add,
    add_vectors,
    constant,
    larger,
    literal_intrinsic,
    load,
    load_from,
    lowest,
    rectify,
    store,
    subtract,
    upper_half,
    vector_intrinsic,
    vector_of,
    zero,
)
from varbind.kernels.work_plan import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TRIPLETS", "begin", "fill_table", "finish", "finished", "pool_kernel", "table_size", "take_row"]

TRIPLETS = 125
"""Number of words of three letters A, C, G, T and N. The last one is NNN."""


def table_size(count: int) -> int:
    """Number of elements in the table of detectors of `count` triplets: its rows, and then the sums over NNN."""
    return (TRIPLETS * count + 2 * (count - 1)) * LANES


# The partial sums are a tuple of vectors, so that they stay in registers. Element j is the sum over the first j + 1
# rows of a position; the last element is finished.


@literal_intrinsic
def begin(_context: Any, count: Any, array: Any, index: Any) -> Any:
    """Load `count` - 1 partial sums from successive vectors of an array; no sum is finished."""
    vector = vector_of(array)
    result = types.UniTuple(vector, count.literal_value)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = signature.args[1], arguments[1]
        partial = [
            load_from(context, builder, vector, array, _offset(builder, arguments[2], j), align=4 * LANES)
            for j in range(count.literal_value - 1)
        ]
        return context.make_tuple(builder, result, [*partial, constant(vector, 0)])

    return result(count, array, types.intp), generate


def _offset(builder: Any, index: Any, vectors: int) -> Any:
    return builder.add(index, ir.Constant(index.type, vectors * LANES))


@vector_intrinsic
def take_row(_context: Any, sums: Any, array: Any, index: Any) -> Any:
    """Move every sum up by one, and add its vector of the row that begins at this element."""
    vector = vector_of(array)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        old, row, start = arguments
        new = []
        for j in range(signature.args[0].count):
            place = _offset(builder, start, j)
            part = load_from(context, builder, vector, (signature.args[1], row), place, align=4 * LANES)
            new.append(add_vectors(builder, vector, builder.extract_value(old, j - 1), part) if j else part)
        return context.make_tuple(builder, signature.return_type, new)

    return sums(sums, array, types.intp), generate


@vector_intrinsic
def finish(_context: Any, sums: Any, rest: Any) -> Any:
    """Move every sum up by one without adding a row, and add the rest of all its rows to the last sum."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = signature.args[0].count
        moved = [constant(rest, 0), *(builder.extract_value(arguments[0], j) for j in range(count - 1))]
        moved[-1] = add_vectors(builder, rest, moved[-1], arguments[1])
        return context.make_tuple(builder, signature.return_type, moved)

    return sums(sums, rest), generate


@vector_intrinsic
def finished(_context: Any, sums: Any) -> Any:
    """The sum that is finished."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_value(arguments[0], signature.args[0].count - 1)

    return sums.dtype(sums), generate


@compiled
def fill_table(table: Any, weights: Any, thresholds: Any) -> None:
    """Fill the rows of all triplets, with `count` vectors each.

    All arrays are int32, or all are float32. After the rows come the sums over NNN: those over the first j + 1 vectors,
    and those over the remaining vectors, for every j < count - 1.

    Args:
        table: flat, `table_size(count)` elements, written.
        weights: flat (3 count, 5, LANES), zero beyond the detector.
        thresholds: (LANES,), which are part of the first vector of every row.
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
    before = after = start  # zero after the first pass
    for j in range(count - 1):
        before = add(before, load(table, (unknown + j) * LANES))
        store(table, (first_sums + j) * LANES, before)
        k = count - 2 - j
        after = add(after, load(table, (unknown + k + 1) * LANES))
        store(table, (last_sums + k) * LANES, after)


@compiled
def _clear(best_of: Any, high_of: Any, low_of: Any, cell: int, mean: bool) -> None:  # noqa: FBT001 (numba)
    """Set a cell to the state before anything is pooled."""
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
    """Pool the sums of the middle segment with one base exchanged; successive positions read it one place earlier."""
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

    It computes a range of networks of a stack (`varbind.kernels.cpu.table_stack`) for the work of a plan
    (`varbind.kernels.work_plan`). For each network, strand and group of detectors it writes the maximum over the
    positions of every cell and, with mean pooling, the upper and the lower half of the sum of rectified values, each
    int32 (networks, S, G, cells x LANES). A segment without positions gets the lowest integer and the sum 0.
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
        middle: Any,  # space for detector_len vectors
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
                        # Positions that are equal modulo 3 read the same triplets, so each residue is one walk.
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
