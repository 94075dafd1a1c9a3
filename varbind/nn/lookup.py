"""The CPU kernel: convolution as a sum of table rows, sixteen detectors in one vector register.

A one-hot input picks rows of a table, so a detector of length m is a sum of ceil(m / 3) rows, one for each
three bases. A row holds all detectors of a model. Walking along the sequence in steps of three bases, a
row feeds ceil(m / 3) positions at once: partial sums move up by one at each step, and a finished sum goes
straight into the running maximum without touching memory. Models are outside, sequences inside, so that
a model's table stays in cache.

Everything is whole numbers of 32 bits (quarters of the fixed point of `varbind.nn.fixed_point`): sums are
exact, in whatever order and for whatever part of a sequence they are formed.

The vector type, its operations and the kernels stand in this one file because numba's cache on disk does
not notice changes in other modules.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, register_model

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["LANES", "SEGMENTS", "TRIPLETS", "pool_kernel", "score_alleles"]

LANES = 16
"""Detectors in one vector: a 512-bit register, or two of 256 bits."""

SEGMENTS = 3
"""Left of a change, the positions that see it, right of it."""

TRIPLETS = 125
"""Three bases out of A, C, G, T, N."""

# numba's decorators, without the types of what they decorate: inside a kernel, calls have other parameters.
_intrinsic: Callable[..., Any] = intrinsic
_literal_intrinsic: Callable[..., Any] = intrinsic(prefer_literal=True)

_INT = ir.IntType(32)
_VECTOR = ir.VectorType(_INT, LANES)


class _Vector(types.Type):
    """numba's type of sixteen 32-bit integers."""

    def __init__(self) -> None:
        super().__init__(name=f"Int32x{LANES}")


_vector = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    """LLVM's vector, passed in a register."""

    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _VECTOR)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _constant(value: int) -> Any:
    return ir.Constant(_VECTOR, [value] * LANES)


def _maximum(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.icmp_signed(">", one, other), one, other)


@_intrinsic
def _load(_context: Any, array: Any, index: Any) -> Any:
    """Sixteen integers from an array, at any alignment of four bytes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = builder.load(_pointer(context, builder, signature.args[0], *arguments))
        loaded.align = 4
        return loaded

    return _vector(array, types.intp), generate


@_intrinsic
def _store(_context: Any, array: Any, index: Any, vector: Any) -> Any:
    """Sixteen integers into an array, at any alignment of four bytes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        stored = builder.store(arguments[2], _pointer(context, builder, signature.args[0], *arguments[:2]))
        stored.align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, _vector), generate


@_intrinsic
def _add(_context: Any, one: Any, other: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.add(*arguments)

    return _vector(_vector, _vector), generate


@_intrinsic
def _larger(_context: Any, one: Any, other: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return _maximum(builder, *arguments)

    return _vector(_vector, _vector), generate


@_intrinsic
def _lowest(_context: Any) -> Any:
    """The smallest integers: neutral to a maximum."""
    return _vector(), lambda *_: _constant(-(2**31))


@_intrinsic
def _zero(_context: Any) -> Any:
    return _vector(), lambda *_: _constant(0)


@_intrinsic
def _rectified(_context: Any, sums: Any) -> Any:
    """Nothing below zero."""
    return _vector(_vector), lambda _, builder, __, arguments: _maximum(builder, arguments[0], _constant(0))


# A sum of rectified values over positions needs more than 32 bits. It is kept modulo 2^32 and, roughly, as a
# sum of upper halves; together they give the exact sum of up to 2^15 positions.
HALF = 16


@_intrinsic
def _upper_half(_context: Any, vector: Any) -> Any:
    return _vector(_vector), lambda _, builder, __, arguments: builder.ashr(arguments[0], _constant(HALF))


def _add_rows(context: Any, builder: Any, array_type: Any, table: Any, row: Any, sums: list[Any]) -> list[Any]:
    """Each sum with its row of one triplet added."""
    added = []
    for j, partial in enumerate(sums):
        place = builder.add(row, ir.Constant(row.type, j * LANES))
        loaded = builder.load(_pointer(context, builder, array_type, table, place))
        loaded.align = 64
        added.append(loaded if partial is None else builder.add(partial, loaded))
    return added


@_literal_intrinsic
def _begin(_context: Any, count: Any, table: Any, codes: Any, at: Any) -> Any:
    """The partial sums of the first `count` - 1 triplets of a walk; no position is finished yet.

    `count` is known when the kernel is compiled; `codes` are triplets, `at` where the walk starts.
    """
    result = types.UniTuple(_vector, count.literal_value)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, array, walk, start = arguments
        codes_data = context.make_array(signature.args[2])(context, builder, walk).data
        sums: list[Any] = []
        for step in range(count.literal_value - 1):
            place = builder.add(start, ir.Constant(start.type, 3 * step))
            code = builder.zext(builder.load(builder.gep(codes_data, [place])), start.type)
            row = builder.mul(code, ir.Constant(start.type, count.literal_value * LANES))
            sums = _add_rows(context, builder, signature.args[1], array, row, [None, *sums])
        return context.make_tuple(builder, result, [*sums, _constant(0)])

    return result(count, table, codes, types.intp), generate


@_intrinsic
def _advance(_context: Any, sums: Any, table: Any, row: Any) -> Any:
    """One step of three bases: every partial sum moves up and takes its row; the last one is finished."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        old, array, index = arguments
        moved = [None, *(builder.extract_value(old, j) for j in range(signature.args[0].count - 1))]
        new = _add_rows(context, builder, signature.args[1], array, index, moved)
        return context.make_tuple(builder, signature.return_type, new)

    return sums(sums, table, types.intp), generate


@_intrinsic
def _finished(_context: Any, sums: Any) -> Any:
    """The last element of the tuple."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_value(arguments[0], signature.args[0].count - 1)

    return _vector(sums), generate


class _Cache:
    """numba's cache on disk, whose folder may be full or beyond a limit: then it is done without."""

    def __init__(self, cache_on_disk: Any) -> None:
        self._cache_on_disk = cache_on_disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache_on_disk, name)

    def save_overload(self, *arguments: Any) -> None:
        with suppress(OSError):
            self._cache_on_disk.save_overload(*arguments)


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile without the interpreter's lock, cached on disk where a folder can be written."""
    compiled: Any = numba.njit(nogil=True)(function)
    with suppress(RuntimeError):  # no folder for a cache
        compiled.enable_caching()
        compiled._cache = _Cache(compiled._cache)  # noqa: SLF001 (numba has no other hook)
    return cast("Callable[..., Any]", compiled)


@_compile
def _fill_table(table: Any, detectors: Any, thresholds: Any) -> None:
    """Rows of every triplet: table (125 * nt * 16), detectors (3 * nt, 5, 16), zero beyond their length.

    The first row of a sum carries the thresholds (16).
    """
    count = detectors.shape[0] // 3
    weights = detectors.ravel()
    start = _load(thresholds, 0)
    for j in range(count):
        base = 3 * j * 5 * LANES
        for one in range(5):
            first = _add(start, _load(weights, base + one * LANES))
            for two in range(5):
                pair = _add(first, _load(weights, base + (5 + two) * LANES))
                for three in range(5):
                    row = ((one * 5 + two) * 5 + three) * count + j
                    _store(table, row * LANES, _add(pair, _load(weights, base + (10 + three) * LANES)))
        start = _zero()


@cache
def pool_kernel(count: int, *, mean: bool) -> Callable[..., None]:  # noqa: C901 (a kernel is one function)
    """The kernel that pools detectors of `count` triplets over positions.

    It takes a range of models of a stack (`varbind.nn.lookup_stack`) and the work of a plan
    (`varbind.nn.plan`), and writes, for each model of the range, strand and group of detectors, the maximum over
    the positions of every item's segments and, for mean pooling, the two parts of the sum of rectified values:
    each int32 (models, S, G, items x 3 x 16). An empty segment has the lowest integer and sum 0.

    Only numbers may be closed over: numba's cache would miss a kernel that closes over another one.
    """

    @_compile
    def pool(  # noqa: C901, PLR0912
        first: int,
        last: int,
        detectors: Any,  # (K, S, G, 3 nt, 5, 16) int32
        thresholds: Any,  # (K, G, 16) int32
        triplets: Any,
        sequences: Any,
        bounds: Any,
        table: Any,
        maxima: Any,
        upper: Any,
        lower: Any,
    ) -> None:
        for model in range(first, last):
            for strand in range(detectors.shape[1]):
                for group in range(detectors.shape[2]):
                    _fill_table(table, detectors[model, strand, group], thresholds[model, group])
                    best_of = maxima[model - first, strand, group]
                    high_of, low_of = upper[model - first, strand, group], lower[model - first, strand, group]
                    for item in range(len(sequences)):
                        codes = triplets[sequences[item]]
                        start = item * SEGMENTS * LANES
                        for segment in range(SEGMENTS):
                            _store(best_of, start + segment * LANES, _lowest())
                            if mean:
                                _store(high_of, start + segment * LANES, _zero())
                                _store(low_of, start + segment * LANES, _zero())
                        # Positions of one residue modulo 3 share their triplets: a walk of its own.
                        for residue in range(3):
                            position = bounds[item, 0] + residue
                            if position >= bounds[item, 3]:
                                break
                            sums = _begin(count, table, codes, position)
                            at = position + 3 * (count - 1)
                            for segment in range(SEGMENTS):
                                place = start + segment * LANES
                                end = bounds[item, segment + 1] + 3 * (count - 1)
                                best = _load(best_of, place)
                                if mean:
                                    high, low = _load(high_of, place), _load(low_of, place)
                                while at < end:
                                    sums = _advance(sums, table, codes[at] * (count * LANES))
                                    at += 3
                                    done = _finished(sums)
                                    best = _larger(best, done)
                                    if mean:
                                        done = _rectified(done)
                                        high = _add(high, _upper_half(done))
                                        low = _add(low, done)
                                _store(best_of, place, best)
                                if mean:
                                    _store(high_of, place, high)
                                    _store(low_of, place, low)

    return pool


@_compile
def _pooled(maxima: Any, outer: int, inner: int, lane: int) -> Any:
    """Largest sum of an allele: the outer segments of one item, the middle of another."""
    left = maxima[outer * SEGMENTS * LANES + lane]
    middle = maxima[(inner * SEGMENTS + 1) * LANES + lane]
    return max(left, middle, maxima[(outer * SEGMENTS + 2) * LANES + lane])


@_compile
def _total(parts: Any, outer: int, inner: int, lane: int) -> Any:
    """One part of an allele's sum, 64 bits."""
    left = np.int64(parts[outer * SEGMENTS * LANES + lane])
    middle = np.int64(parts[(inner * SEGMENTS + 1) * LANES + lane])
    return left + middle + np.int64(parts[(outer * SEGMENTS + 2) * LANES + lane])


@_compile
def _summed(upper: Any, lower: Any, outer: int, inner: int, lane: int) -> Any:
    """Sum of rectified values of an allele: the number near the upper sum that is right modulo 2^32."""
    rough = _total(upper, outer, inner, lane) << HALF
    modulo = _total(lower, outer, inner, lane)
    return rough + ((modulo - rough) & 0xFFFFFFFF)


@_compile
def _head(pooled: Any, weights1: Any, biases1: Any, weights2: Any, bias2: float, hidden: int, units: Any) -> Any:
    """The small network behind the pooled values, every sum in one fixed order; `units` is scratch."""
    for unit in range(len(units)):
        units[unit] = biases1[unit]
    for feature in range(len(pooled)):
        value = pooled[feature]
        for unit in range(len(units)):
            units[unit] += value * weights1[feature, unit]
    if hidden == 0:
        return units[0]
    output = bias2
    for unit in range(hidden):
        output += max(units[unit], 0.0) * weights2[unit]
    return output


@_compile
def score_alleles(
    first: int,
    last: int,
    mean: bool,  # noqa: FBT001 (numba passes no keywords)
    scale: Any,  # (K, D)
    weights1: Any,
    biases1: Any,
    weights2: Any,
    biases2: Any,
    alleles: Any,  # (A, 3): outer item, inner item, number of positions
    maxima: Any,  # as the pool kernel leaves them
    upper: Any,
    lower: Any,
    scores: Any,
) -> None:
    """The small networks of a range of models behind the pooled values; scores are float32 (alleles, K)."""
    width = scale.shape[1]
    pools = 2 if mean else 1
    pooled = np.empty(width * pools)
    units = np.empty(biases1.shape[1])
    for model in range(first, last):
        for strand in range(maxima.shape[1]):
            for allele in range(len(alleles)):
                outer, inner = alleles[allele, 0], alleles[allele, 1]
                for detector in range(width):
                    group, lane = detector // LANES, detector % LANES
                    best = _pooled(maxima[model - first, strand, group], outer, inner, lane)
                    pooled[detector * pools] = max(best, 0) * scale[model, detector]
                    if mean:
                        high, low = upper[model - first, strand, group], lower[model - first, strand, group]
                        total = _summed(high, low, outer, inner, lane)
                        pooled[detector * pools + 1] = total * scale[model, detector] / alleles[allele, 2]
                output = np.float32(
                    _head(
                        pooled, weights1[model], biases1[model], weights2[model], biases2[model],
                        weights2.shape[1], units,
                    )
                )  # fmt: skip
                if strand == 0 or output > scores[allele, model]:
                    scores[allele, model] = output
