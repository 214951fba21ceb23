"""Columns of numbers in as few bytes as their values need, and back again bit for bit.

Integers are kept as what they are above the smallest of them; so are values with a few decimals, once multiplied. Times
of one batch lie close together, points are few, and sensors say 21.4: five or six bytes a reading are left of 21.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

_WIDTHS = tuple(np.dtype(kind) for kind in ("<u1", "<u2", "<u4"))
_SCALES = (1, 100, 10_000)
_LOOK_FIRST = 32
"""Values tell by these which scale it is, if any; all are tried with that one only."""
_LARGEST = 2.0**53
"""Integers up to this are exact as floats."""


class Column(msgspec.Struct, frozen=True, array_like=True):
    """So many values: `least`, and above it little-endian integers of a width; divided by `scale` where it is not 0."""

    count: int
    raw: bytes
    width: int = 0
    """Bytes each; 0: all are `least`, 8: as they were."""
    least: int = 0
    scale: int = 0


def packed(values: npt.NDArray[Any]) -> Column:
    """A column of integers or floats."""
    if values.dtype.kind == "f":
        return _packed_floats(values)
    return _packed_integers(values)


def unpacked(column: Column, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """The values, of the kind they were.

    Raises:
        ValueError: the bytes do not amount to so many values.
    """
    kind = np.dtype(dtype)
    if column.width == kind.itemsize and not column.least and not column.scale:
        values = np.frombuffer(column.raw, kind)
    elif column.width:
        values = np.frombuffer(column.raw, f"<u{column.width}").astype(np.int64) + column.least
    else:
        values = np.full(column.count, column.least, np.int64)
    if values.size != column.count:
        raise ValueError(f"{values.size} values, not {column.count}")
    return values / float(column.scale) if column.scale else values.astype(kind, copy=False)


def _packed_floats(values: npt.NDArray[np.float64]) -> Column:
    scale = next((scale for scale in _SCALES if _scaled(values[:_LOOK_FIRST], scale) is not None), None)
    integers = None if scale is None else _scaled(values, scale)
    if scale is None or integers is None:
        return Column(values.size, values.tobytes(), values.itemsize)
    return msgspec.structs.replace(_packed_integers(integers), scale=scale)


def _scaled(values: npt.NDArray[np.float64], scale: int) -> npt.NDArray[np.int64] | None:
    """The values times `scale` as integers that give the very same bits when they are divided; else None."""
    with np.errstate(invalid="ignore", over="ignore"):
        large = np.rint(values * scale)
        if not (np.abs(large) < _LARGEST).all():
            return None
    integers = large.astype(np.int64)
    same = (integers / float(scale)).view(np.int64) == values.view(np.int64)
    return integers if same.all() else None


def _packed_integers(values: npt.NDArray[Any]) -> Column:
    if not values.size:
        return Column(0, b"")
    least, most = int(values.min()), int(values.max())
    if least == most:
        return Column(values.size, b"", 0, least)
    for width in _WIDTHS:
        if most - least <= np.iinfo(width).max:
            return Column(values.size, (values - least).astype(width).tobytes(), width.itemsize, least)
    return Column(values.size, values.tobytes(), values.itemsize)
