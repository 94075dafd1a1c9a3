"""Vector registers in numba: operations on whole vectors, each of which is one machine instruction or a few.

The compiler decides whether a plain loop becomes vector instructions; these operations always do. There are vectors of
`LANES` 32-bit integers or single-precision numbers. Vectors of double-precision numbers can have any power of two as
their length, and the compiler divides them among registers. Multiplications and additions are never fused, because a
fused operation rounds differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba.core import config as numba_config
from numba.core import types
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic, models, register_model

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LANES",
    "add",
    "add_vectors",
    "as_doubles",
    "constant",
    "divide",
    "half_sums",
    "join_halves",
    "keep_larger",
    "larger",
    "literal_intrinsic",
    "load",
    "load_doubles",
    "load_from",
    "lowest",
    "multiply",
    "rectify",
    "splat",
    "store",
    "subtract",
    "upper_half",
    "vector_intrinsic",
    "vector_of",
    "where_positive",
    "zero",
]

LANES = 16 if "+avx512f" in (getattr(numba_config, "CPU_FEATURES", None) or get_host_cpu_features()) else 8
"""Number of 32-bit numbers in one vector, which is as many as a register holds."""

HALF = 16
"""Bits of the lower half of a number. Sums over positions need more than 32 bits; sums of upper halves do not."""

# numba's decorators, without the types of what they decorate: inside a kernel, calls have other parameters.
vector_intrinsic: Callable[..., Callable[..., Any]] = intrinsic
literal_intrinsic: Callable[..., Callable[..., Any]] = intrinsic(prefer_literal=True)


class _Vector(types.Type):
    """numba's type of a vector."""

    def __init__(self, element: ir.Type, count: int) -> None:
        super().__init__(name=f"{element}x{count}")
        self.count = count
        self.value = ir.VectorType(element, count)


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    """The vector type of LLVM, which is passed in registers."""

    def __init__(self, manager: Any, numba_type: _Vector) -> None:
        super().__init__(manager, numba_type, numba_type.value)


_integers = _Vector(ir.IntType(32), LANES)
_singles = _Vector(ir.FloatType(), LANES)


def vector_of(array: Any) -> Any:
    """The vector type of an int32 or float32 array."""
    return _singles if array.dtype == types.float32 else _integers


def _doubles(count: int) -> _Vector:
    return _Vector(ir.DoubleType(), count)


def load_from(
    context: Any, builder: Any, vector: Any, array: tuple[Any, Any], index: Any, align: int | None = None
) -> Any:
    """Generate code that loads a vector from an array (its type, its value), beginning at an element.

    The alignment is that of one element unless it is given, in bytes.
    """
    array_type, value = array
    data = context.make_array(array_type)(context, builder, value).data
    loaded = builder.load(builder.bitcast(builder.gep(data, [index]), vector.value.as_pointer()))
    loaded.align = align or array_type.dtype.bitwidth // 8
    return loaded


def constant(vector: Any, value: float) -> Any:
    """Generate code for one number in all lanes."""
    return ir.Constant(vector.value, [value] * vector.count)


@vector_intrinsic
def load(_context: Any, array: Any, index: Any) -> Any:
    """Load `LANES` numbers from an int32 or float32 array, beginning at an element."""
    vector = vector_of(array)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return load_from(context, builder, vector, (signature.args[0], arguments[0]), arguments[1])

    return vector(array, types.intp), generate


@vector_intrinsic
def store(_context: Any, array: Any, index: Any, vector: Any) -> Any:
    """Store a vector in an array of the same number type, beginning at an element."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), signature.args[2].value.as_pointer())
        builder.store(arguments[2], place).align = signature.args[0].dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


def _is_float(vector: _Vector) -> bool:
    return not isinstance(vector.value.element, ir.IntType)


def add_vectors(builder: Any, vector: Any, one: Any, other: Any) -> Any:
    """Generate code that adds two vectors of one type."""
    return (builder.fadd if _is_float(vector) else builder.add)(one, other)


def _arithmetic(whole: str) -> Callable[..., Any]:
    """An operation on two vectors of one type; `whole` is the name of its LLVM instruction for integers."""

    @vector_intrinsic
    def operation(_context: Any, one: Any, other: Any) -> Any:
        def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            return getattr(builder, f"f{whole}" if _is_float(one) else whole)(*arguments)

        return one(one, one), generate

    return operation


# Integers are computed modulo 2^32, and are not divided.
add, subtract, multiply, divide = map(_arithmetic, ("add", "sub", "mul", "div"))


def _is_larger(builder: Any, vector: _Vector, one: Any, other: Any) -> Any:
    compare = builder.fcmp_ordered if _is_float(vector) else builder.icmp_signed
    return compare(">", one, other)


@vector_intrinsic
def larger(_context: Any, one: Any, other: Any) -> Any:
    """The larger of each pair."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.select(_is_larger(builder, one, *arguments), *arguments)

    return one(one, one), generate


@vector_intrinsic
def keep_larger(_context: Any, best: Any, place: Any, found: Any, index: Any) -> Any:
    """The larger of each pair of single-precision numbers, and its place: the old place or `index`."""
    result = types.Tuple((_singles, _integers))

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        old, old_place, new, number = arguments
        better = _is_larger(builder, _singles, new, old)
        here = _spread(builder, _integers, builder.trunc(number, ir.IntType(32)))
        kept = builder.select(better, new, old), builder.select(better, here, old_place)
        return context.make_tuple(builder, result, kept)

    return result(_singles, _integers, _singles, types.intp), generate


def _spread(builder: Any, vector: _Vector, number: Any) -> Any:
    """Generate code for one number in all lanes."""
    undefined = ir.Constant(vector.value, ir.Undefined)
    single = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(single, undefined, everywhere)


@vector_intrinsic
def rectify(_context: Any, vector: Any) -> Any:
    """The numbers, with zero in place of negative ones."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        zeros = constant(vector, 0)
        return builder.select(_is_larger(builder, vector, arguments[0], zeros), arguments[0], zeros)

    return vector(vector), generate


@vector_intrinsic
def where_positive(_context: Any, numbers: Any, vector: Any) -> Any:
    """The elements of `vector` where `numbers` are above zero, and zero elsewhere."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        zeros = constant(vector, 0)
        positive = _is_larger(builder, numbers, arguments[0], constant(numbers, 0))
        return builder.select(positive, arguments[1], zeros)

    return vector(numbers, vector), generate


@vector_intrinsic
def lowest(_context: Any) -> Any:
    """The smallest 32-bit integer in all lanes, which is neutral for `larger`."""
    return _integers(), lambda *_: constant(_integers, -(2**31))


@vector_intrinsic
def zero(_context: Any) -> Any:
    """The integer zero in all lanes."""
    return _integers(), lambda *_: constant(_integers, 0)


@vector_intrinsic
def upper_half(_context: Any, vector: Any) -> Any:
    """Integers divided by 2^16, rounded down."""
    shift = constant(_integers, HALF)
    return _integers(_integers), lambda _, builder, __, arguments: builder.ashr(arguments[0], shift)


@literal_intrinsic
def load_doubles(_context: Any, count: Any, array: Any, index: Any) -> Any:
    """Load `count` numbers from a float64 array, beginning at an element."""
    result = _doubles(count.literal_value)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return load_from(context, builder, result, (signature.args[1], arguments[1]), arguments[2])

    return result(count, array, types.intp), generate


@vector_intrinsic
def as_doubles(_context: Any, vector: Any) -> Any:
    """Convert integers to double precision."""
    result = _doubles(LANES)
    return result(_integers), lambda _, builder, __, arguments: builder.sitofp(arguments[0], result.value)


@vector_intrinsic
def join_halves(_context: Any, upper: Any, lower: Any) -> Any:
    """Compute exact sums in double precision from the sums of upper halves and the sums modulo 2^32.

    A sum is the smallest number that is not below the sum of the upper halves and is correct modulo 2^32.
    """
    result = _doubles(LANES)
    wide = ir.VectorType(ir.IntType(64), LANES)

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        upper_sum, lower_sum = arguments
        missing = builder.sub(lower_sum, builder.shl(upper_sum, constant(_integers, HALF)))
        rough = builder.shl(builder.sext(upper_sum, wide), ir.Constant(wide, [HALF] * LANES))
        return builder.sitofp(builder.add(rough, builder.zext(missing, wide)), result.value)

    return result(_integers, _integers), generate


@literal_intrinsic
def splat(_context: Any, count: Any, number: Any) -> Any:
    """One number in `count` lanes."""
    result = _doubles(count.literal_value)

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return _spread(builder, result, arguments[1])

    return result(count, types.float64), generate


@vector_intrinsic
def half_sums(_context: Any, vector: Any) -> Any:
    """The sum of all lanes; the upper half is added to the lower half until one lane is left."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, count = arguments[0], signature.args[0].count
        while count > 1:
            count //= 2
            lower, upper = (
                builder.shuffle_vector(sums, sums, ir.Constant(ir.VectorType(ir.IntType(32), count), list(lanes)))
                for lanes in (range(count), range(count, 2 * count))
            )
            sums = builder.fadd(lower, upper)
        return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))

    return types.float64(vector), generate
