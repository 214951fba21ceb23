"""Values as Modbus devices hold them: the inverse of a profile's register row."""

import struct

from community.site.profile import Register

_FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}
_RANGES = {
    name: (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    for bits in (16, 32, 64)
    for signed, name in ((True, f"int{bits}"), (False, f"uint{bits}"))
}


def words(register: Register, value: float) -> list[int]:
    """The 16-bit words that say `value`; one word 0/1 for a coil or discrete input."""
    if register.type == "bool":
        return [int(value >= 0.5)]
    raw = (value - register.offset) / register.scale
    if register.type in _RANGES:
        low, high = _RANGES[register.type]
        data = struct.pack(_FORMATS[register.type], max(low, min(high, round(raw))))
    else:
        data = struct.pack(_FORMATS[register.type], raw)
    found = [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]
    return found if register.word_order == "big" else found[::-1]
