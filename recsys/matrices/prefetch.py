"""A hint to the processor: which part of an array will be read soon, so that far reads overlap with arithmetic before them."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

_LINE = 64
"""Bytes that come from memory together."""


def prefetch(array: Any, first: int, count: int) -> None:
    """Inside kernels: fetches so many numbers of a contiguous array from a flat index on, without waiting; else nothing.

    Changes no number, and an index beyond the array does no harm. ``llvm.prefetch`` of the LLVM language reference.
    """


@overload(prefetch)
def _compiled(array: Any, first: Any, count: Any) -> Any:  # noqa: ARG001
    def hint(array: Any, first: Any, count: Any) -> None:
        _prefetch(array, first, count)

    return hint


def _generated(_typing: Any, array: Any, first: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        values = context.make_array(array)(context, builder, args[0])
        begin, count_of = (context.cast(builder, args[at], kind, types.intp) for at, kind in ((1, first), (2, count)))
        byte, number = ir.IntType(8), ir.IntType(32)
        address = byte.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [address, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [address], kind)
        start = builder.gep(builder.bitcast(values.data, address), [builder.mul(begin, values.itemsize)])
        size = builder.mul(count_of, values.itemsize)
        with cgutils.for_range_slice(builder, size.type(0), size, size.type(_LINE)) as (offset, _):
            # to read, to be used often, as data
            builder.call(hint, [builder.gep(start, [offset]), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, first, count), generate


_prefetch: Any = intrinsic(_generated)
