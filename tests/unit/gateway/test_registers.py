"""Raw registers to values: types, word order, scale, invalid markers (examples from the devices' manuals)."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.site.profile import Register
from gateway.registers import raw_of, value_of, width


def register(**row: Any) -> Register:
    return Register.model_validate({"function": 3, "address": 0, **row})


@pytest.mark.parametrize(
    ("row", "raw", "expected"),
    [
        ({"function": 4, "type": "int16", "scale": 0.1}, [0x0101], 25.7),
        ({"function": 4, "type": "int16", "scale": 0.1}, [0xFF9C], -10.0),
        ({"function": 4, "type": "float32"}, [0x4366, 0x3334], 230.2),
        ({"function": 4, "type": "float32", "word_order": "little"}, [0x3334, 0x4366], 230.2),
        ({"type": "uint32"}, [0x0001, 0x0000], 65536),
        ({"type": "uint32", "word_order": "little"}, [0x0001, 0x0000], 1),
        ({"type": "int32"}, [0xFFFF, 0xFFFE], -2),
        ({"type": "uint64"}, [0, 0, 1, 0], 65536),
        ({"type": "int64"}, [0xFFFF] * 4, -1),
        ({"type": "float64"}, [0x3FF8, 0, 0, 0], 1.5),
        ({"type": "uint16", "scale": 2.0, "offset": -40.0}, [30], 20),
        ({"type": "bit", "bit": 11}, [0x0800], 1),
        ({"type": "bit", "bit": 13}, [0x0800], 0),
        ({"type": "bool"}, [2], 1),
        ({"function": 1, "type": "bool"}, [True], 1),
        ({"function": 2, "type": "bool"}, [False], 0),
        ({"type": "int16", "invalid": [0x8000]}, [0x8000], None),
        ({"type": "int16", "invalid": [-32768]}, [0x8000], None),
        ({"type": "uint16", "invalid": [0x7FFF, 0xFFFF]}, [0xFFFF], None),
        ({"type": "float32", "byte_order": "little"}, [0x6643, 0x3433], 230.2),
        ({"type": "float32", "byte_order": "little", "word_order": "little"}, [0x3433, 0x6643], 230.2),
        ({"type": "int16", "byte_order": "little"}, [0x9CFF], -100),
        ({"type": "bit", "bit": 0, "bits": 8}, [0x0810], 0x10),
        ({"type": "bit", "bit": 4, "bits": 12}, [0xABC1], 0xABC),
        ({"type": "bit", "bit": 0, "byte_order": "little"}, [0x0100], 1),
        ({"type": "bcd16", "scale": 0.1}, [0x1234], 123.4),
        ({"type": "bcd32"}, [0x0012, 0x3456], 123456),
        ({"type": "bcd16"}, [0x12AF], None),
        ({"type": "bit", "bit": 0, "bits": 8, "equals": 0x10}, [0x0C10], 1),
        ({"type": "bit", "bit": 0, "bits": 8, "equals": 0x10}, [0x0C14], 0),
        ({"equals": 4}, [4], 1),
        ({"type": "int16", "equals": -1}, [0xFFFF], 1),
        ({"equals": 4, "invalid": [9]}, [9], None),
        ({"type": "ascii", "length": 3, "scale": 0.1}, [0x3132, 0x2E35, 0x2000], 1.25),
        ({"type": "ascii", "length": 2}, [0x2D37, 0x0000], -7),
        ({"type": "ascii", "length": 2, "byte_order": "little"}, [0x3231, 0x3433], 1234),
        ({"type": "ascii", "length": 2}, [0x4552, 0x5200], None),
        ({"type": "ascii", "length": 2}, [0xFFFF, 0xFFFF], None),
        ({"type": "float32"}, [0x7FC0, 0x0000], None),
        ({"type": "float32"}, [0x7F80, 0x0000], None),
    ],
)
def test_value(row: dict[str, Any], raw: list[int], expected: float | None) -> None:
    value = value_of(register(**row), raw)
    assert value == (None if expected is None else pytest.approx(expected))


@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from(["big", "little"]))
def test_word_order_is_undone(number: int, order: str) -> None:
    high, low = struct.unpack(">HH", struct.pack(">i", number))
    row = register(type="int32", word_order=order)
    assert width(row) == 2
    assert value_of(row, [high, low] if order == "big" else [low, high]) == number


@given(
    st.lists(st.integers(0, 65535), min_size=4, max_size=4), st.sampled_from(["float32", "float64", "int64", "ascii"])
)
def test_no_registers_give_anything_but_a_finite_number(raw: list[int], kind: str) -> None:
    row = register(type=kind, scale=1e30, length=4 if kind == "ascii" else None)
    value = value_of(row, raw[: width(row)])
    assert value is None or abs(value) < float("inf")


@pytest.mark.parametrize(
    "row",
    [{"function": 1, "type": "bool"}, {"scale": 0.5}, {"offset": -1.0}, {"byte_order": "little"}, {"scale": 0.01}],
)
@pytest.mark.parametrize("value", [0, 1])
def test_what_is_written_reads_back(row: dict[str, Any], value: int) -> None:
    assert value_of(register(**row), [raw_of(register(**row), value)]) == pytest.approx(value)
