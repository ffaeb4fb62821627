"""Inside kernels: who of 64 numbers reaches a bar, as the bits of one word, and which bit is the lowest.

Vector comparisons of 64 numbers, a few instructions where registers are wide; written as loops they would be bytes in memory.
Called by Python they compute the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from recsys.matrices.arrays import Float32s

BITS = 64
"""Numbers a word tells of."""
_BYTES = 4
"""Of one number."""
_BIT, _INDEX, _SINGLE, _WORD = ir.IntType(1), ir.IntType(32), ir.FloatType(), ir.IntType(BITS)
_VECTOR = ir.VectorType(_SINGLE, BITS)


def at_least_either(values: Float32s, first: int, bar: np.float32, bars: Float32s) -> np.uint64:
    """Who of ``values[first:first + 64]`` is at least ``bar``, or the number of the same place in ``bars``.

    Bit ``i`` is ``values[first + i]``.
    """
    return _packed(values[first : first + BITS] >= np.minimum(bars[first : first + BITS], bar))


def lowest(word: np.uint64) -> np.uint64:
    """The lowest bit of ``word`` that is set; 64 where none is."""
    number = int(word)
    return np.uint64((number & -number).bit_length() - 1 if number else BITS)


def _packed(flags: Any) -> np.uint64:
    return np.uint64(np.packbits(flags, bitorder="little").view(np.uint64)[0])


@overload(at_least_either, strict=False)
def _compiled_at_least_either(values: Any, first: Any, bar: Any, bars: Any) -> Any:  # noqa: ARG001
    return lambda values, first, bar, bars: _at_least_either(values, first, bar, bars)


@overload(lowest, strict=False)
def _compiled_lowest(word: Any) -> Any:  # noqa: ARG001
    return lambda word: _lowest(word)


def _loaded(context: Any, builder: Any, kind: Any, array: Any, first: Any) -> Any:
    """64 numbers of an array."""
    start = builder.gep(context.make_array(kind)(context, builder, array).data, [first])
    return builder.load(builder.bitcast(start, _VECTOR.as_pointer()), align=_BYTES)


def _spread(builder: Any, number: Any) -> Any:
    """64 times the same number."""
    nothing, first = ir.Constant(_VECTOR, ir.Undefined), ir.Constant(_INDEX, 0)
    one = builder.insert_element(nothing, number, first)
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(_INDEX, BITS), None))


def _compared(builder: Any, values: Any, bars: Any) -> Any:
    return builder.bitcast(builder.fcmp_ordered(">=", values, bars), _WORD)


def _generated_either(_typing: Any, values: Any, _first: Any, _bar: Any, bars: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded, own = (_loaded(context, builder, signature.args[at], args[at], args[1]) for at in (0, 3))
        same = _spread(builder, args[2])
        return _compared(builder, loaded, builder.select(builder.fcmp_ordered("<", own, same), own, same))

    return types.uint64(values, types.intp, types.float32, bars), generate


def _generated_lowest(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_WORD, [_WORD, _BIT])
        count = builder.module.declare_intrinsic("llvm.cttz", [_WORD], kind)
        return builder.call(count, [args[0], ir.Constant(_BIT, 0)])

    return types.uint64(types.uint64), generate


_at_least_either: Any = intrinsic(_generated_either)
_lowest: Any = intrinsic(_generated_lowest)
