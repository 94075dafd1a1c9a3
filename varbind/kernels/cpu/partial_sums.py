"""Partial sums of a walk along a sequence, in numba: a tuple of vectors, so that they stay in registers.

Element j is the sum over a position's first j + 1 rows. The last one is finished.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from varbind.kernels.cpu.simd import (
    LANES,
    add_vectors,
    constant,
    literal_intrinsic,
    load_from,
    vector_intrinsic,
    vector_of,
)

__all__ = ["begin", "finish", "finished", "take_row"]


@literal_intrinsic
def begin(_context: Any, count: Any, array: Any, index: Any) -> Any:
    """`count` - 1 partial sums that stand one after the other in an array; none is finished."""
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
    """Every sum moves up by one and takes its part of a row, which begins at this element."""
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
    """Every sum moves up by one and takes nothing, but the last one takes the rest of its rows at once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = signature.args[0].count
        moved = [constant(rest, 0), *(builder.extract_value(arguments[0], j) for j in range(count - 1))]
        moved[-1] = add_vectors(builder, rest, moved[-1], arguments[1])
        return context.make_tuple(builder, signature.return_type, moved)

    return sums(sums, rest), generate


@vector_intrinsic
def finished(_context: Any, sums: Any) -> Any:
    """The last sum."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_value(arguments[0], signature.args[0].count - 1)

    return sums.dtype(sums), generate
