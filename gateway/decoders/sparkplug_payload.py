"""Sparkplug B's bytes (eclipse-tahu/tahu, sparkplug_b.proto): payloads to plain rows, and the request for a rebirth.

Of the schema only what carries readings is declared. Templates, data sets and extensions are fields protobuf passes
over, so nothing in a message nests deeper than four levels.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from gateway.decoders.decoded import DecodeError

REBIRTH = "Node Control/Rebirth"
BOOLEAN = 11
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
"""Int8, Int16, Int32, Int64: sent as unsigned numbers of 32 or 64 bits."""
_COMPRESSED = "SPBV1.0_COMPRESSED"
_NUMBERS = ("int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value")
_MOST_PROPERTIES = 32


class Metric(NamedTuple):
    """One metric. `name` is empty where only the alias is sent; `datatype` 0: as in the birth."""

    name: str
    alias: int | None
    timestamp: int | None
    datatype: int
    value: object
    """None: it has none, or one that is no number, word or truth."""
    null: bool
    historical: bool
    quality: int | None
    """The property `Quality`: 0 bad, 192 good, 500 stale (specification 3.0, 6.4.13)."""


class Payload(NamedTuple):
    """One message; times in Unix ms."""

    timestamp: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


_BYTES, _MESSAGE, _OPTIONAL, _REPEATED = 12, 11, 1, 3
_SCHEMA: dict[str, Sequence[tuple[int, str, int | str]]] = {
    # number, name, type (protobuf's own numbers: 1 double, 2 float, 4 uint64, 8 bool, 9 string, 13 uint32)
    "PropertyValue": [(2, "is_null", 8), (3, "int_value", 13), (4, "long_value", 4)],
    "PropertySet": [(1, "keys", 9 + 100), (2, "values", "PropertyValue")],
    "Metric": [
        (1, "name", 9),
        (2, "alias", 4),
        (3, "timestamp", 4),
        (4, "datatype", 13),
        (5, "is_historical", 8),
        (7, "is_null", 8),
        (9, "properties", "=PropertySet"),
        (10, "int_value", 13),
        (11, "long_value", 4),
        (12, "float_value", 2),
        (13, "double_value", 1),
        (14, "boolean_value", 8),
        (15, "string_value", 9),
    ],
    "Payload": [(1, "timestamp", 4), (2, "metrics", "Metric"), (3, "seq", 4), (4, "uuid", 9)],
}
"""A type over 100 is repeated; a message's name is a repeated one, unless it begins with `=`."""


@cache
def _payload_type() -> Any:
    """The message class. protobuf takes 5 MB of memory: only a gateway that hears Sparkplug pays for it."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415

    file = descriptor_pb2.FileDescriptorProto(name="anju_sparkplug_b.proto", package="anju.sparkplug", syntax="proto2")
    for message, fields in _SCHEMA.items():
        row = file.message_type.add(name=message)
        for number, name, kind in fields:
            field: Any = row.field.add(name=name, number=number)
            if isinstance(kind, str):
                field.type, field.type_name = _MESSAGE, f".anju.sparkplug.{kind.removeprefix('=')}"
                field.label = _OPTIONAL if kind.startswith("=") else _REPEATED
            else:
                field.type, field.label = kind % 100, _REPEATED if kind > 100 else _OPTIONAL
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("anju.sparkplug.Payload"))


def read(payload: bytes) -> Payload:
    """The message in `payload`.

    Raises:
        DecodeError: not protobuf, names that are not UTF-8, or a compressed payload.
    """
    from google.protobuf.message import DecodeError as ProtobufError  # noqa: PLC0415

    try:
        message = _payload_type().FromString(payload)
        if message.uuid == _COMPRESSED:
            raise DecodeError("a compressed payload; switch compression off at the edge node")
        return Payload(
            message.timestamp if message.HasField("timestamp") else None,
            message.seq if message.HasField("seq") else None,
            tuple(_metric(row) for row in message.metrics),
        )
    except (ProtobufError, UnicodeDecodeError) as error:
        raise DecodeError("not a Sparkplug payload") from error


def signed(value: object, datatype: int) -> object:
    """An integer as its datatype means it."""
    bits = _SIGNED_BITS.get(datatype)
    if bits is None or type(value) is not int:
        return value
    unsigned = value & ((1 << bits) - 1)
    return unsigned - (1 << bits) if unsigned >> (bits - 1) else unsigned


def rebirth_request(now: int) -> bytes:
    """The NCMD that asks an edge node to be born again (specification 3.0, 6.4.22)."""
    message = _payload_type()(timestamp=now)
    message.metrics.add(name=REBIRTH, timestamp=now, datatype=BOOLEAN, boolean_value=True)
    return bytes(message.SerializeToString())


def _metric(row: Any) -> Metric:
    present = next((name for name in _NUMBERS if row.HasField(name)), None)
    return Metric(
        name=row.name,
        alias=row.alias if row.HasField("alias") else None,
        timestamp=row.timestamp if row.HasField("timestamp") else None,
        datatype=row.datatype,
        value=None if present is None else getattr(row, present),
        null=row.is_null,
        historical=row.is_historical,
        quality=_quality(row.properties) if row.HasField("properties") else None,
    )


def _quality(properties: Any) -> int | None:
    for key, value in zip(properties.keys[:_MOST_PROPERTIES], properties.values, strict=False):
        if key == "Quality" and not value.is_null:
            return int(value.int_value if value.HasField("int_value") else value.long_value)
    return None
