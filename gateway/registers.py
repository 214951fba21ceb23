"""From raw registers to the number of a point, as its profile's `modbus` row says, and back for outputs. Pure."""

import re
import struct
from collections.abc import Sequence
from math import isfinite

from community.site.profile import Register

_WIDTH = {"uint32": 2, "int32": 2, "float32": 2, "bcd32": 2, "uint64": 4, "int64": 4, "float64": 4}
_FORMAT = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "float32": ">f",
    "uint64": ">Q",
    "int64": ">q",
    "float64": ">d",
}
_BIT_FUNCTIONS = (1, 2)
_DIGITS = re.compile(rb"[-+]?[0-9]{1,30}(?:\.[0-9]{1,30})?")


def width(register: Register) -> int:
    """Registers (or bits) a value takes."""
    if register.function in _BIT_FUNCTIONS:
        return 1
    return register.length or _WIDTH.get(register.type, 1)


def value_of(register: Register, raw: Sequence[int] | Sequence[bool]) -> float | None:
    """The value in `raw`, scaled; None when the device says that it has none (an invalid marker, not a number)."""
    if register.function in _BIT_FUNCTIONS:
        return 1.0 if raw[0] else 0.0
    unsigned = _joined(register, raw)
    if register.type == "ascii":
        return _scaled(register, _number_in(unsigned.to_bytes(2 * len(raw), "big")))
    if unsigned in register.invalid:
        return None
    if register.type == "bit":
        field = unsigned >> (register.bit or 0) & ((1 << register.bits) - 1)
        return float(field if register.equals is None else field == register.equals)
    if register.type == "bool":
        return 1.0 if unsigned else 0.0
    plain = _plain(register, unsigned, len(raw))
    if plain is None or plain in register.invalid or not isfinite(plain):
        return None
    if register.equals is not None:
        return 1.0 if plain == register.equals else 0.0
    return _scaled(register, plain)


def _scaled(register: Register, plain: float | None) -> float | None:
    value = None if plain is None else plain * register.scale + register.offset
    return float(value) if value is not None and isfinite(value) else None


def _number_in(text: bytes) -> float | None:
    """A number written in digits, padded with blanks or zero bytes; None for any other text."""
    digits = text.partition(b"\0")[0].strip()
    return float(digits) if _DIGITS.fullmatch(digits) else None


def _joined(register: Register, raw: Sequence[int] | Sequence[bool]) -> int:
    """The registers as one unsigned number."""
    words = [int(word) & 0xFFFF for word in raw]
    if register.byte_order == "little":
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    unsigned = 0
    for word in words if register.word_order == "big" else reversed(words):
        unsigned = unsigned << 16 | word
    return unsigned


def _plain(register: Register, unsigned: int, words: int) -> float | None:
    if register.type.startswith("bcd"):
        digits = f"{unsigned:x}"
        return float(digits) if digits.isdecimal() else None
    value: float = struct.unpack(_FORMAT[register.type], unsigned.to_bytes(2 * words, "big"))[0]
    return value


def raw_of(register: Register, value: int) -> int:
    """What is written to a coil or a holding register for an output's 0 or 1."""
    if register.function in _BIT_FUNCTIONS:
        return value
    raw = round((value - register.offset) / register.scale) & 0xFFFF
    return (raw & 0xFF) << 8 | raw >> 8 if register.byte_order == "little" else raw
